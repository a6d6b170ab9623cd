"""Total and subtotal rows, recognised by what they say and by what they add up to.

Words alone are not enough where a description may hold them ("Total hip replacement"): a row is a
total when a whole cell says so, or when it lacks the keys that data rows have and either says so
in a phrase or equals the sum of the rows around it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from comptroller.intake.cell_kinds import kind_of, number_of, number_sql
from comptroller.intake.reading import RawSheet

_WHOLE = re.compile(
    r"^(grand|sub|overall|report|sheet|file|provider|trust|commissioner|contract|month(ly)?|ytd|"
    r"year to date|annual|england|national|all|sum)?[\s_-]*totals?"
    r"([\s(]*(all|ytd|cost|activity|£|year to date)\)?)?\s*[:.]?$",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"^(sub|grand|overall)?[\s-]*totals?\b|\b(sub|grand)?[\s-]*totals?\s*[:.]?$", re.IGNORECASE
)
_WHOLE_OF_ALL = re.compile(
    r"^(england|all|sum|overall|all (providers|commissioners|trusts|organisations|specialties))$",
    re.IGNORECASE,
)
WORDS_OF_ALL = ("All", "ALL", "all")
"""Cells that may say that a row stands for others, as the finder looks for them."""

_SHARE_OF_LABELS = 0.5
_CENT = Decimal("0.005")
MOST_ARITHMETIC = 3000


@dataclass(frozen=True)
class Suspect:
    """A row that may be something other than data, cells stripped, '' for empty."""

    row: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Body:
    """What is known of the rows below the headings.

    Attributes:
        sheet: The sheet.
        first_row: First physical row below the headings.
        fill: Cells filled in a typical data row.
        numbers: Columns of numbers.
        keys: Columns of codes or names that almost every data row fills.
        words: Columns of text.
        leave_out: Rows that are already known not to be data.
    """

    sheet: RawSheet
    first_row: int
    fill: int
    numbers: tuple[int, ...]
    keys: tuple[int, ...]
    words: tuple[int, ...]
    leave_out: frozenset[int]


def recognise_totals(
    body: Body, above: Sequence[Suspect], suspects: Sequence[Suspect]
) -> dict[int, str]:
    """Return the total rows with the reason for each.

    Args:
        body: The rows below the headings.
        above: The rows above the headings, one of which may hold totals.
        suspects: The rows below that may be other than data.
    """
    totals = _by_word(body, suspects)
    candidates = [
        suspect
        for suspect in (*above, *suspects)
        if suspect.row not in totals and _may_add_up(body, suspect)
    ][:MOST_ARITHMETIC]
    if candidates and body.numbers:
        by_row = {suspect.row: suspect for suspect in (*suspects, *above)}
        known = [by_row[row] for row in totals if row in by_row]
        totals.update(_by_arithmetic(body, candidates, known))
    return totals


def numbers_in(body: Body, suspect: Suspect) -> dict[int, Decimal]:
    """Return the figures of a row by column."""
    found = {at: number_of(suspect.cells[at]) for at in body.numbers if at < len(suspect.cells)}
    return {at: value for at, value in found.items() if value is not None}


def _keys_missing(body: Body, suspect: Suspect) -> bool:
    """Tell whether a column that data rows fill with a code or name is blank or a dash."""
    return any(kind_of(suspect.cells[at]) in ("empty", "marker") for at in body.keys)


def _by_word(body: Body, suspects: Sequence[Suspect]) -> dict[int, str]:
    """Return rows with a cell that says total and nothing else, or says so without keys."""
    labels: Counter[int] = Counter()
    for suspect in suspects:
        labels.update(at for at, cell in enumerate(suspect.cells) if says_total(cell))
    rows = max(body.sheet.last_row - body.first_row + 1, 1)
    usual = {at for at, count in labels.items() if count > _SHARE_OF_LABELS * rows and count > 3}
    totals: dict[int, str] = {}
    for suspect in suspects:
        # The label may stand in a column of numbers: the first column is often the month.
        for at, cell in enumerate(suspect.cells):
            if not cell or at in usual:
                continue
            if says_total(cell):
                totals[suspect.row] = f"says {cell!r}"
                break
            phrase = _holds_total(cell) and _PHRASE.search(cell)
            if not (phrase or _WHOLE_OF_ALL.match(cell)):
                continue
            if _keys_missing(body, suspect) and numbers_in(body, suspect):
                totals[suspect.row] = f"says {cell!r} and lacks a key"
                break
    return totals


def names_total(cell: str) -> bool:
    """Tell whether a cell says total, or is a phrase that ends or begins so: QX1 Subtotal."""
    return _holds_total(cell) and _PHRASE.search(cell) is not None


def says_all(cell: str) -> bool:
    """Tell whether a cell says that its row stands for all others."""
    return _WHOLE_OF_ALL.match(cell) is not None


def _holds_total(cell: str) -> bool:
    return "otal" in cell or "OTAL" in cell


def says_total(cell: str) -> bool:
    """Tell whether the whole cell says total."""
    return _holds_total(cell) and _WHOLE.match(cell) is not None


def _may_add_up(body: Body, suspect: Suspect) -> bool:
    """Tell whether the row has numbers but lacks a key, so that it may be a sum."""
    if suspect.row < body.first_row:
        return bool(numbers_in(body, suspect))
    keys = [at for at in body.keys if at not in body.numbers]
    filled = sum(1 for at in keys if kind_of(suspect.cells[at]) not in ("empty", "marker"))
    if len(keys) >= 3 and filled * 2 > len(keys):
        # A record that lacks one key and happens to cost what the one above costs is no sum.
        return False
    keyless = _keys_missing(body, suspect) or any(
        _WHOLE_OF_ALL.match(suspect.cells[at]) for at in body.words
    )
    return keyless and bool(numbers_in(body, suspect))


def _by_arithmetic(
    body: Body, candidates: Sequence[Suspect], known: Sequence[Suspect]
) -> dict[int, str]:
    """Return the candidates whose numbers equal sums of data rows, and those beside them."""
    breaks = sorted({s.row for s in (*candidates, *known) if s.row >= body.first_row})
    groups = _group_sums(body, breaks)
    totals: dict[int, str] = {}
    whole = _add(groups)
    for suspect in candidates:
        values = numbers_in(body, suspect)
        place = sum(1 for row in breaks if row < suspect.row)
        sums = {
            "all data rows": whole,
            "the rows above": _add(groups[: place + 1]),
            "the group above": groups[place] if suspect.row >= body.first_row else {},
            "the rows below": _add(groups[place + 1 :]),
            "the group below": groups[place + 1] if place + 1 < len(groups) else {},
        }
        for name, expected in sums.items():
            if _equal(values, expected):
                totals[suspect.row] = f"equals the sum of {name}"
                break
    totals.update(_beside(body, candidates, {*totals, *(s.row for s in known)}, whole))
    return totals


def _group_sums(body: Body, breaks: Sequence[int]) -> list[dict[int, Decimal]]:
    """Return the sums of the columns of numbers between the rows of `breaks`."""
    sheet = body.sheet
    cells = ", ".join(f"sum({number_sql(f'c{at}')})" for at in body.numbers)
    cuts = ", ".join(f"({row}, {index})" for index, row in enumerate([0, *breaks]))
    out = [*breaks, *body.leave_out]
    skip = f"AND row NOT IN ({', '.join(map(str, out))})" if out else ""
    found = sheet.con.execute(
        f"WITH cuts(cut_row, number) AS (VALUES {cuts}) "
        f"SELECT number, {cells} FROM {sheet.relation} ASOF JOIN cuts ON row >= cut_row "
        f"WHERE row >= {body.first_row} {skip} GROUP BY number ORDER BY number"
    ).fetchall()
    groups: list[dict[int, Decimal]] = [{} for _ in range(len(breaks) + 1)]
    for number, *sums in found:
        groups[number] = {
            at: value for at, value in zip(body.numbers, sums, strict=True) if value is not None
        }
    return groups


def _add(groups: Sequence[Mapping[int, Decimal]]) -> dict[int, Decimal]:
    total: dict[int, Decimal] = {}
    for group in groups:
        for at, value in group.items():
            total[at] = total.get(at, Decimal(0)) + value
    return total


def _equal(values: Mapping[int, Decimal], expected: Mapping[int, Decimal]) -> bool:
    """Tell whether enough of the values are the expected sums.

    Averages and percentages beside them are not sums, so half of the comparable columns will do,
    but never a single accidental one among several.
    """
    compared = [at for at, value in values.items() if value and expected.get(at)]
    same = [at for at in compared if is_close(values[at], expected[at])]
    if len(compared) == 1:
        return len(same) == 1
    return len(same) >= 2 and len(same) * 2 >= len(compared)


def is_close(value: Decimal, expected: Decimal) -> bool:
    """Tell whether a figure is an expected sum, to the penny."""
    return abs(value - expected) <= max(_CENT, abs(expected) * Decimal("1e-9"))


def _beside(
    body: Body, candidates: Sequence[Suspect], totals: set[int], whole: Mapping[int, Decimal]
) -> dict[int, str]:
    """Return rows without keys next to a total that nearly equal it, such as a second total."""
    found: dict[int, str] = {}
    for suspect in candidates:
        if suspect.row in totals or not {suspect.row - 1, suspect.row + 1} & totals:
            continue
        values = numbers_in(body, suspect)
        near = [
            at
            for at, value in values.items()
            if whole.get(at) and abs(value - whole[at]) <= abs(whole[at]) * Decimal("0.02")
        ]
        if len(near) >= 2 and len(near) * 2 >= len(values):
            found[suspect.row] = "stands beside a total and nearly equals it"
    return found
