"""The chart spec: what a chart shows, drawn as SVG on pages and natively in workbooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal, get_args

ChartKind = Literal["line", "bar", "stacked_bar", "grouped_bar", "waterfall"]
Unit = Literal["£", "count"]

MAX_SERIES: Final = 8
"""More series than this cannot be told apart; group the rest into one."""

PALETTE: Final = (
    "#005eb8",  # NHS blue
    "#ae2573",  # pink
    "#00786c",  # aqua green, darkened to 5:1 on white
    "#330072",  # purple
    "#b35c00",  # orange, darkened to 4.6:1 on white
    "#425563",  # dark grey
    "#7c2855",  # dark pink
    "#0072ce",  # bright blue
)
DASHES: Final = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (4, 4), (1, 3), (10, 4), (3, 1))
"""Lines differ by dash as well as by colour."""

RISE: Final = "#ae2573"
FALL: Final = "#00786c"
ENDS: Final = "#005eb8"


@dataclass(frozen=True)
class ChartSpec:
    """What a chart shows. The same spec is drawn on pages, in PDFs and in workbooks.

    Args:
        kind: The form. A `waterfall` takes its first row as the start and every further row as a
            movement; it draws the end itself.
        title: What it shows, in words.
        x: The name in rows of what runs along the horizontal axis (text, in the order of rows).
        y: The name in rows of the number; None leaves a gap.
        rows: One mapping per point.
        x_title: The horizontal axis' title.
        y_title: The vertical axis' title.
        alt: What somebody who cannot see it should know: the shape and the main point.
        series: The name in rows of what tells the lines or bars apart; None for one series.
        unit: Pounds or a count.
        end_label: What a waterfall's last column is called.
    """

    kind: ChartKind
    title: str
    x: str
    y: str
    rows: tuple[Mapping[str, str | int | Decimal | None], ...]
    x_title: str
    y_title: str
    alt: str
    series: str | None = None
    unit: Unit = "£"
    end_label: str = "End"
    _points: dict[tuple[str, str], Decimal | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(dict(row) for row in self.rows))
        for name in ("title", "x_title", "y_title", "alt"):
            if not str(getattr(self, name)).strip():
                raise ValueError(f"A chart needs its {name}")
        if self.kind not in get_args(ChartKind) or self.unit not in get_args(Unit):
            raise ValueError(f"Chart {self.title!r}: unknown kind or unit")
        for row in self.rows:
            self._add(row)
        if len(self.series_names()) > MAX_SERIES:
            raise ValueError(f"Chart {self.title!r}: more than {MAX_SERIES} series")
        if self.kind == "waterfall":
            if self.series is not None:
                raise ValueError(f"Chart {self.title!r}: a waterfall has one series")
            if self.end_label in self.x_values():
                raise ValueError(f"Chart {self.title!r}: {self.end_label!r} is a row already")

    def _add(self, row: Mapping[str, str | int | Decimal | None]) -> None:
        x, y = row.get(self.x), row.get(self.y)
        name = row.get(self.series) if self.series else ""
        if not isinstance(x, str) or not isinstance(name, str):
            raise TypeError(f"Chart {self.title!r}: {self.x} and series must be text, not {row!r}")
        if isinstance(y, bool) or not isinstance(y, int | Decimal | None):
            raise TypeError(f"Chart {self.title!r}: {self.y} must be a Decimal or a whole number")
        if (x, name) in self._points:
            raise ValueError(f"Chart {self.title!r}: two points at {x!r} of {name!r}")
        self._points[(x, name)] = None if y is None else Decimal(y)

    def x_values(self) -> tuple[str, ...]:
        """Return what stands along the horizontal axis, in the order of the rows."""
        return tuple(dict.fromkeys(x for x, _ in self._points))

    def series_names(self) -> tuple[str, ...]:
        """Return the series in the order of the rows; one empty name where there is one."""
        return tuple(dict.fromkeys(name for _, name in self._points))

    def value(self, x: str, series: str = "") -> Decimal | None:
        """Return the number at a point; None where there is none."""
        return self._points.get((x, series))

    def waterfall_end(self) -> Decimal:
        """Return where a waterfall ends: its start and all its movements together."""
        return sum((self.value(x) or Decimal(0) for x in self.x_values()), Decimal(0))

    def waterfall_steps(self) -> tuple[tuple[str, Decimal, Decimal, str], ...]:
        """Return a waterfall's columns: label, bottom, top and colour, the end included."""
        steps: list[tuple[str, Decimal, Decimal, str]] = []
        level = Decimal(0)
        for number, x in enumerate(self.x_values()):
            move = self.value(x) or Decimal(0)
            low, high = sorted((level, level + move))
            colour = ENDS if number == 0 else RISE if move >= 0 else FALL
            steps.append((x, low, high, colour))
            level += move
        if steps:
            steps.append((self.end_label, min(level, Decimal(0)), max(level, Decimal(0)), ENDS))
        return tuple(steps)
