"""When files are due, arrive and freeze: thirteen rounds of deliveries and a last one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from comptroller.demo.presets import Preset

ROUNDS = 14  # twelve months, the freeze of the twelfth with year-end adjustments, their freeze
GRACE_DAYS = 7  # a file may come a few days after its due date and still be the month's version


@dataclass(frozen=True)
class Round:
    """One month's round of files: its number, when it is due, the months it carries."""

    number: int
    due: date
    arrives: date
    months: tuple[int, ...]
    sus_months: tuple[int, ...]

    @property
    def created(self) -> datetime:
        """Return when a provider's system wrote the files."""
        return datetime.combine(self.arrives - timedelta(days=1), datetime.min.time()).replace(
            hour=18, minute=5
        )


def month_start(preset: Preset, month: int) -> date:
    """Return the first day of a month of the financial year (13: the first of March)."""
    index = min(month, 12) - 1
    year = preset.start.year + (3 + index) // 12
    return date(year, (3 + index) % 12 + 1, 1)


def month_end(preset: Preset, month: int) -> date:
    """Return the last day of a month of the financial year (13: the year's last day)."""
    first = month_start(preset, month)
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def due_date(preset: Preset, number: int) -> date:
    """Return the day by which a round is due: the 20th of the next month or the Monday after."""
    year = preset.start.year + (4 + number - 1) // 12
    due = date(year, (4 + number - 1) % 12 + 1, 20)
    return due + timedelta(days=8 - due.isoweekday()) if due.isoweekday() > 5 else due


def rounds(preset: Preset, *, cumulative: bool) -> list[Round]:
    """Return the rounds of the year.

    Cumulative files restate every month so far, as contract-monitoring files do; otherwise a file
    carries its month and the one before, which keeps very large economies writable.
    """
    out: list[Round] = []
    for number in range(1, ROUNDS + 1):
        due = due_date(preset, number)
        arrives = due - timedelta(days=3 if due.isoweekday() == 1 else 1)
        if number == ROUNDS:
            months: tuple[int, ...] = (13,)
        elif number == 13:
            months = (12, 13)
        else:
            months = tuple(range(1 if cumulative else max(1, number - 1), number + 1))
        sus = tuple(m for m in (number - 1, number) if 1 <= m <= 12)
        out.append(Round(number, due, arrives, months, sus))
    return out


def calendar_rows(preset: Preset) -> list[tuple[object, ...]]:
    """Return the rows of the reference file ``calendar``."""
    rows: list[tuple[object, ...]] = []
    for month in range(1, 14):
        flex = due_date(preset, month) + timedelta(days=GRACE_DAYS)
        freeze = due_date(preset, month + 1) + timedelta(days=GRACE_DAYS)
        rows.append(
            (
                preset.financial_year, month, flex, freeze, due_date(preset, month),
                flex + timedelta(days=14), flex + timedelta(days=28),
                freeze + timedelta(days=14), freeze + timedelta(days=28),
                freeze + timedelta(days=7),
            )
        )  # fmt: skip
    return rows
