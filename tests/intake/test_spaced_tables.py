"""Empty columns and rows, and labels between the rows, change neither lines nor pounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from comptroller.workspace import Workspace
from tests.intake.layout_files import write_csv
from tests.intake.test_local_layouts import lines, one
from tests.intake.test_months_across import ties
from tests.intake.test_tables_beside import cost, table

COUNT = 24


def with_empty_columns(rows: list[list[Any]]) -> list[list[Any]]:
    return [["", *row[:2], "", *row[2:5], "", "", *row[5:]] for row in rows]


def with_empty_rows(rows: list[list[Any]]) -> list[list[Any]]:
    made: list[list[Any]] = [["Northdale Hospitals"], [], rows[0], []]
    for number, row in enumerate(rows[1:]):
        made += [row, []] if number % 5 == 4 else [row]
    return made


def with_labels_between(rows: list[list[Any]]) -> list[list[Any]]:
    made = [rows[0]]
    for number, row in enumerate(rows[1:]):
        if number % 6 == 0:
            made.append([f"Elective care, group {'ABCD'[number // 6]}"])
        made.append(row)
    return made


@pytest.mark.parametrize(
    ("change", "aside"),
    [(with_empty_columns, 1), (with_empty_rows, 8), (with_labels_between, 5)],
    ids=["columns", "rows", "labels"],
)
def test_what_stands_between_is_set_aside(
    workspace: Workspace, tmp_path: Path, change: Any, aside: int
) -> None:
    rows = change(table(COUNT, "QX1", "EL"))
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert told["status"] == "promoted", told["messages"]
    assert (told["rows_loaded"], told["rows_set_aside"]) == (COUNT, aside)
    assert (told["rows_quarantined"], told["cost_loaded"]) == (0, cost(COUNT))
    assert lines(workspace, "count(*), sum(activity_cost)") == [(COUNT, cost(COUNT))]
    assert ties(workspace)


def test_all_of_them_together(workspace: Workspace, tmp_path: Path) -> None:
    rows = with_empty_columns(with_labels_between(table(COUNT, "QX1", "EL")))
    rows = [row if row else [""] for row in with_empty_rows(rows)]
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert told["status"] == "promoted", told["messages"]
    assert (told["rows_loaded"], told["cost_loaded"]) == (COUNT, cost(COUNT))
    assert ties(workspace)
