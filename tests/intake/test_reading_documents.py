"""Web pages, XML workbooks and PDFs that arrive in place of a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import typst

from comptroller.errors import ComptrollerError
from comptroller.intake.reading import open_file
from comptroller.intake.table_finder import find_tables
from comptroller.warehouse import connect


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(memory_limit="1GB") as engine:
        yield engine


PAGE = """<html><head><meta charset="windows-1252"><style>td {x: 1}</style></head><body>
<table border=1>
<tr><td colspan=4>Anytown Hospitals</td></tr>
<tr><th rowspan=2>POD</th><th rowspan=2>HRG</th><th colspan=2>Actual</th></tr>
<tr><th>Activity</th><th>Cost</th></tr>
<tr><td>EL</td><td>AA22C</td><td>1</td><td>&pound;1,200.50</td></tr>
<tr><td>NEL</td><td>AA22D<td>2</td><td>\u00a3900</td></tr>
<tr><td>OPFA</td><td>WF01A</td><td>3</td><td>(12.00)</td></tr>
</table></body></html>"""


def test_a_web_page_under_the_name_of_a_workbook(
    tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    path = tmp_path / "slam.xls"
    path.write_bytes(PAGE.encode("cp1252"))
    [sheet] = open_file(path, con)
    assert sheet.file_format == "html"
    [table] = find_tables(sheet)
    assert table.header_rows == (2, 3)
    assert [name for _, name in table.header_columns] == [
        "POD", "HRG", "Actual Activity", "Actual Cost"
    ]  # fmt: skip
    assert sheet.rows(4, 6) == [
        ["EL", "AA22C", "1", "£1,200.50"],
        ["NEL", "AA22D", "2", "£900"],
        ["OPFA", "WF01A", "3", "(12.00)"],
    ]


XML = """<?xml version="1.0"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:x="urn:schemas-microsoft-com:office:excel">
<Worksheet ss:Name="Activity"><Table>
<Row><Cell ss:MergeAcross="1"><Data ss:Type="String">Title</Data></Cell></Row>
<Row ss:Index="3"><Cell ss:Index="2"><Data ss:Type="String">Code</Data></Cell>
<Cell><Data ss:Type="String">Cost</Data></Cell><Cell><Data ss:Type="String">Date</Data></Cell></Row>
<Row><Cell ss:Index="2"><Data ss:Type="String">RXA</Data></Cell>
<Cell><Data ss:Type="Number">1234.5000000000001</Data></Cell>
<Cell><Data ss:Type="DateTime">2025-04-01T00:00:00.000</Data></Cell></Row>
</Table></Worksheet>
<Worksheet ss:Name="Lists"><Table><Row><Cell><Data ss:Type="Boolean">1</Data></Cell></Row></Table>
<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet>
</Workbook>"""


def test_an_xml_workbook(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> None:
    path = tmp_path / "slam.xls"
    path.write_text(XML)
    activity, lists = open_file(path, con)
    assert activity.rows(1, 4) == [
        ["Title", "", "", ""],
        ["", "", "", ""],
        ["", "Code", "Cost", "Date"],
        ["", "RXA", "1234.5", "2025-04-01"],
    ]
    assert (activity.sheet, activity.merged) == ("Activity", ((1, 0, 1, 1),))
    assert (lists.sheet, lists.hidden) == ("Lists", True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (XML.replace("<Workbook", "<!DOCTYPE x [<!ENTITY a 'b'>]><Workbook"), "entities"),
        (XML[:500], "truncated or damaged"),
        ("<?xml version='1.0'?><other/>", "XML"),
        ("<html><body><p>No table here</p></body></html>", "no table"),
        ("%PDF-1.4\nbroken", "PDF"),
    ],
)
def test_documents_that_cannot_be_read_are_refused(
    content: str, words: str, tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    path = tmp_path / "document.xls"
    path.write_text(content)
    with pytest.raises(ComptrollerError, match=words):
        open_file(path, con)


def _pdf(path: Path, body: str) -> None:
    # typst reads its source from a file beside the output.
    source = path.with_suffix(".typ")
    source.write_text(f"#set page(height: 9cm)\n{body}", encoding="utf-8")
    typst.compile(str(source), output=str(path))


def test_the_ruled_table_of_a_pdf_over_two_pages(
    tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    rows = ", ".join(f"[EL], [AA{n}C], [{n}], [{n * 100}.50]" for n in range(20, 44))
    head = "table.header([POD], [HRG], [Activity], [Cost])"
    _pdf(tmp_path / "slam.pdf", f"#table(columns: 4, {head}, {rows})")
    [sheet] = open_file(tmp_path / "slam.pdf", con)
    assert sheet.file_format == "pdf"
    assert "pages 1 to" in sheet.notes[0]
    [table] = find_tables(sheet)
    assert [name for _, name in table.header_columns] == ["POD", "HRG", "Activity", "Cost"]
    assert table.data_rows == 24
    assert len(table.repeated_header_rows) >= 1
    row = con.execute(
        f"SELECT sum(c3::DECIMAL(10,2))::VARCHAR FROM {sheet.relation} "
        f"WHERE {table.data_condition()}"
    ).fetchone()
    assert row == (f"{sum(range(20, 44)) * 100 + 12}.00",)


def test_a_pdf_without_text_is_refused(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> None:
    _pdf(tmp_path / "scan.pdf", "#rect(width: 4cm, height: 2cm)")
    with pytest.raises(ComptrollerError, match="a scan or a picture"):
        open_file(tmp_path / "scan.pdf", con)
