"""Charges that come back: credits and what they undo, months already paid, the same care twice.

Everything here is sparse: first the keys that occur more than once, then windows over their rows
only, so that the cost follows the number of suspects and not the number of lines.
"""

from __future__ import annotations

import duckdb

# What a charge is for, whoever it was charged to. Charges beside a spell (bed days, critical care,
# unbundled items, drugs, devices) repeat innocently, so what they are and when belongs to the key.
_CARE = """CASE
    WHEN pod_role = 'drug' THEN hash('drug', k_person, k_spell, k_attendance, activity_start_date,
        coalesce(drug_code, drug_name, tariff_hrg, local_pod_description), drug_quantity)
    WHEN pod_role = 'device' THEN hash('device', k_person, k_spell, k_attendance,
        activity_start_date, coalesce(device_code, device_name, tariff_hrg, local_pod_description),
        device_serial_number, device_quantity)
    WHEN pod_role IN ('spell', 'regular', 'outpatient', 'emergency') THEN
        CASE WHEN k_cds IS NOT NULL THEN hash(pod_role, k_cds)
            WHEN non_cds_unique_identifier IS NOT NULL
                THEN hash(pod_role, provider_code, non_cds_unique_identifier)
            WHEN pod_role IN ('spell', 'regular') AND k_spell IS NOT NULL
                THEN hash(pod_role, k_spell)
            WHEN k_attendance IS NOT NULL THEN hash(pod_role, k_attendance)
            WHEN k_emergency IS NOT NULL THEN hash(pod_role, k_emergency)
            WHEN k_person IS NOT NULL AND activity_start_date IS NOT NULL
                THEN hash(pod_role, k_person, activity_start_date,
                    activity_treatment_function_code) END
    WHEN pod_role = 'financial' OR data_set = 'ACM' THEN NULL
    WHEN coalesce(k_cds, k_spell, k_attendance, k_emergency, k_person) IS NOT NULL
        AND activity_start_date IS NOT NULL
        THEN hash(pod_code, k_cds, k_spell, k_attendance, k_emergency, k_person, tariff_hrg,
            activity_start_date, activity_end_date, non_cds_unique_identifier) END"""

_ORDER = "financial_year, month, line_id"


