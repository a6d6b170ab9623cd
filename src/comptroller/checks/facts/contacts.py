"""The patient's attendances in a row, and how they hang together with stays at the provider."""

from __future__ import annotations

import duckdb


def create_contact_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create facts of attendances from ``facts_base`` and ``facts_matched``.

    They are ``facts_sequence`` (outpatients), ``facts_since_discharge``, ``facts_visits``
    (emergency care), ``facts_doors`` (the attendance that led to a stay) and ``facts_told`` (what
    a provider's emergency records of a month carry at all).
    """
    _create_sequence(con)
    _create_since_discharge(con)
    _create_visits(con)
    _create_doors(con)


def _create_sequence(con: duckdb.DuckDBPyConnection) -> None:
    """Find the attendance before, in the treatment function and in any, at the same provider."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_sequence AS
        WITH attended AS (
            SELECT b.n, b.line_id, hash(b.provider_code, b.k_person) AS k,
                b.activity_treatment_function_code AS code, b.activity_start_date AS day
            FROM facts_base AS b LEFT JOIN facts_matched AS m USING (n)
            WHERE b.data_set = 'PLCM' AND b.is_outpatient AND b.k_person IS NOT NULL
                AND b.activity_start_date IS NOT NULL AND b.activity_cost > 0
                AND coalesce(m.sus_attended_code, b.attended_or_did_not_attend_code, '5')
                    IN ('5', '6')
                AND b.n NOT IN (SELECT n FROM facts_credits WHERE is_credited)),
        several AS (SELECT k FROM attended GROUP BY k HAVING count(*) > 1)
        SELECT n, lag(day) OVER same AS previous_attendance_date,
            lag(line_id) OVER same AS previous_attendance_line_id,
            lag(day) OVER every AS last_clinic_date,
            lag(code) OVER every AS last_clinic_function_code,
            lag(line_id) OVER every AS last_clinic_line_id
        FROM attended SEMI JOIN several USING (k)
        WINDOW same AS (PARTITION BY k, code ORDER BY day, line_id),
            every AS (PARTITION BY k ORDER BY day, line_id)
        """
    )


def _create_since_discharge(con: duckdb.DuckDBPyConnection) -> None:
    """Find the discharge before an attendance that the patient's own consultant asked for."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_since_discharge AS
        WITH attended AS (
            SELECT b.n, hash(b.provider_code, b.k_person, b.activity_treatment_function_code) AS k,
                b.activity_start_date AS day
            FROM facts_base AS b JOIN facts_matched AS m USING (n)
            WHERE b.data_set = 'PLCM' AND b.is_outpatient AND b.k_person IS NOT NULL
                AND m.sus_source_of_referral_code IN ('01', '02', '10', '11')),
        stays AS (
            SELECT hash(provider_code, k_person, activity_treatment_function_code) AS k,
                activity_end_date AS day, line_id
            FROM facts_base
            WHERE data_set = 'PLCM' AND pod_role = 'spell' AND k_person IS NOT NULL
                AND activity_end_date IS NOT NULL AND activity_cost > 0)
        SELECT a.n, s.day AS function_discharge_date, s.line_id AS function_stay_line_id
        FROM attended AS a ASOF JOIN stays AS s ON s.k = a.k AND a.day >= s.day
        """
    )


def _create_visits(con: duckdb.DuckDBPyConnection) -> None:
    """Find the emergency attendance before at the provider, and a stay that begins or ends then."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_told AS
        SELECT provider_code, financial_year, month,
            bool_or(seen_for_treatment_time IS NOT NULL) AS tells_seen,
            bool_or(emergency_care_chief_complaint_code IS NOT NULL) AS tells_complaint
        FROM facts_base WHERE data_set = 'SUS_EC' GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE facts_visits AS
        WITH visits AS (
            SELECT b.n, b.line_id, hash(b.provider_code, b.k_person) AS k,
                b.activity_start_date AS day, m.sus_arrival_time AS arrived
            FROM facts_base AS b LEFT JOIN facts_matched AS m USING (n)
            WHERE b.data_set = 'PLCM' AND b.is_emergency AND b.k_person IS NOT NULL
                AND b.activity_start_date IS NOT NULL AND b.activity_cost > 0
                AND b.n NOT IN (SELECT n FROM facts_credits WHERE is_credited)),
        stays AS (
            SELECT hash(b.provider_code, b.k_person) AS k, b.activity_start_date AS starts,
                b.activity_end_date AS ends, b.line_id, m.sus_admission_method_code AS method,
                b.pod_code
            FROM facts_base AS b LEFT JOIN facts_matched AS m USING (n)
            WHERE b.data_set = 'PLCM' AND b.pod_role = 'spell' AND b.k_person IS NOT NULL
                AND b.activity_cost > 0),
        begun AS (
            SELECT k, starts, arg_min(line_id, line_id) AS line_id,
                arg_min(method, line_id) AS method
            FROM stays GROUP BY k, starts),
        ended AS (
            SELECT k, ends, arg_max(line_id, (starts, line_id)) AS line_id, max(starts) AS starts
            FROM stays WHERE pod_code IN ('NEL', 'NELST') GROUP BY k, ends),
        before AS (
            SELECT n, lag(day) OVER w AS previous_visit_date,
                lag(line_id) OVER w AS previous_visit_line_id
            FROM visits WINDOW w AS (PARTITION BY k ORDER BY day, arrived, line_id))
        SELECT v.n, p.previous_visit_date, p.previous_visit_line_id,
            b.line_id AS admission_line_id, b.method AS admission_method_code,
            e.line_id AS ended_stay_line_id, e.starts AS ended_stay_start_date
        FROM visits AS v JOIN before AS p USING (n)
        LEFT JOIN begun AS b ON b.k = v.k AND b.starts = v.day
        LEFT JOIN ended AS e ON e.k = v.k AND e.ends = v.day
        """
    )


def _create_doors(con: duckdb.DuckDBPyConnection) -> None:
    """Find the emergency record that led to a stay: of the day of admission or the day before.

    Where the provider sent no emergency records of that month, their absence says nothing.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_doors AS
        WITH arrivals AS (
            SELECT hash(provider_code, k_person) AS k, activity_start_date AS day,
                arrival_time AS arrived, departure_time AS departed, line_id
            FROM facts_base
            WHERE data_set = 'SUS_EC' AND k_person IS NOT NULL
                AND activity_start_date IS NOT NULL),
        covered AS (
            SELECT DISTINCT provider_code, date_trunc('month', activity_start_date) AS month
            FROM facts_base WHERE data_set = 'SUS_EC'),
        stays AS (
            SELECT b.n, hash(b.provider_code, b.k_person) AS k, b.activity_start_date AS day
            FROM facts_base AS b JOIN covered AS c ON c.provider_code = b.provider_code
                AND c.month = date_trunc('month', b.activity_start_date)
            WHERE b.data_set = 'PLCM' AND b.pod_role = 'spell' AND b.k_person IS NOT NULL)
        SELECT s.n, count(a.line_id) > 0 AS has_emergency_record,
            arg_max(a.line_id, (a.day, a.arrived)) AS emergency_record_line_id,
            max(a.day) AS emergency_record_date,
            CAST(arg_max(date_diff('minute', a.arrived, a.departed), (a.day, a.arrived))
                AS INTEGER) AS emergency_record_minutes
        FROM stays AS s LEFT JOIN arrivals AS a
            ON a.k = s.k AND a.day IN (s.day, s.day - 1)
        GROUP BY s.n
        """
    )


_SEEN = (
    "CASE WHEN m.sus_line_id IS NOT NULL AND b.is_emergency AND td.{0} THEN m.{1} IS NOT NULL END"
)
CONTACT_FACTS = {
    **{
        name: f"sq.{name}"
        for name in (
            *("previous_attendance_date", "previous_attendance_line_id", "last_clinic_date"),
            *("last_clinic_function_code", "last_clinic_line_id"),
        )
    },
    "function_discharge_date": "ds.function_discharge_date",
    "function_stay_line_id": "ds.function_stay_line_id",
    **{
        name: f"vi.{name}"
        for name in (
            *("previous_visit_date", "previous_visit_line_id", "admission_line_id"),
            *("ended_stay_line_id", "ended_stay_start_date"),
        )
    },
    "admission_after_visit_method_code": "vi.admission_method_code",
    **{
        name: f"dr.{name}"
        for name in (
            *("has_emergency_record", "emergency_record_line_id", "emergency_record_date"),
            "emergency_record_minutes",
        )
    },
    "slice_stage": "sg.stage",
    "sus_was_seen": _SEEN.format("tells_seen", "sus_seen_for_treatment_time"),
    "sus_has_chief_complaint": _SEEN.format("tells_complaint", "sus_chief_complaint_code"),
}
CONTACT_JOINS = """
    LEFT JOIN facts_sequence AS sq USING (n)
    LEFT JOIN facts_since_discharge AS ds USING (n)
    LEFT JOIN facts_visits AS vi USING (n)
    LEFT JOIN facts_doors AS dr USING (n)
    LEFT JOIN facts_told AS td ON td.provider_code = b.provider_code
        AND td.financial_year = b.financial_year AND td.month = b.month
    LEFT JOIN facts_stages AS sg ON sg.data_set = b.data_set
        AND sg.provider_code = b.provider_code AND sg.commissioner_code = b.commissioner_code
        AND sg.financial_year = b.financial_year AND sg.month = b.month
"""
