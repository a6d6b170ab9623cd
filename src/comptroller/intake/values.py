"""How one cell of text becomes a typed value, as DuckDB SQL: one path for every format.

Three things are generated for a column of a given kind: a test that says a value is plain (written
the way we keep it, so that a cheap cast is enough), counts of every kind of untidiness, and the
expression that cleans it. Formats of dates are decided for a whole column by evidence, never for
one cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from comptroller.warehouse import MONEY, quote_literal, quote_literals

MISSING_TOKENS = (
    "-",
    "--",
    "–",
    "—",
    ".",
    "?",
    "TBC",
    "TBA",
    "N/A",
    "#N/A",
    "NA",
    "#NA",
    "N\\A",
    "NULL",
    "(NULL)",
    "NONE",
    "NAN",
    "NAT",
    "NOT KNOWN",
    "UNKNOWN",
    "NOT APPLICABLE",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NULL!",
    "#NUM!",
)
"""Words that mean that there is no value (source: facts on real SLAM files, slam_value_quirks)."""

# One expression rather than a list of comparisons: a list takes longer to plan than to run.
_TOKENS = quote_literal("|".join(re.escape(token) for token in MISSING_TOKENS))
# White space of every sort, no-break spaces, zero-width characters and the byte-order mark.
_SPACE = "\\s\\x{00A0}\\x{2007}\\x{202F}\\x{200B}-\\x{200D}\\x{2060}\\x{FEFF}"
_CURRENCY = "£$€\\x{00C2}\\x{00A3}\\x{FFFD}\\x{0080}"

_MONTH_NAME = ("%d-%b-%Y", "%d %b %Y", "%d/%b/%Y", "%d-%B-%Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")
_MONTH_NAME_SHORT = ("%d-%b-%y", "%d %b %y", "%d/%b/%y")
_OUTWARD, _INWARD = "[A-Z]{1,2}[0-9][A-Z0-9]?", "[0-9][A-Z]{2}"
_TIMES = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p")


@dataclass(frozen=True)
class Untidiness:
    """One way in which values were not written as we keep them, with the SQL that counts it."""

    kind: str
    condition: str


def squeezed(cell: str) -> str:
    """Return SQL for the cell without outer white space, inner runs as one blank, empty as NULL."""
    return f"nullif(trim(regexp_replace({cell}, '[{_SPACE}]+', ' ', 'g')), '')"


def is_missing_word(squeezed_cell: str) -> str:
    """Return SQL for whether a squeezed cell holds a word that means missing."""
    return f"regexp_full_match(upper({squeezed_cell}), {_TOKENS})"


def any_match(cells: Sequence[str], pattern: str) -> str:
    """Return SQL that is true where a row may have a cell that matches.

    One expression for all cells, put together with bars: a text with bars may match though no cell
    of it does. Patterns tell the ends of a cell by them.
    """
    return f"regexp_matches(concat_ws('|', {', '.join(cells)}), '{pattern}')"


def any_not_plain(kind: str, cells: Sequence[str]) -> str:
    """Return SQL that is true where a row may have a word that is not plain; see `any_match`."""
    signs = ["[^\\x00-\\x7F]", "(^|[|]) ", " ([|]|$)", f"(^|[|])(?i:{_TOKENS[1:-1]})([|]|$)"]
    if kind != "text":
        signs.append("[.]0")
    if kind in ("code", "flag"):
        signs.append("[a-z]")
    return any_match(cells, "|".join(signs))


def present(squeezed_cell: str) -> str:
    """Return SQL for a squeezed cell, words that mean missing as NULL."""
    return f"CASE WHEN {is_missing_word(squeezed_cell)} THEN NULL ELSE {squeezed_cell} END"


def bare_number(text: str) -> str:
    """Return SQL for a present cell without blanks, currency signs, thousands commas and quotes."""
    bare = f"regexp_replace({text}, '[{_SPACE}{_CURRENCY},''\"]|GBP', '', 'g')"
    # 1,5 may be one and a half or fifteen: a comma counts only where thousands have one.
    grouped = "^[^0-9]*[0-9]{1,3}(,[0-9]{3})+(\\.[0-9]*)?[^0-9,]*$"
    return (
        f"CASE WHEN contains({text}, ',') AND NOT regexp_matches({text}, '{grouped}') THEN NULL "
        f"ELSE {bare} END"
    )


def _ascii(ref: str) -> str:
    return f"strlen({ref}) = length({ref})"


def _undotted(ref: str) -> str:
    """Return SQL for plain letters that cannot end in the ``.0`` of a number kept as a code."""
    return f"{_ascii(ref)} AND NOT contains({ref}, '.0')"


WORDS = ("code", "flag", "identifier", "text")
"""Kinds whose values are words."""


def plain_test(kind: str, ref: str) -> str:
    """Return SQL that is true for a value written the way it is kept: ``plain_value`` is enough.

    Args:
        kind: Kind of the element, as the vocabulary names it, or ``boolean``.
        ref: SQL of the cell.
    """
    if kind in ("money", "decimal"):
        places = f"(length({ref}) - strpos({ref}, '.') <= 8 OR strpos({ref}, '.') = 0)"
        # The engine reads 1_000 as a number, which nobody writes and means.
        written = f"{ref} = trim({ref}) AND NOT contains({ref}, '_')"
        return f"(TRY_CAST({ref} AS {MONEY}) IS NOT NULL AND {written} AND {places})"
    if kind == "integer":
        return f"(CAST(TRY_CAST({ref} AS INTEGER) AS VARCHAR) = {ref})"
    if kind in ("date", "birth_date"):
        return f"(CAST(TRY_CAST({ref} AS DATE) AS VARCHAR) = {ref})"
    if kind == "timestamp":
        return (
            f"(length({ref}) = 19 AND {ref}[5] = '-' AND TRY_CAST({ref} AS TIMESTAMP) IS NOT NULL)"
        )
    if kind == "postcode":
        return f"regexp_full_match({ref}, '{_OUTWARD}( {_INWARD})?')"
    if kind in ("code", "flag"):
        return f"({ref} = upper(trim({ref})) AND {_undotted(ref)} AND NOT {is_missing_word(ref)})"
    if kind == "identifier":
        return f"({ref} = trim({ref}) AND {_undotted(ref)} AND NOT {is_missing_word(ref)})"
    if kind == "text":
        return f"({ref} = trim({ref}) AND {_ascii(ref)} AND NOT {is_missing_word(ref)})"
    return "false"


def plain_value(kind: str, ref: str) -> str:
    """Return SQL of a plain cell's typed value."""
    if kind in ("money", "decimal"):
        return f"TRY_CAST({ref} AS {MONEY})"
    if kind == "integer":
        return f"TRY_CAST({ref} AS INTEGER)"
    if kind in ("date", "birth_date"):
        return f"TRY_CAST({ref} AS DATE)"
    if kind == "timestamp":
        return f"TRY_CAST({ref} AS TIMESTAMP)"
    if kind == "postcode":
        return f"split_part({ref}, ' ', 1)"
    return ref


