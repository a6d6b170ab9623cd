"""A workbook written cell by cell: exact numbers, and words that never become a formula.

`Book` opens a file and hands out sheets; `Sheet` writes values by kind and tables with frozen
heads, filters, widths and print setup. `render_workbook` and the challenge workbook are made of
these. Same calls, same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from comptroller.errors import ComptrollerError
from comptroller.rendering.formats import NUMERIC_KINDS, Suppressed, Value, check_kind, format_value
from comptroller.rendering.report import Column

MAX_ROWS: Final = 1_048_576
MAX_CELL: Final = 32_767
EXCEL_DIGITS: Final = 15
"""Digits that a spreadsheet keeps of a number."""

Style = Literal["body", "head", "total", "title", "subtitle", "heading", "label", "words", "muted"]

_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
_LINE_HEIGHT: Final = 13.5
_MOST_LINES: Final = 8
_MEASURED: Final = 200
_WRAP_LIMIT: Final = 60.0
_PRINTED_COLUMNS: Final = 16
_NUMBER: Final = re.compile(r"[+-]?[0-9][0-9,. ]*")
_ILLEGAL_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SHEET_NAME: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_NUMBER_FORMATS: Final = {
    "money": "£#,##0.00;-£#,##0.00",
    "count": "#,##0",
    "decimal": "#,##0.00######",
    "percent": "0.0%",
    "date": "d mmm yyyy",
    "moment": "d mmm yyyy hh:mm",
    "text": "@",
    "code": "@",
}
_STYLES: Final[dict[str, dict[str, Any]]] = {
    "body": {"valign": "top"},
    "head": {
        "bold": True,
        "font_color": "#ffffff",
        "bg_color": "#005eb8",
        "text_wrap": True,
        "valign": "top",
        "border": 1,
        "border_color": "#003087",
    },
    "total": {"bold": True, "top": 1, "bg_color": "#f0f4f5", "valign": "top"},
    "title": {"bold": True, "font_size": 18, "font_color": "#003087"},
    "subtitle": {"font_size": 12, "font_color": "#4c6272"},
    "heading": {"bold": True, "font_size": 14, "font_color": "#003087"},
    "label": {"bold": True, "valign": "top", "text_wrap": True},
    "words": {"text_wrap": True, "valign": "top"},
    "muted": {"font_color": "#4c6272", "text_wrap": True, "valign": "top"},
}


def safe_text(text: str) -> str:
    """Return words that no spreadsheet takes for a formula, here or after a save as CSV.

    What begins like a formula gets an apostrophe in front; a plain number or a lone sign does not
    need one. Letters that a workbook cannot hold are replaced, and very long text is cut.
    """
    if text[:1].isalnum() and text.isascii() and text.isprintable() and len(text) < MAX_CELL:
        return text  # nearly all words are such
    clean = _ILLEGAL_IN_XML.sub("\ufffd", text)
    bare = clean.lstrip(" \u00a0\u200b\ufeff")
    harmless = len(bare) <= 1 or _NUMBER.fullmatch(bare)
    if (clean.startswith(_STARTS) or bare.startswith(_STARTS)) and not harmless:
        clean = "'" + clean
    return clean if len(clean) <= MAX_CELL else clean[: MAX_CELL - 1] + "…"


_PENNY = Decimal("0.01")


def excel_number(value: Decimal | int) -> Decimal | None:
    """Return the number that a cell can hold so that it reads back the same, or None.

    A spreadsheet keeps 15 digits. A number of more digits is cut to 15 where its pennies stay
    the same; where they would not, there is no such number, and it has to be written as text.
    """
    number = Decimal(value)
    kept = Decimal(format(number, f".{EXCEL_DIGITS}g"))
    if kept == number:
        return kept + 0 if kept else Decimal(0)
    if abs(number) >= 10**EXCEL_DIGITS:
        return None
    pennies = number.quantize(_PENNY, ROUND_HALF_UP)
    if kept.quantize(_PENNY, ROUND_HALF_UP) == pennies:
        return kept
    # Cutting may move a half penny to the other side: then the pennies themselves are kept.
    return pennies if len(pennies.as_tuple().digits) <= EXCEL_DIGITS else None


@dataclass(frozen=True)
class Choice:
    """A column for the reader to fill in from a list."""

    values: tuple[str, ...]
    title: str
    message: str


@dataclass(frozen=True)
class Amount:
    """A column for the reader to fill in with pounds, nil or more."""

    title: str
    message: str


@dataclass(frozen=True)
class Day:
    """A column for the reader to fill in with a date."""

    title: str
    message: str


Input = Choice | Amount | Day


@dataclass
class Sheet:
    """One sheet of a `Book`. Rows and columns count from 0."""

    book: Book
    name: str
    sheet: Any
    row: int = 0
    """The next row to be written to by `line` and `table`."""
    _widths: dict[int, float] = field(default_factory=dict)

    def cell(
        self, row: int, column: int, value: Value, kind: str = "text", style: Style = "body"
    ) -> None:
        """Write one value by its kind; None leaves a styled blank."""
        put = self.sheet
        if value is None:
            if style not in ("body", "words"):  # an empty cell without colour need not be there
                put.write_blank(row, column, None, self.book.format(kind, style))
        elif isinstance(value, Suppressed):
            put.write_string(row, column, str(value), self.book.format("text", style, right=True))
        elif isinstance(value, str):
            put.write_string(row, column, safe_text(value), self.book.format("text", style))
        elif isinstance(value, datetime):
            naive = value.replace(tzinfo=None, microsecond=0)
            put.write_datetime(row, column, naive, self.book.format("moment", style))
        elif isinstance(value, date):
            put.write_datetime(row, column, value, self.book.format("date", style))
        else:
            self._number(row, column, value, kind, style)

    def _number(self, row: int, column: int, value: Decimal | int, kind: str, style: Style) -> None:
        number = excel_number(value)
        if number is None:
            words = format(Decimal(value), "f")
            self.sheet.write_string(row, column, words, self.book.format("text", style, right=True))
            return
        if kind == "count" and number != number.to_integral_value():
            kind = "decimal"
        # a Decimal goes into the file digit by digit; a float could come out one digit longer
        self.sheet.write_number(row, column, number, self.book.format(kind, style))

    def line(self, text: str, style: Style = "body", *, column: int = 0) -> None:
        """Write words on the next row."""
        self.cell(self.row, column, text, "text", style)
        self.row += 1

    def pair(self, label: str, value: Value, kind: str = "text") -> None:
        """Write a label and its value on the next row."""
        room = self._widths.get(1, 8.43)
        lines = max(_lines(label, self._widths.get(0, 8.43)), _lines(value, room))
        if lines > 1:
            self.sheet.set_row(self.row, _LINE_HEIGHT * lines)
        self.cell(self.row, 0, label, "text", "label")
        style: Style = "words" if isinstance(value, str) else "body"
        self.cell(self.row, 1, value, kind, style)
        self.row += 1

    def link(self, row: int, column: int, sheet: str, words: str) -> None:
        """Write a link to another sheet of the same book."""
        target = "internal:'" + sheet.replace("'", "''") + "'!A1"
        self.sheet.write_url(row, column, target, self.book.link_format, safe_text(words))

    def width(self, column: int, characters: float) -> None:
        """Set a column's width in characters."""
        self._widths[column] = characters
        self.sheet.set_column(column, column, characters)

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Value]],
        *,
        total: Sequence[Value] | None = None,
        inputs: Mapping[str, Input | None] | None = None,
        freeze_columns: int = 1,
        filters: bool = True,
        freeze: bool = True,
        wrap: frozenset[str] = frozenset(),
        widths: dict[str, float] | None = None,
    ) -> int:
        """Write a table from the next row on, with frozen head, filters, widths; return its rows.

        Args:
            columns: The columns.
            rows: Rows as long as the columns without those of `inputs`, which come last.
            total: A row set apart below.
            inputs: Names of columns to be filled in, with their list of choices where they
                have one; the area is coloured.
            freeze_columns: How many columns stay in sight.
            filters: Whether the head gets filters.
            freeze: Whether the head stays in sight and repeats in print.
            wrap: Names of columns whose words break over lines.
            widths: Widths in characters that are not to be guessed.
        """
        head = self.row
        inputs = inputs or {}
        known = widths or {}
        filled = [column for column in columns if column.name not in inputs]
        measured = [float(_head_width(column)) for column in columns]
        self._head(columns, [known.get(c.name, m) for c, m in zip(columns, measured, strict=True)])
        wrapped = [
            (at, known.get(column.name, _WRAP_LIMIT))
            for at, column in enumerate(filled)
            if column.name in wrap
        ]
        count = 0
        for count, row in enumerate(rows, start=1):
            if head + count >= MAX_ROWS:
                raise ComptrollerError(
                    f"Sheet {self.name} would hold more rows than a workbook can",
                    remedy="Export by month or by provider",
                )
            lines = max((_lines(row[at], width) for at, width in wrapped), default=1)
            if lines > 1:
                self.sheet.set_row(head + count, _LINE_HEIGHT * min(lines, _MOST_LINES))
            self._row(head + count, row, filled, wrap, measured if count <= _MEASURED else None)
        if filters and count:
            self.sheet.autofilter(head, 0, head + count, len(columns) - 1)
        self.row = head + count + 1
        self._total(columns, total, measured)
        for at, column in enumerate(columns):
            limit = _WRAP_LIMIT if column.name in wrap else 42.0
            self.width(at, known.get(column.name, min(measured[at], limit)))
        if len(columns) > _PRINTED_COLUMNS:  # too wide for one page: in columns of pages
            self.sheet.set_print_scale(60)
            self.sheet.repeat_columns(0, max(freeze_columns - 1, 0))
        if freeze:
            self.sheet.freeze_panes(head + 1, freeze_columns)
            self.sheet.repeat_rows(head)
        if inputs and count:
            self._to_fill_in(head + 1, len(filled), head + count, len(columns) - 1)
            self._choices(columns, inputs, head + 1, head + count)
        return count

    def _to_fill_in(self, first: int, left: int, last: int, right: int) -> None:
        # one rule for the whole area: a coloured blank in each cell would double a big log
        look = self.book.book.add_format(
            {"bg_color": "#fff9c4", "border": 1, "border_color": "#aeb7bd"}
        )
        rule = {"type": "no_errors", "format": look}
        self.sheet.conditional_format(first, left, last, right, rule)

    def _head(self, columns: Sequence[Column], widths: Sequence[float]) -> None:
        lines = max(_lines(c.title, w) for c, w in zip(columns, widths, strict=True))
        self.sheet.set_row(self.row, _LINE_HEIGHT * lines + 2)
        for at, column in enumerate(columns):
            self.cell(self.row, at, column.title, "text", "head")

    def _row(
        self,
        at_row: int,
        row: Sequence[Value],
        columns: Sequence[Column],
        wrap: frozenset[str],
        measured: list[float] | None,
    ) -> None:
        for at, (value, column) in enumerate(zip(row, columns, strict=True)):
            check_kind(value, column.kind)
            self.cell(at_row, at, value, column.kind, "words" if column.name in wrap else "body")
            if measured is not None and value is not None:
                measured[at] = max(measured[at], len(format_value(value, column.kind)) + 1.5)

    def _total(
        self, columns: Sequence[Column], total: Sequence[Value] | None, measured: list[float]
    ) -> None:
        if total is None:
            return
        for at, (value, column) in enumerate(zip(total, columns, strict=True)):
            self.cell(self.row, at, value, column.kind, "total")
            if value is not None and not isinstance(value, str):
                measured[at] = max(measured[at], len(format_value(value, column.kind)) + 2.5)
        self.row += 1

    def _choices(
        self,
        columns: Sequence[Column],
        inputs: Mapping[str, Input | None],
        first: int,
        last: int,
    ) -> None:
        for at, column in enumerate(columns):
            entry = inputs.get(column.name)
            if entry is None:
                continue
            rule = self._rule(entry)
            rule["input_title"] = entry.title[:32]
            rule["input_message"] = entry.message[:255]
            self.sheet.data_validation(first, at, last, at, rule)

    def _rule(self, entry: Input) -> dict[str, Any]:
        if isinstance(entry, Amount):
            return {
                "validate": "decimal",
                "criteria": ">=",
                "value": 0,
                "error_title": "Not an amount",
                "error_message": "Write pounds and pence, nil or more, without words.",
            }
        if isinstance(entry, Day):
            return {
                "validate": "date",
                "criteria": ">=",
                "value": date(2000, 1, 1),
                "error_title": "Not a date",
                "error_message": "Write a date as day month year.",
            }
        short = len(",".join(entry.values)) <= 255 and not any("," in v for v in entry.values)
        return {
            "validate": "list",
            "source": list(entry.values) if short else self.book.list_source(entry.values),
            "error_title": "Not one of the codes",
            "error_message": "Choose a code from the list.",
        }


