"""What reference data there are: by table, from the pack and loaded; rows to look at; templates."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from comptroller.errors import UsageError
from comptroller.reference.asking import first_row
from comptroller.reference.pack_sources import SOURCES
from comptroller.reference.tables import REFERENCE_TABLES
from comptroller.reference.views import create_reference_views, pack_file
from comptroller.warehouse import quote_identifier, quote_literal
from comptroller.workspace import Workspace

DERIVED = ("legal_payers", "current_providers", "practice_payers")

_PERIODS = (
    ("from_date", "to_date"),
    ("open_date", "close_date"),
    ("valid_from", "valid_to"),
    ("period_from", "period_to"),
)


@dataclass(frozen=True)
class TableState:
    """How much a workspace knows of one reference table.

    Args:
        table: Name of the table.
        rows: Rows that count, workspace and pack together.
        rows_of_pack: Rows that the starter pack ships, hidden ones too.
        rows_loaded: Rows of the workspace that count.
        files: Files loaded, oldest first.
        last_loaded: Day of the latest load.
        pack_years: Years of the pack's sources.
    """

    table: str
    rows: int
    rows_of_pack: int
    rows_loaded: int
    files: str
    last_loaded: date | None
    pack_years: str


def states(ws: Workspace) -> list[TableState]:
    """Return the state of every reference table, in the order of the design."""
    con = ws.connect()
    create_reference_views(con, ws.warehouse)
    found = []
    for table in REFERENCE_TABLES.values():
        counted = first_row(
            con,
            "SELECT count(*), count(*) FILTER (source_file <> 'starter pack') "
            f"FROM {quote_identifier(table.name)}",
        )
        rows, loaded = counted if counted else (0, 0)
        names = first_row(
            con,
            "SELECT string_agg(source_file, ', ' ORDER BY load_number), "
            "CAST(max(loaded_at) AS DATE) FROM reference_loads WHERE table_name = ?",
            [table.name],
        )
        files, last = names if names else ("", None)
        years = sorted({source.year for source in SOURCES if table.name in source.tables})
        found.append(
            TableState(
                table.name, rows, _pack_rows(con, table.name), loaded, files or "", last,
                ", ".join(years),
            )
        )  # fmt: skip
    return found


def _pack_rows(con: duckdb.DuckDBPyConnection, name: str) -> int:
    path = pack_file(REFERENCE_TABLES[name])
    if path is None:
        return 0
    row = first_row(con, f"SELECT count(*) FROM read_parquet({quote_literal(str(path))})")
    return int(row[0]) if row else 0


def rows_of(
    ws: Workspace, name: str, *, code: str = "", on: date | None = None, limit: int = 0
) -> tuple[list[str], list[tuple[Any, ...]], int]:
    """Return the columns and rows of a reference table or derived view, in the order of its key.

    Args:
        ws: The workspace.
        name: A reference table, ``legal_payers``, ``current_providers`` or ``practice_payers``.
        code: Only rows that name this code in their key.
        on: Only rows that hold on this day.
        limit: Most rows returned; 0 for all.

    Returns:
        Columns (those without any value left out), rows, and how many rows there are in all.

    Raises:
        UsageError: There is no such table.
    """
    if name not in REFERENCE_TABLES and name not in DERIVED:
        raise UsageError(
            f"there is no reference table {name}",
            remedy=f"There are: {', '.join([*REFERENCE_TABLES, *DERIVED])}",
        )
    con = ws.connect()
    create_reference_views(con, ws.warehouse)
    described = con.execute(f"DESCRIBE {quote_identifier(name)}").fetchall()
    columns = {str(row[0]): str(row[1]) for row in described}
    conditions, values = _conditions(name, columns, code, on)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    source = f"FROM {quote_identifier(name)}{where}"
    counted = first_row(con, f"SELECT count(*) {source}", values)
    order = ", ".join(quote_identifier(key) for key in _key(name))
    most = f" LIMIT {limit}" if limit else ""
    rows = con.execute(f"SELECT * {source} ORDER BY {order}{most}", values).fetchall()
    kept = [
        index
        for index, column in enumerate(columns)
        if index < 2 or any(row[index] is not None for row in rows)
    ]
    names = list(columns)
    shown = [tuple(row[index] for index in kept) for row in rows]
    return [names[index] for index in kept], shown, int(counted[0]) if counted else 0


def _key(name: str) -> tuple[str, ...]:
    if name in REFERENCE_TABLES:
        return REFERENCE_TABLES[name].key
    return ("practice_code" if name == "practice_payers" else "org_code", "from_date")


def _conditions(
    name: str, columns: dict[str, str], code: str, on: date | None
) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if code:
        texts = [key for key in _key(name) if columns[key] == "VARCHAR"]
        listed = ", ".join(quote_identifier(key) for key in texts)
        conditions.append(f"? IN ({listed})")
        values.append(code)
    if on is not None:
        held = [(first, last) for first, last in _PERIODS if {first, last} <= set(columns)]
        for first, last in held:
            conditions.append(f"({first} IS NULL OR {first} <= ?)")
            conditions.append(f"({last} IS NULL OR {last} >= ?)")
            values += [on, on]
        if name == "successions":
            conditions.append("date <= ?")
            values.append(on)
    return conditions, values


def write_templates(folder: Path) -> list[Path]:
    """Write an empty CSV with the right headers for every reference table; keep what is there.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in REFERENCE_TABLES.values():
        path = folder / f"{table.name}.csv"
        if path.exists():
            continue
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerow(c.name for c in table.columns)
        written.append(path)
    return written
