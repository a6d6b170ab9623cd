"""Web pages and XML that reporting tools save under the name of an Excel workbook."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import duckdb

from comptroller.errors import ComptrollerError
from comptroller.intake.reading import text_encoding
from comptroller.intake.reading.delimited import Source
from comptroller.intake.reading.grid import Merged, sheet_of
from comptroller.intake.reading.limits import Limits
from comptroller.intake.reading.raw_sheet import RawSheet
from comptroller.intake.reading.workbook import number_text

MOST_SPAN = 1000
_NAMESPACE = "{urn:schemas-microsoft-com:office:spreadsheet}"
_DECLARED = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_-]+)|encoding\s*=\s*["']([^"']+)""")


def is_markup(head: bytes) -> str:
    """Return html or xml when the bytes begin a web page or an XML workbook, else ''."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:2000].lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in start and start.startswith(b"<?xml"):
        return "xml"
    if start.startswith((b"<html", b"<!doctype html", b"<table", b"<meta", b"<head")):
        return "html"
    if start.startswith((b"<?xml", b"<")) and b"<html" in start:
        return "html"
    return "other" if start.startswith(b"<?xml") else ""


def read_html(source: Source, con: duckdb.DuckDBPyConnection, limits: Limits) -> list[RawSheet]:
    """Return a raw sheet for each table of a web page, spanned cells counted as merged.

    Raises:
        ComptrollerError: The page holds no table, or too many columns.
    """
    parser = _Tables(limits.columns)
    parser.feed(_text(source.path))
    parser.close()
    sheets = []
    several = len(parser.tables) > 1
    for index, table in enumerate(parser.tables, start=1):
        name = f"table {index}" if several else ""
        made = sheet_of(
            source, con, limits, table.rows, sheet=name, file_format="html",
            merged=tuple(table.merged),
        )  # fmt: skip
        if made is not None:
            sheets.append(made)
    return _some(source, sheets, "the web page holds no table")


def _text(path: Path) -> str:
    """Return the text of a page by its declared encoding, else UTF-8 with Windows bytes."""
    content = path.read_bytes()
    encoding = text_encoding.detect_encoding(path)
    if encoding.name.startswith("utf-") and encoding.name != "utf-8":
        return content[encoding.mark_bytes :].decode(encoding.name, errors="replace")
    declared = _DECLARED.search(content[:4096])
    if declared:
        try:
            return content.decode((declared[1] or declared[2]).decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass
    return content.decode("utf-8", errors=text_encoding.FALLBACK).lstrip("\ufeff")


def _some(source: Source, sheets: list[RawSheet], what: str) -> list[RawSheet]:
    if not sheets:
        raise ComptrollerError(
            what, where=source.name, remedy="Send CSV, Excel, OpenDocument, or a zip of these"
        )
    return sheets


class _Table:
    """Rows of one table under construction; a cell spanning rows leaves blanks below it."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.merged: list[tuple[int, int, int, int]] = []
        self._taken: set[tuple[int, int]] = set()

    def start_row(self) -> None:
        self.rows.append([])

    def add(self, text: str, right: int, down: int) -> None:
        """Put a cell at the next free place of the row."""
        if not self.rows:
            self.start_row()
        row, number = self.rows[-1], len(self.rows)
        while (number, len(row)) in self._taken:
            row.append("")
        at = len(row)
        row.extend([text] + [""] * (right - 1))
        if right > 1 or down > 1:
            self.merged.append((number, at, number + down - 1, at + right - 1))
            self._taken |= {
                (number + below, at + beside) for below in range(1, down) for beside in range(right)
            }


