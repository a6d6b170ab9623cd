"""Any file becomes raw sheets with its physical rows, or a refusal that says what to do."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from comptroller.errors import ComptrollerError
from comptroller.intake.reading import Limits, RawSheet, open_file
from comptroller.warehouse import connect


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(memory_limit="1GB") as engine:
        yield engine


Opener = Callable[..., RawSheet]


@pytest.fixture
def opened(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> Opener:
    def _open(content: bytes | str, name: str = "file.csv") -> RawSheet:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        [sheet] = open_file(path, con)
        return sheet

    return _open


def all_rows(sheet: RawSheet) -> list[list[str]]:
    return sheet.rows(sheet.first_row, sheet.last_row)


def test_rows_keep_their_place_with_blank_lines_at_the_top_between_and_below(
    opened: Opener,
) -> None:
    sheet = opened("\n\nTitle\n\na,b,c\n1,2,3\n\n4,5,6\n\n\n")
    assert (sheet.first_row, sheet.last_row, sheet.row_count) == (3, 8, 6)
    assert all_rows(sheet) == [
        ["Title", "", ""],
        ["", "", ""],
        ["a", "b", "c"],
        ["1", "2", "3"],
        ["", "", ""],
        ["4", "5", "6"],
    ]


def test_a_newline_inside_quotes_does_not_make_a_row(opened: Opener) -> None:
    sheet = opened('a,b\n"x\n\ny",1\nz,2\n')
    assert all_rows(sheet) == [["a", "b"], ["x\n\ny", "1"], ["z", "2"]]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a,b\n5" tube,1\nx,2\n', [["a", "b"], ['5" tube', "1"], ["x", "2"]]),
        ('a,b\n"12" SCREEN",1\nx,2\n', [["a", "b"], ['12 SCREEN"', "1"], ["x", "2"]]),
        ('a, "b, c"\n1, "2, 3"\n', [["a", "b, c"], ["1", "2, 3"]]),
        ("a,b\r1,2\r3,4\r", [["a", "b"], ["1", "2"], ["3", "4"]]),
        ("a,b\r\n1,2\n3,4\r\n", [["a", "b"], ["1", "2"], ["3", "4"]]),
        ('a,b\n"say ""yes""",1\n', [["a", "b"], ['say "yes"', "1"]]),
        ("a,b\n1\n2,3,4\n", [["a", "b", ""], ["1", "", ""], ["2", "3", "4"]]),
    ],
)
def test_irregular_text_is_read_exactly(text: str, rows: list[list[str]], opened: Opener) -> None:
    assert all_rows(opened(text)) == rows


def test_a_record_wider_than_the_beginning_keeps_its_cells(opened: Opener) -> None:
    narrow = "".join(f"{n},{n}\n" for n in range(60_000))
    sheet = opened(f"a,b\n{narrow}1,2,3,4\n\n5,6\n")
    assert sheet.width == 4
    assert sheet.rows(60_002, 60_004) == [["1", "2", "3", "4"], [""] * 4, ["5", "6", "", ""]]


@pytest.mark.parametrize(("delimiter", "name"), [(",", "c"), ("\t", "t"), ("|", "p"), (";", "s")])
def test_the_delimiter_is_found(delimiter: str, name: str, opened: Opener) -> None:
    lines = [["code", "name, long", "cost"]] + [[f"R{n}", f"A, {n}; B", str(n)] for n in range(9)]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(lines)
    sheet = opened(text.getvalue(), f"{name}.txt")
    assert sheet.delimiter == delimiter
    assert all_rows(sheet) == lines


