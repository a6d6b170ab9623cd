"""Findings as people and programs take them away: CSV, Parquet or a workbook, in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from comptroller.checks.tables import FINDING_COLUMNS
from comptroller.errors import ComptrollerError, UsageError
from comptroller.rendering.book import excel_number
from comptroller.warehouse import quote_identifier, quote_literal

SORT = "check_id, provider_code, commissioner_code, data_set, financial_year, month, finding_id"
SUFFIXES = (".csv", ".parquet", ".xlsx")
_SHEET_ROWS = 1_048_575
_FORMULA = r"^[=+\-@\t\r]"


def findings_query(view: str, filters: Mapping[str, str | int | None]) -> str:
    """Return the query for findings with the columns of the export, in their fixed order.

    Args:
        view: The relation to read.
        filters: Column to the value wanted; None takes all; ``check_id`` takes a pattern.
    """
    parts = []
    for name, value in filters.items():
        if value is None:
            continue
        column = quote_identifier(name)
        if name == "check_id":
            parts.append(f"{column} GLOB {quote_literal(str(value))}")
        elif isinstance(value, int):
            parts.append(f"{column} = {value}")
        else:
            parts.append(f"{column} = {quote_literal(value)}")
    where = f" WHERE {' AND '.join(parts)}" if parts else ""
    columns = ", ".join(quote_identifier(name) for name in FINDING_COLUMNS)
    return f"SELECT {columns} FROM {view}{where} ORDER BY {SORT}"


def export_findings(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write a query's rows to ``path`` by its suffix; return how many rows it holds.

    Text that a spreadsheet would read as a formula gets an apostrophe before it, in CSV and
    workbooks; Parquet is exact.

    Raises:
        ComptrollerError: The suffix is unknown, the folder is missing, or a sheet is too small.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"'{path.suffix}' is no format for findings",
            where=str(path),
            remedy=f"End the name in {', '.join(SUFFIXES)}",
        )
    if not path.parent.exists():
        raise ComptrollerError("there is no such folder", where=str(path.parent))
    rows = con.execute(f"SELECT count(*) FROM ({query})").fetchone()
    count = int(rows[0]) if rows else 0
    try:
        if suffix == ".xlsx":
            _write_workbook(con, query, path, count)
        else:
            options = "FORMAT PARQUET" if suffix == ".parquet" else "FORMAT CSV, HEADER"
            source = query if suffix == ".parquet" else f"SELECT {_safe_columns()} FROM ({query})"
            con.execute(f"COPY ({source}) TO {quote_literal(str(path))} ({options})")
    except (OSError, duckdb.IOException) as error:
        raise ComptrollerError(
            f"the file cannot be written: {str(error).splitlines()[0]}", where=str(path)
        ) from None
    return count


def _safe_columns() -> str:
    parts = []
    for name, kind in FINDING_COLUMNS.items():
        column = quote_identifier(name)
        if kind != "VARCHAR":
            parts.append(column)
            continue
        parts.append(
            f"CASE WHEN regexp_matches({column}, '{_FORMULA}') THEN concat('''', {column}) "
            f"ELSE {column} END AS {column}"
        )
    return ", ".join(parts)


def _write_workbook(con: duckdb.DuckDBPyConnection, query: str, path: Path, count: int) -> None:
    import xlsxwriter

    if count > _SHEET_ROWS:
        raise ComptrollerError(
            f"{count} findings do not fit on a sheet",
            where=str(path),
            remedy="Write .csv or .parquet, or choose with --provider or --check",
        )
    book = xlsxwriter.Workbook(
        str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet("Findings")
    heading = book.add_format({"bold": True})
    formats = {
        "DATE": book.add_format({"num_format": "yyyy-mm-dd"}),
        "DECIMAL(26,8)": book.add_format({"num_format": "#,##0.00######"}),
    }
    sheet.freeze_panes(1, 1)
    for number, name in enumerate(FINDING_COLUMNS):
        sheet.write_string(0, number, name, heading)
    cursor = con.execute(f"SELECT {_safe_columns()} FROM ({query})")
    row = 0
    while batch := cursor.fetchmany(10_000):
        for values in batch:
            row += 1
            for number, (value, kind) in enumerate(
                zip(values, FINDING_COLUMNS.values(), strict=True)
            ):
                _write_cell(sheet, row, number, value, formats.get(kind))
    sheet.autofilter(0, 0, max(row, 1), len(FINDING_COLUMNS) - 1)
    book.close()


def _write_cell(sheet: Any, row: int, column: int, value: Any, cell_format: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | Decimal):
        number = excel_number(value)
        if number is None:
            sheet.write_string(row, column, str(value))
        else:
            sheet.write_number(row, column, number, cell_format)
    elif isinstance(value, str):
        sheet.write_string(row, column, value)
    else:
        sheet.write_datetime(row, column, value, cell_format)
