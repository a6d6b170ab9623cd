"""Reading what runs left behind: results and findings as they stand now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from comptroller.calendar import FinancialMonth
from comptroller.checks.book import workspace_book
from comptroller.checks.export import export_findings, findings_query
from comptroller.checks.findings import create_latest_findings, create_open_findings
from comptroller.checks.tables import RESULTS, SHORT_FINDING
from comptroller.errors import UsageError
from comptroller.warehouse import quote_identifier, quote_literal

if TYPE_CHECKING:
    from comptroller.warehouse import Warehouse
    from comptroller.workspace import Workspace

BASES = ("payable", "current")
OUTCOMES = ("passed", "failed", "not_applicable", "could_not_run")
STATUSES = ("new", "continuing", "returned", "fixed")


def create_latest_results(
    con: duckdb.DuckDBPyConnection, wh: Warehouse, basis: str = "payable"
) -> None:
    """Create the view ``latest_results``: per check and slice group, its latest run's result."""
    wh.view(con, "results", "check_runs")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW latest_results AS
        SELECT r.* FROM results AS r JOIN check_runs AS c USING (run_id)
        WHERE c.basis = {quote_literal(basis)}
        QUALIFY row_number() OVER (PARTITION BY r.check_id, r.data_set, r.provider_code,
            r.financial_year, r.month ORDER BY c.sequence DESC) = 1
        """
    )


def latest_results(
    ws: Workspace,
    basis: str,
    *,
    check_id: str | None = None,
    provider: str | None = None,
    month: str | None = None,
    outcome: str | None = None,
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return columns and rows of the latest results that fit, ordered by check and slice.

    Raises:
        UsageError: An unknown basis, outcome or month.
    """
    require_basis(basis)
    _one_of("--outcome", outcome, OUTCOMES)
    con = ws.connect()
    create_latest_results(con, ws.warehouse, basis)
    parts = _period(month)
    if check_id:
        parts.append(f"check_id GLOB {quote_literal(check_id)}")
    if provider:
        parts.append(f"provider_code = {quote_literal(provider)}")
    if outcome:
        parts.append(f"outcome = {quote_literal(outcome)}")
    columns = [name for name in RESULTS.columns if name != "run_id"]
    listed = ", ".join(quote_identifier(name) for name in columns)
    rows = con.execute(
        f"SELECT {listed} FROM latest_results WHERE {' AND '.join(parts) or 'TRUE'} "
        "ORDER BY check_id, provider_code, data_set, financial_year, month"
    ).fetchall()
    return columns, rows


def findings_rows(
    ws: Workspace, basis: str, *, short: bool = False, **filters: str | None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return columns and rows of findings that fit; ``short`` leaves out most columns."""
    con = ws.connect()
    query = _query(con, ws, basis, filters)
    if short:
        query = f"SELECT {', '.join(SHORT_FINDING)} FROM ({query})"
    cursor = con.execute(query)
    columns = [column[0] for column in cursor.description or ()]
    return columns, cursor.fetchall()


def write_findings(ws: Workspace, out: Path, basis: str, **filters: str | None) -> int:
    """Write the findings that fit to a file; return how many."""
    con = ws.connect()
    return export_findings(con, _query(con, ws, basis, filters), out)


def _query(
    con: duckdb.DuckDBPyConnection, ws: Workspace, basis: str, filters: dict[str, str | None]
) -> str:
    require_basis(basis)
    status = filters.get("status")
    _one_of("--status", status, STATUSES)
    if status == "fixed":
        create_latest_findings(con, ws.warehouse, basis)
    else:
        create_open_findings(con, ws.warehouse, basis)
    text = filters.get("month")
    month = FinancialMonth.parse(text) if text else None
    return findings_query(
        "latest_findings" if status == "fixed" else "open_findings",
        {
            "check_id": filters.get("check_id"),
            "provider_code": filters.get("provider"),
            "commissioner_code": filters.get("commissioner"),
            "financial_year": month.year.text if month else None,
            "month": month.month if month else None,
            "status": status,
        },
    )


def _period(month: str | None) -> list[str]:
    if not month:
        return []
    found = FinancialMonth.parse(month)
    return [f"financial_year = {quote_literal(found.year.text)}", f"month = {found.month}"]


def require_check(ws: Workspace, pattern: str | None) -> None:
    """Refuse an id or pattern that no check has: an empty answer would read as good news.

    Raises:
        UsageError: There is no such check in the workspace's rulebook.
    """
    if pattern is not None:
        workspace_book(ws).select(pattern)


def require_basis(basis: str) -> None:
    """Refuse a basis that is neither payable nor current: nothing would ever be found on it.

    Raises:
        UsageError: It is none of them.
    """
    if basis not in BASES:
        raise UsageError(
            f"'{basis}' is no basis", where="--basis", remedy=f"One of: {', '.join(BASES)}"
        )


def _one_of(option: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise UsageError(
            f"'{value}' is none of {', '.join(known)}", where=option, remedy="Choose one of them"
        )
