"""Rows are seen together or not at all, once, whatever kills the writer."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from comptroller.warehouse import MONEY, Table, Warehouse, connect, registry

THINGS = Table(
    "things",
    {"kind": "VARCHAR", "cost": MONEY, "on_date": "DATE"},
    partition_by=("kind",),
    sort_by=("on_date",),
)
OTHERS = Table("others", {"name": "VARCHAR"})
WIDE = Table(
    "wide",
    {"kind": "VARCHAR"}
    | {f"code_{number}": "VARCHAR" for number in range(40)}
    | {"cost": MONEY, "on_date": "DATE"},
    partition_by=("kind",),
)

WRITER = """
    import sys
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from test_commit_protocol import THINGS, OTHERS, declare
    from comptroller.warehouse import Warehouse, connect
    declare()
    with Warehouse(Path({root!r})).commit("load", "one") as commit:
        commit.append_query(connect(), "things", "SELECT 'a/b' AS kind, 1.5 AS cost FROM range(3)")
        commit.append_rows("others", [{{"name": "x"}}])
"""


def declare() -> None:
    """Declare this test's tables beside the product's."""
    tables = {**registry.declared_tables(), "things": THINGS, "others": OTHERS}
    for module in (registry, sys.modules["comptroller.warehouse.store"]):
        module.declared_table = tables.__getitem__  # type: ignore[attr-defined]


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    tables = {**registry.declared_tables(), "things": THINGS, "others": OTHERS, "wide": WIDE}
    monkeypatch.setattr("comptroller.warehouse.store.declared_table", tables.__getitem__)
    return Warehouse(tmp_path / "warehouse")


def rows(warehouse: Warehouse, table: str) -> list[tuple[object, ...]]:
    con = connect()
    warehouse.relation(con, table)
    return con.execute(f"SELECT * EXCLUDE (commit_id) FROM {table} ORDER BY ALL").fetchall()


def write_one(root: Path, **environment: str) -> int:
    script = textwrap.dedent(WRITER.format(tests=str(Path(__file__).parent), root=str(root)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    return subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode


def test_rows_keep_their_type_and_value(warehouse: Warehouse) -> None:
    day = date(2026, 2, 28)
    with warehouse.commit("load", "one") as commit:
        commit.append_rows(
            "things",
            [
                {"kind": "2025/26", "cost": Decimal("123456789012345678.12345678"), "on_date": day},
                {"kind": "plain", "cost": None},
            ],
        )
    assert rows(warehouse, "things") == [
        ("2025/26", Decimal("123456789012345678.12345678"), day),
        ("plain", None, None),
    ]


def test_a_failed_block_leaves_nothing_to_see(warehouse: Warehouse) -> None:
    with pytest.raises(KeyError), warehouse.commit("load", "one") as commit:
        commit.append_rows("others", [{"name": "x"}])
        raise KeyError
    assert rows(warehouse, "others") == []
    assert warehouse.commits() == []


def test_the_same_commit_again_changes_nothing(warehouse: Warehouse) -> None:
    for _ in range(2):
        with warehouse.commit("load", "one") as commit:
            commit.append_rows("others", [{"name": "x"}])
    assert rows(warehouse, "others") == [("x",)]
    assert [row[:2] for row in warehouse.commits()] == [("load:one", "load")]


def test_two_appends_to_one_table_in_one_commit(warehouse: Warehouse) -> None:
    with warehouse.commit("load", "one") as commit:
        commit.append_rows("others", [{"name": "x"}])
        commit.append_rows("others", [{"name": "y"}])
    assert rows(warehouse, "others") == [("x",), ("y",)]


def test_partitions_open_fewer_files(warehouse: Warehouse) -> None:
    with warehouse.commit("load", "one") as commit:
        commit.append_rows("things", [{"kind": "a"}, {"kind": "b"}])
    con = connect()
    warehouse.relation(con, "things", partitions={"kind": ["b"]})
    assert con.execute("SELECT kind FROM things").fetchall() == [("b",)]


def test_an_undeclared_column_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(ValueError, match="colour"), warehouse.commit("load", "one") as commit:
        commit.append_rows("others", [{"colour": "x"}])


def test_a_column_added_by_a_later_release_is_empty_in_older_rows(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warehouse.commit("load", "one") as commit:
        commit.append_rows("others", [{"name": "x"}])
    newer = Table("others", {"name": "VARCHAR", "cost": MONEY})
    tables = {**registry.declared_tables(), "others": newer}
    monkeypatch.setattr("comptroller.warehouse.store.declared_table", tables.__getitem__)
    assert warehouse.missing_columns(newer) == ["cost"]
    warehouse.add_missing_columns(newer)
    with warehouse.commit("load", "two") as commit:
        commit.append_rows("others", [{"name": "y", "cost": Decimal(2)}])
    assert warehouse.missing_columns(newer) == []
    assert rows(warehouse, "others") == [("x", None), ("y", Decimal(2))]


@pytest.mark.slow
def test_killed_at_every_failpoint_leaves_before_or_after(tmp_path: Path) -> None:
    log = tmp_path / "failpoints"
    assert write_one(tmp_path / "unharmed", COMPTROLLER_FAILPOINT_LOG=str(log)) == 0
    names = list(dict.fromkeys(log.read_text().split()))
    assert {"load.after_things", "load.before_commit", "load.after_commit"} <= set(names)
    for number, name in enumerate(names):
        root = tmp_path / f"killed-{number}"
        assert write_one(root, COMPTROLLER_FAILPOINT=name) == -9, name
        assert count(root) in ((0, 0), (3, 1)), name
        assert write_one(root) == 0
        assert count(root) == (3, 1), name


def count(root: Path) -> tuple[int, int]:
    warehouse, con = Warehouse(root), connect()
    declare()
    warehouse.view(con, "things", "others")
    row = con.execute("SELECT (SELECT count(*) FROM things), (SELECT count(*) FROM others)")
    return row.fetchall()[0]


def test_columns_that_some_or_all_files_lack_are_null(warehouse: Warehouse) -> None:
    con = connect()

    def write(name: str, sql: str) -> None:
        with warehouse.commit("load", name) as commit:
            commit.append_query(con, "wide", sql)

    def found(**partitions: list[str]) -> list[tuple[object, ...]]:
        warehouse.relation(con, "wide", partitions=partitions)
        return con.execute(
            "SELECT kind, code_7, code_39, cost, on_date FROM wide ORDER BY ALL"
        ).fetchall()

    write("one", "SELECT 'a' AS kind")
    assert found() == [("a", None, None, None, None)]
    write("two", "SELECT 'a' AS kind, 1.5 AS cost, 'x' AS code_39")
    write("three", "SELECT 'b' AS kind, DATE '2026-04-01' AS on_date, 'y' AS code_7")
    of_a = [("a", None, "x", Decimal("1.50"), None), ("a", None, None, None, None)]
    assert found() == [*of_a, ("b", "y", None, None, date(2026, 4, 1))]
    assert found(kind=["a"]) == of_a
