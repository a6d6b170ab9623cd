"""Tables that lie side by side on one sheet, each under its own headings, with a gap between.

A gap alone proves nothing: many a table has an empty column. The tables are separate where their
headings repeat, stand in different rows, or where one goes on after the other has ended.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from comptroller.intake.cell_kinds import STRIPPED, clean
from comptroller.intake.reading import RawSheet
from comptroller.intake.table_finder import FoundTable, find_tables
from comptroller.vocabulary import normalise_header

_LEAST_COLUMNS = 2
_ROWS_LONGER = 3


@dataclass(frozen=True)
class TableBeside:
    """One of several tables on a sheet.

    Attributes:
        first_column: The 0-based column of the sheet in which it begins.
        sheet: Its own columns of the sheet, counted from 0; rows are the sheet's.
        found: The table.
    """

    first_column: int
    sheet: RawSheet
    found: FoundTable


def tables_beside(sheet: RawSheet) -> list[TableBeside]:
    """Return the tables that lie side by side, from left to right; none where it is one table."""
    bands = list(_bands(sheet))
    if len(bands) < 2:
        return []
    tables = []
    for first, last in bands:
        own = _columns_of(sheet, first, last)
        for found in find_tables(own):
            if found.header_rows and found.data_rows:
                tables.append(TableBeside(first, own, found))
    pairs = itertools.combinations([table.found for table in tables], 2)
    return tables if any(_are_two(left, right) for left, right in pairs) else []


def _bands(sheet: RawSheet) -> Iterator[tuple[int, int]]:
    """Return the first and last column of each run of columns between empty ones."""
    sample = sheet.sample()
    empty = [at for at in range(sheet.width) if not any(clean(row[at]) for row in sample)]
    if empty:
        counts = ", ".join(f"count(*) FILTER (trim(c{at}, '{STRIPPED}') <> '')" for at in empty)
        found = sheet.con.execute(f"SELECT {counts} FROM {sheet.relation}").fetchall()[0]
        empty = [at for at, filled in zip(empty, found, strict=True) if not filled]
    gaps = [-1, *empty, sheet.width]
    for left, right in itertools.pairwise(gaps):
        if right - left > _LEAST_COLUMNS:
            yield left + 1, right - 1


def _columns_of(sheet: RawSheet, first: int, last: int) -> RawSheet:
    """Return some columns of a sheet as a sheet of their own."""
    cells = ", ".join(f"c{at} AS c{at - first}" for at in range(first, last + 1))
    return replace(
        sheet,
        width=last - first + 1,
        relation=f"(SELECT row, {cells} FROM {sheet.relation})",
        merged=tuple(
            (top, left - first, bottom, right - first)
            for top, left, bottom, right in sheet.merged
            if left >= first and right <= last
        ),
        _head=[],
    )


def _are_two(left: FoundTable, right: FoundTable) -> bool:
    """Tell whether two found tables are two, and not the halves of one."""
    if left.header_rows[-1] != right.header_rows[-1]:
        return True
    mine, other = _headings(left), _headings(right)
    same = len(mine & other)
    if same >= 2 and same * 2 >= min(len(mine), len(other)):
        return True
    short = min((left, right), key=lambda table: table.last_data_row)
    whole = short.data_rows == short.last_data_row - short.first_data_row + 1
    longer = abs(left.last_data_row - right.last_data_row) >= _ROWS_LONGER
    return longer and whole


def _headings(found: FoundTable) -> set[str]:
    return {normalise_header(heading) for _, heading in found.header_columns}
