"""One small economy, built once for all tests of this room."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from comptroller.demo import Economy, build_economy

LINES = 3_000
# Whose patient-level files, or which of them in some month, are not in the national layout.
IN_OWN_WORDS = ("ZN4", "ZN7", "ZNA", "ZNB", "ZPX01", "ZPX02")
SEED = 11


@pytest.fixture(scope="session")
def economy(tmp_path_factory: pytest.TempPathFactory) -> Economy:
    return build_economy(tmp_path_factory.mktemp("economy"), lines=LINES, seed=SEED)


@pytest.fixture(scope="session")
def files(economy: Economy) -> duckdb.DuckDBPyConnection:
    """The national files of the year as views acm, plcm, drugs, devices, sus and key."""
    con = duckdb.connect()
    for name, pattern in (
        ("acm", "*_ACM_*"),
        ("plcm", "*_PLCM_*"),
        ("drugs", "*_DrPLCM_*"),
        ("devices", "*_DePLCM_*"),
        ("sus", "SUS_*"),
    ):
        con.execute(
            f"CREATE TABLE {name} AS SELECT *, parse_filename(filename) AS file,"
            " CAST(regexp_extract(filename, '_M(\\d+)\\.', 1) AS INTEGER) AS round"
            f" FROM read_csv('{economy.directory}/deliveries/*/{pattern}.csv',"
            " union_by_name = true, all_varchar = true, filename = true)"
        )
    con.execute(
        f"CREATE TABLE key AS FROM read_csv('{economy.directory}/answer_key.csv',"
        " all_varchar = true, nullstr = '')"
    )
    return con


def round_of(day: Path) -> int:
    """Return the round whose files came on a day, of late ones their own."""
    return min(int(path.stem.rsplit("_M", 1)[1]) for path in day.iterdir())


def folder_of(economy: Economy, number: int) -> Path:
    return economy.deliveries[number - 1]