def _lines(value: Value, width: float) -> int:
    """Return how many lines words take in a column; no program measures them when it opens."""
    if not isinstance(value, str):
        return 1
    room = max(width * 0.95, 4.0)
    return sum(max(1, ceil(len(part) / room)) for part in value.split("\n"))


def _head_width(column: Column) -> float:
    longest = max(len(word) for word in column.title.split())
    least = {"money": 13.0, "date": 12.0, "count": 9.0, "percent": 9.0}.get(column.kind, 8.0)
    return max(least, longest + 3.5, len(column.title) / 2 + 3)


class Book:
    """A workbook being written; it appears at its path whole, when the block is left.

    Args:
        path: Where the workbook goes.
        title: Its title, in its properties.
        as_at: The moment in its properties; nothing else in the file depends on time.
        streaming: Keep only one row of each sheet in memory; rows must then be written in order.
    """

    def __init__(self, path: Path, title: str, as_at: datetime, *, streaming: bool = False) -> None:
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._formats: dict[tuple[str, str, bool], Any] = {}
        self._names: set[str] = set()
        self._lists: dict[tuple[str, ...], str] = {}
        self.book = xlsxwriter.Workbook(
            str(self._part),
            {
                "strings_to_formulas": False,
                "strings_to_numbers": False,
                "strings_to_urls": False,
                "constant_memory": streaming,
                "in_memory": not streaming,
                "default_format_properties": {"font_name": "Arial", "font_size": 10},
            },
        )
        self.book.set_properties(
            {
                "title": title,
                "author": "Comptroller",
                "created": as_at.replace(tzinfo=None, microsecond=0),
            }
        )

    def __enter__(self) -> Book:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._part.unlink(missing_ok=True)
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.book.close()
            self._part.replace(self.path)
        except (OSError, XlsxWriterException) as problem:
            with suppress(OSError):
                self._part.unlink()
            raise ComptrollerError(
                "The workbook cannot be written",
                where=str(self.path),
                remedy="Close it where it is open and choose a folder that you may write to",
            ) from problem

    def sheet(self, name: str, *, landscape: bool = True) -> Sheet:
        """Return a new sheet; its name is made valid and unlike the others'."""
        name = self._free_name(name)
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_paper(9)
        if landscape:
            sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.set_footer("&L&8&F, &A&R&8Page &P of &N")
        return Sheet(self, name, sheet)

    def _free_name(self, name: str) -> str:
        base = _SHEET_NAME.sub(" ", name).strip(" '")[:31].strip() or "Sheet"
        if base.lower() == "history":  # Excel keeps this name for itself
            base = "History of changes"
        free, number = base, 1
        while free.lower() in self._names:
            number += 1
            free = f"{base[: 31 - len(str(number)) - 1].strip()} {number}"
        self._names.add(free.lower())
        return free

    def format(self, kind: str, style: Style, *, right: bool = False) -> Any:
        """Return the cell format of a kind in a style, made once."""
        key = (kind, style, right)
        if key not in self._formats:
            look = dict(_STYLES[style])
            if style not in ("head", "title", "subtitle", "heading", "words", "muted"):
                look["num_format"] = _NUMBER_FORMATS.get(kind, "General")
            if right or kind in NUMERIC_KINDS or kind == "decimal":
                look["align"] = "right"
            elif style in ("body", "words", "total"):
                look["align"] = "left"
                look["indent"] = 1  # keeps words off the number in the column before
            self._formats[key] = self.book.add_format(look)
        return self._formats[key]

    @cached_property
    def link_format(self) -> Any:
        """The format of a link."""
        return self.book.add_format({"font_color": "#005eb8", "underline": 1, "valign": "top"})

    def list_source(self, values: tuple[str, ...]) -> str:
        """Return the reference of a hidden list that a drop-down may read."""
        if values not in self._lists:
            sheet = self.sheet(f"Lists {len(self._lists) + 1}")
            for row, value in enumerate(values):
                sheet.cell(row, 0, value)
            sheet.sheet.hide()
            self._lists[values] = f"='{sheet.name}'!$A$1:$A${len(values)}"
        return self._lists[values]
