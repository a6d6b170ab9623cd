"""What invoices, credits and the plan of a month say beside the contract that they belong to.

Everything stands on the aggregate slice of the provider, commissioner and month.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.facts.base import EVER, FOREVER
from comptroller.checks.macros import round_money_sql
from comptroller.checks.terms import ON_DATE, hold_contracts

_PLACE = "provider_code, commissioner_code, financial_year, month"


def create_document_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_documents``: one row per aggregate slice.

    Reads ``facts_base``, ``facts_slices`` and the views ``payments``, ``contracts``,
    ``host_contracts``, ``adjustments``, ``legal_payers`` and ``signed_plan``.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_slice_kinds AS
        SELECT row_number() OVER (ORDER BY {_PLACE}) AS kind_no, {_PLACE},
            {ON_DATE.format(a="k")} AS on_date
        FROM facts_slices AS k WHERE data_set = 'ACM'
        """
    )
    hold_contracts(con, "facts_slice_kinds", "facts_slice_contracts")
    _create_contract_kinds(con)
    _create_non_contracted(con)
    _create_faulty(con)
    _create_credits(con)
    _create_phasing(con)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_documents AS
        SELECT 'ACM' AS data_set, {_PLACE}, c.* EXCLUDE (kind_no), n.* EXCLUDE ({_PLACE}),
            f.* EXCLUDE ({_PLACE}), r.* EXCLUDE ({_PLACE}), p.* EXCLUDE ({_PLACE})
        FROM facts_slice_kinds AS k LEFT JOIN facts_contract_kinds AS c USING (kind_no)
        LEFT JOIN facts_non_contracted AS n USING ({_PLACE})
        LEFT JOIN facts_faulty_documents AS f USING ({_PLACE})
        LEFT JOIN facts_credits_due AS r USING ({_PLACE})
        LEFT JOIN facts_phasing AS p USING ({_PLACE})
        """
    )


def _create_contract_kinds(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_contract_kinds``: what contracts stand behind a slice, and low-volume values."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_contract_kinds AS
        WITH roles AS (
            SELECT contract_id, financial_year, bool_or(role = 'LVA') AS is_low_volume,
                sum(value) AS value
            FROM contracts GROUP BY ALL),
        known AS (
            SELECT provider_code, financial_year FROM contracts WHERE role <> 'NCA'
            UNION SELECT provider_code, financial_year FROM host_contracts),
        paid AS (
            SELECT contract_id, sum(amount) AS paid FROM payments
            WHERE contract_id IS NOT NULL AND kind <> 'nca' GROUP BY contract_id),
        held AS (
            SELECT k.kind_no, k.financial_year, bool_or(r.is_low_volume) AS has_low_volume_contract,
                bool_or(NOT r.is_low_volume) AS has_activity_contract,
                any_value(h.contract_id) FILTER (r.is_low_volume) AS low_volume_contract,
                max(r.value) FILTER (r.is_low_volume) AS value
            FROM facts_slice_kinds AS k JOIN facts_slice_contracts AS h USING (kind_no)
            JOIN roles AS r USING (contract_id, financial_year) GROUP BY ALL),
        first AS (
            SELECT low_volume_contract, min(kind_no) AS kind_no FROM held
            WHERE low_volume_contract IS NOT NULL GROUP BY ALL)
        SELECT k.kind_no, coalesce(h.has_low_volume_contract, false) AS has_low_volume_contract,
            coalesce(h.has_activity_contract, false) AS has_activity_contract,
            o.provider_code IS NOT NULL AS has_any_contract,
            CASE WHEN f.kind_no IS NOT NULL THEN h.value END AS low_volume_value,
            CASE WHEN f.kind_no IS NOT NULL THEN p.paid END AS low_volume_paid
        FROM facts_slice_kinds AS k LEFT JOIN held AS h USING (kind_no)
        LEFT JOIN known AS o ON o.provider_code = k.provider_code
            AND o.financial_year = k.financial_year
        LEFT JOIN first AS f USING (kind_no)
        LEFT JOIN paid AS p ON p.contract_id = h.low_volume_contract
        """
    )


