"""The two tables as a whole: columns, scope, missing reference data."""

from __future__ import annotations

from typing import Any

from comptroller.checks.facts import fact_columns, slice_fact_columns


def test_every_declared_column_is_there_with_its_type(economy: Any) -> None:
    economy.line()
    facts = economy.build()
    for table, declared in (("checked", fact_columns()), ("slice_facts", slice_fact_columns())):
        found = {row[0]: row[1] for row in facts.con.execute(f"DESCRIBE {table}").fetchall()}
        for name, column in declared.items():
            assert found.get(name) == column.type, (table, name)


def test_no_table_of_the_workings_is_left(economy: Any) -> None:
    economy.line()
    facts = economy.build()
    left = facts.con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'facts%'"
    ).fetchall()
    assert left == []
