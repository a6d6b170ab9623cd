"""Which SUS record stands behind a line, by which tie, and what that record says.

A line is tied to SUS by the first of: the CDS unique identifier; the spell or attendance
identifier; patient, date and treatment function (emergency care: without treatment function). The
identifiers are the provider's, so they are always compared within one provider; a patient is
compared within one key domain.
"""

from __future__ import annotations

import duckdb

_REFERENCE_KEY = """CASE care_kind WHEN 'spell' THEN k_spell WHEN 'attendance' THEN k_attendance
    WHEN 'emergency' THEN k_emergency END"""

_CONTACT_KEY = """CASE WHEN pod_role IN ('spell', 'regular', 'outpatient', 'emergency')
        AND k_person IS NOT NULL AND activity_start_date IS NOT NULL
    THEN hash(care_kind, provider_code, k_person, activity_start_date,
        CASE WHEN care_kind = 'emergency' THEN '' ELSE activity_treatment_function_code END) END"""


def create_sus_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_matched``, ``facts_slam_matched`` and ``facts_deaths`` from ``facts_base``."""
    _create_keys(con)
    _create_coverage(con)
    _create_matched(con)
    _create_slam_matched(con)
    _create_deaths(con)
    for name in ("facts_sus_keys", "facts_slam_keys", "facts_covered"):
        con.execute(f"DROP TABLE {name}")


def _create_keys(con: duckdb.DuckDBPyConnection) -> None:
    for name, sets in (
        ("facts_sus_keys", "('SUS_APC', 'SUS_OP', 'SUS_EC')"),
        ("facts_slam_keys", "('PLCM', 'DrPLCM', 'DePLCM')"),
    ):
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE {name} AS
            SELECT n, line_id, provider_code, financial_year, month, data_set, pod_role, care_kind,
                activity_start_date,
                k_cds, {_REFERENCE_KEY} AS k_reference, {_CONTACT_KEY} AS k_contact
            FROM facts_base WHERE data_set IN {sets}
            """
        )


