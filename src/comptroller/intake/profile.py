"""What the values of a table look like, asked of all its rows in few passes, and what follows.

First pass: which columns are written plainly throughout, the distinct values of the columns that
decide a line's place (provider, commissioner, year, month, point of delivery), what sort of
patient identifiers there are, and whether free text holds any. Only columns that are not plain
are looked at again: the order of their dates is decided by evidence for the whole column, and
every kind of change is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import duckdb

from comptroller.intake import values
from comptroller.intake.organisations import read_code, read_pod
from comptroller.intake.periods import read_month, read_year
from comptroller.intake.source import MappedColumn
from comptroller.vocabulary import code_list, elements
from comptroller.warehouse import quote_literals

DATE_KINDS = ("date", "timestamp", "birth_date")
KEY_ELEMENTS = (
    "provider_code",
    "commissioner_code",
    "financial_year",
    "month",
    "pod_code",
    "local_pod_code",
)
"""Elements read through their distinct values, each looked at once in Python."""

IDENTIFIERS = (
    "local_patient_identifier",
    "non_cds_unique_identifier",
    "provider_reference_identifier",
    "attendance_identifier",
    "hospital_provider_spell_identifier",
)
"""Identifiers that some systems fill with the NHS number itself."""

# Codes of SNOMED CT and the dictionary of medicines and devices are long numbers themselves.
_LONG_CODES = ("drug", "device", "snomed", "indication", "emergency_care")

TEXT_WITH_PEOPLE = (
    "local_pod_description",
    "local_contract_description",
    "local_contract_monitoring_description",
    "pod_further_detail_description",
    "local_contract_code",
    "local_contract_monitoring_code",
    "drug_name",
    "device_name",
    *(f"additional_detail_{n}" for n in ("first", "second", "third", "fourth", "fifth")),
    *(f"additional_description_{n}" for n in ("first", "second", "third", "fourth", "fifth")),
)
"""Elements of free text, in which people's numbers have been met."""


@dataclass
class UnitProfile:
    """What was found in one table (unit) of a pool.

    Attributes:
        rows: Data rows.
        plain: Element to whether every value is written the way it is kept.
        distinct: Key element to its distinct raw values with their counts.
        date_ways: Date element to the ways its values are written in; ``assumed`` holds those
            whose order of day and month nothing proves.
        changes: (element, kind of change) to the number of values changed.
        ten_digits, identifiers: NHS number column: values of ten digits, values at all.
        texts_with_people: Free-text elements that hold something like an NHS number.
        codes_with_people: Coded elements in which something like an NHS number stands.
        numbered: Element of an identifier to how many of its values are ten digits, how many of
            those have the check digit of an NHS number, and how many values there are.
    """

    rows: int = 0
    plain: dict[str, bool] = field(default_factory=dict)
    distinct: dict[str, dict[str, int]] = field(default_factory=dict)
    date_ways: dict[str, tuple[str, ...]] = field(default_factory=dict)
    assumed: set[str] = field(default_factory=set)
    changes: dict[tuple[str, str], int] = field(default_factory=dict)
    ten_digits: int = 0
    identifiers: int = 0
    texts_with_people: set[str] = field(default_factory=set)
    codes_with_people: set[str] = field(default_factory=set)
    numbered: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def holds_nhs_numbers(self, identifier: str) -> bool:
        """Tell whether ten digits with a right check digit are NHS numbers in an identifier.

        One in eleven numbers passes the check by chance: where most values are ten digits and few
        of them pass, the provider numbers its patients so. Anywhere else a number that passes does
        not belong there.
        """
        ten, valid, filled = self.numbered.get(identifier, (0, 0, 0))
        return valid > 0 and (ten * 2 < filled or valid * 2 > ten)

    @property
    def pseudonymised(self) -> bool:
        """Whether the patient identifiers are somebody's pseudonyms, not NHS numbers."""
        return self.identifiers > 0 and self.ten_digits * 10 < self.identifiers


def kind_of(element: str) -> str:
    """Return the kind of an element as cleaning needs it; ``boolean`` for a BOOLEAN column."""
    known = elements()[element]
    return "boolean" if known.duckdb_type == "BOOLEAN" else known.kind


@cache
def lost_zeros(element: str) -> Mapping[str, str]:
    """Return, for an element with a code list, codes without leading zeros to the full code.

    Only where the short form is no code itself: then the list proves what was meant.
    """
    name = elements()[element].code_list
    if name is None:
        return {}
    codes = code_list(name)
    found = {}
    for code in codes.codes():
        short = code.lstrip("0")
        if short and short != code and short not in codes:
            found[short] = code
    return found


