"""Build the starter pack from the public files: ``python -m comptroller.reference.build_pack DIR``.

``DIR`` is the folder of public data (default ``../shared/data``). Only sources whose licence allows
shipping are read; ``pack_sources`` names each. The result depends on the sources alone: built
twice, the files hold the same rows in the same order.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import duckdb
import pyarrow as pa

from comptroller.errors import ComptrollerError
from comptroller.reference import pack_sql
from comptroller.reference.asking import count_of, first_row
from comptroller.reference.pack_sources import SOURCES
from comptroller.reference.tables import REFERENCE_TABLES
from comptroller.reference.views import pack_folder
from comptroller.vocabulary import code_list
from comptroller.warehouse import connect, quote_identifier, quote_literal, register


def build(data: Path, target: Path) -> dict[str, int]:
    """Write one Parquet file per table of the pack, and ``manifest.json`` with their rows.

    Args:
        data: Folder of public data.
        target: Folder that gets the files.

    Returns:
        Table name to rows.

    Raises:
        ComptrollerError: A source is missing or has not the rows that were attributed.
    """
    con = connect(memory_limit="1GB")
    _check_sources(data)
    _read_sources(con, data)
    for statement in pack_sql.STATEMENTS:
        con.execute(statement)
    _code_sets(con, data)
    target.mkdir(parents=True, exist_ok=True)
    rows = {}
    for name in pack_sql.PACK_TABLES:
        rows[name] = _write(con, name, target / f"{name}.parquet")
    text = json.dumps({"rows": rows}, indent=2, sort_keys=True) + "\n"
    (target / "manifest.json").write_text(text, encoding="utf-8")
    return rows


def _check_sources(data: Path) -> None:
    for source in SOURCES:
        path = data / source.file
        if not path.exists():
            raise ComptrollerError(
                "a source of the starter pack is missing",
                where=str(path),
                remedy="Name the folder of public data",
            )
        found = _rows_of(path)
        if found != source.rows:
            raise ComptrollerError(
                f"the source has {found} rows, but {source.rows} are attributed",
                where=str(path),
                remedy="Look at what changed, then correct pack_sources.py",
            )


def _rows_of(path: Path) -> int:
    if path.suffix == ".json":
        return len(_hrgs(path))
    raw = path.read_bytes()
    text = gzip.decompress(raw).decode() if path.suffix == ".gz" else raw.decode("utf-8-sig")
    lines = [line for line in text.splitlines() if line.strip()]
    headless = path.name.startswith("ods_")
    return len(lines) - (0 if headless else 1)


def _read_sources(con: duckdb.DuckDBPyConnection, data: Path) -> None:
    for name, (file, headless) in pack_sql.READ.items():
        path = quote_literal(str(data / file))
        header = "header = false" if headless else "header = true"
        con.execute(
            f"CREATE TEMP TABLE {name} AS SELECT * FROM read_csv({path}, "
            f"all_varchar = true, {header}, delim = ',', quote = '\"')"
        )


def _hrgs(path: Path) -> list[tuple[str, str, str, str, str, str]]:
    """Return code, name, chapter code and name, sub-chapter code and name of every HRG."""
    found = []
    chapters = json.loads(path.read_text(encoding="utf-8"))
    for letter, chapter in chapters.items():
        for second, subchapter in chapter["subchapters"].items():
            for code, name in subchapter["hrgs"].items():
                found.append(
                    (
                        code,
                        name,
                        letter,
                        chapter["description"],
                        letter + second,
                        subchapter["description"],
                    )
                )
    return sorted(found)


def _code_sets(con: duckdb.DuckDBPyConnection, data: Path) -> None:
    hrgs = _hrgs(data / "reference/hrg4plus_chapters_subchapters_hrgs.json")
    names = ("code", "name", "chapter_code", "chapter", "subchapter_code", "subchapter")
    columns = zip(names, zip(*hrgs, strict=True), strict=True)
    _register(con, "named_hrgs", {name: list(values) for name, values in columns})
    con.execute(
        """
        CREATE TEMP TABLE hrgs AS
        SELECT *, CAST(NULL AS VARCHAR) AS extra FROM named_hrgs
        UNION ALL BY NAME
        SELECT hrg_code AS code, 'HRG accepted in 2026/27 activity plans; name not in the sources'
               AS name, left(hrg_code, 1) AS chapter_code, left(hrg_code, 2) AS subchapter_code
        FROM iap_hrgs WHERE hrg_code NOT IN (SELECT code FROM named_hrgs)
        """
    )
    pods = list(code_list("point_of_delivery").rows.values())
    _register(
        con,
        "points_of_delivery",
        {
            "code": [pod.code for pod in pods],
            "name": [pod.name for pod in pods],
            "pod_group": [pod.attributes["group"] for pod in pods],
            **{
                key: [pod.attributes[key] for pod in pods]
                for key in ("measure", "setting", "currency", "non_activity")
            },
        },
    )
    functions = list(code_list("treatment_function").rows.values())
    _register(
        con,
        "treatment_functions",
        {
            "code": [function.code for function in functions],
            "name": [function.name for function in functions],
            "paediatric": [function.attributes["paediatric"] for function in functions],
        },
    )


def _register(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, list[str]]) -> None:
    data = {key: pa.array(values, pa.string()) for key, values in columns.items()}
    register(con, f"{name}_arrow", pa.table(data))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM {name}_arrow")


def _write(con: duckdb.DuckDBPyConnection, name: str, path: Path) -> int:
    """Write a table of the pack with every declared column, ordered by its key."""
    table = REFERENCE_TABLES[name]
    given = {row[0] for row in con.execute(f"DESCRIBE {name}").fetchall()}
    listed = ", ".join(
        f"CAST({quote_identifier(c.name) if c.name in given else 'NULL'} AS {c.duckdb_type}) "
        f"AS {quote_identifier(c.name)}"
        for c in table.stored
    )
    extra = "extra" if "extra" in given else "CAST(NULL AS VARCHAR) AS extra"
    keys = ", ".join(quote_identifier(key) for key in table.key)
    con.execute(f"CREATE TEMP TABLE {name}_pack AS SELECT {listed}, {extra} FROM {name}")
    doubled = first_row(
        con,
        f"SELECT {keys} FROM {name}_pack GROUP BY {keys} HAVING count(*) > 1 ORDER BY ALL LIMIT 1",
    )
    if doubled:
        raise ComptrollerError(f"the pack would have {doubled} twice", where=name)
    con.execute(
        f"COPY (SELECT * FROM {name}_pack ORDER BY {keys}) "
        f"TO {quote_literal(str(path))} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 15)"
    )
    return count_of(con, f"SELECT count(*) FROM {name}")


def main() -> None:
    """Build the pack into the package, from the folder named as first argument."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("../shared/data")
    try:
        rows = build(data, pack_folder())
    except ComptrollerError as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(1)
    for name, count in rows.items():
        sys.stdout.write(f"{name}: {count:,} rows\n")


if __name__ == "__main__":
    main()
