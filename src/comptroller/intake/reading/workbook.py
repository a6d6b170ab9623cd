"""Excel and OpenDocument workbooks (xls, xlsx, xlsm, xlsb, ods) become raw sheets.

Cells become text: a number by its 15 significant digits, which is all that Excel keeps, a date in
ISO form, TRUE and FALSE, an error as its sign (#N/A). Text stays as it is.
"""

from __future__ import annotations

import datetime as dt
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

import duckdb
import pyarrow as pa
from python_calamine import (
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from comptroller.errors import ComptrollerError
from comptroller.intake.reading import cell_errors, raw_sheet
from comptroller.intake.reading.cell_box import look_over
from comptroller.intake.reading.delimited import Source
from comptroller.intake.reading.limits import Limits
from comptroller.intake.reading.raw_sheet import RawSheet
from comptroller.warehouse import register

BATCH_ROWS = 20_000
EXACT_INTEGER = 10**15
Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def cell_text(value: Cell) -> str | None:
    """Return a cell as text, None when it is empty."""
    kind = type(value)
    if kind is str:
        return value or None  # type: ignore[return-value]
    if kind is float:
        return number_text(value)  # type: ignore[arg-type]
    if kind is int:
        return str(value) if abs(value) < EXACT_INTEGER else number_text(value)  # type: ignore[arg-type, operator]
    if kind is bool:
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        if value.hour or value.minute or value.second or value.microsecond:
            return value.isoformat(sep=" ", timespec="seconds")
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    return str(value)


def number_text(value: float) -> str:
    """Return a number by its 15 significant digits, without an exponent."""
    text = format(value, ".15g")
    return format(Decimal(text), "f") if "e" in text else text


def read_workbook(
    source: Source, con: duckdb.DuckDBPyConnection, limits: Limits, file_format: str
) -> list[RawSheet]:
    """Return a raw sheet for each worksheet that holds anything, in the workbook's order.

    Raises:
        ComptrollerError: Password, damage, too many columns, or no cell at all.
    """
    try:
        with_errors = look_over(source.path, source.name, file_format)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise _damaged(source, file_format, error) from error
    with _damage_refused(source, file_format):
        return _read(source, con, limits, file_format, with_errors)


def _read(
    source: Source,
    con: duckdb.DuckDBPyConnection,
    limits: Limits,
    file_format: str,
    with_errors: frozenset[str],
) -> list[RawSheet]:
    book = CalamineWorkbook.from_path(str(source.path))
    sheets: list[RawSheet] = []
    numbered = source.part
    for index, meta in enumerate(book.sheets_metadata):
        if meta.typ is not SheetTypeEnum.WorkSheet:
            continue
        sheet = book.get_sheet_by_index(index)
        if sheet.start is None:
            continue
        errors = cell_errors.find(source.path, index, with_errors)
        name = raw_sheet.fresh_name()
        found = _load(source, con, name, sheet, errors, limits)
        if found is None:
            continue
        width, first, last = found
        numbered += 1
        sheets.append(
            RawSheet(
                part=numbered,
                member=source.member,
                sheet=meta.name,
                hidden=meta.visible is not SheetVisibleEnum.Visible,
                width=width,
                row_count=last - first + 1,
                first_row=first + 1,
                relation=name,
                con=con,
                file_format=file_format,
                merged=_merged(sheet),
            )
        )
    if not sheets:
        raise ComptrollerError(
            "no sheet of the workbook holds any value",
            where=source.name,
            remedy="Ask the sender for the file again",
        )
    return sheets


@contextmanager
def _damage_refused(source: Source, file_format: str) -> Iterator[None]:
    """Turn whatever the reader of workbooks raises into a refusal.

    Its errors share no base class, and a panic of its Rust part is not even an Exception.
    """
    try:
        yield
    except (ComptrollerError, KeyboardInterrupt, SystemExit, GeneratorExit, duckdb.Error):
        raise
    except PasswordError as error:
        raise password_needed(source.name) from error
    except BaseException as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise password_needed(source.name) from error
        raise _damaged(source, file_format, error) from error


def _damaged(source: Source, file_format: str, error: BaseException) -> ComptrollerError:
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return ComptrollerError(
        f"the {file_format} workbook is truncated or damaged ({reason})",
        where=source.name,
        remedy="Open it in Excel, save it again and load that, or ask the sender for it again",
    )


def password_needed(name: str) -> ComptrollerError:
    """Return the refusal of a workbook that is protected by a password."""
    return ComptrollerError(
        "protected by a password",
        where=name,
        remedy="Ask the sender for a copy without a password, sent by a secure route",
    )


def _merged(sheet: CalamineSheet) -> tuple[tuple[int, int, int, int], ...]:
    """Return merged cells as (first row, first column, last row, last column), rows 1-based."""
    ranges = sheet.merged_cell_ranges or []
    return tuple(sorted((a[0] + 1, a[1], b[0] + 1, b[1]) for a, b in ranges))


def _load(
    source: Source,
    con: duckdb.DuckDBPyConnection,
    name: str,
    sheet: CalamineSheet,
    errors: dict[tuple[int, int], str],
    limits: Limits,
) -> tuple[int, int, int] | None:
    """Fill `{name}_cells`; return width, first and last filled row (0-based), None if empty."""
    tables: list[pa.Table] = []
    width = 0
    batch: list[list[Cell]] = []
    done = 0
    # Rows come from the first row of the sheet, but from the first column that is used.
    indent = sheet.start[1] if sheet.start else 0
    for row in sheet.iter_rows():
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            width = max(width, _append(tables, batch, done, indent, errors))
            done, batch = done + len(batch), []
    if batch:
        width = max(width, _append(tables, batch, done, indent, errors))
        done += len(batch)
    if width > limits.columns:
        raise ComptrollerError(
            f"{width:,} columns; at most {limits.columns:,} are read",
            where=f"{source.name}, sheet {sheet.name!r}",
            remedy="Delete what stands far to the right of the table and save it again",
        )
    if width == 0:
        return None
    width = max(width, 2)
    _store(con, name, tables, width)
    found = raw_sheet.bounds(con, f"{name}_cells", done, width)
    if found is None:
        con.execute(f"DROP TABLE {name}_cells")
        return None
    raw_sheet.expose(con, name, width, *found)
    return width, *found


def _append(
    tables: list[pa.Table],
    batch: list[list[Cell]],
    done: int,
    indent: int,
    errors: dict[tuple[int, int], str],
) -> int:
    """Turn rows into a table of text columns; return how many columns hold anything."""
    columns: list[list[str | None]] = [[None] * len(batch) for _ in range(indent)]
    columns.extend(_column_texts(column) for column in zip(*batch, strict=True))
    for (row, at), text in errors.items():
        if done <= row < done + len(batch) and at < len(columns):
            columns[at][row - done] = columns[at][row - done] or text
    filled = 0
    for index, column in enumerate(columns):
        if any(cell is not None for cell in column):
            filled = index + 1
    arrays = {
        f"c{index}": pa.array(column, type=pa.string())
        for index, column in enumerate(columns[: max(filled, 1)])
    }
    tables.append(pa.table(arrays))
    return filled


def _column_texts(column: Sequence[Cell]) -> list[str | None]:
    """Return the cells of a column as text, None for an empty one, by the quickest exact way."""
    kinds = set(map(type, column))
    if kinds == {str}:
        return [cell or None for cell in column]  # type: ignore[misc]
    if kinds <= {str, float}:
        return [_text_or_number(cell) for cell in column]  # type: ignore[arg-type]
    return list(map(cell_text, column))


def _text_or_number(cell: str | float) -> str | None:
    if cell.__class__ is str:
        return cell or None
    text = f"{cell:.15g}"
    return text if "e" not in text else number_text(float(cell))


def _store(
    con: duckdb.DuckDBPyConnection, name: str, tables: Iterable[pa.Table], width: int
) -> None:
    """Put the batches into one DuckDB table of `width` text columns, in order."""
    columns = ", ".join(f"c{index} VARCHAR" for index in range(width))
    con.execute(f"CREATE OR REPLACE TABLE {name}_cells ({columns})")
    for table in tables:
        register(con, f"{name}_batch", table)
        try:
            con.execute(f"INSERT INTO {name}_cells BY NAME SELECT * FROM {name}_batch")
        finally:
            con.unregister(f"{name}_batch")
