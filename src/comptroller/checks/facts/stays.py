"""Stays that overlap, day cases and clinics inside a stay, two payers for one event or one day."""

from __future__ import annotations

import duckdb

# A patient key shared by more stays than this in one chain is no patient (a default number): its
# stays are not compared with each other.
LONGEST_CHAIN = 200

_STAYS = """
    SELECT b.n, b.line_id, b.provider_code, b.k_person, b.k_spell, b.activity_start_date AS starts,
        b.activity_end_date AS ends, b.activity_cost, b.is_ordinary_spell, b.is_day_case,
        coalesce(m.sus_match_tier, 'none') <> 'none' AS is_in_sus
    FROM facts_base AS b LEFT JOIN facts_matched AS m USING (n)
    WHERE b.data_set = 'PLCM' AND b.pod_role = 'spell' AND b.k_person IS NOT NULL
        AND b.activity_start_date <= b.activity_end_date AND b.activity_cost > 0
        AND b.n NOT IN (SELECT n FROM facts_credits WHERE is_credited)"""


def create_stay_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create facts of stays from ``facts_base``.

    They are ``facts_overlaps``, ``facts_inside``, ``facts_clinics`` and ``facts_previous``.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_stays AS
        WITH stays AS ({_STAYS}),
        marked AS (
            SELECT *, coalesce(starts > max(ends) OVER (PARTITION BY k_person
                ORDER BY starts, ends DESC, line_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true) AS opens
            FROM stays),
        chains AS (
            SELECT *, sum(CASE WHEN opens THEN 1 ELSE 0 END) OVER (PARTITION BY k_person
                ORDER BY starts, ends DESC, line_id ROWS UNBOUNDED PRECEDING) AS chain
            FROM marked)
        SELECT * FROM chains
        QUALIFY count(*) OVER (PARTITION BY k_person, chain) BETWEEN 2 AND {LONGEST_CHAIN}
        """
    )
    _create_overlaps(con)
    _create_inside(con)
    _create_clinics(con)
    _create_previous(con)
    con.execute("DROP TABLE facts_stays")


def _create_overlaps(con: duckdb.DuckDBPyConnection) -> None:
    """Of two stays that overlap keep the one SUS supports, then the dearer, then the earlier.

    Between providers the earlier stay is kept (the host) before cost is looked at.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_overlaps AS
        WITH pairs AS (
            SELECT a.n, b.line_id AS other, a.provider_code = b.provider_code AS same,
                b.provider_code AS other_provider,
                CAST(least(a.ends, b.ends) - greatest(a.starts, b.starts) AS INTEGER) AS days,
                CASE WHEN a.is_in_sus <> b.is_in_sus THEN b.is_in_sus
                    WHEN a.provider_code <> b.provider_code AND a.starts <> b.starts
                        THEN b.starts < a.starts
                    WHEN a.activity_cost <> b.activity_cost THEN b.activity_cost > a.activity_cost
                    WHEN a.starts <> b.starts THEN b.starts < a.starts
                    ELSE b.line_id < a.line_id END AS gives_way
            FROM facts_stays AS a JOIN facts_stays AS b
                ON a.k_person = b.k_person AND a.chain = b.chain AND a.n <> b.n
            WHERE a.provider_code <> b.provider_code
                OR a.k_spell IS NULL OR b.k_spell IS NULL OR a.k_spell <> b.k_spell)
        SELECT n,
            max(days) FILTER (WHERE same) AS overlap_days,
            arg_max(other, (days, other)) FILTER (WHERE same) AS overlap_line_id,
            max(days) FILTER (WHERE NOT same) AS other_provider_overlap_days,
            arg_max(other, (days, other)) FILTER (WHERE NOT same) AS other_provider_line_id,
            arg_max(other_provider, (days, other)) FILTER (WHERE NOT same)
                AS other_provider_code
        FROM pairs WHERE gives_way AND days >= 0 GROUP BY n
        """
    )


def _create_inside(con: duckdb.DuckDBPyConnection) -> None:
    """Day cases dated strictly between admission and discharge of a stay at the same provider."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_inside AS
        SELECT d.n, min(s.line_id) AS around_line_id, min(s.starts) AS around_start_date,
            max(s.ends) AS around_end_date
        FROM facts_stays AS d JOIN facts_stays AS s
            ON d.k_person = s.k_person AND d.chain = s.chain AND d.provider_code = s.provider_code
        WHERE d.is_day_case AND s.is_ordinary_spell AND s.starts < d.starts AND d.ends < s.ends
        GROUP BY d.n
        """
    )


def _create_clinics(con: duckdb.DuckDBPyConnection) -> None:
    """Outpatient and emergency attendances strictly inside a stay at the provider, SLAM or SUS."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_clinics AS
        WITH stays AS (
            SELECT hash(provider_code, k_person) AS k, activity_start_date AS day,
                activity_end_date AS ends, line_id,
                NULL::BIGINT AS n
            FROM facts_base
            WHERE data_set IN ('PLCM', 'SUS_APC') AND pod_role = 'spell' AND is_ordinary_spell
                AND k_person IS NOT NULL AND activity_end_date - activity_start_date > 1
                AND (data_set = 'SUS_APC' OR activity_cost > 0)),
        clinics AS (
            SELECT hash(provider_code, k_person) AS k, activity_start_date AS day,
                NULL::DATE AS ends, line_id, n
            FROM facts_base
            WHERE data_set = 'PLCM' AND (is_outpatient OR is_emergency) AND k_person IS NOT NULL
                AND activity_start_date IS NOT NULL),
        mixed AS (
            SELECT * FROM stays SEMI JOIN clinics USING (k)
            UNION ALL SELECT * FROM clinics SEMI JOIN stays USING (k)),
        seen AS (
            SELECT n, day, max(ends) OVER w AS stay_end_date,
                arg_max(day, (ends, line_id)) FILTER (WHERE ends IS NOT NULL) OVER w
                    AS stay_start_date,
                arg_max(line_id, (ends, line_id)) FILTER (WHERE ends IS NOT NULL) OVER w
                    AS stay_line_id
            FROM mixed
            WINDOW w AS (PARTITION BY k ORDER BY day
                RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 DAY PRECEDING))
        SELECT n, stay_start_date, stay_end_date, stay_line_id
        FROM seen WHERE n IS NOT NULL AND stay_end_date > day
        """
    )


def _create_previous(con: duckdb.DuckDBPyConnection) -> None:
    """Find the charged stay that the patient had at the same provider before this one."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_previous AS
        WITH stays AS (
            SELECT n, line_id, hash(provider_code, k_person) AS k, activity_cost,
                activity_start_date AS starts, activity_end_date AS ends,
                organisation_site_identifier_of_treatment AS site
            FROM facts_base
            WHERE data_set = 'PLCM' AND pod_role = 'spell' AND is_ordinary_spell
                AND k_person IS NOT NULL AND activity_start_date <= activity_end_date
                AND activity_cost > 0 AND n NOT IN (SELECT n FROM facts_credits WHERE is_credited)),
        repeated AS (SELECT k FROM stays GROUP BY k HAVING count(*) > 1)
        SELECT n, lag(ends) OVER w AS previous_discharge_date,
            lag(line_id) OVER w AS previous_stay_line_id,
            lag(activity_cost) OVER w AS previous_stay_cost,
            lag(site) OVER w AS previous_stay_site_code
        FROM stays SEMI JOIN repeated USING (k)
        WINDOW w AS (PARTITION BY k ORDER BY starts, ends, line_id)
        """
    )


def create_shared_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_shared``: one event, or one patient's day, charged to two payers.

    The payer kept is the responsible one where it is among them, else the one with most lines,
    then the one charged most. Reads ``facts_payers``.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_charged AS
        SELECT b.n, y.charged_payer, b.activity_cost,
            y.charged_payer = y.responsible_payer AS is_right,
            CASE WHEN b.is_base_spell OR b.is_outpatient OR b.is_emergency THEN
                hash(b.financial_year, b.month, CASE WHEN b.is_base_spell THEN b.k_spell
                    WHEN b.is_outpatient THEN b.k_attendance ELSE b.k_emergency END) END
                AS k_event,
            CASE WHEN b.is_base_spell THEN b.k_spell
                WHEN b.is_outpatient THEN b.k_attendance ELSE b.k_emergency END IS NOT NULL
                AND b.data_set = 'PLCM' AS has_event,
            CASE WHEN b.commissioned_service_category_code = '12' AND b.k_person IS NOT NULL
                AND b.activity_start_date IS NOT NULL
                THEN hash(b.data_set, b.provider_code, b.k_person, b.activity_start_date) END
                AS k_day
        FROM facts_base AS b JOIN facts_payers AS y USING (n)
        WHERE b.data_set IN ('PLCM', 'DrPLCM', 'DePLCM') AND b.activity_cost > 0
            AND y.charged_payer IS NOT NULL
            AND b.n NOT IN (SELECT n FROM facts_credits WHERE is_credited)
        """
    )
    for key, name, extra in (
        ("k_event", "event", "AND has_event"),
        ("k_day", "day", ""),
    ):
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE facts_shared_{name} AS
            WITH shared AS (
                SELECT {key} AS k FROM facts_charged WHERE {key} IS NOT NULL {extra}
                GROUP BY 1 HAVING count(DISTINCT charged_payer) > 1),
            payers AS (
                SELECT {key} AS k, charged_payer, bool_or(coalesce(is_right, false)) AS is_right,
                    count(*) AS lines, sum(activity_cost) AS cost
                FROM facts_charged
                WHERE {key} IN (SELECT k FROM shared) {extra} GROUP BY ALL),
            kept AS (
                SELECT k, arg_max(charged_payer, (is_right, lines, cost, charged_payer)) AS payer,
                    CAST(count(*) AS INTEGER) AS payers
                FROM payers GROUP BY k)
            SELECT c.n, p.payers AS {name}_payers, p.payer AS {name}_kept_payer
            FROM facts_charged AS c JOIN kept AS p ON p.k = c.{key}
            WHERE true {extra}
            """
        )
    con.execute("DROP TABLE facts_charged")
