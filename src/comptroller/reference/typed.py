"""SQL that reads text cells as typed values, and says which cells it could not read.

Every expression takes the text of a cell (NULL when empty) and gives the typed value or NULL; a
cell with text and no value is a fault. Loading runs on whole columns, never row by row.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from comptroller.reference.asking import first_row
from comptroller.reference.shapes import DECIMAL, Column
from comptroller.warehouse import quote_identifier, quote_literal

DAY_FIRST = r"^(\d{1,2})[/.](\d{1,2})[/.](\d{4})( 00:00(:00)?)?$"
_ISO = r"^(\d{4})-(\d{2})-(\d{2})([T ]00:00(:00(\.0+)?)?)?$"
_COMPACT = r"^\d{8}$"
_NAMED = r"^\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{4}$"
_THOUSANDS = r"^[-+]?\d{1,3}(,\d{3})+(\.\d*)?$"
_YEAR = r"^(\d{4})\s*[/-]?\s*(\d{2}|\d{4})$"
_MONTH_NAMES = (
    "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "jan", "feb", "mar",
)  # fmt: skip

_REMEDIES = {
    "date": "write dates as YYYY-MM-DD",
    "integer": "write a whole number",
    "decimal": "write a number such as 1234.56",
    "money": "write pounds such as 1234.56",
    "flag": "write Y or N",
    "financial_year": "write the year as 2025/26",
    "month": "write 1 to 12 from April, or 13 for year-end adjustments",
    "period": "write a month as 2026-04, a day as 2026-04-01 or a year as 2025/26",
    "nhs_number": "write ten digits whose check digit is right",
    "codes": "write codes separated by ;",
}
_WHAT = {
    "date": "is not a date",
    "integer": "is not a whole number",
    "decimal": "is not a number",
    "money": "is not an amount",
    "flag": "is neither yes nor no",
    "financial_year": "is not a financial year",
    "month": "is not a month",
    "period": "is not a period",
    "nhs_number": "is not a valid NHS number",
    "codes": "holds no code",
}


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong with a row: a SQL condition, and what to tell about it."""

    column: str
    wrong: str
    what: str
    remedy: str
    shown: str = "NULL"


def text_of(cell: str) -> str:
    """Return SQL for the text of a raw cell: trimmed, NULL when nothing is left."""
    return f"nullif(trim({cell}, ' \t\r\n\u00a0'), '')"


def _number_text(value: str) -> str:
    """Return SQL for a number's text without pound sign, thousands commas and brackets."""
    bare = f"regexp_replace({value}, '[£\\s%]', '', 'g')"
    signed = (
        f"CASE WHEN regexp_full_match({bare}, '\\(.*\\)') "
        f"THEN '-' || substr({bare}, 2, length({bare}) - 2) ELSE {bare} END"
    )
    return (
        f"CASE WHEN regexp_matches({signed}, {quote_literal(_THOUSANDS)}) "
        f"THEN replace({signed}, ',', '') ELSE {signed} END"
    )


def exact_number(value: str) -> str:
    """Return SQL for a number with 18 decimal places, to see what rounding would change."""
    return f"TRY_CAST({_number_text(value)} AS DECIMAL(38,18))"


def year_sql(value: str) -> str:
    """Return SQL for a financial year as ``2025/26``, or NULL when the text is none.

    Takes ``2025/26``, ``2025-26``, ``202526``, ``2025/2026`` and ``20252026``; the second year must
    follow the first. A bare ``2025`` is read as the year that starts in 2025.
    """
    pattern = quote_literal(_YEAR)
    first = f"TRY_CAST(regexp_extract({value}, {pattern}, 1) AS INTEGER)"
    second = f"TRY_CAST(right(regexp_extract({value}, {pattern}, 2), 2) AS INTEGER)"
    canonical = f"{first} || '/' || lpad(CAST(({first} + 1) % 100 AS VARCHAR), 2, '0')"
    return (
        f"CASE WHEN regexp_full_match({value}, '\\d{{4}}') THEN {value} || '/' || "
        f"lpad(CAST((CAST({value} AS INTEGER) + 1) % 100 AS VARCHAR), 2, '0') "
        f"WHEN regexp_matches({value}, {pattern}) AND ({first} + 1) % 100 = {second} "
        f"THEN {canonical} END"
    )


