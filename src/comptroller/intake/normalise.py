"""Rows of text become lines, all at once in DuckDB: one statement for all tables read alike.

Comes in: a pool of tables with a column for each element, with the profile of their values. Goes
out: rows in ``staged``, typed as ``lines`` declares, NHS numbers as keyed pseudonyms, birth dates
as months, postcodes as districts; a row that cannot be an honest line carries its
``quarantine_reason``. Nothing is dropped: every row of the pool is one row of ``staged``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from comptroller.access.pseudonym import patient_key_sql
from comptroller.intake import values
from comptroller.intake.event_key import key_columns
from comptroller.intake.organisations import read_code, read_pod
from comptroller.intake.periods import read_month, read_year
from comptroller.intake.pod_groups import GROUP_OF_LINE, create_groups, join_groups
from comptroller.intake.profile import (
    IDENTIFIERS,
    UnitProfile,
    kind_of,
    levels,
    lost_zeros,
)
from comptroller.intake.source import MappedColumn
from comptroller.vocabulary import elements, line_columns, repair_pod
from comptroller.warehouse import MONEY, quote_literal, side_by_side

STAGED_EXTRAS = {
    "unit": "INTEGER",
    "origin": "VARCHAR",
    "pod_group": "VARCHAR",
    "key_base": "VARCHAR",
    "quarantine_reason": "VARCHAR",
    "quarantine_column": "VARCHAR",
    "quarantine_value": "VARCHAR",
}
SIGN_CHANGES = ("brackets read as negative", "trailing sign read", "percent read")
_ALWAYS = (
    "row",
    "data_set",
    "provider_code",
    "commissioner_code",
    "financial_year",
    "month",
    *STAGED_EXTRAS,
    "event_key",
)
_OF_EVENT_KEYS = (
    "cds_unique_identifier",
    "non_cds_unique_identifier",
    "hospital_provider_spell_identifier",
    "attendance_identifier",
    "emergency_care_attendance_identifier",
    "patient_key",
    "local_patient_identifier",
    "activity_start_date",
    "activity_end_date",
    "pod_code",
    "activity_treatment_function_code",
    "tariff_code",
    "local_pod_code",
    "local_contract_code",
    "activity_count",
    "activity_cost",
)
UNIT_COLUMNS = {
    "unit": "INTEGER",
    "data_set": "VARCHAR",
    "provider_code": "VARCHAR",
    "commissioner_code": "VARCHAR",
    "financial_year": "VARCHAR",
    "month": "INTEGER",
    "pod_code": "VARCHAR",
    "only_provider": "VARCHAR",
    "tokens": "BOOLEAN",
    "key_domain": "VARCHAR",
    "submission_id": "VARCHAR",
    "part": "INTEGER",
    "sheet": "VARCHAR",
}
"""Facts of a table (unit) that hold for all its rows: what its file name, titles or layout say."""

COST_FREE_DATA_SETS = ("SUS_APC", "SUS_OP", "SUS_EC")
"""A SUS record without a price is still a record: its cost is unknown, not missing."""


@dataclass(frozen=True)
class Pool:
    """Tables that are read alike, together in one relation ``unit, row, c0..``.

    Attributes:
        relation: Its name.
        columns: Its columns; where tables are arranged differently, one for each element.
        data_set: What its rows are.
        units: The tables.
        headers: How each table calls the column of an element, by unit.
        traced: Whether one row may make several lines; then it has ``origin`` too, the column
            of each.
    """

    relation: str
    columns: tuple[MappedColumn, ...]
    data_set: str
    units: tuple[int, ...]
    headers: Mapping[int, Mapping[str, str]]
    traced: bool = False

    @property
    def kept_as(self) -> str:
        """VIEW where the rows of one table serve as they lie, TABLE where they are put together."""
        return "VIEW" if len(self.units) == 1 and not self.traced else "TABLE"

    def column(self, element: str) -> MappedColumn | None:
        """Return the column mapped to an element, or None."""
        return next((c for c in self.columns if c.element == element), None)


@dataclass(frozen=True)
class Statement:
    """One query for rows of ``staged`` and the columns it fills."""

    sql: str
    columns: tuple[str, ...]
    data_set: str


def statements(
    pools: Sequence[Pool], profiles: Mapping[int, UnitProfile], key: bytes
) -> list[Statement]:
    """Return the statements that turn every row of some pools into a row of ``staged``.

    Args:
        pools: The tables.
        profiles: What their values look like, by unit.
        key: The workspace's pseudonym key; the statements must not be logged.
    """
    made = []
    for pool in pools:
        groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
        for unit in pool.units:
            ways = profiles[unit].date_ways
            orders = tuple((element, "us") for element in sorted(ways) if "us" in ways[element])
            groups.setdefault(orders, []).append(unit)
        for _, units in sorted(groups.items()):
            one = _Statement(pool, {unit: profiles[unit] for unit in units}, key)
            made.append(one.made(units))
    return made


def create_units(con: duckdb.DuckDBPyConnection) -> None:
    """Make the empty table ``units``, which the statements join to."""
    listed = ", ".join(f'"{column}" {kind}' for column, kind in UNIT_COLUMNS.items())
    con.execute(f"CREATE OR REPLACE TABLE units ({listed})")
    create_groups(con)


def staged_of(data_set: str) -> str:
    """Return the name of the view of the staged rows of one data set, quoted."""
    return f'"staged {data_set}"'


def normalise(
    con: duckdb.DuckDBPyConnection, made: Sequence[Statement], successors: Mapping[str, str]
) -> list[str]:
    """Run the statements; make ``staged``, the view of all their rows, and one for each data set.

    Each fills a table of its own, with the columns that it knows: one wide table for all would
    be written one statement after the other, and for the most part with NULLs. Beside them stand
    ``pod_group`` and the `event_key.key_columns`.

    Args:
        con: The connection, with ``units``.
        made: The statements.
        successors: Provider code to the code that took over.

    Returns:
        The names of the tables.
    """
    kinds, keys = _staged_kinds(), key_columns(successors)

    def fill(cursor: duckdb.DuckDBPyConnection, numbered: tuple[int, Statement]) -> str:
        number, statement = numbered
        absent = "".join(
            f', CAST(NULL AS {kinds[name]}) AS "{name}"'
            for name in _OF_EVENT_KEYS
            if name not in statement.columns
        )
        cursor.execute(
            f"CREATE TABLE staged_{number} AS SELECT *, {keys} FROM (SELECT s.*{absent}, "
            f"{GROUP_OF_LINE} AS pod_group FROM ({statement.sql}) s {join_groups('s')})"
        )
        return f"staged_{number}"

    names = list(side_by_side(con, fill, list(enumerate(made))))
    _put_together(con, "staged", made, names)
    for data_set in sorted({one.data_set for one in made}):
        chosen = [n for n, one in enumerate(made) if one.data_set == data_set]
        _put_together(
            con, staged_of(data_set), [made[n] for n in chosen], [names[n] for n in chosen]
        )
    return names


def _put_together(
    con: duckdb.DuckDBPyConnection, view: str, made: Sequence[Statement], names: Sequence[str]
) -> None:
    needed = {*_ALWAYS, *_OF_EVENT_KEYS, *(column for one in made for column in one.columns)}
    kinds = {name: kind for name, kind in _staged_kinds().items() if name in needed}
    empty = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in kinds.items())
    branches = [f"SELECT {empty} WHERE false", *(f"FROM {name}" for name in names)]
    con.execute(f"CREATE VIEW {view} AS {' UNION ALL BY NAME '.join(branches)}")


def _staged_kinds() -> dict[str, str]:
    return line_columns() | STAGED_EXTRAS


class _Statement:
    """The query of one pool: which columns need cleaning, and what each becomes."""

    def __init__(
        self,
        pool: Pool,
        profiles: Mapping[int, UnitProfile],
        key: bytes,
    ) -> None:
        self.pool, self.profiles, self.key = pool, profiles, key
        self.by_element = {c.element: c for c in pool.columns}
        self.cleaned = [c for c in pool.columns if self._needs_cleaning(c)]
        self.number = next((c for c in pool.columns if c.element == "nhs_number"), None)
        self.flagged = {t for p in profiles.values() for t in p.texts_with_people}

    def _needs_cleaning(self, column: MappedColumn) -> bool:
        if kind_of(column.element) == "boolean":
            return True
        return any(not p.plain.get(column.element, True) for p in self.profiles.values())

    def made(self, units: Sequence[int]) -> Statement:
        """Return the statement: levels, each of which uses what the one below has computed."""
        listed = ", ".join(str(unit) for unit in units)
        inner = f"{levels(self.pool.relation, self.cleaned)} WHERE unit IN ({listed})"
        values_ = self._computed()
        computed = ", ".join(f"{sql} AS {name}" for name, sql in values_.items())
        with_values = f"SELECT *, {computed} FROM ({inner})" if values_ else inner
        if self.number:
            valid = values.nhs_number_is_valid("n_big")
            with_values = f"SELECT *, {valid} AS n_valid FROM ({with_values})"
        keys = ", ".join(f"{sql} AS k_{name}" for name, sql in self._keys().items())
        placed = (
            f"SELECT p.*, u.data_set AS u_data_set, u.financial_year AS u_financial_year, "
            f"u.month AS u_month, u.only_provider, u.tokens, u.key_domain, {keys} "
            f"FROM ({with_values}) p JOIN units u USING (unit)"
        )
        selects = self._selects()
        kinds = _staged_kinds()
        outer = ", ".join(
            f'CAST({sql} AS {kinds[name]}) AS "{name}"' for name, sql in selects.items()
        )
        period = f"{self._year()} AS k_year, {self._month()} AS k_month_of_year"
        return Statement(
            f"SELECT {outer} FROM (SELECT *, {period} FROM ({placed}))",
            tuple(selects),
            self.pool.data_set,
        )

    def _computed(self) -> dict[str, str]:
        """Return SQL of the values that need more than a cast, by the name of their column."""
        made = {f"v{c.index}": self._cleaned_value(c) for c in self.cleaned}
        if self.number:
            number = values.digits(self.number.cell)
            made["n_big"] = f"CASE WHEN length({number}) = 10 THEN TRY_CAST({number} AS BIGINT) END"
        return made

    # -- where a line belongs ------------------------------------------------------------------

    def _keys(self) -> dict[str, str]:
        """Return SQL of the columns that decide a line's place, backed by the table's facts."""
        ended = self._date("activity_end_date") or self._date("clinical_intervention_date")
        started = self._date("activity_start_date")
        dates = [d for d in (ended, started) if d]
        happened = f"coalesce({', '.join(dates)})" if dates else "CAST(NULL AS DATE)"
        month_cell = self._mapped("month", _month_number)
        year_cell = self._mapped("financial_year", read_year)
        year_in_month = self._mapped("month", _month_year, column="month")
        keys = {
            "provider_code": self._mapped("provider_code", read_code),
            "commissioner_code": self._mapped("commissioner_code", read_code),
            "month": f"CAST({month_cell} AS INTEGER)",
            "pod_code": self._pod(),
            "happened": happened,
        }
        keys["financial_year"] = f"coalesce({year_cell}, {year_in_month})"
        for name in ("provider_code", "commissioner_code"):
            keys[name] = self._or_constant(name, keys[name])
        keys["pod_code"] = f"coalesce({keys['pod_code']}, u.pod_code)"
        return keys

    def _or_constant(self, element: str, sql: str) -> str:
        """Take the table's own fact where the cell is empty; an unreadable cell stays so."""
        cell = self._cell(element)
        return (
            f"coalesce({sql}, u.{element})"
            if cell == "NULL"
            else (f"CASE WHEN {cell} IS NULL THEN u.{element} ELSE {sql} END")
        )

    def _cell(self, element: str) -> str:
        column = self.by_element.get(element)
        return f"p.{column.cell}" if column else "NULL"

    def _mapped(
        self, element: str, read: Callable[[str], str | None], *, column: str | None = None
    ) -> str:
        """Return SQL that reads a key column through its distinct values, read once each."""
        mapped = self.by_element.get(column or element)
        if mapped is None:
            return "CAST(NULL AS VARCHAR)"
        distinct = sorted({v for p in self.profiles.values() for v in p.distinct.get(element, {})})
        meant = {raw: read(raw) for raw in distinct}
        cell = f"p.{mapped.cell}"
        if all(raw == clean for raw, clean in meant.items()):
            return cell
        branches = "".join(
            f" WHEN {quote_literal(raw)} THEN {quote_literal(clean)}"
            for raw, clean in meant.items()
            if clean is not None
        )
        return f"CASE {cell}{branches} END" if branches else "CAST(NULL AS VARCHAR)"

    def _date(self, element: str) -> str | None:
        column = self.by_element.get(element)
        return self._value(column, "p.") if column else None

    def _pod(self) -> str:
        """Return SQL of the national point of delivery: given, repaired, or from the local."""
        own = self._mapped("pod_code", read_pod)
        if "local_pod_code" not in self.by_element:
            return own
        return f"coalesce({own}, {self._mapped('local_pod_code', repair_pod)})"

    # -- values ----------------------------------------------------------------------------------

    def _value(self, column: MappedColumn, prefix: str = "") -> str:
        if column in self.cleaned:
            return f"{prefix}v{column.index}"
        return values.plain_value(kind_of(column.element), f"{prefix}{column.cell}")

    def _cleaned_value(self, column: MappedColumn) -> str:
        kind, element = kind_of(column.element), column.element
        text, bare = f"t{column.index}", f"b{column.index}"
        if kind == "boolean":
            return values.boolean_value(text)
        profiles = self.profiles.values()
        ways = sorted({way for p in profiles for way in p.date_ways.get(element, ())})
        signs = any((element, change) in p.changes for p in profiles for change in SIGN_CHANGES)
        cleaned = values.clean_value(kind, text, bare, ways=ways, signs=signs)
        plain = values.plain_value(kind, column.cell)
        return f"CASE WHEN r{column.index} IS NULL THEN {plain} ELSE {cleaned} END"

    def _selects(self) -> dict[str, str]:
        selects: dict[str, str] = {"unit": "unit", "row": "row", "data_set": "u_data_set"}
        if self.pool.traced:
            selects["origin"] = "origin"
        for column in self.pool.columns:
            element = elements()[column.element]
            if element.name in selects or element.kind == "nhs_number":
                continue
            for target in element.columns:
                earlier = selects.get(target)
                value = self._value(column)
                if element.kind == "birth_date":
                    value = values.birth_month(value)
                selects[target] = f"coalesce({earlier}, {value})" if earlier else value
        selects |= self._place()
        selects |= self._person(selects)
        self._restore_zeros(selects)
        self._take_dashes_as_nil(selects)
        if "local_pod_code" not in self.by_element and "pod_code" in self.by_element:
            # A repaired point of delivery keeps what the provider wrote.
            raw = f"upper(trim({self.by_element['pod_code'].cell}))"
            selects["local_pod_code"] = f"CASE WHEN {raw} <> k_pod_code THEN {raw} END"
        return selects | self._quarantine(selects)

    def _place(self) -> dict[str, str]:
        return {
            "provider_code": "k_provider_code",
            "commissioner_code": "k_commissioner_code",
            "financial_year": "k_year",
            "month": "k_month_of_year",
            "pod_code": "k_pod_code",
        }

    def _year(self) -> str:
        year = (
            "CASE WHEN month(k_happened) >= 4 THEN year(k_happened) ELSE year(k_happened) - 1 END"
        )
        from_date = (
            f"CASE WHEN k_happened IS NOT NULL THEN "
            f"concat({year}, '/', lpad(CAST(({year} + 1) % 100 AS VARCHAR), 2, '0')) END"
        )
        own = self.by_element.get("financial_year")
        blank = f"{own.cell} IS NULL" if own else "true"
        behind = (
            f"coalesce(u_financial_year, {from_date})"
            if own or "month" in self.by_element
            else (f"coalesce({from_date}, u_financial_year)")
        )
        return f"coalesce(k_financial_year, CASE WHEN {blank} THEN {behind} END)"

    def _month(self) -> str:
        from_date = "CAST((month(k_happened) + 8) % 12 + 1 AS INTEGER)"
        own = self.by_element.get("month")
        blank = f"{own.cell} IS NULL" if own else "true"
        return f"coalesce(k_month, CASE WHEN {blank} THEN coalesce({from_date}, u_month) END)"

    def _person(self, selects: dict[str, str]) -> dict[str, str]:
        people = [
            f"regexp_matches({selects[t]}, '{values.NHS_LIKE}')" for t in sorted(self.flagged)
        ]
        made = {name: values.without_identifiers(selects[name]) for name in sorted(self.flagged)}
        for name in IDENTIFIERS:
            tests = self._is_nhs_number(name, selects)
            if tests:
                people += tests
                made[name] = f"CASE WHEN {' OR '.join(tests)} THEN NULL ELSE {selects[name]} END"
        for name in sorted({c for p in self.profiles.values() for c in p.codes_with_people}):
            if name in selects:
                test = values.is_nhs_number(selects[name])
                people.append(test)
                made[name] = f"CASE WHEN {test} THEN NULL ELSE {selects[name]} END"
        if self.number is not None:
            made |= self._pseudonym(self.number.cell)
        found = " OR ".join(f"coalesce({test}, false)" for test in people)
        return made | {"identifiers_in_text": found or "false"}

    def _is_nhs_number(self, name: str, selects: Mapping[str, str]) -> list[str]:
        """Return SQL tests for whether an identifier is the patient's NHS number, or anybody's."""
        if name not in selects:
            return []
        tests = []
        if self.number is not None:
            tests.append(f"coalesce({selects[name]} = CAST(n_big AS VARCHAR), false)")
        holders = [unit for unit, p in self.profiles.items() if p.holds_nhs_numbers(name)]
        if holders:
            valid = values.nhs_number_is_valid(values.ten_digits(selects[name]))
            tests.append(f"{self._of_units(holders)}coalesce({valid}, false)")
        return tests

    def _of_units(self, chosen: Sequence[int]) -> str:
        """Return SQL that confines a test to some of the tables; nothing where it is of all."""
        if len(chosen) == len(self.profiles):
            return ""
        return f"unit IN ({', '.join(str(unit) for unit in sorted(chosen))}) AND "

    def _pseudonym(self, cell: str) -> dict[str, str]:
        token = (
            f"(tokens OR (length({cell}) >= 16 AND regexp_full_match({cell}, "
            f"'[0-9A-Za-z+/=_-]{{16,64}}') AND regexp_matches({cell}, '[A-Za-z]')))"
        )
        missing = (
            f"({cell} IS NULL OR {values.is_missing_word(f'trim({cell})')} OR trim({cell}) = '')"
        )
        digits = "lpad(CAST(n_big AS VARCHAR), 10, '0')"

        def one_of(absent: str, foreign: str, valid: str, other: str) -> str:
            return (
                f"CASE WHEN n_valid THEN {valid} WHEN {missing} THEN {absent} "
                f"WHEN {token} THEN {foreign} ELSE {other} END"
            )

        key = patient_key_sql(digits, self.key)
        return {
            "patient_key": one_of("NULL", f"trim({cell})", key, "NULL"),
            "patient_key_domain": one_of("NULL", "key_domain", "'local'", "NULL"),
            "nhs_number_status": one_of("'missing'", "'pseudonymised'", "'valid'", "'invalid'"),
        }

    def _restore_zeros(self, selects: dict[str, str]) -> None:
        """Restore leading zeros that a spreadsheet lost, where the code list proves them."""
        for column in self.cleaned:
            if restored := lost_zeros(column.element):
                value = selects[column.element]
                branches = " ".join(
                    f"WHEN {quote_literal(short)} THEN {quote_literal(full)}"
                    for short, full in restored.items()
                )
                selects[column.element] = f"CASE {value} {branches} ELSE {value} END"

    def _take_dashes_as_nil(self, selects: dict[str, str]) -> None:
        """Read a dash in the pounds as nought where the activity beside it is nil or blank."""
        cost, count = self.by_element.get("activity_cost"), self.by_element.get("activity_count")
        told = ("activity_cost", values.DASH_AS_NIL)
        if cost and count and any(told in p.changes for p in self.profiles.values()):
            nil = values.is_nil_dash(cost.cell, count.cell)
            value = selects["activity_cost"]
            selects["activity_cost"] = f"CASE WHEN {nil} THEN CAST(0 AS {MONEY}) ELSE {value} END"

    # -- what is no honest line ------------------------------------------------------------------

    def _quarantine(self, selects: Mapping[str, str]) -> dict[str, str]:
        """Return SQL of why a row cannot be loaded, with its column and what stood there."""
        cost = self.by_element.get("activity_cost")
        raw_cost = cost.cell if cost else "NULL"
        blank_cost = f"coalesce(trim({raw_cost}), '') = ''" if cost else "true"
        value = selects.get("activity_cost", f"CAST(NULL AS {MONEY})")
        rules = [
            ("provider_code", "k_provider_code IS NULL", "provider missing or unreadable"),
            (
                "provider_code",
                "only_provider IS NOT NULL AND k_provider_code <> only_provider",
                "another provider's row",
            ),
            (
                "commissioner_code",
                "k_commissioner_code IS NULL",
                "commissioner missing or unreadable",
            ),
            ("financial_year", "k_year IS NULL", "financial year missing or unreadable"),
            ("month", "k_month_of_year IS NULL", "month missing or unreadable"),
            ("activity_cost", f"({value}) IS NULL AND NOT {blank_cost}", "cost not readable"),
        ]
        if self.pool.data_set not in COST_FREE_DATA_SETS:
            rules.append(("activity_cost", f"({value}) IS NULL", "cost missing"))
        reasons = " ".join(f"WHEN {test} THEN {quote_literal(why)}" for _, test, why in rules)
        columns = " ".join(
            f"WHEN {test} THEN {self._header_of(element)}" for element, test, _ in rules
        )
        shown = " ".join(
            f"WHEN {test} THEN {_masked(self.by_element[element].cell)}"
            for element, test, _ in rules
            if element in self.by_element
        )
        return {
            "quarantine_reason": f"CASE {reasons} END",
            "quarantine_column": f"CASE {columns} END",
            "quarantine_value": f"CASE {shown} END" if shown else "CAST(NULL AS VARCHAR)",
        }

    def _header_of(self, element: str) -> str:
        """Return SQL of how a row's own table calls the column of an element."""
        headers = {unit: self.pool.headers[unit].get(element, element) for unit in self.profiles}
        first, *others = sorted(set(headers.values()))
        if not others:
            return quote_literal(first)
        branches = " ".join(
            f"WHEN {unit} THEN {quote_literal(header)}" for unit, header in headers.items()
        )
        return f"CASE unit {branches} END"


def _masked(cell: str) -> str:
    """Return SQL of what stood in a cell, cut to 40 characters, nothing of a person in it."""
    return (
        f"CASE WHEN length(regexp_replace({cell}, '[^0-9]', '', 'g')) >= 10 THEN '[hidden]' "
        f"ELSE left({cell}, 40) END"
    )


def _month_number(text: str) -> str | None:
    month = read_month(text)
    return str(month[0]) if month else None


def _month_year(text: str) -> str | None:
    month = read_month(text)
    return month[1] if month else None
