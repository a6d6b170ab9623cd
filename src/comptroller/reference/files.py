"""Files of reference data: which table each is, and its cells as text.

CSV (any of the usual delimiters, UTF-8 or Windows-1252), Excel workbooks and Parquet. Cells come
into the engine as text with the row number of the file, so that one reader of values serves all.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from comptroller.errors import ComptrollerError
from comptroller.reference.shapes import ReferenceTable, normalise
from comptroller.reference.tables import REFERENCE_TABLES
from comptroller.warehouse import quote_identifier, quote_literal, register

DELIMITED = (".csv", ".txt", ".tsv")
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
ENDINGS = (*DELIMITED, *WORKBOOKS, ".parquet")
_HEADER_ROWS = 20
_BATCH = 50_000


@dataclass(frozen=True)
class Sheet:
    """One table found in a file, before its rows are read.

    Args:
        path: The file.
        name: Sheet name in a workbook, else empty.
        table: The reference table it holds.
        header: Headers as written, left to right.
        header_row: Row of the file in which they stand, from 1.
        encoding: Encoding of a delimited file.
        delimiter: Delimiter of a delimited file.
    """

    path: Path
    name: str
    table: ReferenceTable
    header: tuple[str, ...]
    header_row: int
    encoding: str = "utf-8"
    delimiter: str = ","

    @property
    def where(self) -> str:
        """File name and sheet, for messages."""
        return f"{self.path.name}, sheet {self.name}" if self.name else self.path.name


def recognise(name: str) -> ReferenceTable | None:
    """Return the reference table that a file or sheet name speaks of, or None.

    The longest name wins: ``local_prices_2026`` is local prices, not prices. Years, versions and
    other words around the name do not matter.
    """
    words = [word for word in re.split(r"[^a-z0-9]+", name.casefold()) if word]
    words = [word.rstrip("0123456789") or word for word in words]
    best: tuple[int, ReferenceTable] | None = None
    for table in REFERENCE_TABLES.values():
        for known in (table.name, *table.file_names):
            wanted = known.split("_")
            length = len(known)
            if _contains(words, wanted) and (best is None or length > best[0]):
                best = (length, table)
    return best[1] if best else None


def _contains(words: Sequence[str], wanted: Sequence[str]) -> bool:
    span = len(wanted)
    joined = "".join(wanted)
    return joined in words or any(
        list(words[start : start + span]) == list(wanted) for start in range(len(words) - span + 1)
    )


def year_in_name(name: str) -> str:
    """Return the financial year written in a file name as ``2026/27``, or empty text."""
    for found in re.finditer(r"(?<!\d)(20\d{2})[-_ ]?(?:20)?(\d{2})(?!\d)", name):
        if (int(found[1]) + 1) % 100 == int(found[2]):
            return f"{found[1]}/{found[2]}"
    return ""


def expand(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Give every file of the paths, folders opened, in name order, and whether it was named."""
    for path in paths:
        if path.is_dir():
            inside = (found for found in sorted(path.rglob("*")) if found.is_file())
            for found in inside:
                if not found.name.startswith((".", "~$")):
                    yield found, False
        elif path.exists():
            yield path, True
        else:
            raise ComptrollerError(
                "there is no such file or folder", where=str(path), remedy="Check the path"
            )


def sheets_of(path: Path) -> tuple[list[Sheet], list[str]]:
    """Find the reference tables in a file.

    Returns:
        The sheets found, and a sentence for each sheet passed over.

    Raises:
        ComptrollerError: The file cannot be opened, or holds no table of the name it bears.
    """
    ending = path.suffix.casefold()
    if path.stat().st_size == 0:
        raise ComptrollerError(
            "the file is empty", where=path.name, remedy="Export it again from its source"
        )
    if ending in WORKBOOKS:
        return _workbook_sheets(path)
    table = recognise(path.stem)
    if table is None:
        return [], []
    if ending == ".parquet":
        return [_parquet_sheet(path, table)], []
    return [_delimited_sheet(path, table)], []


