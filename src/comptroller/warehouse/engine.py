"""DuckDB connections, always with the same limits, and SQL quoting."""

from __future__ import annotations

import getpass
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

DEFAULT_MEMORY_LIMIT = "3GB"


def quote_identifier(name: str) -> str:
    """Return a name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(value: str) -> str:
    """Return a text value quoted for SQL."""
    return "'" + value.replace("'", "''") + "'"


def quote_literals(values: Iterable[str]) -> str:
    """Return text values quoted for SQL and parted by commas, as for ``IN``; '' for none."""
    return ", ".join(quote_literal(value) for value in values)


def present() -> datetime:
    """Return the present moment, UTC; ``COMPTROLLER_NOW`` (ISO) sets it for demonstrations."""
    given = os.environ.get("COMPTROLLER_NOW")
    if not given:
        return datetime.now(UTC)
    moment = datetime.fromisoformat(given)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def connect(
    *,
    memory_limit: str | None = None,
    threads: int | None = None,
    temp_directory: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB engine with bounded memory that never fetches an extension.

    Args:
        memory_limit: Most memory the engine may use before it spills, such as ``3GB``.
        threads: Worker threads; by default one per processor that this process may use.
        temp_directory: Where it spills; by default a folder of the system's for temporary files.
    """
    spill = temp_directory or Path(tempfile.gettempdir()) / f"comptroller-{getpass.getuser()}"
    spill.mkdir(mode=0o700, parents=True, exist_ok=True)
    con = duckdb.connect(":memory:")
    con.execute(f"SET memory_limit = {quote_literal(memory_limit or DEFAULT_MEMORY_LIMIT)}")
    con.execute(f"SET threads = {threads or processors()}")
    con.execute(f"SET temp_directory = {quote_literal(str(spill))}")
    con.execute("SET autoinstall_known_extensions = false")
    con.execute("SET autoload_known_extensions = true")
    con.execute("SET enable_progress_bar = false")
    con.execute("SET TimeZone = 'UTC'")
    # A file of the warehouse never changes under its name.
    con.execute("SET parquet_metadata_cache = true")
    avoid_optimizers(con)
    return con


def avoid_optimizers(con: duckdb.DuckDBPyConnection, *more: str) -> None:
    """Do without some of the engine's optimizers: one that breaks on ordered views, and others."""
    listed = ",".join(("late_materialization", *more))
    con.execute(f"SET disabled_optimizers = {quote_literal(listed)}")


def side_by_side(
    con: duckdb.DuckDBPyConnection,
    work: Callable[[duckdb.DuckDBPyConnection, _Item], _Result],
    items: Sequence[_Item],
) -> Iterator[_Result]:
    """Do the same work for several items at once; yield the results in the items' order.

    The engine plans a statement, and runs one over few rows, on a single thread: statements that
    do not depend on each other are handed to it together. Each is given a cursor of its own, which
    finds names where the connection does, but does not see its temporary tables and views.

    Raises:
        Exception: Whatever the work of the first failing item raised.
    """
    threads = min(processors(), len(items))
    if threads < 2:
        yield from (work(con, item) for item in items)
        return
    path = _search_path(con)
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(lambda item: work(_cursor(con, path), item), items)


def cursors(con: duckdb.DuckDBPyConnection, count: int) -> list[duckdb.DuckDBPyConnection]:
    """Return cursors that find names where the connection does, to work side by side later.

    They do not see its temporary tables and views.
    """
    path = _search_path(con)
    return [_cursor(con, path) for _ in range(count)]


def _search_path(con: duckdb.DuckDBPyConnection) -> str:
    row = con.execute("SELECT current_setting('search_path')").fetchone()
    return str(row[0]) if row else ""


def _cursor(con: duckdb.DuckDBPyConnection, path: str) -> duckdb.DuckDBPyConnection:
    cursor = con.cursor()
    if path:
        cursor.execute(f"SET search_path = {quote_literal(path)}")
    return cursor


def register(con: duckdb.DuckDBPyConnection, name: str, data: pa.Table) -> None:
    """Make an Arrow table readable under a name.

    A result of which one row was fetched stays open, and the engine refuses to register anything
    then; it is ended here.
    """
    con.execute("SELECT NULL").fetchall()
    con.register(name, data)
