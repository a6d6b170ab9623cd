"""Reconciliation in a month's report: which totals tie, which differ, which could not be tied."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from comptroller.reconciliation.model import TIES
from comptroller.rendering import Block, Column, Notice, Section, Table, Text
from comptroller.reports.scope import Scope

LISTED: Final = 30

STATUSES: Final = {
    "ties": "Ties",
    "differs": "Differs",
    "not_applicable": "Not applicable",
    "could_not_run": "Could not run",
}


@dataclass(frozen=True)
class TieCounts:
    """How many totals of the latest reconciliation tie.

    A version against the one before it (V) is not counted: a restatement is meant to differ.
    """

    run_id: str | None
    ties: int = 0
    differs: int = 0

    @property
    def compared(self) -> int:
        """How many were compared at all."""
        return self.ties + self.differs


def tie_counts(scope: Scope) -> TieCounts:
    """Return the counts of the latest reconciliation, and make the table `latest_ties`.

    Both are of the report's months.
    """
    scope.ws.warehouse.view(scope.con, "tie_outs", "commits")
    row = scope.con.execute(
        "SELECT t.run_id FROM tie_outs t JOIN commits c USING (commit_id) "
        "ORDER BY c.created_at DESC, t.run_id DESC LIMIT 1"
    ).fetchone()
    run_id = row[0] if row else None
    scope.con.execute(
        "CREATE OR REPLACE TEMP TABLE latest_ties AS SELECT * FROM tie_outs "
        f"WHERE run_id = ? AND {scope.within}",
        [run_id],
    )
    counted = scope.con.execute(
        "SELECT count(*) FILTER (status = 'ties'), count(*) FILTER (status = 'differs') "
        "FROM latest_ties WHERE tie <> 'V'"
    ).fetchone()
    return TieCounts(run_id, *(counted or (0, 0)))


def ties_section(scope: Scope, counts: TieCounts) -> Section:
    """Return the section on reconciliation; `tie_counts` must have been called."""
    heading = "Reconciliation"
    if counts.run_id is None:
        words = "**Nothing has been reconciled yet.** Run `comptroller reconcile`."
        return Section(heading, (Notice("warning", words),))
    blocks: list[Block] = [
        Text(
            f"**{counts.ties:,} of {counts.compared:,}** totals that could be compared tie to "
            "the penny or within their tolerance. Versions against the ones before them (V) are "
            "listed below and not counted: a restatement is meant to differ."
        ),
        _by_tie(scope),
        _differences(scope),
    ]
    return Section(heading, tuple(blocks))


def _by_tie(scope: Scope) -> Table:
    rows = scope.con.execute(
        "SELECT tie, status, count(*), sum(left_value), sum(right_value), sum(difference), "
        "count(DISTINCT provider_code), "
        "list(DISTINCT reason ORDER BY reason) FILTER (reason IS NOT NULL AND reason <> '') "
        "FROM latest_ties GROUP BY tie, status ORDER BY tie, status"
    ).fetchall()
    return Table(
        (
            Column("tie", "Tie", "code"),
            Column("what", "What is compared"),
            Column("status", "Outcome"),
            Column("count", "Totals", "count"),
            Column("providers", "Providers", "count"),
            Column("difference", "Difference (£)", "money"),
            Column("reason", "Why"),
        ),
        tuple(
            (
                tie,
                TIES[tie].title if tie in TIES else tie,
                STATUSES.get(status, status),
                count,
                providers,
                difference,
                _reasons(reasons) if status != "ties" else None,
            )
            for tie, status, count, _, _, difference, providers, reasons in rows
        ),
        "Totals by tie and outcome",
        name="Ties",
    )


def _reasons(reasons: list[str] | None) -> str | None:
    if not reasons:
        return None
    return reasons[0] if len(reasons) == 1 else f"{reasons[0]}; and {len(reasons) - 1} others"


def _differences(scope: Scope) -> Table:
    rows: list[tuple[Any, ...]] = scope.con.execute(
        "SELECT tie, data_set, provider_code, commissioner_code, financial_year, month, "
        "left_name, left_value, right_name, right_value, difference FROM latest_ties "
        "WHERE status = 'differs' ORDER BY abs(difference) DESC, tie, "
        "provider_code, financial_year, month, commissioner_code, data_set, left_name, right_name"
    ).fetchall()
    return Table(
        (
            Column("tie", "Tie", "code"),
            Column("provider", "Provider"),
            Column("commissioner_code", "Commissioner", "code"),
            Column("month", "Month", "code"),
            Column("left", "What"),
            Column("left_value", "Its total (£)", "money"),
            Column("right", "Against"),
            Column("right_value", "Its total (£)", "money"),
            Column("difference", "Difference (£)", "money"),
        ),
        tuple(
            (
                row[0],
                scope.named(row[2] or ""),
                row[3],
                f"{row[4]} M{row[5]}" if row[5] is not None else row[4],
                row[6],
                _money(row[7]),
                row[8],
                _money(row[9]),
                _money(row[10]),
            )
            for row in rows[:LISTED]
        ),
        "Largest differences",
        name="Differences",
        note=f"The {LISTED} largest of {len(rows)}." if len(rows) > LISTED else None,
        empty="No total differs.",
    )


def _money(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)
