"""The workspace's rows overlay the starter pack by the thing they describe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from comptroller import reference
from comptroller.reference.tables import REFERENCE_TABLES
from comptroller.workspace import Workspace

Write = Callable[[str, str], Path]
Ask = Callable[[str], list[tuple[Any, ...]]]


def test_every_view_is_there_with_its_columns_in_an_empty_workspace(ws: Workspace) -> None:
    con = ws.connect()
    reference.create_reference_views(con, ws.warehouse)
    for table in REFERENCE_TABLES.values():
        described = con.execute(f"DESCRIBE {table.name}").fetchall()
        wanted = {column.name: column.duckdb_type for column in table.stored}
        assert {row[0]: row[1] for row in described} == {
            **wanted,
            "extra": "VARCHAR",
            "source_file": "VARCHAR",
            "loaded_at": "TIMESTAMP",
        }


def test_a_row_of_the_workspace_hides_all_the_pack_says_of_that_practice(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    before = ask("SELECT count(*) FROM practices")[0][0]
    path = write("practices.csv", "practice_code,commissioner_code,pcn_code\nA81001,00L,UZZ\n")
    reference.load(ws, [path])
    assert ask(
        "SELECT commissioner_code, pcn_code, source_file FROM practices "
        "WHERE practice_code = 'A81001'"
    ) == [("00L", "UZZ", "practices.csv")]
    assert ask("SELECT count(*) FROM practices")[0][0] == before
    assert ask("SELECT source_file FROM practices WHERE practice_code = 'A81002'") == [
        ("starter pack",)
    ]


def test_a_practice_row_ends_when_its_next_row_begins(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    head = "practice_code,commissioner_code,from_date,to_date\n"
    reference.load(ws, [write("practices.csv", head + "YP1,ZZ1,2013-04-01,\n")])
    reference.load(ws, [write("practices_2.csv", head + "YP1,ZZ2,2026-04-01,\n")])
    assert ask(
        "SELECT commissioner_code, CAST(to_date AS VARCHAR) FROM practices "
        "WHERE practice_code = 'YP1' ORDER BY from_date"
    ) == [("ZZ1", "2026-03-31"), ("ZZ2", None)]


def test_the_plan_takes_year_and_commissioner_from_its_contract(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    contracts = write(
        "contracts.csv",
        "contract_id,provider_code,commissioner_code,financial_year\n"
        "C1,XX1,ZZ1,2026/27\nC2,XX1,ZZ1,2026/27\nC2,XX1,ZZ2,2026/27\n",
    )
    plan = write(
        "plan.csv",
        "contract_id,month,pod_code,planned_activity,planned_cost\nC1,1,EL,1,10\nC2,M02,EL,2,20\n",
    )
    reference.load(ws, [plan, contracts])
    assert ask(
        "SELECT contract_id, financial_year, commissioner_code, month FROM plan ORDER BY 1"
    ) == [("C1", "2026/27", "ZZ1", 1), ("C2", "2026/27", None, 2)]
