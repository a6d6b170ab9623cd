"""Which sheet of a published workbook is loaded, and why each of the others is set aside.

Publishers put the same figures on several sheets: by organisation, by system, with and without
booked appointments, spread over catchments. Loading more than one would count everything twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from comptroller.intake.aggregates import figures
from comptroller.intake.aggregates.figures import ControlTotal, PublishedCost
from comptroller.intake.aggregates.recognition import (
    AggregateMatch,
    recognise_aggregate,
    titles_of,
)
from comptroller.intake.cell_kinds import number_sql
from comptroller.intake.reading import RawSheet
from comptroller.intake.table_finder import FoundTable
from comptroller.vocabulary import DATA_SETS


@dataclass(frozen=True)
class AggregatePart:
    """One sheet of the file: loaded when `match` is given, else set aside for `reason`."""

    sheet: RawSheet
    table: FoundTable | None
    match: AggregateMatch | None
    reason: str

    @property
    def rows_read(self) -> int:
        """Return the physical rows of the sheet."""
        return self.sheet.row_count

    @property
    def data_rows(self) -> int:
        """Return the rows to load or quarantine, coded sub-totals left out; 0 when set aside."""
        if self.match is None or self.table is None:
            return 0
        return self.table.data_rows - len(self.match.subtotal_rows)

    def rows_sql(self, submission_id: str) -> str:
        """Return the query for the rows of `aggregates`; only for a sheet that is loaded."""
        table, match = self._loaded()
        return figures.aggregate_rows_sql(self.sheet, table, match, submission_id)

    def unreadable(self) -> list[tuple[int, str]]:
        """Return the rows that go to quarantine, each with its reason."""
        table, match = self._loaded()
        return figures.unreadable_rows(self.sheet, table, match)

    def controls(self) -> list[ControlTotal]:
        """Return the control totals of the sheet beside what is loaded."""
        table, match = self._loaded()
        return figures.control_totals(self.sheet, table, match)

    def cost(self) -> PublishedCost | None:
        """Return the pounds loaded, in quarantine and stated by the total row, None without."""
        table, match = self._loaded()
        return figures.cost_of(self.sheet, table, match)

    def _loaded(self) -> tuple[FoundTable, AggregateMatch]:
        if self.table is None or self.match is None:
            raise ValueError(f"{self.sheet.place or 'the sheet'} is set aside: {self.reason}")
        return self.table, self.match


@dataclass(frozen=True)
class AggregateReading:
    """A file that holds a published data set, sheet by sheet in the file's order."""

    data_set: str
    parts: tuple[AggregatePart, ...]

    @property
    def loaded(self) -> list[AggregatePart]:
        """Return the parts to load."""
        return [part for part in self.parts if part.match is not None]


def recognise_aggregates(
    sheets: Sequence[tuple[RawSheet, FoundTable | None]], *, file_name: str
) -> AggregateReading | None:
    """Return the published data set of a file and the fate of each sheet, or None for none.

    Args:
        sheets: Each raw sheet with its table, None where it has none.
        file_name: For the period, where no sheet tells it.
    """
    texts = [text for sheet, _ in sheets for text in titles_of(sheet, None)]
    matches = [
        None
        if table is None
        else recognise_aggregate(sheet, table, file_name=file_name, other_texts=texts)
        for sheet, table in sheets
    ]
    candidates = [index for index, match in enumerate(matches) if match is not None]
    if not candidates:
        return None
    chosen = _choose(sheets, matches, candidates)
    data_set = next(match.data_set for match in matches if match is not None)
    parts = []
    for index, (sheet, table) in enumerate(sheets):
        if index in chosen:
            parts.append(AggregatePart(sheet, table, matches[index], ""))
            continue
        reason = _reason(sheets, matches, index, chosen, data_set)
        parts.append(AggregatePart(sheet, table, None, reason))
    return AggregateReading(data_set, tuple(parts))


@dataclass(frozen=True)
class _Weight:
    """How much a recognised sheet holds.

    Attributes:
        own_grain: Each organisation, period and dimension has one row, as it should; on a sheet
            by site each trust would have several.
        rows: Rows to load.
        total: The sum of its first measure.
    """

    own_grain: bool
    rows: int
    total: Decimal


def _weigh(sheet: RawSheet, table: FoundTable | None, match: AggregateMatch | None) -> _Weight:
    if table is None or match is None or not match.measures:
        return _Weight(False, 0, Decimal(0))
    lead = match.measures[0]
    names = ("organisation_code", "financial_year", "period", *DATA_SETS[match.data_set].dimensions)
    keys = [f"c{match.elements[name]}" for name in names if name in match.elements]
    distinct = f"count(DISTINCT ({', '.join(keys)}))" if keys else "1"
    row = sheet.con.execute(
        f"SELECT sum({number_sql(f'c{lead.column}')}), {distinct}, count(*) FROM {sheet.relation} "
        f"WHERE {figures.data_condition(table, match)}"
    ).fetchone()
    total, groups, rows = row or (None, 0, 0)
    return _Weight(groups == rows, rows, total if total is not None else Decimal(0))


def _choose(
    sheets: Sequence[tuple[RawSheet, FoundTable | None]],
    matches: Sequence[AggregateMatch | None],
    candidates: Sequence[int],
) -> list[int]:
    """Return the sheets to load: of those that tell of one period, the fullest visible one.

    Sheets of different periods (one per month) and members of an archive are all loaded.
    """
    groups: dict[tuple[str, str, str], list[int]] = {}
    for index in candidates:
        match, sheet = matches[index], sheets[index][0]
        if match is not None:
            key = (match.data_set, sheet.member, str(match.period_start))
            groups.setdefault(key, []).append(index)
    chosen = []
    for members in groups.values():
        weights = {index: _weigh(*sheets[index], matches[index]) for index in members}
        chosen.append(
            max(
                members,
                key=lambda index: (
                    not sheets[index][0].hidden,
                    weights[index].own_grain,
                    weights[index].rows,
                    weights[index].total,
                    -index,
                ),
            )
        )
    return sorted(chosen)


def _reason(
    sheets: Sequence[tuple[RawSheet, FoundTable | None]],
    matches: Sequence[AggregateMatch | None],
    index: int,
    chosen: Sequence[int],
    data_set: str,
) -> str:
    """Return why a sheet is set aside, in words for the load report."""
    sheet, table = sheets[index]
    match = matches[index]
    title = DATA_SETS[data_set].title
    if match is None:
        hidden = "hidden sheet: " if sheet.hidden else ""
        if table is None or not table.header_rows:
            return f"{hidden}no table, only text (title, contents or notes)"
        names = ", ".join(heading for _, heading in table.header_columns[:3])
        return f"{hidden}not the table of {title} that is loaded (its headings begin {names})"
    kept = next(
        (
            other
            for other in chosen
            if (found := matches[other]) is not None and found.period_start == match.period_start
        ),
        chosen[0],
    )
    name = sheets[kept][0].sheet or "the sheet loaded"
    mine, theirs = _weigh(sheet, table, match), _weigh(*sheets[kept], matches[kept])
    if sheet.hidden:
        return f"hidden sheet: the figures are loaded from {name!r}"
    if abs(mine.total - theirs.total) <= abs(theirs.total) * Decimal("0.0001"):
        return (
            f"the same figures as {name!r} in another grouping "
            f"({mine.rows:,} rows that add up to the same total)"
        )
    return (
        f"a part or another cut of {name!r}, which holds the whole; loading both would count twice"
    )
