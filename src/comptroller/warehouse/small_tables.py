"""Small tables from Python rows, in one statement and not row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from comptroller.warehouse.engine import quote_identifier, register

_ARROW = {
    "VARCHAR": pa.string(),
    "INTEGER": pa.int32(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
}


def create_small_table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Create a temporary table from a few thousand rows.

    Args:
        con: The connection that gets it.
        name: Its name; an older one is replaced.
        columns: Column name to type: VARCHAR, INTEGER, BOOLEAN or DATE.
        rows: Values in the order of the columns.
    """
    listed = list(rows)
    arrays = [
        pa.array([row[place] for row in listed], _ARROW[kind])
        for place, kind in enumerate(columns.values())
    ]
    register(con, "small_table_rows", pa.table(arrays, names=list(columns)))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {quote_identifier(name)} AS SELECT * FROM small_table_rows"
    )
    con.unregister("small_table_rows")
