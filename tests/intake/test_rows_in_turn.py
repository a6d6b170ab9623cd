"""Rows of activity and of pounds in turn are one line; where nothing proves it, it is held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from comptroller.workspace import Workspace
from tests.intake.layout_files import write_csv
from tests.intake.test_local_layouts import lines, one
from tests.intake.test_months_across import LABELS, MONTHS, labels, pounds, ties

MEASURES = ("Activity", "Plan Cost", "Actual Cost")
NAME = "RX1 SLAM 2026-27.csv"


def across(measures: tuple[str, ...] = MEASURES, rows: int = 12) -> list[list[Any]]:
    """Return months across the columns, each row of labels once for each measure."""
    made: list[list[Any]] = [[*LABELS, "Measure", *MONTHS[:3], "YTD"]]
    for number in range(rows):
        for measure in measures:
            figures = [pounds(number, m) if "Cost" in measure else 3 + m for m in range(3)]
            made.append([*labels(number), measure, *figures, sum(figures)])
    return made


def down(measures: tuple[str, ...] = ("Activity", "Cost"), rows: int = 12) -> list[list[Any]]:
    """Return one row for each month and measure."""
    made: list[list[Any]] = [[*LABELS, "Month", "Measure", "Value"]]
    for number in range(rows):
        for measure in measures:
            figure = pounds(number, 0) if measure == "Cost" else 3 + number
            made.append([*labels(number), number % 3 + 1, measure, figure])
    return made


@pytest.mark.parametrize("written_once", [False, True])
def test_months_across_with_a_row_for_each_measure(
    workspace: Workspace, tmp_path: Path, written_once: bool
) -> None:
    rows = across()
    if written_once:
        rows = [
            row if not at or at % 3 == 1 else ["", "", "", "", *row[4:]]
            for at, row in enumerate(rows)
        ]
    told = one(workspace, write_csv(tmp_path / NAME, rows)).to_json()
    assert (told["status"], told["lines_loaded"]) == ("promoted", 36), told["messages"]
    assert (told["rows_read"], told["rows_loaded"], told["rows_set_aside"]) == (37, 12, 25)
    whole = sum(pounds(number, month) for number in range(12) for month in range(3))
    assert told["cost_loaded"] == told["cost_control"] == whole
    found = lines(workspace, '"row", month, pod_code, activity_count, activity_cost, planned_cost')
    first = [row for row in found if row[0] == 4]
    assert [row[1:] for row in first] == [
        (m + 1, "EL", 3 + m, pounds(0, m), pounds(0, m)) for m in range(3)
    ]
    assert ties(workspace)


def test_a_row_for_each_month_and_measure(workspace: Workspace, tmp_path: Path) -> None:
    told = one(workspace, write_csv(tmp_path / NAME, down())).to_json()
    assert (told["status"], told["lines_loaded"]) == ("promoted", 12), told["messages"]
    assert told["cost_loaded"] == sum(pounds(number, 0) for number in range(12))
    found = lines(workspace, "month, activity_count, activity_cost")
    assert sorted(found) == sorted((n % 3 + 1, 3 + n, pounds(n, 0)) for n in range(12))
    assert ties(workspace)


def test_a_grand_total_of_each_measure_controls_the_pounds(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = down()
    whole = sum(pounds(number, 0) for number in range(12))
    rows += [["Grand Total", *[""] * 4, "Activity", 102], ["Grand Total", *[""] * 4, "Cost", whole]]
    told = one(workspace, write_csv(tmp_path / NAME, rows)).to_json()
    assert (told["status"], told["cost_control"]) == ("promoted", whole), told["messages"]


def out_of_turn() -> list[list[Any]]:
    rows = down()
    return [rows[0], *rows[1::2], *rows[2::2]]


def one_row_gone() -> list[list[Any]]:
    rows = down()
    del rows[7]
    return rows


def another_label() -> list[list[Any]]:
    rows = down()
    rows[8][2] = "AE"
    return rows


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (out_of_turn(), "do not come in turn throughout, first in row 3"),
        (one_row_gone(), "do not come in turn throughout, first in row 8"),
        (another_label(), "rows of one turn differ in 'POD'"),
        (down(("Plan", "Actual")), "nothing says which of them are the actual pounds"),
    ],
)
def test_what_is_not_proved_is_held(
    workspace: Workspace, tmp_path: Path, rows: list[list[Any]], why: str
) -> None:
    told = one(workspace, write_csv(tmp_path / NAME, rows)).to_json()
    assert (told["status"], told["lines_loaded"]) == ("held", 0)
    texts = [message["text"] for message in told["messages"]]
    assert any("column F ('Measure')" in text and why in text for text in texts), texts


def test_kinds_of_activity_are_no_measures(workspace: Workspace, tmp_path: Path) -> None:
    rows: list[list[Any]] = [[*LABELS, "Month", "Currency", "Activity", "Actual Cost"]]
    for number in range(12):
        unit = ("Spells", "Attendances")[number % 2]
        rows.append([*labels(number), 1, unit, 2, pounds(number, 0)])
    told = one(workspace, write_csv(tmp_path / NAME, rows)).to_json()
    assert (told["status"], told["lines_loaded"]) == ("promoted", 12), told["messages"]
