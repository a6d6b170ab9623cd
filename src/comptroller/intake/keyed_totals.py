"""Totals among the lines that carry keys of their own: All or Sub-total in the column of the HRG.

Comes in: the rows of a table that may be other than data. A row whose cell says total, or all, is
one where its figures equal the sum of the rows with the same other labels; so is one that lacks
labels which the others have, where all its figures do. Where a word says total
and the sum is another, a person must decide; where it only may mean one, that is told.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from comptroller.intake.cell_kinds import STRIPPED, clean, kind_of, number_sql
from comptroller.intake.table_totals import (
    Body,
    Suspect,
    is_close,
    names_total,
    numbers_in,
    says_all,
    says_total,
)

OF_ITS_ROWS = "equals the sum of its rows"
_MOST, _MOST_TOLD = 2000, 5
_SHARE, _FEW = 0.5, 0.4
_LEAST_ROWS = 2
_MOST_LOOKED_THROUGH = 200_000
"""Longer tables are of patients: their lines lack labels, and have no totals among them."""

_OWN, _MOST_LEVELS = 0.5, 4
_LABEL = re.compile("[0-9]{1,3}")
_NUMBERED = 3
"""How many of a row's short whole numbers are tried as labels: month, treatment function."""


@dataclass(frozen=True)
class KeyedTotals:
    """The totals among the lines with the reason of each, and what is to be said of others."""

    totals: Mapping[int, str]
    doubts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Asked:
    """A row that may be a total: what it says, in which column, and its other labels.

    ``numbered`` are columns of numbers that may be labels of it.
    """

    suspect: Suspect
    word: str
    marks: tuple[int, ...]
    keys: tuple[int, ...]
    numbered: tuple[int, ...]


@dataclass(frozen=True)
class _Rows:
    """The rows that a total would be of: how many, and of each figure sum, least and most."""

    count: int
    figures: Mapping[int, tuple[Decimal, Decimal, Decimal]]


def totals_among_lines(
    body: Body, suspects: Sequence[Suspect], known: Mapping[int, str]
) -> KeyedTotals:
    """Return which rows with labels of their own are totals.

    Args:
        body: The rows below the headings.
        suspects: The rows below that may be other than data.
        known: The rows that are known to be totals already.
    """
    asked = _asked(body, suspects)
    out = {*known, *(one.suspect.row for one in asked), *body.leave_out}
    totals: dict[int, str] = {}
    others: dict[int, _Rows] = {}
    for keys, mine in _patterns(asked):
        rows = _rows_of(body, mine, keys, out)
        for one in mine:
            row, details = one.suspect.row, rows.get(one.suspect.row)
            if details is None or row in totals:
                continue
            others.setdefault(row, details)
            if _adds_up(numbers_in(body, one.suspect), details):
                # A word and figures alone may be the total of the whole table.
                keep = row in known and not _is_keyed(body, one)
                totals[row] = known[row] if keep else f"says {one.word!r} and {OF_ITS_ROWS}"
    totals |= _lacking_labels(body, {*out, *totals})
    doubts: list[str] = []
    warnings: list[str] = []
    for one in asked:
        row = one.suspect.row
        if row in totals or row not in others:
            continue
        if row in known:
            if says_total(one.word) and _is_keyed(body, one):
                doubts.append(
                    f"row {row:,} says {one.word!r}, but the rows with the same labels add up to "
                    "something else: is it a total or a line?"
                )
        elif others[row].count > 1 and not _begins_with_total(one.word):
            warnings.append(
                f"row {row:,} says {one.word!r} but is not the sum of the rows with the same "
                "labels: it is taken as a line"
            )
    return KeyedTotals(totals, tuple(doubts[:_MOST_TOLD]), tuple(warnings[:_MOST_TOLD]))