def _workbook_sheets(path: Path) -> tuple[list[Sheet], list[str]]:
    by_file = recognise(path.stem)
    found, passed = [], []
    book = open_workbook(path)
    for name in book.sheet_names:
        table = recognise(name) or by_file
        if table is None:
            passed.append(f"sheet {name} was passed over: its name is that of no reference table")
            continue
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=_HEADER_ROWS)
        place = find_header([[_cell(cell) for cell in row] for row in rows], table, path)
        if place is None:
            passed.append(f"sheet {name} was passed over: it lacks the headers of {table.name}")
            continue
        found.append(Sheet(path, name, table, tuple(place[1]), place[0]))
    if not found and by_file is not None:
        raise _no_header(path.name, by_file)
    return found, passed


def open_workbook(path: Path) -> CalamineWorkbook:
    """Open an Excel workbook, or say in one line why it cannot be opened."""
    try:
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError, ValueError) as error:
        raise ComptrollerError(
            "the workbook cannot be opened; it may be encrypted, cut short or no workbook",
            where=path.name,
            remedy="Save it again without a password as .xlsx or .csv",
        ) from error


def _parquet_sheet(path: Path, table: ReferenceTable) -> Sheet:
    con = duckdb.connect(":memory:")
    try:
        described = con.execute(
            f"DESCRIBE SELECT * FROM read_parquet({quote_literal(str(path))})"
        ).fetchall()
    except duckdb.Error as error:
        raise ComptrollerError(
            "the file is not readable Parquet", where=path.name, remedy="Write it again"
        ) from error
    header = tuple(str(row[0]) for row in described)
    if find_header([list(header)], table, path) is None:
        raise _no_header(path.name, table)
    return Sheet(path, "", table, header, 0)


def _delimited_sheet(path: Path, table: ReferenceTable) -> Sheet:
    encoding = _encoding(path)
    for delimiter in _delimiters(path):
        with path.open(encoding=encoding, newline="") as stream:
            lines = csv.reader(stream, delimiter=delimiter)
            head = [row for _, row in zip(range(_HEADER_ROWS), lines, strict=False)]
        place = find_header(head, table, path)
        if place is not None:
            return Sheet(path, "", table, tuple(place[1]), place[0], encoding, delimiter)
    raise _no_header(path.name, table)


def _delimiters(path: Path) -> tuple[str, ...]:
    return ("\t", ",", ";", "|") if path.suffix.casefold() == ".tsv" else (",", ";", "\t", "|")


def _encoding(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with path.open("rb") as stream:
        try:
            while block := stream.read(1 << 20):
                if b"\x00" in block:
                    raise ComptrollerError(
                        "this is not a text file", where=path.name, remedy="Save it as CSV UTF-8"
                    )
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def find_header(
    rows: Sequence[list[str]], table: ReferenceTable, path: Path
) -> tuple[int, list[str]] | None:
    """Return the row number (from 1) and texts of the first row with all required headers.

    A financial year in the file name stands in for the column.
    """
    known = table.headers()
    given = {"financial_year"} if year_in_name(path.stem) else set()
    for number, row in enumerate(rows, start=1):
        columns = {known.get(normalise(cell)) for cell in row}
        if columns <= {None}:
            continue
        columns |= given
        if not missing_columns(table, columns):
            last = max(index for index, cell in enumerate(row) if cell.strip())
            return number, row[: last + 1]
    return None


def missing_columns(table: ReferenceTable, present: set[str | None]) -> list[str]:
    """Return the required columns of a table that are not among those present."""
    missing = [
        column.name for column in table.columns if column.required and column.name not in present
    ]
    person = table.person
    if person and not {person.stored, person.given} & present:
        missing.append(f"{person.stored} or {person.given}")
    return missing


def _no_header(where: str, table: ReferenceTable) -> ComptrollerError:
    needed = ", ".join(missing_columns(table, set()))
    return ComptrollerError(
        f"no row among the first {_HEADER_ROWS} has the headers that {table.name} needs: {needed}",
        where=where,
        remedy="`comptroller reference templates DIR` writes an empty file with the right headers",
    )


def stage(con: duckdb.DuckDBPyConnection, sheet: Sheet, name: str) -> list[str]:
    """Read a sheet's rows into a temporary table of text; rows without any text are left out.

    The table has ``row`` (BIGINT, the row of the file) and ``c0, c1 ...`` as the headers.

    Returns:
        Faults that make rows unreadable: cells beyond the last header.

    Raises:
        ComptrollerError: The file cannot be read to its end.
    """
    width = len(sheet.header)
    cells = ", ".join(f"c{index} VARCHAR" for index in range(width))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} (row BIGINT, {cells})")
    if sheet.path.suffix.casefold() == ".parquet":
        listed = ", ".join(f"CAST({quote_identifier(h)} AS VARCHAR)" for h in sheet.header)
        source = f"read_parquet({quote_literal(str(sheet.path))}, file_row_number = true)"
        con.execute(f"INSERT INTO {name} SELECT file_row_number + 1, {listed} FROM {source}")
        return []
    faults: list[str] = []
    if not sheet.name and _stage_quickly(con, sheet, name):
        pass
    else:
        rows = _excel_rows(sheet) if sheet.name else _csv_rows(sheet)
        _stage_rows(con, name, rows, width, faults)
    empty = " AND ".join(f"nullif(trim(c{index}), '') IS NULL" for index in range(width))
    con.execute(f"DELETE FROM {name} WHERE {empty}")
    return faults


