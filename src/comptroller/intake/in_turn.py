"""Rows of activity and of pounds in turn: a column of labels says which, and they are one line.

Comes in: a found table with a column such as ``Measure`` whose cells are ``Activity`` and ``Cost``.
Goes out: the same table with one row for each turn, that of the pounds, and the figures of the
other rows in columns of their own. It is read so only where the whole table proves it: the rows
come in the same turn throughout and agree in every column that is no figure. Otherwise there is a
doubt, which holds the file: activity must never be counted as pounds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from comptroller.intake.cell_kinds import STRIPPED, clean, kind_of
from comptroller.intake.measures import COST, COUNTS, MEASURE_NAMES, PLANNED, in_full, meaning
from comptroller.intake.reading import SAMPLE_ROWS, RawSheet
from comptroller.intake.source import column_letters
from comptroller.intake.table_finder import FoundTable

_MOST_MEASURES = 6
_LEAST_TURNS = 2
_MOST_ROWS = 200_000


@dataclass(frozen=True)
class InTurn:
    """How rows in turn are read.

    Attributes:
        column: The column that says what the figures of a row are.
        width: How many columns the sheet has.
        rows: A relation with one row for each turn: ``row`` is that of the pounds, ``c0..`` the
            labels and the pounds; the figures of measure n stand in ``c{n * width + index}``.
        measures: Heading of each measure, the pounds first.
        figures: The columns that hold figures.
        turns: How many there are.
        written: How the column writes each measure.
        doubt: Why it cannot be read so, or ''; then ``rows`` is empty.
    """

    column: int
    width: int
    rows: str = ""
    measures: tuple[str, ...] = ()
    figures: tuple[int, ...] = ()
    turns: int = 0
    written: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def note(self) -> str:
        """What a person should know of it."""
        others = ", ".join(repr(word) for word in self.written[1:])
        return (
            f"rows of {', '.join(map(repr, self.written))} come in turn: each {self.turns:,} times "
            f"one line; the rows of {others} are part of it and counted with those set aside"
        )


def rows_in_turn(
    sheet: RawSheet, found: FoundTable, months: Collection[int], first_column: int = 0
) -> InTurn | None:
    """Return how a table is read whose rows say what their figures are; None where none does.

    Args:
        sheet: The sheet.
        found: Its table.
        months: The columns of months across, if any: figures, whatever stands in them.
        first_column: Of the sheet within the file's own.
    """
    told = _measure_column(sheet, found, months)
    if told is None:
        return _without_labels(sheet, found)
    column, heading = told
    name = f"column {column_letters(first_column + column)} ({heading!r})"
    return _Turns(sheet, found, column, name).made(months)


def _without_labels(sheet: RawSheet, found: FoundTable) -> InTurn | None:
    """Return the doubt of a table of which every second row has figures and no label.

    They may be activity and pounds in turn, and nothing says which is which.
    """
    sample = sheet.sample()
    between = set(found.rows_between_data)
    kinds = [
        {kind_of(cell) for cell in row} - {"empty", "marker"}
        for number, row in enumerate(sample, start=sheet.first_row)
        if found.first_data_row <= number <= found.last_data_row and number not in between
    ]
    kinds = kinds[: len(kinds) // 2 * 2]
    labelled, bare = kinds[::2], kinds[1::2]
    if len(bare) < _LEAST_TURNS or any(own != {"number"} for own in bare):
        return None
    if not all("text" in own and "number" in own for own in labelled):
        return None
    return InTurn(
        -1,
        sheet.width,
        doubt=(
            "every second row has figures without any label: they may be activity and pounds in "
            "turn, which cannot be added up. Have activity and pounds sent in columns side by side"
        ),
    )


def _measure_column(
    sheet: RawSheet, found: FoundTable, months: Collection[int]
) -> tuple[int, str] | None:
    """Return the column of labels that calls the rows' figures by several names, pounds too."""
    sample = sheet.sample()
    start = found.first_data_row - sheet.first_row
    data = sample[start : found.last_data_row - sheet.first_row + 1]
    columns = [*found.header_columns, *((at, "") for at in found.unlabelled_columns)]
    for index, heading in columns:
        if index not in months and is_measure_column([row[index] for row in data]):
            return index, heading
    return None


def is_measure_column(cells: Sequence[str]) -> bool:
    """Tell whether cells call the figures beside them by several names, not all of them counts."""
    named = {" ".join(clean(cell).lower().split()) for cell in cells} - {""}
    return (
        2 <= len(named) <= _MOST_MEASURES
        and all(MEASURE_NAMES.fullmatch(name) for name in named)
        and not all(COUNTS.search(name) for name in named)
    )


