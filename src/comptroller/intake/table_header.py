"""Where the column headings of a sheet stand: one row or several, under whatever comes first.

A heading row is wordy, distinct and as wide as the table, stands above columns that hold values
of one kind, and its words do not come back as values below. Every row near the top is scored on
these; rows directly above and below the best one join it when they are group labels, sub-headings
or units.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from comptroller.intake.cell_kinds import Kind, clean, is_code, kind_of

Rows = Sequence[Sequence[str]]
Merged = Sequence[tuple[int, int, int, int]]
LOOK_BELOW = 40
LOOK_FOR_HEADER = 150
MOST_HEADER_ROWS = 4
_HEADER_WORDS = re.compile(
    r"\b(code|name|date|number|no|id|identifier|type|total|cost|price|tariff|activity|month|year|"
    r"period|provider|commissioner|org|organisation|region|description|desc|value|amount|count|"
    r"plan|planned|actual|variance|unit|hrg|pod|tfc|specialty|nhs|patient|spell|attendance|gp|"
    r"practice|age|sex|gender|drug|device|currency|indicator|status|admission|discharge|los|days|"
    r"fy|ccg|icb|trust|service|function|treatment|point|delivery|weeks|measure|£|percentage)\b",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"^\(?(£|£m|£k|£'?000'?s?|%|n|no\.?|number|count|days|qty|units?)\)?$", re.IGNORECASE
)


@dataclass(frozen=True)
class Header:
    """The heading rows of a table.

    Attributes:
        first: Index in the sample of the first heading row.
        last: Index of the last one.
        columns: Heading of each column that has one: (column, words joined over the rows).
        parts: The words of each column by heading row, before joining.
        score: Between 0 and 1.
        reasons: Why this row was taken, as plain sentences.
    """

    first: int
    last: int
    columns: tuple[tuple[int, str], ...]
    parts: dict[int, tuple[str, ...]]
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    """A row of the sample with what each cell looks like."""

    cells: tuple[str, ...]
    kinds: tuple[Kind, ...]
    filled: tuple[int, ...]

    @classmethod
    def of(cls, row: Sequence[str]) -> _Row:
        kinds = tuple(kind_of(cell) for cell in row)
        filled = tuple(index for index, kind in enumerate(kinds) if kind != "empty")
        return cls(tuple(clean(cell) for cell in row), kinds, filled)

    def count(self, *kinds: Kind) -> int:
        return sum(1 for kind in self.kinds if kind in kinds)


class _Recurrence:
    """How often each cell comes back in its column, whole rows that repeat left out."""

    def __init__(self, table: Sequence[_Row]) -> None:
        self._cells: Counter[tuple[int, str]] = Counter()
        self._rows: Counter[tuple[str, ...]] = Counter()
        for row in table:
            self._rows[row.cells] += 1
            self._cells.update((at, row.cells[at]) for at in row.filled)

    def comes_back(self, row: _Row, at: int) -> bool:
        """Tell whether the cell stands in two or more other rows."""
        return self._cells[at, row.cells[at]] - self._rows[row.cells] >= 2


def find_header(rows: Rows, first_row: int, merged: Merged) -> Header | None:
    """Return the heading rows of a table, or None when no row looks like headings.

    Args:
        rows: The first rows of the sheet; `rows[0]` is physical row `first_row`.
        first_row: Its 1-based number.
        merged: Merged cells of the sheet, as in `RawSheet.merged`.
    """
    table = [_Row.of(row) for row in rows]
    fills = sorted(len(row.filled) for row in table if row.filled)
    if not fills:
        return None
    width = fills[min(int(len(fills) * 0.75), len(fills) - 1)]
    if width < 2:
        return None
    best, best_score = -1, 0.0
    seen = _Recurrence(table)
    for index, row in enumerate(table[:LOOK_FOR_HEADER]):
        score = _score(table, index, row, width, seen)
        if score > best_score + 1e-9:
            best, best_score = index, score
    if best < 0 or best_score < 0.45:
        return None
    last = _extend_down(table, best)
    first = _extend_up(table, best, first_row, merged)
    columns, parts = _joined(table[first : last + 1], first + first_row, merged)
    reasons = [f"row {best + first_row} holds headings over values of one kind per column"]
    if last > first:
        reasons.append(f"headings run over rows {first + first_row} to {last + first_row}")
    return Header(first, last, columns, parts, min(best_score, 1.0), tuple(reasons))


def _sequence(row: _Row) -> set[int]:
    """Return the columns of numbers or dates that follow one another, as headings may."""
    dates = {index for index, kind in enumerate(row.kinds) if kind == "date"}
    numbers = [
        (index, int(cell))
        for index, (cell, kind) in enumerate(zip(row.cells, row.kinds, strict=True))
        if kind == "number" and cell.isdigit() and len(cell) <= 6
    ]
    steps = Counter(right[1] - left[1] for left, right in itertools.pairwise(numbers))
    if len(numbers) >= 3 and steps.get(1, 0) >= 0.9 * (len(numbers) - 1):
        return dates | {index for index, _ in numbers}
    return dates if len(dates) >= 2 else set()


def _score(table: Sequence[_Row], index: int, row: _Row, width: int, seen: _Recurrence) -> float:
    """Score a row as headings, 0 when it cannot be."""
    filled = row.filled
    words = [at for at in filled if row.kinds[at] == "text"]
    if len(filled) < 2 or not words or len(filled) < 0.45 * width:
        return 0.0
    series = _sequence(row)
    wordy = (len(words) + len(series)) / len(filled)
    if wordy < 0.75 or (series and len(words) < 2 and len(series) > len(words) * 60):
        return 0.0
    below = [other for other in table[index + 1 : index + 1 + LOOK_BELOW] if len(other.filled) > 1]
    if not below:
        return 0.46 if _wordiness(row, words) > 0.6 else 0.0
    fill = min(1.0, len(filled) / width)
    distinct = len({row.cells[at].lower() for at in filled}) / len(filled)
    contrast, cover = _contrast(row, filled, below)
    recurring = sum(1 for at in words if seen.comes_back(row, at)) / len(words)
    codes = sum(1 for at in words if is_code(row.cells[at])) / len(words)
    long = sum(1 for at in words if len(row.cells[at]) > 120) / len(words)
    score = (
        0.25 * fill
        + 0.10 * wordy
        + 0.05 * distinct
        + 0.30 * contrast
        + 0.10 * cover
        + 0.30 * _wordiness(row, words)
        - 0.35 * recurring
        - 0.45 * codes
        - 0.3 * long
    )
    # Of equal rows the upper one is the heading.
    return score - 0.0005 * index


def is_heading_word(cell: str) -> bool:
    """Tell whether a cell has a word that occurs in headings of such files."""
    return bool(_HEADER_WORDS.search(cell.replace("_", " ")))


def _wordiness(row: _Row, words: Sequence[int]) -> float:
    """Return the share of the words that occur in headings of such files."""
    return sum(1 for at in words if is_heading_word(row.cells[at])) / len(words)


def _contrast(row: _Row, filled: Sequence[int], below: Sequence[_Row]) -> tuple[float, float]:
    """Return the share of columns with values unlike their heading, and with values at all."""
    unlike = covered = 0
    for at in filled:
        cells = [other for other in below if other.kinds[at] != "empty"]
        if not cells:
            continue
        covered += 1
        values = sum(
            1
            for other in cells
            if other.kinds[at] in ("number", "date", "marker") or is_code(other.cells[at])
        )
        if values >= 0.7 * len(cells) and not is_code(row.cells[at]):
            unlike += 1
    return unlike / len(filled), covered / len(filled)


def _extend_down(table: Sequence[_Row], best: int) -> int:
    """Return the last heading row: sub-headings under group labels, or a row of units."""
    last = best
    while last + 1 < len(table) and last - best < 2:
        upper, row = table[last], table[last + 1]
        filled = row.filled
        if not filled or row.count("number", "date", "marker") or row.count("text") == 0:
            break
        units = all(_UNIT.match(row.cells[at]) for at in filled)
        under_blank = sum(1 for at in filled if upper.kinds[at] == "empty")
        below = [other for other in table[last + 2 : last + 2 + LOOK_BELOW] if other.filled]
        contrast, _ = _contrast(row, filled, below) if below else (0.0, 0.0)
        sub = len(filled) >= 2 and under_blank >= 0.5 * len(filled) and contrast >= 0.5
        if not (units or sub):
            break
        last += 1
    return last


def _extend_up(table: Sequence[_Row], best: int, first_row: int, merged: Merged) -> int:
    """Return the first heading row: group labels directly above, never a title."""
    first = best
    columns = table[best].filled
    while first > 0 and best - first < MOST_HEADER_ROWS - 1:
        row = table[first - 1]
        filled = row.filled
        number = first - 1 + first_row
        if not filled and any(top < number <= bottom for top, _, bottom, _ in merged):
            # A blank row inside group labels that are merged downwards.
            first -= 1
            continue
        numbers = row.count("number", "date") - len(_sequence(row) & set(filled))
        if not filled or numbers > 0 or row.count("text") == 0:
            break
        if any(row.cells[at].endswith(":") for at in filled) or any(
            len(row.cells[at]) > 120 for at in filled
        ):
            break
        spans = any(
            top <= number <= bottom and right > left and left > columns[0]
            for top, left, bottom, right in merged
        )
        beyond = [at for at in filled if at > columns[min(1, len(columns) - 1)]]
        # Headings that stand only here, over values that the row below gives no name.
        below = table[best + 1 : best + 1 + LOOK_BELOW]
        own = [
            at
            for at in filled
            if at not in columns
            and 2 * sum(1 for other in below if other.kinds[at] != "empty") > len(below)
        ]
        lonely = not beyond or (len(filled) == 1 and len(columns) <= 3)
        if not spans and lonely and len(own) < 2:
            break
        first -= 1
        columns = tuple(sorted(set(columns) | set(filled)))
    return first


def _joined(
    rows: Sequence[_Row], first_row: int, merged: Merged
) -> tuple[tuple[tuple[int, str], ...], dict[int, tuple[str, ...]]]:
    """Return the words of each column over the heading rows, group labels spread to the right."""
    lowest = rows[-1]
    spread = [
        _spread(row, first_row + index, merged, rows[index + 1] if index + 1 < len(rows) else None)
        for index, row in enumerate(rows)
    ]
    columns: list[tuple[int, str]] = []
    parts: dict[int, tuple[str, ...]] = {}
    for at in range(len(lowest.cells)):
        words: list[str] = []
        for cells in spread:
            text = " ".join(cells[at].split())
            if text and text not in words:
                words.append(text)
        if words:
            columns.append((at, " ".join(words)))
            parts[at] = tuple(words)
    return tuple(columns), parts


def _spread(row: _Row, number: int, merged: Merged, under: _Row | None) -> list[str]:
    """Return the cells of a heading row with each group label on every column it covers.

    A label that is merged over columns covers those; another one covers what follows up to the
    next label, but only if a sub-heading stands below the label itself.
    """
    cells = list(row.cells)
    if under is None:
        return cells
    spans = {
        left: min(right, len(cells) - 1)
        for top, left, bottom, right in merged
        if top <= number <= bottom and right > left
    }
    label, until = "", -1
    for at, cell in enumerate(row.cells):
        if cell:
            open_ended = under.kinds[at] != "empty"
            label, until = cell, spans.get(at, len(cells) - 1 if open_ended else at)
        elif at <= until and (at in _covered(spans) or under.kinds[at] != "empty"):
            cells[at] = label
    return cells


def _covered(spans: dict[int, int]) -> set[int]:
    return {at for left, right in spans.items() for at in range(left, right + 1)}
