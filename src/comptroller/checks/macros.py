"""The functions that a check may call, each in its DuckDB and its Spark form.

Every function is total: one bad row makes a NULL, never an error that stops the whole check. The
Python twins say what a function means in one place; property tests hold the SQL to them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

Type = Literal["text", "integer", "decimal", "date", "timestamp", "boolean", "null"]
NUMBERS: tuple[Type, ...] = ("integer", "decimal")

MONEY_PLACES = 8
_SCALE = 10**MONEY_PLACES


@dataclass(frozen=True)
class Macro:
    """One function of the language.

    Args:
        name: As written in a check.
        arguments: Types of the arguments; ``number`` is an integer or a decimal.
        result: Type of the result.
        meaning: What the caller gets, for the generated reference.
        duckdb: Makes the DuckDB text from the arguments' texts.
        spark: Makes the Spark text.
        partial: NULL may come out of arguments that are not NULL.
        literal_from: Arguments from this index on must be literals.
    """

    name: str
    arguments: tuple[str, ...]
    result: Type
    meaning: str
    duckdb: Callable[..., str]
    spark: Callable[..., str]
    partial: bool = False
    literal_from: int = 99


def round_money(numerator: Decimal, denominator: Decimal, places: int) -> Decimal | None:
    """Return ``numerator / denominator`` rounded to ``places``, half away from zero.

    Both numbers are taken to eight decimal places. None where the denominator is zero.
    """
    top, bottom = int(numerator * _SCALE), int(denominator * _SCALE)
    if bottom == 0:
        return None
    negative = (top < 0) != (bottom < 0)
    top, bottom = abs(top), abs(bottom)
    units = (2 * top * 10**places + bottom) // (2 * bottom)
    return Decimal((negative, tuple(map(int, str(units))), -places))


def months_between_whole(start: dt.date, end: dt.date) -> int:
    """Return how many whole months lie from ``start`` to ``end``; negative where end is earlier."""
    if end < start:
        return -months_between_whole(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - 1 if end.day < start.day else months


def round_money_sql(top: str, bottom: str, places: str) -> str:
    """Return DuckDB text for `round_money`; NULL for a zero denominator or an overflow."""
    zeros = int(places)
    a = f"CAST(CAST({top} AS DECIMAL(30,8)) * {_SCALE}::HUGEINT AS HUGEINT)"
    b = f"CAST(CAST({bottom} AS DECIMAL(30,8)) * {_SCALE}::HUGEINT AS HUGEINT)"
    units = (
        f"((2 * abs({a}) * {10**zeros}::HUGEINT + abs({b})) // nullif(2 * abs({b}), 0::HUGEINT))"
    )
    sign = f"CASE WHEN ({a} < 0) <> ({b} < 0) THEN -1 ELSE 1 END"
    step = f"CAST('{Decimal(1).scaleb(-zeros):f}' AS DECIMAL({zeros + 1},{zeros}))"
    return f"TRY(CAST({units} * {sign} AS DECIMAL(30,0)) * {step})"


def _round_money_spark(top: str, bottom: str, places: str) -> str:
    # Spark has no integer wide enough for the whole product: its decimal(38) does the same work.
    zeros = int(places)
    a, b = f"abs(CAST({top} AS DECIMAL(26,8)))", f"abs(CAST({bottom} AS DECIMAL(26,8)))"
    whole = f"CAST({a} * CAST({10**zeros} AS DECIMAL(10,0)) AS DECIMAL(38,8))"
    units = f"CAST((2 * {whole} + {b}) div nullif(2 * {b}, 0) AS DECIMAL(38,0))"
    sign = f"CASE WHEN ({top} < 0) <> ({bottom} < 0) THEN -1 ELSE 1 END"
    return (
        f"CAST({units} * {sign} * CAST('1E-{zeros}' AS DECIMAL(10,{zeros})) AS DECIMAL(38,{zeros}))"
    )


def _months_sql(year: str, start: str, end: str) -> str:
    def whole(a: str, b: str) -> str:
        return (
            f"(({year}({b}) - {year}({a})) * 12 + month({b}) - month({a})"
            f" - CASE WHEN day({b}) < day({a}) THEN 1 ELSE 0 END)"
        )

    return f"CASE WHEN {end} < {start} THEN -{whole(end, start)} ELSE {whole(start, end)} END"


def _same(template: str) -> tuple[Callable[..., str], Callable[..., str]]:
    def make(*arguments: str) -> str:
        return template.format(*arguments)

    return make, make


def _variadic(name: str) -> tuple[Callable[..., str], Callable[..., str]]:
    def make(*arguments: str) -> str:
        return f"{name}({', '.join(arguments)})"

    return make, make


def _macro(
    name: str,
    arguments: tuple[str, ...],
    result: Type,
    meaning: str,
    forms: tuple[Callable[..., str], Callable[..., str]],
    *,
    partial: bool = False,
    literal_from: int = 99,
) -> Macro:
    return Macro(name, arguments, result, meaning, *forms, partial, literal_from)


_ALL = (
    _macro(
        "days_between",
        ("date", "date"),
        "integer",
        "days from the first date to the second",
        (lambda a, b: f"date_diff('day', {a}, {b})", lambda a, b: f"datediff({b}, {a})"),
    ),
    _macro(
        "minutes_between",
        ("timestamp", "timestamp"),
        "integer",
        "whole minutes from the first time to the second",
        (
            lambda a, b: f"date_sub('minute', {a}, {b})",
            lambda a, b: f"timestampdiff(MINUTE, {a}, {b})",
        ),
    ),
    _macro(
        "add_days",
        ("date", "integer"),
        "date",
        "the date so many days later",
        # Beyond 100,000 days the engines' calendars part ways.
        (
            lambda d, n: (
                f"({d} + CASE WHEN {n} BETWEEN -100000 AND 100000 THEN CAST({n} AS INTEGER) END)"
            ),
            lambda d, n: (
                f"date_add({d}, CASE WHEN {n} BETWEEN -100000 AND 100000 THEN CAST({n} AS INT) END)"
            ),
        ),
        partial=True,
    ),
    _macro(
        "months_between_whole",
        ("date", "date"),
        "integer",
        "whole months from the first date to the second",
        (lambda a, b: _months_sql("year", a, b), lambda a, b: _months_sql("year", a, b)),
    ),
    _macro(
        "iso_weekday",
        ("date",),
        "integer",
        "1 for Monday to 7 for Sunday",
        (lambda d: f"isodow({d})", lambda d: f"((dayofweek({d}) + 5) % 7 + 1)"),
    ),
    _macro("year", ("date",), "integer", "the calendar year", _same("year({0})")),
    _macro("month_of", ("date",), "integer", "the calendar month", _same("month({0})")),
    _macro("as_date", ("timestamp",), "date", "the day of a time", _same("CAST({0} AS DATE)")),
    _macro(
        "safe_ratio",
        ("number", "number"),
        "decimal",
        "the first over the second to six places; NULL over zero",
        (
            lambda a, b: round_money_sql(a, b, "6"),
            lambda a, b: _round_money_spark(a, b, "6"),
        ),
        partial=True,
    ),
    _macro(
        "round_money",
        ("number", "number", "integer"),
        "decimal",
        "the first over the second, rounded half away from zero; NULL over zero",
        (round_money_sql, _round_money_spark),
        partial=True,
        literal_from=2,
    ),
    _macro("abs", ("number",), "decimal", "the number without its sign", _same("abs({0})")),
    _macro("length", ("text",), "integer", "how many characters", _same("length({0})")),
    _macro("upper", ("text",), "text", "in capitals", _same("upper({0})")),
    _macro("lower", ("text",), "text", "in small letters", _same("lower({0})")),
    _macro("trim", ("text",), "text", "without spaces around", _same("trim({0})")),
    _macro(
        "left",
        ("text", "integer"),
        "text",
        "the first characters",
        _same("left({0}, {1})"),
        literal_from=1,
    ),
    _macro(
        "substring",
        ("text", "integer", "integer"),
        "text",
        "characters from a position (1 is the first), so many",
        _same("substring({0}, {1}, {2})"),
        literal_from=1,
    ),
    _macro(
        "starts_with",
        ("text", "text"),
        "boolean",
        "whether the text begins so",
        _variadic("starts_with"),
    ),
    _macro("contains", ("text", "text"), "boolean", "whether it is inside", _variadic("contains")),
    _macro(
        "regexp_matches",
        ("text", "text"),
        "boolean",
        "whether the pattern is found in the text",
        (lambda t, p: f"regexp_matches({t}, {p})", lambda t, p: f"regexp_like({t}, {p})"),
        literal_from=1,
    ),
    _macro(
        "nullif",
        ("any", "any"),
        "null",
        "the first, or NULL where both are equal",
        _same("nullif({0}, {1})"),
        partial=True,
    ),
)

MACROS: Mapping[str, Macro] = MappingProxyType({macro.name: macro for macro in _ALL})

AGGREGATES: Mapping[str, str] = MappingProxyType(
    {
        "count": "how many lines (of which the column is not NULL)",
        "count_distinct": "how many different values",
        "sum": "the sum",
        "min": "the least",
        "max": "the greatest",
    }
)
