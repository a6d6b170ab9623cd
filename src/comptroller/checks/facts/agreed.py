"""What was agreed for a line: its contract, payment terms, plan, and entries of registers.

Lines of one kind (parties, month and codes alike) are agreed alike, so that everything is looked up
once per kind and handed to its lines by a hash. A line whose contract has no plan or no schedule of
local prices says nothing about either: those facts are NULL.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.terms import DETAIL, ON_DATE, create_terms, hold_contracts, match_terms

_CODES = ", ".join(DETAIL)
_KIND = f"provider_code, commissioner_code, financial_year, month, {_CODES}"


def create_agreed_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_agreed``: one row per contract-monitoring line.

    Reads ``facts_base`` and the views ``contracts``, ``legal_payers``, ``payment_terms``,
    ``cash_scope``, ``signed_plan``, ``adjustments``, ``notices``, ``subcontracts`` and
    ``fixed_items``.
    Leaves ``facts_kind_of`` (n, kind_no) and ``facts_kind_terms`` for the other modules.
    """
    _create_kinds(con)
    create_terms(con)
    hold_contracts(con, "facts_kinds", "facts_held")
    match_terms(con, "facts_kinds", "facts_held", "facts_kind_terms")
    _create_planned(con)
    _create_noticed(con)
    _create_registered(con)
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_agreed AS
        WITH roles AS (
            SELECT contract_id, financial_year, bool_or(role = 'LVA') AS is_low_volume,
                min(service_category) AS contract_category
            FROM contracts GROUP BY ALL)
        SELECT o.n, t.contract_id, r.contract_category,
            t.contract_id IS NOT NULL AS is_contract_held, t.element AS payment_element,
            CASE WHEN NOT r.is_low_volume THEN p.is_in_plan END AS is_in_plan,
            CASE WHEN NOT r.is_low_volume THEN p.is_function_in_plan END AS is_function_in_plan,
            p.plan_last_month
        FROM facts_kind_of AS o JOIN facts_kind_terms AS t USING (kind_no)
        LEFT JOIN roles AS r USING (contract_id, financial_year)
        LEFT JOIN facts_planned AS p USING (kind_no)
        """
    )


def _create_kinds(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_kind_of AS
        SELECT n, hash({_KIND}, tariff_hrg, pod_role) AS kind_no
        FROM facts_base WHERE is_contract_monitoring;
        CREATE OR REPLACE TEMP TABLE facts_kinds AS
        SELECT *, {ON_DATE.format(a="k")} AS on_date FROM (
            SELECT DISTINCT hash({_KIND}, tariff_hrg, pod_role) AS kind_no, {_KIND}, tariff_hrg,
                pod_role
            FROM facts_base WHERE is_contract_monitoring) AS k
        """
    )


def _create_planned(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_planned``: whether the contract's plan of the year covers a kind, until when.

    A plan row covers a kind where everything that it names is equal; of those that do the ones that
    name most decide how long the plan runs.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_planned AS
        WITH rows AS (
            SELECT contract_id, commissioner_code, financial_year, pod_code,
                activity_treatment_function_code AS tfc,
                tariff_code, service_code, local_code, max(month) AS last_month,
                CAST(activity_treatment_function_code IS NOT NULL AS INTEGER)
                    + CAST(tariff_code IS NOT NULL AS INTEGER)
                    + CAST(service_code IS NOT NULL AS INTEGER)
                    + CAST(local_code IS NOT NULL AS INTEGER) AS named
            FROM signed_plan WHERE planned_activity > 0 OR planned_cost <> 0 GROUP BY ALL),
        -- A plan in money only (blocks) says nothing of single services.
        planned AS (
            SELECT DISTINCT contract_id, financial_year FROM signed_plan
            WHERE planned_activity > 0),
        codes AS (SELECT DISTINCT contract_id, financial_year, commissioner_code FROM rows),
        covers AS (
            -- A plan of the line's own commissioner says when it ends, else that of the contract.
            SELECT k.kind_no, r.named, CASE WHEN r.commissioner_code = k.commissioner_code
                OR c.commissioner_code IS NULL THEN r.last_month END AS last_month
            FROM facts_kind_terms AS k JOIN rows AS r ON r.contract_id = k.contract_id
                AND r.financial_year = k.financial_year AND r.pod_code = k.pod_code
                AND (r.tfc IS NULL OR r.tfc = k.activity_treatment_function_code)
                AND (r.tariff_code IS NULL OR r.tariff_code IN (k.tariff_code, k.tariff_hrg))
                AND (r.service_code IS NULL OR r.service_code = k.service_code)
                AND (r.local_code IS NULL OR r.local_code = k.local_pod_code)
            LEFT JOIN codes AS c ON c.contract_id = k.contract_id
                AND c.financial_year = k.financial_year
                AND c.commissioner_code = k.commissioner_code),
        best AS (
            SELECT kind_no, max(last_month) AS plan_last_month FROM (
                SELECT * FROM covers WHERE last_month IS NOT NULL
                QUALIFY named = max(named) OVER (PARTITION BY kind_no))
            GROUP BY kind_no),
        covered AS (SELECT DISTINCT kind_no FROM covers),
        functions AS (SELECT DISTINCT contract_id, financial_year, tfc FROM rows)
        SELECT k.kind_no, v.kind_no IS NOT NULL AS is_in_plan, b.plan_last_month,
            CASE WHEN k.activity_treatment_function_code IS NOT NULL
                THEN f.tfc IS NOT NULL END AS is_function_in_plan
        FROM facts_kind_terms AS k SEMI JOIN planned USING (contract_id, financial_year)
        LEFT JOIN best AS b USING (kind_no)
        LEFT JOIN covered AS v USING (kind_no)
        LEFT JOIN functions AS f ON f.contract_id = k.contract_id
            AND f.financial_year = k.financial_year AND f.tfc = k.activity_treatment_function_code
        WHERE k.pod_role IS DISTINCT FROM 'financial'
        """
    )


def _create_noticed(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_noticed``: lines under a code of which notice was given, with the notice."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_noticed AS
        WITH fitting AS (
            SELECT k.kind_no, c.* FROM facts_kinds AS k JOIN notices AS c
                ON c.provider_code = k.provider_code
                AND (c.commissioner_code IS NULL OR c.commissioner_code = k.commissioner_code)
                AND (c.pod_code IS NULL OR c.pod_code = k.pod_code)
                AND (c.activity_treatment_function_code IS NULL
                    OR c.activity_treatment_function_code = k.activity_treatment_function_code)
                AND (c.tariff_code IS NULL OR c.tariff_code IN (k.tariff_code, k.tariff_hrg))
                AND (c.local_code IS NULL OR c.local_code = k.local_pod_code)
            WHERE coalesce(c.pod_code, c.activity_treatment_function_code, c.tariff_code,
                c.local_code) IS NOT NULL)
        SELECT o.n, arg_min(f.notice_id, (f.effective_date, f.notice_id)) AS notice_id,
            arg_min(f.status, (f.effective_date, f.notice_id)) AS notice_status,
            min(f.effective_date) AS notice_effective_date,
            arg_min(f.previous_price, (f.effective_date, f.notice_id)) AS notice_previous_price
        FROM fitting AS f JOIN facts_kind_of AS o USING (kind_no) GROUP BY o.n
        """
    )


