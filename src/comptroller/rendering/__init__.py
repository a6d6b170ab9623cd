"""Rendering: one report object becomes a page, a PDF and a workbook.

What comes in: a `Report` of sections with words, tables, charts, headline tiles and notices, all
frozen and checked when made. What goes out: `render_html` a page that needs nothing from
elsewhere and no script; `render_pdf` a tagged PDF/UA-1 of the same bytes each time;
`render_workbook` a workbook with native charts, in which no cell begins a formula. Values are
written one way everywhere (`format_money`), and small numbers are hidden before they leave
(`suppress`). This room owns no tables and knows nothing of commissioning.
"""

from comptroller.rendering.chart import ChartSpec
from comptroller.rendering.formats import (
    SUPPRESSED,
    Kind,
    Suppressed,
    Value,
    format_count,
    format_date,
    format_money,
    format_money_short,
    format_percent,
    format_value,
)
from comptroller.rendering.html import render_html
from comptroller.rendering.pdf import render_pdf
from comptroller.rendering.report import (
    Audience,
    Block,
    Chart,
    Column,
    Notice,
    Report,
    Section,
    Table,
    Text,
    Tile,
    Tiles,
    chart_table,
)
from comptroller.rendering.suppression import suppress
from comptroller.rendering.workbook import render_workbook

__all__ = [
    "SUPPRESSED",
    "Audience",
    "Block",
    "Chart",
    "ChartSpec",
    "Column",
    "Kind",
    "Notice",
    "Report",
    "Section",
    "Suppressed",
    "Table",
    "Text",
    "Tile",
    "Tiles",
    "Value",
    "chart_table",
    "format_count",
    "format_date",
    "format_money",
    "format_money_short",
    "format_percent",
    "format_value",
    "render_html",
    "render_pdf",
    "render_workbook",
    "suppress",
]
