"""Months across the columns: one line for each row and month, every pound once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from comptroller.intake import load
from comptroller.intake.arranged import source_table
from comptroller.intake.confirming import Changes, confirm_submission
from comptroller.intake.reading import open_file
from comptroller.intake.table_finder import find_tables
from comptroller.upkeep.verify import verify
from comptroller.warehouse import connect
from comptroller.workspace import Workspace as Folder
from tests.intake.layout_files import write_csv
from tests.intake.test_local_layouts import lines, one

MONTHS = ("Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb", "Mar")
LABELS = ("Provider Code", "Commissioner Code", "POD", "HRG")
PODS = ("EL", "DC", "NEL")


def labels(number: int) -> list[Any]:
    return ["RX1", "QX1", PODS[number % 3], f"AA2{number % 10}C"]


def pounds(number: int, month: int) -> Decimal:
    return Decimal(100 + number * 7 + month) + Decimal("0.25")


def bare(rows: int = 12, reported: int = 4) -> list[list[Any]]:
    """Return a table of pounds by month with the year to date behind."""
    made: list[list[Any]] = [[*LABELS, *MONTHS, "YTD"]]
    for number in range(rows):
        cells = [pounds(number, month) for month in range(reported)]
        made.append([*labels(number), *cells, *[""] * (12 - reported), sum(cells)])
    return made


def pairs(path: Path, rows: int = 12, reported: int = 4) -> Path:
    """Write activity and cost under each month, the months as dates merged over both."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Northdale Hospitals: contract monitoring"])
    sheet.append([])
    sheet.append([None] * 4)
    for month in range(12):
        at = 5 + 2 * month
        calendar = datetime(2026 + (month > 8), (month + 3) % 12 + 1, 1)
        sheet.cell(3, at, calendar)
        sheet.merge_cells(start_row=3, start_column=at, end_row=3, end_column=at + 1)
    sheet.cell(3, 29, "Year to date")
    sheet.merge_cells(start_row=3, start_column=29, end_row=3, end_column=30)
    sheet.append([*LABELS, *["Activity", "Cost"] * 13])
    for number in range(rows):
        cells: list[Any] = []
        for month in range(12):
            cells += [number + 1, float(pounds(number, month))] if month < reported else [None] * 2
        cells += [reported * (number + 1), sum(c for c in cells[1::2] if c)]
        sheet.append([*labels(number), *cells])
    book.save(path)
    return path


def ties(workspace: Folder) -> bool:
    """Tell whether nothing is untied from what was received to the lines."""
    return not [outcome for outcome in verify(workspace) if outcome.failures]


def test_each_month_of_a_row_is_a_line(workspace: Folder, tmp_path: Path) -> None:
    told = one(workspace, write_csv(tmp_path / "RX1 SLAM 2026-27.csv", bare())).to_json()
    assert (told["status"], told["data_set"]) == ("promoted", "ACM"), told["messages"]
    assert (told["rows_read"], told["rows_loaded"], told["rows_set_aside"]) == (13, 12, 1)
    assert (told["lines_loaded"], told["months"]) == (48, [1, 2, 3, 4])
    expected = sum(pounds(number, month) for number in range(12) for month in range(4))
    assert told["cost_read"] == told["cost_loaded"] == told["cost_control"] == expected
    assert sum(item["rows"] for item in told["slices"]) == 48
    found = lines(workspace, 'line_id, sheet, "row", month, activity_cost')
    assert len({row[0] for row in found}) == 48
    # The id of a line ends with its cell: row and column.
    first = [(str(row[0]).rsplit("-", 2)[1:], row[3], row[4]) for row in found if row[2] == 2]
    assert first == [(["2", "EFGH"[m]], m + 1, pounds(0, m)) for m in range(4)]
    assert ties(workspace)


def test_activity_and_cost_of_a_month_are_one_line(workspace: Folder, tmp_path: Path) -> None:
    told = one(workspace, pairs(tmp_path / "slam.xlsx")).to_json()
    assert (told["status"], told["lines_loaded"], told["rows_loaded"]) == ("promoted", 48, 12)
    assert told["financial_year"] == "2026/27"
    assert told["cost_control"] == told["cost_loaded"]
    found = lines(workspace, "month, activity_count, activity_cost, split_part(line_id, '-', 4)")
    assert found[0] == (1, 1, pounds(0, 0), "F")
    mapped = {item["element"]: item["column"] for item in told["mapping"]}
    assert (mapped["activity_count"], mapped["activity_cost"]) == (5, 6)


def test_next_month_the_same_layout_is_remembered(workspace: Folder, tmp_path: Path) -> None:
    one(workspace, write_csv(tmp_path / "RX1 2026-27 M3.csv", bare(reported=3)))
    (report,) = load(
        workspace, [write_csv(tmp_path / "RX1 2026-27 M4.csv", bare())], received=date(2026, 9, 20)
    )
    told = report.to_json()
    assert told["status"] == "promoted", told["messages"]
    assert {item["basis"] for item in told["mapping"]} == {"remembered layout"}
    assert {item["month"]: item["action"] for item in told["slices"]} == {
        1: "unchanged",
        2: "unchanged",
        3: "unchanged",
        4: "new",
    }
    assert ties(workspace)


