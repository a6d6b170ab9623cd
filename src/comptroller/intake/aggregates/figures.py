"""The figures of a recognised table, one per row of `aggregates`, and what they add up to."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from comptroller.intake.aggregates import published_periods
from comptroller.intake.aggregates.recognition import AggregateMatch, MeasureColumn
from comptroller.intake.cell_kinds import MARKERS, STRIPPED, number_of, number_sql
from comptroller.intake.reading import RawSheet
from comptroller.intake.table_finder import FoundTable
from comptroller.vocabulary import DATA_SETS
from comptroller.warehouse import MONEY, quote_literal, quote_literals

# The whole of England, where a table is about no single organisation.
NATIONAL_CODE, NATIONAL_NAME = "ENGLAND", "England"
_NO_FIGURE = quote_literals(sorted(MARKERS))


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


@dataclass(frozen=True)
class _Figures:
    """How to read the figures of each measure column, decided once by what its cells hold.

    Attributes:
        value: SQL for the figure, by column.
        untidy: Columns with cells that are neither a plain number nor empty.
    """

    value: Mapping[int, str]
    untidy: frozenset[int]


def _figures(sheet: RawSheet, table: FoundTable, match: AggregateMatch) -> _Figures:
    """Look at every measure column once and choose the cheapest exact way to read it.

    A percentage is given per hundred: `76.00%` is 76, and a column of fractions from Excel
    (nothing above 1.5 and no sign) is multiplied. A bound such as `52+` gives no figure.
    """
    condition = data_condition(table, match)
    asked = []
    for column in match.measures:
        cell = f"c{column.column}"
        asked.append(f"count({cell}) - count(TRY_CAST({cell} AS {MONEY}))")
        asked.append(f"max(TRY_CAST({cell} AS {MONEY}))")
        asked.append(f"coalesce(bool_or(contains({cell}, '%')), false)")
    answers = sheet.con.execute(
        f"SELECT {', '.join(asked)} FROM {sheet.relation} WHERE {condition}"
    ).fetchone()
    answers = answers or ()
    value: dict[int, str] = {}
    untidy: set[int] = set()
    for index, column in enumerate(match.measures):
        at = column.column
        odd, largest, signed = answers[3 * index : 3 * index + 3]
        percent = column.measure.unit == "percent"
        if not odd:
            value[at] = f"TRY_CAST(c{at} AS {MONEY})"
        else:
            untidy.add(at)
            value[at] = number_sql(f"rtrim({_text(at)}, '%')" if percent else f"c{at}")
        if percent and not signed and largest is not None and largest <= Decimal("1.5"):
            value[at] = f"({value[at]}) * 100"
    return _Figures(value, frozenset(untidy))


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


def _bad_row_sql(sheet: RawSheet, table: FoundTable, match: AggregateMatch, read: _Figures) -> str:
    """Return SQL for the reason why a row cannot be loaded, NULL when it can."""
    cases = [f"WHEN {_period_sql(sheet, table, match)} IS NULL THEN 'the period cannot be read'"]
    for at in _required(match):
        heading = dict(table.header_columns).get(at, f"column {at + 1}")
        reason = quote_literal(f"no value in {heading}")
        cases.append(f"WHEN nullif({_text(at)}, '') IS NULL THEN {reason}")
    for column in match.measures:
        at = column.column
        if at not in read.untidy:
            continue
        # A figure given as a bound (52+, <5) is no error; it has no exact value.
        bound = f"regexp_full_match({_text(at)}, '[<>≤≥]\\s*[0-9.,]+%?|[0-9.,]+\\+')"
        reason = quote_literal(f"the figure in {column.heading} cannot be read")
        cases.append(
            f"WHEN {_is_figure(at)} AND NOT {bound} AND ({read.value[at]}) IS NULL THEN {reason}"
        )
    return f"CASE {' '.join(cases)} END"


def unreadable_rows(
    sheet: RawSheet, table: FoundTable, match: AggregateMatch
) -> list[tuple[int, str]]:
    """Return the data rows that cannot be loaded, each with its reason, by row."""
    reason = _bad_row_sql(sheet, table, match, _figures(sheet, table, match))
    found = sheet.con.execute(
        f"SELECT row, reason FROM (SELECT row, {reason} AS reason FROM {sheet.relation} "
        f"WHERE {data_condition(table, match)}) WHERE reason IS NOT NULL ORDER BY row"
    ).fetchall()
    return [(int(row), str(why)) for row, why in found]


def _loaded_condition(sheet: RawSheet, table: FoundTable, match: AggregateMatch) -> str:
    """Return the SQL condition on `row` for the rows that are loaded."""
    bad = [row for row, _ in unreadable_rows(sheet, table, match)]
    condition = data_condition(table, match)
    return condition + (f" AND row NOT IN ({', '.join(map(str, bad))})" if bad else "")


def aggregate_rows_sql(
    sheet: RawSheet, table: FoundTable, match: AggregateMatch, submission_id: str
) -> str:
    """Return the query for the rows of `aggregates` (all columns but commit_id), one per figure.

    A cell without a figure gives no row. Of a family of bands (weeks waited) a zero gives no row
    either: the totals of the same row say that nothing else is missing, and the full extract
    would otherwise be mostly zeros.
    """
    read = _figures(sheet, table, match)
    code, name = match.elements.get("organisation_code"), match.elements.get("organisation_name")
    code_sql = _text(code) if code is not None else quote_literal(NATIONAL_CODE)
    name_sql = _text(name) if name is not None else "NULL"
    if code is None:
        name_sql = quote_literal(NATIONAL_NAME)
    values, dimensions = [], []
    for order, column in enumerate(match.measures):
        value = read.value[column.column]
        if column.measure.header_pattern is not None:
            value = f"nullif({value}, 0)"
        values.append(f"CAST({value} AS {MONEY})")
        dimensions.append(f"WHEN {order} THEN {_dimension_sql(match, column)}")
    names = ", ".join(quote_literal(column.measure.name) for column in match.measures)
    return (
        f"SELECT {quote_literal(submission_id)} AS submission_id, {sheet.part} AS part, "
        f"{quote_literal(sheet.sheet)} AS sheet, row, {quote_literal(match.data_set)} AS data_set, "
        f"organisation_code, organisation_name, period_start, "
        f"{quote_literal(match.period_kind)} AS period_kind, "
        f"CASE position {' '.join(dimensions)} END AS dimension, "
        f"[{names}][position + 1] AS measure, value FROM ("
        f"SELECT *, {code_sql} AS organisation_code, {name_sql} AS organisation_name, "
        f"{_period_sql(sheet, table, match)} AS period_start, "
        f"unnest([{', '.join(values)}]) AS value, "
        f"unnest(range({len(values)})) AS position FROM {sheet.relation} "
        f"WHERE {_loaded_condition(sheet, table, match)}) "
        f"WHERE value IS NOT NULL ORDER BY row, position"
    )


def control_totals(sheet: RawSheet, table: FoundTable, match: AggregateMatch) -> list[ControlTotal]:
    """Return what each total row states of each additive measure beside the sum loaded.

    Sub-totals inside the data state a group, not the table, and are left out; where every group
    has one by its code (C_999), they are added up and compared together, under the last one's row.
    """
    columns = [column for column in match.measures if column.measure.additive]
    if not columns:
        return []
    read = _figures(sheet, table, match)
    sums = ", ".join(f"sum({read.value[column.column]})" for column in columns)
    loaded = sheet.con.execute(
        f"SELECT {sums} FROM {sheet.relation} WHERE {_loaded_condition(sheet, table, match)}"
    ).fetchone()
    controls: list[ControlTotal] = []
    coded = _coded_subtotals(sheet, table, match)
    rows: list[tuple[int, Sequence[Decimal | None]]] = []
    if coded:
        stated = sheet.con.execute(
            f"SELECT {sums} FROM {sheet.relation} WHERE row IN ({', '.join(map(str, coded))})"
        ).fetchone()
        rows.append((coded[-1], stated or ()))
    else:
        for row in table.total_rows:
            if not table.first_data_row < row < table.last_data_row:
                cells = sheet.rows(row, row)[0]
                rows.append((row, [number_of(cells[column.column]) for column in columns]))
    for row, figures in rows:
        for column, said, summed in zip(columns, figures, loaded or (), strict=True):
            if said is not None:
                controls.append(
                    ControlTotal(
                        row,
                        column.column,
                        column.heading,
                        column.measure.name,
                        column.measure.unit,
                        plain(said),
                        plain(summed if summed is not None else Decimal(0)),
                    )
                )
    return controls


def plain(value: Decimal) -> Decimal:
    """Return a sum without the dust of spreadsheet arithmetic: to the penny, no idle zeros."""
    rounded = value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded


@dataclass(frozen=True)
class PublishedCost:
    """Pounds of a published table: loaded, in quarantine, and as its total row states."""

    loaded: Decimal
    quarantined: Decimal
    stated: Decimal | None


def cost_of(sheet: RawSheet, table: FoundTable, match: AggregateMatch) -> PublishedCost | None:
    """Return the pounds of the table, None when it has no pounds that may be added up.

    The first column of pounds counts, which is the total over all settings; the settings are
    parts of it.
    """
    money = [c for c in match.measures if c.measure.unit == "£" and c.measure.additive]
    if not money:
        return None
    value = _figures(sheet, table, match).value[money[0].column]
    loaded = _loaded_condition(sheet, table, match)
    row = sheet.con.execute(
        f"SELECT coalesce(sum({value}) FILTER ({loaded}), 0), "
        f"coalesce(sum({value}) FILTER (NOT ({loaded})), 0) FROM {sheet.relation} "
        f"WHERE {data_condition(table, match)}"
    ).fetchone()
    done, waiting = row or (Decimal(0), Decimal(0))
    stated = [c.stated for c in control_totals(sheet, table, match) if c.column == money[0].column]
    return PublishedCost(plain(done), plain(waiting), stated[0] if stated else None)


def _coded_subtotals(sheet: RawSheet, table: FoundTable, match: AggregateMatch) -> list[int]:
    """Return the rows set aside as totals of all treatment functions, by their code."""
    column = match.elements.get("treatment_function_code")
    rows = sorted({*match.subtotal_rows, *table.total_rows})
    if column is None or not rows:
        return []
    found = sheet.con.execute(
        f"SELECT row FROM {sheet.relation} WHERE row IN ({', '.join(map(str, rows))}) "
        f"AND upper({_text(column)}) IN ('C_999', '999') ORDER BY row"
    ).fetchall()
    return [int(row[0]) for row in found]