@pytest.mark.parametrize(
    ("encoding", "called"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_found(encoding: str, called: str, opened: Opener) -> None:
    sheet = opened("name,cost\nCafé – St Mary’s,£5\n".encode(encoding))
    assert sheet.encoding == called
    assert all_rows(sheet) == [["name", "cost"], ["Café – St Mary’s", "£5"]]


def test_single_windows_bytes_in_a_utf8_file_come_out_right(opened: Opener) -> None:
    sheet = opened("name,cost\nCafé,£5\nx,".encode() + b"\xa37\n")
    assert all_rows(sheet)[1:] == [["Café", "£5"], ["x", "£7"]]


def test_cells_of_a_workbook_become_text(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["B3"] = "first"
    values: list[float | bool | str | dt.datetime | dt.time] = [
        1,
        0.1 + 0.2,
        1e15,
        1e-7,
        True,
        dt.datetime(2025, 4, 1),
        dt.datetime(2025, 4, 1, 9, 30),
        dt.time(9, 5),
        " text ",
    ]
    for column, value in enumerate(values, start=2):
        sheet.cell(4, column, value)
    sheet["L4"] = "#N/A"
    sheet["L4"].data_type = "e"
    book.create_sheet("empty")
    book.create_sheet("hidden").append(["x", "y"])
    book["hidden"].sheet_state = "hidden"
    book.save(tmp_path / "book.xlsx")
    first, hidden = open_file(tmp_path / "book.xlsx", con)
    assert (first.part, first.sheet, first.first_row, first.row_count) == (1, "Sheet", 3, 2)
    assert first.rows(4, 4) == [
        ["", "1", "0.3", "1000000000000000", "0.0000001", "TRUE", "2025-04-01",
         "2025-04-01 09:30:00", "09:05:00", " text ", "", "#N/A"]
    ]  # fmt: skip
    assert (hidden.part, hidden.sheet, hidden.hidden) == (2, "hidden", True)


def test_the_members_of_an_archive_are_parts_in_the_order_of_their_names(
    tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep.csv", "a,b\n5,6\n")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("two.csv", "a,b\n3,4\n")
        archive.writestr("one.csv", "a,b\n1,2\n")
        archive.writestr("__MACOSX/one.csv", "junk")
        archive.writestr("inner.zip", inner.getvalue())
    sheets = open_file(tmp_path / "all.zip", con)
    assert [(sheet.part, sheet.member) for sheet in sheets] == [
        (1, "inner.zip/deep.csv"),
        (2, "one.csv"),
        (3, "two.csv"),
    ]
    assert sheets[1].rows(2, 2) == [["1", "2"]]


def test_a_letter_beside_the_data_of_an_archive_is_set_aside(opened: Opener) -> None:
    letter = _zip({"word/document.xml": b"<w/>"})
    sheet = opened(_zip({"data.csv": b"a,b\n1,2\n", "letter.docx": letter}), "month.zip")
    assert sheet.member == "data.csv"
    assert sheet.notes == ("letter.docx is set aside: not a table file: this is a Word document.",)


def test_a_sheet_that_ends_where_excel_cuts_it_off_says_so(opened: Opener) -> None:
    sheet = opened("code,cost\n" + "RXA,1\n" * 65_535)
    assert "rows may be missing" in sheet.warnings[0]


def test_gzip_is_opened(opened: Opener) -> None:
    assert all_rows(opened(gzip.compress(b"a,b\n1,2\n"), "x.csv.gz")) == [["a", "b"], ["1", "2"]]


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def _locked_zip() -> bytes:
    content = bytearray(_zip({"a.csv": b"a,b\n1,2\n"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    return bytes(content)


REFUSED = [
    ("empty.csv", b"", "empty"),
    ("white.csv", b" \n\t\n ,, \n", "white space"),
    ("nul.csv", b"a,b\n1,\x002\n", "NUL byte at byte 7"),
    ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a picture"),
    ("noise.csv", bytes(range(1, 32)) * 50, "not a table file"),
    ("open.csv", b'a,b\n1,"never closed\n2,3\n4,5\n', "never closed"),
    ("wide.csv", b",".join(b"x" for _ in range(3000)) + b"\n", "3,000 columns"),
    ("data.json", b'{"a": [1, 2]}', "JSON"),
    ("word.docx", _zip({"word/document.xml": b"<w/>", "[Content_Types].xml": b""}), "Word"),
    ("locked.zip", _locked_zip(), "password"),
    ("locked.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
     + "EncryptedPackage".encode("utf-16-le"), "password"),
    ("cut.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "truncated"),
    ("cut.zip", _zip({"a.csv": b"a,b\n" * 50})[:60], "truncated or damaged"),
    ("bomb.zip", _zip({"a.csv": b"0" * 60_000_000}), "zip bomb"),
    ("nothing.zip", _zip({}), "no file with anything"),
    ("deep.zip", _zip({"b.zip": _zip({"c.zip": _zip({"d.csv": b"a,b\n"})})}), "archives inside"),
    ("cut.gz", gzip.compress(b"a,b\n1,2\n" * 1000)[:40], "gzip file is damaged"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "words"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_cannot_be_read_is_refused_with_place_and_remedy(
    name: str, content: bytes, words: str, tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ComptrollerError) as refusal:
        open_file(path, con)
    assert words in refusal.value.what
    assert name in refusal.value.where
    assert refusal.value.remedy


def test_a_missing_file_is_refused(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(ComptrollerError, match="cannot be read"):
        open_file(tmp_path / "none.csv", con)


def test_a_workbook_with_a_cell_far_to_the_right_is_refused(
    tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["XFD1"] = "x", "y"
    book.save(tmp_path / "wide.xlsx")
    with pytest.raises(ComptrollerError, match="16,384 columns"):
        open_file(tmp_path / "wide.xlsx", con)


def test_a_workbook_whose_cells_would_fill_memory_is_refused(
    tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["XFD1048576"] = "x", "y"
    book.save(tmp_path / "far.xlsx")
    with pytest.raises(ComptrollerError, match="row 1,048,576 and column 16,384"):
        open_file(tmp_path / "far.xlsx", con)


def test_cells_that_are_only_formatted_far_away_do_no_harm(
    tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["code", "cost"])
    sheet.append(["RXA", 5])
    sheet["XFD1048576"].number_format = "0.00"
    book.save(tmp_path / "formatted.xlsx")
    [found] = open_file(tmp_path / "formatted.xlsx", con)
    assert (found.width, found.row_count) == (2, 2)


def test_nothing_is_left_on_disk(
    tmp_path: Path, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    path = tmp_path / "a.zip"
    path.write_bytes(_zip({"a.csv": "a,b\n\n£,2\n".encode("cp1252")}))
    [sheet] = open_file(path, con)
    assert list(scratch.iterdir()) == []
    assert sheet.rows(3, 3) == [["£", "2"]]


def _is_utf8(content: bytes) -> bool:
    try:
        return not content.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


cells = st.text(alphabet='ab,;|\t" \n\r£1\u00e9', max_size=6)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    records=st.lists(st.lists(cells, min_size=1, max_size=4), min_size=1, max_size=12),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_any_written_csv_is_read_back_record_by_record(
    records: list[list[str]],
    quoting: int,
    encoding: str,
    ending: str,
    tmp_path: Path,
    con: duckdb.DuckDBPyConnection,
) -> None:
    text = io.StringIO(newline="")
    # A first record that settles the delimiter, as headings do.
    head = ["code", "name", "cost", "month"]
    writer = csv.writer(text, quoting=quoting, lineterminator=ending)  # type: ignore[arg-type]
    writer.writerows([head, *records, head])
    path = tmp_path / "generated.csv"
    content = text.getvalue().encode(encoding)
    # Windows letters that happen to be UTF-8 are read as such: nothing tells them apart.
    assume(encoding != "cp1252" or not _is_utf8(content))
    path.write_bytes(content)
    try:
        [sheet] = open_file(path, con)
    except ComptrollerError:
        return
    if sheet.delimiter != ",":
        return
    expected = list(csv.reader(io.StringIO(text.getvalue(), newline="")))
    assert sheet.row_count == len(expected)
    padded = [row + [""] * (sheet.width - len(row)) for row in expected]
    assert all_rows(sheet) == padded
    sheet.drop()


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    garbage=st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail),
        st.binary(max_size=200).map(lambda tail: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + tail),
        st.binary(max_size=200).map(lambda tail: b"\x1f\x8b\x08" + tail),
        st.binary(max_size=200).map(lambda tail: b"%PDF-1.4" + tail),
        st.binary(max_size=200).map(lambda tail: b"<html><table>" + tail),
    )
)
def test_garbage_gives_a_reason_or_rows_and_never_a_traceback(
    garbage: bytes, tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    path = tmp_path / "garbage.bin"
    path.write_bytes(garbage)
    try:
        sheets = open_file(path, con)
    except ComptrollerError:
        return
    for sheet in sheets:
        assert sheet.row_count == len(all_rows(sheet))
        sheet.drop()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=12),
    cut=st.integers(0, 3),
)
def test_a_damaged_workbook_never_ends_in_a_traceback(
    flips: list[tuple[int, int]], cut: int, tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    source = tmp_path / "source.xlsx"
    if not source.exists():
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for row in range(30):
            sheet.append([f"R{row}", row * 1.5, dt.date(2025, 4, 1)])
        book.save(source)
    content = bytearray(source.read_bytes())
    for place, value in flips:
        content[place % len(content)] ^= value
    damaged = tmp_path / "damaged.xlsx"
    damaged.write_bytes(content[: len(content) - cut * len(content) // 7])
    try:
        for found in open_file(damaged, con, limits=Limits(columns=500)):
            found.drop()
    except ComptrollerError:
        return
