"""Results: what came of each check on each slice group, failures and silence told alike.

A slice group is a data set, provider, year and month. The outcome is ``failed`` (there is a
finding), ``passed``, ``not_applicable`` (no line in scope, or nothing known about any of them) or
``could_not_run`` (lines are in scope, but reference data, a data set or the engine was missing);
the last two carry a reason. ``denominator_rows`` and ``denominator_cost`` count the lines in scope
that were decided, ``unknown_rows`` and ``unknown_cost`` those whose verdict was unknown (NULL),
whatever became of them, or that nobody could look at. ``seconds`` is the time of the whole check,
the same on each of its rows.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.compiler import MONEY
from comptroller.warehouse import quote_literal

_GROUP = "data_set, provider_code, financial_year, month"


def create_results(
    con: duckdb.DuckDBPyConnection, limits: dict[int, str], reasons: dict[int, str]
) -> None:
    """Create ``run_results`` from the counts of the run, ``run_findings`` and ``run_checks``.

    Args:
        con: Connection with those and the relations that were checked.
        limits: Number of a check to the predicate over slice groups on which it can run.
        reasons: Number of a check to the reason given where that predicate does not hold.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE slice_groups AS
        SELECT 'lines' AS relation, n.* FROM slice_numbers AS n
        WHERE provider_code IS NOT NULL AND slice_no IN (SELECT slice_no FROM checked)
        UNION ALL
        SELECT 'slices', n.* FROM slice_numbers AS n
        WHERE provider_code IS NOT NULL AND slice_no IN (SELECT slice_no FROM slice_facts)
        """
    )
    lacking = " ".join(
        f"WHEN m.check_no = {number} AND NOT coalesce({limit}, FALSE) "
        f"THEN {quote_literal(reasons[number])}"
        for number, limit in sorted(limits.items())
    )
    reason = f"CASE {lacking} ELSE '' END" if lacking else "''"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE run_results AS
        WITH planned AS (
            SELECT m.*, g.slice_no, g.data_set, g.provider_code, g.financial_year, g.month,
                CASE WHEN m.could_not_run <> '' THEN m.could_not_run ELSE {reason} END AS lacking
            FROM run_checks AS m JOIN slice_groups AS g
                ON g.relation = CASE m.type WHEN 'total' THEN 'slices' ELSE 'lines' END
                AND list_contains(m.data_sets, g.data_set)
        ), found AS (
            SELECT check_id, {_GROUP}, count(*) AS failed_rows,
                sum(CASE WHEN gross_value > 0 THEN gross_value ELSE 0 END) AS gross_value,
                sum(CASE WHEN net_value > 0 THEN net_value ELSE 0 END) AS net_value,
                sum(CASE WHEN net_value > 0 THEN cash_value ELSE 0 END) AS cash_value,
                sum(CASE WHEN net_value > 0 THEN baseline_value ELSE 0 END) AS baseline_value,
                sum(CASE WHEN net_value < 0 THEN net_value ELSE 0 END) AS undercharge_value
            FROM run_findings GROUP BY ALL
        ), unknown AS (
            SELECT check_no, slice_no, sum(unknown_rows) AS unknown_rows,
                sum(unknown_cost) AS unknown_cost
            FROM unknown_counts GROUP BY ALL
        ), counted AS (
            SELECT p.* EXCLUDE (lacking), coalesce(c.scope_rows, 0) AS scope_rows,
                CASE WHEN s.scope_no IS NOT NULL AND c.scope_rows IS NULL THEN ''
                    ELSE p.lacking END AS lacking,
                coalesce(c.scope_cost, 0) AS scope_cost,
                coalesce(u.unknown_rows, 0) AS unknown_rows,
                coalesce(u.unknown_cost, 0) AS unknown_cost,
                coalesce(f.failed_rows, 0) AS failed_rows, f.gross_value, f.net_value, f.cash_value,
                f.baseline_value, f.undercharge_value
            FROM planned AS p
            LEFT JOIN check_scopes AS s USING (check_no)
            LEFT JOIN scope_counts AS c USING (scope_no, slice_no)
            LEFT JOIN unknown AS u USING (check_no, slice_no)
            LEFT JOIN found AS f USING (check_id, {_GROUP})
        )
        SELECT check_id, {_GROUP}, {_OUTCOME} AS outcome, {_REASON} AS reason,
            CASE WHEN lacking <> '' THEN 0 ELSE {_DECIDED_ROWS} END AS denominator_rows,
            CAST(CASE WHEN lacking <> '' THEN 0 ELSE {_DECIDED_COST} END AS {MONEY})
                AS denominator_cost,
            CASE WHEN lacking <> '' THEN scope_rows ELSE unknown_rows END AS unknown_rows,
            CAST(CASE WHEN lacking <> '' THEN scope_cost ELSE unknown_cost END AS {MONEY})
                AS unknown_cost,
            failed_rows,
            {_sums()}, rule_fingerprint, seconds
        FROM counted
        """
    )


_DECIDED_ROWS = "scope_rows - CASE WHEN on_missing = 'not_applicable' THEN unknown_rows ELSE 0 END"
_DECIDED_COST = "scope_cost - CASE WHEN on_missing = 'not_applicable' THEN unknown_cost ELSE 0 END"
_OUTCOME = """CASE
    WHEN lacking <> '' THEN 'could_not_run'
    WHEN failed_rows > 0 THEN 'failed'
    WHEN scope_rows = 0 THEN 'not_applicable'
    WHEN unknown_rows = scope_rows AND on_missing = 'not_applicable' THEN 'not_applicable'
    ELSE 'passed' END"""
_REASON = """CASE
    WHEN lacking <> '' THEN lacking
    WHEN scope_rows = 0 AND failed_rows = 0 THEN 'no line in scope'
    WHEN unknown_rows = scope_rows AND on_missing = 'not_applicable' AND failed_rows = 0
        THEN 'what the check needs is missing on every line in scope'
    WHEN unknown_rows > 0 THEN concat('what the check needs is missing on ', unknown_rows, ' of ',
        scope_rows, ' lines')
    ELSE '' END"""


def _sums() -> str:
    names = ("gross_value", "net_value", "cash_value", "baseline_value", "undercharge_value")
    return ", ".join(f"CAST(coalesce({name}, 0) AS {MONEY}) AS {name}" for name in names)


def ordered_results(run_id: str) -> str:
    """Return the query that writes the run's results, in their fixed order."""
    return (
        f"SELECT {quote_literal(run_id)} AS run_id, * FROM run_results ORDER BY check_id, {_GROUP}"
    )
