"""Admissions that another setting's local price may fit: runs of day cases, same-day returns.

The price of the other setting is that of the line's contract: regular day attender, ward attender,
same day emergency care.
"""

from __future__ import annotations

import duckdb

# Day cases that make a run.
_RUN = 4


def create_sequence_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_runs``, ``facts_returns``, ``facts_same_day`` and ``facts_line_prices``.

    Reads ``facts_base``, ``facts_matched``, ``facts_slam_matched``, ``facts_kind_of``,
    ``facts_kind_terms`` and the view ``local_prices``.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_runs AS
        WITH days AS (
            SELECT n, provider_code, k_person, tariff_hrg, activity_start_date AS day,
                lead(activity_start_date, {_RUN - 1}) OVER (
                    PARTITION BY provider_code, k_person, tariff_hrg
                    ORDER BY activity_start_date, line_id) - activity_start_date AS span,
                row_number() OVER (PARTITION BY provider_code, k_person, tariff_hrg
                    ORDER BY activity_start_date, line_id) AS place
            FROM facts_base
            WHERE data_set = 'PLCM' AND is_day_case AND activity_cost > 0 AND k_person IS NOT NULL
                AND tariff_hrg IS NOT NULL AND activity_start_date IS NOT NULL)
        SELECT n, CAST(min(span) OVER (PARTITION BY provider_code, k_person, tariff_hrg
            ORDER BY place ROWS BETWEEN {_RUN - 1} PRECEDING AND CURRENT ROW) AS INTEGER)
            AS days_of_run
        FROM days QUALIFY days_of_run IS NOT NULL;
        CREATE OR REPLACE TEMP TABLE facts_returns AS
        SELECT b.n, CAST(b.activity_start_date - lag(b.activity_start_date) OVER w AS INTEGER)
                AS days_since_short_stay,
            lag(b.line_id) OVER w AS short_stay_line_id
        FROM facts_base AS b JOIN facts_matched AS m USING (n)
        WHERE b.data_set = 'PLCM' AND b.pod_code IN ('NEL', 'NELST') AND b.activity_cost > 0
            AND b.activity_end_date = b.activity_start_date AND b.k_person IS NOT NULL
            AND m.sus_primary_diagnosis_code IS NOT NULL
        WINDOW w AS (PARTITION BY b.provider_code, b.k_person,
            left(m.sus_primary_diagnosis_code, 3) ORDER BY b.activity_start_date, b.line_id)
        QUALIFY short_stay_line_id IS NOT NULL;
        CREATE OR REPLACE TEMP TABLE facts_same_day AS
        SELECT b.n, min(e.line_id) AS same_day_emergency_line_id
        FROM facts_base AS b JOIN facts_base AS e ON e.data_set = 'SUS_EC'
            AND e.emergency_care_department_type_code = '05'
            AND e.provider_code = b.provider_code AND e.k_person = b.k_person
            AND e.activity_start_date = b.activity_start_date
        JOIN facts_slam_matched AS s ON s.n = e.n AND NOT s.is_in_contract_monitoring
        WHERE b.data_set = 'PLCM' AND b.pod_code IN ('NEL', 'NELST')
            AND b.activity_end_date = b.activity_start_date
        GROUP BY b.n;
        CREATE OR REPLACE TEMP TABLE facts_other_prices AS
        WITH kinds AS (
            SELECT kind_no, contract_id, tariff_hrg, activity_treatment_function_code AS tfc,
                on_date FROM facts_kind_terms WHERE pod_code IN ('DC', 'EL', 'NEL', 'NELST')),
        schedule AS (
            SELECT contract_id, pod_code, price, tariff_code, from_date, to_date,
                activity_treatment_function_code AS tfc
            FROM local_prices WHERE stage IN ('agreed', 'in_year')
                AND pod_code IN ('RADAY', 'WAFA', 'AE'))
        SELECT k.kind_no,
            max(s.price) FILTER (s.pod_code = 'RADAY' AND coalesce(
                s.tariff_code = k.tariff_hrg, true)) AS regular_day_price,
            max(s.price) FILTER (s.pod_code = 'WAFA') AS ward_attender_price,
            max(s.price) FILTER (s.pod_code = 'AE') AS same_day_price
        FROM kinds AS k JOIN schedule AS s USING (contract_id)
        WHERE coalesce(s.tfc = k.tfc, true) AND coalesce(s.from_date <= k.on_date, true)
            AND coalesce(s.to_date >= k.on_date, true)
        GROUP BY k.kind_no;
        CREATE OR REPLACE TEMP TABLE facts_line_prices AS
        SELECT o.n, p.* EXCLUDE (kind_no)
        FROM facts_other_prices AS p JOIN facts_kind_of AS o USING (kind_no)
        """
    )
