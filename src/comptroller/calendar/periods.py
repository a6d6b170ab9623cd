"""Financial years and months: April to March, with month 13 for year-end adjustments."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from comptroller.errors import UsageError

YEAR_END_MONTH = 13

_FIRST_MONTH_OF_YEAR = 4
_EARLIEST, _LATEST = 1948, 2098

_YEAR_FORMS = (
    re.compile(r"(?P<start>\d{4})[ /_\-]?(?P<end>\d{2})"),
    re.compile(r"(?P<start>\d{4})[ /_\-](?P<end>\d{4})"),
    re.compile(r"(?P<start>\d{4})"),
    re.compile(r"(?P<start>\d{2})[/\-](?P<end>\d{2})"),
)
_MONTH_FORM = re.compile(r"(?P<year>.+?)[ _\-/]*[mM]\s*(?P<month>\d{1,2})")


@dataclass(frozen=True, order=True, slots=True)
class FinancialYear:
    """A financial year, named by the calendar year in which it starts."""

    start_year: int

    def __post_init__(self) -> None:
        if not _EARLIEST <= self.start_year <= _LATEST:
            raise UsageError(
                f"{self.start_year} is not a financial year that can be worked with",
                remedy=f"Give a year from {_EARLIEST} to {_LATEST}.",
            )

    @classmethod
    def try_parse(cls, text: str) -> FinancialYear | None:
        """Return the year a text means, or None where it means none.

        Understood are `2025/26`, `202526`, `2025-26`, `2025 26`, `2025-2026`, `25/26` and the bare
        start year `2025`. The second year must follow the first, so `215551` means nothing.
        """
        plain = text.strip()
        for form in _YEAR_FORMS:
            found = form.fullmatch(plain)
            if not found:
                continue
            start = int(found["start"])
            if len(found["start"]) == 2:
                start += 2000
            end = found.groupdict().get("end")
            if end is not None and int(end) != (start + 1) % 10 ** len(end):
                continue
            if _EARLIEST <= start <= _LATEST:
                return cls(start)
        return None

    @classmethod
    def parse(cls, text: str) -> FinancialYear:
        """Return the year a text means; UsageError where it means none."""
        year = cls.try_parse(text)
        if year is None:
            raise UsageError(f"'{text}' is not a financial year", remedy="Write it as 2025/26.")
        return year

    @classmethod
    def of(cls, day: date) -> FinancialYear:
        """Return the financial year a day lies in."""
        return cls(day.year if day.month >= _FIRST_MONTH_OF_YEAR else day.year - 1)

    @property
    def text(self) -> str:
        """Return the year as it is written everywhere: `2025/26`."""
        return f"{self.start_year}/{(self.start_year + 1) % 100:02d}"

    @property
    def start(self) -> date:
        """Return the first day, 1 April."""
        return date(self.start_year, _FIRST_MONTH_OF_YEAR, 1)

    @property
    def end(self) -> date:
        """Return the last day, 31 March."""
        return date(self.start_year + 1, _FIRST_MONTH_OF_YEAR - 1, 31)

    def next(self) -> FinancialYear:
        """Return the year after this one."""
        return FinancialYear(self.start_year + 1)

    def previous(self) -> FinancialYear:
        """Return the year before this one."""
        return FinancialYear(self.start_year - 1)

    def months(self) -> tuple[FinancialMonth, ...]:
        """Return the twelve months of the year, April first; month 13 is not among them."""
        return tuple(FinancialMonth(self, month) for month in range(1, 13))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, order=True, slots=True)
class FinancialMonth:
    """A month of a financial year: 1 is April, 12 is March, 13 holds year-end adjustments."""

    year: FinancialYear
    month: int

    def __post_init__(self) -> None:
        if not 1 <= self.month <= YEAR_END_MONTH:
            raise UsageError(
                f"{self.month} is not a financial month",
                remedy="Months run from 1 (April) to 12 (March); 13 holds year-end adjustments.",
            )

    @classmethod
    def parse(cls, text: str) -> FinancialMonth:
        """Return the month a text such as `2025/26-M05` means; UsageError otherwise."""
        found = _MONTH_FORM.fullmatch(text.strip())
        year = FinancialYear.try_parse(found["year"]) if found else None
        if not found or year is None:
            raise UsageError(
                f"'{text}' is not a financial month",
                remedy="Write it as 2025/26-M05 (M01 = April).",
            )
        return cls(year, int(found["month"]))

    @classmethod
    def of(cls, day: date) -> FinancialMonth:
        """Return the financial month a day lies in (never 13)."""
        return cls(FinancialYear.of(day), (day.month - _FIRST_MONTH_OF_YEAR) % 12 + 1)

    @property
    def text(self) -> str:
        """Return the month as it is written everywhere: `2025/26-M05`."""
        return f"{self.year.text}-M{self.month:02d}"

    @property
    def name(self) -> str:
        """Return the month as people say it: `August 2025`, `year-end 2025/26` for month 13."""
        if self.month == YEAR_END_MONTH:
            return f"year-end {self.year.text}"
        return f"{_MONTH_NAMES[self.start.month - 1]} {self.start.year}"

    @property
    def start(self) -> date:
        """Return the first day; for month 13 the year's last day."""
        if self.month == YEAR_END_MONTH:
            return self.year.end
        offset = self.month - 1 + _FIRST_MONTH_OF_YEAR - 1
        return date(self.year.start_year + offset // 12, offset % 12 + 1, 1)

    @property
    def end(self) -> date:
        """Return the last day; for month 13 the year's last day."""
        first = self.start
        return first.replace(day=monthrange(first.year, first.month)[1])

    def next(self) -> FinancialMonth:
        """Return the month after this one; April follows March and month 13 alike."""
        if self.month >= 12:
            return FinancialMonth(self.year.next(), 1)
        return FinancialMonth(self.year, self.month + 1)

    def previous(self) -> FinancialMonth:
        """Return the month before this one; March comes before April, and before month 13."""
        if self.month == 1:
            return FinancialMonth(self.year.previous(), 12)
        if self.month == YEAR_END_MONTH:
            return FinancialMonth(self.year, 12)
        return FinancialMonth(self.year, self.month - 1)

    def __str__(self) -> str:
        return self.text


_MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
