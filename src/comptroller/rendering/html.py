"""A report as one page: no script, nothing fetched, readable by ear and by keyboard."""

from __future__ import annotations

import re
from functools import singledispatch
from html import escape
from pathlib import Path
from typing import Final

from comptroller.rendering.fonts import font_faces
from comptroller.rendering.formats import SUPPRESSED, Kind, Value, format_moment, format_value
from comptroller.rendering.report import (
    AUDIENCES,
    Block,
    Chart,
    Column,
    Notice,
    Report,
    Section,
    Table,
    Text,
    Tiles,
    chart_table,
)
from comptroller.rendering.words import Span, paragraphs

_CSS: Final = Path(__file__).with_name("page.css")
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_NOTICE_WORDS: Final = {"info": "Information", "warning": "Important", "success": "Done"}


def render_html(report: Report) -> str:
    """Return the report as a whole page that needs nothing from elsewhere.

    Charts are inline SVG with their numbers in a table that folds out; every table has a caption
    and headed rows and columns; the page meets WCAG 2.2 AA.
    """
    body = "\n".join(
        _section(section, number) for number, section in enumerate(report.sections, start=1)
    )
    links = "".join(
        f'<li><a href="#section-{number}">{_text(section.heading)}</a></li>'
        for number, section in enumerate(report.sections, start=1)
    )
    contents = f'<nav aria-label="Contents"><div class="width"><ul>{links}</ul></div></nav>'
    return f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{_text(report.title)} – {_text(report.subtitle or report.footer)}</title>
<link rel="icon" href="data:,">
<style>
{font_faces()}
{_CSS.read_text(encoding="utf-8")}</style>
</head>
<body>
<a class="skip" href="#main">Skip to main content</a>
<header><div class="width">
<h1>{_text(report.title)}</h1>
<p class="subtitle">{_text(report.subtitle)}</p>
<dl><div><dt>As at</dt><dd>{format_moment(report.as_at)}</dd></div>\
<div><dt>For</dt><dd>{_text(AUDIENCES[report.audience])}</dd></div></dl>
</div></header>
{contents if links else ""}
<main id="main" tabindex="-1"><div class="width">
{body}
</div></main>
<footer><div class="width"><p>{_text(report.footer)}. {_text(report.title)}, as at \
{format_moment(report.as_at)}. A dash means that there is no value; it is not nil.</p>
</div></footer>
</body>
</html>
"""


def _text(words: str) -> str:
    return escape(_CONTROL.sub("\ufffd", words), quote=True)


def _section(section: Section, number: int) -> str:
    blocks = "\n".join(
        _block(block, f"s{number}b{position}")
        for position, block in enumerate(section.blocks, start=1)
    )
    heading = f'<h2 id="section-{number}">{_text(section.heading)}</h2>'
    return f'<section aria-labelledby="section-{number}">\n{heading}\n{blocks}\n</section>'


@singledispatch
def _block(block: Block, name: str) -> str:
    raise TypeError(f"No way to draw a {type(block).__name__}")


def _spans(items: tuple[Span, ...]) -> str:
    tags = {"plain": ("", ""), "bold": ("<strong>", "</strong>"), "code": ("<code>", "</code>")}
    return "".join(f"{tags[s.style][0]}{_text(s.text)}{tags[s.style][1]}" for s in items)


def _words(text: str) -> str:
    parts = []
    for paragraph in paragraphs(text):
        if paragraph.is_list:
            items = "".join(f"<li>{_spans(item)}</li>" for item in paragraph.items)
            parts.append(f"<ul>{items}</ul>")
        else:
            parts.append(f"<p>{_spans(paragraph.items[0])}</p>")
    return "".join(parts)


@_block.register
def _(block: Text, name: str) -> str:
    return f'<div class="words">{_words(block.text)}</div>'


@_block.register
def _(block: Notice, name: str) -> str:
    opening = f'<span class="hidden">{_NOTICE_WORDS[block.kind]}: </span>'
    return f'<div class="notice {block.kind}" role="note">{opening}{_words(block.text)}</div>'


@_block.register
def _(block: Tiles, name: str) -> str:
    items = []
    for tile in block.tiles:
        note = f'<span class="note">{_text(tile.note)}</span>' if tile.note else ""
        items.append(
            f'<li><span class="label">{_text(tile.label)}</span>'
            f'<span class="value">{_value(tile.value, tile.kind)}</span>{note}</li>'
        )
    return f'<ul class="tiles">{"".join(items)}</ul>'


@_block.register
def _(block: Chart, name: str) -> str:
    from comptroller.rendering.chart_svg import chart_svg  # Altair takes a second to import

    spec = block.spec
    table = _table(chart_table(spec), f"{name}-data")
    return (
        f"<figure><figcaption>{_text(spec.title)}</figcaption>"
        f'<div class="scroll" role="group" tabindex="0" aria-label="Chart: {_text(spec.title)}">'
        f"{chart_svg(spec, width=860, height=320, prefix=name)}</div>"
        f"<details><summary>Show the numbers of this chart"
        f'<span class="hidden">: {_text(spec.title)}</span></summary>{table}</details></figure>'
    )


@_block.register
def _(block: Table, name: str) -> str:
    return _table(block, name)


def _table(table: Table, name: str) -> str:
    caption = f'<caption id="{name}-caption">{_text(table.caption)}</caption>'
    heads = "".join(
        f'<th scope="col"{_class(column)}>{_text(column.title)}</th>' for column in table.columns
    )
    body = "\n".join(_row(row, table.columns) for row in table.rows)
    if not table.rows:
        body = f'<tr><td colspan="{len(table.columns)}">{_text(table.empty)}</td></tr>'
    foot, note = "", '<div class="space"></div>'
    if table.total_row:
        foot = f"<tfoot>{_row(table.total_row, table.columns, blank=True)}</tfoot>"
    if table.note:
        note = f'<p class="under">{_text(table.note)}</p>'
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{name}-caption">'
        f"<table>{caption}<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>{foot}</table>"
        f"</div>{note}"
    )


def _class(column: Column) -> str:
    if column.right:
        return ' class="number"'
    return ' class="code"' if column.kind in ("code", "date") else ""


def _row(row: tuple[Value, ...], columns: tuple[Column, ...], *, blank: bool = False) -> str:
    cells = []
    for number, (value, column) in enumerate(zip(row, columns, strict=True)):
        opening = '<th scope="row"' if number == 0 else "<td"
        closing = "</th>" if number == 0 else "</td>"
        shown = "" if blank and value is None else _value(value, column.kind)
        cells.append(f"{opening}{_class(column)}>{shown}{closing}")
    return f"<tr>{''.join(cells)}</tr>"


def _value(value: Value, kind: Kind) -> str:
    if value is None:
        return '<span aria-hidden="true">–</span><span class="hidden">no value</span>'
    if value is SUPPRESSED:
        return '<span aria-hidden="true">*</span><span class="hidden">withheld</span>'
    if isinstance(value, str):
        return _text(value)
    return _text(format_value(value, kind))