def _stage_quickly(con: duckdb.DuckDBPyConnection, sheet: Sheet, name: str) -> bool:
    """Read a plain delimited file with the engine; false when it needs the patient reader."""
    if sheet.encoding != "utf-8-sig" or sheet.path.stat().st_size < 4_000_000:
        return False
    if _has_blank_lines(sheet.path):
        # The engine leaves blank lines out, and every row number after one would be wrong.
        return False
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(sheet.header)))
    source = (
        f"read_csv({quote_literal(str(sheet.path))}, auto_detect = false, header = false, "
        f"skip = {sheet.header_row}, delim = {quote_literal(sheet.delimiter)}, quote = '\"', "
        f"escape = '\"', columns = {{{columns}}}, null_padding = true, parallel = false, "
        "max_line_size = 4194304)"
    )
    try:
        con.execute(
            f"INSERT INTO {name} SELECT row_number() OVER () + {sheet.header_row}, * FROM {source}"
        )
    except duckdb.Error:
        con.execute(f"DELETE FROM {name}")
        return False
    return True


def _has_blank_lines(path: Path) -> bool:
    tail = b""
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            joined = tail + block
            if b"\n\n" in joined or b"\n\r\n" in joined:
                return True
            tail = joined[-3:]
    return False


def _stage_rows(
    con: duckdb.DuckDBPyConnection,
    name: str,
    rows: Iterator[tuple[int, list[str]]],
    width: int,
    faults: list[str],
) -> None:
    numbers: list[int] = []
    columns: list[list[str | None]] = [[] for _ in range(width)]

    def flush() -> None:
        if numbers:
            data: dict[str, Any] = {"row": pa.array(numbers, pa.int64())}
            for index, values in enumerate(columns):
                data[f"c{index}"] = pa.array(values, pa.string())
            register(con, "staged_batch", pa.table(data))
            con.execute(f"INSERT INTO {name} SELECT * FROM staged_batch")
            con.unregister("staged_batch")
            numbers.clear()
            for values in columns:
                values.clear()

    for number, row in rows:
        if any(cell.strip() for cell in row[width:]):
            faults.append(f"row {number}: there is text beyond the last header")
        numbers.append(number)
        for index, values in enumerate(columns):
            values.append(row[index] if index < len(row) else None)
        if len(numbers) >= _BATCH:
            flush()
    flush()


def _csv_rows(sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    with sheet.path.open(encoding=sheet.encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=sheet.delimiter)
        try:
            for number, row in enumerate(reader, start=1):
                if number > sheet.header_row:
                    yield number, row
        except csv.Error as error:
            raise ComptrollerError(
                f"the file cannot be read near line {reader.line_num}: {error}",
                where=sheet.path.name,
                remedy="Open it in a text editor at that line, or export it again",
            ) from error


def _excel_rows(sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    book = open_workbook(sheet.path)
    rows = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
    for number, row in enumerate(rows, start=1):
        if number > sheet.header_row:
            yield number, [_cell(cell) for cell in row]


def _cell(value: Any) -> str:
    """Return an Excel cell as text: dates in ISO, numbers as a person would see them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(value, ".15g")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time, timedelta)):
        return str(value)
    return str(value)
