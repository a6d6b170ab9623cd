"""Ask the engine for one row, and leave its connection free for the next question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb


def first_row(
    con: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any] = ()
) -> tuple[Any, ...] | None:
    """Return a query's first row, or None when it has none; the query should give few.

    Everything is fetched: a result left open would refuse the caller's next ``con.sql``.
    """
    rows = con.execute(sql, list(values)).fetchall()
    return rows[0] if rows else None


def count_of(con: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any] = ()) -> int:
    """Return the whole number that a query gives in its first column; 0 for NULL or no row."""
    row = first_row(con, sql, values)
    return int(row[0] or 0) if row else 0
