"""Builds ``checked`` and ``slice_facts`` on a connection, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

import duckdb

from comptroller.calendar import Calendar
from comptroller.checks.facts.agreed import create_agreed_facts
from comptroller.checks.facts.approvals import create_approval_facts
from comptroller.checks.facts.assemble import create_checked
from comptroller.checks.facts.attribution import create_attribution
from comptroller.checks.facts.base import create_base, create_received, open_store
from comptroller.checks.facts.components import create_component_facts
from comptroller.checks.facts.contacts import create_contact_facts
from comptroller.checks.facts.course import create_course_facts
from comptroller.checks.facts.limits import create_limit_facts
from comptroller.checks.facts.listed import create_listed_facts
from comptroller.checks.facts.local_prices import create_local_price_facts
from comptroller.checks.facts.pods import create_pod_table
from comptroller.checks.facts.policies import create_policy_facts
from comptroller.checks.facts.repeats import create_repeat_facts
from comptroller.checks.facts.sequences import create_sequence_facts
from comptroller.checks.facts.slices import create_slice_facts
from comptroller.checks.facts.stays import create_shared_facts, create_stay_facts
from comptroller.checks.facts.supplies import create_supply_facts
from comptroller.checks.facts.sus import create_sus_facts
from comptroller.checks.facts.twice import create_twice_facts
from comptroller.checks.facts.validity import create_validity
from comptroller.vocabulary import LINE_DATA_SETS, code_list
from comptroller.warehouse import (
    Warehouse,
    create_small_table,
    quote_identifier,
    quote_literal,
)

if TYPE_CHECKING:
    from comptroller.workspace import Workspace

Step = Callable[[str], None]


class FactScope(Protocol):
    """Which part of the workspace is checked; None takes all."""

    @property
    def provider_code(self) -> str | None:
        """ODS code of one provider."""

    @property
    def commissioner_code(self) -> str | None:
        """Code of one commissioner, as charged."""

    @property
    def financial_year(self) -> str | None:
        """One year, as in 2025/26."""

    @property
    def month(self) -> int | None:
        """One month of that year, 1 to 13."""


def build(
    con: duckdb.DuckDBPyConnection,
    wh: Warehouse,
    ws: Workspace,
    scope: FactScope,
    basis: str = "payable",
    *,
    columns: Iterable[str] | None = None,
    progress: Step | None = None,
) -> None:
    """Create the native tables ``checked`` and ``slice_facts`` for a scope.

    Args:
        con: A connection from `comptroller.warehouse.connect`.
        wh: The workspace's warehouse.
        ws: The workspace, whose calendar gives the clocks.
        scope: Which lines and slices the two tables hold.
        basis: ``payable`` or ``current`` lines.
        columns: Names that the checks read; None for every line column and fact. Fewer columns
            make smaller tables.
        progress: Called with the name of each step as it begins.
    """
    from comptroller.intake.slices import create_slice_views
    from comptroller.reconciliation import create_tie_out_views
    from comptroller.reconciliation.run import read_calendar
    from comptroller.reference import create_reference_views
    from comptroller.reference.signed_plan import create_signed_plan

    create_slice_views(con, wh)
    create_reference_views(con, wh)
    wh.view(con, "submissions", "slice_versions", "lines")
    create_tie_out_views(con, wh)
    create_signed_plan(con)
    calendar = read_calendar(con, ws)
    build_tables(con, calendar, scope, basis, columns=columns, progress=progress)


def build_tables(
    con: duckdb.DuckDBPyConnection,
    calendar: Calendar,
    scope: FactScope,
    basis: str = "payable",
    *,
    columns: Iterable[str] | None = None,
    progress: Step | None = None,
) -> None:
    """Create the two tables from the views of intake, reference and reconciliation on ``con``."""
    open_store(con)
    wanted = None if columns is None else set(columns)
    slices, lines = scope_sql(scope, "s"), scope_sql(scope, "b")
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("reading lines", lambda: _create_lines(con, basis, wanted)),
        ("matching SUS", lambda: create_sus_facts(con)),
        ("deciding payers", lambda: create_attribution(con)),
        ("finding repeats", lambda: create_repeat_facts(con)),
        ("comparing stays", lambda: create_stay_facts(con)),
        ("following patients through stays", lambda: create_course_facts(con)),
        ("following patients through clinics", lambda: create_contact_facts(con)),
        ("comparing payers", lambda: create_shared_facts(con)),
        ("comparing drugs and devices", lambda: create_twice_facts(con)),
        ("looking up codes", lambda: _create_codes(con)),
        ("looking up prices", lambda: create_listed_facts(con)),
        ("looking up policies", lambda: create_policy_facts(con)),
        ("looking up approvals", lambda: create_approval_facts(con)),
        ("looking up agreements", lambda: _create_agreements(con)),
        ("looking up parts of prices", lambda: create_component_facts(con)),
        ("comparing supplies", lambda: create_supply_facts(con)),
        (
            "adding up slices",
            lambda: create_slice_facts(con, calendar, basis, slices),
        ),
        ("joining facts", lambda: create_checked(con, lines, wanted)),
    )
    for name, step in steps:
        if progress is not None:
            progress(name)
        step()
    _drop(con)


def scope_sql(scope: FactScope, alias: str) -> str:
    """Return SQL that says whether a row with the columns of a slice is in scope."""
    parts = []
    for name in ("provider_code", "commissioner_code", "financial_year"):
        value = getattr(scope, name)
        if value is not None:
            parts.append(f"{alias}.{name} = {quote_literal(str(value))}")
    if scope.month is not None:
        parts.append(f"{alias}.month = {int(scope.month)}")
    return " AND ".join(parts) or "true"


def missing_needs(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return what is not there at all, name to reason: reference tables and data sets.

    Args:
        con: A connection on which `build` ran.
    """
    from comptroller.reference import REFERENCE_TABLES

    missing = {}
    for name in REFERENCE_TABLES:
        if con.execute(f"SELECT 1 FROM {quote_identifier(name)} LIMIT 1").fetchone() is None:
            missing[name] = f"no reference table {name} is loaded"
    present = {
        row[0] for row in con.execute("SELECT DISTINCT data_set FROM slice_state").fetchall()
    }
    for name in LINE_DATA_SETS:
        if name not in present:
            missing[name] = f"no {name} submission is loaded"
    for name, code in (("organisations", "provider_code"), ("practices", "commissioner_code")):
        if name not in missing and not _any_known(con, code):
            what = code.removesuffix("_code")
            missing[name] = f"no {what} loaded is in the reference tables: load {name} of yours"
    return missing


