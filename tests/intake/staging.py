"""Run the normalising of rows on a connection alone, without a workspace."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from comptroller.intake.normalise import Pool, create_units, normalise, statements
from comptroller.intake.profile import UnitProfile, profile
from comptroller.intake.source import MappedColumn
from comptroller.vocabulary import data_set
from comptroller.warehouse import connect

KEY = b"k" * 32


def stage(
    headers: Sequence[str], rows: Sequence[Sequence[object]], identifier: str = "PLCM"
) -> tuple[duckdb.DuckDBPyConnection, UnitProfile]:
    """Normalise rows under national headers; the connection has ``staged``."""
    con = connect(memory_limit="500MB", threads=1)
    chosen = data_set(identifier)
    columns = []
    for index, header in enumerate(headers):
        element = chosen.match_header(header)
        assert element is not None, header
        columns.append(MappedColumn(index, header, element.name, 1.0, "national name"))
    cells = ", ".join(f"c{index} VARCHAR" for index in range(len(headers)))
    con.execute(f"CREATE TEMP TABLE pool (unit INTEGER, row BIGINT, {cells})")
    marks = ", ".join("?" for _ in range(len(headers) + 2))
    texts = [[None if cell is None else str(cell) for cell in row] for row in rows]
    if texts:
        con.executemany(
            f"INSERT INTO pool VALUES ({marks})",
            [[0, number, *row] for number, row in enumerate(texts, start=2)],
        )
    pool = Pool("pool", tuple(columns), identifier, (0,), {0: {}})
    profiles = profile(con, "pool", columns, [0])
    made = statements([pool], profiles, KEY)
    create_units(con)
    con.execute(
        "INSERT INTO units BY NAME SELECT 0 AS unit, ? AS data_set, false AS tokens, "
        "'unnamed' AS key_domain, 's1' AS submission_id",
        [identifier],
    )
    normalise(con, made, {})
    return con, profiles[0]