def _create_coverage(con: duckdb.DuckDBPyConnection) -> None:
    # Where a provider's SUS set of a month was not loaded, absence of a record says nothing.
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_covered AS
        SELECT DISTINCT provider_code, financial_year, month,
            CASE data_set WHEN 'SUS_APC' THEN 'spell' WHEN 'SUS_OP' THEN 'attendance'
                ELSE 'emergency' END AS care_kind
        FROM facts_sus_keys
        """
    )


def _create_index(con: duckdb.DuckDBPyConnection, key: str) -> None:
    """Create ``facts_by_KEY``: for each value of a key its SUS record, of several the first.

    Nearly every value has one record: only for the others are line ids compared, and the tables
    are made one after the other, because text of millions of groups would not fit memory.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_by_{key} AS
        SELECT {key}, min(n) AS n, min(activity_start_date) AS day, count(*) AS records
        FROM facts_sus_keys WHERE {key} IS NOT NULL GROUP BY {key};
        CREATE OR REPLACE TEMP TABLE facts_firsts AS
        SELECT {key}, arg_min(n, line_id) AS n, arg_min(activity_start_date, line_id) AS day
        FROM facts_sus_keys
        WHERE {key} IN (SELECT {key} FROM facts_by_{key} WHERE records > 1) GROUP BY {key};
        UPDATE facts_by_{key} SET n = f.n, day = f.day FROM facts_firsts AS f
        WHERE facts_by_{key}.{key} = f.{key};
        DROP TABLE facts_firsts
        """
    )


def _create_matched(con: duckdb.DuckDBPyConnection) -> None:
    # A CDS identifier that leads to a record of another day, while spell or attendance identifier
    # lead to one of the same day, was mistyped or used twice: the second tie is the better one.
    misled = (
        "(c.n <> r.n AND c.day <> s.activity_start_date AND r.day = s.activity_start_date) IS TRUE"
    )
    keys = ("k_cds", "k_reference", "k_contact")
    for key in keys:
        _create_index(con, key)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_tied AS
        SELECT s.n, CASE WHEN {misled} THEN r.n ELSE coalesce(c.n, r.n, p.n) END AS sus_n,
            CASE WHEN {misled} THEN 'identifier' WHEN c.n IS NOT NULL THEN 'cds'
                WHEN r.n IS NOT NULL THEN 'identifier'
                WHEN p.n IS NOT NULL THEN 'patient_date'
                WHEN s.pod_role IN ('spell', 'regular', 'outpatient', 'emergency')
                    AND v.care_kind IS NOT NULL THEN 'none' END AS sus_match_tier
        FROM facts_slam_keys AS s
        LEFT JOIN facts_by_k_cds AS c ON c.k_cds = s.k_cds
        LEFT JOIN facts_by_k_reference AS r ON r.k_reference = s.k_reference
        LEFT JOIN facts_by_k_contact AS p ON p.k_contact = s.k_contact
        LEFT JOIN facts_covered AS v ON v.provider_code = s.provider_code
            AND v.financial_year = s.financial_year AND v.month = s.month
            AND v.care_kind = s.care_kind
        """
    )
    for key in keys:
        con.execute(f"DROP TABLE facts_by_{key}")
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_matched AS
        WITH private AS (
            SELECT DISTINCT k_spell FROM facts_base
            WHERE administrative_category_code = '02' AND k_spell IS NOT NULL)
        SELECT t.n, t.sus_match_tier,
            u.line_id AS sus_line_id,
            u.activity_start_date AS sus_start_date,
            u.activity_end_date AS sus_end_date,
            u.activity_cost AS sus_cost,
            u.tariff_hrg AS sus_hrg,
            u.sus_assigned_commissioner_code AS sus_commissioner_code,
            u.pds_practice_code AS sus_pds_practice,
            u.general_medical_practice_code AS sus_practice,
            u.person_death_date AS sus_death_date,
            u.person_stated_gender_code AS sus_gender_code,
            CASE WHEN v.k_spell IS NOT NULL THEN '02' ELSE u.administrative_category_code END
                AS sus_administrative_category_code,
            u.overseas_visitor_status_code AS sus_overseas_visitor_status_code,
            u.admission_method_code AS sus_admission_method_code,
            u.discharge_method_code AS sus_discharge_method_code,
            u.source_of_admission_code AS sus_source_of_admission_code,
            u.discharge_destination_code AS sus_discharge_destination_code,
            u.first_attendance_code AS sus_first_attendance_code,
            u.attended_or_did_not_attend_code AS sus_attended_code,
            u.prescribed_service_line_code AS sus_service_line_code,
            left(u.primary_procedure_code, 3) AS sus_procedure_3,
            u.primary_procedure_code AS sus_primary_procedure_code,
            u.primary_diagnosis_code AS sus_primary_diagnosis_code,
            u.secondary_diagnosis_codes AS sus_secondary_diagnosis_codes,
            u.secondary_procedure_codes AS sus_secondary_procedure_codes,
            u.patient_classification_code AS sus_patient_classification_code,
            u.intended_management_code AS sus_intended_management_code,
            u.source_of_referral_code AS sus_source_of_referral_code,
            u.activity_treatment_function_code AS sus_treatment_function_code,
            u.organisation_site_identifier_of_treatment AS sus_site_code,
            u.person_birth_month AS sus_birth_month,
            u.emergency_care_department_type_code AS sus_department_type_code,
            u.length_of_stay_days AS sus_length_of_stay_days,
            u.excess_bed_days AS sus_excess_bed_days,
            u.trim_point_days AS sus_trim_point_days,
            u.critical_care_days AS sus_critical_care_days,
            u.nhs_number_status_indicator_code AS sus_nhs_number_status,
            u.has_data_quality_error AS sus_has_data_quality_error,
            u.code_cleaning_applied AS sus_code_cleaning_applied,
            u.procedure_date AS sus_procedure_date,
            u.decided_to_admit_date AS sus_decided_to_admit_date,
            u.discharge_ready_date AS sus_discharge_ready_date,
            u.spell_start_time AS sus_spell_start_time,
            u.spell_end_time AS sus_spell_end_time,
            u.episodes_in_spell AS sus_episodes_in_spell,
            u.home_leave_days AS sus_home_leave_days,
            u.multi_professional_indication_code AS sus_multi_professional_code,
            u.patient_pathway_identifier AS sus_pathway_identifier,
            u.priority_type_code AS sus_priority_type_code,
            u.referral_request_received_date AS sus_referral_date,
            u.emergency_care_attendance_category_code AS sus_attendance_category_code,
            u.emergency_care_discharge_status_code AS sus_emergency_status_code,
            u.consultation_mechanism_code AS sus_consultation_mechanism_code,
            u.seen_for_treatment_time AS sus_seen_for_treatment_time,
            u.emergency_care_chief_complaint_code AS sus_chief_complaint_code,
            u.arrival_time AS sus_arrival_time,
            u.departure_time AS sus_departure_time
        FROM facts_tied AS t
        LEFT JOIN facts_base AS u ON u.n = t.sus_n
        LEFT JOIN private AS v ON v.k_spell = u.k_spell
        WHERE t.sus_match_tier IS NOT NULL
        """
    )
    con.execute("DROP TABLE facts_tied")


def _create_slam_matched(con: duckdb.DuckDBPyConnection) -> None:
    keys = ", ".join(
        f"{key} AS (SELECT DISTINCT {key} FROM facts_slam_keys WHERE {key} IS NOT NULL)"
        for key in ("k_cds", "k_reference", "k_contact")
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_slam_matched AS
        WITH {keys},
        covered AS (SELECT DISTINCT provider_code, financial_year, month FROM facts_slam_keys
            WHERE data_set = 'PLCM')
        SELECT u.n, c.k_cds IS NOT NULL OR r.k_reference IS NOT NULL OR p.k_contact IS NOT NULL
            AS is_in_contract_monitoring
        FROM facts_sus_keys AS u
        JOIN covered AS v USING (provider_code, financial_year, month)
        LEFT JOIN k_cds AS c ON c.k_cds = u.k_cds
        LEFT JOIN k_reference AS r ON r.k_reference = u.k_reference
        LEFT JOIN k_contact AS p ON p.k_contact = u.k_contact
        """
    )


def _create_deaths(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_deaths AS
        SELECT k_person, min(person_death_date) AS person_death_date
        FROM facts_base WHERE person_death_date IS NOT NULL AND k_person IS NOT NULL
        GROUP BY k_person
        """
    )
