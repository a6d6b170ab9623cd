"""A report as a workbook: a summary sheet, then a sheet per table and per chart, native charts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from comptroller.rendering.book import Book, Sheet
from comptroller.rendering.chart import PALETTE, ChartSpec
from comptroller.rendering.formats import format_moment
from comptroller.rendering.report import (
    AUDIENCES,
    Block,
    Chart,
    Notice,
    Report,
    Table,
    Text,
    Tiles,
    chart_table,
)
from comptroller.rendering.words import plain

_DASHES: Final = (
    "solid",
    "dash",
    "round_dot",
    "dash_dot",
    "square_dot",
    "long_dash",
    "long_dash_dot",
    "solid",
)
_AXIS_FORMATS: Final = {
    "£": '[>=1000000]£#,##0.0,,"m";[<=-1000000]-£#,##0.0,,"m";£#,##0',
    "count": "#,##0",
}


def render_workbook(report: Report, path: Path) -> None:
    """Write the report as a workbook; the same report gives the same bytes.

    Raises:
        ComptrollerError: The file cannot be written.
    """
    with Book(path, report.title, report.as_at) as book:
        summary = book.sheet("Summary", landscape=False)
        summary.width(0, 46)
        summary.width(1, 30)
        summary.width(2, 60)
        summary.line(report.title, "title")
        summary.line(report.subtitle, "subtitle")
        summary.row += 1
        summary.pair("As at", format_moment(report.as_at))
        summary.pair("For", AUDIENCES[report.audience])
        for section in report.sections:
            summary.row += 1
            summary.line(section.heading, "heading")
            for block in section.blocks:
                _block(book, summary, section.heading, block)


def _block(book: Book, summary: Sheet, heading: str, block: Block) -> None:
    if isinstance(block, Text | Notice):
        words = ("Important: " if _warns(block) else "") + plain(block.text)
        _wide_words(summary, words)
    elif isinstance(block, Tiles):
        for tile in block.tiles:
            summary.cell(summary.row, 0, tile.label, "text", "label")
            summary.cell(summary.row, 1, tile.value, tile.kind, "total")
            summary.cell(summary.row, 2, tile.note, "text", "muted")
            summary.row += 1
    elif isinstance(block, Table):
        sheet = _table_sheet(book, block, heading)
        _contents(summary, sheet, block.caption, "Table")
    else:
        sheet = _chart_sheet(book, block, heading)
        _contents(summary, sheet, block.spec.title, "Chart")


def _warns(block: Text | Notice) -> bool:
    return isinstance(block, Notice) and block.kind == "warning"


def _wide_words(summary: Sheet, words: str) -> None:
    look = summary.book.format("text", "words")
    summary.sheet.merge_range(summary.row, 0, summary.row, 2, "", look)
    summary.cell(summary.row, 0, words, "text", "words")
    lines = sum(1 + len(line) // 125 for line in words.splitlines() or [""])
    summary.sheet.set_row(summary.row, 14.5 * lines)
    summary.row += 1


def _contents(summary: Sheet, sheet: Sheet, words: str, what: str) -> None:
    summary.link(summary.row, 0, sheet.name, words)
    summary.cell(summary.row, 1, f"{what}, sheet {sheet.name}", "text", "muted")
    summary.row += 1


def _table_sheet(book: Book, table: Table, heading: str) -> Sheet:
    sheet = book.sheet(table.name or table.caption)
    sheet.line(table.caption, "heading")
    sheet.line(f"{heading}. {table.note}" if table.note else heading, "subtitle")
    sheet.row += 1
    wrap = frozenset(
        column.name
        for at, column in enumerate(table.columns)
        if column.kind == "text"
        and any(isinstance(row[at], str) and len(str(row[at])) > 42 for row in table.rows)
    )
    count = sheet.table(table.columns, table.rows, total=table.total_row, wrap=wrap)
    if not count:
        sheet.line(table.empty, "muted")
    return sheet


def _chart_sheet(book: Book, block: Chart, heading: str) -> Sheet:
    spec = block.spec
    table = chart_table(spec)
    sheet = book.sheet(spec.title)
    sheet.line(spec.title, "heading")
    sheet.line(heading, "subtitle")
    sheet.row += 1
    head = sheet.row
    count = sheet.table(table.columns, table.rows, filters=False)
    if not count:
        sheet.line("No data to draw", "muted")
        return sheet
    at = len(table.columns) + 1
    if spec.kind == "waterfall":
        drawn = _waterfall(book, sheet, spec, head)
        at += 4
    else:
        drawn = _series(book, sheet, spec, head, count)
    drawn.set_title({"name": spec.title, "name_font": {"size": 13}, "overlay": False})
    font = {"name": "Arial", "size": 9}
    drawn.set_x_axis({"name": spec.x_title, "num_font": font, "label_position": "low"})
    drawn.set_y_axis(
        {
            "name": spec.y_title,
            "num_format": _AXIS_FORMATS[spec.unit],
            "num_font": font,
            "major_gridlines": {"visible": True, "line": {"color": "#d8dde0"}},
        }
    )
    drawn.set_size({"width": 860, "height": 400})
    drawn.show_blanks_as("gap")
    sheet.sheet.insert_chart(head, at, drawn, {"description": spec.alt, "object_position": 2})
    return sheet


def _series(book: Book, sheet: Sheet, spec: ChartSpec, head: int, count: int) -> Any:
    kind = {"type": "line" if spec.kind == "line" else "column"}
    if spec.kind == "stacked_bar":
        kind["subtype"] = "stacked"
    chart = book.book.add_chart(kind)
    names = spec.series_names()
    for number, _ in enumerate(names):
        colour = PALETTE[number]
        series: dict[str, Any] = {
            "name": [sheet.name, head, number + 1],
            "categories": [sheet.name, head + 1, 0, head + count, 0],
            "values": [sheet.name, head + 1, number + 1, head + count, number + 1],
        }
        if spec.kind == "line":
            series["line"] = {"color": colour, "width": 2.25, "dash_type": _DASHES[number]}
            series["marker"] = {
                "type": "circle",
                "size": 5,
                "fill": {"color": colour},
                "border": {"color": colour},
            }
        else:
            series["fill"] = {"color": colour}
            series["border"] = {"color": "#ffffff"}
            series["gap"] = 60
        chart.add_series(series)
    chart.set_legend({"none": True} if len(names) == 1 else {"position": "top"})
    return chart


def _waterfall(book: Book, sheet: Sheet, spec: ChartSpec, head: int) -> Any:
    """Draw columns that float: an unseen part below, the seen part on it, for each side of nil."""
    steps = spec.waterfall_steps()
    first = 3
    titles = ("Drawn from", "Drawn above nil", "Drawn below nil")
    kind = "money" if spec.unit == "£" else "count"
    for at, title in enumerate(titles):
        sheet.cell(head, first + at, title, "text", "head")
        sheet.width(first + at, 15)
    for row, (_, low, high, _) in enumerate(steps, start=head + 1):
        unseen = low if low >= 0 else high if high <= 0 else low * 0
        above = max(high, low * 0) - max(low, low * 0)
        below = min(low, low * 0) - min(high, low * 0)
        for at, value in enumerate((unseen, above, below)):
            sheet.cell(row, first + at, value, kind, "muted")
    chart = book.book.add_chart({"type": "column", "subtype": "stacked"})
    last = head + len(steps)
    points = [{"fill": {"color": colour}} for *_, colour in steps]
    for at, title in enumerate(titles):
        series: dict[str, Any] = {
            "name": title,
            "categories": [sheet.name, head + 1, 0, last, 0],
            "values": [sheet.name, head + 1, first + at, last, first + at],
            "gap": 40,
        }
        if at == 0:
            series["fill"] = {"none": True}
            series["border"] = {"none": True}
        else:
            series["points"] = points
        chart.add_series(series)
    chart.set_legend({"none": True})
    return chart
