"""Position rows by the dimensions asked for, month by month or year to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import duckdb

from comptroller.calendar import FinancialMonth
from comptroller.errors import UsageError
from comptroller.position.actual import (
    create_position_views,
    known_basis,
)
from comptroller.workspace import Workspace

Period = Literal["month", "year_to_date"]

# What a person asks for, and the columns it is in the rows.
DIMENSIONS: dict[str, tuple[str, ...]] = {
    "commissioner": ("commissioner_code",),
    "payer": ("payer_code",),
    "provider": ("provider_code",),
    "month": ("month",),
    "pod": ("pod_code",),
    "pod_group": ("pod_group",),
    "tfc": ("activity_treatment_function_code",),
    "hrg": ("tariff_code",),
}

POSITION_COLUMNS: tuple[str, ...] = (
    "commissioner_code",
    "provider_code",
    "financial_year",
    "month",
    "pod_code",
    "activity_treatment_function_code",
    "tariff_code",
    "planned_activity",
    "planned_cost",
    "actual_activity",
    "actual_cost",
    "variance_cost",
    "basis",
)

FINEST: tuple[str, ...] = ("commissioner", "provider", "month", "pod", "tfc", "hrg")

_MEASURES = ("planned_activity", "planned_cost", "actual_activity", "actual_cost", "variance_cost")


@dataclass(frozen=True)
class Position:
    """Rows of position with their columns; money in pounds as Decimal.

    `columns` are those of `POSITION_COLUMNS` (a dimension not asked for is None in every row), and
    in front of them `payer_code` or `pod_group` where these were asked for.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    by: tuple[str, ...]
    basis: str

    def as_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def total(self, column: str) -> Decimal | None:
        """Return the sum of a measure over all rows; None where no row has it."""
        index = self.columns.index(column)
        values = [row[index] for row in self.rows if row[index] is not None]
        return sum(values, Decimal()) if values else None


def position(
    ws: Workspace,
    *,
    basis: str = "payable",
    provider: str | None = None,
    commissioner: str | None = None,
    month: FinancialMonth | None = None,
    year: str | None = None,
    by: Sequence[str] | None = None,
    period: Period = "month",
    con: duckdb.DuckDBPyConnection | None = None,
) -> Position:
    """Return actual against plan, to the penny.

    Args:
        ws: The workspace.
        basis: `payable` (what is to be paid: the version pinned at freeze) or `current`.
        provider: Only this provider.
        commissioner: Only this commissioner; any code of one legal body finds all of them.
        month: With `period` month, only this month; with year to date, up to it.
        year: Only this financial year (`2025/26`).
        by: Names from `DIMENSIONS`; by default commissioner, provider, month, POD, TFC, HRG.
            Rows are always apart by financial year.
        period: `month`, or `year_to_date`: sums from April to each provider's last month
            received, or to `month`; the column `month` then holds that last month.
        con: A connection to use, whose temporary views are replaced.

    Returns:
        Rows in order of their dimensions. `basis` says the track and which data set the actuals
        are from: ACM where it was received for the slice, else patient level.

    Raises:
        UsageError: An unknown basis or dimension.
    """
    track = known_basis(basis)
    wanted = tuple(by) if by is not None else FINEST
    _refuse_unknown(wanted)
    con = con or ws.connect()
    create_position_views(con, ws.warehouse, track)
    where, values = _filters(provider, commissioner, month, year, period)
    if commissioner is not None:
        where.append(_same_payer(con, commissioner, values))
    return _aggregate(con, track, wanted, period, where, values)


def _refuse_unknown(wanted: Sequence[str]) -> None:
    for name in wanted:
        if name not in DIMENSIONS:
            raise UsageError(
                f"position knows no dimension '{name}'",
                remedy=f"Choose from: {', '.join(DIMENSIONS)}.",
            )


def _filters(
    provider: str | None,
    commissioner: str | None,
    month: FinancialMonth | None,
    year: str | None,
    period: Period,
) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    if provider is not None:
        where.append("provider_code = ?")
        values.append(provider)
    if month is not None:
        where.append("financial_year = ?")
        values.append(month.year.text)
        where.append("month <= ?" if period == "year_to_date" else "month = ?")
        values.append(month.month)
    if year is not None:
        where.append("financial_year = ?")
        values.append(year)
    return where, values


def _same_payer(con: duckdb.DuckDBPyConnection, code: str, values: list[Any]) -> str:
    """Return the filter for a commissioner: its code, or any code of the legal body behind it."""
    values += [code, code, code]
    return (
        "(commissioner_code = ? OR payer_code = ? OR payer_code IN"
        " (SELECT lp.legal_payer FROM legal_payers lp WHERE lp.org_code = ?"
        " AND month_end(financial_year, month) BETWEEN lp.from_date AND lp.to_date))"
    )


def _aggregate(
    con: duckdb.DuckDBPyConnection,
    track: str,
    wanted: tuple[str, ...],
    period: Period,
    where: list[str],
    values: list[Any],
) -> Position:
    to_date = period == "year_to_date"
    keys = [
        column
        for name in wanted
        for column in DIMENSIONS[name]
        if not (to_date and column == "month")
    ]
    extra = tuple(column for column in ("payer_code", "pod_group") if column in keys)
    columns = (*extra, *POSITION_COLUMNS)
    grouped = ["financial_year", *keys]
    selected = ", ".join(_select(column, grouped, to_date) for column in columns)
    condition = f"WHERE {' AND '.join(where)}" if where else ""
    order = [column for column in columns if column in grouped or column == "month"]
    sql = f"""
        WITH chosen AS (SELECT * FROM position_rows {condition})
        SELECT {selected} FROM chosen GROUP BY {", ".join(grouped)}
        ORDER BY {", ".join(f"{column} NULLS FIRST" for column in order)}
    """
    basis_at = columns.index("basis")
    rows = []
    for found in con.execute(sql, values).fetchall():
        row = [tidy(value) if isinstance(value, Decimal) else value for value in found]
        row[basis_at] = f"{track} {' and '.join(map(str, found[basis_at]))}"
        rows.append(tuple(row))
    return Position(columns, rows, wanted, track)


def _select(column: str, grouped: Sequence[str], to_date: bool) -> str:
    if column in grouped:
        return column
    if column == "basis":
        # In order of the alphabet they read as they should: ACM and patient level.
        return "list_sort(list(DISTINCT source)) AS basis"
    if column == "variance_cost":
        return "sum(actual_cost) - sum(planned_cost) AS variance_cost"
    if column in _MEASURES:
        return f"sum({column}) AS {column}"
    if column == "month" and to_date:
        return "max(month) AS month"
    return f"NULL AS {column}"


def tidy(value: Decimal) -> Decimal:
    """Return an exact decimal without needless zeros, with two places at the least."""
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -2:
        return plain.quantize(Decimal("0.01"))
    return plain
