"""A second table that says again what the first one says is not counted twice."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from comptroller.workspace import Workspace
from tests.intake.test_local_layouts import one
from tests.intake.test_months_across import pounds, ties

HEAD = ["Provider Code", "Commissioner Code", "Financial Year", "Month", "POD", "HRG", "Activity",
        "Cost"]  # fmt: skip
PODS = ("EL", "DC", "NEL")


def detail(count: int = 12, month: int = 1, first: int = 0) -> list[list[Any]]:
    return [
        ["RX1", "QX1", "2026/27", month, PODS[n % 3], f"AA2{n % 10}C", 1, float(pounds(n, 0))]
        for n in range(first, first + count)
    ]


def by_pod(rows: list[list[Any]]) -> dict[str, Decimal]:
    sums = dict.fromkeys(PODS, Decimal(0))
    for row in rows:
        sums[row[4]] += Decimal(str(row[-1]))
    return sums


def summary(rows: list[list[Any]], hrg: str | None = None) -> list[list[Any]]:
    return [
        ["RX1", "QX1", "2026/27", rows[0][3], pod, hrg, 4, float(cost)]
        for pod, cost in by_pod(rows).items()
    ]


def book(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    made = Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def total(rows: list[list[Any]]) -> Decimal:
    return sum((Decimal(str(row[-1])) for row in rows), Decimal(0))


def in_words(rows: list[list[Any]]) -> list[list[Any]]:
    """Write the summary as a person does: other headings, the month by its name."""
    words = {"EL": "Elective", "DC": "Day Case", "NEL": "Non-Elective"}
    head = ["Provider", "Commissioner", "Month", "Point of Delivery", "Activity", "Total Cost"]
    return [head, *([r[0], r[1], "Apr-26", words[r[4]], r[6], r[7]] for r in summary(rows))]


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("shape", ["same headings", "copy", "in words", "whole pounds"])
def test_a_summary_or_copy_is_set_aside(
    workspace: Workspace, tmp_path: Path, shape: str, place: str
) -> None:
    rows = detail()
    second = {
        "same headings": [HEAD, *summary(rows)],
        "copy": [HEAD, *rows],
        "in words": in_words(rows),
        "whole pounds": [HEAD, *([*r[:7], round(r[7])] for r in summary(rows))],
    }[shape]
    sheets = {"Data": [HEAD, *rows], "Other": second}
    if place == "before":
        sheets = dict(reversed(sheets.items()))
    told = one(workspace, book(tmp_path / "RX1.xlsx", sheets)).to_json()
    assert (told["status"], told["lines_loaded"]) == ("promoted", 12), told["messages"]
    assert told["cost_loaded"] == total(rows)
    assert abs(told["cost_control"] - total(rows)) <= (2 if shape == "whole pounds" else 0)
    assert [m for m in told["messages"] if m["severity"] == "warning" and "repeats" in m["text"]]
    assert ties(workspace)


def test_a_summary_of_several_sheets_is_set_aside(workspace: Workspace, tmp_path: Path) -> None:
    april, may = detail(), detail(9, month=2, first=20)
    both = [*summary(april), *summary(may)]
    sheets = {"All": [HEAD, *both], "Apr": [HEAD, *april], "May": [HEAD, *may]}
    told = one(workspace, book(tmp_path / "RX1.xlsx", sheets)).to_json()
    assert (told["status"], told["lines_loaded"]) == ("promoted", 21), told["messages"]
    assert told["cost_loaded"] == total(april) + total(may)
    assert ties(workspace)


@pytest.mark.parametrize(
    ("sheets", "said"),
    [
        # The same pounds in one row: arithmetic alone does not say what they are.
        ({"Data": detail(), "Sum": [[*detail(1)[0][:7], float(total(detail()))]]}, "same pounds"),
        # A summary of which one group was changed by hand.
        (
            {"Data": detail(), "Sum": [*summary(detail())[:2], [*summary(detail())[2][:7], 1]]},
            "same pounds in 2 of its 3 groups",
        ),
        # The ten dearest rows.
        ({"Data": detail(40), "Top": sorted(detail(40), key=lambda r: -r[-1])[:10]}, "all stand"),
    ],
)
def test_what_cannot_be_decided_is_held(
    workspace: Workspace, tmp_path: Path, sheets: dict[str, list[list[Any]]], said: str
) -> None:
    path = book(tmp_path / "RX1.xlsx", {name: [HEAD, *rows] for name, rows in sheets.items()})
    told = one(workspace, path).to_json()
    assert (told["status"], told["lines_loaded"]) == ("held", 0)
    assert any(said in m["text"] for m in told["messages"]), told["messages"]


def test_months_with_the_same_block_payment_all_count(workspace: Workspace, tmp_path: Path) -> None:
    months = {f"M{n}": [HEAD, *detail(6, month=n)] for n in (1, 2)}
    sites = {"North": [HEAD, *detail(9, 3)], "South": [HEAD, *detail(9, 3, first=50)]}
    told = one(workspace, book(tmp_path / "RX1.xlsx", months | sites)).to_json()
    assert (told["status"], told["lines_loaded"]) == ("promoted", 30), told["messages"]
    assert ties(workspace)


@pytest.mark.parametrize(
    "names", [("Actual", "Plan"), ("This month", "Last month"), ("YTD", "In month")]
)
def test_sheets_of_other_figures_for_the_same_months_are_held(
    workspace: Workspace, tmp_path: Path, names: tuple[str, str]
) -> None:
    rows = detail()
    other = [[*row[:-1], row[-1] + 7.5] for row in rows]
    path = book(tmp_path / "RX1.xlsx", {names[0]: [HEAD, *rows], names[1]: [HEAD, *other]})
    told = one(workspace, path).to_json()
    assert (told["status"], told["lines_loaded"]) == ("held", 0)
    assert any("only one of them" in m["text"] for m in told["messages"]), told["messages"]