def grouped_by_measure() -> list[list[Any]]:
    head: list[Any] = [*[""] * 4, "Activity", "", "", "Cost (£)", "", ""]
    rows: list[list[Any]] = [head, [*LABELS, *["Apr-26", "May-26", "Jun-26"] * 2]]
    for number in range(9):
        rows.append([*labels(number), 1, 2, 3, *[pounds(number, m) for m in range(3)]])
    return rows


def in_one_heading() -> list[list[Any]]:
    head = [f"{kind} {month}" for month in ("M01", "M02", "M03") for kind in ("Act", "Price £")]
    rows: list[list[Any]] = [["Contract monitoring 2026/27"], [], [*LABELS, *head, "Total £"]]
    for number in range(9):
        cells = [pounds(number, m) for m in range(3)]
        rows.append(
            [*labels(number), *[c for m in range(3) for c in (m + 1, cells[m])], sum(cells)]
        )
    return rows


def with_plan() -> list[list[Any]]:
    head = [f"{month} {kind}" for month in ("Apr-26", "May-26", "Jun-26")
            for kind in ("Plan", "Actual", "Variance")]  # fmt: skip
    rows: list[list[Any]] = [["Cost by month, £"], [], [*LABELS, *head]]
    for number in range(9):
        rows.append([*labels(number), *[c for m in range(3) for c in (50, pounds(number, m), "1")]])
    return rows


@pytest.mark.parametrize(
    "rows", [grouped_by_measure(), in_one_heading(), with_plan()], ids=["groups", "joined", "plan"]
)
def test_months_are_found_however_they_are_headed(
    workspace: Folder, tmp_path: Path, rows: list[list[Any]]
) -> None:
    told = one(workspace, write_csv(tmp_path / "slam.csv", rows)).to_json()
    assert told["status"] == "promoted", told["messages"]
    assert (told["rows_loaded"], told["lines_loaded"]) == (9, 27)
    assert told["cost_loaded"] == sum(pounds(n, m) for n in range(9) for m in range(3))
    assert told["months"] == [1, 2, 3]


def test_months_to_come_are_not_nil(workspace: Folder, tmp_path: Path) -> None:
    rows = [[0 if cell == "" else cell for cell in row] for row in bare()]
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["months"], told["lines_loaded"]) == ([1, 2, 3, 4], 48)
    assert any("nothing but noughts" in message["text"] for message in told["messages"])


def test_a_cell_without_anything_makes_no_line(workspace: Folder, tmp_path: Path) -> None:
    rows = bare()
    rows[1][5], rows[2][4:8], rows[2][16] = "-", ["", "", " ", "–"], ""
    rows[1][16] = sum(rows[1][4:5] + rows[1][6:8])
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["rows_loaded"], told["rows_set_aside"], told["lines_loaded"]) == (11, 2, 43)
    assert told["status"] == "promoted"
    assert ties(workspace)


def test_a_cell_that_is_no_pounds_is_in_quarantine_with_its_column(
    workspace: Folder, tmp_path: Path
) -> None:
    rows = [row[:16] for row in bare(rows=40)]
    rows[5][6] = "see note"
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["lines_loaded"]) == ("promoted", 159)
    assert (told["rows_loaded"], told["rows_quarantined"]) == (39, 1)
    con = workspace.connect()
    workspace.warehouse.view(con, "quarantine")
    found = con.execute('SELECT "row", column_name, value_shown FROM quarantine').fetchall()
    assert found == [(6, "Actual Cost, column G", "see note")]
    assert ties(workspace)


def held(workspace: Folder, path: Path) -> str:
    told = one(workspace, path).to_json()
    assert (told["status"], told["rows_loaded"], told["lines_loaded"]) == ("held", 0, 0)
    assert ties(workspace)
    return " | ".join(m["text"] for m in told["messages"] if m["severity"] == "error")


def test_a_year_to_date_that_differs_holds_the_file(workspace: Folder, tmp_path: Path) -> None:
    rows = bare()
    rows[7][16] += 10
    assert "column Q ('YTD') adds up to £6,742.00" in (
        why := held(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows))
    )
    assert "first in row 8" in why


def test_figures_that_nothing_calls_pounds_wait_for_a_person(
    workspace: Folder, tmp_path: Path
) -> None:
    rows: list[list[Any]] = [[*LABELS, *MONTHS[:3]]]
    rows += [[*labels(number), 10 + number, 20, 30] for number in range(12)]
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["lines_loaded"]) == ("held", 0)
    assert any("pounds or activity" in message["text"] for message in told["messages"])
    changes = Changes({"Figure": "activity_cost"}, {}, data_set="ACM")
    _, report = confirm_submission(workspace, told["submission_id"], changes, "asked the trust")
    again = report.to_json()
    assert (again["status"], again["lines_loaded"]) == ("promoted", 36), again["messages"]
    assert again["cost_loaded"] == sum(10 + n + 50 for n in range(12))