def _lacking_labels(body: Body, out: set[int]) -> dict[int, str]:
    """Return the rows that lack a label and whose figures are all the sums of their rows.

    One row alone proves nothing: a line without a label may cost what another one costs.
    """
    asked = _rows_lacking(body, out)
    out = {*out, *(one.suspect.row for one in asked)}
    totals: dict[int, str] = {}
    for keys, mine in _patterns(asked, every=False):
        rows = _rows_of(body, mine, keys, out)
        for one in mine:
            details = rows.get(one.suspect.row)
            if details is None or details.count < _LEAST_ROWS:
                continue
            if _adds_up(numbers_in(body, one.suspect), details, throughout=True):
                totals[one.suspect.row] = f"lacks labels and {OF_ITS_ROWS}"
    return totals


def _rows_lacking(body: Body, out: set[int]) -> list[_Asked]:
    """Return the few rows that are blank where most have a label; none where many are."""
    sheet = body.sheet
    words = [at for at in body.words if at not in body.numbers]
    if not words or not body.numbers or sheet.row_count > _MOST_LOOKED_THROUGH:
        return []
    left_out = f" AND row NOT IN ({', '.join(map(str, sorted(out)))})" if out else ""
    base = f"FROM {sheet.relation} WHERE row >= {body.first_row}{left_out}"
    text = {at: f"nullif(trim(c{at}, '{STRIPPED}'), '')" for at in words}
    counts = ", ".join(f"count({text[at]}), approx_count_distinct({text[at]})" for at in words)
    total, *told = sheet.con.execute(f"SELECT count(*), {counts} {base}").fetchall()[0]
    filled, values = told[::2], told[1::2]
    # A row with a number or name of its own, as every patient's line has, is no sum of others.
    own = {at for at, n, v in zip(words, filled, values, strict=True) if v > _OWN * n}
    usual = [at for at, count in zip(words, filled, strict=True) if count > _SHARE * total]
    if not any(count < total for at, count in zip(words, filled, strict=True) if at in usual):
        return []
    blank = " OR ".join(f"{text[at]} IS NULL" for at in usual)
    most = min(_MOST, int(_FEW * total))
    found = sheet.con.execute(
        f"SELECT row, {', '.join(sheet.columns)} {base} AND ({blank}) ORDER BY row LIMIT {most + 1}"
    ).fetchall()
    if len(found) > most:
        return []
    asked = []
    for row, *cells in found:
        suspect = Suspect(row, tuple(clean(cell or "") for cell in cells))
        keys = tuple(at for at in words if kind_of(suspect.cells[at]) not in ("empty", "marker"))
        if keys and not own.intersection(keys) and numbers_in(body, suspect):
            numbered = [at for at in body.numbers if _LABEL.fullmatch(suspect.cells[at])]
            asked.append(_Asked(suspect, "", (), keys, tuple(numbered[:_NUMBERED])))
    # Subtotals lack the same labels, level by level; rows that lack now this, now that are lines.
    return asked if len({one.keys for one in asked}) <= _MOST_LEVELS else []


def _patterns(
    asked: Sequence[_Asked], *, every: bool = True
) -> list[tuple[tuple[int, ...], list[_Asked]]]:
    """Return the rows by the columns that tell which lines they may be totals of.

    Those are their labels, alone and with the numbers that may be labels, such as the month:
    ``every`` choice of these, or none and all of them.
    """
    patterns: dict[tuple[int, ...], list[_Asked]] = {}
    for one in asked:
        most = len(one.numbered)
        for count in range(most + 1) if every else {0, most}:
            for more in itertools.combinations(one.numbered, count):
                patterns.setdefault((*one.keys, *more), []).append(one)
    return sorted(patterns.items(), key=lambda item: (len(item[0]), item[0]))


