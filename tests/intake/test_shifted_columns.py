"""A file in which values stand beside their headings is held with the row where it begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from comptroller.workspace import Workspace
from tests.intake.layout_files import national_plcm, plcm_row, write_csv
from tests.intake.test_local_layouts import lines, one
from tests.intake.test_months_across import bare, pounds, ties

HEAD = ["Provider", "Commissioner", "Financial Year", "Month", "POD", "HRG", "HRG Description",
        "Activity", "Unit Price", "Actual Cost"]  # fmt: skip


def rows(count: int = 60) -> list[list[Any]]:
    return [
        ["RX1", "QX1", "2026/27", n % 4 + 1, ("EL", "DC")[n % 2], "HN22A", "Major hip procedures",
         2, pounds(n, 0), 2 * pounds(n, 0)]
        for n in range(count)
    ]  # fmt: skip


def why_held(workspace: Workspace, path: Path) -> tuple[str, int | None]:
    told = one(workspace, path).to_json()
    assert (told["status"], told["rows_loaded"]) == ("held", 0), told["messages"]
    assert lines(workspace, "1") == []
    assert ties(workspace)
    (found,) = [m for m in told["messages"] if "one column to the" in m["text"]]
    return found["text"], found["row"]


@pytest.mark.parametrize("first", [20, 30, 58])
def test_a_comma_without_quotes_from_some_row_on(
    workspace: Workspace, tmp_path: Path, first: int
) -> None:
    made = rows()
    for row in made[first:]:
        row[6:7] = ["Major hip procedures", " category 1"]
    at = first + 2
    text, row_told = why_held(workspace, write_csv(tmp_path / "slam.csv", [HEAD, *made]))
    assert row_told == at
    assert f"from row {at} on, values stand one column to the right of their headings" in text
    assert "'Activity' does not hold what the heading says" in text
    assert "'Activity', 'Unit Price', 'Actual Cost'" in text


def test_one_row_is_enough(workspace: Workspace, tmp_path: Path) -> None:
    made = rows()
    made[40][6:7] = ["Major hip procedures", " category 1"]
    text, row_told = why_held(workspace, write_csv(tmp_path / "slam.csv", [HEAD, *made]))
    assert row_told == 42
    assert "in 1 row, row 42, values stand" in text


def test_a_cell_left_out_from_some_row_on(workspace: Workspace, tmp_path: Path) -> None:
    made = rows()
    for row in made[35:]:
        del row[4]
        row.append("")
    text, row_told = why_held(workspace, write_csv(tmp_path / "slam.csv", [HEAD, *made]))
    assert row_told == 37
    assert "one column to the left of their headings" in text


def test_a_national_file_is_looked_at_too(workspace: Workspace, tmp_path: Path) -> None:
    made = [plcm_row(number) for number in range(50)]
    for row in made[25:]:
        row.insert(6, "again")
    _, row_told = why_held(workspace, national_plcm(tmp_path / "plcm.csv", made))
    assert row_told == 27


def test_months_across_that_shift_are_held(workspace: Workspace, tmp_path: Path) -> None:
    made = [row[:16] for row in bare(rows=40, reported=12)]
    for row in made[25:]:
        row.insert(3, "or so")
    _, row_told = why_held(workspace, write_csv(tmp_path / "RX1 2026-27.csv", made))
    assert row_told == 26


@pytest.mark.parametrize("column", [5, 7, 8, 9])
@pytest.mark.parametrize("word", ["see note", ""])
def test_a_word_where_a_figure_should_be_is_no_shift(
    workspace: Workspace, tmp_path: Path, column: int, word: str
) -> None:
    made = rows()
    made[30][column] = word
    told = one(workspace, write_csv(tmp_path / "slam.csv", [HEAD, *made])).to_json()
    assert told["status"] == "promoted", told["messages"]


def test_a_comment_behind_the_last_heading_is_no_shift(
    workspace: Workspace, tmp_path: Path
) -> None:
    made = [[*row, "checked" if n == 30 else ""] for n, row in enumerate(rows())]
    told = one(workspace, write_csv(tmp_path / "slam.csv", [HEAD, *made])).to_json()
    assert told["status"] == "promoted", told["messages"]