def test_a_month_that_stands_twice_is_held(workspace: Folder, tmp_path: Path) -> None:
    rows = [row[:16] for row in bare()]
    rows[0][6] = "Apr"
    why = held(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows))
    assert "columns E and G are both headed Actual Cost of Apr" in why


def test_months_of_two_years_are_held(workspace: Folder, tmp_path: Path) -> None:
    rows = [[*LABELS, "Apr-25", "May-25", "Apr-26", "May-26"]]
    rows += [[*labels(n), *(str(pounds(n, m)) for m in range(4))] for n in range(9)]
    assert "2025/26, 2026/27" in held(workspace, write_csv(tmp_path / "slam.csv", rows))


def total_costs(*more: str) -> list[list[Any]]:
    """Return activity and total cost by month, and what else of each month, a pound for each."""
    heads = [f"{m} {name}" for m in MONTHS[:3] for name in ("Activity", *more, "Total Cost")]
    return [
        [*LABELS, *heads],
        *(
            [*labels(n)]
            + [cell for m in range(3) for cell in (2, *[1 for _ in more], pounds(n, m))]
            for n in range(12)
        ),
    ]


def test_the_total_cost_of_a_month_is_its_cost_where_there_are_no_other_pounds(
    workspace: Folder, tmp_path: Path
) -> None:
    report = one(workspace, write_csv(tmp_path / "RX1 ACM 2026-27.csv", total_costs()))
    told = report.to_json()
    assert told["status"] == "promoted", told["messages"]
    assert told["cost_loaded"] == sum(pounds(n, m) for n in range(12) for m in range(3))


def test_the_total_cost_of_a_month_beside_its_parts_is_not_added_to_them(
    workspace: Folder, tmp_path: Path
) -> None:
    table = total_costs("Spell Cost")
    told = one(workspace, write_csv(tmp_path / "RX1 ACM 2026-27.csv", table)).to_json()
    assert told["cost_loaded"] in (0, 36)


def test_a_total_row_ties_to_the_months(workspace: Folder, tmp_path: Path) -> None:
    rows = [row[:16] for row in bare()]
    sums = [sum(row[at] for row in rows[1:]) for at in range(4, 8)]
    rows.append(["Grand Total", "", "", "", *sums, *[""] * 8])
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["cost_control"]) == ("promoted", told["cost_loaded"])
    assert (told["rows_read"], told["rows_loaded"], told["rows_set_aside"]) == (14, 12, 2)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(memory_limit="1GB") as engine:
        yield engine


CELL = st.one_of(
    st.sampled_from(["", "-", "0", "0.00", "(12.50)", "£1,234.56", "n/a"]),
    st.decimals(min_value=-9999, max_value=9999, places=2).map(str),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_unpivoting_keeps_pounds_and_doubles_no_line(
    tmp_path: Path, con: duckdb.DuckDBPyConnection, data: st.DataObject
) -> None:
    months = data.draw(st.integers(2, 12))
    table = data.draw(
        st.lists(st.lists(CELL, min_size=months, max_size=months), min_size=3, max_size=12)
    )
    rows = [[*labels(n), *cells] for n, cells in enumerate(table)]
    head = [*LABELS, *(f"{month} Cost" for month in MONTHS[:months])]
    path = write_csv(tmp_path / "slam.csv", [head, *rows])
    (sheet,) = open_file(path, con)
    (found,) = find_tables(sheet)
    source = source_table(sheet, found)
    expected = sum((number(cell) for cells in table for cell in cells), Decimal(0))
    if not source.traced:
        # Nothing but noughts: there is no month to be read.
        assert not any(number(cell) for cells in table for cell in cells)
        return
    cost = source.headers.index("Actual Cost")
    made = con.execute(f"SELECT row, origin, c{cost} FROM {source.relation}").fetchall()
    if found.total_rows or found.note_rows:
        return
    assert len({(row, origin) for row, origin, _ in made}) == len(made)
    assert sum((number(cell) for _, _, cell in made), Decimal(0)) == expected
    assert source.data_rows == len({row for row, _, _ in made})
    assert {row for row, _, _ in made} <= set(range(2, len(rows) + 2))


def number(cell: str | None) -> Decimal:
    """Return what a written cell is worth."""
    bare_cell = (cell or "").replace("£", "").replace(",", "")
    if bare_cell in ("", "-", "n/a"):
        return Decimal(0)
    return -Decimal(bare_cell[1:-1]) if bare_cell.startswith("(") else Decimal(bare_cell)
