"""The plan as the aggregate set carries it against the plan as signed."""

from __future__ import annotations

import duckdb

_KEY = "data_set, provider_code, commissioner_code, financial_year, month"
_PLACE = "provider_code, commissioner_code, financial_year, month"


def create_plan_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_plans``: one row per aggregate slice.

    Reads ``facts_base``, ``facts_slices`` and the views ``signed_plan`` and ``contracts``.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_signed AS
        SELECT provider_code, commissioner_code, financial_year, month, pod_code,
            sum(planned_cost) AS cost
        FROM signed_plan GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE facts_planned AS
        SELECT {_PLACE}, pod_code, sum(planned_cost) AS cost
        FROM facts_base WHERE data_set = 'ACM' AND planned_cost IS NOT NULL GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE facts_plan_gaps AS
        WITH carried AS (
            SELECT provider_code, financial_year FROM facts_planned GROUP BY ALL
            HAVING sum(abs(cost)) > 0),
        signed AS (SELECT DISTINCT provider_code, commissioner_code, financial_year
            FROM facts_signed),
        pods AS (
            SELECT {_PLACE}, pod_code, coalesce(a.cost, 0) - coalesce(s.cost, 0) AS gap
            FROM facts_planned AS a FULL JOIN facts_signed AS s USING ({_PLACE}, pod_code))
        SELECT {_PLACE}, arg_max(gap, (abs(gap), pod_code)) AS largest_plan_gap,
            sum(gap) AS plan_gap
        FROM pods JOIN carried USING (provider_code, financial_year)
        JOIN signed USING (provider_code, commissioner_code, financial_year)
        GROUP BY {_PLACE};
        CREATE OR REPLACE TEMP TABLE facts_plans AS
        WITH planned AS (SELECT {_PLACE}, sum(cost) AS cost FROM facts_planned GROUP BY ALL),
        signed AS (SELECT {_PLACE}, sum(cost) AS cost FROM facts_signed GROUP BY ALL),
        years AS (
            SELECT provider_code, commissioner_code, financial_year, sum(cost) AS cost
            FROM facts_signed GROUP BY ALL),
        terms AS (
            SELECT provider_code, commissioner_code, financial_year, sum(value) AS value
            FROM contracts GROUP BY ALL),
        slices AS (
            SELECT {_KEY}, row_number() OVER (
                PARTITION BY provider_code, commissioner_code, financial_year ORDER BY month) = 1
                AS is_first
            FROM facts_slices WHERE data_set = 'ACM')
        SELECT s.data_set, s.provider_code, s.commissioner_code, s.financial_year, s.month,
            p.cost AS planned_cost, g.cost AS signed_plan_cost, d.largest_plan_gap, d.plan_gap,
            CASE WHEN s.is_first THEN t.value END AS contract_value,
            CASE WHEN s.is_first THEN y.cost END AS plan_year_cost
        FROM slices AS s
        LEFT JOIN planned AS p USING ({_PLACE})
        LEFT JOIN signed AS g USING ({_PLACE})
        LEFT JOIN facts_plan_gaps AS d USING ({_PLACE})
        LEFT JOIN years AS y USING (provider_code, commissioner_code, financial_year)
        LEFT JOIN terms AS t USING (provider_code, commissioner_code, financial_year)
        """
    )