def _any_known(con: duckdb.DuckDBPyConnection, code: str) -> bool:
    """Tell whether reference data knows any code of the slices: else it is another economy's."""
    known = con.execute(
        f"SELECT count(*), count(o.org_code) FROM (SELECT DISTINCT {code} AS code FROM slice_state)"
        " LEFT JOIN (SELECT DISTINCT org_code FROM organisations) o ON o.org_code = code"
    ).fetchall()[0]
    return bool(known[0] == 0 or known[1] > 0)


def _create_lines(con: duckdb.DuckDBPyConnection, basis: str, columns: set[str] | None) -> None:
    create_pod_table(con)
    create_received(con)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_stages AS
        SELECT data_set, provider_code, commissioner_code, financial_year, month, stage
        FROM slice_state WHERE track = {quote_literal(basis)}
        """
    )
    create_base(con, basis, columns)


def _create_agreements(con: duckdb.DuckDBPyConnection) -> None:
    create_agreed_facts(con)
    create_local_price_facts(con)
    create_limit_facts(con)
    create_sequence_facts(con)


def _create_codes(con: duckdb.DuckDBPyConnection) -> None:
    create_small_table(
        con,
        "facts_service_categories",
        {"code": "VARCHAR", "payer": "VARCHAR"},
        [
            (row.code, row.attributes["payer"])
            for row in code_list("commissioned_service_category").rows.values()
        ],
    )
    create_validity(con)
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_factors AS
        SELECT provider_code, financial_year, max(mff) AS mff FROM market_forces
        WHERE kind = 'payment' AND site_code IS NULL GROUP BY provider_code, financial_year;
        CREATE OR REPLACE TEMP TABLE facts_defence_practices AS
        SELECT org_code AS practice_code, true AS is_defence FROM organisations
        WHERE role = 'practice' AND (parent_code = 'XMD00' OR name ILIKE '%DEFENCE%'
            OR name ILIKE '%MEDICAL RECEPTION STATION%')
        GROUP BY org_code
        """
    )


def _drop(con: duckdb.DuckDBPyConnection) -> None:
    """Drop every table of facts but the two that were asked for."""
    names = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'facts_') "
        "ORDER BY table_name"
    ).fetchall()
    con.execute("DROP VIEW IF EXISTS facts_base")
    for (name,) in names:
        con.execute(f"DROP TABLE {quote_identifier(name)}")
