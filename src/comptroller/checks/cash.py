"""Cash and baseline pounds: what the payment terms would really move now, and what later.

``payment_terms`` decide (and ``cash_scope``, their short form), the most specific dated row
winning: the row that names more of contract, commissioner, service, point of delivery, treatment
function, tariff code and local code; among equals the later one. Cash is net times the row's
marginal rate, less what lies above its limit; the rest of the net is baseline value. A line without
a row is ``unknown``, and never cash. Shares of a penny stay in here, line by line; a finding's cash
is rounded to the penny once, over all its lines (`findings`).

Where a row names no marginal rate its element decides: variable, activity, pass-through and local
payment move in full; fixed, block, blended and low-volume payment do not move.

A check that is about what was charged beside the terms (a block service charged case by case, an
invoice under a low-volume arrangement) says so with ``paid = "in_full"``: all of its net is cash.

A limit is the most that the contract pays under a row in a year. What is charged above it is not
paid, so findings first eat that part: of the net under the row only what exceeds it is cash. The
weakest grounds are taken to lie above the limit. Only the lines of the run count.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.compiler import MONEY
from comptroller.checks.terms import DETAIL, ON_DATE, create_terms, hold_contracts, match_terms


def value_cash(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``claim_cash`` from ``claims``: payment element, cash and baseline of each claim.

    Needs the reference views ``contracts``, ``legal_payers``, ``payment_terms`` and ``cash_scope``.
    """
    create_terms(con)
    _create_paid_lines(con)
    hold_contracts(con, "paid_kinds", "paid_contracts")
    match_terms(con, "paid_kinds", "paid_contracts", "paid_terms")
    _create_excess(con)
    con.execute(_CASH)


def _create_paid_lines(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``paid_kinds``: the distinct combinations of contract, month and codes with net."""
    limited = con.execute("SELECT count(*) FROM terms WHERE limit_value IS NOT NULL").fetchone()
    every_line = bool(limited and limited[0])
    detail = ", ".join(f"c.{name}" for name in DETAIL)
    nulls = ", ".join("NULL" for _ in DETAIL)
    lines = f"""
        SELECT DISTINCT c.provider_code, c.commissioner_code, c.financial_year, c.month, {detail}
        FROM checked AS c
    """
    if not every_line:
        lines += " WHERE c.rowid IN (SELECT line_no FROM claims WHERE net <> 0 AND NOT on_slice)"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE paid_kinds AS
        SELECT row_number() OVER () AS kind_no, *,
            {ON_DATE.format(a="k")} AS on_date
        FROM (
            {lines}
            UNION
            SELECT c.provider_code, c.commissioner_code, c.financial_year, c.month, {nulls}
            FROM slice_facts AS c
            WHERE c.rowid IN (SELECT line_no FROM claims WHERE net <> 0 AND on_slice)
        ) AS k
        """
    )


_SAME_KIND = " AND ".join(
    f"c.{name} IS NOT DISTINCT FROM p.{name}"
    for name in ("provider_code", "commissioner_code", "financial_year", "month", *DETAIL)
)


def _create_excess(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``excess``: per term, contract and year, what was charged above the limit."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE excess AS
        SELECT p.term_no, p.contract_id, p.financial_year,
            CAST(greatest(sum(c.activity_cost) - any_value(p.limit_value), 0) AS {MONEY}) AS above
        FROM paid_terms AS p JOIN checked AS c ON {_SAME_KIND}
        WHERE p.limit_value IS NOT NULL
            AND c.data_set IN ('PLCM', 'DrPLCM', 'DePLCM')
        GROUP BY ALL
        """
    )


_NO_DETAIL = " AND ".join(f"p.{name} IS NULL" for name in DETAIL)
_CASH = f"""
    CREATE OR REPLACE TEMP TABLE claim_cash AS
    WITH termed AS (
        SELECT n.*, p.contract_id, p.term_no, p.element, p.rate, c.financial_year
        FROM claims AS n JOIN checked AS c ON c.rowid = n.line_no
        LEFT JOIN paid_terms AS p ON {_SAME_KIND}
        WHERE NOT n.on_slice
        UNION ALL
        SELECT n.*, p.contract_id, p.term_no, p.element, p.rate, c.financial_year
        FROM claims AS n JOIN slice_facts AS c ON c.rowid = n.line_no
        LEFT JOIN paid_terms AS p ON p.provider_code = c.provider_code
            AND p.commissioner_code IS NOT DISTINCT FROM c.commissioner_code
            AND p.financial_year = c.financial_year AND p.month = c.month AND {_NO_DETAIL}
        WHERE n.on_slice
    ), ranked AS (
        SELECT t.*, x.above, m.paid, sum(CASE WHEN t.net > 0 THEN t.net ELSE 0 END) OVER (
            PARTITION BY t.term_no, t.contract_id, t.financial_year
            ORDER BY m.precedence DESC, m.check_id DESC, t.anchor_no DESC, t.line_no DESC
            ROWS UNBOUNDED PRECEDING) AS up_to
        FROM termed AS t JOIN run_checks AS m USING (check_no)
        LEFT JOIN excess AS x ON x.term_no = t.term_no
            AND x.contract_id IS NOT DISTINCT FROM t.contract_id
            AND x.financial_year = t.financial_year
    ), payable AS (
        SELECT *, CASE WHEN above IS NULL OR net <= 0 THEN net
            ELSE greatest(up_to - above, 0) - greatest(up_to - net - above, 0) END AS below_limit
        FROM ranked
    )
    SELECT check_no, anchor_no, line_no, on_slice, gross, net, in_alternative, contract_id,
        CASE WHEN net = 0 THEN NULL ELSE coalesce(element, 'unknown') END AS payment_element,
        CAST(CASE WHEN paid = 'in_full' THEN net WHEN coalesce(rate, 0) = 0 THEN 0
            WHEN rate = 1 THEN below_limit
            ELSE CAST(below_limit * rate AS {MONEY}) END AS {MONEY}) AS cash
    FROM payable
"""