def month_sql(value: str) -> str:
    """Return SQL for a month of the financial year, 1 to 13, from ``5``, ``M05``, ``August``."""
    number = f"TRY_CAST(regexp_extract({value}, '(?i)^(?:.*-)?M?0?(\\d{{1,2}})$', 1) AS INTEGER)"
    names = " ".join(
        f"WHEN {quote_literal(name)} THEN {index}"
        for index, name in enumerate(_MONTH_NAMES, start=1)
    )
    return (
        f"CASE WHEN regexp_full_match({value}, '(\\d{{4}}/\\d{{2}}-)?[Mm]?\\d{{1,2}}(\\.0)?') "
        f"AND {number} BETWEEN 1 AND 13 THEN {number} "
        f"WHEN regexp_full_match({value}, '[A-Za-z]{{3,9}}') "
        f"THEN CASE lower(left({value}, 3)) {names} END END"
    )


def date_sql(value: str, *, day_first: bool) -> str:
    """Return SQL for a date: ISO, ``20260401``, ``1-Apr-2026``, and ``1/4/2026`` if day first."""
    slashes = ""
    if day_first:
        parts = ", ".join(
            f"lpad(regexp_extract({value}, {quote_literal(DAY_FIRST)}, {group}), {width}, '0')"
            for group, width in ((3, 4), (2, 2), (1, 2))
        )
        slashes = (
            f"WHEN regexp_matches({value}, {quote_literal(DAY_FIRST)}) "
            f"THEN TRY_CAST(concat_ws('-', {parts}) AS DATE) "
        )
    return (
        f"CASE WHEN regexp_matches({value}, {quote_literal(_ISO)}) "
        f"THEN TRY_CAST(left({value}, 10) AS DATE) "
        f"WHEN regexp_matches({value}, {quote_literal(_COMPACT)}) "
        f"THEN CAST(try_strptime({value}, '%Y%m%d') AS DATE) "
        f"WHEN regexp_matches({value}, {quote_literal(_NAMED)}) "
        f"THEN CAST(try_strptime(replace({value}, ' ', '-'), ['%d-%b-%Y', '%d-%B-%Y']) AS DATE) "
        f"{slashes}END"
    )


def bare_digits(value: str) -> str:
    """Return SQL for an NHS number's text without the spaces and dashes that people write."""
    return f"replace(replace({value}, ' ', ''), '-', '')"


def nhs_number_sql(value: str) -> str:
    """Return SQL for an NHS number written as bare digits, NULL when its check digit is wrong."""
    total = " + ".join(
        f"CAST(substr({value}, {place}, 1) AS INTEGER) * {11 - place}" for place in range(1, 10)
    )
    check = f"CAST(substr({value}, 10, 1) AS INTEGER)"
    return (
        f"CASE WHEN regexp_full_match({value}, '[0-9]{{10}}') "
        f"THEN CASE WHEN (11 - ({total}) % 11) % 11 = {check} THEN {value} END END"
    )


def _period_sql(value: str) -> str:
    month = f"regexp_full_match({value}, '\\d{{4}}-(0[1-9]|1[0-2])')"
    part = f"regexp_full_match({value}, '\\d{{4}}/\\d{{2}}-(M(0[1-9]|1[0-3])|Q[1-4])')"
    return (
        f"CASE WHEN {part} THEN {value} "
        f"WHEN {month} AND ({year_sql(value)}) IS NULL THEN {value} "
        f"WHEN regexp_matches({value}, {quote_literal(_ISO)}) "
        f"THEN CAST(TRY_CAST(left({value}, 10) AS DATE) AS VARCHAR) "
        f"ELSE {year_sql(value)} END"
    )