def _no_lost_zero(column: MappedColumn) -> str:
    short = quote_literals(lost_zeros(column.element))
    return f" AND {column.cell} NOT IN ({short})" if short else ""


def profile(
    con: duckdb.DuckDBPyConnection, pool: str, columns: Sequence[MappedColumn], units: Sequence[int]
) -> dict[int, UnitProfile]:
    """Look at every value of a pool's tables.

    Args:
        con: The engine.
        pool: Relation ``unit INTEGER, row BIGINT, c0.. VARCHAR``.
        columns: The columns in use.
        units: The units of the pool, each of which gets a profile.
    """
    found = {unit: UnitProfile() for unit in units}
    _first_pass(con, pool, columns, found)
    for one in found.values():
        _count_key_changes(one)
    _count_check_digits(con, pool, columns, found)
    untidy = [c for c in columns if any(not p.plain.get(c.element, True) for p in found.values())]
    if untidy:
        _count_changes(con, pool, untidy, columns, found)
    return found


def _first_pass(
    con: duckdb.DuckDBPyConnection,
    pool: str,
    columns: Sequence[MappedColumn],
    found: dict[int, UnitProfile],
) -> None:
    selects = ["unit", "count(*)"]
    takers: list[tuple[str, str]] = []
    for column in columns:
        cell, kind = column.cell, kind_of(column.element)
        if column.element in KEY_ELEMENTS or kind == "boolean":
            continue
        if kind == "nhs_number":
            selects += [
                f"count(*) FILTER (length({values.digits(cell)}) = 10)",
                f"count(*) FILTER (length({cell}) > 2)",
            ]
            takers += [("ten_digits", ""), ("identifiers", "")]
            continue
        if column.element in IDENTIFIERS:
            ten = f"count(*) FILTER (regexp_full_match({cell}, '[0-9]{{10}}'))"
            selects.append(f"[{ten}, count({cell})]")
            takers.append(("numbered", column.element))
        if kind not in values.WORDS or _no_lost_zero(column):
            selects.append(f"bool_and({is_plain(column)})")
            takers.append(("plain", column.element))
    # Most tables have nothing of these: all columns are asked at once, each only where there is.
    rare = _rare(columns)
    selects += [f"coalesce(bool_or({asked.somewhere}), false)" for asked in rare]
    met: list[list[int]] = [[] for _ in rare]
    for row in con.execute(f"SELECT {', '.join(selects)} FROM {pool} GROUP BY unit").fetchall():
        one = found[row[0]]
        one.rows = row[1]
        for (what, element), value in zip(takers, row[2:], strict=False):
            if what == "plain":
                one.plain[element] = value is not False
            elif what == "numbered":
                one.numbered[element] = (value[0], 0, value[1])
            else:
                setattr(one, what, value)
        for units, is_met in zip(met, row[2 + len(takers) :], strict=True):
            if is_met:
                units.append(row[0])
    for asked, units in zip(rare, met, strict=True):
        _ask_each(con, pool, asked, units, found)
    _count_keys(con, pool, columns, found)


def _count_keys(
    con: duckdb.DuckDBPyConnection,
    pool: str,
    columns: Sequence[MappedColumn],
    found: dict[int, UnitProfile],
) -> None:
    keys = [column for column in columns if column.element in KEY_ELEMENTS]
    for one in found.values():
        one.distinct |= {column.element: {} for column in keys}
    counts = [
        f"SELECT unit, {place} AS place, {column.cell} AS value, count(*) FROM {pool} "
        f"WHERE {column.cell} IS NOT NULL GROUP BY unit, value"
        for place, column in enumerate(keys)
    ]
    if counts:
        for unit, place, value, count in con.execute(
            f"{' UNION ALL '.join(counts)} ORDER BY ALL"
        ).fetchall():
            found[unit].distinct[keys[place].element][value] = count


@dataclass(frozen=True)
class _Rare:
    """Something that few tables have: where it may be, a test of a whole row and of a column."""

    what: str
    columns: Sequence[MappedColumn]
    somewhere: str
    here: Callable[[MappedColumn], str]


