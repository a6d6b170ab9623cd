"""Work handed to the engine side by side: in order, finding what the connection finds."""

from __future__ import annotations

import duckdb
import pytest

from comptroller.warehouse import connect, side_by_side


def _count(cursor: duckdb.DuckDBPyConnection, least: int) -> int:
    row = cursor.execute("SELECT count(*) FROM numbers WHERE n >= ?", [least]).fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize("items", [[], [7], [0, 9, 5, 3, 10]])
def test_results_come_in_the_order_of_the_items(items: list[int]) -> None:
    con = connect()
    con.execute("CREATE TABLE numbers AS SELECT range AS n FROM range(10)")
    assert list(side_by_side(con, _count, items)) == [10 - item for item in items]


def test_names_are_found_where_the_connection_finds_them() -> None:
    con = connect()
    con.execute("ATTACH ':memory:' AS elsewhere")
    con.execute("USE elsewhere")
    con.execute("CREATE TABLE numbers AS SELECT range AS n FROM range(10)")
    assert list(side_by_side(con, _count, [0, 5])) == [10, 5]


def test_what_one_item_raises_is_raised() -> None:
    con = connect()
    with pytest.raises(duckdb.CatalogException):
        list(side_by_side(con, _count, [1, 2]))
