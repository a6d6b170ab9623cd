import itertools
import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from comptroller.rendering import Report, Section, chart_table, format_value, render_html
from comptroller.rendering.chart import FALL, PALETTE, RISE, ChartSpec
from comptroller.rendering.chart_svg import chart_svg
from comptroller.rendering.html import _CSS

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Collects tags, tables and the words of the page, and minds that tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.words: list[str] = []
        self._hidden = 0
        self._cell: list[str] | None = None
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in VOID:
            return
        self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = []
        elif tag == "span" and dict(attrs).get("class") == "hidden":
            self._hidden += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append("".join(self._cell))
            self._cell = None
        elif tag == "span" and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        self.words.append(data)
        if self._cell is not None:
            self._cell.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture
def page(report: Report) -> Page:
    return Page(render_html(report))


def test_every_number_of_the_report_stands_on_the_page(report: Report, page: Page) -> None:
    tables = list(report.tables())
    assert len(page.tables) == len(tables)
    for table, shown in zip(tables, page.tables, strict=True):
        assert shown[0] == [column.title for column in table.columns]
        for row, cells in zip(table.rows, shown[1:], strict=False):
            expected = [
                format_value(value, "text" if isinstance(value, str) else column.kind)
                for value, column in zip(row, table.columns, strict=True)
            ]
            assert [cell.replace("\ufffd", "\x07") for cell in cells] == expected
    assert page.tables[1][-1] == ["Total", "", "£99,999,999.98", "1,204", "", ""]
    assert {"£3,090,001.41", "1,234", "93.4%"} <= set(page.words)


def test_the_page_is_accessible_in_its_structure(page: Page) -> None:
    assert page.all("html")[0]["lang"] == "en-GB"
    assert page.all("title")
    assert "Month summary" in "".join(page.words)
    skip = page.all("a")[0]
    assert skip["class"] == "skip"
    assert skip["href"] == "#main"
    assert page.all("main")[0]["id"] == "main"
    assert len(page.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(th["scope"] in ("col", "row") for th in page.all("th"))
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.all("svg"))
    scrolled = [div for div in page.all("div") if div.get("class") == "scroll"]
    assert scrolled
    assert all(div["tabindex"] == "0" for div in scrolled)
    assert all(div.get("aria-label") or div.get("aria-labelledby") for div in scrolled)


def test_ids_are_single_and_references_lead_somewhere(page: Page) -> None:
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = {v for _, attrs in page.tags for k, v in attrs.items() if k == "aria-labelledby"}
    wanted |= {str(a["href"])[1:] for a in page.all("a")}
    assert wanted <= set(ids)


def test_nothing_is_fetched_and_nothing_runs(report: Report) -> None:
    text = render_html(report)
    page = Page(text)
    assert not page.all("script")
    assert not page.all("img")
    assert not page.all("iframe")
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', text) == []
    assert re.findall(r"url\((?![\"']?(?:data:|#))", text) == []
    assert "@import" not in text
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)


def test_data_never_becomes_markup(report: Report) -> None:
    evil = replace(
        report, title="<script>alert(1)</script>", sections=(Section('"><img src=x onerror=1>'),)
    )
    page = Page(render_html(evil))
    assert not page.all("script")
    assert not page.all("img")
    assert "<script>alert(1)</script>" in "".join(page.words)


def test_an_empty_report_is_a_page_too(report: Report) -> None:
    page = Page(render_html(replace(report, sections=())))
    assert page.all("main")
    assert not page.all("nav")


def test_the_same_report_is_the_same_page(report: Report) -> None:
    assert render_html(report) == render_html(report)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_have_contrast_enough() -> None:
    css = _CSS.read_text(encoding="utf-8")
    named = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", css))
    for words in ("ink", "grey", "blue", "dark-blue"):
        assert contrast(named[words], "#ffffff") >= 4.5
    assert contrast(named["grey"], named["pale"]) >= 4.5
    assert contrast(named["blue"], named["pale"]) >= 4.5
    assert contrast(named["ink"], "#fdf3f2") >= 4.5
    for mark in (*PALETTE, RISE, FALL):
        assert contrast(mark, "#ffffff") >= 4.5
    assert len(set(PALETTE)) == len(PALETTE)


def test_a_chart_without_points_says_so(trend: ChartSpec) -> None:
    empty = replace(trend, rows=())
    assert "No data to draw" in chart_svg(empty)
    assert chart_table(empty).rows == ()


@pytest.mark.parametrize("kind", ["line", "bar", "grouped_bar", "stacked_bar"])
def test_charts_name_their_axes_and_series_in_our_font(trend: ChartSpec, kind: str) -> None:
    drawn = chart_svg(replace(trend, kind=kind))  # type: ignore[arg-type]
    for words in ("Month", "Cost (£)", "Actual", "Plan", "Apr 2026"):
        assert f">{words}<" in drawn
    assert "£" in drawn
    assert "Open Sans" in drawn
    assert chart_svg(replace(trend, kind=kind)) == drawn  # type: ignore[arg-type]


def test_negative_money_on_an_axis_has_its_sign_before_the_pound(trend: ChartSpec) -> None:
    below = replace(
        trend, kind="bar", series=None, rows=({"month": "Apr", "cost": Decimal(-2000000)},)
    )
    assert "-£2m" in chart_svg(below)
