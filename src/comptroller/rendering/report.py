"""The report object: what a report says, whatever it will be drawn as.

Every object is frozen and refuses what could not be drawn: a row of the wrong length, a float as
money, a chart without words for those who cannot see it. Rows are tuples in the columns' order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, get_args

from comptroller.rendering.chart import ChartSpec
from comptroller.rendering.formats import KINDS, NUMERIC_KINDS, Kind, Value, check_kind

Align = Literal["left", "right", "auto"]
Audience = Literal["controlled", "internal", "external"]
"""Who may read it: a controlled environment for finance; staff under agreement; anybody."""

NoticeKind = Literal["info", "warning", "success"]

AUDIENCES: Final[dict[Audience, str]] = {
    "controlled": "Controlled environment only",
    "internal": "Internal, under agreement",
    "external": "For release",
}


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(what)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        name: Its name in data, snake_case.
        title: Its heading for a reader, with the unit where it could be doubted.
        kind: What its values are.
        align: Its side; `auto` puts numbers right and the rest left.
    """

    name: str
    title: str
    kind: Kind = "text"
    align: Align = "auto"

    def __post_init__(self) -> None:
        _require(bool(self.name) and bool(self.title), "A column needs a name and a title")
        _require(self.kind in KINDS, f"Column {self.name}: unknown kind {self.kind!r}")

    @property
    def right(self) -> bool:
        """Whether its values stand at the right edge."""
        return self.align == "right" or (self.align == "auto" and self.kind in NUMERIC_KINDS)


@dataclass(frozen=True)
class Text:
    """Words: paragraphs parted by a blank line, `- ` lists, `**bold**` and `` `code` ``."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows under columns, with a caption that says what they are.

    Args:
        columns: The columns, at least one; the first one heads its row.
        rows: Tuples as long as the columns.
        caption: What the table shows, in words; it is read out before the table.
        total_row: A last row that is set apart.
        note: A sentence under the table.
        name: A short name for the sheet in a workbook; the caption's beginning where empty.
        empty: What is said instead of rows where there are none.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    caption: str
    total_row: tuple[Value, ...] | None = None
    note: str | None = None
    name: str = ""
    empty: str = "Nothing to show."

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "rows", tuple(tuple(row) for row in self.rows))
        _require(bool(self.columns), "A table needs at least one column")
        _require(bool(self.caption.strip()), "A table needs a caption")
        names = [column.name for column in self.columns]
        _require(len(set(names)) == len(names), f"Table {self.caption!r}: a column name repeats")
        for row in self.rows:
            self._check_row(row)
        if self.total_row is not None:
            object.__setattr__(self, "total_row", tuple(self.total_row))
            self._check_row(self.total_row, total=True)

    def _check_row(self, row: tuple[Value, ...], *, total: bool = False) -> None:
        _require(
            len(row) == len(self.columns),
            f"Table {self.caption!r}: a row of {len(row)} cells under {len(self.columns)} columns",
        )
        for value, column in zip(row, self.columns, strict=True):
            if total and isinstance(value, str):  # the word Total may stand in any column
                continue
            try:
                check_kind(value, column.kind)
            except TypeError as error:
                raise TypeError(f"Table {self.caption!r}, column {column.name}: {error}") from None


@dataclass(frozen=True)
class Chart:
    """A picture of numbers; the numbers themselves always come with it as a table."""

    spec: ChartSpec


@dataclass(frozen=True)
class Tile:
    """One headline number.

    Args:
        label: What it is.
        value: The number, or words.
        kind: What the value is.
        note: A few words under it.
    """

    label: str
    value: Value
    kind: Kind = "text"
    note: str = ""

    def __post_init__(self) -> None:
        _require(bool(self.label), "A tile needs a label")
        check_kind(self.value, self.kind)


@dataclass(frozen=True)
class Tiles:
    """Headline numbers side by side."""

    tiles: tuple[Tile, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "tiles", tuple(self.tiles))


@dataclass(frozen=True)
class Notice:
    """Something the reader must not overlook."""

    kind: NoticeKind
    text: str

    def __post_init__(self) -> None:
        _require(self.kind in get_args(NoticeKind), f"Unknown kind of notice {self.kind!r}")
        _require(bool(self.text.strip()), "A notice needs words")


Block = Text | Table | Chart | Tiles | Notice


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    blocks: tuple[Block, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(self.blocks))
        _require(bool(self.heading.strip()), "A section needs a heading")


@dataclass(frozen=True)
class Report:
    """A whole report.

    Args:
        title: Its title.
        subtitle: What it covers: whose, which months.
        sections: The sections in reading order.
        as_at: The moment that it describes, in UTC; the only time that stands in its files, so
            that the same report is the same bytes.
        audience: Who may read it.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    as_at: datetime
    audience: Audience = "controlled"
    footer: str = field(default="Made by Comptroller")

    def __post_init__(self) -> None:
        object.__setattr__(self, "sections", tuple(self.sections))
        _require(bool(self.title.strip()), "A report needs a title")
        _require(self.audience in AUDIENCES, f"Unknown audience {self.audience!r}")
        _require(self.as_at.tzinfo is not None, "as_at must carry its time zone")

    def blocks(self) -> Iterator[tuple[Section, Block]]:
        """Return every block with the section it stands in, in reading order."""
        for section in self.sections:
            for block in section.blocks:
                yield section, block

    def tables(self) -> Iterator[Table]:
        """Return every table, the tables of charts included, in reading order."""
        for _, block in self.blocks():
            if isinstance(block, Table):
                yield block
            elif isinstance(block, Chart):
                yield chart_table(block.spec)


def chart_table(spec: ChartSpec) -> Table:
    """Return the numbers of a chart as a table: one row per point of x, one column per series.

    A point of x at which no series has a value is left out.
    """
    kind: Kind = "money" if spec.unit == "£" else "count"
    series = spec.series_names()
    columns = [Column("x", spec.x_title, "text")]
    columns += [
        Column(f"y{number}", name or spec.y_title, kind) for number, name in enumerate(series)
    ]
    points = [(x, [spec.value(x, name) for name in series]) for x in spec.x_values()]
    rows: list[tuple[Value, ...]] = [
        (x, *values) for x, values in points if any(value is not None for value in values)
    ]
    if spec.kind == "waterfall" and rows:
        rows.append((spec.end_label, spec.waterfall_end()))
    return Table(tuple(columns), tuple(rows), spec.title, name=spec.title)
