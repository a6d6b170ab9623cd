"""Tables one below another on one sheet, each under headings of its own: each is read by itself."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from comptroller.workspace import Workspace
from tests.intake.layout_files import write_csv
from tests.intake.test_local_layouts import lines, one
from tests.intake.test_months_across import MONTHS, pounds, ties

CARE = ["Provider", "Commissioner", "POD", "HRG", "Month", "Activity", "Actual Cost"]
MOVED = ["Provider", "Commissioner", "Month", "Actual Cost", "Activity", "POD", "HRG"]
DRUGS = ["Provider Code", "Commissioner Code", "Month", "Drug Name", "Quantity", "Total Cost",
         "Hospital Number"]  # fmt: skip
PODS = ("EL", "DC", "NEL")


def care(count: int, first: int = 0) -> list[list[Any]]:
    return [
        ["RX1", "QX1", PODS[n % 3], f"AA2{n % 10}C", 1, 1, pounds(n, 0)]
        for n in range(first, first + count)
    ]


def moved(count: int) -> list[list[Any]]:
    return [[r[0], r[1], r[4], r[6], r[5], r[2], r[3]] for r in care(count, 900)]


def drugs(count: int) -> list[list[Any]]:
    return [["RX1", "QX1", 1, "Adalimumab", 2, pounds(n, 5), f"H{n}"] for n in range(count)]


def cost(count: int, first: int = 0, month: int = 0) -> Decimal:
    return sum((pounds(n, month) for n in range(first, first + count)), Decimal(0))


@pytest.mark.parametrize("between", [[], [[]], [[], ["High cost drugs"]]])
def test_each_table_is_read_under_its_own_headings(
    workspace: Workspace, tmp_path: Path, between: list[list[Any]]
) -> None:
    rows = [["Northdale 2026/27"], [], CARE, *care(20), *between, DRUGS, *drugs(15)]
    told = one(workspace, write_csv(tmp_path / "slam.csv", rows)).to_json()
    assert (told["status"], told["data_sets"]) == ("promoted", ["ACM", "DrPLCM"]), told["messages"]
    assert (told["rows_read"], told["rows_loaded"]) == (len(rows), 35)
    assert told["cost_loaded"] == cost(20) + cost(15, month=5)
    found = lines(workspace, '"row", data_set, activity_cost')
    assert {row[0] for row in found if row[1] == "ACM"} == set(range(4, 24))
    assert (len(rows), "DrPLCM", pounds(14, 5)) in found
    assert ties(workspace)


@pytest.mark.parametrize("long", [20, 700])
def test_the_same_columns_in_another_order(workspace: Workspace, tmp_path: Path, long: int) -> None:
    rows = [CARE, *care(long), [], MOVED, *moved(15)]
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["rows_loaded"]) == ("promoted", long + 15), told["messages"]
    assert told["cost_loaded"] == cost(long) + cost(15, 900)
    assert len(told["parts"]) == 2
    assert ties(workspace)


def test_headings_that_come_again_begin_no_table(workspace: Workspace, tmp_path: Path) -> None:
    rows = [CARE, *care(20), [], CARE, *care(10, 20)]
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["rows_loaded"]) == ("promoted", 30), told["messages"]
    assert "parts" not in told


def test_months_across_below_one_another_tie(workspace: Workspace, tmp_path: Path) -> None:
    head = ["Provider Code", "Commissioner Code", "POD", "HRG", *(f"{m} Cost" for m in MONTHS[:3])]
    other = ["Provider Code", "Commissioner Code", "POD", *(f"{m} Cost" for m in MONTHS[:3])]
    rows = [head, *([*r[:4], r[6], r[6], r[6]] for r in care(12)), [],
            other, *([*r[:3], r[6], r[6], r[6]] for r in care(9, 50))]  # fmt: skip
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["lines_loaded"]) == ("promoted", 63), told["messages"]
    assert (told["rows_read"], told["rows_loaded"]) == (24, 21)
    assert told["cost_loaded"] == 3 * (cost(12) + cost(9, 50))
    assert ties(workspace)


def test_a_summary_below_is_set_aside_and_told(workspace: Workspace, tmp_path: Path) -> None:
    rows = [CARE, *care(20), [], ["POD", "Activity", "Actual Cost"], ["EL", 7, 700], ["DC", 7, 9]]
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["rows_loaded"], told["rows_quarantined"]) == ("promoted", 20, 0)
    assert [m["text"] for m in told["messages"] if m["severity"] == "warning" and m["row"] == 22]


def test_a_summary_that_reads_as_lines_is_held(workspace: Workspace, tmp_path: Path) -> None:
    sums = [["RX1", "QX1", pod, 1, 7, cost(20) if pod == "EL" else 0] for pod in PODS]
    head = ["Provider", "Commissioner", "Point of Delivery", "Month", "Activity", "Total Cost"]
    rows = [CARE, *care(20), [], head, *sums]
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["lines_loaded"]) == ("held", 0)
    assert any("has the same pounds" in m["text"] for m in told["messages"])


def of_month(title: str | None, count: int, first: int) -> list[list[Any]]:
    """Return a table whose month only its title tells."""
    head = ["Commissioner", "POD", "HRG", "Activity", "Actual Cost"]
    rows = [[r[1], r[2], r[3], r[5], r[6]] for r in care(count, first)]
    return [
        *([[title]] if title else []),
        head,
        *rows,
        ["Total", "", "", count, cost(count, first)],
    ]


@pytest.mark.parametrize("titles", [("April 2026", "May 2026"), ("Month 1", "Month 2")])
@pytest.mark.parametrize("gap", [[], [[]]])
def test_a_title_between_tables_is_the_month_of_the_lower_one(
    workspace: Workspace, tmp_path: Path, titles: tuple[str, str], gap: list[list[Any]]
) -> None:
    rows = [["RX1 SLAM 2026/27"], [], *of_month(titles[0], 9, 0), *gap, *of_month(titles[1], 7, 40)]
    told = one(workspace, write_csv(tmp_path / "RX1_M02.csv", rows)).to_json()
    assert (told["status"], told["rows_loaded"]) == ("promoted", 16), told["messages"]
    months = {s["month"]: s["cost"] for s in told["slices"]}
    assert months == {1: cost(9), 2: cost(7, 40)}
    assert ties(workspace)


def test_titles_of_pages_begin_no_table(workspace: Workspace, tmp_path: Path) -> None:
    page = of_month("May 2026", 9, 0)[:-1]
    rows = [["RX1 SLAM 2026/27"], *page, *of_month("May 2026", 7, 40)[:-1]]
    told = one(workspace, write_csv(tmp_path / "RX1.csv", rows)).to_json()
    assert (told["status"], told["rows_loaded"]) == ("promoted", 16), told["messages"]
    assert "parts" not in told


@pytest.mark.parametrize("label", ["May 2026", "May", "Commissioner: QX2"])
def test_a_label_between_rows_that_names_another_month_holds(
    workspace: Workspace, tmp_path: Path, label: str
) -> None:
    rows = [["RX1 SLAM April 2026"], ["Commissioner: QX1"], *of_month(None, 9, 0)[:-1], [label],
            *of_month(None, 7, 40)[1:-1]]  # fmt: skip
    rows = [rows[0], rows[1], *([row[1:] if len(row) > 1 else row for row in rows[2:]])]
    told = one(workspace, write_csv(tmp_path / "RX1.csv", rows)).to_json()
    assert (told["status"], told["rows_loaded"]) == ("held", 0), told["messages"]
    assert any(repr(label) in m["text"] for m in told["messages"]), told["messages"]


def test_a_label_that_only_says_may_is_no_month(workspace: Workspace, tmp_path: Path) -> None:
    rows = [["RX1 SLAM April 2026"], *of_month(None, 9, 0)[:-1], ["may include day cases"],
            *of_month(None, 7, 40)[1:-1]]  # fmt: skip
    told = one(workspace, write_csv(tmp_path / "RX1.csv", rows)).to_json()
    assert (told["status"], told["rows_loaded"]) == ("promoted", 16), told["messages"]