# -- numbers ---------------------------------------------------------------------------------


def number(bare: str) -> str:
    """Return SQL for a number however it is written, DECIMAL(26,8), or NULL.

    Brackets or a trailing minus for negatives, CR and DR, percent. More than eight places is
    rounded half up.

    Args:
        bare: SQL of the cell after ``bare_number``.
    """
    return f"""CASE
        WHEN {bare} LIKE '(%)' THEN -TRY_CAST({bare}[2:-2] AS {MONEY})
        WHEN {bare} LIKE '%-' THEN -TRY_CAST({bare}[:-2] AS {MONEY})
        WHEN {bare} ILIKE '%CR' THEN -TRY_CAST({bare}[:-3] AS {MONEY})
        WHEN {bare} ILIKE '%DR' THEN TRY_CAST({bare}[:-3] AS {MONEY})
        WHEN {bare} LIKE '%\\%' ESCAPE '\\'
            THEN CAST(TRY_CAST({bare}[:-2] AS {MONEY}) * 0.01 AS {MONEY})
        WHEN contains({bare}, '_') THEN NULL
        ELSE TRY_CAST({bare} AS {MONEY}) END"""


_NIL = "|".join((*map(re.escape, ("-", "--", "–", "—")), ""))
"""How accounts write nought: a dash; nothing says so too beside one."""

