"""Rules run over lines: one insert per check into ``hits``, one into ``unknown_counts``.

Everything here is SQL over native tables on the caller's connection; what leaves it are counts.

Tables made (those that rules fill are seen by cursors; ``slice_numbers`` is temporary):

- ``hits``: one row per finding of this run before overlap: number of the check, row of ``checked``
  or ``slice_facts`` (for a group's finding: of the line kept), pounds, message, evidence (JSON),
  line_ids of related lines.
- ``shares``: for findings on a whole group, which line carries how many of its pounds.
- ``slice_numbers``: a number for each slice group (data set, provider, year, month), which both
  relations then carry as ``slice_no``: grouping by one number is many times faster than by names.
- ``scope_counts``: per distinct scope and slice number: lines in scope with their pounds; checks
  with the same scope are counted once.
- ``check_scopes``: which scope each check has.
- ``unknown_counts``: per check and slice number: lines of unknown verdict with their pounds.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock

import duckdb

from comptroller.checks.compiler import MONEY, ORDER_COLUMNS, OVERRIDE_COLUMNS, Rule, to_the_penny
from comptroller.errors import ComptrollerError
from comptroller.warehouse import quote_identifier, quote_literals

SLICE_GROUP = ("data_set", "provider_code", "financial_year", "month")
_RELATED_SHOWN = 20

_KEEP_ORDER: Mapping[str, str] = {
    "dearest": '"activity_cost" DESC NULLS LAST',
    "cheapest": '"activity_cost" ASC NULLS LAST',
    "earliest": '"financial_year", "month", "activity_start_date" NULLS LAST',
    "latest": '"financial_year" DESC, "month" DESC, "activity_start_date" DESC NULLS LAST',
    "first": '"financial_year", "month", "row"',
    "majority": '"activity_cost" DESC NULLS LAST',
    "none": '"activity_cost" DESC NULLS LAST',
}
_TIES = '"financial_year", "month", "activity_start_date" NULLS LAST, "row", "line_id"'


@dataclass(frozen=True)
class Ran:
    """One check of a run: its number in the tables, how long it took, and why it could not run."""

    number: int
    rule: Rule
    seconds: float = 0.0
    could_not_run: str = ""


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create the empty tables that `run_rules` fills."""
    con.execute(
        f"""
        CREATE OR REPLACE TABLE hits (check_no SMALLINT, line_no BIGINT, gross {MONEY},
            message VARCHAR, evidence VARCHAR, related VARCHAR);
        CREATE OR REPLACE TABLE shares (check_no SMALLINT, anchor_no BIGINT, line_no BIGINT,
            gross {MONEY});
        CREATE OR REPLACE TABLE scope_counts (scope_no SMALLINT, slice_no INTEGER,
            scope_rows BIGINT, scope_cost DECIMAL(38,8));
        CREATE OR REPLACE TABLE check_scopes (check_no SMALLINT, scope_no SMALLINT);
        CREATE OR REPLACE TABLE unknown_counts (check_no SMALLINT, slice_no INTEGER,
            unknown_rows BIGINT, unknown_cost DECIMAL(38,8));
        """
    )


def number_slices(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``slice_numbers`` and give both relations their ``slice_no``."""
    names = ", ".join(SLICE_GROUP)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE slice_numbers AS
        SELECT CAST(row_number() OVER () AS INTEGER) AS slice_no, * FROM (
            SELECT {names} FROM checked UNION SELECT {names} FROM slice_facts ORDER BY ALL)
        """
    )
    for relation in ("checked", "slice_facts"):
        same = " AND ".join(f"n.{n} IS NOT DISTINCT FROM {relation}.{n}" for n in SLICE_GROUP)
        con.execute(f"ALTER TABLE {relation} ADD COLUMN IF NOT EXISTS slice_no INTEGER")
        con.execute(
            f"UPDATE {relation} SET slice_no = n.slice_no FROM slice_numbers AS n WHERE {same}"
        )


