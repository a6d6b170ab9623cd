"""Working days in England."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptroller.calendar import add_working_days, is_working_day, working_days_between

days = st.dates(date(2000, 1, 1), date(2039, 12, 31))


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 5, 4), False),  # early May bank holiday
        (date(2026, 5, 5), True),
        (date(2026, 12, 28), False),  # Boxing Day in lieu
        (date(2022, 6, 3), False),  # platinum jubilee
        (date(2022, 9, 19), False),  # state funeral
        (date(2025, 8, 4), True),  # a bank holiday in Scotland only
        (date(2026, 5, 9), False),
    ],
)
def test_bank_holidays_of_england_are_no_working_days(day: date, working: bool) -> None:
    assert is_working_day(day) is working


@given(days, st.integers(-60, 60).filter(bool))
def test_counting_undoes_adding(day: date, count: int) -> None:
    there = add_working_days(day, count)
    assert is_working_day(there)
    assert working_days_between(day, there) == count


@given(days, st.integers(0, 200), st.integers(0, 200))
def test_counts_of_adjoining_stretches_add_up(day: date, first: int, second: int) -> None:
    middle = date.fromordinal(day.toordinal() + first)
    last = date.fromordinal(middle.toordinal() + second)
    assert working_days_between(day, last) == working_days_between(
        day, middle
    ) + working_days_between(middle, last)
    assert working_days_between(last, day) <= 0


def test_no_day_added_is_the_day_itself() -> None:
    assert add_working_days(date(2026, 5, 9), 0) == date(2026, 5, 9)