def _asked(body: Body, suspects: Sequence[Suspect]) -> list[_Asked]:
    words = [at for at in body.words if at not in body.numbers]
    said = {
        suspect.row: [at for at in words if _may_be_total(suspect.cells[at])]
        for suspect in suspects
        if suspect.row >= body.first_row
    }
    rows = max(body.sheet.last_row - body.first_row + 1, 1)
    # A word that most rows have is what the column says of all: no total.
    usual = {
        at for at in words if sum(at in marks for marks in said.values()) > max(_SHARE * rows, 3)
    }
    asked = []
    for suspect in suspects:
        marks = [at for at in said.get(suspect.row, ()) if at not in usual]
        keys = tuple(
            at
            for at in words
            if at not in marks and kind_of(suspect.cells[at]) not in ("empty", "marker")
        )
        if marks and keys and numbers_in(body, suspect):
            numbered = [at for at in body.numbers if _LABEL.fullmatch(suspect.cells[at])]
            word = suspect.cells[marks[0]]
            asked.append(_Asked(suspect, word, tuple(marks), keys, tuple(numbered[:_NUMBERED])))
    return asked[:_MOST]


def _may_be_total(cell: str) -> bool:
    return says_total(cell) or says_all(cell) or names_total(cell)


def _begins_with_total(cell: str) -> bool:
    """Tell whether a cell may be a description: Total hip replacement."""
    return not says_total(cell) and cell.lower().startswith("total")


def _is_keyed(body: Body, one: _Asked) -> bool:
    """Tell whether a row has most of the labels of a line, rather than a word and figures."""
    keys = [at for at in body.keys if at not in body.numbers and at not in one.marks]
    return bool(keys) and sum(at in one.keys for at in keys) > _SHARE * len(keys)


def _rows_of(
    body: Body, asked: Sequence[_Asked], keys: Sequence[int], out: set[int]
) -> dict[int, _Rows]:
    """Return, for each row that may be a total, the rows with its labels, filled from above."""
    figures = list(body.numbers)
    sheet = body.sheet
    labels = ", ".join(
        f"last_value(nullif(trim(c{at}, '{STRIPPED}'), '') IGNORE NULLS) OVER above AS k{at}"
        for at in keys
    )
    cells = ", ".join(f"{number_sql(f'c{at}')} AS n{at}" for at in figures)
    own = ", ".join(f"trim(c{at}, '{STRIPPED}') AS k{at}" for at in keys)
    same = " AND ".join(f"d.k{at} = s.k{at}" for at in keys)
    told = ", ".join(f"sum(d.n{at}), min(d.n{at}), max(d.n{at})" for at in figures)
    rows = ", ".join(str(one.suspect.row) for one in asked)
    found = sheet.con.execute(
        f"WITH d AS (SELECT row, {labels}, {cells} FROM {sheet.relation} "
        f"WHERE row >= {body.first_row} AND row NOT IN ({', '.join(map(str, sorted(out)))}) "
        "WINDOW above AS (ORDER BY row ROWS UNBOUNDED PRECEDING)), "
        f"s AS (SELECT row, {own} FROM {sheet.relation} WHERE row IN ({rows})) "
        f"SELECT s.row, count(*), {told} FROM s JOIN d ON {same} GROUP BY s.row"
    ).fetchall()
    made = {}
    for row, count, *values in found:
        groups = zip(figures, values[::3], values[1::3], values[2::3], strict=True)
        made[row] = _Rows(
            count,
            {at: (total, low, high) for at, total, low, high in groups if total is not None},
        )
    return made


def _adds_up(values: Mapping[int, Decimal], rows: _Rows, *, throughout: bool = False) -> bool:
    """Tell whether figures are the sums of some rows, half of them or all ``throughout``.

    What is alike in all of those rows is a label.
    """
    compared = [
        at
        for at, value in values.items()
        if value and at in rows.figures and not (rows.count > 1 and _is_label(value, rows, at))
    ]
    same = [at for at in compared if is_close(values[at], rows.figures[at][0])]
    if len(compared) == 1 or throughout:
        return bool(same) and len(same) == len(compared)
    return len(same) >= 2 and len(same) * 2 >= len(compared)


def _is_label(value: Decimal, rows: _Rows, at: int) -> bool:
    _, low, high = rows.figures[at]
    return low == high == value