DASH_AS_NIL = "dash taken as nil"
DECIMAL_COMMA = "decimal comma"


def is_nil_dash(cost: str, count: str) -> str:
    """Return SQL for whether pounds are a dash that means nought: no activity stands beside it.

    Args:
        cost: SQL of the raw cell of the pounds.
        count: SQL of the raw cell of the activity.
    """
    beside = f"coalesce(trim({count}), '')"
    return (
        f"(trim({cost}) IN ('-', '--', '–', '—') AND (regexp_full_match({beside}, '{_NIL}') "
        f"OR coalesce(TRY_CAST({beside} AS {MONEY}) = 0, false)))"
    )


def decimal_comma(text: str) -> str:
    """Return SQL for whether a present cell is a number with a decimal comma, as in 1.234,56."""
    return (
        f"regexp_full_match({text}, "
        "'[-(]?[{_CURRENCY}]? ?-?([0-9]{1,3}([.][0-9]{3})+|[0-9]+),[0-9]{1,2}[)]?-?')"
    ).replace("{_CURRENCY}", _CURRENCY)


# -- dates -----------------------------------------------------------------------------------


def _parsed(ref: str, formats: Sequence[str]) -> str:
    """Parse by the first format that fits, a time of day behind it only where there is a colon.

    Every format that does not fit costs as much as one that does: the fewer are tried, the better.
    """
    days = quote_literals(formats)
    moments = ", ".join(quote_literal(f"{day} {time}") for day in formats for time in _TIMES)
    return (
        f"CASE WHEN contains({ref}, ':') THEN try_strptime({ref}, [{moments}]) "
        f"ELSE try_strptime({ref}, [{days}]) END"
    )


def _slashed(ref: str, day_and_month: str) -> str:
    """Parse day, month and year in figures, apart by one of ``/ - .``, the year last."""
    start = "^(\\d{1,2})[/.-](\\d{1,2})[/.-]"
    slashes = f"regexp_replace({ref}, '{start}', '\\1/\\2/')"
    long = _parsed(slashes, [f"{day_and_month}/%Y"])
    short = _parsed(slashes, [f"{day_and_month}/%y"])
    return (
        f"CASE WHEN regexp_matches({ref}, '{start}\\d{{4}}($| )') THEN {long} "
        f"WHEN regexp_matches({ref}, '{start}\\d{{2}}($| )') THEN {short} END"
    )


def _iso(ref: str) -> str:
    text = f"replace({ref}, '/', '-')"
    return (
        f"CASE WHEN regexp_matches({ref}, '^\\d{{4}}[-/]\\d{{1,2}}[-/]\\d{{1,2}}') THEN "
        f"coalesce(TRY_CAST({text} AS TIMESTAMP), TRY_CAST({text}[:10] AS TIMESTAMP)) END"
    )


def _compact(ref: str) -> str:
    return (
        f"CASE WHEN regexp_full_match({ref}, '(19|20)\\d{{6}}') "
        f"THEN try_strptime({ref}, '%Y%m%d') END"
    )


def _month_only(ref: str) -> str:
    return (
        f"CASE WHEN regexp_full_match({ref}, '(19|20)\\d\\d-(0[1-9]|1[0-2])') "
        f"THEN TRY_CAST({ref} || '-01' AS TIMESTAMP) END"
    )


def _serial(ref: str) -> str:
    """Day numbers of spreadsheets, 11 May 1927 to 5 June 2118."""
    return (
        f"CASE WHEN regexp_full_match({ref}, '[1-7]\\d{{4}}(\\.\\d+)?') THEN TIMESTAMP "
        f"'1899-12-30' + to_seconds(CAST(round(TRY_CAST({ref} AS DOUBLE) * 86400) AS BIGINT)) END"
    )


def _month_name(ref: str) -> str:
    bare = f"regexp_replace({ref}, '(\\d)(st|nd|rd|th)\\b|,', '\\1', 'g')"
    # Two-digit years first, as %Y takes '26' for the year 26.
    parsed = _parsed(bare, (*_MONTH_NAME_SHORT, *_MONTH_NAME))
    return f"CASE WHEN regexp_matches({ref}, '[A-Za-z]{{3}}') THEN {parsed} END"