def columns_needed(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the columns of ``checked`` that these rules read."""
    found: set[str] = {*ORDER_COLUMNS, *SLICE_GROUP, "activity_cost"}
    for rule in rules:
        if rule.relation == "checked":
            found |= rule.columns
    return frozenset(found)


def run_rules(
    con: duckdb.DuckDBPyConnection,
    rules: Iterable[Rule],
    *,
    could_not_run: Mapping[str, str] | None = None,
    limits: Mapping[str, str] | None = None,
    progress: Iterable[None] | None = None,
    beside: Sequence[duckdb.DuckDBPyConnection] = (),
) -> list[Ran]:
    """Run every rule over ``checked`` and ``slice_facts`` and fill the tables of this module.

    Args:
        con: Connection with the two relations as tables and the tables of `create_tables`.
        rules: The rules, in the order of their ids.
        could_not_run: Check id to the reason why it cannot run at all.
        limits: Check id to a predicate over slice groups that it can run on.
        progress: Anything that is stepped once per check.
        beside: Cursors of the connection (`warehouse.cursors`), each of which runs a rule at a
            time; without any the connection runs all.

    A rule that fails inside the engine becomes "could not run" with the engine's words; the others
    go on.
    """
    steps = iter(progress) if progress is not None else None
    scopes = _Scopes()
    hands: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
    for hand in beside or (con,):
        hands.put(hand)

    def one(numbered: tuple[int, Rule]) -> Ran:
        number, rule = numbered
        hand = hands.get()
        try:
            reason = (could_not_run or {}).get(rule.check.id, "")
            started = time.perf_counter()
            limit = (limits or {}).get(rule.check.id, "")
            reason = reason or _run(hand, number, rule, limit)
            reason = _count_scope(hand, number, rule, scopes) or reason
            return Ran(number, rule, time.perf_counter() - started, reason)
        finally:
            hands.put(hand)

    def stepped(ran: Ran) -> Ran:
        if steps is not None:
            next(steps, None)
        return ran

    numbered = enumerate(rules, start=1)
    if len(beside) < 2:
        return [stepped(one(item)) for item in numbered]
    with ThreadPoolExecutor(len(beside)) as pool:
        return [stepped(ran) for ran in pool.map(one, numbered)]


class _Scopes:
    """The scopes that were counted, each once, with their numbers."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._lock = Lock()

    def number(self, looked_at: tuple[str, str]) -> tuple[int, bool]:
        """Return a scope's number, and whether it is new."""
        with self._lock:
            known = self._numbers.get(looked_at)
            number = self._numbers.setdefault(looked_at, len(self._numbers) + 1)
            return number, known is None


def _run(con: duckdb.DuckDBPyConnection, number: int, rule: Rule, limit: str) -> str:
    con.execute("BEGIN")
    try:
        for statement in statements(number, rule, limit):
            con.execute(statement)
    except duckdb.Error as error:
        con.execute("ROLLBACK")
        return f"the engine refused it: {str(error).splitlines()[0]}"
    con.execute("COMMIT")
    return ""


def _count_scope(con: duckdb.DuckDBPyConnection, number: int, rule: Rule, scopes: _Scopes) -> str:
    """Count the lines in a check's scope, for checks that could not run too: what is untested."""
    looked_at = (rule.relation, _in_scope(rule, _where(rule, "")))
    scope_no, is_new = scopes.number(looked_at)
    if is_new:
        try:
            con.execute(_scope_counts(scope_no, *looked_at))
        except duckdb.Error as error:
            return f"the engine refused it: {str(error).splitlines()[0]}"
    con.execute(f"INSERT INTO check_scopes VALUES ({number}, {scope_no})")
    return ""


def statements(number: int, rule: Rule, limit: str = "") -> list[str]:
    """Return the DuckDB statements of one rule: its hits, then its lines of unknown verdict."""
    where = _where(rule, limit)
    if rule.check.type == "group":
        return [*_group_statements(number, rule, where), *_group_unknown(number, rule, where)]
    return [_row_hits(number, rule, where), *_row_unknown(number, rule, where)]


def _scope_counts(scope_no: int, relation: str, in_scope: str) -> str:
    return (
        f"INSERT INTO scope_counts SELECT {scope_no}, slice_no, count(*), "
        f"coalesce(sum(activity_cost), 0) FROM {relation} WHERE {in_scope} GROUP BY ALL"
    )


def _in_scope(rule: Rule, where: str) -> str:
    """Return the lines that a check counts: in scope, or perhaps in scope."""
    if rule.scope.literal:
        return where
    if rule.scope.never_null:
        return f"{where} AND {rule.scope.duckdb}"
    return f"{where} AND ({rule.scope.duckdb}) IS NOT FALSE"


def _where(rule: Rule, limit: str) -> str:
    """Return the lines a check looks at, before its scope."""
    sets = quote_literals(rule.check.data_sets)
    parts = [f'"data_set" IN ({sets})']
    if rule.excluded != "FALSE":
        parts.append(f"NOT {rule.excluded}")
    if limit:
        parts.append(limit)
    return " AND ".join(parts)


def _flagged(rule: Rule) -> str:
    if rule.check.on_missing == "flag":
        return f"coalesce({rule.verdict}, TRUE)"
    return rule.verdict


def _worth(rule: Rule, gross: str) -> str:
    """Return the condition under which pounds are worth a finding, or nothing."""
    parts = []
    if rule.check.tolerance > 0:
        parts.append(f"abs({gross}) > CAST('{rule.check.tolerance}' AS {MONEY})")
    if rule.check.minimum_value > 0:
        parts.append(f"abs({gross}) >= CAST('{rule.check.minimum_value}' AS {MONEY})")
    return "".join(f" AND {part}" for part in parts)


def _related(rule: Rule) -> str:
    if not rule.check.related_lines:
        return "NULL"
    columns = ", ".join(
        f"CAST({quote_identifier(name)} AS VARCHAR)" for name in rule.check.related_lines
    )
    return f"nullif(concat_ws(' ', {columns}), '')"


# -- row and total checks ----------------------------------------------------------------------


def _row_hits(number: int, rule: Rule, where: str) -> str:
    return (
        f"INSERT INTO hits SELECT {number}, rowid, {rule.gross}, {rule.message}, {rule.evidence}, "
        f"{_related(rule)} FROM {rule.relation} "
        f"WHERE {where} AND {_flagged(rule)}{_worth(rule, rule.gross)}"
    )


def _row_unknown(number: int, rule: Rule, where: str) -> list[str]:
    if rule.scope.never_null and rule.wrong.never_null:
        return []
    return [
        f"INSERT INTO unknown_counts SELECT {number}, slice_no, count(*), "
        f"coalesce(sum(activity_cost), 0) FROM {rule.relation} "
        f"WHERE {where} AND ({rule.verdict}) IS NULL GROUP BY ALL"
    ]


# -- group checks ------------------------------------------------------------------------------


def _group_ctes(rule: Rule, where: str) -> str:
    """Return the common part: members, complete members, groups with their verdict."""
    check = rule.check
    keys = ", ".join(quote_identifier(key) for key in check.group_by)
    known = " AND ".join(f"{quote_identifier(key)} IS NOT NULL" for key in check.group_by)
    aggregates = "".join(
        f", {item.duckdb} AS {quote_identifier(name)}" for name, item in rule.aggregates.items()
    )
    for name in OVERRIDE_COLUMNS:
        # An override of a parameter by contract and date reads these of the group's first line.
        if name in rule.columns and name not in check.group_by:
            aggregates += f", min({quote_identifier(name)}) AS {quote_identifier(name)}"
    needed = sorted({*rule.columns, *ORDER_COLUMNS, "slice_no", "activity_cost"})
    columns = ", ".join(quote_identifier(name) for name in needed)
    return f"""
        WITH members AS (
            SELECT rowid AS line_no, {columns}, ({rule.scope.duckdb}) AS in_scope
            FROM checked WHERE {where} AND ({rule.scope.duckdb}) IS NOT FALSE
        ), complete AS (
            SELECT * FROM members WHERE in_scope AND {known}
        ), grouped AS (
            SELECT {keys}{aggregates} FROM complete GROUP BY {keys}
        ), judged AS (
            SELECT *, {rule.wrong.duckdb} AS is_wrong FROM grouped
        )"""


def _placed(rule: Rule) -> str:
    """Return the CTE of every line of wrong groups: its place, whether it is kept, its fellows."""
    check = rule.check
    keys = [quote_identifier(key) for key in check.group_by]
    joined = " AND ".join(f"c.{key} = j.{key}" for key in keys)
    partition = ", ".join(f"c.{key}" for key in keys)
    aggregates = "".join(f", j.{quote_identifier(name)}" for name in rule.aggregates)
    first, kept = "", "place = 1"
    if check.keep == "majority":
        by = quote_identifier(check.keep_by)
        first = f"_alike DESC, _alike_cost DESC, {by} NULLS LAST, "
        top = f"first_value({by}) OVER (PARTITION BY group_no ORDER BY place)"
        kept = f"{top} IS NOT DISTINCT FROM {by}"
    elif check.keep == "none":
        kept = "FALSE"
    alike = ""
    if check.keep == "majority":
        by = f"c.{quote_identifier(check.keep_by)}"
        alike = (
            f", count(*) OVER (PARTITION BY {partition}, {by}) AS _alike"
            f", sum(c.activity_cost) OVER (PARTITION BY {partition}, {by}) AS _alike_cost"
        )
    wanted = "IS NOT FALSE" if check.on_missing == "flag" else "IS TRUE"
    return f"""
        , wrong AS (
            SELECT *, row_number() OVER () AS group_no FROM judged WHERE is_wrong {wanted}
        ), joined AS (
            SELECT c.*{aggregates}, j.group_no, j.is_wrong{alike}
            FROM complete AS c JOIN wrong AS j ON {joined}
        ), ordered AS (
            SELECT *, row_number() OVER (PARTITION BY group_no
                ORDER BY {first}{_KEEP_ORDER[check.keep]}, {_TIES}) AS place
            FROM joined
        ), placed AS (
            SELECT *, coalesce({kept}, FALSE) AND is_wrong IS TRUE AS kept FROM ordered
        ), fellows AS (
            SELECT group_no, list(line_id ORDER BY place)[1:{_RELATED_SHOWN + 1}] AS fellow_ids
            FROM placed GROUP BY group_no
        )"""


_OTHERS = (
    f"nullif(array_to_string(list_filter(fellow_ids, lambda x: x <> line_id)"
    f"[1:{_RELATED_SHOWN}], ' '), '')"
)


def _group_statements(number: int, rule: Rule, where: str) -> list[str]:
    head = _group_ctes(rule, where) + _placed(rule)
    if rule.check.finding == "group":
        return _whole_group(number, rule, head)
    worth = _worth(rule, rule.gross)
    result = [
        f"INSERT INTO hits {head} SELECT {number}, line_no, {rule.gross}, {rule.message}, "
        f"{rule.evidence}, {_OTHERS} FROM placed JOIN fellows USING (group_no) "
        f"WHERE NOT kept{worth}"
    ]
    if rule.check.on_missing == "flag":
        result.append(_incomplete_hits(number, rule, where))
    return result


def _incomplete_hits(number: int, rule: Rule, where: str) -> str:
    """Return the statement that flags lines whose group cannot be told."""
    absent = "".join(
        f", CAST(NULL AS {_NULLS[item.type]}) AS {quote_identifier(name)}"
        for name, item in rule.aggregates.items()
    )
    known = " AND ".join(f"{quote_identifier(key)} IS NOT NULL" for key in rule.check.group_by)
    return (
        f"INSERT INTO hits {_group_ctes(rule, where)} SELECT {number}, line_no, {rule.gross}, "
        f"{rule.message}, {rule.evidence}, NULL FROM (SELECT *{absent} FROM members "
        f"WHERE NOT coalesce(in_scope AND {known}, FALSE)) WHERE TRUE{_worth(rule, rule.gross)}"
    )


_NULLS = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": MONEY,
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "null": "VARCHAR",
}


