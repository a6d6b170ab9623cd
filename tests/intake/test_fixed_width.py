"""Text whose columns are told by their place in the line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptroller.intake import load
from comptroller.intake.reading import open_file
from comptroller.intake.reading.fixed_width import find_spans, keeps_to
from comptroller.workspace import Workspace

RECEIVED = date(2026, 6, 19)
HEADINGS = ["Prov", "Comm", "Fin Year", "Month", "Hospital No", "POD", "HRG", "Qty", "Total Cost"]


def rows(count: int = 40) -> list[list[str]]:
    return [
        ["RX1", "QX1", "2026/27", "1", f"H{n:05d}", "EL", "AA22C", "1", f"{100 + n}.10"]
        for n in range(count)
    ]


def printed(table: list[list[Any]], gap: int = 1) -> str:
    widths = [max(len(str(row[at])) for row in table) for at in range(len(table[0]))]
    lines = []
    for row in table:
        cells = [str(cell) for cell in row]
        told = [cell.ljust(width) for cell, width in zip(cells[:-1], widths, strict=False)]
        lines.append((" " * gap).join([*told, cells[-1].rjust(widths[-1])]).rstrip())
    return "\n".join(lines)


@pytest.mark.parametrize("gap", [1, 3])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_report_of_fixed_width_loads(
    workspace: Workspace, tmp_path: Path, gap: int, ending: str
) -> None:
    text = (
        "ANYTOWN HOSPITALS NHS TRUST CONTRACT MONITORING\n\n"
        f"{printed([HEADINGS, *rows()], gap)}\n\nReport ends. Queries to the income team, ext 123\n"
    )
    path = tmp_path / "RX1 SLAM M01.txt"
    path.write_bytes(text.replace("\n", ending).encode())
    (report,) = load(workspace, [path], received=RECEIVED)
    told = report.to_json()
    assert told["status"] == "promoted", told["messages"]
    assert told["lines_loaded"] == 40
    assert Decimal(told["cost_loaded"]) == sum(Decimal(row[-1]) for row in rows())
    assert told["rows_read"] == 40 + told["rows_set_aside"]
    assert any("places in the line" in message["text"] for message in told["messages"])


@pytest.mark.parametrize("described", [6, 9])
def test_words_of_a_description_that_few_rows_have_are_one_column(
    workspace: Workspace, tmp_path: Path, described: int
) -> None:
    words = ("Balance to the blended payment", "Same day emergency care")
    table = [[*HEADINGS[:6], "POD Desc", *HEADINGS[6:]]]
    table += [
        [*row[:6], words[n % 2] if n < described else "", *row[6:]]
        for n, row in enumerate(rows(200))
    ]
    path = tmp_path / "RX1 SLAM M01.txt"
    path.write_text("A title\n\n" + printed(table, 2) + "\n")
    (report,) = load(workspace, [path], received=RECEIVED)
    told = report.to_json()
    assert (told["status"], told["lines_loaded"]) == ("promoted", 200), told["messages"]
    assert Decimal(told["cost_loaded"]) == sum(Decimal(row[-1]) for row in rows(200))


def test_the_lines_know_where_they_stood(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "RX1 SLAM M01.txt"
    path.write_text("A title\n\n" + printed([HEADINGS, *rows()], 2) + "\n")
    load(workspace, [path], received=RECEIVED)
    con = workspace.connect()
    workspace.warehouse.view(con, "lines")
    found = con.execute(
        "SELECT row, local_patient_identifier FROM lines ORDER BY row LIMIT 2"
    ).fetchall()
    assert found == [(4, "H00000"), (5, "H00001")]


def test_a_word_that_every_row_begins_with_is_no_column(tmp_path: Path) -> None:
    table = [["Commissioner", "Code", "Cost"]]
    table += [[f"NHS Board {'North' if n % 2 else 'Midlands'}", f"Q{n:02d}", n] for n in range(30)]
    path = tmp_path / "x.txt"
    path.write_text(printed(table, 2) + "\n")
    (sheet,) = open_file(path, duckdb.connect())
    assert sheet.file_format == "fixed width"
    assert sheet.rows(1, 2) == [
        ["Commissioner", "Code", "Cost"],
        ["NHS Board Midlands", "Q00", "0"],
    ]


def test_a_line_that_runs_over_its_columns_is_told_and_kept_whole(tmp_path: Path) -> None:
    lines = printed([HEADINGS, *rows()], 1).split("\n")
    lines[20] = "x" * len(lines[20])
    path = tmp_path / "x.txt"
    path.write_text("\n".join(lines) + "\n")
    (sheet,) = open_file(path, duckdb.connect())
    assert sheet.rows(21, 21)[0] == [lines[20], *[""] * (sheet.width - 1)]
    assert any("1 lines do not keep to the columns" in note for note in sheet.notes)


@pytest.mark.parametrize(
    "text",
    [
        "Dear colleague,\n"
        "please find attached the data for this month, which we\n"
        "have put together from what the wards wrote down. The\n"
        "figures of two wards are still to come; they will be\n"
        "sent with the freeze. Do tell us should anything look\n"
        "wrong to you, and please answer by the end of next\n"
        "week at the latest.\n\n"
        "With kind regards\n"
        "The income team\n",
        "\n".join(f"{n},{n * 2}" for n in range(40)),
        "\n".join(f"line{n}" for n in range(40)),
        "A  B  C\n1  2  3\n",
    ],
)
def test_other_text_is_not_cut_by_places(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.txt"
    path.write_text(text)
    (sheet,) = open_file(path, duckdb.connect())
    assert sheet.file_format == "csv"


cell = st.text("ABCDEFGHJK0123456789.-", min_size=1, max_size=9)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(3, 7).flatmap(
        lambda width: st.lists(
            st.lists(cell, min_size=width, max_size=width), min_size=12, max_size=40
        )
    ),
    st.integers(1, 4),
)
def test_words_come_back_as_they_were_printed(table: list[list[str]], gap: int) -> None:
    headings = ["".join("ABCDEFGHJK"[at] for _ in range(3)) for at in range(len(table[0]))]
    table = [headings, *table]
    text = printed(table, gap)
    spans = find_spans(text)
    assert spans is not None
    for line, row in zip(text.split("\n"), table, strict=True):
        assert keeps_to(line, spans)
        assert [line[slice(*span)].strip() for span in spans] == row


@pytest.mark.parametrize("count", [1, 3, 12])
@pytest.mark.parametrize("total", [False, True])
def test_a_line_of_dashes_marks_the_columns_of_a_short_report(
    workspace: Workspace, tmp_path: Path, count: int, total: bool
) -> None:
    lines = [
        "Provider  Commissioner  POD   HRG     Activity        Cost",
        "--------  ------------  ----  ------  --------  ----------",
        *(f"RX1       QX1           EL    AA22C   {1:>8}  {f'{n + 1},000.50':>10}"
          for n in range(count)),
    ]  # fmt: skip
    if total:
        pounds = sum(Decimal(1000 * (n + 1)) + Decimal("0.50") for n in range(count))
        lines.append(f"{'Total':<40}{count:>6}  {f'{pounds:,.2f}':>10}")
    path = tmp_path / "RX1_fixed_202604.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (report,) = load(workspace, [path], received=RECEIVED)
    told = report.to_json()
    assert (told["status"], told["rows_loaded"]) == ("promoted", count), told["messages"]
    assert told["cost_loaded"] == sum(1000 * (n + 1) + Decimal("0.50") for n in range(count))
