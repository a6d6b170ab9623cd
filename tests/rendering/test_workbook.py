from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from comptroller.errors import ComptrollerError
from comptroller.rendering import (
    Column,
    Report,
    Section,
    Suppressed,
    Table,
    format_money,
    render_workbook,
)
from comptroller.rendering.book import Book, Choice, excel_number, safe_text


def read(value: object) -> Decimal:
    """Return a cell's number as the house reads numbers from Excel."""
    assert isinstance(value, int | float)
    return Decimal(format(value, ".15g"))


def test_every_number_of_the_report_reads_back_equal(report: Report, tmp_path: Path) -> None:
    render_workbook(report, tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    sheets = book.worksheets[1:]
    for table, sheet in zip(report.tables(), sheets, strict=True):
        assert sheet["A1"].value == table.caption
        rows = list(sheet.iter_rows(min_row=4, max_col=len(table.columns), values_only=True))
        assert list(rows[0]) == [column.title for column in table.columns]
        written = [*table.rows, *([table.total_row] if table.total_row else [])]
        for row, cells in zip(written, rows[1:], strict=False):
            for value, cell in zip(row, cells, strict=True):
                if isinstance(value, Decimal | int):
                    assert read(cell) == value
                elif isinstance(value, date):
                    assert isinstance(cell, datetime)
                    assert cell.date() == value
                elif isinstance(value, Suppressed):
                    assert cell == "*"
    summary = book["Summary"]
    tiles = {row[0]: row[1] for row in summary.iter_rows(values_only=True) if row[0]}
    assert read(tiles["Cost to date"]) == Decimal("3090001.41")
    assert tiles["Findings"] == 1234


def test_no_cell_is_a_formula_nor_begins_like_one(report: Report, tmp_path: Path) -> None:
    starts = (
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "＝1+1",
        "%x|y",
    )
    rows = tuple((text, Decimal(1)) for text in starts)
    table = Table((Column("a", "=A", "text"), Column("b", "B", "money")), rows, caption="=caption")
    evil = replace(report, title="=title", subtitle="@sub", sections=(Section("+head", (table,)),))
    render_workbook(evil, tmp_path / "r.xlsx")
    for sheet in openpyxl.load_workbook(tmp_path / "r.xlsx"):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                if isinstance(cell.value, str) and cell.value:
                    assert not cell.value.lstrip().startswith(("=", "+", "-", "@", "\t", "＝", "%"))
    for name in CalamineWorkbook.from_path(str(tmp_path / "r.xlsx")).sheet_names:
        assert not name.startswith("=") or len(name) < 32


@pytest.mark.parametrize("text", ["-", "+5", "-12.50", "", "X01", "a=b", "O'Neil"])
def test_harmless_words_are_left_alone(text: str) -> None:
    assert safe_text(text) == text


def test_long_and_broken_words() -> None:
    assert len(safe_text("x" * 40_000)) == 32_767
    assert safe_text("a\x00b\ud800") == "a\ufffdb\ufffd"


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=8, min_value=-(10**17), max_value=10**17
    )
)
@example(Decimal("188005360141.36500001"))
@example(Decimal("188005360141.36499999"))
@example(Decimal("1234567890123.005"))
def test_a_number_in_a_cell_has_the_same_pennies_or_is_words(value: Decimal) -> None:
    number = excel_number(value)
    if number is None:
        assert abs(value) >= 10**12
        return
    cell = float(f"{number:.16G}")
    assert format_money(Decimal(format(cell, ".15g"))) == format_money(number)
    assert abs(number - value) <= Decimal("0.005")
    if len(value.normalize().as_tuple().digits) <= 15:
        assert Decimal(format(cell, ".15g")) == value


def test_money_beyond_a_cells_digits_is_written_as_words(tmp_path: Path) -> None:
    big = Decimal("123456789012345678.12")
    near = Decimal("9007199254740.93")
    with Book(tmp_path / "b.xlsx", "T", datetime(2026, 1, 1)) as book:
        sheet = book.sheet("A")
        sheet.cell(0, 0, big, "money")
        sheet.cell(1, 0, near, "money")
        sheet.cell(2, 0, Decimal("-0.00"), "money")
    cells = openpyxl.load_workbook(tmp_path / "b.xlsx")["A"]
    assert cells["A1"].value == "123456789012345678.12"
    assert read(cells["A2"].value) == near
    assert cells["A3"].value == 0


