"""One sheet of reference data becomes a typed relation, or a list of its faults."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from comptroller.access.pseudonym import patient_key_sql
from comptroller.reference import typed
from comptroller.reference.asking import first_row
from comptroller.reference.files import Sheet, stage, year_in_name
from comptroller.reference.shapes import Column, ReferenceTable, normalise
from comptroller.warehouse import quote_identifier, quote_literal

FAULTS_SHOWN = 20

_ORDERED_PAIRS = (
    ("from_date", "to_date"),
    ("open_date", "close_date"),
    ("valid_from", "valid_to"),
    ("period_from", "period_to"),
    ("flex_date", "freeze_date"),
    ("age_from", "age_to"),
    ("quantity_from", "quantity_to"),
)
_IDENTIFYING = ("nhsnumber", "nhsno", "nhsnum")


@dataclass(frozen=True)
class Fault:
    """Something in a file that is not right, and what to do about it.

    ``row`` is the row of the file, 0 when the fault is not of one row.
    """

    where: str
    row: int
    column: str
    what: str
    remedy: str

    def __str__(self) -> str:
        """Return the fault in one line."""
        place = f"{self.where}, row {self.row}" if self.row else self.where
        subject = f"{self.column} {self.what}" if self.column else self.what
        return f"{place}: {subject}; {self.remedy}" if self.remedy else f"{place}: {subject}"


@dataclass(frozen=True)
class Reading:
    """A sheet that was read.

    Args:
        sheet: Where it came from.
        relation: Temporary table with the stored columns, ``extra`` and ``row``.
        rows: Rows of the relation.
        changed_values: Numbers rounded to eight places.
        faults: The first faults; the file is refused when there is one.
        fault_count: How many faults there are.
        notes: What the reader should know, such as columns not kept.
    """

    sheet: Sheet
    relation: str
    rows: int
    changed_values: int
    faults: tuple[Fault, ...]
    fault_count: int
    notes: tuple[str, ...]


def read_sheet(
    con: duckdb.DuckDBPyConnection, sheet: Sheet, name: str, key: bytes | None
) -> Reading:
    """Read a sheet into a temporary table ``name``, typed, with NHS numbers made pseudonyms.

    Args:
        con: The engine.
        sheet: What to read.
        name: Name for the temporary table; ``name_raw`` and ``name_cells`` are used and dropped.
        key: The workspace's pseudonym key; needed when the sheet has NHS numbers.

    Raises:
        ComptrollerError: The file cannot be read to its end.
    """
    table = sheet.table
    beyond = stage(con, sheet, f"{name}_raw")
    cells, extras, faults = _columns_of(sheet)
    faults.extend(Fault(sheet.where, 0, "", text, "put a header above it") for text in beyond[:5])
    notes = []
    if extras and table.about_people:
        listed = ", ".join(sorted(extras))
        notes.append(f"not kept, because these rows are about patients: {listed}")
        extras = {}
    kept_out = sorted(h for h in extras if any(word in normalise(h) for word in _IDENTIFYING))
    for header in kept_out:
        notes.append(f"not kept, because it may identify patients: {header}")
        del extras[header]
    _make_cells(con, table, cells, extras, name, year_in_name(sheet.path.stem))
    rules = _rules(table)
    changed = _make_typed(con, table, name, key)
    found, count = _faults(con, sheet, table, rules, name)
    faults.extend(found)
    count += len(faults) - len(found)
    rows = _collapse(con, sheet, table, name, faults) if not faults else _count(con, name)
    con.execute(f"DROP TABLE {name}_raw")
    con.execute(f"DROP TABLE {name}_cells")
    shown = tuple(faults[:FAULTS_SHOWN])
    return Reading(sheet, name, rows, changed, shown, max(count, len(faults)), tuple(notes))


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = first_row(con, f"SELECT count(*) FROM {relation}")
    return int(row[0]) if row else 0


def _columns_of(sheet: Sheet) -> tuple[dict[str, str], dict[str, str], list[Fault]]:
    """Return column name to raw cell, extra header to raw cell, and faults of the header."""
    known = sheet.table.headers()
    cells: dict[str, str] = {}
    extras: dict[str, str] = {}
    faults: list[Fault] = []
    for index, header in enumerate(sheet.header):
        name = known.get(normalise(header))
        if name is None:
            text = header.strip()
            if text:
                extras[text] = f"c{index}"
        elif name in cells:
            what = f"stands twice in the header row (as {header.strip()!r} too)"
            faults.append(Fault(sheet.where, sheet.header_row, name, what, "remove one of the two"))
        else:
            cells[name] = f"c{index}"
    return cells, extras, faults


def _make_cells(
    con: duckdb.DuckDBPyConnection,
    table: ReferenceTable,
    cells: dict[str, str],
    extras: dict[str, str],
    name: str,
    year: str,
) -> None:
    """Make ``name_cells``: the text of every declared column, defaults filled, and extras."""
    listed = ["row"]
    for column in table.columns:
        cell = cells.get(column.name)
        text = typed.text_of(cell) if cell else "CAST(NULL AS VARCHAR)"
        if column.kind == "nhs_number":
            text = typed.bare_digits(text)
        default = column.default
        if column.kind == "financial_year" and year:
            default = year
        if default:
            text = f"coalesce({text}, {quote_literal(default)})"
        listed.append(f"{text} AS {quote_identifier(column.name)}")
    listed.append(f"{_extra_sql(extras)} AS extra")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {name}_cells AS SELECT {', '.join(listed)} FROM {name}_raw"
    )


def _extra_sql(extras: dict[str, str]) -> str:
    if not extras:
        return "CAST(NULL AS VARCHAR)"
    entries = ", ".join(
        f"{{'k': {quote_literal(header)}, 'v': {typed.text_of(cell)}}}"
        for header, cell in sorted(extras.items())
    )
    kept = f"list_filter([{entries}], lambda x: x.v IS NOT NULL)"
    return f"CASE WHEN len({kept}) > 0 THEN CAST(to_json(map_from_entries({kept})) AS VARCHAR) END"


def _value(con: duckdb.DuckDBPyConnection, column: Column, name: str) -> str:
    text = f"t.{quote_identifier(column.name)}"
    day_first = column.kind == "date" and typed.is_day_first(con, f"{name}_cells", column.name)
    return typed.value_sql(column, text, day_first=day_first)


def _make_typed(
    con: duckdb.DuckDBPyConnection, table: ReferenceTable, name: str, key: bytes | None
) -> int:
    """Make the typed table ``name``; return how many numbers were rounded to eight places."""
    listed = ["t.row"]
    rounded = []
    for column in table.stored:
        value = _value(con, column, name)
        if table.person and column.name == table.person.stored:
            given = f"t.{quote_identifier(table.person.given)}"
            valid = f"({typed.nhs_number_sql(given)}) IS NOT NULL"
            made = patient_key_sql(given, key) if key else "CAST(NULL AS VARCHAR)"
            value = f"CASE WHEN {given} IS NULL THEN {value} WHEN {valid} THEN {made} END"
        if column.kind in ("decimal", "money"):
            exact = typed.exact_number(f"t.{quote_identifier(column.name)}")
            rounded.append(f"count(*) FILTER (({value}) <> {exact})")
        default = _row_default(table, column.name)
        if default:
            text = f"t.{quote_identifier(column.name)}"
            value = f"CASE WHEN {text} IS NULL THEN {default} ELSE {value} END"
        listed.append(f"CAST({value} AS {column.duckdb_type}) AS {quote_identifier(column.name)}")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS "
        f"SELECT {', '.join(listed)}, t.extra FROM {name}_cells t"
    )
    if not rounded:
        return 0
    counted = first_row(con, f"SELECT {' + '.join(rounded)} FROM {name}_cells t")
    return int(counted[0]) if counted else 0


def _row_default(table: ReferenceTable, column: str) -> str:
    """Return SQL for a default that depends on the row."""
    if (table.name, column) == ("payment_terms", "marginal_rate"):
        return (
            "CASE WHEN lower(t.element) IN ('variable', 'activity', 'pass_through', 'local') "
            "THEN 1 WHEN lower(t.element) IN ('fixed', 'block', 'lva') THEN 0 END"
        )
    return ""


def _rules(table: ReferenceTable) -> list[typed.Rule]:
    """Return what can be wrong with a row, over its cells ``t`` and its typed values ``v``."""
    rules: list[typed.Rule] = []
    person = table.person
    for column in table.columns:
        stored = person.stored if person and column.name == person.given else column.name
        text, value = f"t.{quote_identifier(column.name)}", f"v.{quote_identifier(stored)}"
        rules.extend(typed.rules_of(column, text, value))
    if person:
        none = f"t.{person.stored} IS NULL AND t.{person.given} IS NULL"
        rules.append(
            typed.Rule("", none, f"has neither {person.stored} nor {person.given}", "give one")
        )
        rules.extend(
            typed.Rule(
                column.name,
                _looks_like_nhs_number(f"t.{quote_identifier(column.name)}"),
                "holds what looks like an NHS number",
                "NHS numbers belong in a column nhs_number, where they become pseudonyms",
            )
            for column in table.stored
            if column.kind in ("text", "code")
        )
    return rules + _row_rules(table)


def _looks_like_nhs_number(text: str) -> str:
    """Return SQL: a run of ten digits, perhaps spaced 3-3-4, with a right check digit."""
    run = f"regexp_extract({text}, '(?:^|\\D)(\\d{{3}}[ -]?\\d{{3}}[ -]?\\d{{4}})(?:\\D|$)', 1)"
    valid = typed.nhs_number_sql(typed.bare_digits(run))
    return f"length({text}) >= 10 AND {run} <> '' AND ({valid}) IS NOT NULL"


def _row_rules(table: ReferenceTable) -> list[typed.Rule]:
    """Return the rules that look at several typed columns, over the alias ``v``."""
    names = {column.name for column in table.columns}
    rules = [
        typed.Rule(last, f"v.{last} < v.{first}", f"is before {first}", "change one of the two")
        for first, last in _ORDERED_PAIRS
        if {first, last} <= names
    ]
    if table.name == "payment_terms":
        rules.append(
            typed.Rule(
                "marginal_rate",
                "v.element = 'blended' AND v.marginal_rate IS NULL",
                "is empty",
                "a blended element needs its marginal rate",
            )
        )
    if table.name == "successions":
        rules.append(
            typed.Rule("to_code", "v.to_code = v.from_code", "is the same as from_code", "")
        )
    return rules


def _faults(
    con: duckdb.DuckDBPyConnection,
    sheet: Sheet,
    table: ReferenceTable,
    rules: list[typed.Rule],
    name: str,
) -> tuple[list[Fault], int]:
    """Return the first faults by row, and how many there are."""
    if not rules:
        return [], 0
    cases = ", ".join(
        f"CASE WHEN {rule.wrong} THEN {{'rule': {index}, 'shown': left({rule.shown}, 40)}} END"
        for index, rule in enumerate(rules)
    )
    source = f"{name}_cells t JOIN {name} v ON v.row = t.row"
    broken = " OR ".join(f"({rule.wrong})" for rule in rules)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {name}_faults AS "
        f"SELECT row, unnest(list_filter(found, lambda x: x IS NOT NULL)) AS fault "
        f"FROM (SELECT t.row, [{cases}] AS found FROM {source} WHERE {broken})"
    )
    count = _count(con, f"{name}_faults")
    rows = con.execute(
        f"SELECT row, fault.rule, fault.shown FROM {name}_faults "
        f"ORDER BY row, fault.rule LIMIT {FAULTS_SHOWN}"
    ).fetchall()
    con.execute(f"DROP TABLE {name}_faults")
    faults = []
    for row, index, shown in rows:
        rule = rules[index]
        what = f"{shown!r} {rule.what}" if shown is not None else rule.what
        remedy = rule.remedy
        if _is_date(table, rule.column) and shown and "/" in shown:
            remedy = "day and month cannot be told apart in this column; " + remedy
        faults.append(Fault(sheet.where, row, rule.column, what, remedy))
    return faults, count


def _is_date(table: ReferenceTable, name: str) -> bool:
    """Tell whether a table has a date column of this name."""
    return any(column.name == name and column.kind == "date" for column in table.columns)


def _collapse(
    con: duckdb.DuckDBPyConnection,
    sheet: Sheet,
    table: ReferenceTable,
    name: str,
    faults: list[Fault],
) -> int:
    """Keep one of equal rows; add a fault for each key that two rows give different values."""
    stored = [quote_identifier(column.name) for column in table.stored]
    keys = ", ".join(quote_identifier(column) for column in table.key)
    everything = ", ".join([*stored, "extra"])
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT min(row) AS row, {everything} FROM {name} "
        f"GROUP BY {everything}"
    )
    clashes = con.execute(
        f"SELECT min(row), max(row) FROM {name} GROUP BY {keys} HAVING count(*) > 1 "
        f"ORDER BY 1 LIMIT {FAULTS_SHOWN}"
    ).fetchall()
    named = ", ".join(column for column in table.key)
    for first, last in clashes:
        what = f"the row has the same {named} as row {first}, but says something else"
        faults.append(Fault(sheet.where, last, "", what, "keep one of the two rows"))
    return _count(con, name)
