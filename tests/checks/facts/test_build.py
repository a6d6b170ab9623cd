"""The two tables as a whole: columns, scope, missing reference data."""

from __future__ import annotations

from typing import Any

import pytest

from comptroller.checks.facts import assemble, fact_columns, slice_fact_columns


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


def test_lines_joined_in_portions_have_the_same_facts(
    economy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        economy.line(local_patient_identifier=f"H{number % 4}")
    economy.line(data_set="SUS_APC")
    query = "SELECT * FROM checked ORDER BY line_id"
    whole = economy.build().con.execute(query).fetchall()
    monkeypatch.setattr(assemble, "LINES_AT_ONCE", 3)
    assert economy.build().con.execute(query).fetchall() == whole
    assert len(whole) == 10
