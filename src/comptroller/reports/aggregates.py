"""Published activity: A&E attendances by provider and month, with their trend."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Final

from comptroller.errors import ComptrollerError
from comptroller.position import SeriesPoint, activity_series
from comptroller.rendering import (
    Block,
    Chart,
    ChartSpec,
    Column,
    Report,
    Section,
    Table,
    Text,
    Tile,
    Tiles,
    Value,
    format_count,
)
from comptroller.reports.scope import last_change
from comptroller.vocabulary import DATA_SETS
from comptroller.workspace import Workspace

MONTHS_IN_TABLE: Final = 12
LINES_IN_CHART: Final = 6
_SHORT: Final = ("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec").split(" ")  # noqa: SIM905


def aggregates_summary(
    ws: Workspace, data_set: str = "AE_ATTENDANCES", measure: str = "attendances"
) -> Report:
    """Return published activity by organisation and month, with trend charts.

    A month that an organisation did not publish has no value: not published is not nothing.

    Args:
        ws: The workspace.
        data_set: A published data set of the vocabulary.
        measure: One of its measures.

    Raises:
        ComptrollerError: Nothing of the kind has been loaded.
    """
    points = activity_series(ws, data_set=data_set, measure=measure)
    if not points:
        title = DATA_SETS[data_set].title if data_set in DATA_SETS else data_set
        raise ComptrollerError(
            f"no published activity of the kind {title} has been loaded",
            remedy="Run: comptroller load FILE with the published workbook",
        )
    series = _Series(points, measure.replace("_", " "))
    return Report(
        title=f"{DATA_SETS[data_set].title}: {series.measure} by provider and month",
        subtitle=f"{ws.settings.name}: {_label(series.periods[0])} to {_label(series.periods[-1])}",
        sections=(
            Section("Headlines", (series.tiles(),)),
            Section("Trend", tuple(series.trend())),
            Section("By provider and month", (series.table(),)),
        ),
        as_at=last_change(ws),
        audience="external",
    )


def _label(period: date) -> str:
    return f"{_SHORT[period.month - 1]} {period.year}"


def _every_month(first: date, last: date) -> list[date]:
    """Return the months between two, so that a gap in time is a gap on the axis."""
    months = [first]
    while months[-1] < last:
        at = months[-1]
        months.append(date(at.year + at.month // 12, at.month % 12 + 1, 1))
    return months


def _readable(name: str) -> str:
    return name.title().replace("Nhs", "NHS") if name.isupper() else name


class _Series:
    """Points by organisation and period."""

    def __init__(self, points: list[SeriesPoint], measure: str) -> None:
        self.measure = measure
        self.periods = sorted({point.period_start for point in points})
        self.axis = _every_month(self.periods[0], self.periods[-1])
        self.names = {p.organisation_code: p.organisation_name for p in points}
        self.values: dict[str, dict[date, Decimal]] = defaultdict(dict)
        for point in points:
            self.values[point.organisation_code][point.period_start] = point.value
        self.order = sorted(
            self.values,
            key=lambda code: (-self.values[code].get(self.periods[-1], Decimal(-1)), code),
        )

    def total(self, period: date) -> Decimal:
        """Return the sum over the organisations that published the period."""
        return sum((own[period] for own in self.values.values() if period in own), Decimal(0))

    def reporting(self, period: date) -> int:
        """Return how many organisations published the period."""
        return sum(period in own for own in self.values.values())

    def tiles(self) -> Tiles:
        """Return the headline numbers of the last period."""
        last = self.periods[-1]
        tiles = [
            Tile(
                f"{self.measure.capitalize()}, {_label(last)}",
                self.total(last),
                "count",
                f"{format_count(self.reporting(last))} organisations published",
            ),
            Tile("Months", len(self.periods), "count", f"from {_label(self.periods[0])}"),
            Tile("Organisations", len(self.values), "count", "that published any month"),
        ]
        year_before = last.replace(year=last.year - 1) if last.day < 29 else last
        if year_before in self.periods and self.total(year_before):
            change = self.total(last) / self.total(year_before) - 1
            tiles.append(Tile("Change on the year before", change, "percent", _label(year_before)))
        return Tiles(tuple(tiles))

    def trend(self) -> list[Block]:
        """Return the charts of all organisations together and of the largest ones."""
        first, last = self.periods[0], self.periods[-1]
        whole = ChartSpec(
            kind="line" if len(self.periods) > 1 else "bar",
            title=f"All organisations: {self.measure} by month",
            x="month",
            y="value",
            rows=tuple(
                {"month": _label(p), "value": self.total(p) if p in self.periods else None}
                for p in self.axis
            ),
            x_title="Month",
            y_title=self.measure.capitalize(),
            unit="count",
            alt=f"{self.measure.capitalize()} of all organisations that published: "
            f"{format_count(self.total(first))} in {_label(first)}, "
            f"{format_count(self.total(last))} in {_label(last)}.",
        )
        codes = self.order[:LINES_IN_CHART]
        largest = ChartSpec(
            kind="line" if len(self.periods) > 1 else "grouped_bar",
            title=f"The largest {len(codes)} organisations: {self.measure} by month",
            x="month",
            y="value",
            series="organisation",
            rows=tuple(
                {"month": _label(p), "organisation": self._name(c), "value": self.values[c].get(p)}
                for c in codes
                for p in self.axis
            ),
            x_title="Month",
            y_title=self.measure.capitalize(),
            unit="count",
            alt="One line for each organisation; in the last month "
            + ", ".join(
                f"{self._name(c)} {format_count(self.values[c][last])}"
                for c in codes
                if last in self.values[c]
            )
            + ".",
        )
        note = Text(
            "The line of all organisations moves with how many of them published: see the row "
            "at the foot of the table."
        )
        return [Chart(whole), note, Chart(largest)]

    def _name(self, code: str) -> str:
        name = self.names.get(code) or ""
        return f"{code} {_readable(name)}".strip()

    def table(self) -> Table:
        """Return the organisations by month, the largest of the last month first."""
        shown = self.periods[-MONTHS_IN_TABLE:]
        columns = [Column("code", "Code", "code"), Column("name", "Organisation")]
        columns += [Column(p.isoformat(), _label(p), "count") for p in shown]
        rows = [
            (code, self.names.get(code) or "", *(self.values[code].get(p) for p in shown))
            for code in self.order
        ]
        total: tuple[Value, ...] = ("Total", None, *(self.total(p) for p in shown))
        published = ", ".join(f"{_label(p)} {self.reporting(p):,}" for p in shown)
        note = f"Organisations that published: {published}."
        if len(self.periods) > len(shown):
            note += f" The last {len(shown)} of {len(self.periods)} months."
        return Table(
            tuple(columns),
            tuple(rows),
            f"{self.measure.capitalize()} by organisation and month",
            total_row=total,
            name="By provider and month",
            note=note,
        )
