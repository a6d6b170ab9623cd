"""A grid of text cells from a small source (web page, XML workbook, PDF) becomes a raw sheet."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from comptroller.errors import ComptrollerError
from comptroller.intake.reading import raw_sheet
from comptroller.intake.reading.delimited import Source
from comptroller.intake.reading.limits import Limits
from comptroller.intake.reading.raw_sheet import RawSheet
from comptroller.warehouse import register

Merged = tuple[tuple[int, int, int, int], ...]


def sheet_of(
    source: Source,
    con: duckdb.DuckDBPyConnection,
    limits: Limits,
    rows: Sequence[Sequence[str]],
    *,
    sheet: str,
    file_format: str,
    merged: Merged = (),
    hidden: bool = False,
    notes: tuple[str, ...] = (),
) -> RawSheet | None:
    """Return the grid as a raw sheet, None when no cell holds anything.

    Raises:
        ComptrollerError: It has more columns than are read.
    """
    width = max((len(row) for row in rows), default=0)
    while width and not any(len(row) >= width and row[width - 1].strip() for row in rows):
        width -= 1
    if width == 0:
        return None
    if width > limits.columns:
        raise ComptrollerError(
            f"{width:,} columns; at most {limits.columns:,} are read",
            where=f"{source.name}, {sheet}" if sheet else source.name,
            remedy="Check that it is the right file",
        )
    width = max(width, 2)
    name = raw_sheet.fresh_name()
    columns = {
        f"c{at}": pa.array(
            [(row[at] or None) if at < len(row) else None for row in rows], type=pa.string()
        )
        for at in range(width)
    }
    register(con, f"{name}_batch", pa.table(columns))
    try:
        con.execute(f"CREATE OR REPLACE TABLE {name}_cells AS SELECT * FROM {name}_batch")
    finally:
        con.unregister(f"{name}_batch")
    found = raw_sheet.bounds(con, f"{name}_cells", len(rows), width)
    if found is None:
        con.execute(f"DROP TABLE {name}_cells")
        return None
    raw_sheet.expose(con, name, width, *found)
    return RawSheet(
        part=source.part,
        member=source.member,
        sheet=sheet,
        hidden=hidden,
        width=width,
        row_count=found[1] - found[0] + 1,
        first_row=found[0] + 1,
        relation=name,
        con=con,
        file_format=file_format,
        merged=merged,
        notes=notes,
    )
