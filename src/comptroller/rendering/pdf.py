"""A report as a tagged PDF/UA-1, set by typst in our font, the same bytes for the same report."""

from __future__ import annotations

import re
from datetime import datetime
from functools import singledispatch
from pathlib import Path
from typing import Final

import typst

from comptroller.errors import ComptrollerError
from comptroller.rendering.fonts import DIRECTORY, FAMILY, drawable
from comptroller.rendering.formats import Value, format_moment, format_value
from comptroller.rendering.report import (
    AUDIENCES,
    Block,
    Chart,
    Column,
    Notice,
    Report,
    Table,
    Text,
    Tiles,
    chart_table,
)
from comptroller.rendering.words import Span, paragraphs

WIDE_TABLE: Final = 7
"""A report with a table of more columns than this is set on landscape pages."""

SHORT_TABLE: Final = 16
"""A chart with so many numbers or fewer keeps them on its page."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NOTICE_COLOURS: Final = {
    "info": ("#005eb8", "#f0f4f5"),
    "warning": ("#d5281b", "#fdf3f2"),
    "success": ("#007f3b", "#eef7f1"),
}
_TEMPLATE: Final = Path(__file__).with_name("page.typ")


def render_pdf(report: Report, path: Path) -> None:
    """Write the report as a PDF/UA-1; the same report gives the same bytes on every machine.

    Raises:
        ComptrollerError: The file cannot be written.
    """
    source = pdf_source(report)
    built = typst.compile(
        source.encode("utf-8"),
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=[DIRECTORY]),
        pdf_standards="ua-1",
        timestamp=int(report.as_at.timestamp()),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(built)
        part.replace(path)
    except OSError as error:
        raise ComptrollerError(
            f"The PDF cannot be written ({error.strerror})",
            where=str(path),
            remedy="Choose a folder that you may write to and close the file where it is open",
        ) from error


def pdf_source(report: Report) -> str:
    """Return the typst source of the report; every word of data stands in a string literal."""
    widest = max((len(table.columns) for table in report.tables()), default=1)
    settings = ", ".join(
        (
            f"title: {_string(report.title)}",
            f"subtitle: {_string(report.subtitle)}",
            f"moment: {_string(format_moment(report.as_at))}",
            f"date: {_datetime(report.as_at)}",
            f"audience: {_string(AUDIENCES[report.audience])}",
            f"footer-words: {_string(report.footer)}",
            f"family: {_string(FAMILY)}",
            f"wide: {'true' if widest > WIDE_TABLE else 'false'}",
        )
    )
    parts = [_TEMPLATE.read_text(encoding="utf-8"), f"#show: report.with({settings})"]
    for number, section in enumerate(report.sections, start=1):
        parts.append(f"#heading(level: 1, {_string(section.heading)})")
        parts += [
            _block(block, f"s{number}b{position}")
            for position, block in enumerate(section.blocks, start=1)
        ]
    return "\n".join(parts) + "\n"


def _datetime(moment: datetime) -> str:
    return (
        f"datetime(year: {moment.year}, month: {moment.month}, day: {moment.day}, "
        f"hour: {moment.hour}, minute: {moment.minute}, second: {moment.second})"
    )


def _string(words: str) -> str:
    """Return a typst string literal; PDF/UA refuses a letter that no font can draw."""
    clean = drawable(_CONTROL.sub("\ufffd", words))
    escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


@singledispatch
def _block(block: Block, name: str) -> str:
    raise TypeError(f"No way to draw a {type(block).__name__}")


def _spans(items: tuple[Span, ...]) -> str:
    made = []
    for span in items:
        words = f"#text({_string(span.text)})"
        made.append(f"#strong[{words}]" if span.style == "bold" else words)
    return "".join(made)


def _words(text: str) -> str:
    parts = []
    for paragraph in paragraphs(text):
        if paragraph.is_list:
            items = ", ".join(f"[{_spans(item)}]" for item in paragraph.items)
            parts.append(f"#list({items})")
        else:
            parts.append(f"#par[{_spans(paragraph.items[0])}]")
    return "\n".join(parts)


@_block.register
def _(block: Text, name: str) -> str:
    # Sticky: words that lead to a table or a chart, and a heading above them, stay with it.
    return f"#block(sticky: true, above: 0.9em, below: 0.9em)[{_words(block.text)}]"


@_block.register
def _(block: Notice, name: str) -> str:
    edge, fill = _NOTICE_COLOURS[block.kind]
    return f'#notice(rgb("{edge}"), rgb("{fill}"))[{_words(block.text)}]'


@_block.register
def _(block: Tiles, name: str) -> str:
    tiles = ", ".join(
        f"({_string(tile.label)}, {_string(format_value(tile.value, tile.kind))}, "
        f"{_string(tile.note)})"
        for tile in block.tiles
    )
    return f"#tiles(({tiles},))" if block.tiles else ""


@_block.register
def _(block: Chart, name: str) -> str:
    from comptroller.rendering.chart_svg import chart_svg  # Altair takes a second to import

    spec = block.spec
    drawn = drawable(chart_svg(spec, width=640, height=250, prefix=name))
    picture = f"#drawing({_string(spec.title)}, {_string(spec.alt)}, {_string(drawn)})\n"
    numbers = chart_table(spec)
    whole = picture + _table(numbers, small=True)
    # a chart and a few numbers stay on one page; many numbers may run over
    return f"#block(breakable: false)[{whole}]" if len(numbers.rows) <= SHORT_TABLE else whole


@_block.register
def _(block: Table, name: str) -> str:
    return _table(block)


def _table(table: Table, *, small: bool = False) -> str:
    sides = ", ".join("right" if column.right else "left" for column in table.columns)
    widths = ", ".join("auto" if small else _width(column) for column in table.columns)
    heads = ", ".join(f"[#text({_string(column.title)})]" for column in table.columns)
    rows = ",\n".join(
        ", ".join(_cell(value, column) for value, column in zip(row, table.columns, strict=True))
        for row in table.rows
    )
    if not table.rows:
        rows = f"table.cell(colspan: {len(table.columns)})[#text({_string(table.empty)})]"
    total = ""
    if table.total_row:
        total = ", ".join(
            "[]" if value is None else _cell(value, column, bold=True)
            for value, column in zip(table.total_row, table.columns, strict=True)
        )
    note = _string(table.note or "")
    return (
        f"#data-table({_string(table.caption)}, {note}, ({widths},), ({sides},), ({heads},), "
        f"(\n{rows},\n), ({total}{',' if total else ''}), small: {'true' if small else 'false'})"
    )


def _width(column: Column) -> str:
    return "auto" if column.right or column.kind in ("date", "code") else "1fr"


def _cell(value: Value, column: Column, *, bold: bool = False) -> str:
    kind = "text" if isinstance(value, str) else column.kind
    words = f"#text({_string(format_value(value, kind))})"
    if _width(column) == "auto":  # a number or a code never breaks over two lines
        words = f"#box[{words}]"
    return f"[#strong[{words}]]" if bold else f"[{words}]"
