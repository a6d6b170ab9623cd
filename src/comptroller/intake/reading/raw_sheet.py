"""One table-like part of a file: its cells as text in DuckDB, with physical row numbers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import duckdb

_numbers = itertools.count(1)
TAIL_BLOCK_ROWS = 2000
SAMPLE_ROWS = 400
"""How many of its first rows tell what a sheet is."""
_BLANK = " \t\r\n\u00a0\ufeff"


@dataclass(frozen=True)
class RawSheet:
    """The cells of one sheet or delimited file, exactly as they stood.

    Attributes:
        part: 0 for a file that holds one table; otherwise 1..n in the order of the sheets of a
            workbook and the members of an archive, so that part and row name one row of a file.
        member: Name inside the archive, or ''.
        sheet: Name of the sheet, or '' for delimited text.
        hidden: Whether the sheet is hidden in the workbook.
        width: Columns up to the last one that holds anything.
        row_count: Physical rows from the first to the last non-empty one.
        first_row: 1-based number of the first non-empty row in the file or sheet.
        relation: A temporary DuckDB view with `row BIGINT` and `c0..cN VARCHAR`, one row for
            each of the `row_count` physical rows, blank ones too; an empty cell is NULL.
        file_format: csv, xlsx, xls, xlsb, ods, html, pdf ...
        encoding: Of delimited text, such as utf-8 or cp1252; otherwise ''.
        delimiter: Of delimited text; otherwise ''.
        merged: Merged cells as (first row, first column, last row, last column), rows 1-based,
            columns 0-based; empty where the format does not tell.
        notes: What a person should know about the reading, as plain sentences.
        warnings: What may be wrong with it.
        cut_short: Of delimited text, whether its last row has cells missing and no line end.
    """

    part: int
    member: str
    sheet: str
    hidden: bool
    width: int
    row_count: int
    first_row: int
    relation: str
    con: duckdb.DuckDBPyConnection = field(repr=False, compare=False)
    file_format: str = "csv"
    encoding: str = ""
    delimiter: str = ""
    merged: tuple[tuple[int, int, int, int], ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    cut_short: bool = False
    _head: list[list[str]] = field(default_factory=list, repr=False, compare=False)

    @property
    def last_row(self) -> int:
        """Return the 1-based number of the last non-empty row (0 when there is none)."""
        return self.first_row + self.row_count - 1

    @property
    def columns(self) -> list[str]:
        """Return the column names of the relation without `row`."""
        return [f"c{index}" for index in range(self.width)]

    @property
    def place(self) -> str:
        """Return how to name this part in a message: member and sheet, or ''."""
        names = [self.member, f"sheet {self.sheet!r}" if self.sheet else ""]
        return ", ".join(name for name in names if name)

    def rows(self, first: int, last: int) -> list[list[str]]:
        """Return the cells of physical rows `first` to `last`, '' for an empty cell."""
        last = min(last, self.last_row)
        if self.width == 0 or last < first:
            return []
        if self.first_row <= first and last < self.first_row + len(self._head):
            return self._head[first - self.first_row : last - self.first_row + 1]
        found = self.con.execute(
            f"SELECT {', '.join(self.columns)} FROM {self.relation} "
            f"WHERE row BETWEEN {int(first)} AND {int(last)} ORDER BY row"
        ).fetchall()
        return [["" if cell is None else cell for cell in row] for row in found]

    def sample(self, count: int = SAMPLE_ROWS) -> list[list[str]]:
        """Return the first `count` rows; the first of them is physical row `first_row`."""
        found = self.rows(self.first_row, self.first_row + count - 1)
        if len(found) > len(self._head):
            self._head[:] = found
        return found

    def drop(self) -> None:
        """Free what the relation holds; the sheet cannot be read afterwards."""
        self._head.clear()
        self.con.execute(f"DROP VIEW IF EXISTS {self.relation}")
        self.con.execute(f"DROP TABLE IF EXISTS {self.relation}_cells")


def fresh_name() -> str:
    """Return a relation name that no other sheet of this process has."""
    return f"raw_sheet_{next(_numbers)}"


def bounds(
    con: duckdb.DuckDBPyConnection, table: str, total_rows: int, width: int
) -> tuple[int, int] | None:
    """Return the first and last rowid of `table` that hold more than white space, or None.

    Looks at both ends, then from them in growing blocks, so that a long table costs no scan.
    """
    if total_rows == 0 or width == 0:
        return None
    cells = ", ".join(f"c{index}" for index in range(width))
    ends = con.execute(
        f"SELECT {cells} FROM {table} WHERE rowid = 0 OR rowid = {total_rows - 1}"
    ).fetchall()
    if all(any(cell and cell.strip(_BLANK) for cell in row) for row in ends):
        return 0, total_rows - 1
    text = "concat(" + ", ".join(f"c{index}" for index in range(width)) + ")"
    filled = f"trim({text}, '{_BLANK}') <> ''"
    first = _search(con, f"SELECT min(rowid) FROM {table} WHERE {filled}", total_rows, True)
    if first is None:
        return None
    last = _search(con, f"SELECT max(rowid) FROM {table} WHERE {filled}", total_rows, False)
    return first, first if last is None else last


def _search(
    con: duckdb.DuckDBPyConnection, query: str, total_rows: int, forward: bool
) -> int | None:
    """Run `query` over growing blocks from one end until it finds a row."""
    done, block = 0, TAIL_BLOCK_ROWS
    while done < total_rows:
        low = done if forward else max(total_rows - done - block, 0)
        high = min(done + block, total_rows) if forward else total_rows - done
        row = con.execute(f"{query} AND rowid >= {low} AND rowid < {high}").fetchone()
        if row is not None and row[0] is not None:
            return int(row[0])
        done += block
        block *= 8
    return None


def expose(
    con: duckdb.DuckDBPyConnection, name: str, width: int, first_rowid: int, last_rowid: int
) -> None:
    """Make the view `name` over `{name}_cells`, with physical rows counted from 1."""
    cells = ", ".join(f"c{index}" for index in range(width))
    con.execute(
        f"CREATE OR REPLACE VIEW {name} AS SELECT rowid + 1 AS row, {cells} "
        f"FROM {name}_cells WHERE rowid BETWEEN {first_rowid} AND {last_rowid}"
    )
