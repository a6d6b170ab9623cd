"""Examples of checks run on the real, compiled predicates in DuckDB.

Each example's rows become a small ``checked`` (or ``slice_facts``) of their own, the check runs
over it exactly as over lines, and what it flags is compared with what the example says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

import duckdb

from comptroller.checks.compiler import ORDER_COLUMNS, Rule, compile_rules
from comptroller.checks.definition import Check, Example, Exclusion, Scalar
from comptroller.checks.evaluation import create_tables, run_rules
from comptroller.checks.expressions import Parameter
from comptroller.checks.language import atoms, parse
from comptroller.checks.macros import Type
from comptroller.checks.schema import Schema
from comptroller.warehouse import connect, quote_identifier

_TYPES: Mapping[Type, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(26,8)",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
}
_ALWAYS = (
    *("data_set", "provider_code", "commissioner_code", "financial_year", "month"),
    *("submission_id", "slice_version_id", "event_key", "activity_cost", *ORDER_COLUMNS),
)


@dataclass(frozen=True)
class Failure:
    """An example that did not come out as written."""

    check_id: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.check_id}: {self.text}"


@dataclass(frozen=True)
class Outcome:
    """What a check made of an example's rows.

    Attributes:
        flagged: Row numbers from 1 that have a finding.
        unknown: How many rows were of unknown verdict.
        value: Pounds of all findings.
    """

    flagged: tuple[int, ...]
    unknown: int
    value: Decimal


def run_examples(
    checks: Iterable[Check], exclusions: Mapping[str, Exclusion], schema: Schema
) -> list[Failure]:
    """Run every example of every check and return those that fail.

    Args:
        checks: Checks whose rules compile.
        exclusions: The shared sets.
        schema: The columns there are.
    """
    con = connect(memory_limit="500MB", threads=1)
    failures: list[Failure] = []
    for check in checks:
        for example in check.examples:
            text = _judge(con, check, example, exclusions, schema)
            if text:
                failures.append(Failure(check.id, str(example.place), text))
    return failures


def undecided_atoms(
    checks: Iterable[Check], exclusions: Mapping[str, Exclusion], schema: Schema
) -> list[Failure]:
    """Return the atoms of predicates that decide no example: turn one round and nothing changes."""
    con = connect(memory_limit="500MB", threads=1)
    found: list[Failure] = []
    for check in checks:
        tree = parse(check.wrong_when)
        parts = atoms(tree)
        for number, part in enumerate(parts):
            changed = False
            for example in check.examples:
                plain = outcome_of(con, check, example, exclusions, schema)
                turned = outcome_of(con, check, example, exclusions, schema, negate=number)
                if isinstance(plain, Outcome) and plain != turned:
                    changed = True
                    break
            if not changed:
                found.append(
                    Failure(
                        check.id,
                        str(check.place_of("wrong_when")),
                        f"no example hangs on '{part.sql(dialect='duckdb')}'",
                    )
                )
    return found


def _judge(
    con: duckdb.DuckDBPyConnection,
    check: Check,
    example: Example,
    exclusions: Mapping[str, Exclusion],
    schema: Schema,
) -> str:
    outcome = outcome_of(con, check, example, exclusions, schema)
    if isinstance(outcome, str):
        return outcome
    flags = outcome.flagged
    shown = ", ".join(str(number) for number in flags) or "none"
    if example.flags is not None and flags != tuple(sorted(example.flags)):
        wanted = ", ".join(str(number) for number in sorted(example.flags)) or "none"
        return f"rows flagged: {shown}; the example says: {wanted}"
    if example.kind == "wrong" and not flags:
        return "the example is wrong, but nothing was flagged"
    if example.kind == "right" and flags:
        return f"the example is right, but these rows were flagged: {shown}"
    if example.kind == "missing":
        if not outcome.unknown:
            return "something is missing in the example, but the verdict is known"
        if check.on_missing == "flag" and not flags:
            return "on_missing is flag, but nothing was flagged"
        if check.on_missing != "flag" and flags:
            return f"on_missing is {check.on_missing}, but these rows were flagged: {shown}"
    if example.value is not None and outcome.value != example.value:
        return f"worth £{outcome.value:f}; the example says £{example.value:f}"
    return ""


def outcome_of(
    con: duckdb.DuckDBPyConnection,
    check: Check,
    example: Example,
    exclusions: Mapping[str, Exclusion],
    schema: Schema,
    *,
    negate: int | None = None,
) -> Outcome | str:
    """Return what a check makes of an example, or why the example cannot be run."""
    parameters = {
        name: Parameter(example.parameters.get(name, value))
        for name, value in check.parameters.items()
    }
    rules, faults = compile_rules(
        [check], exclusions, schema, {check.id: parameters}, negate=negate
    )
    if faults:
        return str(faults[0])
    rule = rules[check.id]
    problem = _write_rows(con, rule, example, schema)
    if problem:
        return problem
    create_tables(con)
    (ran,) = run_rules(con, [replace_columns(rule, schema)])
    if ran.could_not_run:
        return ran.could_not_run
    hits = con.execute("SELECT line_no + 1, gross FROM hits ORDER BY 1").fetchall()
    unknown = con.execute("SELECT coalesce(sum(unknown_rows), 0) FROM unknown_counts").fetchone()
    return Outcome(
        tuple(int(row[0]) for row in hits),
        int(unknown[0]) if unknown else 0,
        sum((row[1] for row in hits), Decimal(0)).normalize() + Decimal(0),
    )


def replace_columns(rule: Rule, schema: Schema) -> Rule:
    """Return the rule with the columns of its relation that exist, for tables made small."""
    return replace(rule, columns=rule.columns & set(schema.columns(rule.check.type)))


def _write_rows(
    con: duckdb.DuckDBPyConnection, rule: Rule, example: Example, schema: Schema
) -> str:
    """Create the relation with the example's rows; return what is wrong with them, or nothing."""
    available = schema.columns(rule.check.type)
    columns = [
        name for name in dict.fromkeys([*_ALWAYS, *sorted(rule.columns)]) if name in available
    ]
    rows = []
    for number, given in enumerate(example.rows, start=1):
        unknown = [name for name in given if name not in available]
        if unknown:
            return f"there is no column '{unknown[0]}'"
        columns += [name for name in given if name not in columns]
        rows.append({**_defaults(rule.check, number, available), **given})
    types = {name: _TYPES[available[name]] for name in columns}
    declared = ", ".join(f"{quote_identifier(n)} {kind}" for n, kind in types.items())
    con.execute(f"DROP TABLE IF EXISTS {rule.relation}")
    con.execute(f"CREATE TABLE {rule.relation} ({declared}, slice_no INTEGER)")
    for row in rows:
        values = []
        for name in columns:
            value, problem = _converted(name, row.get(name), available[name])
            if problem:
                return problem
            values.append(value)
        marks = ", ".join("?" for _ in columns)
        con.execute(f"INSERT INTO {rule.relation} VALUES ({marks}, 1)", values)
    return ""


