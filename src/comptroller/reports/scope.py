"""What a month's report covers: the month, the names of organisations, the moment it stands at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from comptroller.calendar import YEAR_END_MONTH, FinancialMonth, FinancialYear
from comptroller.errors import ComptrollerError
from comptroller.intake.slices import create_slice_state
from comptroller.reference import create_reference_views
from comptroller.warehouse import quote_literal
from comptroller.workspace import Workspace

_SHORT = ("Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar")


@dataclass(frozen=True)
class Scope:
    """A month of a workspace, with an engine whose views are ready.

    Args:
        ws: The workspace.
        con: Has `slice_state`, the reference views, and whatever a part adds.
        month: The last month of the report; its year to date is what is summed.
        as_at: The moment of the last change to the workspace's tables.
        names: Organisation code to name.
    """

    ws: Workspace
    con: duckdb.DuckDBPyConnection
    month: FinancialMonth
    as_at: datetime
    names: Mapping[str, str]

    @property
    def within(self) -> str:
        """The SQL predicate, over financial_year and month, of the months that are reported."""
        year = quote_literal(self.month.year.text)
        return f"(financial_year = {year} AND month <= {self.month.month})"

    @property
    def months(self) -> str:
        """The months that every section is of, in words: `2026/27 M1 to M5`."""
        first = "" if self.month.month == 1 else "M1 to "
        return f"{self.month.year} {first}M{self.month.month}"

    def named(self, code: str) -> str:
        """Return an organisation's code with its name, where the name is known."""
        name = self.names.get(code, "")
        return f"{code} {name}".strip()


def open_scope(ws: Workspace, month: FinancialMonth | None) -> Scope:
    """Return the scope of a month's report; the last month received where none is named.

    Raises:
        ComptrollerError: Nothing has been loaded, or not for that month's year.
    """
    con = ws.connect()
    create_slice_state(con, ws.warehouse)
    create_reference_views(con, ws.warehouse)
    months = [
        FinancialMonth(FinancialYear.parse(row[0]), row[1])
        for row in con.execute(
            "SELECT DISTINCT financial_year, month FROM slice_state "
            "WHERE financial_year IS NOT NULL AND month IS NOT NULL AND action <> 'nil' "
            "ORDER BY financial_year, month"
        ).fetchall()
    ]
    if not months:
        raise ComptrollerError(
            "no contract-monitoring data has been loaded, so there is no month to report",
            remedy="Run: comptroller load FILES; for published activity: "
            "comptroller report aggregates-summary",
        )
    if month is None:
        month = months[-1]
    elif not any(m.year == month.year and m <= month for m in months):
        raise ComptrollerError(
            f"nothing has been loaded for {month.year} up to {month}",
            remedy=f"Months loaded: {', '.join(m.text for m in months)}",
        )
    return Scope(ws, con, month, last_change(ws), organisation_names(con))


def organisation_names(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return every known organisation's name by code."""
    rows = con.execute(
        "SELECT org_code, min(name) FROM organisations WHERE name IS NOT NULL GROUP BY org_code"
    ).fetchall()
    return {row[0]: row[1] for row in rows}


def last_change(ws: Workspace) -> datetime:
    """Return when the workspace's tables last changed, UTC: the same tables, the same report."""
    commits = ws.warehouse.commits()
    return commits[-1][2].replace(tzinfo=UTC, microsecond=0) if commits else ws.now()


def month_label(month: int) -> str:
    """Return a month of the financial year for an axis: `M1 Apr`, `M13 adj`."""
    return "M13 adj" if month == YEAR_END_MONTH else f"M{month} {_SHORT[month - 1]}"
