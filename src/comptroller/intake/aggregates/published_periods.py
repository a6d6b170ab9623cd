"""The calendar month or financial year that a published table is about."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*"
_NAMED = re.compile(rf"(?<![a-z]){_NAME}[\s\-_.,']*(?P<year>(19|20)\d\d|\d\d)(?!\d)", re.IGNORECASE)
_YEAR_FIRST = re.compile(rf"(?<!\d)(?P<year>(19|20)\d\d)[\s\-_.]*{_NAME}(?![a-z])", re.IGNORECASE)
_ISO = re.compile(r"(?<!\d)(?P<year>(19|20)\d\d)[-_/.](?P<month>0[1-9]|1[0-2])(?![\d])")
_COMPACT = re.compile(r"(?<!\d)(?P<year>20\d\d)(?P<month>0[1-9]|1[0-2])(?!\d)")
_DAY_FIRST = re.compile(
    r"(?<!\d)\d{1,2}[/.-](?P<month>0?[1-9]|1[0-2])[/.-](?P<year>(19|20)\d\d)(?!\d)"
)
_ONLY_NAME = re.compile(rf"^{_NAME}$", re.IGNORECASE)
_FINANCIAL_YEAR = re.compile(
    r"(?<!\d)(?P<start>(19|20)\d\d)\s*[-/–_]\s*(?P<end>(19|20)?\d\d)(?!\d)"
)


def month_of(text: str) -> dt.date | None:
    """Return the first day of the calendar month that a text names, or None.

    Reads `2017-03-01`, `01/09/2013`, `November 2019`, `Sep-24`, `MSitAE-SEPTEMBER-2024`.
    """
    for pattern in (_ISO, _DAY_FIRST):
        found = pattern.search(text)
        if found:
            return dt.date(int(found["year"]), int(found["month"]), 1)
    for pattern in (_NAMED, _YEAR_FIRST):
        found = pattern.search(text)
        if found:
            year = int(found["year"])
            month = _MONTHS.index(found["name"].lower()) + 1
            return dt.date(year if year > 99 else 2000 + year, month, 1)
    found = _COMPACT.search(text)
    return dt.date(int(found["year"]), int(found["month"]), 1) if found else None


def year_of(text: str) -> int | None:
    """Return the year in which the financial year begins that a text names, or None."""
    for found in _FINANCIAL_YEAR.finditer(text):
        start, end = int(found["start"]), int(found["end"])
        if (start + 1) % 100 == end % 100:
            return start
    return None


def month_in_year(year_text: str, month_text: str) -> dt.date | None:
    """Return the month of a financial year (`2020-21`, `May`), or None.

    A month that carries its own calendar year needs no other.
    """
    whole = month_of(month_text)
    if whole is not None:
        return whole
    start, name = year_of(year_text), _ONLY_NAME.match(month_text.strip())
    if start is None or name is None:
        return None
    month = _MONTHS.index(name["name"].lower()) + 1
    return dt.date(start if month >= 4 else start + 1, month, 1)


def first_month(texts: Iterable[str]) -> dt.date | None:
    """Return the month in the first text that names one, a line called Period before the rest."""
    texts = list(texts)
    labelled = [text for text in texts if re.match(r"\s*period\b", text, re.IGNORECASE)]
    for text in (*labelled, *texts):
        found = month_of(text)
        if found is not None and not re.match(r"\s*(published|revised)", text, re.IGNORECASE):
            return found
    return None


def first_year(texts: Iterable[str]) -> int | None:
    """Return the first financial year that any of the texts names, by its first calendar year."""
    return next((year for year in map(year_of, texts) if year is not None), None)
