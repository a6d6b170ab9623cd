"""The lines in question, read once: their columns, what follows from a row alone, and join keys.

Makes ``facts_base``: one row for each payable (or current) line of the contract-monitoring and SUS
data sets of the whole workspace, because what is wrong with a line of the scope may lie in a line
outside it (another month, provider or data set). Keys are 64-bit hashes, so that the windows and
joins of the other modules never carry text.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from comptroller.checks.terms import YEAR_START
from comptroller.vocabulary import LINE_DATA_SETS, SYSTEM_COLUMNS, line_columns
from comptroller.warehouse import quote_identifier, quote_literals

SUS = ("SUS_APC", "SUS_OP", "SUS_EC")

EVER, FOREVER = "DATE '1900-01-01'", "DATE '9999-12-31'"
"""SQL of the days that stand for no beginning and no end of a dated row."""

# Wide tables live in an in-memory database of their own that can compress: most columns of most
# lines are empty or repeat, and take nearly no room there. Compressing costs twice the time of
# copying, so it waits until there are so many lines that memory would run short.
STORE = "facts_store"
LINES_TO_COMPRESS = 2_000_000

# Columns that name a line and its finding: always in `checked`.
IDENTITY = (
    *("line_id", "event_key", "data_set", "provider_code", "commissioner_code"),
    *("financial_year", "month", "slice_version_id", "submission_id", "part", "sheet", "row"),
    *("local_patient_identifier", "hospital_provider_spell_identifier", "attendance_identifier"),
    *("emergency_care_attendance_identifier", "cds_unique_identifier", "activity_start_date"),
    *("activity_end_date", "pod_code", "activity_treatment_function_code", "tariff_code"),
    *("activity_count", "activity_cost", "market_forces_cost", "service_code", "local_pod_code"),
    *("local_contract_code", "commissioned_service_category_code"),
)

# Columns that the SQL of this package reads besides.
INPUTS = (
    *("organisation_site_identifier_of_treatment", "general_medical_practice_code"),
    *("organisation_identifier_gp_practice_responsibility",),
    *("organisation_identifier_residence_responsibility", "withheld_identity_reason"),
    *("patient_key", "patient_key_domain", "nhs_number_status", "postcode_district"),
    *("person_birth_month", "age_at_activity_date", "person_stated_gender_code"),
    *("identifiers_in_text", "non_cds_unique_identifier", "pod_further_detail_description"),
    *("local_pod_description", "local_contract_monitoring_description"),
    *("additional_description_first", "national_tariff_indicator", "activity_unit_price"),
    *("planned_activity", "planned_cost", "drug_code", "drug_name", "drug_quantity"),
    *("commissioner_unit_price", "home_delivery_charge", "device_code", "device_name"),
    *("device_serial_number", "device_quantity", "admission_method_code"),
    *("discharge_method_code", "patient_classification_code", "source_of_admission_code"),
    *("discharge_destination_code", "administrative_category_code"),
    *("overseas_visitor_status_code", "attended_or_did_not_attend_code"),
    *("first_attendance_code", "primary_procedure_code", "arrival_time", "person_death_date"),
    *("pds_practice_code", "sus_assigned_commissioner_code", "prescribed_service_line_code"),
    *("excluded_from_tariff_indicator", "market_forces_factor", "supplier_unit_price"),
    *("vat_charged_indicator", "unbundled_episode_indicator", "planned_market_forces_cost"),
    *("reporting_type_indicator", "intended_management_code", "primary_diagnosis_code"),
    *("secondary_diagnosis_codes", "secondary_procedure_codes"),
    *("source_of_referral_code", "emergency_care_department_type_code", "departure_time"),
    *("length_of_stay_days", "excess_bed_days", "trim_point_days", "critical_care_days"),
    *("therapeutic_indication_code", "device_high_level_code"),
    *("has_data_quality_error", "code_cleaning_applied", "procedure_date", "home_leave_days"),
    *("decided_to_admit_date", "discharge_ready_date", "spell_start_time", "spell_end_time"),
    *("episodes_in_spell", "multi_professional_indication_code", "patient_pathway_identifier"),
    *("priority_type_code", "referral_request_received_date", "consultation_mechanism_code"),
    *("emergency_care_attendance_category_code", "emergency_care_discharge_status_code"),
    *("seen_for_treatment_time", "emergency_care_chief_complaint_code"),
    "nhs_number_status_indicator_code",
)

# Not part of what a row says: where it lies, and when its file was made.
_NOT_BUSINESS = (*SYSTEM_COLUMNS, "date_time_data_set_created")
_SLICE = "l.data_set, l.provider_code, l.commissioner_code, l.financial_year, l.month"


def stored_columns(columns: Iterable[str] | None) -> list[str]:
    """Return the line columns that ``checked`` holds, in the order of the vocabulary.

    Args:
        columns: Names that the checks to be run read; None for every column of a line.
    """
    every = [name for name in line_columns() if name != "commit_id"]
    if columns is None:
        return every
    wanted = {*columns, *IDENTITY}
    return [name for name in every if name in wanted]


def create_base(
    con: duckdb.DuckDBPyConnection, basis: str, columns: Iterable[str] | None = None
) -> None:
    """Create ``facts_base`` from the view ``payable_lines`` or ``current_lines``.

    Args:
        con: Connection with the views of intake and the table ``facts_pods``.
        basis: ``payable`` or ``current``.
        columns: See `stored_columns`.
    """
    wanted = {*stored_columns(columns), *INPUTS}
    kept = ", ".join(f"l.{quote_identifier(c)}" for c in line_columns() if c in wanted)
    business = ", ".join(
        f"l.{quote_identifier(c)}" for c in line_columns() if c not in _NOT_BUSINESS
    )
    sets = quote_literals(LINE_DATA_SETS)
    select = f"""
        SELECT {kept},
            CAST(hash({_SLICE}, {business}) >> 1 AS BIGINT) AS row_fingerprint,
            {_ROW_FACTS}
        FROM {basis}_lines AS l
        LEFT JOIN facts_pods AS p ON p.code = l.pod_code
        LEFT JOIN facts_received AS s ON s.submission_id = l.submission_id
        WHERE l.data_set IN ({sets})
    """
    con.execute(
        f"CREATE OR REPLACE TABLE {STORE}.main.facts_rows AS WITH rows AS ({select}) "
        f"SELECT *, {_FOLLOWING_FACTS} FROM rows"
    )
    # The engine numbers the rows of a table anyway; a window to do it would run on one thread.
    con.execute("CREATE OR REPLACE TEMP VIEW facts_base AS SELECT rowid AS n, * FROM facts_rows")
    compress_if_many(con, "facts_base")


def compress_if_many(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Compress the wide tables where ``table`` has very many rows."""
    row = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    if row and row[0] >= LINES_TO_COMPRESS:
        con.execute(f"CHECKPOINT {STORE}")


