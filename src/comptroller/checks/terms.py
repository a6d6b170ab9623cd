"""Which contract a line stands under, and which of its payment terms pays it.

A contract is held with the commissioner charged, else with another code of the same legal body (a
board holds the contract of its sub-locations). Of the payment terms the most specific dated row
wins: the row that names more of contract, commissioner, service, point of delivery, treatment
function, tariff code and local code; among equals the later one. `cash_scope` is their short form.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.compiler import MONEY

DETAIL = (
    *("pod_code", "activity_treatment_function_code", "tariff_code", "service_code"),
    *("local_pod_code", "local_contract_code"),
)
"""The columns of a line, besides parties and month, that decide how it is paid."""

YEAR_START = "make_date(CAST(left({a}.financial_year, 4) AS INTEGER), 4, 1)"
ON_DATE = (
    f"CASE WHEN {{a}}.month = 13 THEN CAST({YEAR_START} + to_years(1) AS DATE) - 1 "
    f"ELSE CAST({YEAR_START} + to_months({{a}}.month - 1) AS DATE) END"
)
"""The day on which a month's terms are read: its first, or the last of the year in month 13."""

_RATE = """CASE
    WHEN t.marginal_rate IS NOT NULL THEN t.marginal_rate
    WHEN t.element IN ('variable', 'activity', 'pass_through', 'local', 'cash') THEN 1
    ELSE 0 END"""
_NAMED = " + ".join(
    f"CAST({name} IS NOT NULL AS INTEGER)"
    for name in (
        *("contract_id", "commissioner_code", "pod_code", "activity_treatment_function_code"),
        *("tariff_code", "service_code", "local_code"),
    )
)


def create_terms(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``terms``: both forms of payment terms in one, numbered in a fixed order.

    Needs the reference views ``payment_terms`` and ``cash_scope``.
    """
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


def hold_contracts(con: duckdb.DuckDBPyConnection, kinds: str, target: str) -> None:
    """Create a table with the contracts of each kind of line: ``kind_no, contract_id``.

    Args:
        con: Connection with the reference views ``contracts`` and ``legal_payers``.
        kinds: Table with ``kind_no``, provider, commissioner, financial year and ``on_date``.
        target: The table to make; a kind without a contract has no row in it.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {target} AS
        WITH places AS (
            SELECT DISTINCT provider_code, commissioner_code, financial_year, on_date FROM {kinds}),
        payers AS (
            SELECT p.*, coalesce(max(l.legal_payer), p.commissioner_code) AS payer
            FROM places AS p LEFT JOIN legal_payers AS l ON l.org_code = p.commissioner_code
                AND p.on_date BETWEEN l.from_date AND l.to_date
            GROUP BY provider_code, commissioner_code, financial_year, on_date),
        offers AS (
            SELECT p.*, c.contract_id, c.commissioner_code = p.commissioner_code AS is_own
            FROM payers AS p JOIN contracts AS c ON c.provider_code = p.provider_code
                AND c.financial_year = p.financial_year
                AND coalesce(c.from_date <= p.on_date, TRUE)
                AND coalesce(c.to_date >= p.on_date, TRUE)
            LEFT JOIN legal_payers AS l ON l.org_code = c.commissioner_code
                AND p.on_date BETWEEN l.from_date AND l.to_date
            WHERE c.commissioner_code = p.commissioner_code
                OR coalesce(l.legal_payer, c.commissioner_code) = p.payer),
        held AS (
            SELECT DISTINCT * FROM offers QUALIFY is_own = bool_or(is_own) OVER (
                PARTITION BY provider_code, commissioner_code, financial_year, on_date))
        SELECT DISTINCT k.kind_no, h.contract_id FROM {kinds} AS k
        JOIN held AS h USING (provider_code, commissioner_code, financial_year, on_date)
        """
    )


def match_terms(con: duckdb.DuckDBPyConnection, kinds: str, contracts: str, target: str) -> None:
    """Create a table with the contract and the winning term of each kind of line.

    Args:
        con: Connection with ``terms``.
        kinds: Table with ``kind_no``, commissioner, `DETAIL` and ``on_date``.
        contracts: Table with ``kind_no`` and ``contract_id``: the contracts of each kind.
        target: The table to make: ``kinds`` with contract_id, term_no, element, rate, limit_value;
            all NULL where no contract is held or no term fits.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {target} AS
        WITH offered AS (
            SELECT contract_id AS held_id, * FROM terms WHERE contract_id IS NOT NULL
            UNION ALL
            SELECT h.contract_id, t.* FROM terms AS t,
                (SELECT DISTINCT contract_id FROM {contracts}) AS h
            WHERE t.contract_id IS NULL
        ), fitting AS (
            SELECT k.kind_no, p.contract_id, t.term_no, t.named, t.form, t.from_date
            FROM {kinds} AS k
            JOIN {contracts} AS p USING (kind_no)
            JOIN offered AS t ON t.held_id = p.contract_id
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
            SELECT kind_no, min(contract_id) AS contract_id FROM {contracts} GROUP BY kind_no
        )
        SELECT k.*, coalesce(w.contract_id, f.contract_id) AS contract_id, t.term_no, t.element,
            t.rate, t.limit_value
        FROM {kinds} AS k
        LEFT JOIN winning AS w USING (kind_no)
        LEFT JOIN first_contract AS f USING (kind_no)
        LEFT JOIN terms AS t ON t.term_no = w.term_no
        """
    )