def _whole_group(number: int, rule: Rule, head: str) -> list[str]:
    """Return the statements of one finding per group, with its pounds shared over its lines."""
    gross = rule.gross
    whole = to_the_penny("coalesce(activity_cost, 0)")
    if rule.check.value == "V-KEEP1":
        excess = f"CASE WHEN kept THEN 0 ELSE {whole} END"
        gross = f"CAST(sum({excess}) OVER (PARTITION BY group_no) AS {MONEY})"
    elif rule.check.value in ("V-FULL", "V-SHIFT"):
        gross = f"CAST(sum({gross}) OVER (PARTITION BY group_no) AS {MONEY})"
    worth = _worth(rule, "group_gross")
    # The other lines carry the pounds, dearest first, each up to its cost; what is left stays on
    # the line that is kept. Running sums of whole pence, so that the shares add up to the gross.
    cost = f"CASE WHEN place = 1 THEN 0 ELSE greatest({whole}, 0) END"
    order = "ORDER BY place = 1, activity_cost DESC NULLS LAST, place"
    return [
        f"INSERT INTO hits {head}, valued AS (SELECT *, {gross} AS group_gross FROM placed) "
        f"SELECT {number}, line_no, group_gross, {rule.message}, {rule.evidence}, {_OTHERS} "
        f"FROM valued JOIN fellows USING (group_no) WHERE place = 1{worth}",
        f"""INSERT INTO shares {head}, valued AS (SELECT *, {gross} AS group_gross,
                first_value(line_no) OVER (PARTITION BY group_no ORDER BY place) AS anchor_no,
                sum({cost}) OVER (PARTITION BY group_no {order}) AS up_to,
                sum({cost}) OVER (PARTITION BY group_no {order}) - {cost} AS before
            FROM placed)
            SELECT {number}, anchor_no, line_no, CASE
                WHEN place > 1 AND group_gross > 0
                    THEN least(group_gross, up_to) - least(group_gross, before)
                WHEN place > 1 THEN 0
                WHEN group_gross > 0 THEN group_gross - least(group_gross, up_to)
                ELSE group_gross END
            FROM valued WHERE TRUE{worth}""",
    ]


