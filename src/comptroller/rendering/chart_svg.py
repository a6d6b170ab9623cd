"""A chart spec drawn as SVG by Altair and vl-convert, in our font, the same bytes each time."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import altair
import vl_convert

from comptroller.rendering.chart import DASHES, PALETTE, ChartSpec
from comptroller.rendering.fonts import FAMILY, register_chart_fonts
from comptroller.rendering.formats import format_count, format_money_short

INK: Final = "#212b32"
GRID: Final = "#d8dde0"

_MONEY_LABEL: Final = (
    "(datum.value < 0 ? '-' : '') + '£' + ("
    "abs(datum.value) >= 1e9 ? format(abs(datum.value) / 1e9, ',.4~f') + 'bn' : "
    "abs(datum.value) >= 1e6 ? format(abs(datum.value) / 1e6, ',.4~f') + 'm' : "
    "abs(datum.value) >= 1e3 ? format(abs(datum.value) / 1e3, ',.4~f') + 'k' : "
    "format(abs(datum.value), ',.2~f'))"
)
_COUNT_LABEL: Final = "format(datum.value, ',.4~f')"


def chart_svg(spec: ChartSpec, *, width: int = 640, height: int = 300, prefix: str = "c") -> str:
    """Return the chart as one SVG element, described by its alternative text.

    Args:
        spec: What to draw.
        width: Width of the drawing area in pixels, without the axes.
        height: Height of the drawing area in pixels, without the axes.
        prefix: Begins every id inside, so that several charts may stand on one page.
    """
    if not spec.x_values():
        return _empty_svg(spec)
    register_chart_fonts()
    chart = _waterfall(spec, width) if spec.kind == "waterfall" else _series_chart(spec, width)
    chart = chart.properties(width=width, height=height)
    drawn: str = vl_convert.vegalite_to_svg(
        _configured(chart, _legend_columns(spec, width)).to_dict()
    )
    return _tidy(drawn, spec, prefix)


def _configured(chart: Any, legend_columns: int) -> Any:
    return (
        chart.configure(
            font=FAMILY,
            background="transparent",
            aria=False,
            padding={"left": 4, "right": 12, "top": 6, "bottom": 4},
        )
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            labelFontSize=13,
            titleFontSize=13,
            titleFontWeight="bold",
            gridColor=GRID,
            domainColor="#4c6272",
            tickColor="#4c6272",
            titlePadding=10,
        )
        .configure_legend(
            orient="top",
            title=None,
            labelFontSize=13,
            labelColor=INK,
            labelLimit=400,
            symbolSize=180,
            columns=legend_columns,
            columnPadding=24,
        )
        .configure_view(stroke=None)
    )


def _legend_columns(spec: ChartSpec, width: int) -> int:
    longest = max(len(name) for name in spec.series_names())
    return max(1, min(4, width // (longest * 8 + 60)))


_LETTER: Final = 7.2
"""Pixels that a letter of a label takes, about."""


def _labels(values: Sequence[str], width: int) -> tuple[dict[str, str], int]:
    """Return what each value is called on the axis, and the angle at which it is written.

    Long labels are broken over up to three lines, and turned where that is not enough.
    """
    room = int(width / len(values) / _LETTER)
    plain = {value: value for value in values}
    if max(len(value) for value in values) <= room:
        return plain, 0
    longest_word = max(len(word) for value in values for word in value.split())
    broken = {value: textwrap.fill(value, max(room, 4)) for value in values}
    if longest_word <= room and all(text.count("\n") < 3 for text in broken.values()):
        return broken, 0
    return plain, -40


def _axes(values: Sequence[str], spec: ChartSpec, angle: int) -> tuple[Any, Any]:
    x = altair.X(
        "x:N",
        sort=None,
        title=spec.x_title,
        scale=altair.Scale(domain=list(values)),
        axis=altair.Axis(
            labelAngle=angle,
            labelLimit=190,
            labelExpr="split(datum.label, '\\n')",
            labelOverlap="greedy" if len(values) > 30 else False,
            grid=False,
        ),
    )
    label = _MONEY_LABEL if spec.unit == "£" else _COUNT_LABEL
    y = altair.Y("y:Q", title=spec.y_title, axis=altair.Axis(labelExpr=label, tickCount=6))
    return x, y


def _series_chart(spec: ChartSpec, width: int) -> Any:
    names = list(spec.series_names())
    called, angle = _labels(spec.x_values(), width)
    points = [
        {"x": called[x], "y": None if value is None else float(value), "series": name}
        for name in names
        for x in spec.x_values()
        for value in (spec.value(x, name),)
    ]
    x, y = _axes(list(called.values()), spec, angle)
    source = altair.Chart(altair.InlineData(values=points))
    many = len(names) > 1
    colours = PALETTE[: len(names)]
    colour: Any = (
        altair.Color(
            "series:N",
            sort=None,
            scale=altair.Scale(domain=names, range=list(colours)),
            legend=altair.Legend(
                symbolType="stroke" if spec.kind == "line" else "square", symbolStrokeWidth=2.5
            ),
        )
        if many
        else altair.value(PALETTE[0])
    )
    if spec.kind == "line":
        channels: dict[str, Any] = {"x": x, "y": y, "color": colour}
        if many:
            dashes = [list(dash) for dash in DASHES[: len(names)]]
            channels["strokeDash"] = altair.StrokeDash(
                "series:N",
                sort=None,
                scale=altair.Scale(domain=names, range=dashes),
                legend=altair.Legend(symbolType="stroke", symbolStrokeWidth=2.5),
            )
        return source.mark_line(strokeWidth=2.5, point={"size": 45, "filled": True}).encode(
            **channels
        )
    channels = {"x": x, "y": y, "color": colour}
    if many and spec.kind == "grouped_bar":
        channels["xOffset"] = altair.XOffset("series:N", sort=None)
    if many and spec.kind == "stacked_bar":
        channels["order"] = altair.Order("rank:Q")
        for point in points:
            point["rank"] = names.index(str(point["series"]))
    return source.mark_bar(stroke="white", strokeWidth=0.75).encode(**channels)


def _waterfall(spec: ChartSpec, width: int) -> Any:
    steps = spec.waterfall_steps()
    called, angle = _labels([label for label, *_ in steps], width)
    word = format_money_short if spec.unit == "£" else format_count
    moves = [*(spec.value(x) for x in spec.x_values()), spec.waterfall_end()]
    data = [
        {
            "x": called[label],
            "low": float(low),
            "high": float(high),
            "colour": colour,
            "words": "" if move is None else word(move),
        }
        for (label, low, high, colour), move in zip(steps, moves, strict=True)
    ]
    x, _ = _axes(list(called.values()), spec, angle)
    label = _MONEY_LABEL if spec.unit == "£" else _COUNT_LABEL
    y = altair.Y("low:Q", title=spec.y_title, axis=altair.Axis(labelExpr=label, tickCount=6))
    base = altair.Chart(altair.InlineData(values=data))
    bars = base.mark_bar().encode(x=x, y=y, y2="high:Q", color=altair.Color("colour:N", scale=None))
    words = base.mark_text(dy=-7, fontSize=12, color=INK).encode(x=x, y="high:Q", text="words:N")
    return bars + words


def _tidy(drawn: str, spec: ChartSpec, prefix: str) -> str:
    # vega numbers its ids through the life of the process; ours start again with each chart
    ids: dict[str, str] = {}
    for name in re.findall(r'\bid="([^"]+)"', drawn):
        ids.setdefault(name, f"{prefix}-{len(ids)}")
    for old, new in ids.items():
        drawn = drawn.replace(f'id="{old}"', f'id="{new}"').replace(f"url(#{old})", f"url(#{new})")
    words = f'role="img" focusable="false" aria-label={quoteattr(spec.alt)}'
    return re.sub(r"<svg\b", f"<svg {words}", drawn.strip(), count=1)


def _empty_svg(spec: ChartSpec) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="80" viewBox="0 0 640 80" '
        f'role="img" aria-label={quoteattr(spec.alt)}><rect x="1" y="1" width="638" height="78" '
        f'fill="none" stroke="{GRID}"/><text x="320" y="46" text-anchor="middle" '
        f'font-family="{FAMILY}" font-size="14" fill="{INK}">No data to draw</text></svg>'
    )
