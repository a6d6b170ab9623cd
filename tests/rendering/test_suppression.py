from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptroller.rendering import SUPPRESSED, Column, Table, suppress

COLUMNS = (Column("name", "Name"), Column("n", "Count", "count"), Column("v", "Cost", "money"))


def table(*counts: int, total: bool = True) -> Table:
    rows = tuple((f"r{at}", count, Decimal(count * 10)) for at, count in enumerate(counts))
    whole = ("Total", sum(counts), Decimal(sum(counts) * 10)) if total else None
    return Table(COLUMNS, rows, caption="Counts", total_row=whole)


def shown(result: Table) -> list[object]:
    return [row[1] for row in (*result.rows, *([result.total_row] if result.total_row else []))]


def hide(given_table: Table) -> Table:
    return suppress(given_table, ["n"], "external", linked={"n": ["v"]})


def test_internal_readers_see_everything() -> None:
    small = table(1, 2, 3)
    assert suppress(small, ["n"], "internal") is small
    assert suppress(small, ["n"], "controlled") is small


def test_one_small_number_takes_the_next_smallest_with_it() -> None:
    result = hide(table(100, 3, 20, 50))
    assert shown(result) == [100, SUPPRESSED, SUPPRESSED, 50, 173]
    assert [row[2] for row in result.rows] == [Decimal(1000), SUPPRESSED, SUPPRESSED, Decimal(500)]
    assert "withheld" in str(result.note)


def test_without_a_total_only_the_small_number_goes() -> None:
    assert shown(hide(table(100, 3, 20, total=False))) == [100, SUPPRESSED, 20]


def test_nil_and_eight_are_shown() -> None:
    assert shown(hide(table(0, 8, 100))) == [0, 8, 100, 108]


def test_two_ones_would_be_known_from_their_sum() -> None:
    assert shown(hide(table(1, 1, 30, 40))) == [SUPPRESSED, SUPPRESSED, SUPPRESSED, 40, 72]


def test_a_small_total_goes_too() -> None:
    assert shown(hide(table(3, 0, 0))) == [SUPPRESSED, 0, 0, SUPPRESSED]


def test_rows_with_a_total_column_are_protected_across() -> None:
    columns = (
        Column("name", "Name"),
        Column("m", "Men", "count"),
        Column("w", "Women", "count"),
        Column("all", "All", "count"),
    )
    rows = (("a", 3, 40, 43), ("b", 50, 60, 110), ("c", 70, 80, 150))
    grid = Table(columns, rows, caption="C", total_row=("Total", 123, 180, 303))
    result = suppress(grid, ["m", "w", "all"], "external", row_totals={"all": ["m", "w"]})
    for row in result.rows:
        assert sum(cell is SUPPRESSED for cell in row[1:3]) != 1 or row[3] is SUPPRESSED
    for at in (1, 2):
        assert sum(row[at] is SUPPRESSED for row in result.rows) != 1


def test_unknown_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="no column x"):
        suppress(table(1), ["x"], "external")


@settings(deadline=None)
@given(st.lists(st.integers(0, 15), min_size=2, max_size=4))
def test_no_hidden_small_number_can_be_worked_out(counts: list[int]) -> None:
    """Try every value that the hidden cells could have: no small one may have just one."""
    seen = shown(hide(table(*counts)))
    parts, total = seen[:-1], seen[-1]
    assert not any(isinstance(cell, int) and 1 <= cell <= 7 for cell in seen)
    if total is SUPPRESSED:
        return
    hidden = [at for at, cell in enumerate(parts) if cell is SUPPRESSED]
    rest = int(str(total)) - sum(cell for cell in parts if isinstance(cell, int))
    possible = [p for p in product(range(1, rest + 1), repeat=len(hidden)) if sum(p) == rest]
    for place in range(len(hidden)):
        assert len({solution[place] for solution in possible}) > 1
