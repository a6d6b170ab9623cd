"""Views over reference data: the starter pack overlaid by what the workspace loaded."""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files
from pathlib import Path

import duckdb

from comptroller.reference.asking import first_row
from comptroller.reference.shapes import ReferenceTable
from comptroller.reference.tables import REFERENCE_TABLES
from comptroller.warehouse import Warehouse, quote_identifier, quote_literal

PACK_SOURCE = "starter pack"


def pack_folder() -> Path:
    """Return the folder of the starter pack inside the installed package."""
    return Path(str(files("comptroller.reference") / "pack"))


def pack_file(table: ReferenceTable) -> Path | None:
    """Return the starter pack's file of a table, or None when the pack has nothing on it."""
    path = pack_folder() / f"{table.name}.parquet"
    return path if path.exists() else None


def create_reference_views(
    con: duckdb.DuckDBPyConnection, wh: Warehouse, *, only: Collection[str] | None = None
) -> None:
    """Make one temporary view per reference table, named without prefix, and the derived ones.

    A view has the columns of its file, then ``extra`` (JSON text), ``source_file`` and
    ``loaded_at``. Whatever the workspace says about a thing (a practice, a code, a provider's
    year) hides what the starter pack says about it; among loads, the later load of a key wins.

    Derived: ``legal_payers(org_code, from_date, to_date, legal_payer, basis)``,
    ``current_providers(org_code, from_date, to_date, provider_code, basis)`` and
    ``practice_payers(practice_code, from_date, to_date, commissioner_code, legal_payer)``, all with
    closed intervals that never overlap for one code and no NULL dates.

    Args:
        con: The connection that gets the views.
        wh: The workspace's warehouse.
        only: Names of the few views wanted; by default all, with the derived ones.
    """
    from comptroller.reference.payers import create_payer_tables

    wh.relation(con, "reference_loads")
    counts = dict(
        con.execute(
            "SELECT table_name, count(*) FROM reference_loads GROUP BY table_name"
        ).fetchall()
    )
    tables = [t for t in REFERENCE_TABLES.values() if only is None or t.name in only]
    wh.view(con, *(table.warehouse_name for table in tables if counts.get(table.name)))
    for table in tables:
        _create_view(con, table, counts.get(table.name, 0))
    if only is None:
        create_payer_tables(con)


def has(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Tell whether a reference view has any row, from the pack or loaded."""
    if name not in REFERENCE_TABLES:
        raise KeyError(name)
    return first_row(con, f"SELECT 1 FROM {quote_identifier(name)} LIMIT 1") is not None


def _create_view(con: duckdb.DuckDBPyConnection, table: ReferenceTable, loads: int) -> None:
    columns = [*(column.name for column in table.stored), "extra", "source_file", "loaded_at"]
    listed = ", ".join(quote_identifier(column) for column in columns)
    pack = pack_file(table)
    parts = []
    if loads:
        parts.append(f"SELECT {listed} FROM {_winners(table, loads)} l")
    if pack:
        hidden = f" WHERE NOT EXISTS ({_same_thing(table)})" if loads else ""
        parts.append(f"SELECT {listed} FROM ({_pack_sql(table, pack)}) p{hidden}")
    if not parts:
        nulls = [
            f"CAST(NULL AS {column.duckdb_type}) AS {quote_identifier(column.name)}"
            for column in table.stored
        ]
        nulls += ["CAST(NULL AS VARCHAR) AS extra", "CAST(NULL AS VARCHAR) AS source_file"]
        nulls.append("CAST(NULL AS TIMESTAMP) AS loaded_at")
        parts.append(f"SELECT {', '.join(nulls)} WHERE false")
    sql = _finish(table, " UNION ALL ".join(parts))
    con.execute(f"CREATE OR REPLACE TEMP VIEW {quote_identifier(table.name)} AS {sql}")


def _winners(table: ReferenceTable, loads: int) -> str:
    """Return SQL for the loaded rows that count: of equal keys, the latest load's."""
    if loads == 1:
        # One load has each key once: no need to look for the latest.
        return table.warehouse_name
    keys = ", ".join(quote_identifier(key) for key in table.key)
    return (
        f"(SELECT * FROM {table.warehouse_name} QUALIFY row_number() OVER "
        f"(PARTITION BY {keys} ORDER BY load_number DESC, commit_id DESC) = 1)"
    )


def _same_thing(table: ReferenceTable) -> str:
    same = " AND ".join(
        f"o.{quote_identifier(column)} IS NOT DISTINCT FROM p.{quote_identifier(column)}"
        for column in table.overlay
    )
    return f"SELECT 1 FROM {table.warehouse_name} o WHERE {same}"


def _pack_sql(table: ReferenceTable, path: Path) -> str:
    stored = ", ".join(
        f"CAST({quote_identifier(column.name)} AS {column.duckdb_type}) "
        f"AS {quote_identifier(column.name)}"
        for column in table.stored
    )
    return (
        f"SELECT {stored}, extra, {quote_literal(PACK_SOURCE)} AS source_file, "
        f"CAST(NULL AS TIMESTAMP) AS loaded_at FROM read_parquet({quote_literal(str(path))})"
    )


def _finish(table: ReferenceTable, sql: str) -> str:
    """Return SQL that fills what other tables or rows decide."""
    if table.name == "practices":
        # A row without an end holds until the practice's next row begins.
        following = "lead(from_date) OVER (PARTITION BY practice_code ORDER BY from_date)"
        ends = f"least(to_date, {following} - 1)"
        return f"SELECT * REPLACE ({ends} AS to_date) FROM ({sql})"
    if table.name == "plan":
        only = (
            "(SELECT CASE WHEN count(DISTINCT c.{0}) = 1 THEN any_value(c.{0}) END "
            "FROM contracts c WHERE c.contract_id = p.contract_id)"
        )
        filled = ", ".join(
            f"coalesce(p.{column}, {only.format(column)}) AS {column}"
            for column in ("financial_year", "commissioner_code")
        )
        return f"SELECT p.* REPLACE ({filled}) FROM ({sql}) p"
    return sql
