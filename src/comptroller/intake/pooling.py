"""Tables that are read alike are read together: one profile and one statement for all of them.

Small tables of one data set share a relation with a column for each element, whatever their own
columns are called and wherever they stand: to plan a statement costs more than to read a few
thousand rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from comptroller.intake.fill_down import FILLED_DOWN, told_of
from comptroller.intake.incoming import IncomingFile, IncomingPart, facts_of
from comptroller.intake.normalise import UNIT_COLUMNS, Pool
from comptroller.intake.organisations import read_code
from comptroller.intake.profile import UnitProfile, profile
from comptroller.intake.recognise import SUS_DATA_SETS
from comptroller.intake.report import Message, counted
from comptroller.intake.source import MappedColumn
from comptroller.intake.surroundings import Surroundings
from comptroller.intake.values import DECIMAL_COMMA
from comptroller.warehouse import register, side_by_side

_ROWS_OF_ITS_OWN = 200_000
_ROWS_TO_SHARE = 20_000
"""Up to here a table is read with others of its data set; above, only with those just like it."""

_IN_ORDER = ("activity_start_date", "activity_end_date", "clinical_intervention_date")
"""Elements that fill the same column of a line: the first in the table's order goes before."""

_ALIKE = ("financial_year", "month", "pod_code", "local_pod_code", "nhs_number")
"""Elements of which it matters whether a table has them at all, be they blank in a row."""
_DEFAULT_PODS = {"DrPLCM": "DRUG", "DePLCM": "DEVICE"}
_PSEUDONYM_WORDS = ("pseudo", "sk patient", "patient key", "token", "derived")


@dataclass
class Pooled:
    """All tables of a load that become lines, with what is known of each.

    Attributes:
        pools: The groups of equal tables.
        profiles: What the values of each unit look like.
        places: Unit to its file and part.
    """

    pools: list[Pool] = field(default_factory=list)
    profiles: dict[int, UnitProfile] = field(default_factory=dict)
    places: dict[int, tuple[IncomingFile, IncomingPart]] = field(default_factory=dict)
    facts: dict[int, dict[str, Any]] = field(default_factory=dict)


def pool_parts(con: duckdb.DuckDBPyConnection, files: Sequence[IncomingFile]) -> Pooled:
    """Give numbers to and group the parts that have a data set, and look at their values."""
    pooled = Pooled()
    groups: dict[tuple[object, ...], list[int]] = {}
    for file in files:
        for part in file.parts:
            if not _readable(part):
                continue
            unit = part.unit = len(pooled.places)
            pooled.places[unit] = (file, part)
            groups.setdefault(_likeness(part), []).append(unit)
    # The longest first, so that no processor is left with it at the end.
    by_size = sorted(
        groups.values(), key=lambda units: -sum(pooled.places[u][1].table.data_rows for u in units)
    )
    for number, units in enumerate(by_size):
        _, first = pooled.places[units[0]]
        used = {unit: pooled.places[unit][1].recognised.mapping.used for unit in units}
        pool = Pool(
            relation=f"pool_{number}",
            columns=_together(list(used.values())),
            data_set=first.recognised.data_set,
            units=tuple(units),
            headers={
                unit: {c.element: c.header for c in columns} for unit, columns in used.items()
            },
            traced=first.table.traced,
        )
        pooled.pools.append(pool)

    def look(cursor: duckdb.DuckDBPyConnection, pool: Pool) -> dict[int, UnitProfile]:
        _fill(cursor, pool, pooled)
        return profile(cursor, pool.relation, pool.columns, pool.units)

    for profiles in side_by_side(con, look, pooled.pools):
        pooled.profiles |= profiles
    return pooled


def _likeness(part: IncomingPart) -> tuple[object, ...]:
    """Return what tables have in common that are read by one statement."""
    used, table = part.recognised.mapping.used, part.table
    elements = [c.element for c in used]
    alike = (part.recognised.data_set, table.traced)
    if table.data_rows > _ROWS_OF_ITS_OWN:
        return (*alike, part.unit)
    if table.data_rows > _ROWS_TO_SHARE or len(set(elements)) < len(elements):
        return (*alike, tuple((c.index, c.element) for c in used))
    return (
        *alike,
        tuple(name in elements for name in _ALIKE),
        tuple(name for name in elements if name in _IN_ORDER),
    )