def date_ways(text: str) -> dict[str, str]:
    """Return SQL of the timestamp that each way of writing dates reads, or NULL.

    The ways exclude one another, but for ``uk`` and ``us``: days before months, or after.
    """
    return {
        "iso": _iso(text),
        "uk": _slashed(text, "%d/%m"),
        "us": _slashed(text, "%m/%d"),
        "month_name": _month_name(text),
        "serial": _serial(text),
        "compact": _compact(text),
        "month_only": _month_only(text),
    }


def moment(text: str, ways: Sequence[str]) -> str:
    """Return SQL for the timestamp in a present cell, written in one of some ways."""
    known = date_ways(text)
    listed = ", ".join(known[way] for way in ways)
    return f"coalesce({listed})" if listed else "CAST(NULL AS TIMESTAMP)"


# -- every kind ------------------------------------------------------------------------------


def clean_value(
    kind: str, text: str, bare: str, *, ways: Sequence[str] = (), signs: bool = True
) -> str:
    """Return SQL of the typed value of a cell however it is written; NULL if unreadable.

    Args:
        kind: Kind of the element.
        text: SQL of the cell after ``present``.
        bare: SQL of the cell after ``bare_number``; used for numbers only.
        ways: For dates, the ways in which the column writes them.
        signs: For numbers, whether brackets, trailing signs or percents occur.
    """
    if kind in ("money", "decimal"):
        return number(bare) if signs else f"TRY_CAST({bare} AS {MONEY})"
    if kind == "integer":
        value = f"TRY_CAST({bare} AS {MONEY})"
        return f"CASE WHEN {value} % 1 = 0 THEN TRY_CAST({value} AS INTEGER) END"
    if kind == "date":
        return f"CAST({moment(text, ways)} AS DATE)"
    if kind == "timestamp":
        return moment(text, ways)
    if kind == "birth_date":
        return f"CAST({moment(text, ways)} AS DATE)"
    if kind == "postcode":
        return postcode_district(text)
    if kind in ("code", "flag"):
        return f"regexp_replace(upper({text}), '^(\\d+)\\.0+$', '\\1')"
    if kind == "identifier":
        return f"regexp_replace({text}, '^(\\d+)\\.0+$', '\\1')"
    return text


def birth_month(day: str) -> str:
    """Return SQL for the first of the month of birth; a date to come is a century too late."""
    lived = f"CASE WHEN {day} > current_date THEN {day} - INTERVAL 100 YEAR ELSE {day} END"
    return f"CAST(date_trunc('month', {lived}) AS DATE)"


def boolean_value(text: str) -> str:
    """Return SQL for true, false or NULL for a yes or no however it is written."""
    return f"""CASE WHEN upper({text}) IN ('Y', 'YES', 'T', 'TRUE', '1') THEN true
        WHEN upper({text}) IN ('N', 'NO', 'F', 'FALSE', '0') THEN false END"""


def untidiness(kind: str, cell: str, text: str, value: str) -> tuple[Untidiness, ...]:
    """Return every kind of change that cleaning makes to a column, with SQL that counts its rows.

    Args:
        kind: Kind of the element.
        cell: SQL of the raw cell.
        text: SQL of the cell after ``present``.
        value: SQL of the cleaned value.
    """
    common = (
        Untidiness("word for missing taken as empty", f"{text} IS NULL AND trim({cell}) <> ''"),
        Untidiness("white space removed", f"{text} IS NOT NULL AND {text} <> {cell}"),
    )
    if kind in ("money", "decimal", "integer"):
        return (*common, *_number_untidiness(text, value))
    if kind in ("date", "timestamp", "birth_date"):
        return (
            *common,
            *(Untidiness(way, f"({sql}) IS NOT NULL") for way, sql in date_ways(text).items()),
            Untidiness("filled", f"{text} IS NOT NULL"),
        )
    dotted = Untidiness(".0 removed", f"regexp_matches({text}, '^\\d+\\.0+$')")
    if kind in ("code", "flag"):
        return (*common, Untidiness("case changed", f"upper({text}) <> {text}"), dotted)
    return (*common, dotted) if kind == "identifier" else common


