"""How values are written for a reader: pounds, counts, percentages, dates, one way everywhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final, Literal

Kind = Literal["text", "money", "count", "percent", "date", "code"]
"""What a value is, which decides its format and its side of the column."""

KINDS: Final[tuple[Kind, ...]] = ("text", "money", "count", "percent", "date", "code")
NUMERIC_KINDS: Final[frozenset[Kind]] = frozenset({"money", "count", "percent"})


class Suppressed:
    """A number that may not leave: shown as an asterisk, never zero and never blank."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "SUPPRESSED"

    def __str__(self) -> str:
        return "*"


SUPPRESSED: Final = Suppressed()

Value = str | int | Decimal | date | Suppressed | None
"""What a cell may hold. None means that there is no value, which is not nil."""

NO_VALUE: Final = "–"

_PENNY: Final = Decimal("0.01")
_TENTH: Final = Decimal("0.1")
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")  # noqa: SIM905


def round_half_up(value: Decimal, step: Decimal) -> Decimal:
    """Return the value rounded to a step, halves away from zero; a zero never keeps a sign."""
    with localcontext() as context:
        context.prec = 60  # totals may have more digits than the usual context holds
        rounded = value.quantize(step, ROUND_HALF_UP)
        return abs(rounded) if rounded == 0 else rounded


def format_money(value: Decimal | int) -> str:
    """Return pounds and pence, `£1,234.56` or `-£1,234.56`, halves of a penny away from zero."""
    pounds = round_half_up(Decimal(value), _PENNY)
    sign = "-" if pounds < 0 else ""
    return f"{sign}£{abs(pounds):,.2f}"


def format_money_short(value: Decimal | int) -> str:
    """Return pounds for an axis or a headline: `£950`, `£12.3k`, `£4.5m`, `£1.2bn`.

    The unit is chosen after rounding, so £999,960 is `£1.0m` and never `£1000.0k`.
    """
    pounds = Decimal(value)
    sign = "-" if pounds < 0 else ""
    size = abs(pounds)
    for limit, suffix in ((10**9, "bn"), (10**6, "m"), (10**3, "k")):
        scaled = round_half_up(size / limit, _TENTH)
        if scaled >= 1 and (limit > 1000 or size >= 1000):
            return f"{sign}£{scaled:,.1f}{suffix}"
    whole = round_half_up(size, Decimal(1))
    return f"{sign if whole else ''}£{whole:,.0f}"


def format_count(value: Decimal | int) -> str:
    """Return a number with thousands apart; decimals only where the number has them."""
    number = Decimal(value)
    if number == number.to_integral_value():
        return f"{number.to_integral_value() + 0:,f}"
    return f"{number.normalize():,f}"


def format_percent(value: Decimal | int) -> str:
    """Return a ratio as a percentage with one decimal: 0.1234 is `12.3%`."""
    return f"{round_half_up(Decimal(value) * 100, _TENTH):,.1f}%"


def format_date(value: date) -> str:
    """Return `21 May 2026`; the month in letters, so that it cannot be read the American way."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def format_moment(value: datetime) -> str:
    """Return `21 May 2026, 14:05 UTC` for a moment in UTC."""
    return f"{format_date(value)}, {value:%H:%M} UTC"


_NUMBER_FORMATS: Final[dict[str, Callable[[Decimal | int], str]]] = {
    "money": format_money,
    "count": format_count,
    "percent": format_percent,
}


def format_value(value: Value, kind: Kind) -> str:
    """Return a value as a reader sees it, on a page, in a PDF and in a test.

    Args:
        value: The value; None is written as a dash, a suppressed number as an asterisk.
        kind: What it is.

    Raises:
        TypeError: The value is not of the kind, or is a float.
    """
    if value is None:
        return NO_VALUE
    if isinstance(value, Suppressed):
        return str(value)
    check_kind(value, kind)
    if isinstance(value, datetime):
        return format_moment(value)
    if isinstance(value, date):
        return format_date(value)
    if isinstance(value, str):
        return value
    return _NUMBER_FORMATS[kind](value)


def check_kind(value: Value, kind: Kind) -> None:
    """Refuse a value that does not fit its kind.

    Raises:
        TypeError: A float (money is Decimal everywhere), a number in a text column, and the like.
    """
    if value is None or isinstance(value, Suppressed):
        return
    if kind in NUMERIC_KINDS:
        right = value.is_finite() if isinstance(value, Decimal) else type(value) is int
    elif kind == "date":
        right = isinstance(value, date)
    else:
        right = isinstance(value, str)
    if not right:
        raise TypeError(f"{value!r} ({type(value).__name__}) is not a value of kind {kind}")
