"""Tables that lie one below another on one sheet, each under headings of its own.

A row is taken for the headings of another table where it is words that headings are made of, has
no figure, stands over figures, and says otherwise than the headings before it. Headings that come
again as they were, as on each page of a print, begin no table, unless a title above them names
another month or organisation than the one before.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from comptroller.intake.cell_kinds import clean, is_code, kind_of
from comptroller.intake.reading import SAMPLE_ROWS, RawSheet
from comptroller.intake.recognise import Directory, facts_in
from comptroller.intake.table_finder import FoundTable
from comptroller.intake.table_header import is_heading_word
from comptroller.vocabulary import normalise_header

_LEAST_HEADINGS = 3
_MOST_LETTERS = 60
_TITLE_CELLS = 2
_LOOK = 3
"""Rows below headings within which a figure stands, and rows of titles above them."""


def sheets_below(sheet: RawSheet, found: FoundTable | None) -> list[RawSheet]:
    """Return the parts of a sheet that are tables of their own, from top to bottom.

    Empty where the sheet is one table. Every row of the sheet is in exactly one part.

    Args:
        sheet: The sheet.
        found: The table that was found on it as a whole; it knows of rows beyond the sample.
    """
    sample = sheet.sample()
    rows: dict[int, Sequence[str]] = {sheet.first_row + at: row for at, row in enumerate(sample)}
    rows |= dict(found.wordy_rows if found else ())
    heads = sorted(number for number, row in rows.items() if _may_be_headings(row))
    if len(heads) < 2:
        return []
    starts: list[int] = []
    last: tuple[str, ...] = ()
    told: dict[str, str] = {}
    for number in heads:
        if number - 1 in heads:
            continue  # The second row of headings that run over several.
        said = tuple(normalise_header(cell) for cell in rows[number])
        if not _over_figures(sheet, number):
            continue
        if starts and not _figures_between(sheet, starts[-1], number):
            continue
        facts = _facts_above(sheet, number)
        if said == last and not any(told.get(name) != value for name, value in facts.items()):
            continue
        starts.append(number)
        last, told = said, told | facts
    if len(starts) < 2:
        return []
    firsts = [sheet.first_row, *(_with_titles(sheet, row) for row in starts[1:])]
    ends = [*(first - 1 for first in firsts[1:]), sheet.last_row]
    return [
        replace(
            sheet,
            first_row=first,
            row_count=end - first + 1,
            relation=f"(SELECT * FROM {sheet.relation} WHERE row BETWEEN {first} AND {end})",
            merged=tuple(m for m in sheet.merged if m[0] >= first and m[2] <= end),
            notes=sheet.notes if place == 0 else (),
            cut_short=sheet.cut_short and end == sheet.last_row,
            _head=[],
        )
        for place, (first, end) in enumerate(zip(firsts, ends, strict=True))
    ]


def _may_be_headings(row: Sequence[str]) -> bool:
    """Tell whether a row, by itself, is the words of headings."""
    filled = [text for cell in row if (text := clean(cell))]
    if len(filled) < _LEAST_HEADINGS or any(len(cell) > _MOST_LETTERS for cell in filled):
        return False
    kinds = [kind_of(cell) for cell in filled]
    words = [cell for cell, kind in zip(filled, kinds, strict=True) if kind == "text"]
    if "number" in kinds or "marker" in kinds or len(words) < _LEAST_HEADINGS:
        return False
    if len(set(filled)) * 2 < len(filled) or sum(map(is_code, words)) * 4 > len(words):
        return False
    return sum(map(is_heading_word, words)) * 5 >= 3 * len(words)


def _over_figures(sheet: RawSheet, number: int) -> bool:
    """Tell whether a figure stands under one of the headings, in one of the next rows."""
    head, *below = sheet.rows(number, number + _LOOK)
    named = [at for at, cell in enumerate(head) if clean(cell)]
    return any(kind_of(row[at]) == "number" for row in below for at in named)


def _figures_between(sheet: RawSheet, above: int, number: int) -> bool:
    return any(
        kind_of(cell) == "number"
        for row in sheet.rows(max(above + 1, number - SAMPLE_ROWS), number - 1)
        for cell in row
    )


def _facts_above(sheet: RawSheet, number: int) -> dict[str, str]:
    """Return what the titles right above headings say of the table: month, organisations."""
    titles = [
        " ".join(filled)
        for row in sheet.rows(_with_titles(sheet, number), number - 1)
        if (filled := [text for cell in row if (text := clean(cell))])
    ]
    return facts_in(" | ".join(titles), Directory(), titled=True)


def _with_titles(sheet: RawSheet, number: int) -> int:
    """Return the row from which what stands above headings is theirs: titles, without a figure."""
    first, titled = number, False
    above = sheet.rows(max(number - _LOOK, sheet.first_row), number - 1)
    for row, cells in zip(itertools.count(number - 1, -1), reversed(above), strict=False):
        filled = [cell for cell in cells if clean(cell)]
        if any(kind_of(cell) == "number" for cell in filled) or len(filled) > _TITLE_CELLS:
            break
        if not filled and titled:
            break
        titled = titled or bool(filled)
        first = row
    return first
