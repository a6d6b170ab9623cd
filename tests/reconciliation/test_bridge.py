"""A bridge adds up exactly to its difference, whatever it is made of."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptroller.calendar import FinancialMonth
from comptroller.reconciliation.documents import months_covered, shares
from comptroller.reconciliation.model import BridgeLine, bridge

money = st.decimals(-(10**12), 10**12, places=8, allow_nan=False)
lines = st.lists(st.builds(BridgeLine, st.sampled_from(["a", "b", "c"]), money), max_size=5)


@given(money, lines, lines)
def test_the_lines_add_up_to_the_difference(
    difference: Decimal, exact: list[BridgeLine], possible: list[BridgeLine]
) -> None:
    made = bridge(difference, exact, possible)
    assert sum((line.value for line in made), Decimal()) == difference
    assert made[-1].name == "unexplained"
    assert all(line.value for line in made[:-1])


@given(money, lines)
def test_a_possible_explanation_never_makes_a_new_difference(
    difference: Decimal, possible: list[BridgeLine]
) -> None:
    unexplained = bridge(difference, (), possible)[-1].value
    assert abs(unexplained) <= abs(difference)
    assert unexplained * difference >= 0


@given(money, st.integers(1, 13))
def test_a_document_is_split_into_pennies_without_loss(amount: Decimal, count: int) -> None:
    parts = shares(amount, count)
    assert len(parts) == count
    assert sum(parts, Decimal()) == amount
    assert all(part == part.quantize(Decimal("0.01")) for part in parts[:-1])


days = st.dates(date(2015, 4, 1), date(2035, 3, 31))


@given(days, st.integers(0, 500))
def test_a_period_covers_the_months_from_its_first_to_its_last_day(
    start: date, length: int
) -> None:
    end = date.fromordinal(start.toordinal() + length)
    months = months_covered(start, end)
    if months[0].month == 13:
        assert start == end == months[0].year.end
        return
    assert months[0] == FinancialMonth.of(start)
    assert months[-1] == FinancialMonth.of(end)
    assert all(a.next() == b for a, b in pairwise(months))


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2026, 3, 31), date(2026, 3, 31), ["2025/26-M13"]),
        (date(2026, 3, 1), date(2026, 3, 31), ["2025/26-M12"]),
        (date(2026, 3, 1), date(2026, 4, 30), ["2025/26-M12", "2026/27-M01"]),
    ],
)
def test_the_last_day_of_the_year_alone_is_month_13(
    start: date, end: date, months: list[str]
) -> None:
    assert [month.text for month in months_covered(start, end)] == months
