"""Which published data set a table is, and which column holds what."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from comptroller.intake.aggregates import published_periods
from comptroller.intake.reading import RawSheet
from comptroller.intake.table_finder import FoundTable
from comptroller.vocabulary import (
    AGGREGATE_DATA_SETS,
    DATA_SETS,
    DataSet,
    Measure,
    MeasureMatch,
    normalise_header,
)

# A table is taken for a data set when at least this share of its headings are known there.
KNOWN_SHARE = 0.6
TITLE_ROWS_WITHOUT_TABLE = 15


@dataclass(frozen=True)
class MeasureColumn:
    """A column of figures: what is measured, and what the column fixes of its dimension."""

    column: int
    heading: str
    measure: Measure
    dimension: Mapping[str, str]


@dataclass(frozen=True)
class AggregateMatch:
    """A table recognised as a published data set.

    Attributes:
        data_set: Its id in the vocabulary.
        elements: Column of each element (organisation_code, period, commissioner_code ...).
        measures: The columns of figures.
        period_start: First day of the period where the whole table has one; None where rows do.
        period_kind: month, quarter or year.
        subtotal_rows: Data rows that are sub-totals by their codes (C_999), to be set aside.
        unknown_columns: Headings of columns that are not loaded.
        confidence: Share of the headings that are known, 0 to 1.
        reasons: Why, as plain sentences.
    """

    data_set: str
    elements: Mapping[str, int]
    measures: tuple[MeasureColumn, ...]
    period_start: dt.date | None
    period_kind: str
    subtotal_rows: tuple[int, ...]
    unknown_columns: tuple[str, ...]
    confidence: float
    reasons: tuple[str, ...]


def titles_of(sheet: RawSheet, table: FoundTable | None) -> list[str]:
    """Return the lines of text above the table, then the name of the sheet."""
    last = TITLE_ROWS_WITHOUT_TABLE
    if table is not None:
        last = (table.header_rows or (table.first_data_row,))[0] - 1
    lines = [
        " ".join(cell.strip() for cell in row if cell.strip())
        for row in sheet.rows(sheet.first_row, min(last, sheet.first_row + 60))
    ]
    return [*filter(None, lines), sheet.sheet]


def recognise_aggregate(
    sheet: RawSheet,
    table: FoundTable,
    *,
    file_name: str = "",
    other_texts: Sequence[str] = (),
) -> AggregateMatch | None:
    """Return which published data set the table is, or None when it is none that we hold.

    Args:
        sheet: The sheet.
        table: Its table.
        file_name: Told a period when the sheet does not.
        other_texts: Titles of other sheets of the file, asked for a period last.
    """
    if not table.header_rows or not table.data_rows:
        return None
    found = [
        match
        for data_set_id in AGGREGATE_DATA_SETS
        if (match := _match(DATA_SETS[data_set_id], sheet, table)) is not None
    ]
    if not found:
        return None
    best = max(found, key=lambda match: (match.confidence, len(match.measures)))
    return _with_period(best, sheet, table, file_name, other_texts)


def _match(data_set: DataSet, sheet: RawSheet, table: FoundTable) -> AggregateMatch | None:
    """Try one data set on the headings."""
    elements: dict[str, int] = {}
    measures: list[MeasureColumn] = []
    unknown: list[str] = []
    seen: Counter[str] = Counter()
    for column, heading in table.header_columns:
        parts = table.header_parts[column]
        seen[normalise_header(parts[-1])] += 1
        matched = _measure(data_set, parts, seen[normalise_header(parts[-1])])
        if matched is not None:
            measures.append(
                MeasureColumn(column, heading, matched.measure, dict(matched.dimension))
            )
            continue
        element = data_set.match_header(parts[-1]) or data_set.match_header(heading)
        if element is not None and element.name not in elements:
            elements[element.name] = column
        else:
            unknown.append(heading)
    known = len(elements) + len(measures)
    share = known / max(known + len(unknown), 1)
    if not _enough(data_set, elements, measures, share):
        return None
    return AggregateMatch(
        data_set=data_set.id,
        elements=elements,
        measures=tuple(_unique(measures)),
        period_start=None,
        period_kind=data_set.period_kind,
        subtotal_rows=_subtotals(sheet, table, elements),
        unknown_columns=tuple(unknown),
        confidence=round(share, 2),
        reasons=(f"{known} of {known + len(unknown)} headings are those of {data_set.title}",),
    )


def _measure(data_set: DataSet, parts: Sequence[str], occurrence: int) -> MeasureMatch | None:
    """Match the lowest heading under its group label, or a heading that stands alone."""
    group = parts[-2] if len(parts) > 1 else ""
    return data_set.match_measure(parts[-1], group=group, occurrence=occurrence)


def _unique(measures: Sequence[MeasureColumn]) -> list[MeasureColumn]:
    """Keep the first column of each measure and dimension, so that no figure counts twice."""
    kept: dict[tuple[str, tuple[tuple[str, str], ...]], MeasureColumn] = {}
    for column in measures:
        kept.setdefault((column.measure.name, tuple(sorted(column.dimension.items()))), column)
    return list(kept.values())


def _enough(
    data_set: DataSet,
    elements: Mapping[str, int],
    measures: Sequence[MeasureColumn],
    share: float,
) -> bool:
    """Tell whether the headings are enough to take the table for this data set."""
    needed = {element.name for element in data_set.mandatory()}
    if not needed <= set(elements) or share < KNOWN_SHARE:
        return False
    fewest = 2 if data_set.level == "organisation" else 3
    return len(measures) >= fewest


def _subtotals(sheet: RawSheet, table: FoundTable, elements: Mapping[str, int]) -> tuple[int, ...]:
    """Return data rows whose treatment function is C_999, the total of all functions."""
    column = elements.get("treatment_function_code")
    if column is None:
        return ()
    found = sheet.con.execute(
        f"SELECT row FROM {sheet.relation} WHERE {table.data_condition()} "
        f"AND upper(trim(c{column})) IN ('C_999', '999') ORDER BY row"
    ).fetchall()
    return tuple(int(row[0]) for row in found)


def _with_period(
    match: AggregateMatch,
    sheet: RawSheet,
    table: FoundTable,
    file_name: str,
    other_texts: Sequence[str],
) -> AggregateMatch | None:
    """Add the period of the table where its rows do not carry one; None where nothing does."""
    if "period" in match.elements:
        return match
    texts = titles_of(sheet, table)
    start: dt.date | None = None
    source = "the title"
    for texts_from, candidates in (
        ("the title", texts),
        ("the name of the file", [file_name.replace("_", " "), file_name]),
        ("another sheet", list(other_texts)),
    ):
        if match.period_kind == "year":
            year = published_periods.first_year(candidates)
            start = dt.date(year, 4, 1) if year is not None else None
        else:
            start = published_periods.first_month(candidates)
        source = texts_from
        if start is not None:
            break
    reason = (
        f"period {start:%B %Y} from {source}" if start else "no period in the title or file name"
    )
    return AggregateMatch(
        match.data_set,
        match.elements,
        match.measures,
        start,
        match.period_kind,
        match.subtotal_rows,
        match.unknown_columns,
        match.confidence,
        (*match.reasons, reason),
    )