def _together(used: Sequence[tuple[MappedColumn, ...]]) -> tuple[MappedColumn, ...]:
    """Return the columns of several tables as one row of columns, each element once.

    Tables that are arranged alike keep their columns where they are.
    """
    if all(
        [(c.index, c.element) for c in one] == [(c.index, c.element) for c in used[0]]
        for one in used
    ):
        return used[0]
    elements = dict.fromkeys(column.element for one in used for column in one)
    return tuple(
        MappedColumn(index, element, element, 1.0, "together")
        for index, element in enumerate(elements)
    )


def _readable(part: IncomingPart) -> bool:
    """Tell whether the rows can be read as lines at all, though the file may be held."""
    names = {c.element for c in part.recognised.mapping.used}
    return bool(part.recognised.data_set) and bool(names)


def _fill(con: duckdb.DuckDBPyConnection, pool: Pool, pooled: Pooled) -> None:
    selects = []
    for unit in pool.units:
        part = pooled.places[unit][1]
        own = {c.element: c.cell for c in part.recognised.mapping.used}
        cells = ", ".join(
            f"{own.get(c.element, 'CAST(NULL AS VARCHAR)')} AS {c.cell}" for c in pool.columns
        )
        if pool.traced:
            cells = f"origin, {cells}"
        selects.append(
            f"SELECT CAST({unit} AS INTEGER) AS unit, row, {cells} FROM {part.table.relation}"
        )
    con.execute(f"CREATE {pool.kept_as} {pool.relation} AS {' UNION ALL '.join(selects)}")


def judge(pooled: Pooled, around: Surroundings) -> None:
    """Hold files whose values contradict what they were taken for; fill the facts of each unit."""
    for unit, (file, part) in pooled.places.items():
        one = pooled.profiles[unit]
        _judge_values(file, part, one)
        _judge_blanks(file, part, one)
        facts: dict[str, Any] = {
            "unit": unit,
            "data_set": part.recognised.data_set,
            "submission_id": file.report.submission_id,
            "part": part.table.part,
            "sheet": part.table.sheet or None,
        }
        constants = dict(facts_of(part))
        facts["only_provider"] = _judge_provider(file, part, one, constants, around)
        for name in ("provider_code", "commissioner_code", "financial_year"):
            facts[name] = constants.get(name)
        facts["month"] = int(constants["month"]) if constants.get("month") else None
        facts["pod_code"] = constants.get("pod_code") or _DEFAULT_PODS.get(part.recognised.data_set)
        number = part.recognised.mapping.element("nhs_number")
        named = number is not None and any(w in number.header.lower() for w in _PSEUDONYM_WORDS)
        facts["tokens"] = bool(one.pseudonymised or (named and one.ten_digits < one.identifiers))
        facts["key_domain"] = constants.get("patient_key_domain") or "unnamed"
        pooled.facts[unit] = facts


def _judge_values(file: IncomingFile, part: IncomingPart, one: UnitProfile) -> None:
    sheet = part.table.sheet
    headers = {c.element: c.header for c in part.recognised.mapping.used}
    for index, count in part.table.filled:
        column = part.recognised.mapping.columns[index]
        file.report.changes.append(
            {
                "sheet": sheet,
                "column": column.header,
                "element": column.element,
                "kind": FILLED_DOWN,
                "values": count,
            }
        )
    for (element, kind), count in sorted(one.changes.items()):
        file.report.changes.append(
            {
                "sheet": sheet,
                "column": headers.get(element, element),
                "element": element,
                "kind": kind,
                "values": count,
            }
        )
        if kind != "unreadable" or not one.rows:
            continue
        share = count / one.rows
        if element == "activity_cost" and share > 0.5:
            commas = one.changes.get((element, DECIMAL_COMMA), 0)
            written = (
                f": {commas:,} are written with a decimal comma, as 1.234,56, which is never "
                "guessed; have them sent as 1,234.56"
            )
            file.hold(
                f"most values of {headers[element]!r} are no pounds{written if commas else ''}",
                sheet=sheet,
                column=headers[element],
            )
        elif element not in (
            "activity_cost",
            "month",
            "financial_year",
            "provider_code",
            "commissioner_code",
        ):
            part.report.messages.append(
                Message(
                    "warning",
                    f"{counted(count, 'value')} could not be read as {element} and left empty",
                    sheet,
                    None,
                    headers[element],
                )
            )
    for element in sorted(one.assumed):
        part.report.messages.append(
            Message(
                "note",
                "nothing proves whether days come before months; taken as UK dates",
                sheet,
                None,
                headers[element],
            )
        )