def open_store(con: duckdb.DuckDBPyConnection) -> None:
    """Attach the database of the wide tables and let names be found there too."""
    con.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {STORE} (COMPRESS)")
    row = con.execute("SELECT current_database()").fetchone()
    home = row[0] if row else "memory"
    con.execute(f"SET search_path = '{home}.main,{STORE}.main'")


def create_received(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_received``: the day each submission was first received."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_received AS
        SELECT submission_id, min(CAST(received_at AS DATE)) AS received_date
        FROM submissions WHERE submission_id IS NOT NULL GROUP BY submission_id
        """
    )


_YEAR_START = YEAR_START.format(a="l")

_ROLE = """CASE
    WHEN l.data_set = 'SUS_APC' AND l.patient_classification_code IN ('3', '4') THEN 'regular'
    WHEN l.data_set = 'SUS_APC' THEN 'spell'
    WHEN l.data_set = 'SUS_OP' THEN 'outpatient'
    WHEN l.data_set = 'SUS_EC' THEN 'emergency'
    WHEN l.data_set = 'DrPLCM' THEN 'drug'
    WHEN l.data_set = 'DePLCM' THEN 'device'
    WHEN l.pod_code IS NULL THEN NULL
    ELSE coalesce(p.role, 'unknown') END"""

_ROW_FACTS = f"""
    l.data_set IN ('ACM', 'PLCM', 'DrPLCM', 'DePLCM') AS is_contract_monitoring,
    {_ROLE} AS pod_role,
    CASE WHEN l.data_set IN ('DrPLCM') THEN 'Drugs' WHEN l.data_set = 'DePLCM' THEN 'Devices'
        ELSE p.pod_group END AS pod_group,
    coalesce(p.non_activity, false) OR l.data_set IN ('DrPLCM', 'DePLCM') AS is_non_activity,
    p.code IS NOT NULL AS pod_listed,
    CASE WHEN l.month = 13 THEN ({_YEAR_START} + INTERVAL 12 MONTH)::DATE - 1
        ELSE ({_YEAR_START} + to_months(l.month - 1))::DATE END AS month_start,
    CASE WHEN l.month = 13 THEN ({_YEAR_START} + INTERVAL 12 MONTH)::DATE - 1
        ELSE ({_YEAR_START} + to_months(l.month))::DATE - 1 END AS month_end,
    {_YEAR_START} AS year_start,
    ({_YEAR_START} + INTERVAL 12 MONTH)::DATE - 1 AS year_end,
    s.received_date,
    upper(trim(split_part(l.tariff_code, '/', 1))) AS tariff_hrg,
    CASE l.data_set WHEN 'DrPLCM' THEN l.drug_quantity WHEN 'DePLCM' THEN l.device_quantity
        ELSE l.activity_count END AS charged_quantity,
    CASE WHEN l.data_set IN ('DrPLCM', 'DePLCM') THEN l.commissioner_unit_price
        ELSE l.activity_unit_price END AS charged_unit_price,
    CASE WHEN l.patient_key IS NOT NULL
        THEN hash(coalesce(l.patient_key_domain, 'local'), l.patient_key) END AS k_person,
    CASE WHEN l.cds_unique_identifier IS NOT NULL
        THEN hash(l.provider_code, l.cds_unique_identifier) END AS k_cds,
    CASE WHEN l.hospital_provider_spell_identifier IS NOT NULL
        THEN hash(l.provider_code, 'spell', l.hospital_provider_spell_identifier) END AS k_spell,
    CASE WHEN l.data_set = 'SUS_EC' OR p.role = 'emergency' THEN NULL
        WHEN l.attendance_identifier IS NOT NULL
        THEN hash(l.provider_code, 'attendance', l.attendance_identifier) END AS k_attendance,
    CASE WHEN l.data_set = 'SUS_EC' OR p.role = 'emergency' THEN
            CASE WHEN coalesce(l.emergency_care_attendance_identifier,
                l.attendance_identifier) IS NOT NULL THEN hash(l.provider_code, 'emergency',
                coalesce(l.emergency_care_attendance_identifier, l.attendance_identifier)) END
        WHEN l.emergency_care_attendance_identifier IS NOT NULL THEN
            hash(l.provider_code, 'emergency', l.emergency_care_attendance_identifier)
        END AS k_emergency
"""

# From the columns above; each may be NULL where what it is made of is.
_FOLLOWING_FACTS = """
    coalesce(pod_role IN ('spell', 'regular'), false) AS is_base_spell,
    CASE WHEN data_set = 'SUS_APC' THEN coalesce(patient_classification_code, '1') IN ('1', '5')
        ELSE coalesce(pod_code IN ('EL', 'NEL', 'NELST', 'NELNE'), false) END AS is_ordinary_spell,
    CASE WHEN data_set = 'SUS_APC' THEN coalesce(patient_classification_code = '2', false)
        ELSE coalesce(pod_code = 'DC', false) END AS is_day_case,
    coalesce(pod_role = 'outpatient', false) AS is_outpatient,
    coalesce(pod_role = 'emergency', false) AS is_emergency,
    CASE WHEN pod_role IN ('spell', 'regular', 'excess_bed_days', 'bed_days') THEN 'spell'
        WHEN pod_role = 'outpatient' THEN 'attendance'
        WHEN pod_role = 'emergency' THEN 'emergency'
        WHEN k_spell IS NOT NULL THEN 'spell'
        WHEN k_attendance IS NOT NULL THEN 'attendance'
        WHEN k_emergency IS NOT NULL THEN 'emergency' END AS care_kind,
    CASE WHEN data_set = 'ACM' THEN NULL
        WHEN pod_role IN ('spell', 'regular') THEN activity_end_date
        WHEN pod_role IN ('outpatient', 'emergency', 'drug', 'device', 'other')
        THEN activity_start_date END AS counting_date
"""
