"""Small numbers hidden in what leaves: counts of 1 to 7, and what would give them away.

Hiding by audience, because in an internal practice report every row is a small number: a
controlled or internal audience sees all, an external one only what is safe. The pounds go with
their count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from comptroller.rendering.formats import SUPPRESSED, Suppressed, Value
from comptroller.rendering.report import Audience, Table

LARGEST: Final = 7
NOTE: Final = (
    "Counts of 1 to 7, and others from which they could be worked out, are withheld (*) "
    "with their pounds."
)


def suppress(
    table: Table,
    counts: Sequence[str],
    audience: Audience,
    *,
    linked: Mapping[str, Sequence[str]] | None = None,
    row_totals: Mapping[str, Sequence[str]] | None = None,
) -> Table:
    """Return the table as the audience may see it.

    A count of 1 to 7 is hidden (primary). Wherever a published total would give a hidden count
    away (one hidden cell in its column or row, or hidden cells that must all be one), the next
    smallest count is hidden too (secondary), until no line gives anything away.

    Args:
        table: The table; `total_row` holds the columns' totals where it has one.
        counts: The columns that hold counts of people or of their events.
        audience: Who will read it; only `external` hides anything.
        linked: By count column, the columns that go with it (its pounds).
        row_totals: By count column that is a total, the count columns it is the sum of.

    Raises:
        ValueError: A column that the table does not have.
    """
    if audience != "external":
        return table
    place = {column.name: at for at, column in enumerate(table.columns)}
    linked, row_totals = linked or {}, row_totals or {}
    named = {*counts, *linked, *row_totals}
    named |= {name for names in (*linked.values(), *row_totals.values()) for name in names}
    if missing := sorted(named - place.keys()):
        raise ValueError(f"Table {table.caption!r} has no column {', '.join(missing)}")
    grid = [list(row) for row in table.rows]
    if table.total_row is not None:
        grid.append(list(table.total_row))
    hidden = {
        (row, place[name])
        for row, cells in enumerate(grid)
        for name in counts
        if _small(cells[place[name]])
    }
    lines = _lines(grid, place, counts, row_totals, has_total=table.total_row is not None)
    while any(_protect(grid, hidden, line) for line in lines):
        pass  # each turn hides one cell more, and looks at every line again
    if not hidden:
        return table
    names = {at: name for name, at in place.items()}
    for row, column in hidden:
        grid[row][column] = SUPPRESSED
        for other in linked.get(names[column], ()):
            grid[row][place[other]] = SUPPRESSED
    total = tuple(grid.pop()) if table.total_row is not None else None
    note = f"{table.note} {NOTE}" if table.note else NOTE
    return replace(table, rows=tuple(tuple(row) for row in grid), total_row=total, note=note)


Cell = tuple[int, int]
Line = tuple[Cell, tuple[Cell, ...]]
"""A total and the cells it is the sum of."""


def _lines(
    grid: Sequence[Sequence[Value]],
    place: Mapping[str, int],
    counts: Sequence[str],
    row_totals: Mapping[str, Sequence[str]],
    *,
    has_total: bool,
) -> list[Line]:
    lines: list[Line] = []
    if has_total:
        last = len(grid) - 1
        lines += [
            ((last, place[name]), tuple((row, place[name]) for row in range(last)))
            for name in counts
        ]
    for total, parts in row_totals.items():
        lines += [
            ((row, place[total]), tuple((row, place[part]) for part in parts))
            for row in range(len(grid))
        ]
    return lines


def _protect(grid: Sequence[Sequence[Value]], hidden: set[Cell], line: Line) -> bool:
    """Hide one more cell of a line where its total gives something away; return whether it did."""
    total, parts = line
    concealed = [cell for cell in parts if cell in hidden]
    if total in hidden and concealed:
        return False  # two unknowns or more in one sum
    if total not in hidden and not concealed:
        return False
    together = sum((_number(grid[row][column]) for row, column in concealed), Decimal(0))
    if len(concealed) >= 2 and together > len(concealed):
        return False
    open_cells = [
        (_number(grid[row][column]), (row, column))
        for row, column in parts
        if (row, column) not in hidden and not isinstance(grid[row][column], Suppressed | None)
    ]
    above_nil = [item for item in open_cells if item[0] > 0]
    if above_nil:
        hidden.add(min(above_nil)[1])
    else:  # nothing is left to hide behind: the total goes
        hidden.add(total)
    return True


def _number(value: Value) -> Decimal:
    return Decimal(value) if isinstance(value, int | Decimal) else Decimal(0)


def _small(value: Value) -> bool:
    return isinstance(value, int | Decimal) and 0 < value <= LARGEST