def _rare(columns: Sequence[MappedColumn]) -> list[_Rare]:
    def cells(chosen: Sequence[MappedColumn]) -> list[str]:
        return [column.cell for column in chosen]

    made = []
    for kind in values.WORDS:
        words = [
            c
            for c in columns
            if kind_of(c.element) == kind and c.element not in KEY_ELEMENTS and not _no_lost_zero(c)
        ]
        if words:
            somewhere = values.any_not_plain(kind, cells(words))
            made.append(_Rare("plain", words, somewhere, lambda c: f"NOT {is_plain(c)}"))
    texts = [c for c in columns if c.element in TEXT_WITH_PEOPLE]
    if texts:
        somewhere = values.any_match(cells(texts), values.NHS_LIKE)
        made.append(
            _Rare(
                "texts_with_people",
                texts,
                somewhere,
                lambda c: f"regexp_matches({c.cell}, '{values.NHS_LIKE}')",
            )
        )
    codes = [
        c
        for c in columns
        if kind_of(c.element) == "code"
        and c.element not in KEY_ELEMENTS
        and not any(word in c.element for word in _LONG_CODES)
    ]
    if codes:
        somewhere = values.any_match(cells(codes), f"(^|[|]){values.NHS_SHAPE}($|[|])")
        made.append(
            _Rare("codes_with_people", codes, somewhere, lambda c: values.like_nhs_number(c.cell))
        )
    return made


def _ask_each(
    con: duckdb.DuckDBPyConnection,
    pool: str,
    asked: _Rare,
    units: Sequence[int],
    found: dict[int, UnitProfile],
) -> None:
    """Note the columns of some tables that hold what was met somewhere in a row."""
    if not units:
        return
    tests = ", ".join(f"coalesce(bool_or({asked.here(c)}), false)" for c in asked.columns)
    listed = ", ".join(str(unit) for unit in units)
    for row in con.execute(
        f"SELECT unit, {tests} FROM {pool} WHERE unit IN ({listed}) GROUP BY unit"
    ).fetchall():
        one = found[row[0]]
        for column, is_met in zip(asked.columns, row[1:], strict=True):
            if is_met and asked.what == "plain":
                one.plain[column.element] = False
            elif is_met:
                getattr(one, asked.what).add(column.element)


def _count_check_digits(
    con: duckdb.DuckDBPyConnection,
    pool: str,
    columns: Sequence[MappedColumn],
    found: dict[int, UnitProfile],
) -> None:
    """Count the right check digits among the ten-digit values of identifiers, where there are."""
    for column in columns:
        if not any(one.numbered.get(column.element, (0,))[0] for one in found.values()):
            continue
        valid = values.nhs_number_is_valid("number")
        for unit, count in con.execute(
            f"SELECT unit, count(*) FILTER ({valid}) FROM (SELECT unit, "
            f"{values.ten_digits(column.cell)} AS number FROM {pool}) GROUP BY unit"
        ).fetchall():
            ten, _, filled = found[unit].numbered[column.element]
            found[unit].numbered[column.element] = (ten, count, filled)


_READERS: Mapping[str, Callable[[str], object]] = {
    "provider_code": read_code,
    "commissioner_code": read_code,
    "financial_year": read_year,
    "pod_code": read_pod,
}


def _count_key_changes(one: UnitProfile) -> None:
    """Count the changed values of the key columns from their distinct values."""
    for element, counts in one.distinct.items():
        read = _READERS.get(element)
        for raw, count in counts.items():
            if element == "month":
                month = read_month(raw)
                clean: object = str(month[0]) if month else None
            else:
                clean = read(raw) if read else raw
            if clean == raw:
                continue
            kind = "unreadable" if clean is None else _key_change(element, raw)
            one.changes[element, kind] = one.changes.get((element, kind), 0) + count


def _key_change(element: str, raw: str) -> str:
    if element == "pod_code" and raw.strip().upper() not in code_list("point_of_delivery"):
        return "point of delivery repaired"
    return "written in the usual form"


def is_plain(column: MappedColumn) -> str:
    """Return SQL for whether a cell is written as it is kept; true for an empty one."""
    test = f"{values.plain_test(kind_of(column.element), column.cell)}{_no_lost_zero(column)}"
    return f"coalesce({test}, {column.cell} IS NULL)"


def levels(pool: str, columns: Sequence[MappedColumn], keep: str = "*") -> str:
    """Return a query that adds ``r`` raw, ``s`` squeezed, ``t`` present, ``b`` bare by column.

    All four are NULL for a plain cell, as most are: what it means can be read from the cell as it
    stands. Each stage is a query of its own, so that no expression is computed twice.
    """
    if not columns:
        return f"SELECT {keep} FROM {pool}"
    raw = ", ".join(f"CASE WHEN NOT {is_plain(c)} THEN {c.cell} END AS r{c.index}" for c in columns)
    first = ", ".join(f"{values.squeezed(f'r{c.index}')} AS s{c.index}" for c in columns)
    second = ", ".join(f"{values.present(f's{c.index}')} AS t{c.index}" for c in columns)
    numbers = [c for c in columns if kind_of(c.element) in ("money", "decimal", "integer")]
    third = "".join(f", {values.bare_number(f't{c.index}')} AS b{c.index}" for c in numbers)
    return (
        f"SELECT *{third} FROM (SELECT *, {second} FROM (SELECT *, {first} FROM "
        f"(SELECT {keep}, {raw} FROM {pool})))"
    )


