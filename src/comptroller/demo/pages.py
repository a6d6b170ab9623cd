"""Arrange rows as people do: titles, bands of headings, subtotals, months across, notes.

In: a layout and the rows of its columns. Out: a page, a grid of cells with what is merged, which
`paper` writes as workbook, web page, OpenDocument sheet, PDF or text of fixed width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any

from comptroller.demo.local_layouts import Layout

Cell = Any
"""A text, a whole number, a decimal, a date, or None for nothing."""

AMOUNTS = (
    "planned_activity",
    "planned_cost",
    "planned_market_forces_cost",
    "activity_count",
    "activity_cost",
    "market_forces_cost",
)


@dataclass
class Page:
    """A grid of cells; ``merged`` are row, first and last column, ``heading`` the lowest row."""

    title: str
    rows: list[list[Cell]] = field(default_factory=list)
    merged: list[tuple[int, int, int]] = field(default_factory=list)
    heading: int = 0


def arrange(
    layout: Layout, rows: Sequence[Sequence[Cell]], titles: Sequence[str], months: Sequence[int]
) -> Page:
    """Return the page of a table.

    Args:
        layout: How it is arranged.
        rows: The cells in the order of its columns.
        titles: What stands above.
        months: The months that a table with months across has columns for.
    """
    elements = [column.element for column in layout.columns]
    headings = [column.heading for column in layout.columns]
    bands = dict(layout.bands)
    body = [list(row) for row in rows]
    if layout.shape == "across":
        elements, headings, bands_at, body = _across(layout, body, months)
    else:
        bands_at = {elements.index(element): text for element, text in bands.items()}
    sums = [place for place, element in enumerate(elements) if element in AMOUNTS]
    body = _with_subtotals(layout, body, sums)
    for place in range(layout.labels):
        _write_once(body, place)
    page = Page(
        "Contract monitoring", [[title] if title else [] for title in titles], heading=len(titles)
    )
    if bands_at:
        upper: list[Cell] = [bands_at.get(place) for place in range(len(elements))]
        begins = [*sorted(bands_at), len(elements)]
        for first, after in pairwise(begins):
            page.merged.append((len(page.rows), first, after - 1))
        page.rows.append(upper)
    page.heading = len(page.rows)
    page.rows += [headings, *body]
    page.rows += [[note] if note else [] for note in layout.notes]
    for element in layout.gaps:
        _insert_gap(page, elements.index(element), len(titles))
    return page


def _with_subtotals(
    layout: Layout, rows: list[list[Cell]], sums: Sequence[int]
) -> list[list[Cell]]:
    """Return the rows with a row of totals after each label of the first column and at the end."""
    whole = _total(rows, sums, "Grand Total" if layout.shape == "subtotals" else "Total")
    if layout.shape == "subtotals":
        made: list[list[Cell]] = []
        for label, group in groupby(sorted(rows, key=lambda row: str(row[0])), lambda row: row[0]):
            mine = list(group)
            made += [*mine, _total(mine, sums, f"{label} Total")]
        rows = made
    elif layout.labels:
        rows = sorted(rows, key=lambda row: [str(cell) for cell in row[: layout.labels]])
    return [*rows, whole] if layout.total else rows


def _total(rows: Sequence[Sequence[Cell]], sums: Sequence[int], label: str) -> list[Cell]:
    width = len(rows[0]) if rows else 1
    total: list[Cell] = [label, *[None] * (width - 1)]
    for place in sums:
        total[place] = sum((Decimal(row[place] or 0) for row in rows), Decimal(0))
    return total


def _write_once(rows: list[list[Cell]], place: int) -> None:
    """Blank what repeats the label above."""
    above: Cell = None
    for row in rows:
        row[place], above = None if row[place] == above else row[place], row[place]


def _across(
    layout: Layout, rows: list[list[Cell]], months: Sequence[int]
) -> tuple[list[str], list[str], dict[int, str], list[list[Cell]]]:
    """Return elements, headings, bands by place and rows of a table with its months across."""
    places = {column.element: at for at, column in enumerate(layout.columns)}
    labels = [c for c in layout.columns if c.element not in AMOUNTS and c.element != "month"]
    measures = [column for column in layout.columns if column.element in AMOUNTS]
    made: dict[tuple[Cell, ...], list[Cell]] = {}
    seen: dict[tuple[Cell, ...], int] = {}
    for row in rows:
        named = tuple(row[places[column.element]] for column in labels)
        month = int(row[places["month"]])
        # A row that comes twice in a month stays two rows.
        turn = seen[(*named, month)] = seen.get((*named, month), 0) + 1
        cells = made.setdefault((*named, turn), [*named, *[None] * len(measures) * len(months)])
        start = len(labels) + list(months).index(month) * len(measures)
        cells[start : start + len(measures)] = [row[places[c.element]] for c in measures]
    elements = [c.element for c in labels] + [c.element for _ in months for c in measures]
    headings = [c.heading for c in labels] + [c.heading for _ in months for c in measures]
    bands = {
        len(labels) + turn * len(measures): f"Month {month}" for turn, month in enumerate(months)
    }
    return elements, headings, bands, list(made.values())


def _insert_gap(page: Page, place: int, below: int) -> None:
    """Put an empty column before a place, in the table only; titles keep to the first column."""
    for row in page.rows[below:]:
        if len(row) > place:
            row.insert(place, None)
    page.merged = [
        (row, first + (first >= place), last + (first >= place)) for row, first, last in page.merged
    ]