def _number_untidiness(text: str, value: str) -> tuple[Untidiness, ...]:
    read = f"{value} IS NOT NULL"
    return (
        Untidiness("thousands comma removed", f"contains({text}, ',') AND {read}"),
        Untidiness(
            "currency sign removed", f"regexp_matches({text}, '[{_CURRENCY}]|GBP') AND {read}"
        ),
        Untidiness("brackets read as negative", f"{text} LIKE '%(%)%' AND {read}"),
        Untidiness(
            "trailing sign read", f"regexp_matches({text}, '(?i)(-|CR|DR)\\s*$') AND {read}"
        ),
        Untidiness("percent read", f"{text} LIKE '%\\%%' ESCAPE '\\' AND {read}"),
        Untidiness("rounded to eight places", f"regexp_matches({text}, '\\.\\d{{9,}}') AND {read}"),
        Untidiness(DECIMAL_COMMA, f"{value} IS NULL AND {decimal_comma(text)}"),
        Untidiness("unreadable", f"{text} IS NOT NULL AND {value} IS NULL"),
    )


# -- people ----------------------------------------------------------------------------------

NHS_LIKE = "(^|[^0-9A-Za-z])([0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4})($|[^0-9A-Za-z])"
"""Ten digits that may be an NHS number, alone or in groups of 3, 3 and 4."""


NHS_SHAPE = "[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}"


def like_nhs_number(ref: str) -> str:
    """Return SQL for whether a whole cell has the form of an NHS number; quick for short codes."""
    return f"(length({ref}) BETWEEN 10 AND 12 AND regexp_full_match({ref}, '{NHS_SHAPE}'))"


def is_nhs_number(ref: str) -> str:
    """Return SQL for whether a whole cell is a valid NHS number; long, so for few columns."""
    number = f"TRY_CAST(regexp_replace({ref}, '[ -]', '', 'g') AS BIGINT)"
    valid = nhs_number_is_valid(number)
    return f"CASE WHEN {like_nhs_number(ref)} THEN {valid} ELSE false END"


def ten_digits(ref: str) -> str:
    """Return SQL for a cell of ten digits as BIGINT, NULL for anything else."""
    return f"CASE WHEN regexp_full_match({ref}, '[0-9]{{10}}') THEN TRY_CAST({ref} AS BIGINT) END"


def digits(ref: str) -> str:
    """Return SQL for the cell as digits only; NULL when it is no number in any grouping."""
    bare = f"regexp_replace({ref}, '[{_SPACE}-]|\\.0$', '', 'g')"
    # Nearly all are ten digits already, and the general way is the dearest step of a load.
    return (
        f"CASE WHEN regexp_full_match({ref}, '[0-9]{{10}}') THEN {ref} "
        f"ELSE nullif(regexp_extract({bare}, '^[0-9]+$'), '') END"
    )


def nhs_number_is_valid(number: str) -> str:
    """Return SQL for whether ten digits have a right check digit (modulus 11; Data Dictionary).

    Args:
        number: SQL of the ten digits as BIGINT, NULL for anything else.
    """
    terms = " + ".join(f"{number} // {10 ** (9 - i)} % 10 * {10 - i}" for i in range(9))
    # The weighted sum of all ten digits, the check digit with weight one, is divisible by 11.
    return f"(({terms} + {number} % 10) % 11 = 0 AND {number} % 1111111111 <> 0)"


def postcode_district(text: str) -> str:
    """Return SQL for the outward part of a postcode; NULL for what is none."""
    close = f"upper(replace({text}, ' ', ''))"
    whole = f"regexp_extract({close}, '^({_OUTWARD}){_INWARD}$', 1)"
    outward = f"regexp_extract({close}, '^({_OUTWARD})$', 1)"
    return f"coalesce(nullif({whole}, ''), nullif({outward}, ''))"


def without_identifiers(ref: str) -> str:
    """Return SQL for free text with anything like an NHS number replaced by [removed]."""
    return f"regexp_replace({ref}, '{NHS_LIKE}', '\\1[removed]\\3', 'g')"
