"""Months across the columns: a row with a cell for each month becomes one line for each month.

Comes in: a found table with headings such as ``Apr``, ``Apr-26 Cost`` or ``Activity`` under a
merged ``April``. Goes out: the same table with one column for the month and one for each thing
measured, every line knowing the column that it came from. Columns of totals are not lines: they
are compared with the sum of the months. What is not certain becomes a doubt, which holds the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from comptroller.intake.cell_kinds import STRIPPED, kind_of, number_sql
from comptroller.intake.in_turn import InTurn
from comptroller.intake.mapping import name_scores
from comptroller.intake.measures import (
    ACTIVITY,
    COST,
    COUNTS,
    MEASURE_NAMES,
    OPEN,
    POUNDS,
    meaning,
)
from comptroller.intake.periods import financial_year, read_month
from comptroller.intake.reading import SAMPLE_ROWS, RawSheet
from comptroller.intake.source import (
    ACROSS,
    FIGURES_IN_TURN,
    UNTOLD_FIGURES,
    Control,
    column_letters,
)
from comptroller.intake.table_finder import FoundTable
from comptroller.vocabulary import normalise_header
from comptroller.warehouse import quote_literal, quote_literals

LEAST_MONTHS = 2
"""With fewer columns that name a month, nothing says that the months go across."""

_NAMES = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec"
)
_MONTH = re.compile(
    rf"(?<![a-z0-9])(?:(?:{_NAMES})(?:\.?[\s\-_/,']*(?:20\d\d|\d\d))?"
    r"|(?:month|mnth|mth|m|period|p)[\s\-_.]?(?:0?[1-9]|1[0-3])"
    r"|20\d\d[-/](?:0[1-9]|1[0-2])(?:[-/]01(?:[ T]00:00:00)?)?)(?![a-z0-9])",
    re.IGNORECASE,
)
_YEAR = re.compile(
    r"(?:\b(?:financial year|fin year|fy)\s*)?(?<!\d)(20\d\d)\s?[/\-_]\s?(?:20)?(\d\d)(?!\d)", re.I
)
_TOTAL = re.compile(r"\b(?:totals?|ytd|year to date|to date|cumulative|cum|sum)\b", re.I)
_NOT_A_MONTH = re.compile(
    r"\b(?:full[ -]?year|annual|forecast|outturn|fot|fye|quarter|q[1-4]|average|avg)\b", re.I
)
_NOTHING = ("", "-", "--", "–", "—", ".", "n/a", "na", "nil")
_CENT = Decimal("0.005")


@dataclass(frozen=True)
class MonthColumn:
    """A column of a month: where it stands, the month as it is to be read, and of what."""

    index: int
    month: str
    order: tuple[str, int]
    label: str
    measure: str


@dataclass(frozen=True)
class Unpivoted:
    """A table with months across as it is to be read: one line for each row and month.

    Attributes:
        headers: Of the columns of its lines: the labels, the month, what is measured.
        columns: The physical column of each; of what is measured, that of the first month.
        figures: The physical columns of the months.
        query: What makes the lines from a relation of the table's rows, ``{rows}`` its name.
        data_rows: How many rows make at least one line.
        totals: Column to what the total rows say of it.
        controls: What columns of totals say of the pounds.
        notes: What a person should know.
        doubts: Why the file must be held.
    """

    headers: tuple[str, ...]
    columns: tuple[int, ...]
    figures: tuple[int, ...]
    query: str
    data_rows: int
    totals: dict[int, Decimal]
    controls: tuple[Control, ...]
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


def unpivot(
    sheet: RawSheet,
    found: FoundTable,
    columns: Sequence[MonthColumn],
    totals: dict[int, Decimal],
    texts: Sequence[str],
    first_column: int = 0,
    turn: InTurn | None = None,
) -> Unpivoted | None:
    """Return how a table with months across is read, or None when no month holds anything.

    Args:
        sheet: The sheet.
        found: Its table.
        columns: Those of its months, as `month_columns` gives them.
        totals: What its total rows say of each column.
        texts: What stands around the table and may say what its figures are: titles, sheet name.
        first_column: Of the sheet within the file's own, where it is one of several side by side.
        turn: How its rows of activity and of pounds are put together, where they come in turn.
    """
    if turn is not None and turn.rows:
        columns = [
            replace(
                c, index=number * turn.width + c.index, measure=f"{measure} {c.measure}".strip()
            )
            for number, measure in enumerate(turn.measures)
            for c in columns
        ]
    return _Reading(sheet, found, columns, totals, texts, first_column, turn).made()


def month_columns(sheet: RawSheet, found: FoundTable) -> list[MonthColumn]:
    """Return the columns of months across, none where the months do not go across.

    Their headings name one month and no total, and below stand figures or nothing.
    """
    below = [
        row
        for number, row in enumerate(sheet.sample(), start=sheet.first_row)
        if found.first_data_row <= number <= found.last_data_row
    ]
    columns: list[MonthColumn] = []
    totals: list[MonthColumn] = []
    for index, heading in found.header_columns:
        matches = list(_MONTH.finditer(heading))
        if len(matches) != 1 or _NOT_A_MONTH.search(heading):
            continue
        summed = [word.lower() for word in _TOTAL.findall(heading)]
        if summed not in ([], ["total"]):
            continue
        kinds = [kind_of(row[index]) for row in below if index < len(row)]
        filled = [kind for kind in kinds if kind not in ("empty", "marker")]
        if sum(1 for kind in filled if kind == "number") < 0.6 * len(filled):
            continue
        column = _read(index, heading, matches[0])
        if column is not None:
            (totals if summed else columns).append(column)
    columns = sorted([*columns, *_only_costs(columns, totals)], key=lambda column: column.index)
    months: dict[str, set[tuple[str, int]]] = {}
    for column in columns:
        months.setdefault(normalise_header(column.measure), set()).add(column.order)
    # What stands under the label of the last month alone belongs to no month.
    kept = [c for c in columns if len(months[normalise_header(c.measure)]) >= LEAST_MONTHS]
    return kept if len({column.order for column in kept}) >= LEAST_MONTHS else []


def _only_costs(columns: Sequence[MonthColumn], totals: Sequence[MonthColumn]) -> list[MonthColumn]:
    """Return the columns of a month's total cost where the month has no other pounds.

    Beside other pounds they are sums of them. Bare figures may be pounds themselves.
    """
    known = {meaning(column.measure, "") for column in columns}
    if not known or COST in known or any(OPEN.fullmatch(column.measure) for column in columns):
        return []
    return [column for column in totals if meaning(column.measure, "") == COST]


def _read(index: int, heading: str, match: re.Match[str]) -> MonthColumn | None:
    written = match[0]
    read = read_month(written)
    if read is None:
        return None
    number, year = read
    rest = f"{heading[: match.start()]} {heading[match.end() :]}"
    told = _YEAR.search(rest)
    if told and (int(told[1]) + 1) % 100 == int(told[2]):
        year = year or financial_year(int(told[1]))
        rest = f"{rest[: told.start()]} {rest[told.end() :]}"
        written = f"{year} M{number}"
    return MonthColumn(index, written, (year or "", number), written, _bare(rest))


def _bare(text: str) -> str:
    """Return what is left of a heading without marks that only joined its words."""
    bare = " ".join(text.split()).strip(" -–_:/|,")
    inner = re.fullmatch(r"\(([^()]*)\)", bare)
    return inner[1].strip() if inner else bare


class _Reading:
    """How one table is read, put together step by step."""

    def __init__(
        self,
        sheet: RawSheet,
        found: FoundTable,
        columns: Sequence[MonthColumn],
        totals: dict[int, Decimal],
        texts: Sequence[str],
        first_column: int,
        turn: InTurn | None,
    ) -> None:
        self.sheet, self.found, self.totals = sheet, found, totals
        self.first_column, self.turn = first_column, turn
        self.notes: list[str] = []
        self.doubts: list[str] = []
        self.rows = f"(SELECT * FROM {sheet.relation} WHERE {found.data_condition()})"
        if turn is not None and turn.rows:
            self.rows = turn.rows
        self.sums = self._sums_of(found, columns)
        across = {column.index for column in columns}
        self.summing = [
            (index, heading)
            for index, heading in found.header_columns
            if index not in across
            and (_TOTAL.search(heading) or _NOT_A_MONTH.search(heading))
            and self._holds_figures(index)
        ]
        aside = across | {index for index, _ in self.summing}
        if turn is not None and turn.rows:
            aside.add(turn.column)
        self.labels = [(i, h) for i, h in found.header_columns if i not in aside]
        hint = self._hint(texts, columns)
        self.headings = self._headings(columns, hint)
        self.columns = self._reported(columns)

    def made(self) -> Unpivoted | None:
        """Return the whole, or None when no month holds anything."""
        if not self.columns:
            return None
        self._look_for_doubts()
        measures = list(dict.fromkeys(self.headings[c.measure] for c in self.columns))
        headers = (*(h for _, h in self.labels), ACROSS, *measures)
        first: dict[str, int] = {}
        for column in self.columns:
            first.setdefault(self.headings[column.measure], column.index)
        places = [column.index % self.sheet.width for column in self.columns]
        start = min(places)
        months = list(dict.fromkeys(c.label for c in self.columns))
        self.notes.insert(
            0,
            f"months go across the columns: {months[0]} to {months[-1]} in columns "
            f"{self._letters(start)} to {self._letters(max(places))}, "
            f"one line for each row and month ({', '.join(measures)})",
        )
        offset = len(self.labels) + 1
        told = {
            offset + place: sum((self.totals[c.index] for c in mine), Decimal(0))
            for place, heading in enumerate(measures)
            if (
                mine := [
                    c
                    for c in self.columns
                    if self.headings[c.measure] == heading and c.index in self.totals
                ]
            )
        }
        return Unpivoted(
            headers=headers,
            columns=(
                *(i for i, _ in self.labels),
                start,
                *(first[m] % self.sheet.width for m in measures),
            ),
            figures=tuple(sorted(set(places))),
            query=self._query(measures),
            data_rows=self._rows_with_lines(),
            totals=told,
            controls=self._controls(),
            notes=tuple(self.notes),
            doubts=tuple(dict.fromkeys(self.doubts)),
        )

    def _letters(self, index: int) -> str:
        return column_letters(self.first_column + index % self.sheet.width)

    def _holds_figures(self, index: int) -> bool:
        filled = [
            kind
            for row in self.sheet.rows(
                self.found.first_data_row,
                min(self.found.last_data_row, self.found.first_data_row + SAMPLE_ROWS),
            )
            if (kind := kind_of(row[index])) not in ("empty", "marker")
        ]
        return sum(1 for kind in filled if kind == "number") >= 0.6 * len(filled)

    def _sums_of(
        self, found: FoundTable, columns: Sequence[MonthColumn]
    ) -> dict[int, tuple[int, int, int]]:
        """Return for each month's column: cells that hold something, not nought, pence."""
        asked = []
        for column in columns:
            cell, number = f"c{column.index}", number_sql(f"c{column.index}")
            something = f"NOT {_is_nothing(cell)}"
            asked += [
                f"count(*) FILTER ({something})",
                f"count(*) FILTER ({something} AND coalesce({number}, 1) <> 0)",
                f"count(*) FILTER ({cell} LIKE '%£%' OR {number} <> trunc({number}))",
            ]
        row = self.sheet.con.execute(f"SELECT {', '.join(asked)} FROM {self.rows}").fetchall()[0]
        return {
            column.index: (row[3 * place], row[3 * place + 1], row[3 * place + 2])
            for place, column in enumerate(columns)
        }

    def _hint(self, texts: Sequence[str], columns: Sequence[MonthColumn]) -> str:
        """Return whether bare figures are pounds or activity, '' where nothing proves it."""
        around = " | ".join([*texts, *(heading for _, heading in self.summing)])
        around = _TOTAL.sub(" ", around)
        pounds, counts = bool(POUNDS.search(around)), bool(COUNTS.search(around))
        filled = sum(self.sums[c.index][1] for c in columns)
        pence = sum(self.sums[c.index][2] for c in columns)
        broken = filled > 0 and pence * 2 > filled
        if pounds != counts:
            return COST if pounds else "" if broken else ACTIVITY
        return COST if broken else ""

    def _headings(self, columns: Sequence[MonthColumn], hint: str) -> dict[str, str]:
        """Return the heading under which each measure is read."""
        written = list(dict.fromkeys(column.measure for column in columns))
        made = {measure: meaning(measure, hint) for measure in written}
        for measure, heading in made.items():
            if not heading and self.turn is not None and self.turn.doubt:
                # Of rows in turn no answer would be right for all.
                made[measure] = FIGURES_IN_TURN
            elif not heading:
                # No element is called so: without a person's word there is no cost, and no line.
                self.notes.append(
                    "nothing says whether the columns of the months hold pounds or activity: "
                    f"confirm the layout with --set {UNTOLD_FIGURES}=activity_cost or "
                    f"{UNTOLD_FIGURES}=activity_count"
                )
                made[measure] = UNTOLD_FIGURES
        return made

    def _reported(self, columns: Sequence[MonthColumn]) -> list[MonthColumn]:
        """Leave out the months at the end that hold nothing: they are still to come."""
        held = [c.order for c in columns if self.sums[c.index][1]]
        if not held:
            return []
        last = max(held)
        left = [c for c in columns if c.order > last]
        noughts = list(dict.fromkeys(c.label for c in left if self.sums[c.index][0]))
        if noughts:
            self.notes.append(
                f"{', '.join(noughts)}: nothing but noughts after the last month with figures, "
                "taken as not reported"
            )
        return sorted((c for c in columns if c.order <= last), key=lambda c: (c.order, c.index))

    def _look_for_doubts(self) -> None:
        taken: dict[tuple[tuple[str, int], str], MonthColumn] = {}
        for column in self.columns:
            key = (column.order, self.headings[column.measure])
            if key in taken:
                self.doubts.append(
                    f"columns {self._letters(taken[key].index)} and "
                    f"{self._letters(column.index)} are both headed {key[1]} of {column.label}"
                )
            taken.setdefault(key, column)
        years = sorted({column.order[0] for column in self.columns})
        if len(years) > 1:
            told = ", ".join(year or "no year told" for year in years)
            self.doubts.append(f"the months across the columns are of several years: {told}")
        if self.turn is not None:
            stray = [repr(heading) for index, heading in self.labels if index in self.turn.figures]
            if stray:
                self.doubts.append(f"rows of one turn differ in {', '.join(stray)}")
        for index, heading in self.labels:
            if self.turn is not None and index == self.turn.column:
                continue  # Doubted already.
            if kinds := self._measures_in(index):
                self.doubts.append(
                    f"column {self._letters(index)} ({heading!r}) says what the figures of each "
                    f"row are ({', '.join(kinds)}): they cannot be added up"
                )
            if name_scores("ACM", heading).get("month", (0.0, ""))[0] >= 0.9:
                self.doubts.append(
                    f"months go across the columns, and column {self._letters(index)} "
                    f"({heading!r}) tells a month too"
                )

    def _measures_in(self, index: int) -> list[str]:
        """Return what a column of labels calls the rows' figures, where it calls them by two names.

        Rows of activity and of pounds in turn are no lines of their own.
        """
        found = self.sheet.con.execute(
            f"SELECT DISTINCT lower(trim(c{index}, '{STRIPPED}')) AS value FROM {self.rows} "
            f"WHERE length(c{index}) < 30 ORDER BY value"
        ).fetchall()
        named = [value for (value,) in found if value and MEASURE_NAMES.fullmatch(value)]
        return named if len(named) > 1 else []

    def _by_month(self) -> dict[tuple[str, int], dict[str, MonthColumn]]:
        months: dict[tuple[str, int], dict[str, MonthColumn]] = {}
        for column in self.columns:
            months.setdefault(column.order, {}).setdefault(self.headings[column.measure], column)
        return months

    def _makes_a_line(self, cells: dict[str, MonthColumn]) -> str:
        """Return SQL for whether a row has a line of a month: pounds, or anything but nought."""
        tests = []
        for heading, column in cells.items():
            test = f"NOT {_is_nothing(f'c{column.index}')}"
            if COST in cells and heading != COST:
                test += f" AND coalesce({number_sql(f'c{column.index}')}, 1) <> 0"
            tests.append(f"({test})")
        return f"({' OR '.join(tests)})"

    def _rows_with_lines(self) -> int:
        tests = " OR ".join(self._makes_a_line(cells) for cells in self._by_month().values())
        found = self.sheet.con.execute(f"SELECT count(*) FROM {self.rows} WHERE {tests}").fetchone()
        return int(found[0]) if found else 0

    def _query(self, measures: Sequence[str]) -> str:
        fixed = "".join(f", c{i} AS c{at}" for at, (i, _) in enumerate(self.labels))
        offset = len(self.labels)
        selects = []
        for cells in self._by_month().values():
            named = cells.get(COST) or next(iter(cells.values()))
            values = "".join(
                f", {f'c{cells[m].index}' if m in cells else 'CAST(NULL AS VARCHAR)'} AS c{at}"
                for at, m in enumerate(measures, start=offset + 1)
            )
            selects.append(
                f"SELECT row, {quote_literal(self._letters(named.index))} AS origin{fixed}, "
                f"{quote_literal(named.month)} AS c{offset}{values} FROM {{rows}} "
                f"WHERE {self._makes_a_line(cells)}"
            )
        return " UNION ALL ".join(selects)

    def _controls(self) -> tuple[Control, ...]:
        """Return what columns of totals say of the pounds, where it is plain that they are."""
        costs = [c for c in self.columns if self.headings[c.measure] == COST]
        measures = {self.headings[c.measure] for c in self.columns}
        if not costs:
            return ()
        # Of rows in turn, those of the pounds are looked at.
        only_pounds = measures == {COST} or self.turn is not None
        whole = " + ".join(f"coalesce({number_sql(f'c{c.index}')}, 0)" for c in costs)
        made = []
        for index, heading in self.summing:
            if _NOT_A_MONTH.search(heading):
                continue
            rest = _bare(_TOTAL.sub(" ", _MONTH.sub(" ", heading)))
            if (meaning(rest, COST if only_pounds else "") or rest) != COST:
                continue
            value = f"coalesce({number_sql(f'c{index}')}, 0)"
            total, row = self.sheet.con.execute(
                f"SELECT coalesce(sum({value}), 0), min(row) FILTER (abs({value} - ({whole})) > "
                f"{_CENT}) FROM {self.rows}"
            ).fetchall()[0]
            made.append(Control(f"column {self._letters(index)} ({heading!r})", total, row))
        told = {heading for _, heading in self.summing}
        if told:
            self.notes.append(
                "columns beside the months, set aside as totals: "
                + ", ".join(repr(heading) for heading in sorted(told))
            )
        return tuple(made)


def _is_nothing(cell: str) -> str:
    words = quote_literals(_NOTHING)
    return f"(coalesce(lower(trim({cell}, '{STRIPPED}')), '') IN ({words}))"
