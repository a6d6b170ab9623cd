"""Every physical row of a sheet gets exactly one kind, and the table is the table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptroller.errors import ComptrollerError
from comptroller.intake.reading import RawSheet, open_file
from comptroller.intake.table_finder import FoundTable, find_tables
from comptroller.warehouse import connect

HEAD = ["Provider Code", "POD", "HRG", "Month", "Activity", "Cost (£)"]
Cells = list[list[str]]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(memory_limit="1GB") as engine:
        yield engine


Finder = Callable[[Cells], tuple[RawSheet, FoundTable]]


@pytest.fixture
def found(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> Finder:
    def _found(rows: Cells) -> tuple[RawSheet, FoundTable]:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        (tmp_path / "sheet.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
        [sheet] = open_file(tmp_path / "sheet.csv", con)
        [table] = find_tables(sheet)
        check_accounts(sheet, table)
        return sheet, table

    return _found


def check_accounts(sheet: RawSheet, table: FoundTable) -> None:
    """Every row is exactly one of title, header, data, total, blank, note."""
    groups = [
        table.title_rows,
        table.header_rows,
        table.repeated_header_rows,
        table.total_rows,
        table.blank_rows,
        table.note_rows,
    ]
    aside = [row for group in groups for row in group]
    assert len(aside) == len(set(aside)) == table.set_aside_rows
    assert all(sheet.first_row <= row <= sheet.last_row for row in aside)
    data = sheet.con.execute(
        f"SELECT row FROM {sheet.relation} WHERE {table.data_condition()} ORDER BY row"
    ).fetchall()
    rows = {int(row[0]) for row in data}
    assert len(rows) == table.data_rows
    assert not rows & set(aside)
    assert table.data_rows + table.set_aside_rows == sheet.row_count


def lines(count: int, start: int = 0) -> Cells:
    return [
        ["RXA", ["EL", "NEL", "OPFA"][n % 3], f"AA{20 + n:02d}Z", str(n % 12 + 1),
         str(n + 1), f"{(n + 1) * 12.5:.2f}"]
        for n in range(start, start + count)
    ]  # fmt: skip


def sums(rows: Cells) -> tuple[str, str]:
    return str(sum(int(row[4]) for row in rows)), f"{sum(float(row[5]) for row in rows):.2f}"


def test_a_plain_table(found: Finder) -> None:
    _, table = found([HEAD, *lines(5)])
    assert table.header_rows == (1,)
    assert (table.first_data_row, table.last_data_row, table.data_rows) == (2, 6, 5)
    assert [name for _, name in table.header_columns] == HEAD
    assert table.confidence > 0.7


def test_titles_blanks_totals_and_notes_around_the_table(found: Finder) -> None:
    body = lines(6)
    activity, cost = sums(body)
    _, table = found(
        [
            ["Anytown Hospitals", "", "", "", "", ""],
            ["Month:", "M05 2025/26", "", "", "", ""],
            ["", "", "", "", "", ""],
            HEAD,
            ["", "", "", "", "", ""],
            *body,
            ["Grand Total", "", "", "", activity, cost],
            ["", "", "", "", "", ""],
            ["* Excludes drugs", "", "", "", "", ""],
            ["Source: the hospital's own system", "", "", "", "", ""],
        ]
    )
    assert table.title_rows == (1, 2)
    assert table.header_rows == (4,)
    assert (table.first_data_row, table.last_data_row) == (6, 11)
    assert table.total_rows == (12,)
    assert table.blank_rows == (3, 5, 13)
    assert table.note_rows == (14, 15)


def test_subtotals_and_the_grand_total_are_told_by_words(found: Finder) -> None:
    first, second = lines(3), lines(4, 3)
    _, table = found(
        [
            HEAD,
            *first,
            ["RXA Total", "", "", "", *sums(first)],
            *second,
            ["Sub-total", "", "", "", *sums(second)],
            ["Total", "", "", "", *sums(first + second)],
        ]
    )
    assert table.total_rows == (5, 10, 11)
    assert table.data_rows == 7


def test_totals_without_a_word_are_told_by_arithmetic(found: Finder) -> None:
    first, second = lines(4), lines(5, 4)
    _, table = found(
        [
            HEAD,
            ["", "", "", "", *sums(first + second)],
            *first,
            ["", "", "", "", *sums(first)],
            *second,
            ["", "", "", "", *sums(second)],
        ]
    )
    assert table.total_rows == (2, 7, 13)
    assert table.total_reasons[2] == "equals the sum of all data rows"
    assert table.total_reasons[7].startswith("equals the sum of")


def test_a_row_without_keys_that_adds_up_to_nothing_stays_data(found: Finder) -> None:
    _, table = found([HEAD, *lines(4), ["", "", "", "", "7", "77.77"], *lines(3, 4)])
    assert table.total_rows == ()
    assert table.data_rows == 8


def test_a_description_that_begins_with_total_is_no_total(found: Finder) -> None:
    head = ["Provider Code", "Description", "Activity", "Cost"]
    body = [
        ["RXA", "Total hip replacement", "3", "300.00"],
        ["RXA", "Total parenteral nutrition", "4", "444.00"],
        ["RXA", "Cataract surgery", "5", "51.00"],
    ]
    _, table = found([head, *body])
    assert table.total_rows == ()
    assert table.data_rows == 3


def test_a_total_row_above_the_headings(found: Finder) -> None:
    body = lines(5)
    _, table = found([["", "", "", "", *sums(body)], ["", "", "", "", "", ""], HEAD, *body])
    assert table.total_rows == (1,)
    assert table.header_rows == (3,)


def test_stray_helper_numbers_above_are_titles(found: Finder) -> None:
    _, table = found([["", "", "3", "4", "5", "6"], ["Report", *[""] * 5], HEAD, *lines(5)])
    assert table.title_rows == (1, 2)
    assert table.header_rows == (3,)


def test_group_labels_are_joined_to_the_headings_below(found: Finder) -> None:
    head = [
        ["", "", "Plan", "", "Actual", ""],
        ["POD", "HRG", "Activity", "Cost", "Activity", "Cost"],
    ]
    body = [["EL", f"AA{n}Z", str(n), f"{n}.50", str(n + 1), f"{n}.75"] for n in range(20, 26)]
    _, table = found([*head, *body])
    assert table.header_rows == (1, 2)
    assert [name for _, name in table.header_columns] == [
        "POD", "HRG", "Plan Activity", "Plan Cost", "Actual Activity", "Actual Cost"
    ]  # fmt: skip
    assert table.header_parts[2] == ("Plan", "Activity")


def test_merged_group_labels_of_a_workbook(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["B5"], sheet["D5"], sheet["F5"], sheet["B6"] = "POD code", "Plan", "Actual", None
    sheet.merge_cells("B5:B6")
    sheet.merge_cells("D5:E5")
    sheet.merge_cells("F5:G5")
    sheet["C6"] = "HRG"
    for column, name in zip("DEFG", ["Activity", "Cost"] * 2, strict=True):
        sheet[f"{column}6"] = name
    for row in range(7, 15):
        values: list[str | float] = ["EL", f"AA{row}Z", row, row * 2.5, 1, 3]
        for column, value in zip("BCDEFG", values, strict=True):
            sheet[f"{column}{row}"] = value
    sheet["B1"] = "Contract monitoring"
    book.save(tmp_path / "merged.xlsx")
    [raw] = open_file(tmp_path / "merged.xlsx", con)
    [table] = find_tables(raw)
    check_accounts(raw, table)
    assert table.header_rows == (5, 6)
    assert dict(table.header_columns) == {
        1: "POD code", 2: "HRG", 3: "Plan Activity", 4: "Plan Cost", 5: "Actual Activity",
        6: "Actual Cost",
    }  # fmt: skip
    assert (table.first_data_row, table.last_data_row) == (7, 14)


def test_headings_that_come_again_are_no_data(found: Finder) -> None:
    _, table = found([HEAD, *lines(4), HEAD, *lines(4, 4), HEAD, *lines(2, 8)])
    assert table.repeated_header_rows == (6, 11)
    assert table.data_rows == 10


def test_labels_between_groups_are_notes(found: Finder) -> None:
    _, table = found(
        [HEAD, ["Elective care", *[""] * 5], *lines(4), ["Emergency care", *[""] * 5], *lines(4)]
    )
    assert table.note_rows == (2, 7)
    assert table.data_rows == 8


def test_blank_first_columns_and_spacer_rows(found: Finder) -> None:
    rows = [["", "", *row] for row in [HEAD, *lines(3)]]
    rows[2:2] = [[""] * 8, [" "] * 8]
    _, table = found(rows)
    assert [column for column, _ in table.header_columns] == [2, 3, 4, 5, 6, 7]
    assert table.blank_rows == (3, 4)
    assert table.data_rows == 3


def test_a_table_without_headings_is_doubted(found: Finder) -> None:
    _, table = found(lines(10))
    assert table.header_rows == ()
    assert table.confidence < 0.5
    assert table.data_rows == 10


def test_text_alone_is_no_table(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear colleague\n\nplease find the file attached\nKind regards\n")
    [sheet] = open_file(path, con)
    assert find_tables(sheet) == []


def test_headings_alone_hold_no_data(found: Finder) -> None:
    _, table = found([HEAD])
    assert table.header_rows == (1,)
    assert table.data_rows == 0
    assert table.data_condition() == "false"


@dataclass(frozen=True)
class Made:
    """A generated sheet and what each of its rows is."""

    rows: Cells
    header: int
    data: tuple[int, ...]
    totals: tuple[int, ...]


@st.composite
def sheets(draw: st.DrawFn) -> Made:
    title = draw(st.integers(0, 5))
    rows: Cells = [[f"Report line {n}", *[""] * 5] for n in range(title)]
    if title:
        rows.append([""] * 6)
    before = draw(st.booleans())
    groups = [
        lines(size, 100 * n)
        for n, size in enumerate(draw(st.lists(st.integers(3, 8), min_size=1, max_size=4)))
    ]
    everything = [row for group in groups for row in group]
    header = len(rows) + 1
    rows.append(HEAD)
    totals, data = [], []
    if before:
        rows.append(["England", "", "", "", *sums(everything)])
        totals.append(len(rows))
        rows.append([""] * 6)
    named = draw(st.booleans())
    for group in groups:
        for row in group:
            rows.append(row)
            data.append(len(rows))
        if len(groups) > 1:
            label = "Sub-total" if named else ""
            rows.append([label, "", "", "", *sums(group)])
            totals.append(len(rows))
        if draw(st.booleans()):
            rows.append([""] * 6)
    if draw(st.booleans()):
        rows.append(["Total", "", "", "", *sums(everything)])
        totals.append(len(rows))
    if draw(st.booleans()):
        rows += [[""] * 6, ["Notes: figures are provisional", *[""] * 5]]
    while not any(rows[-1]):
        rows.pop()
    return Made(rows, header, tuple(data), tuple(totals))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(made=sheets())
def test_generated_sheets_are_taken_apart_as_they_were_made(made: Made, found: Finder) -> None:
    sheet, table = found(made.rows)
    assert table.header_rows == (made.header,)
    assert table.total_rows == made.totals
    assert table.data_rows == len(made.data)
    assert (table.first_data_row, table.last_data_row) == (made.data[0], made.data[-1])
    sheet.drop()


anything = st.one_of(
    st.sampled_from(["", "", "Total", "Code", "Cost", "RXA", "1", "2.5", "-", "£1,000", "1/4/25"]),
    st.text(max_size=5),
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.lists(anything, min_size=1, max_size=5), min_size=1, max_size=15))
def test_whatever_the_cells_are_the_rows_account_in_full(
    rows: Cells, tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    path = tmp_path / "anything.csv"
    path.write_bytes(text.getvalue().encode("utf-8", errors="replace"))
    try:
        [sheet] = open_file(path, con)
    except ComptrollerError:
        return
    for table in find_tables(sheet):
        check_accounts(sheet, table)
    sheet.drop()