def _create_non_contracted(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_non_contracted``: invoices for non-contracted activity of a month."""
    from comptroller.checks.facts.slices import INVOICES

    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_non_contracted AS
        WITH documents AS (
            SELECT i.*, last_day(make_date(CAST(left(financial_year, 4) AS INTEGER)
                + CASE WHEN month > 9 THEN 1 ELSE 0 END, (month + 2) % 12 + 1, 1)) AS period_end
            FROM ({INVOICES}) AS i WHERE kind = 'nca'),
        again AS (
            SELECT *, row_number() OVER (PARTITION BY {_PLACE}, amount
                ORDER BY invoice_date NULLS LAST, document_number) AS place
            FROM documents)
        SELECT {_PLACE}, string_agg(document_number, ', ' ORDER BY document_number)
                AS nca_documents,
            sum(amount) AS nca_amount,
            CAST(max(invoice_date - period_end) AS INTEGER) AS nca_days_late,
            coalesce(sum(amount) FILTER (place > 1), 0) AS nca_repeated_amount
        FROM again GROUP BY {_PLACE}
        """
    )


def _create_faulty(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_faulty_documents``: VAT on care, and credits that name no document."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_faulty_documents AS
        WITH numbers AS (SELECT DISTINCT document_number AS credits_document FROM payments),
        documents AS (
            SELECT p.provider_code, p.commissioner_code,
                CASE WHEN month(p.period_to) >= 4 THEN year(p.period_to)
                    ELSE year(p.period_to) - 1 END AS first_year,
                (month(p.period_to) + 8) % 12 + 1 AS month, p.document_number,
                coalesce(p.vat, 0) AS vat, p.amount,
                p.kind = 'credit_note' AND n.credits_document IS NULL AS is_unreferenced
            FROM payments AS p LEFT JOIN numbers AS n USING (credits_document))
        SELECT provider_code, commissioner_code,
            first_year || '/' || right(CAST(first_year + 1 AS VARCHAR), 2) AS financial_year, month,
            sum(vat) AS vat_charged,
            CAST(count(*) FILTER (is_unreferenced) AS INTEGER) AS unreferenced_credits,
            string_agg(document_number, ', ' ORDER BY document_number)
                FILTER (vat <> 0 OR is_unreferenced) AS faulty_documents
        FROM documents GROUP BY ALL
        """
    )


def _create_credits(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_credits_due``: credits that the register promises for a month."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_credits_due AS
        WITH due AS (
            SELECT k.provider_code, k.commissioner_code, k.financial_year, k.month,
                a.local_code, sum(a.monthly_value) AS value
            FROM facts_slice_kinds AS k JOIN adjustments AS a USING (provider_code,
                commissioner_code)
            WHERE a.kind = 'credit' AND k.month <= 12
                AND k.on_date BETWEEN coalesce(a.from_date, {EVER})
                    AND coalesce(a.to_date, {FOREVER})
            GROUP BY ALL),
        given AS (
            SELECT {_PLACE}, local_pod_code AS local_code, sum(activity_cost) AS cost
            FROM facts_base WHERE data_set = 'ACM' AND pod_role = 'financial' GROUP BY ALL),
        received AS (SELECT DISTINCT {_PLACE} FROM facts_base WHERE data_set = 'ACM')
        SELECT {_PLACE}, coalesce(sum(coalesce(g.cost, 0) - d.value)
                FILTER (coalesce(g.cost, 0) > d.value), 0) AS credit_missing,
            sum(d.value) AS credit_due
        FROM due AS d SEMI JOIN received USING ({_PLACE})
        LEFT JOIN given AS g USING ({_PLACE}, local_code) GROUP BY {_PLACE}
        """
    )


def _create_phasing(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_phasing``: a twelfth of the signed plan where the contract is paid so."""
    even = round_money_sql("y.cost", "y.months", "2")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_phasing AS
        WITH profiles AS (
            SELECT provider_code, commissioner_code, financial_year FROM contracts
            GROUP BY ALL HAVING bool_and(coalesce(payment_profile = 'twelfths', false))),
        years AS (
            SELECT provider_code, commissioner_code, financial_year, sum(planned_cost) AS cost,
                count(DISTINCT month) AS months
            FROM signed_plan SEMI JOIN profiles USING (provider_code, commissioner_code,
                financial_year)
            WHERE month <= 12 GROUP BY ALL)
        SELECT k.provider_code, k.commissioner_code, k.financial_year, k.month,
            {even} AS plan_even_cost
        FROM facts_slice_kinds AS k
        JOIN years AS y USING (provider_code, commissioner_code, financial_year)
        WHERE k.month <= 12
        """
    )