class _Turns:
    """One table whose rows come in turn, looked through step by step."""

    def __init__(self, sheet: RawSheet, found: FoundTable, column: int, name: str) -> None:
        self.sheet, self.found, self.column, self.name = sheet, found, column, name
        self.base = f"(SELECT * FROM {sheet.relation} WHERE {found.data_condition()})"

    def made(self, months: Collection[int]) -> InTurn:
        """Return how it is read, or the doubt."""
        rows = self.sheet.con.execute(
            f"SELECT row, trim(c{self.column}, '{STRIPPED}') FROM {self.base} ORDER BY row "
            f"LIMIT {_MOST_ROWS + 1}"
        ).fetchall()
        said = [" ".join((text or "").lower().split()) for _, text in rows]
        words = list(dict.fromkeys(said))
        listed = ", ".join(word or "nothing" for word in words[:_MOST_MEASURES])
        self.told = f"{self.name} says what the figures of each row are ({listed})"
        turn = len(words)
        if len(rows) > _MOST_ROWS or turn > _MOST_MEASURES:
            return self._doubt("they cannot be told apart")
        off = next((at for at, word in enumerate(said) if word != words[at % turn]), -1)
        if off >= 0 or len(said) % turn:
            row = rows[off][0] if off >= 0 else rows[-1][0]
            return self._doubt(f"they do not come in turn throughout, first in row {row:,}")
        headings = [meaning(word, "") for word in in_full(words)]
        known = (*PLANNED, *PLANNED.values())
        kept = [at for at, name in enumerate(headings) if name in known]
        names = [headings[at] for at in kept]
        if names.count(COST) != 1 or len(set(names)) < len(names):
            return self._doubt("nothing says which of them are the actual pounds")
        kept.sort(key=lambda at: headings[at] != COST)
        figures = self._figures(turn, months)
        wrong = [at for at in figures if not self._holds_numbers(at)]
        if wrong:
            heading = dict(self.found.header_columns).get(wrong[0], "")
            return self._doubt(f"rows of one turn differ in {heading!r}")
        return InTurn(
            column=self.column,
            width=self.sheet.width,
            rows=self._relation(turn, kept, figures),
            measures=tuple(headings[at] for at in kept),
            figures=tuple(figures),
            turns=len(said) // turn,
            written=tuple(words[at] for at in kept),
        )

    def _doubt(self, why: str) -> InTurn:
        text = (
            f"{self.told}: they cannot be added up, and {why}. Have activity and pounds sent in "
            "columns side by side"
        )
        return InTurn(self.column, self.sheet.width, doubt=text)

    def _numbered(self, turn: int) -> str:
        return (
            f"(SELECT *, (n - 1) // {turn} AS block, (n - 1) % {turn} AS turn FROM "
            f"(SELECT *, row_number() OVER (ORDER BY row) AS n FROM {self.base}))"
        )

    def _figures(self, turn: int, months: Collection[int]) -> list[int]:
        """Return the columns in which the rows of a turn differ, but for labels written once."""
        others = [at for at in range(self.sheet.width) if at != self.column]
        asked = []
        for at in others:
            text = f"nullif(trim(c{at}, '{STRIPPED}'), '')"
            once = f"count({text}) = 1 AND count({text}) FILTER (turn = 0) = 1"
            asked.append(f"count(DISTINCT coalesce({text}, '')) > 1 AND NOT ({once}) AS d{at}")
        sums = ", ".join(f"count(*) FILTER (d{at})" for at in others)
        counts = self.sheet.con.execute(
            f"SELECT {sums} FROM (SELECT {', '.join(asked)} FROM {self._numbered(turn)} "
            "GROUP BY block)"
        ).fetchall()[0]
        return [at for at, count in zip(others, counts, strict=True) if count or at in months]

    def _holds_numbers(self, at: int) -> bool:
        last = min(self.found.last_data_row, self.found.first_data_row + SAMPLE_ROWS)
        kinds = [kind_of(row[at]) for row in self.sheet.rows(self.found.first_data_row, last)]
        filled = [kind for kind in kinds if kind not in ("empty", "marker")]
        return sum(kind == "number" for kind in filled) >= 0.6 * len(filled)

    def _relation(self, turn: int, kept: Sequence[int], figures: Collection[int]) -> str:
        pounds, *others = kept
        cells = [
            f"max(c{at}) FILTER (turn = {pounds}) AS c{at}"
            if at in figures
            else f"max(c{at}) AS c{at}"
            for at in range(self.sheet.width)
        ]
        for number, which in enumerate(others, start=1):
            cells += [
                f"max(c{at}) FILTER (turn = {which}) AS c{number * self.sheet.width + at}"
                for at in range(self.sheet.width)
            ]
        return (
            f"(SELECT max(row) FILTER (turn = {pounds}) AS row, {', '.join(cells)} "
            f"FROM {self._numbered(turn)} GROUP BY block)"
        )
