"""The calendar: financial periods, England's working days, flex and freeze.

In: dates, texts such as `2025/26-M05`, and the rows of the reference table `calendar`. Out:
financial years and months, working-day arithmetic, and for each contract, data set and month the
dates that decide what stage a version is in and when challenges, responses and contests are due.
Where no row says otherwise the dates follow `defaults.toml`, which is settings data and marked
unconfirmed: the published tables of inclusion dates differ from year to year and win over it.
It owns no table.
"""

from comptroller.calendar.clocks import Calendar, Clocks, Stage, default_offsets
from comptroller.calendar.periods import YEAR_END_MONTH, FinancialMonth, FinancialYear
from comptroller.calendar.working_days import (
    add_working_days,
    is_working_day,
    working_days_between,
)

__all__ = [
    "YEAR_END_MONTH",
    "Calendar",
    "Clocks",
    "FinancialMonth",
    "FinancialYear",
    "Stage",
    "add_working_days",
    "default_offsets",
    "is_working_day",
    "working_days_between",
]