def _count_changes(
    con: duckdb.DuckDBPyConnection,
    pool: str,
    columns: Sequence[MappedColumn],
    all_columns: Sequence[MappedColumn],
    found: dict[int, UnitProfile],
) -> None:
    """Count every kind of change in the columns that are not plain."""
    takers: list[tuple[str, str]] = []
    counts: list[str] = []
    cleaned: list[str] = []
    for column in columns:
        kind, text = kind_of(column.element), f"t{column.index}"
        value = values.clean_value(kind, text, f"b{column.index}")
        cleaned.append(f"{value} AS v{column.index}")
        for change in values.untidiness(kind, f"r{column.index}", text, f"v{column.index}"):
            counts.append(f"count(*) FILTER ({change.condition})")
            takers.append((column.element, change.kind))
        if restored := lost_zeros(column.element):
            short = quote_literals(restored)
            counts.append(f"count(*) FILTER (v{column.index} IN ({short}))")
            takers.append((column.element, "leading zero restored"))
    by_element = {column.element: column for column in all_columns}
    cost, activity = by_element.get("activity_cost"), by_element.get("activity_count")
    if cost in columns and cost and activity:
        nil = values.is_nil_dash(cost.cell, activity.cell)
        counts.append(f"count(*) FILTER ({nil})")
        takers.append((cost.element, values.DASH_AS_NIL))
    query = (
        f"SELECT unit, {', '.join(counts)} FROM (SELECT *, {', '.join(cleaned)} FROM "
        f"({levels(pool, columns)})) GROUP BY unit"
    )
    for row in con.execute(query).fetchall():
        one = found[row[0]]
        ways: dict[str, dict[str, int]] = {}
        for (element, kind), count in zip(takers, row[1:], strict=True):
            if kind_of(element) in DATE_KINDS:
                ways.setdefault(element, {})[kind] = count
            elif count:
                one.changes[element, kind] = count
        _tell_nil(one)
        _decide_dates(one, ways)


def _tell_nil(one: UnitProfile) -> None:
    """Count a dash that is nought as that alone, not as a missing value too."""
    missing = ("activity_cost", "word for missing taken as empty")
    nil = one.changes.get(("activity_cost", values.DASH_AS_NIL), 0)
    if nil:
        one.changes[missing] = one.changes.get(missing, 0) - nil
        if not one.changes[missing]:
            del one.changes[missing]


_WAY_NAMES = {
    "uk": "UK date read",
    "us": "US date read",
    "month_name": "month name read",
    "serial": "spreadsheet day number read",
    "compact": "eight-digit date read",
    "month_only": "month taken as its first day",
}


def _decide_dates(one: UnitProfile, ways: Mapping[str, dict[str, int]]) -> None:
    """Decide for each column whether days come before months, by which reading fits more values.

    Where both fit equally, the other date columns of the table decide; where none can tell, days
    come first, as everywhere in the NHS, and that it was assumed is kept.
    """
    uk_total = sum(counts["uk"] for counts in ways.values())
    us_total = sum(counts["us"] for counts in ways.values())
    for element, counts in ways.items():
        uk, us = (
            (counts["uk"], counts["us"]) if counts["uk"] != counts["us"] else (uk_total, us_total)
        )
        order = "us" if us > uk else "uk"
        if counts[order] and uk_total == us_total:
            one.assumed.add(element)
        used = [
            way
            for way in ("iso", order, "month_name", "serial", "compact", "month_only")
            # Plain dates, which are written in the ISO way, are not counted.
            if way == "iso"
            or (counts[way] and (way != "month_only" or kind_of(element) == "birth_date"))
        ]
        one.date_ways[element] = tuple(used)
        for way in used:
            if way in _WAY_NAMES:
                one.changes[element, _WAY_NAMES[way]] = counts[way]
        unreadable = counts["filled"] - sum(counts[way] for way in used)
        if unreadable:
            one.changes[element, "unreadable"] = unreadable
        for kind in ("word for missing taken as empty", "white space removed"):
            if counts[kind]:
                one.changes[element, kind] = counts[kind]
