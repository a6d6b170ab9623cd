"""Which findings go into a provider's workbook, and as what: claims, leads, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb

from comptroller.challenges.rules import RuleNote
from comptroller.checks.findings import create_latest_findings
from comptroller.checks.reading import create_latest_results
from comptroller.errors import ComptrollerError
from comptroller.warehouse import Warehouse, quote_literals


@dataclass(frozen=True)
class Options:
    """What the contract lead decides about an export.

    Args:
        include_undercharges: Put findings in the provider's favour into the workbook too.
    """

    include_undercharges: bool = False


@dataclass(frozen=True)
class Run:
    """The check run that a workbook stands on."""

    run_id: str
    started_at: datetime
    basis: str
    scope: Mapping[str, Any]
    fingerprint: str
    changed_at: datetime | None = None
    """When data last changed, if that was after a check whose findings still stand."""


@dataclass(frozen=True)
class CheckTotals:
    """What one check found at the provider; pounds."""

    check_id: str
    findings: int
    in_alternative: int
    gross: Decimal
    net: Decimal
    cash: Decimal
    baseline: Decimal


def open_run(con: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> Run:
    """Return the latest check run, and make the tables of what stands at it.

    `standing_findings` and `standing_results` hold the last row of every finding, and of every
    check and slice, on the run's basis: a run over one provider leaves the others' as they were.

    Raises:
        ComptrollerError: No check has been run yet.
    """
    warehouse.view(con, "check_runs", "coverage", "submissions")
    row = con.execute(
        "SELECT run_id, started_at, basis, scope, rulebook_fingerprint FROM check_runs "
        "ORDER BY sequence DESC, started_at DESC, run_id DESC LIMIT 1"
    ).fetchone()
    if row is None:
        raise ComptrollerError(
            "nothing has been checked yet, so there is nothing to challenge",
            remedy="Run: comptroller check",
        )
    run_id, started_at, basis, scope, fingerprint = row
    create_latest_findings(con, warehouse, basis)
    create_latest_results(con, warehouse, basis)
    # read once, not once for each provider
    for name in ("findings", "results"):
        con.execute(f"CREATE OR REPLACE TEMP TABLE standing_{name} AS SELECT * FROM latest_{name}")
    return Run(
        run_id,
        started_at.replace(tzinfo=UTC),
        basis,
        json.loads(scope or "{}"),
        fingerprint or "",
        _changed_since(con, warehouse),
    )


def _changed_since(con: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> datetime | None:
    """Return when data changed last, where a check whose results stand is older than that."""
    warehouse.view(con, "commits", "slice_versions", "slice_decisions", "reference_loads")
    row = con.execute(
        "WITH changed AS (SELECT commit_id FROM slice_versions WHERE action <> 'unchanged' "
        "UNION SELECT commit_id FROM slice_decisions UNION SELECT commit_id FROM reference_loads) "
        "SELECT max(created_at) AS moment FROM commits WHERE commit_id IN (FROM changed) "
        "HAVING moment > (SELECT min(started_at) FROM check_runs "
        "WHERE run_id IN (SELECT run_id FROM standing_results))"
    ).fetchall()
    return row[0][0].replace(tzinfo=UTC) if row and row[0][0] else None


def providers_of(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Return the providers that checks looked at, in order of code."""
    rows = con.execute(
        "SELECT provider_code FROM standing_results UNION "
        "SELECT coalesce(counterparty_code, provider_code) FROM standing_findings ORDER BY 1"
    ).fetchall()
    return tuple(row[0] for row in rows if row[0])


def select(
    con: duckdb.DuckDBPyConnection, provider_code: str, rules: Mapping[str, RuleNote]
) -> None:
    """Make the table `chosen`: the provider's findings with what each of them is.

    `sort` is claim, lead (a statistical estimate: no claim), undercharge (in the provider's
    favour) or fixed (gone since the last run). Findings belong to the counterparty, who answers.
    """
    estimates = [note.check_id for note in rules.values() if note.is_estimate]
    listed = quote_literals(sorted(estimates)) or "''"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE chosen AS SELECT *, "
        "CASE WHEN status = 'fixed' THEN 'fixed' "
        f"WHEN check_id IN ({listed}) THEN 'lead' "
        "WHEN gross_value < 0 THEN 'undercharge' ELSE 'claim' END AS sort "
        "FROM standing_findings WHERE coalesce(counterparty_code, provider_code) = ?",
        [provider_code],
    )


def sorts_in_log(options: Options) -> tuple[str, ...]:
    """Return the sorts of findings that stand in the log as claims."""
    return ("claim", "undercharge") if options.include_undercharges else ("claim",)


def net_without_terms(con: duckdb.DuckDBPyConnection, sorts: tuple[str, ...]) -> Decimal:
    """Return the net pounds of chosen findings whose payment terms nobody has loaded."""
    found = con.execute(
        "SELECT coalesce(sum(net_value), 0) FROM chosen WHERE payment_element = 'unknown' "
        f"AND sort IN ({quote_literals(sorts)})"
    ).fetchall()
    return Decimal(found[0][0])


def totals_by_check(
    con: duckdb.DuckDBPyConnection, sorts: tuple[str, ...]
) -> tuple[CheckTotals, ...]:
    """Return counts and pounds by check over the chosen findings of some sorts."""
    rows = con.execute(
        "SELECT check_id, count(*), count(*) FILTER (in_alternative), "
        "coalesce(sum(gross_value), 0), coalesce(sum(net_value), 0), "
        "coalesce(sum(cash_value), 0), coalesce(sum(baseline_value), 0) "
        f"FROM chosen WHERE sort IN ({quote_literals(sorts)}) GROUP BY check_id ORDER BY check_id"
    ).fetchall()
    return tuple(
        CheckTotals(row[0], row[1], row[2], *(Decimal(cell) for cell in row[3:])) for row in rows
    )


def rows(
    con: duckdb.DuckDBPyConnection, columns: tuple[str, ...], sorts: tuple[str, ...]
) -> Iterator[tuple[Any, ...]]:
    """Return the chosen findings of some sorts, a thousand at a time, always in one order."""
    result = con.execute(
        f"SELECT {', '.join(columns)} FROM chosen WHERE sort IN ({quote_literals(sorts)}) "
        "ORDER BY check_id, financial_year, month, data_set, commissioner_code, submission_id, "
        'sheet, "row", finding_id'
    )
    while batch := result.fetchmany(1000):
        yield from batch
