"""What a cell of text looks like: number, date, marker of absence, or words.

Used to find tables and their totals before any column has a meaning. The same reading of numbers
is offered as SQL, for sums over columns of any length.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

Kind = Literal["empty", "number", "date", "marker", "text"]

# Signs that publishers put where there is no figure.
MARKERS = frozenset(
    {"-", "--", "–", "—", "*", "**", ".", "..", ":", "#", "na", "n/a", "n/k", "nil", "null", "none",
     "x", "z", "tbc", "#n/a", "#ref!", "#value!", "#div/0!", "#name?", "#null!", "#num!"}
)  # fmt: skip
_NUMBER = re.compile(
    r"^[-+(]?\s*£?\s*[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?([eE][-+]?\d+)?\s*-?\)?\s*%?$"
)
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*"
_TIME = r"([ T]\d{1,2}:\d{2}(:\d{2})?(\.\d+)?)?"
_DATE = re.compile(
    rf"^(\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}){_TIME}$"
    rf"|^(\d{{1,2}}[- ])?{_MONTH}[- ]?('?\d{{2}}|\d{{4}})$",
    re.IGNORECASE,
)
_CODE = re.compile(r"^(?=.*\d)[A-Z0-9][A-Z0-9_./-]{1,19}$")
STRIPPED = " \t\r\n\u00a0\ufeff\u200b"


def clean(cell: str) -> str:
    """Return the cell without surrounding white space of any kind."""
    return cell.strip(STRIPPED)


@lru_cache(maxsize=65536)
def kind_of(cell: str) -> Kind:
    """Return what the cell looks like, by itself."""
    text = clean(cell)
    if not text:
        return "empty"
    if text.lower() in MARKERS:
        return "marker"
    if any(character.isdigit() for character in text):
        if _DATE.match(text):
            return "date"
        if _NUMBER.match(text):
            return "number"
    return "text"


def is_code(cell: str) -> bool:
    """Tell whether the cell looks like a code: capitals and digits without blanks."""
    return _CODE.match(clean(cell)) is not None


def number_of(cell: str) -> Decimal | None:
    """Return the number that a cell shows, or None. Brackets and a trailing minus are negative.

    A percentage is not a number here: percentages never add up.
    """
    text = re.sub(r"[\s£,\u00a0]", "", cell)
    if not text or text.endswith("%"):
        return None
    negative = (text.startswith("(") and text.endswith(")")) or text.endswith("-")
    text = text.strip("()").removesuffix("-")
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite():
        return None
    return -value if negative else value


def number_sql(expression: str) -> str:
    """Return SQL that reads text as DECIMAL(38,8) as `number_of` does, NULL where it cannot."""
    text = f"regexp_replace({expression}, '[\\s£,\u00a0]', '', 'g')"
    plain = f"TRY_CAST({expression} AS DECIMAL(38, 8))"
    bracketed = (
        f"CASE WHEN {text} LIKE '(%)' OR {text} LIKE '%-' "
        f"THEN -TRY_CAST(rtrim(trim({text}, '()'), '-') AS DECIMAL(38, 8)) "
        f"ELSE TRY_CAST({text} AS DECIMAL(38, 8)) END"
    )
    return f"CASE WHEN {plain} IS NOT NULL THEN {plain} ELSE {bracketed} END"