def _create_registered(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_registered`` and ``facts_subcontracted`` from the registers of agreements."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_registered AS
        SELECT b.n, count(a.adjustment_id) > 0 AS is_adjustment_registered
        FROM facts_base AS b LEFT JOIN adjustments AS a ON a.provider_code = b.provider_code
            AND a.commissioner_code = b.commissioner_code AND a.local_code = b.local_pod_code
            AND b.month_start >= coalesce(a.from_date, DATE '1900-01-01')
            AND b.month_start <= coalesce(a.to_date, DATE '9999-12-31')
        WHERE b.pod_code IN ('ADJUSTMENT', 'NAOTHER') AND b.data_set IN ('ACM', 'PLCM')
            AND b.provider_code IN (SELECT provider_code FROM adjustments)
        GROUP BY b.n;
        CREATE OR REPLACE TEMP TABLE facts_subcontracted AS
        SELECT b.n, min(s.subcontract_id) AS subcontract_id,
            min(s.subcontractor_code) AS subcontractor_code
        FROM facts_base AS b JOIN subcontracts AS s ON s.provider_code = b.provider_code
            AND CASE WHEN s.site_code IS NULL
                THEN starts_with(b.organisation_site_identifier_of_treatment, s.subcontractor_code)
                ELSE s.site_code = b.organisation_site_identifier_of_treatment END
            AND (s.activity_treatment_function_code IS NULL
                OR s.activity_treatment_function_code = b.activity_treatment_function_code)
            AND b.activity_start_date BETWEEN coalesce(s.from_date, DATE '1900-01-01')
                AND coalesce(s.to_date, DATE '9999-12-31')
        WHERE b.data_set = 'PLCM' GROUP BY b.n;
        CREATE OR REPLACE TEMP TABLE facts_fixed_items AS
        SELECT DISTINCT b.n, true AS is_item_fixed
        FROM facts_base AS b JOIN facts_kind_of AS o USING (n)
        JOIN facts_kind_terms AS k USING (kind_no)
        JOIN fixed_items AS f ON f.contract_id = k.contract_id
            AND f.item_code = coalesce(b.drug_code, b.device_code)
            AND b.activity_start_date BETWEEN coalesce(f.from_date, DATE '1900-01-01')
                AND coalesce(f.to_date, DATE '9999-12-31')
        WHERE b.data_set IN ('DrPLCM', 'DePLCM');
        CREATE OR REPLACE TEMP TABLE facts_host_twins AS
        WITH parties AS (
            SELECT provider_code, 'host' AS side FROM subcontracts
            UNION SELECT subcontractor_code, 'subcontractor' FROM subcontracts),
        care AS (
            SELECT b.n, b.line_id, b.provider_code, b.k_person, b.activity_start_date AS day,
                coalesce(left(b.primary_procedure_code, 3), m.sus_procedure_3) AS procedure_3,
                p.side
            FROM facts_base AS b JOIN parties AS p USING (provider_code)
            LEFT JOIN facts_matched AS m USING (n)
            WHERE b.data_set = 'PLCM' AND b.activity_cost > 0 AND b.k_person IS NOT NULL
                AND b.pod_role IN ('spell', 'regular', 'outpatient'))
        SELECT o.n, min(h.line_id) AS host_line_id, min(h.provider_code) AS host_provider_code,
            CAST(min(abs(h.day - o.day)) AS INTEGER) AS host_days_apart
        FROM care AS o JOIN subcontracts AS s ON s.subcontractor_code = o.provider_code
            AND o.day BETWEEN coalesce(s.from_date, DATE '1900-01-01')
                AND coalesce(s.to_date, DATE '9999-12-31')
        JOIN care AS h ON h.provider_code = s.provider_code AND h.k_person = o.k_person
            AND h.procedure_3 = o.procedure_3 AND h.side = 'host'
            AND h.day BETWEEN o.day - 7 AND o.day + 7
        WHERE o.side = 'subcontractor' GROUP BY o.n
        """
    )
