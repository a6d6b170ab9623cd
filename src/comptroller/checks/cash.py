"""Cash and baseline pounds: what the payment terms would really move now, and what later.

``payment_terms`` decide (and ``cash_scope``, their short form), the most specific dated row
winning: the row that names more of contract, commissioner, service, point of delivery, treatment
function, tariff code and local code; among equals the later one. Cash is net times the row's
marginal rate, less what lies above its limit; the rest of the net is baseline value. A line without
a row is ``unknown``, and never cash.

Where a row names no marginal rate its element decides: variable, activity, pass-through and local
payment move in full; fixed, block, blended and low-volume payment do not move.

A limit is the most that the contract pays under a row in a year. What is charged above it is not
paid, so findings first eat that part: of the net under the row only what exceeds it is cash. The
weakest grounds are taken to lie above the limit. Only the lines of the run count.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.compiler import MONEY

_RATE = """CASE
    WHEN t.marginal_rate IS NOT NULL THEN t.marginal_rate
    WHEN t.element IN ('variable', 'activity', 'pass_through', 'local', 'cash') THEN 1
    ELSE 0 END"""
_YEAR_START = "make_date(CAST(left({a}.financial_year, 4) AS INTEGER), 4, 1)"
_NAMED = " + ".join(
    f"CAST({name} IS NOT NULL AS INTEGER)"
    for name in (
        *("contract_id", "commissioner_code", "pod_code", "activity_treatment_function_code"),
        *("tariff_code", "service_code", "local_code"),
    )
)
_DETAIL = (
    *("pod_code", "activity_treatment_function_code", "tariff_code", "service_code"),
    *("local_pod_code", "local_contract_code"),
)


def value_cash(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``claim_cash`` from ``claims``: payment element, cash and baseline of each claim.

    Needs the reference views ``contracts``, ``payment_terms`` and ``cash_scope`` on ``con``.
    """
    _create_terms(con)
    _create_paid_lines(con)
    _match(con)
    _create_excess(con)
    con.execute(_CASH)


def _create_terms(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``terms``: both forms of payment terms in one, numbered in a fixed order."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE terms AS
        WITH both_forms AS (
            SELECT contract_id, element, commissioner_code, pod_code,
                activity_treatment_function_code, tariff_code, service_code, local_code,
                CAST({_RATE} AS {MONEY}) AS rate, CAST(limit_value AS {MONEY}) AS limit_value,
                from_date, to_date, 1 AS form
            FROM payment_terms AS t
            UNION ALL
            SELECT contract_id, scope, NULL, pod_code, NULL, NULL, NULL, NULL,
                CAST(CASE scope WHEN 'cash' THEN 1 ELSE 0 END AS {MONEY}), NULL, NULL, NULL, 0
            FROM cash_scope
        )
        SELECT row_number() OVER () AS term_no, *, {_NAMED} AS named
        FROM (SELECT * FROM both_forms ORDER BY ALL)
        """
    )


def _create_paid_lines(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``paid_kinds``: the distinct combinations of contract, month and codes with net."""
    limited = con.execute("SELECT count(*) FROM terms WHERE limit_value IS NOT NULL").fetchone()
    every_line = bool(limited and limited[0])
    detail = ", ".join(f"c.{name}" for name in _DETAIL)
    nulls = ", ".join("NULL" for _ in _DETAIL)
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
            CASE WHEN month = 13
                THEN CAST({_YEAR_START.format(a="k")} + to_years(1) AS DATE) - 1
                ELSE CAST({_YEAR_START.format(a="k")} + to_months(month - 1) AS DATE)
                END AS on_date
        FROM (
            {lines}
            UNION
            SELECT c.provider_code, c.commissioner_code, c.financial_year, c.month, {nulls}
            FROM slice_facts AS c
            WHERE c.rowid IN (SELECT line_no FROM claims WHERE net <> 0 AND on_slice)
        ) AS k
        """
    )


def _match(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``paid_terms``: the contract and the winning term of each kind of line."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE paid_contracts AS
        SELECT DISTINCT k.kind_no, c.contract_id FROM paid_kinds AS k JOIN contracts AS c
            ON c.provider_code = k.provider_code AND c.financial_year = k.financial_year
            AND c.commissioner_code = k.commissioner_code
            AND coalesce(c.from_date <= k.on_date, TRUE) AND coalesce(c.to_date >= k.on_date, TRUE)
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE paid_terms AS
        WITH fitting AS (
            SELECT k.kind_no, p.contract_id, t.term_no, t.named, t.form, t.from_date
            FROM paid_kinds AS k
            JOIN paid_contracts AS p USING (kind_no)
            JOIN terms AS t ON (t.contract_id = p.contract_id OR t.contract_id IS NULL)
                AND (t.commissioner_code IS NULL OR t.commissioner_code = k.commissioner_code)
                AND (t.pod_code IS NULL OR t.pod_code = k.pod_code)
                AND (t.activity_treatment_function_code IS NULL
                    OR t.activity_treatment_function_code = k.activity_treatment_function_code)
                AND (t.tariff_code IS NULL OR t.tariff_code = k.tariff_code)
                AND (t.service_code IS NULL OR t.service_code = k.service_code)
                AND (t.local_code IS NULL OR t.local_code = k.local_pod_code
                    OR t.local_code = k.local_contract_code OR t.local_code = k.tariff_code)
                AND coalesce(t.from_date <= k.on_date, TRUE)
                AND coalesce(t.to_date >= k.on_date, TRUE)
        ), winning AS (
            SELECT kind_no, contract_id, term_no FROM fitting
            QUALIFY row_number() OVER (PARTITION BY kind_no ORDER BY named DESC, form DESC,
                from_date DESC NULLS LAST, contract_id, term_no) = 1
        ), first_contract AS (
            SELECT kind_no, min(contract_id) AS contract_id FROM paid_contracts GROUP BY kind_no
        )
        SELECT k.*, coalesce(w.contract_id, f.contract_id) AS contract_id, t.term_no, t.element,
            t.rate, t.limit_value
        FROM paid_kinds AS k
        LEFT JOIN winning AS w USING (kind_no)
        LEFT JOIN first_contract AS f USING (kind_no)
        LEFT JOIN terms AS t ON t.term_no = w.term_no
        """
    )


_SAME_KIND = " AND ".join(
    f"c.{name} IS NOT DISTINCT FROM p.{name}"
    for name in ("provider_code", "commissioner_code", "financial_year", "month", *_DETAIL)
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


_NO_DETAIL = " AND ".join(f"p.{name} IS NULL" for name in _DETAIL)
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
        SELECT t.*, x.above, sum(CASE WHEN t.net > 0 THEN t.net ELSE 0 END) OVER (
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
        CAST(CASE WHEN coalesce(rate, 0) = 0 THEN 0 WHEN rate = 1 THEN below_limit
            ELSE CAST(below_limit * rate AS {MONEY}) END AS {MONEY}) AS cash
    FROM payable
"""
