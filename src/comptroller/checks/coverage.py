"""The coverage statement: which charged pounds were tested, which not, and why; per provider.

For each of the five questions every charged line (ACM, PLCM, DrPLCM, DePLCM) is in one state:

- ``tested``: at least one check of the question had it in scope and knew the verdict;
- ``missing_data``: a check had it in scope, but what it needs is missing on the line;
- ``could_not_run``: a check of its data set could not run; the reason says why;
- ``no_check``: no check of the question applies to it.

ACM repeats what the patient-level data sets say, so states are told per data set.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from comptroller.checks.compiler import MONEY, Rule
from comptroller.checks.definition import QUESTIONS
from comptroller.checks.evaluation import Ran
from comptroller.warehouse import quote_identifier, quote_literal, quote_literals

CHARGED = ("ACM", "PLCM", "DrPLCM", "DePLCM")
_REASONS_SHOWN = 3
_SLICE = "provider_code, financial_year, month, data_set"


def create_coverage(
    con: duckdb.DuckDBPyConnection, ran: list[Ran], limits: Mapping[str, str]
) -> None:
    """Create ``run_coverage``: rows and pounds per provider, month, data set, question and state.

    Args:
        con: Connection with ``checked``.
        ran: The checks of the run.
        limits: Check id to a predicate over the slice groups that it could run on.
    """
    states, reasons = [], []
    for question in QUESTIONS:
        mine = [
            item
            for item in ran
            if item.rule.check.question == question and item.rule.relation == "checked"
        ]
        states.append(f"{_state(mine, limits)} AS {question}")
        reasons.append(_reason(mine, question))
    sets = quote_literals(CHARGED)
    unpivoted = " UNION ALL ".join(
        f"SELECT {_SLICE}, '{question}' AS question, {question} AS state, "
        f"{reason} AS reason, n, cost FROM counted"
        for question, reason in zip(QUESTIONS, reasons, strict=True)
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE run_coverage AS
        WITH counted AS (
            SELECT {_SLICE}, {", ".join(states)}, count(*) AS n,
                coalesce(sum(activity_cost), 0) AS cost
            FROM checked WHERE data_set IN ({sets}) GROUP BY ALL
        ), told AS ({unpivoted})
        SELECT {_SLICE}, question, state, reason,
            CAST(sum(n) AS BIGINT) AS "rows", CAST(sum(cost) AS {MONEY}) AS cost
        FROM told GROUP BY ALL ORDER BY ALL
        """
    )


def _state(items: list[Ran], limits: Mapping[str, str]) -> str:
    """Return the state of a line for one question, as DuckDB text."""
    # Data sets of which some check tests every line need no look at any line.
    whole = {
        name
        for item in items
        if not item.could_not_run and _tests_all(item.rule, limits)
        for name in item.rule.check.data_sets
    }
    tested = [_of(whole)] if whole else []
    unknown, stopped = [], []
    for item in items:
        rest = set(item.rule.check.data_sets) - whole
        if not rest:
            continue
        applies = _of(rest)
        if item.could_not_run:
            stopped.append(applies)
            continue
        limit = limits.get(item.rule.check.id)
        if limit:
            stopped.append(f"({applies} AND NOT ({limit}))")
            applies = f"{applies} AND {limit}"
        if item.rule.excluded != "FALSE":
            applies += f" AND NOT {item.rule.excluded}"
        known, scope = _known(item.rule), item.rule.scope
        inside = "" if scope.literal else f" AND {scope.duckdb}"
        sure = "" if known == "TRUE" else f" AND {known}"
        tested.append(f"({applies}{inside}{sure})")
        if not (scope.never_null and known == "TRUE"):
            perhaps = inside if scope.never_null else f" AND ({scope.duckdb}) IS NOT FALSE"
            unknown.append(f"({applies}{perhaps})")
    # The cheapest first: a line that one check tested needs no second look.
    tested.sort(key=len)
    whens = [
        f"WHEN {' OR '.join(conditions)} THEN '{state}'"
        for state, conditions in (
            ("tested", tested),
            ("missing_data", unknown),
            ("could_not_run", stopped),
        )
        if conditions
    ]
    return f"CASE {' '.join(whens)} ELSE 'no_check' END" if whens else "'no_check'"


def _tests_all(rule: Rule, limits: Mapping[str, str]) -> bool:
    return (
        rule.scope.literal
        and rule.excluded == "FALSE"
        and rule.check.id not in limits
        and _known(rule) == "TRUE"
    )


def _of(data_sets: set[str]) -> str:
    return f"data_set IN ({quote_literals(sorted(data_sets))})"


def _known(rule: Rule) -> str:
    if rule.check.type == "group":
        keys = [k for k in rule.check.group_by if k not in rule.present]
        return " AND ".join(f"{quote_identifier(key)} IS NOT NULL" for key in keys) or "TRUE"
    if rule.wrong.never_null:
        return "TRUE"
    return f"({rule.wrong.duckdb}) IS NOT NULL"


def _reason(items: list[Ran], question: str) -> str:
    found = list(dict.fromkeys(item.could_not_run for item in items if item.could_not_run))
    told = "; ".join(found[:_REASONS_SHOWN])
    if len(found) > _REASONS_SHOWN:
        told += f"; and {len(found) - _REASONS_SHOWN} more"
    told = told or "a data set is missing for the month"
    return (
        f"CASE {question} WHEN 'tested' THEN '' "
        "WHEN 'missing_data' THEN 'what the checks need is missing on the line' "
        f"WHEN 'could_not_run' THEN {quote_literal(told)} "
        "ELSE 'no check of this question applies' END"
    )


def ordered_coverage(run_id: str) -> str:
    """Return the query that writes the run's coverage, in its fixed order."""
    return f"SELECT {quote_literal(run_id)} AS run_id, * FROM run_coverage ORDER BY ALL"
