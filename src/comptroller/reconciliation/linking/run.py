"""A linking from beginning to end, and what it says: by tier with pounds, or line by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from comptroller.calendar import FinancialMonth
from comptroller.errors import UsageError
from comptroller.intake.difference import CHANGE
from comptroller.intake.slices import create_slice_views
from comptroller.reconciliation.linking.probable import THRESHOLD, check_threshold, link_probably
from comptroller.reconciliation.linking.records import (
    PATIENT_LEVEL,
    SUS_SETS,
    create_pods,
    create_side,
)
from comptroller.reconciliation.linking.tiers import link_exactly
from comptroller.reconciliation.versions import create_version_pairs
from comptroller.warehouse import quote_literal, quote_literals
from comptroller.workspace import Workspace

UNLINKED, NO_RECORD, NOT_RECEIVED = "unlinked", "no record of its own", "other side not received"

TIERS: dict[str, str] = {
    "0": "carried over, or without patient and at the same place",
    "1": "CDS unique identifier",
    "2": "spell or attendance identifier",
    "3": "patient, date and group",
    "4": "patient and group, a day either side",
    "5": "probable, by splink",
    UNLINKED: "no line of the other side is likely enough",
    NOT_RECEIVED: "the other side's data set of that provider and month was not received",
    NO_RECORD: "charged beside a record: bed days, critical care, tests, money",
}
"""Every outcome of a line, in order, with what it means."""

_SHOWN = ("line_id", "data_set", "commissioner_code", "financial_year", "month", "day", "pod_code")
_ALSO_SHOWN = ("tfc", "tariff_code", "cost")


@dataclass(frozen=True)
class Linking:
    """The links of one scope; every line of either side has exactly one outcome.

    Attributes:
        left, right: What the sides are called in headings.
        not_compared: Lines of the left side that stand among so many alike that the last tier did
            not compare them.
        unchanged: Slices left out because both versions are the same.
    """

    con: duckdb.DuckDBPyConnection
    left: str
    right: str
    not_compared: int
    unchanged: int = 0

    @property
    def summary_columns(self) -> tuple[str, ...]:
        """Return the headings of `summary`."""
        sides = (f"{side}_{what}" for side in (self.left, self.right) for what in ("lines", "cost"))
        return ("tier", "meaning", *sides)

    @property
    def row_columns(self) -> tuple[str, ...]:
        """Return the headings of `rows`."""
        change = ("change",) if self.left == "before" else ()
        sides = (
            f"{side}_{name}" for side in (self.left, self.right) for name in (*_SHOWN, *_ALSO_SHOWN)
        )
        return ("tier", "match_probability", "provider_code", *change, *sides)

    def summary(self) -> list[tuple[Any, ...]]:
        """Return lines and pounds of both sides by outcome; the last row is all of them.

        A side's lines are those asked about: where only a month was, a line of it may be linked
        to a record of another month, which then is not counted.
        """
        told = self.con.execute(
            """
            WITH sides AS (
                SELECT outcome, 0 AS side, cost FROM outcomes_left WHERE in_scope
                UNION ALL SELECT outcome, 1, cost FROM outcomes_right WHERE in_scope
            )
            SELECT coalesce(outcome, 'all'), count(*) FILTER (side = 0),
                coalesce(sum(cost) FILTER (side = 0), 0), count(*) FILTER (side = 1),
                coalesce(sum(cost) FILTER (side = 1), 0)
            FROM sides GROUP BY ROLLUP (outcome)
            """
        ).fetchall()
        order = [*TIERS, "all"]
        return [
            (tier, TIERS.get(tier, ""), *counts)
            for tier, *counts in sorted(told, key=lambda row: order.index(row[0]))
        ]

    def rows(self) -> list[tuple[Any, ...]]:
        """Return each link, and each line without one; see `row_columns`."""
        change = f"{CHANGE}, " if self.left == "before" else ""
        sides = ", ".join(f"{s}.{name}" for s in ("a", "b") for name in (*_SHOWN, *_ALSO_SHOWN))
        return self.con.execute(
            f"""
            SELECT coalesce(a.outcome, b.outcome), k.probability,
                coalesce(a.provider_code, b.provider_code), {change}{sides}
            FROM outcomes_left AS a LEFT JOIN links AS k ON k.left_n = a.n
            FULL JOIN outcomes_right AS b ON b.n = k.right_n
            WHERE coalesce(a.in_scope, false) OR coalesce(b.in_scope, false)
            ORDER BY list_position(?, coalesce(a.outcome, b.outcome)), a.line_id, b.line_id
            """,
            [list(TIERS)],
        ).fetchall()


def link_charged_to_sus(
    ws: Workspace,
    *,
    provider: str | None = None,
    month: FinancialMonth | None = None,
    year: str | None = None,
    basis: str = "payable",
    threshold: float = THRESHOLD,
) -> Linking:
    """Link the charged lines of PLCM to the records of SUS, one to one.

    All months of a provider are linked together, so that care at a month's end finds its record;
    `month` and `year` choose what is told of.

    Args:
        ws: The workspace.
        provider: Only this provider.
        month: Tell of this month only.
        year: Tell of this financial year only, such as ``2025/26``.
        basis: ``payable`` or ``current`` lines.
        threshold: Least match probability of a link in the last tier, above 0.5 and below 1.

    Raises:
        UsageError: The basis or the threshold is none.
    """
    if basis not in ("payable", "current"):
        raise UsageError(f"'{basis}' is no basis", where="--basis", remedy="payable or current")
    check_threshold(threshold)
    con = ws.connect()
    create_slice_views(con, ws.warehouse)
    create_pods(con)
    of_provider = _only(provider)
    scope = _scope(month, year)
    lines = f"{basis}_lines"
    create_side(
        con,
        "charged",
        lines,
        f"l.data_set = 'PLCM' AND {of_provider}",
        in_sus=True,
        scope=scope,
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE link_left AS "
        "FROM charged WHERE kind IS DISTINCT FROM 'none' ORDER BY n"
    )
    create_side(
        con,
        "link_right",
        lines,
        f"l.data_set IN ({quote_literals(SUS_SETS)}) AND {of_provider}",
        in_sus=True,
        scope=scope,
    )
    link_exactly(con)
    not_compared = link_probably(con, threshold, with_cost=False)
    place = "provider_code, financial_year, month"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE came AS SELECT DISTINCT data_set, {place} FROM slice_state "
        f"WHERE track = {quote_literal(basis)}"
    )
    _create_outcomes(
        con,
        "left",
        "charged",
        f"""WHEN s.kind = 'none' THEN {quote_literal(NO_RECORD)}
        WHEN s.kind IS NOT NULL AND (CASE s.kind WHEN 'spell' THEN 'SUS_APC'
            WHEN 'attendance' THEN 'SUS_OP' ELSE 'SUS_EC' END, s.provider_code, s.financial_year,
            s.month) NOT IN (SELECT (data_set, {place}) FROM came)
            THEN {quote_literal(NOT_RECEIVED)}""",
    )
    _create_outcomes(
        con,
        "right",
        "link_right",
        f"""WHEN (s.provider_code, s.financial_year, s.month) NOT IN
            (SELECT ({place}) FROM came WHERE data_set = 'PLCM')
            THEN {quote_literal(NOT_RECEIVED)}""",
    )
    return Linking(con, "charged", "sus", not_compared)


def link_versions(
    ws: Workspace,
    *,
    provider: str | None = None,
    month: FinancialMonth | None = None,
    year: str | None = None,
    submissions: tuple[str, str] | None = None,
    threshold: float = THRESHOLD,
) -> Linking:
    """Link the patient-level lines of one version of each slice to the next, one to one.

    Slices of which both versions hold the same lines are left out and counted. Lines may have
    moved between the slices of a provider's data set; `month` and `year` choose what is told of.

    Args:
        ws: The workspace.
        provider: Only this provider.
        month: Tell of this month only.
        year: Tell of this financial year only.
        submissions: The earlier and the later submission; by default each slice's latest version
            is compared with the one before.
        threshold: Least match probability of a link in the last tier, above 0.5 and below 1.

    Raises:
        UsageError: The threshold is none.
    """
    check_threshold(threshold)
    con = ws.connect()
    create_slice_views(con, ws.warehouse)
    create_pods(con)
    if submissions is None:
        create_version_pairs(con)
        con.execute(
            "CREATE OR REPLACE TEMP TABLE pairs AS "
            "SELECT previous_content AS before, content AS after FROM version_pairs "
            "WHERE previous_received_at IS NOT NULL "
            f"AND data_set IN ({quote_literals(PATIENT_LEVEL)})"
        )
    else:
        before, after = (
            "(SELECT data_set, provider_code, commissioner_code, financial_year, month, "
            "CASE WHEN action <> 'nil' THEN content_version_id END AS content "
            f"FROM slice_versions WHERE submission_id = {quote_literal(submission)} "
            f"AND data_set IN ({quote_literals(PATIENT_LEVEL)}))"
            for submission in submissions
        )
        con.execute(
            "CREATE OR REPLACE TEMP TABLE pairs AS SELECT a.content AS before, b.content AS after "
            f"FROM {before} a FULL JOIN {after} b USING "
            "(data_set, provider_code, commissioner_code, financial_year, month)"
        )
    for name, column in (("link_left", "before"), ("link_right", "after")):
        create_side(
            con,
            name,
            "lines",
            f"l.slice_version_id IN (SELECT {column} FROM pairs "
            f"WHERE before IS DISTINCT FROM after) AND {_only(provider)}",
            in_sus=False,
            scope=_scope(month, year),
        )
    link_exactly(con)
    not_compared = link_probably(con, threshold, with_cost=True)
    for side in ("left", "right"):
        _create_outcomes(con, side, f"link_{side}", "")
    unchanged = con.execute("SELECT count(*) FROM pairs WHERE before = after").fetchall()[0][0]
    return Linking(con, "before", "after", not_compared, int(unchanged))


def _create_outcomes(con: duckdb.DuckDBPyConnection, side: str, lines: str, otherwise: str) -> None:
    """Create ``outcomes_left`` or ``outcomes_right``: each line with its tier, or why it has none.

    Args:
        con: Connection with ``links``.
        side: ``left`` or ``right``.
        lines: The table of that side's lines.
        otherwise: Further branches of a CASE over ``s``, for lines without a link.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE outcomes_{side} AS
        SELECT s.*, CASE WHEN k.tier IS NOT NULL THEN CAST(k.tier AS VARCHAR) {otherwise}
            ELSE {quote_literal(UNLINKED)} END AS outcome
        FROM {lines} AS s LEFT JOIN links AS k ON k.{side}_n = s.n ORDER BY s.n
        """
    )


def _only(provider: str | None) -> str:
    return f"l.provider_code = {quote_literal(provider)}" if provider else "true"


def _scope(month: FinancialMonth | None, year: str | None) -> str:
    if month is not None:
        return f"l.financial_year = {quote_literal(month.year.text)} AND l.month = {month.month}"
    return f"l.financial_year = {quote_literal(year)}" if year else "true"