def _defaults(check: Check, number: int, available: Mapping[str, Type]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "data_set": check.data_sets[0] if check.data_sets else "PLCM",
        "provider_code": "RZZ",
        "financial_year": "2025/26",
        "month": 1,
        "line_id": f"example-{number}",
        "event_key": f"example-{number}",
        "submission_id": "example",
        "slice_version_id": "example",
        "row": number,
    }
    return {name: value for name, value in values.items() if name in available}


def _converted(name: str, value: Scalar | None, kind: Type) -> tuple[Any, str]:
    """Return an example's value as the column's type, or why it is not one."""
    if value is None:
        return None, ""
    problem = f"the column '{name}' takes {kind}, not {value!r}"
    try:
        if kind == "text":
            return (value, "") if isinstance(value, str) else (None, problem)
        if kind == "boolean":
            return (value, "") if isinstance(value, bool) else (None, problem)
        if isinstance(value, bool):
            return None, problem
        if kind == "integer":
            return (value, "") if isinstance(value, int) else (None, problem)
        if kind == "decimal":
            return (Decimal(str(value)), "")
        if kind == "date":
            if isinstance(value, dt.datetime):
                return None, problem
            return (value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))), ""
        return (
            value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
        ), ""
    except (ValueError, InvalidOperation):
        return None, problem
