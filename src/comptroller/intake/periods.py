"""Financial years and months in every spelling that files use."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

_MONTHS = ("apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "jan", "feb", "mar")
_NAME = "|".join(_MONTHS)
_YEAR_PAIR = re.compile(r"^(?:fy)?\s*(20\d\d)\s*[/\- _]?\s*(?:20)?(\d\d)$", re.IGNORECASE)
_SHORT_PAIR = re.compile(r"^(?:fy)?\s*(\d\d)\s*[/\-_]\s*(\d\d)$", re.IGNORECASE)
_MONTH_NUMBER = re.compile(
    r"^(?:m|mth|mnth|month|p|period|fm)?\s*[-_.]?\s*(\d{1,2})(?:\.0+)?$", re.IGNORECASE
)
_NAMED = re.compile(rf"^({_NAME})[a-z]*\.?[\s\-_/,]*(?:'?(\d{{4}}|\d{{2}}))?$", re.IGNORECASE)
_NAMED_DAY = re.compile(
    rf"^\d{{1,2}}[\s\-/]({_NAME})[a-z]*[\s\-/](\d{{4}}|\d{{2}})(?:\s.*)?$", re.IGNORECASE
)
_ISO = re.compile(r"^(20\d\d)[-/.]?(0[1-9]|1[0-2])(?:[-/.]?[0-3]\d(?:[T ].*)?)?$")
_MONTH_YEAR = re.compile(r"^(?:\d{1,2}/)?(0?[1-9]|1[0-2])[/\-.](20\d\d)(?:\s.*)?$")
_YEAR_AND_MONTH = re.compile(
    r"^(20\d\d)\s*[/\-_ ]?\s*(?:20)?(\d\d)\s*[-_ ]*(?:m|month|p)\s*(\d{1,2})$", re.IGNORECASE
)


@cache
def read_year(text: str) -> str | None:
    """Return the financial year that a spelling means, ``2026/27``, or None.

    A bare start year is taken; a pair must be of following years: 215551 is junk.
    """
    clean = text.strip().removesuffix(".0")
    pair = _YEAR_PAIR.match(clean)
    if pair:
        start, end = int(pair[1]), int(pair[2])
        return financial_year(start) if (start + 1) % 100 == end else None
    short = _SHORT_PAIR.match(clean)
    if short:
        start, end = 2000 + int(short[1]), int(short[2])
        return financial_year(start) if (start + 1) % 100 == end else None
    if re.fullmatch(r"(?:FY)?\s*20\d\d", clean, re.IGNORECASE):
        return financial_year(int(clean[-4:]))
    return None


@cache
def read_month(text: str) -> tuple[int, str | None] | None:
    """Return the financial month (1 April .. 12 March, 13 adjustments) and its year if it says so.

    A bare number is a financial month; a name, or a number with a calendar year, is a calendar
    month. ``5.5``, ``110`` and ``400`` are junk (seen in real files) and give None.
    """
    clean = " ".join(text.split())
    number = _MONTH_NUMBER.match(clean)
    if number:
        month = int(number[1])
        return (month, None) if 1 <= month <= 13 else None
    whole = _YEAR_AND_MONTH.match(clean)
    if whole:
        start, end, month = int(whole[1]), int(whole[2]), int(whole[3])
        valid = (start + 1) % 100 == end and 1 <= month <= 13
        return (month, financial_year(start)) if valid else None
    named = _NAMED.match(clean) or _NAMED_DAY.match(clean)
    if named:
        month = _MONTHS.index(named[1].lower()) + 1
        return month, _year_of(named[2], month)
    dated = _ISO.match(clean)
    if dated:
        return of_calendar(int(dated[1]), int(dated[2]))
    slashed = _MONTH_YEAR.match(clean)
    if slashed:
        return of_calendar(int(slashed[2]), int(slashed[1]))
    return None


def _year_of(calendar_year: str | None, month: int) -> str | None:
    if not calendar_year:
        return None
    year = int(calendar_year) if len(calendar_year) == 4 else 2000 + int(calendar_year)
    return financial_year(year if month <= 9 else year - 1)


def of_calendar(year: int, month: int) -> tuple[int, str]:
    """Return financial month and year of a calendar month."""
    return (
        (month - 3, financial_year(year)) if month >= 4 else (month + 9, financial_year(year - 1))
    )


def financial_year(start: int) -> str:
    """Return ``2026/27`` for 2026."""
    return f"{start}/{(start + 1) % 100:02d}"


def first_day(year: str, month: int) -> date:
    """Return the first day of a financial month; of month 13 the first of March."""
    start = int(year[:4])
    if month >= 10:
        return date(start + 1, min(month - 9, 3), 1)
    return date(start, month + 3, 1)


# -- in running text: file names, titles ---------------------------------------------------------

_TEXT_PAIR = re.compile(r"(?<!\d)(20\d\d)\s?[/\-_ ]?\s?(?:20)?(\d\d)(?!\d)")
_TEXT_SHORT = re.compile(r"(?<!\d)(\d\d)[/\-_]?(\d\d)(?!\d)")
_TEXT_MONTH = re.compile(
    r"(?<![a-z0-9])(?:m|mth|month|period|p)\s?[_\-]?\s?(0?[1-9]|1[0-3])(?!\d)", re.IGNORECASE
)
_TEXT_NAMED = re.compile(
    rf"(?<![a-z])({_NAME})(?:il|e|y|ust|t|tember|ober|ember|uary|ruary|ch)?[\s\-_']*"
    rf"(20\d\d|\d\d)?(?!\d)(?![a-z])",
    re.IGNORECASE,
)
_TEXT_ISO = re.compile(r"(?<!\d)(20\d\d)[\-_]?(0[1-9]|1[0-2])(?!\d)")


def year_in(text: str) -> str | None:
    """Return the one financial year that a running text names, or None."""
    found = set()
    for match in _TEXT_PAIR.finditer(text):
        if (int(match[1]) + 1) % 100 == int(match[2]):
            found.add(financial_year(int(match[1])))
    if not found:
        for match in _TEXT_SHORT.finditer(text):
            if (int(match[1]) + 1) % 100 == int(match[2]) and 10 <= int(match[1]) <= 60:
                found.add(financial_year(2000 + int(match[1])))
    if not found:
        named = month_in(text)
        if named and named[1]:
            found.add(named[1])
    return found.pop() if len(found) == 1 else None


def month_in(text: str) -> tuple[int, str | None] | None:
    """Return the one financial month that a running text names, with its year if told, or None."""
    found: set[tuple[int, str | None]] = set()
    for match in _TEXT_NAMED.finditer(text):
        month = _MONTHS.index(match[1].lower()) + 1
        found.add((month, _year_of(match[2], month)))
    if not found:
        found = {(int(match[1]), None) for match in _TEXT_MONTH.finditer(text)}
    if not found:
        pairs = _TEXT_PAIR.sub(lambda m: " " if (int(m[1]) + 1) % 100 == int(m[2]) else m[0], text)
        for match in _TEXT_ISO.finditer(pairs):
            found.add(of_calendar(int(match[1]), int(match[2])))
    if len(found) > 1:
        found = {item for item in found if item[1]} or found
    return found.pop() if len(found) == 1 else None