def create_repeat_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_credits``, ``facts_again``, ``facts_arrivals`` and ``facts_adjustments``.

    Reads ``facts_base``, ``facts_matched`` and ``facts_stages``.
    """
    _create_credits(con)
    _create_again(con)
    _create_arrivals(con)
    _create_attendance_ids(con)
    _create_adjustments(con)
    _create_base_spells(con)
    _create_core_activity(con)


def _create_credits(con: duckdb.DuckDBPyConnection) -> None:
    """Pair each negative line with an equal positive one of the same care and payer."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_credits AS
        WITH charges AS (
            SELECT n, line_id, financial_year, month, activity_cost,
                hash(data_set, provider_code, commissioner_code, pod_code, abs(activity_cost),
                    CASE WHEN data_set = 'ACM' THEN hash(tariff_hrg,
                            activity_treatment_function_code, local_pod_code)
                        ELSE coalesce({_CARE}, hash(k_person, k_spell, k_attendance)) END) AS k
            FROM facts_base
            WHERE is_contract_monitoring AND activity_cost <> 0),
        reversed AS (SELECT k FROM charges GROUP BY k
            HAVING bool_or(activity_cost < 0) AND bool_or(activity_cost > 0)),
        placed AS (
            SELECT c.*, activity_cost < 0 AS is_credit,
                row_number() OVER (PARTITION BY k, activity_cost < 0 ORDER BY {_ORDER}) AS place,
                count(*) FILTER (WHERE activity_cost < 0) OVER (PARTITION BY k) AS credits,
                count(*) FILTER (WHERE activity_cost > 0) OVER (PARTITION BY k) AS debits
            FROM charges AS c SEMI JOIN reversed USING (k))
        SELECT n, is_credit, NOT is_credit AS is_credited FROM placed
        WHERE place <= CASE WHEN is_credit THEN debits ELSE credits END
        """
    )


def _create_again(con: duckdb.DuckDBPyConnection) -> None:
    """Find the earliest frozen month of the same year in which the same care was charged."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_again AS
        WITH charges AS (
            SELECT n, line_id, data_set, provider_code, commissioner_code, financial_year, month,
                hash(data_set, financial_year, {_CARE}) AS k
            FROM facts_base
            WHERE data_set IN ('PLCM', 'DrPLCM', 'DePLCM') AND activity_cost > 0
                AND month <= 12 AND ({_CARE}) IS NOT NULL
                AND n NOT IN (SELECT n FROM facts_credits WHERE is_credited)),
        repeated AS (SELECT k FROM charges GROUP BY k HAVING min(month) < max(month)),
        suspects AS (
            SELECT c.*, g.stage IN ('freeze', 'post_freeze') AS is_frozen
            FROM charges AS c SEMI JOIN repeated USING (k)
            LEFT JOIN facts_stages AS g ON g.data_set = c.data_set
                AND g.provider_code = c.provider_code
                AND g.commissioner_code = c.commissioner_code
                AND g.financial_year = c.financial_year AND g.month = c.month),
        first AS (
            SELECT k, min(month) AS month, arg_min(line_id, (month, line_id)) AS line_id
            FROM suspects WHERE is_frozen GROUP BY k)
        SELECT s.n, f.month AS earlier_charge_month, f.line_id AS earlier_charge_line_id
        FROM suspects AS s JOIN first AS f USING (k) WHERE f.month < s.month
        """
    )


def _create_arrivals(con: duckdb.DuckDBPyConnection) -> None:
    """Compare each emergency attendance with the patient's last arrival at the same site.

    The cheaper of the two is the repeat (the later where they cost the same).
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_arrivals AS
        WITH attendances AS (
            SELECT b.n, b.line_id, b.activity_cost,
                coalesce(b.arrival_time, m.sus_arrival_time) AS arrival,
                hash(b.data_set, b.provider_code,
                    b.organisation_site_identifier_of_treatment, b.k_person) AS k
            FROM facts_base AS b LEFT JOIN facts_matched AS m USING (n)
            WHERE b.is_emergency AND b.k_person IS NOT NULL AND b.data_set = 'PLCM'
                AND b.activity_cost > 0
                AND b.n NOT IN (SELECT n FROM facts_credits WHERE is_credited)),
        repeated AS (SELECT k FROM attendances WHERE arrival IS NOT NULL
            GROUP BY k HAVING count(*) > 1),
        neighbours AS (
            SELECT n, line_id, arrival, activity_cost,
                lag(line_id) OVER w AS other, lag(n) OVER w AS other_n,
                lag(activity_cost) OVER w AS other_cost,
                date_diff('second', lag(arrival) OVER w, arrival) AS seconds
            FROM attendances SEMI JOIN repeated USING (k) WHERE arrival IS NOT NULL
            WINDOW w AS (PARTITION BY k ORDER BY arrival, activity_cost DESC, line_id)),
        pairs AS (
            SELECT CASE WHEN activity_cost > other_cost THEN other_n ELSE n END AS n,
                CASE WHEN activity_cost > other_cost THEN line_id ELSE other END AS other,
                CAST((seconds + 59) // 60 AS INTEGER) AS minutes
            FROM neighbours WHERE seconds < 86400)
        SELECT n, min(minutes) AS minutes_between_arrivals,
            arg_min(other, (minutes, other)) AS other_arrival_line_id
        FROM pairs GROUP BY n
        """
    )


def _create_attendance_ids(con: duckdb.DuckDBPyConnection) -> None:
    """Give each charge of one emergency attendance identifier its place, the dearest first."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_attendance_ids AS
        WITH attendances AS (
            SELECT n, line_id, month, financial_year, activity_cost, k_emergency
            FROM facts_base
            WHERE data_set = 'PLCM' AND is_emergency AND k_emergency IS NOT NULL
                AND activity_cost > 0 AND n NOT IN (SELECT n FROM facts_credits WHERE is_credited)),
        repeated AS (SELECT k_emergency FROM attendances GROUP BY 1 HAVING count(*) > 1)
        SELECT n, CAST(row_number() OVER w AS INTEGER) AS attendance_charge_ordinal,
            first_value(line_id) OVER w AS first_attendance_charge_line_id
        FROM attendances SEMI JOIN repeated USING (k_emergency)
        WINDOW w AS (PARTITION BY k_emergency
            ORDER BY activity_cost DESC, financial_year, month, line_id)
        """
    )


def _create_base_spells(con: duckdb.DuckDBPyConnection) -> None:
    """Tell for each line of excess bed days whether its spell was charged, in any month."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_base_spells AS
        WITH spells AS (
            SELECT DISTINCT k_spell FROM facts_base
            WHERE data_set = 'PLCM' AND is_ordinary_spell AND k_spell IS NOT NULL)
        SELECT b.n, s.k_spell IS NOT NULL AS has_base_spell
        FROM facts_base AS b LEFT JOIN spells AS s USING (k_spell)
        WHERE b.data_set = 'PLCM' AND b.pod_role = 'excess_bed_days' AND b.k_spell IS NOT NULL
        """
    )


def _create_core_activity(con: duckdb.DuckDBPyConnection) -> None:
    """Tell of critical care and unbundled items whether the care they belong to was charged."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_core AS
        WITH cores AS (
            SELECT DISTINCT CASE care_kind WHEN 'spell' THEN k_spell
                WHEN 'attendance' THEN k_attendance END AS k
            FROM facts_base
            WHERE data_set = 'PLCM' AND pod_role IN ('spell', 'regular', 'outpatient')),
        items AS (
            SELECT n, coalesce(k_spell, k_attendance) AS k FROM facts_base
            WHERE data_set = 'PLCM' AND pod_role IN ('critical_care', 'unbundled')
                AND coalesce(k_spell, k_attendance) IS NOT NULL)
        SELECT i.n, c.k IS NOT NULL AS has_core_activity
        FROM items AS i LEFT JOIN cores AS c USING (k)
        """
    )


def _create_adjustments(con: duckdb.DuckDBPyConnection) -> None:
    """Give each month in which an equal adjustment was charged its place (aggregate set)."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_adjustments AS
        WITH adjustments AS (
            SELECT n, line_id, month, hash(provider_code, commissioner_code, financial_year,
                activity_cost, pod_code, coalesce(local_pod_description,
                    local_contract_monitoring_description, additional_description_first,
                    pod_further_detail_description), tariff_hrg) AS k
            FROM facts_base
            WHERE data_set = 'ACM' AND pod_code IN ('ADJUSTMENT', 'NAOTHER') AND activity_cost <> 0
                AND coalesce(local_pod_description, local_contract_monitoring_description,
                    additional_description_first, pod_further_detail_description) IS NOT NULL),
        repeated AS (SELECT k FROM adjustments GROUP BY k HAVING count(DISTINCT month) > 1)
        SELECT n, CAST(dense_rank() OVER (PARTITION BY k ORDER BY month) AS INTEGER)
                AS adjustment_month_ordinal,
            first_value(line_id) OVER (PARTITION BY k ORDER BY month, line_id)
                AS first_adjustment_line_id
        FROM adjustments SEMI JOIN repeated USING (k)
        """
    )
