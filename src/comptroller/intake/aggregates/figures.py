"""The figures of a recognised table, one per row of `aggregates`, and what they add up to."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal

from comptroller.intake.aggregates import published_periods
from comptroller.intake.aggregates.recognition import AggregateMatch, MeasureColumn
from comptroller.intake.cell_kinds import MARKERS, STRIPPED, number_of, number_sql
from comptroller.intake.reading import RawSheet
from comptroller.intake.table_finder import FoundTable
from comptroller.vocabulary import DATA_SETS
from comptroller.warehouse import MONEY, quote_literal

# The whole of England, where a table is about no single organisation.
NATIONAL_CODE, NATIONAL_NAME = "ENGLAND", "England"
_NO_FIGURE = ", ".join(quote_literal(marker) for marker in sorted(MARKERS))


@dataclass(frozen=True)
class ControlTotal:
    """What a total row states of a column, beside the sum of the rows loaded.

    Attributes:
        row: Physical row of the total.
        column: Column of the figures.
        heading: Its heading.
        measure: Name of the measure.
        unit: count or £.
        stated: What the total row says.
        loaded: The sum over the rows loaded.
    """

    row: int
    column: int
    heading: str
    measure: str
    unit: str
    stated: Decimal
    loaded: Decimal

    @property
    def ties(self) -> bool:
        """Tell whether both agree to the penny, or to the tenth of a whole count."""
        tolerance = Decimal("0.005") if self.unit == "£" else Decimal("0.1")
        return abs(self.stated - self.loaded) <= tolerance


def data_condition(table: FoundTable, match: AggregateMatch) -> str:
    """Return the SQL condition on `row` for the data rows without coded sub-totals."""
    condition = table.data_condition()
    if match.subtotal_rows:
        condition += f" AND row NOT IN ({', '.join(map(str, match.subtotal_rows))})"
    return condition


def _text(column: int) -> str:
    return f"trim(c{column}, {quote_literal(STRIPPED)})"


def _is_figure(column: int) -> str:
    """Return SQL that tells whether the cell holds something meant to be a figure."""
    text = _text(column)
    return f"(c{column} IS NOT NULL AND {text} <> '' AND lower({text}) NOT IN ({_NO_FIGURE}))"


def value_sql(sheet: RawSheet, table: FoundTable, column: MeasureColumn) -> str:
    """Return SQL for the figure of a cell, NULL where there is none or it is not exact (`52+`).

    A percentage is given per hundred: `76.00%` is 76, and a column of fractions from Excel
    (nothing above 1.5) is multiplied.
    """
    at = column.column
    if column.measure.unit != "percent":
        return number_sql(f"c{at}")
    plain = number_sql(f"rtrim({_text(at)}, '%')")
    row = sheet.con.execute(
        f"SELECT max({plain}), bool_or(c{at} LIKE '%\\%' ESCAPE '\\') FROM {sheet.relation} "
        f"WHERE {table.data_condition()}"
    ).fetchone()
    fraction = row is not None and row[0] is not None and row[0] <= Decimal("1.5") and not row[1]
    return f"({plain}) * 100" if fraction else plain


def period_values(
    sheet: RawSheet, table: FoundTable, match: AggregateMatch
) -> list[tuple[str, str, dt.date | None]]:
    """Return each (year text, period text) that rows carry, with the day its period starts."""
    period = match.elements.get("period")
    if period is None:
        return []
    year = match.elements.get("financial_year")
    year_sql = f"coalesce({_text(year)}, '')" if year is not None else "''"
    found = sheet.con.execute(
        f"SELECT DISTINCT {year_sql}, coalesce({_text(period)}, '') FROM {sheet.relation} "
        f"WHERE {data_condition(table, match)} ORDER BY 1, 2"
    ).fetchall()
    return [(y, p, published_periods.month_in_year(y, p)) for y, p in found]


def _period_sql(sheet: RawSheet, table: FoundTable, match: AggregateMatch) -> str:
    """Return SQL for the start of the period of a row."""
    if "period" not in match.elements:
        return f"DATE '{match.period_start}'" if match.period_start else "NULL::DATE"
    period, year = match.elements["period"], match.elements.get("financial_year")
    key = f"coalesce({_text(period)}, '')"
    if year is not None:
        key = f"coalesce({_text(year)}, '') || '|' || {key}"
    known = {
        (f"{y}|{p}" if year is not None else p): start
        for y, p, start in period_values(sheet, table, match)
        if start is not None
    }
    if not known:
        return "NULL::DATE"
    cases = " ".join(
        f"WHEN {quote_literal(text)} THEN DATE '{start}'" for text, start in sorted(known.items())
    )
    return f"CASE {key} {cases} END"


def _dimension_sql(match: AggregateMatch, column: MeasureColumn) -> str:
    """Return SQL for the dimension as JSON text with sorted keys."""
    rows = {
        name: match.elements[name]
        for name in DATA_SETS[match.data_set].dimensions
        if name in match.elements
    }
    fixed = {name: value for name, value in column.dimension.items() if name not in rows}
    if not rows:
        return quote_literal(json.dumps(dict(sorted(fixed.items())), ensure_ascii=False))
    pieces: list[str] = []
    for name in sorted({*rows, *fixed}):
        key = quote_literal(("" if not pieces else ", ") + json.dumps(name) + ": ")
        if name in rows:
            value = f"to_json(coalesce({_text(rows[name])}, ''))::VARCHAR"
        else:
            value = quote_literal(json.dumps(fixed[name], ensure_ascii=False))
        pieces.append(f"{key}, {value}")
    return f"concat('{{', {', '.join(pieces)}, '}}')"


def _required(match: AggregateMatch) -> list[int]:
    """Return the columns of codes that a row must fill."""
    return [
        match.elements[element.name]
        for element in DATA_SETS[match.data_set].mandatory()
        if element.kind == "code" and element.name in match.elements
    ]


def _bad_row_sql(sheet: RawSheet, table: FoundTable, match: AggregateMatch) -> str:
    """Return SQL for the reason why a row cannot be loaded, NULL when it can."""
    cases = [f"WHEN {_period_sql(sheet, table, match)} IS NULL THEN 'the period cannot be read'"]
    for at in _required(match):
        heading = dict(table.header_columns).get(at, f"column {at + 1}")
        reason = quote_literal(f"no value in {heading}")
        cases.append(f"WHEN nullif({_text(at)}, '') IS NULL THEN {reason}")
    for column in match.measures:
        at = column.column
        # A figure given as a bound (52+, <5) is no error; it has no exact value.
        bound = f"regexp_full_match({_text(at)}, '[<>≤≥]\\s*[0-9.,]+%?|[0-9.,]+\\+')"
        plain = number_sql(f"rtrim({_text(at)}, '%')")
        reason = quote_literal(f"the figure in {column.heading} cannot be read")
        cases.append(f"WHEN {_is_figure(at)} AND NOT {bound} AND {plain} IS NULL THEN {reason}")
    return f"CASE {' '.join(cases)} END"


def unreadable_rows_sql(sheet: RawSheet, table: FoundTable, match: AggregateMatch) -> str:
    """Return the query for data rows that cannot be loaded: row and reason, by row."""
    reason = _bad_row_sql(sheet, table, match)
    return (
        f"SELECT row, reason FROM (SELECT row, {reason} AS reason FROM {sheet.relation} "
        f"WHERE {data_condition(table, match)}) WHERE reason IS NOT NULL ORDER BY row"
    )


def aggregate_rows_sql(
    sheet: RawSheet, table: FoundTable, match: AggregateMatch, submission_id: str
) -> str:
    """Return the query for the rows of `aggregates` (all columns but commit_id), one per figure.

    A cell without a figure gives no row. Of a family of bands (weeks waited) a zero gives no row
    either: the totals of the same row say that nothing else is missing, and the full extract
    would otherwise be mostly zeros.
    """
    code, name = match.elements.get("organisation_code"), match.elements.get("organisation_name")
    code_sql = _text(code) if code is not None else quote_literal(NATIONAL_CODE)
    name_sql = _text(name) if name is not None else "NULL"
    if code is None:
        name_sql = quote_literal(NATIONAL_NAME)
    structs = []
    for order, column in enumerate(match.measures):
        value = value_sql(sheet, table, column)
        if column.measure.header_pattern is not None:
            value = f"nullif({value}, 0)"
        structs.append(
            f"{{'position': {order}, 'dimension': {_dimension_sql(match, column)}, "
            f"'measure': {quote_literal(column.measure.name)}, "
            f"'value': CAST({value} AS {MONEY})}}"
        )
    reason = _bad_row_sql(sheet, table, match)
    return (
        f"SELECT {quote_literal(submission_id)} AS submission_id, {sheet.part} AS part, "
        f"{quote_literal(sheet.sheet)} AS sheet, row, {quote_literal(match.data_set)} AS data_set, "
        f"organisation_code, organisation_name, period_start, "
        f"{quote_literal(match.period_kind)} AS period_kind, figure.dimension AS dimension, "
        f"figure.measure AS measure, figure.value AS value FROM ("
        f"SELECT row, {code_sql} AS organisation_code, {name_sql} AS organisation_name, "
        f"{_period_sql(sheet, table, match)} AS period_start, "
        f"unnest([{', '.join(structs)}]) AS figure FROM {sheet.relation} "
        f"WHERE {data_condition(table, match)} AND ({reason}) IS NULL) "
        f"WHERE figure.value IS NOT NULL ORDER BY row, figure.position"
    )


def control_totals(sheet: RawSheet, table: FoundTable, match: AggregateMatch) -> list[ControlTotal]:
    """Return what each total row states of each additive measure beside the sum loaded.

    Sub-totals inside the data are left out: they state a group, not the table.
    """
    rows = [row for row in table.total_rows if not _inside(table, row)]
    columns = [column for column in match.measures if column.measure.additive]
    if not rows or not columns:
        return []
    cells_sql = [number_sql(f"c{column.column}") for column in columns]
    sums = sheet.con.execute(
        f"SELECT {', '.join(f'sum({cell})' for cell in cells_sql)} "
        f"FROM {sheet.relation} WHERE {data_condition(table, match)} "
        f"AND ({_bad_row_sql(sheet, table, match)}) IS NULL"
    ).fetchone()
    controls: list[ControlTotal] = []
    for row in rows:
        cells = sheet.rows(row, row)[0]
        for column, loaded in zip(columns, sums or (), strict=True):
            stated = number_of(cells[column.column])
            if stated is not None:
                controls.append(
                    ControlTotal(
                        row,
                        column.column,
                        column.heading,
                        column.measure.name,
                        column.measure.unit,
                        stated,
                        loaded if loaded is not None else Decimal(0),
                    )
                )
    return controls


def _inside(table: FoundTable, row: int) -> bool:
    return table.first_data_row < row < table.last_data_row