def _group_unknown(number: int, rule: Rule, where: str) -> list[str]:
    """Return the statements that count lines whose group, or its verdict, cannot be told."""
    counted = f"{number}, c.slice_no, count(*), coalesce(sum(c.activity_cost), 0)"
    known = " AND ".join(f"{quote_identifier(key)} IS NOT NULL" for key in rule.check.group_by)
    complete = known if rule.scope.literal else f"{rule.scope.duckdb} AND {known}"
    result = []
    if not (rule.scope.never_null and rule.present.issuperset(rule.check.group_by)):
        result.append(
            f"INSERT INTO unknown_counts SELECT {counted} FROM checked AS c "
            f"WHERE {_in_scope(rule, where)} AND ({complete}) IS NOT TRUE GROUP BY ALL"
        )
    if not rule.wrong.never_null:
        joined = " AND ".join(
            f"c.{quote_identifier(k)} = j.{quote_identifier(k)}" for k in rule.check.group_by
        )
        result.append(
            f"INSERT INTO unknown_counts {_group_ctes(rule, where)} SELECT {counted} "
            f"FROM complete AS c JOIN judged AS j ON {joined} "
            "WHERE j.is_wrong IS NULL GROUP BY ALL"
        )
    return result


def sandbox(con: duckdb.DuckDBPyConnection, *folders: str) -> None:
    """Shut the engine off from everything but these folders, for good.

    A user's check is SQL from outside: after this the connection reads and writes nowhere else,
    loads nothing, and its settings stay as they are.
    """
    listed = quote_literals(folders)
    try:
        con.execute("LOAD json")
        con.execute("LOAD parquet")
        con.execute("LOAD icu")
        con.execute(f"SET allowed_directories = [{listed}]")
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
    except duckdb.Error as error:
        raise ComptrollerError(
            f"the engine cannot be shut off for the checks: {str(error).splitlines()[0]}"
        ) from None
