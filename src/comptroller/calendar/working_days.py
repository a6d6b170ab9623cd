"""Working days in England: Monday to Friday but for bank holidays."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import holidays

_DAY = timedelta(days=1)
_SATURDAY = 5


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def is_working_day(day: date) -> bool:
    """Return whether a day is a working day in England."""
    return day.weekday() < _SATURDAY and day not in _bank_holidays(day.year)


def add_working_days(day: date, count: int) -> date:
    """Return the working day that lies `count` working days after a day.

    The day itself is not counted, and need not be a working day. A negative count goes back; none
    gives the day itself.
    """
    step = _DAY if count > 0 else -_DAY
    left = abs(count)
    while left:
        day += step
        if is_working_day(day):
            left -= 1
    return day


def working_days_between(first: date, last: date) -> int:
    """Return the number of working days after `first` up to and with `last`.

    Negative where `last` lies before `first`: the working days from `last` up to but without
    `first`, so that it undoes `add_working_days`.
    """
    if last < first:
        return -sum(is_working_day(last + _DAY * offset) for offset in range((first - last).days))
    return sum(
        is_working_day(first + _DAY * offset) for offset in range(1, (last - first).days + 1)
    )