def test_sheets_are_made_for_use_and_for_print(report: Report, tmp_path: Path) -> None:
    render_workbook(report, tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    sheet = book["Providers"]
    assert sheet.freeze_panes == "B5"
    assert sheet.auto_filter.ref == "A4:F7"
    assert sheet["C5"].number_format == "£#,##0.00;-£#,##0.00"
    assert sheet["E5"].number_format == "0.0%"
    assert sheet["F5"].number_format == "d mmm yyyy"
    assert sheet.column_dimensions["B"].width > 20
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.page_setup.fitToHeight == 0
    assert sheet.print_title_rows == "$4:$4"


def test_charts_are_native_and_described(report: Report, tmp_path: Path) -> None:
    import zipfile

    render_workbook(report, tmp_path / "r.xlsx")
    with zipfile.ZipFile(tmp_path / "r.xlsx") as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/charts/chart")]
        drawings = "".join(
            archive.read(name).decode()
            for name in archive.namelist()
            if name.startswith("xl/drawings/drawing")
        )
    assert len(names) == 2
    assert "Actual rises by £10,000 a month" in drawings
    assert "Cost falls below nil" in drawings


def test_the_same_report_is_the_same_bytes(report: Report, tmp_path: Path) -> None:
    render_workbook(report, tmp_path / "a.xlsx")
    render_workbook(report, tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_sheet_names_are_valid_and_single(tmp_path: Path) -> None:
    with Book(tmp_path / "b.xlsx", "T", datetime(2026, 1, 1)) as book:
        names = [
            book.sheet(name).name
            for name in ("A/B:C*?[x]", "a b c   x ", "x" * 40, "X" * 40, "", "History", "'q'")
        ]
    assert len({name.lower() for name in names}) == len(names)
    assert all(0 < len(name) <= 31 for name in names)
    assert openpyxl.load_workbook(tmp_path / "b.xlsx").sheetnames == names


@pytest.mark.parametrize("streaming", [False, True])
def test_columns_to_fill_in_have_their_lists(tmp_path: Path, streaming: bool) -> None:
    codes = ("A1", "A2")
    long = tuple(f"Some reason number {n}" for n in range(20))
    columns = (Column("id", "Id"), Column("code", "Code"), Column("why", "Why"))
    inputs = {"code": Choice(codes, "Code", "Pick"), "why": Choice(long, "Why", "Pick")}
    as_at = datetime(2026, 1, 1)
    with Book(tmp_path / "b.xlsx", "T", as_at, streaming=streaming) as book:
        book.sheet("Log").table(columns, (("f1",), ("f2",)), inputs=inputs)
    book_read = openpyxl.load_workbook(tmp_path / "b.xlsx")
    rules = book_read["Log"].data_validations.dataValidation
    assert {str(rule.sqref): rule.formula1 for rule in rules} == {
        "B2:B3": '"A1,A2"',
        "C2:C3": "'Lists 1'!$A$1:$A$20",
    }
    assert book_read["Lists 1"].sheet_state == "hidden"
    coloured = book_read["Log"].conditional_formatting
    assert [str(area.sqref) for area in coloured] == ["B2:C3"]


def test_a_failure_leaves_nothing_behind(report: Report, tmp_path: Path) -> None:
    def broken() -> None:
        with Book(tmp_path / "b.xlsx", "T", report.as_at) as book:
            book.sheet("A")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(ComptrollerError, match="cannot be written"):
        render_workbook(report, tmp_path / "file" / "r.xlsx")


def test_an_empty_report_is_a_workbook_too(report: Report, tmp_path: Path) -> None:
    render_workbook(replace(report, sections=()), tmp_path / "r.xlsx")
    assert openpyxl.load_workbook(tmp_path / "r.xlsx").sheetnames == ["Summary"]
