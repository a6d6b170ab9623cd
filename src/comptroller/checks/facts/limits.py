"""How much was charged against what was agreed as the most: activity limits and follow-up caps.

Each limit or cap stands for a group of lines over several months; its figures are worked out once
over the whole workspace and written on every line of the group.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.macros import round_money_sql

_FOLLOW_UP = "starts_with(b.pod_code, 'OPFUP') OR b.pod_code = 'NF2FFUP'"
_FIRST = "starts_with(b.pod_code, 'OPFA') OR b.pod_code = 'NF2FFA'"


def create_limit_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_limited`` and ``facts_capped``: one row per line under a limit or a cap.

    Reads ``facts_base``, ``facts_kind_of``, ``facts_kind_terms`` and the views
    ``activity_limits`` and ``follow_up_caps``.
    """
    so_far = round_money_sql("activity * months_charged", "months", "3")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_limited AS
        WITH limits AS (SELECT row_number() OVER () AS limit_no, *
            FROM (SELECT * FROM activity_limits ORDER BY ALL)),
        lines AS (
            SELECT b.n, l.limit_no, l.kind, l.activity, l.month_to - l.month_from + 1 AS months,
                b.month - l.month_from + 1 AS month_place, b.activity_count AS units,
                b.activity_cost AS cost
            FROM facts_base AS b JOIN facts_kind_of AS o USING (n)
            JOIN facts_kind_terms AS k USING (kind_no)
            JOIN limits AS l ON l.contract_id = k.contract_id
                AND l.financial_year = b.financial_year AND l.pod_code = b.pod_code
                AND (l.commissioner_code IS NULL OR l.commissioner_code = b.commissioner_code)
                AND (l.activity_treatment_function_code IS NULL
                    OR l.activity_treatment_function_code = b.activity_treatment_function_code)
                AND b.month BETWEEN l.month_from AND l.month_to
            WHERE b.data_set = 'ACM' AND b.activity_count IS NOT NULL),
        totals AS (
            SELECT limit_no, any_value(kind) AS limit_kind, any_value(activity) AS activity,
                any_value(months) AS months, max(month_place) AS months_charged,
                sum(units) AS limit_activity_charged, sum(cost) AS limit_cost_charged
            FROM lines GROUP BY limit_no),
        -- A limit of many months counts up to the last one charged.
        told AS (SELECT *, {so_far} AS limit_activity FROM totals)
        SELECT l.n, arg_min(CAST(limit_no AS VARCHAR), (limit_kind, limit_no)) AS limit_id,
            arg_min(limit_kind, (limit_kind, limit_no)) AS limit_kind,
            arg_min(limit_activity, (limit_kind, limit_no)) AS limit_activity,
            arg_min(limit_activity_charged, (limit_kind, limit_no)) AS limit_activity_charged,
            arg_min(limit_cost_charged, (limit_kind, limit_no)) AS limit_cost_charged
        FROM lines AS l JOIN told USING (limit_no) GROUP BY l.n;
        CREATE OR REPLACE TEMP TABLE facts_capped AS
        WITH caps AS (SELECT row_number() OVER () AS cap_no, *
            FROM (SELECT * FROM follow_up_caps ORDER BY ALL)),
        lines AS (
            SELECT b.n, c.cap_no, c.ratio, b.activity_count AS units, b.activity_cost AS cost,
                {_FOLLOW_UP} AS is_follow_up
            FROM facts_base AS b JOIN caps AS c ON c.provider_code = b.provider_code
                AND c.financial_year = b.financial_year
                AND c.activity_treatment_function_code = b.activity_treatment_function_code
                AND (c.commissioner_code IS NULL OR c.commissioner_code = b.commissioner_code)
            WHERE b.data_set = 'PLCM' AND ({_FOLLOW_UP} OR {_FIRST})
                AND b.activity_count IS NOT NULL),
        totals AS (
            SELECT cap_no, any_value(ratio) AS follow_up_cap,
                coalesce(sum(units) FILTER (NOT is_follow_up), 0) AS first_attendances,
                coalesce(sum(units) FILTER (is_follow_up), 0) AS follow_up_attendances,
                coalesce(sum(cost) FILTER (is_follow_up), 0) AS follow_up_cost
            FROM lines GROUP BY cap_no)
        SELECT l.n, CAST(min(cap_no) AS VARCHAR) AS follow_up_cap_id,
            arg_min(follow_up_cap, cap_no) AS follow_up_cap,
            arg_min(first_attendances, cap_no) AS first_attendances,
            arg_min(follow_up_attendances, cap_no) AS follow_up_attendances,
            arg_min(follow_up_cost, cap_no) AS follow_up_cost
        FROM lines AS l JOIN totals USING (cap_no) GROUP BY l.n
        """
    )