def _judge_blanks(file: IncomingFile, part: IncomingPart, one: UnitProfile) -> None:
    """Tell of labels with blanks below, unless a person has said what those mean."""
    for blank in part.table.blanks:
        column = part.recognised.mapping.columns[blank.index]
        if sum(one.distinct.get(column.element, {}).values()) >= one.rows:
            continue
        text = told_of(blank, column.header, column.element, file.report.submission_id)
        if blank.is_doubtful:
            file.hold(text, sheet=part.table.sheet)
        else:
            part.report.messages.append(
                Message("warning", text, part.table.sheet, None, column.header)
            )


def main_provider(part: IncomingPart, one: UnitProfile) -> str:
    """Return the provider whose table it is: the one that it names, or that most rows have."""
    told = part.recognised.constants.get("provider_code", ("", ""))[0]
    counts = _providers(one)
    if not counts or told in counts:
        return told
    return max(counts, key=lambda code: (counts[code], code))


def _providers(one: UnitProfile) -> dict[str, int]:
    """Return how many rows each provider has."""
    counts: dict[str, int] = {}
    for raw, count in one.distinct.get("provider_code", {}).items():
        code = read_code(raw)
        if code:
            counts[code] = counts.get(code, 0) + count
    return counts


def _judge_provider(
    file: IncomingFile,
    part: IncomingPart,
    one: UnitProfile,
    constants: dict[str, str],
    around: Surroundings,
) -> str | None:
    """Hold files of several or of another provider; return the only provider a file may hold."""
    counts = _providers(one)
    if not counts:
        return None
    if part.recognised.data_set in SUS_DATA_SETS:
        return None
    main = max(counts, key=lambda code: (counts[code], code))
    told, place = part.recognised.constants.get("provider_code", ("", ""))
    if told and told not in counts and not around.same_provider(told, main):
        file.hold(
            f"the {place} says provider {told}, but the rows are of {main}", sheet=part.table.sheet
        )
    if told in counts:
        main = told
    others = {
        code: count
        for code, count in counts.items()
        if code != main and not around.same_provider(code, main)
    }
    if not others:
        return None if len(counts) > 1 else main
    share = sum(others.values()) / sum(counts.values())
    listed = ", ".join(
        f"{code} ({counted(count, 'row')})" for code, count in sorted(others.items())
    )
    if share > around.rules.other_provider_share:
        file.hold(
            f"rows of several providers in one file: {main} and {listed}", sheet=part.table.sheet
        )
        return None
    return main


def register_units(con: duckdb.DuckDBPyConnection, pooled: Pooled) -> None:
    """Fill the table ``units`` with the facts of each table."""
    if not pooled.facts:
        return
    kinds = {"INTEGER": pa.int32(), "VARCHAR": pa.string(), "BOOLEAN": pa.bool_()}
    rows = list(pooled.facts.values())
    data = pa.table(
        {
            name: pa.array([row.get(name) for row in rows], type=kinds[kind])
            for name, kind in UNIT_COLUMNS.items()
        }
    )
    register(con, "units_arrow", data)
    con.execute("INSERT INTO units BY NAME SELECT * FROM units_arrow")
    con.unregister("units_arrow")