class _Tables(HTMLParser):
    """Collects the tables of a page; a table inside a cell counts as its text."""

    def __init__(self, most_columns: int) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Table] = []
        self._most_columns = most_columns
        self._depth = 0
        self._cell: list[str] | None = None
        self._spans = (1, 1)
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "title"):
            self._hidden += 1
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append(_Table())
        elif self._depth == 1 and tag == "tr":
            self._end_cell()
            self.tables[-1].start_row()
        elif self._depth == 1 and tag in ("td", "th"):
            self._end_cell()
            given = dict(attrs)
            self._spans = (self._span(given.get("colspan")), self._span(given.get("rowspan")))
            self._cell = []
        elif tag in ("br", "p", "div") and self._cell:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "title"):
            self._hidden = max(self._hidden - 1, 0)
        elif tag == "table" and self._depth:
            if self._depth == 1:
                self._end_cell()
            self._depth -= 1
        elif self._depth == 1 and tag in ("td", "th", "tr"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._hidden:
            self._cell.append(data)

    def _span(self, text: str | None) -> int:
        number = int(text) if text and text.isdigit() and len(text) < 5 else 1
        return max(1, min(number, MOST_SPAN, self._most_columns + 1))

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        # White space of a page means nothing, but for the breaks that were put in.
        lines = "".join(self._cell).replace("\u00a0", " ").split("\n")
        text = "\n".join(filter(None, (" ".join(line.split()) for line in lines)))
        self.tables[-1].add(text, *self._spans)
        self._cell = None


def read_xml_workbook(
    source: Source, con: duckdb.DuckDBPyConnection, limits: Limits
) -> list[RawSheet]:
    """Return the sheets of an XML spreadsheet of Excel 2003.

    Raises:
        ComptrollerError: The XML is damaged, declares entities, or holds no cell.
    """
    content = source.path.read_bytes()
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        raise ComptrollerError(
            "its XML declares entities, as an attack does",
            where=source.name,
            remedy="Open it in Excel, save it as xlsx and load that",
        )
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 entities are refused above
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ComptrollerError(
            f"the XML workbook is truncated or damaged ({error})",
            where=source.name,
            remedy="Ask the sender for it again",
        ) from error
    sheets = []
    for worksheet in root.iter(f"{_NAMESPACE}Worksheet"):
        rows, merged = _xml_rows(worksheet, limits)
        made = sheet_of(
            source, con, limits, rows, sheet=worksheet.get(f"{_NAMESPACE}Name", ""),
            file_format="xml", merged=merged, hidden=_xml_hidden(worksheet),
        )  # fmt: skip
        if made is not None:
            sheets.append(made)
    return _some(source, sheets, "no sheet of the XML workbook holds any value")


def _xml_hidden(worksheet: ElementTree.Element) -> bool:
    options = "{urn:schemas-microsoft-com:office:excel}"
    visible = worksheet.find(f"{options}WorksheetOptions/{options}Visible")
    return visible is not None and "Hidden" in (visible.text or "")


def _xml_rows(worksheet: ElementTree.Element, limits: Limits) -> tuple[list[list[str]], Merged]:
    """Return the cells of a worksheet; `ss:Index` skips rows and columns."""
    rows: list[list[str]] = []
    merged: list[tuple[int, int, int, int]] = []
    for row in worksheet.iterfind(f"{_NAMESPACE}Table/{_NAMESPACE}Row"):
        index = _number(row, "Index", len(rows) + 1, 1_048_576)
        rows.extend([] for _ in range(index - 1 - len(rows)))
        cells: list[str] = []
        for cell in row.iterfind(f"{_NAMESPACE}Cell"):
            at = _number(cell, "Index", len(cells) + 1, limits.columns + 1) - 1
            cells.extend([""] * (at - len(cells)))
            data = cell.find(f"{_NAMESPACE}Data")
            cells.append(_xml_value(data))
            right = _number(cell, "MergeAcross", 0, limits.columns)
            down = _number(cell, "MergeDown", 0, MOST_SPAN)
            if right or down:
                number = len(rows) + 1
                merged.append((number, at, number + down, at + right))
                cells.extend([""] * right)
        rows.append(cells)
    return rows, tuple(merged)


def _number(element: ElementTree.Element, name: str, default: int, most: int) -> int:
    text = element.get(f"{_NAMESPACE}{name}", "")
    return max(min(int(text), most), default) if text.isdigit() and len(text) < 8 else default


def _xml_value(data: ElementTree.Element | None) -> str:
    """Return the text of a cell as the other workbook formats give it."""
    if data is None:
        return ""
    text = "".join(data.itertext())
    kind = data.get(f"{_NAMESPACE}Type", "String")
    if kind == "Boolean":
        return "TRUE" if text.strip() == "1" else "FALSE"
    if kind == "DateTime":
        return text.replace("T00:00:00.000", "").replace("T", " ").removesuffix(".000")
    if kind == "Number":
        try:
            return number_text(float(text))
        except ValueError:
            return text
    return text
