"""What a check needs before it may speak: reference tables, data sets, and who lacks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from comptroller.checks.compiler import Rule
from comptroller.vocabulary import LINE_DATA_SETS
from comptroller.warehouse import quote_identifier, quote_literal, quote_literals

_GROUP = "provider_code, financial_year, month"


def create_presence(con: duckdb.DuckDBPyConnection, track: str) -> None:
    """Create ``present_sets``: for which provider, year and month which data set has lines."""
    con.execute(
        f"""
        CREATE OR REPLACE TABLE present_sets AS
        SELECT DISTINCT data_set, {_GROUP} FROM slice_state
        WHERE track = {quote_literal(track)} AND coalesce("rows", 0) > 0
        """
    )


def judge_needs(
    con: duckdb.DuckDBPyConnection, rules: Iterable[Rule], missing: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return why checks cannot run at all, and on which slice groups the others can.

    Args:
        con: Connection with ``present_sets``.
        rules: The rules of the run.
        missing: Names of reference tables and data sets that are not there at all, with reasons.

    Returns:
        Check id to reason; check id to a predicate over slice groups; check id to the reason given
        where that predicate does not hold.
    """
    reasons: dict[str, str] = {}
    limits: dict[str, str] = {}
    lacking: dict[str, str] = {}
    listed_rules = list(rules)
    missing = {**missing, **_without_policy(con, listed_rules)}
    for rule in listed_rules:
        for need in rule.needs:
            names = [name.strip() for name in need.split("|")]
            if all(name in missing for name in names):
                reasons.setdefault(
                    rule.check.id,
                    missing[names[0]]
                    if len(names) == 1
                    else (f"none of {', '.join(names)} is loaded"),
                )
                continue
            sets = [name for name in names if name in LINE_DATA_SETS]
            if len(sets) != len(names) or set(sets) & set(rule.check.data_sets):
                continue
            listed = quote_literals(sets)
            predicate = (
                f"({_GROUP}) IN (SELECT ({_GROUP}) FROM present_sets WHERE data_set IN ({listed}))"
            )
            before = limits.get(rule.check.id)
            limits[rule.check.id] = f"{before} AND {predicate}" if before else predicate
            lacking.setdefault(
                rule.check.id,
                f"no {' or '.join(sets)} of this provider for this month",
            )
    return reasons, limits, lacking


def _without_policy(con: duckdb.DuckDBPyConnection, rules: Iterable[Rule]) -> dict[str, str]:
    """Return the needs of a policy of their own that no row of ``policies`` meets, with reasons."""
    wanted = {
        need: rule.check.id
        for rule in rules
        for need in rule.needs
        if need == f"policies.{rule.check.id}"
    }
    if not wanted:
        return {}
    named = {row[0] for row in con.execute("SELECT DISTINCT check_id FROM policies").fetchall()}
    return {
        need: f"no row of the reference table policies names {check_id}"
        for need, check_id in wanted.items()
        if check_id not in named
    }


def columns_present(
    con: duckdb.DuckDBPyConnection, rules: Iterable[Rule]
) -> dict[str, frozenset[str]]:
    """Return, per check, the columns that hold a value in every row of its data sets.

    Args:
        con: Connection with ``checked``.
        rules: The rules of the run; only columns of their conditions are looked at.
    """
    listed = [rule for rule in rules if rule.relation == "checked"]
    columns = sorted(
        {
            name
            for rule in listed
            for name in (*rule.scope.columns, *rule.wrong.columns, *rule.check.group_by)
            if name in rule.columns
        }
    )
    if not columns:
        return {}
    counts = ", ".join(f"count({quote_identifier(name)}) = count(*)" for name in columns)
    rows = con.execute(f"SELECT data_set, {counts} FROM checked GROUP BY data_set").fetchall()
    full = {
        row[0]: {name for name, whole in zip(columns, row[1:], strict=True) if whole}
        for row in rows
    }
    result = {}
    for rule in listed:
        sets = [full[name] for name in rule.check.data_sets if name in full]
        result[rule.check.id] = frozenset(set.intersection(*sets)) if sets else frozenset(columns)
    return result
