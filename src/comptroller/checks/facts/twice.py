"""A drug or device charged in the patient-level set and again in its own set; local POD codes."""

from __future__ import annotations

import duckdb

# Pairs further apart than this are not the same supply, whatever the check's own limit.
_WIDEST_DAYS = 31


def create_twice_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_twice`` and ``facts_local_pods`` from ``facts_base``."""
    text = (
        "concat_ws(' ', local_pod_code, local_pod_description, pod_further_detail_description, "
        "local_contract_monitoring_description, additional_description_first)"
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_supplies AS
        SELECT n, CASE WHEN pod_code = 'DRUG' OR tariff_hrg LIKE 'XD%'
                    OR regexp_matches({text}, '(?i)\\bdrugs?\\b') THEN 'DrPLCM'
                WHEN pod_code = 'DEVICE' OR regexp_matches({text}, '(?i)\\bdevices?\\b')
                    THEN 'DePLCM' END AS other_set,
            provider_code, k_person, activity_start_date, activity_cost
        FROM facts_base
        WHERE data_set = 'PLCM' AND activity_cost > 0 AND k_person IS NOT NULL
            AND activity_start_date IS NOT NULL
            AND n NOT IN (SELECT n FROM facts_credits WHERE is_credited);
        DELETE FROM facts_supplies WHERE other_set IS NULL;
        CREATE OR REPLACE TEMP TABLE facts_twice AS
        WITH pairs AS (
            SELECT s.n, s.other_set, o.line_id AS other, o.activity_cost AS other_cost,
                CAST(abs(o.activity_start_date - s.activity_start_date) AS INTEGER) AS days,
                abs(s.activity_cost - o.activity_cost) AS gap
            FROM facts_supplies AS s JOIN facts_base AS o
                ON o.data_set = s.other_set AND o.provider_code = s.provider_code
                AND o.k_person = s.k_person
                AND o.activity_start_date BETWEEN s.activity_start_date - {_WIDEST_DAYS}
                    AND s.activity_start_date + {_WIDEST_DAYS}
            WHERE o.activity_cost > 0),
        ranked AS (
            SELECT *, row_number() OVER (PARTITION BY n
                ORDER BY gap * 100 > other_cost, days, gap, other) AS place FROM pairs)
        SELECT n, other_set AS supply_data_set, other AS supply_line_id,
            days AS supply_days_apart, other_cost AS supply_cost
        FROM ranked WHERE place = 1
        """
    )
    con.execute("DROP TABLE facts_supplies")
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_local_pods AS
        WITH used AS (
            SELECT provider_code, financial_year, local_pod_code, pod_code, count(*) AS lines
            FROM facts_base
            WHERE data_set IN ('ACM', 'PLCM') AND local_pod_code IS NOT NULL
                AND pod_code IS NOT NULL
            GROUP BY ALL)
        SELECT provider_code, financial_year, local_pod_code,
            CAST(count(*) AS INTEGER) AS local_pod_meanings,
            arg_max(pod_code, (lines, pod_code)) AS local_pod_usual_code
        FROM used GROUP BY ALL HAVING count(*) > 1
        """
    )
