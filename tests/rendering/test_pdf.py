import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from comptroller.errors import ComptrollerError
from comptroller.rendering import (
    Column,
    Report,
    Section,
    Table,
    Text,
    format_value,
    render_pdf,
)
from comptroller.rendering.fonts import drawable


def words_of(path: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def test_every_number_of_the_report_stands_in_the_pdf(report: Report, tmp_path: Path) -> None:
    render_pdf(report, tmp_path / "r.pdf")
    text = words_of(tmp_path / "r.pdf")
    for table in report.tables():
        for row in (*table.rows, table.total_row or ()):
            for value, column in zip(row, table.columns, strict=False):
                if value is not None and not isinstance(value, str):
                    assert format_value(value, column.kind) in text
    for words in ("£3,090,001.41", "93.4%", "Northmoor ICB", "Nothing to show."):
        assert words in text
    assert "#typst $math$ \\ back." in text


def test_the_pdf_is_tagged_titled_and_says_its_language(report: Report, tmp_path: Path) -> None:
    render_pdf(report, tmp_path / "r.pdf")
    pdf = PdfReader(tmp_path / "r.pdf")
    root: Any = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Month summary"
    assert b"pdfuaid" in (tmp_path / "r.pdf").read_bytes()
    raw = (tmp_path / "r.pdf").read_bytes()
    assert raw.count(b"/Subtype/Image") == 0  # charts stay drawings
    fonts = {font for page in pdf.pages for font in _fonts(page)}
    assert fonts
    assert all("OpenSans" in font for font in fonts)


def _fonts(page: object) -> set[str]:
    resources = page["/Resources"]["/Font"]  # type: ignore[index]
    return {str(resources[name]["/BaseFont"]) for name in resources}


def test_the_same_report_is_the_same_bytes(report: Report, tmp_path: Path) -> None:
    render_pdf(report, tmp_path / "a.pdf")
    render_pdf(report, tmp_path / "b.pdf")
    first = (tmp_path / "a.pdf").read_bytes()
    assert first == (tmp_path / "b.pdf").read_bytes()
    render_pdf(replace(report, as_at=report.as_at + timedelta(days=1)), tmp_path / "c.pdf")
    assert first != (tmp_path / "c.pdf").read_bytes()


def test_words_that_no_font_of_ours_can_draw_do_not_stop_it(report: Report, tmp_path: Path) -> None:
    assert drawable("Ślęża ạ 東 ‑ \u200bx") == "Ślęża a ? - x"
    odd = "emoji 🙂 العربية \u0000 \ufffd ﬁ"
    section = Section(odd, (Text(odd), Table((Column("a", odd),), ((odd,),), caption=odd)))
    render_pdf(replace(report, title=odd, sections=(section,)), tmp_path / "r.pdf")
    assert "emoji ?" in words_of(tmp_path / "r.pdf")


def test_empty_and_wide_reports(report: Report, tmp_path: Path) -> None:
    render_pdf(replace(report, sections=()), tmp_path / "empty.pdf")
    assert "Month summary" in words_of(tmp_path / "empty.pdf")
    columns = tuple(Column(f"c{n}", f"Column {n}", "money") for n in range(10))
    row = tuple(Decimal("12345678.90") for _ in columns)
    wide = Section("Wide", (Table(columns, (row,) * 60, caption="Ten columns"),))
    render_pdf(replace(report, sections=(wide,)), tmp_path / "wide.pdf")
    pdf = PdfReader(tmp_path / "wide.pdf")
    assert pdf.pages[0].mediabox.width > pdf.pages[0].mediabox.height
    assert len(pdf.pages) > 1
    assert len(re.findall(re.escape("£12,345,678.90"), words_of(tmp_path / "wide.pdf"))) == 600


def test_a_heading_stays_on_the_page_of_what_its_words_lead_to(
    report: Report, tmp_path: Path
) -> None:
    """Whatever stands above: tables of many heights push each heading to another place."""
    column = (Column("what", "What"),)

    def section(number: int) -> Section:
        rows = tuple((f"cell {number}.{row}",) for row in range(5 + 3 * (number % 5)))
        table = Table(column, rows, f"Table {number:02d}", name=f"Table {number:02d}")
        return Section(f"Heading {number:02d}", (Text("Words that lead to the table."), table))

    render_pdf(replace(report, sections=tuple(map(section, range(20)))), tmp_path / "r.pdf")
    pages = [page.extract_text() for page in PdfReader(tmp_path / "r.pdf").pages]
    assert len(pages) > 4
    for number in range(20):
        (heading,) = [n for n, text in enumerate(pages) if f"Heading {number:02d}" in text]
        assert f"Table {number:02d}" in pages[heading]


def test_a_place_that_cannot_be_written_to_is_told_in_one_line(
    report: Report, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ComptrollerError, match="cannot be written"):
        render_pdf(report, tmp_path / "file" / "r.pdf")