def _choice_sql(value: str, choices: tuple[str, ...]) -> str:
    said = f"regexp_replace(lower({value}), '[ -]+', '_', 'g')"
    cases = " ".join(
        f"WHEN {quote_literal(choice.lower())} THEN {quote_literal(choice)}" for choice in choices
    )
    return f"CASE {said} {cases} END"


def value_sql(column: Column, value: str, *, day_first: bool = False) -> str:
    """Return SQL for the typed value of a column from its text, NULL when it cannot be read."""
    if column.choices:
        return _choice_sql(value, column.choices)
    if column.kind == "code":
        return f"upper({value})"
    if column.kind == "codes":
        pieces = f"regexp_split_to_array(replace(upper({value}), '.', ''), '[;,|\\s]+')"
        return f"nullif(array_to_string(list_filter({pieces}, lambda x: x <> ''), ';'), '')"
    if column.kind == "date":
        return date_sql(value, day_first=day_first)
    if column.kind == "integer":
        exact = exact_number(value)
        return f"CASE WHEN {exact} = round({exact}, 0) THEN TRY_CAST({exact} AS INTEGER) END"
    if column.kind in ("decimal", "money"):
        return f"TRY_CAST({_number_text(value)} AS {DECIMAL})"
    if column.kind == "flag":
        yes, no = "'y', 'yes', 'true', 't', '1'", "'n', 'no', 'false', 'f', '0'"
        return f"CASE WHEN lower({value}) IN ({yes}) THEN true WHEN lower({value}) IN ({no}) " + (
            "THEN false END"
        )
    if column.kind == "financial_year":
        return year_sql(value)
    if column.kind == "month":
        return month_sql(value)
    if column.kind == "period":
        return _period_sql(value)
    if column.kind == "nhs_number":
        return nhs_number_sql(value)
    return value


def rules_of(column: Column, text: str, value: str) -> list[Rule]:
    """Return what can be wrong with a column, over a relation with its text and typed value.

    Args:
        column: The column as declared.
        text: SQL of the cell's text.
        value: SQL of the typed value.
    """
    found = []
    hidden = column.kind == "nhs_number"
    shown = "NULL" if hidden else text
    if column.required and not column.default:
        found.append(Rule(column.name, f"{text} IS NULL", "is empty", "every row needs a value"))
    if column.choices:
        what, remedy = "is not one of the values allowed", f"write {_one_of(column.choices)}"
    else:
        what, remedy = _WHAT.get(column.kind, ""), _REMEDIES.get(column.kind, "")
    if what:
        wrong = f"{text} IS NOT NULL AND {value} IS NULL"
        found.append(Rule(column.name, wrong, what, remedy, shown))
    for limit, sign, word in ((column.minimum, "<", "least"), (column.maximum, ">", "most")):
        if limit:
            wrong = f"{value} {sign} {limit}"
            remedy = f"the {word} allowed is {limit}"
            found.append(Rule(column.name, wrong, "is out of range", remedy, shown))
    return found


def _one_of(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


def is_day_first(con: duckdb.DuckDBPyConnection, relation: str, cell: str) -> bool:
    """Tell whether a column's dates with slashes can only be read day first.

    True when one of them has a day above 12 in first place (or all read the same both ways) and
    none has one in second place. A column such as 03/04/2026 alone could be either: false.
    """
    pattern = quote_literal(DAY_FIRST)
    value = text_of(quote_identifier(cell))
    row = first_row(
        con,
        f"""
        SELECT count(*) FILTER (first > 12), count(*) FILTER (second > 12),
               count(*) FILTER (first <= 12 AND second <= 12 AND first <> second)
        FROM (SELECT CAST(regexp_extract({value}, {pattern}, 1) AS INTEGER) AS first,
                     CAST(regexp_extract({value}, {pattern}, 2) AS INTEGER) AS second
              FROM {relation} WHERE regexp_matches({value}, {pattern}))
        """,
    )
    day_first, month_first, unclear = row or (0, 0, 0)
    return not month_first and (day_first > 0 or not unclear)
