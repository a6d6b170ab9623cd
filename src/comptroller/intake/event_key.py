"""What makes a line the same event in the next version of its slice, as SQL.

Data set and provider (its successor where it was merged or renamed), then the first present of:
CDS unique identifier; other unique identifier; spell with group of points of delivery; attendance
with group; patient, date, treatment function, group and ordinal among equals. Lines without a
patient: commissioner, point of delivery, treatment function, tariff, local codes, month, ordinal.
Never price, HRG of a patient's line, month of a patient's line, or row number.
"""

from __future__ import annotations

from collections.abc import Mapping

from comptroller.intake.pod_groups import UNKNOWN_GROUP, groups_relation
from comptroller.warehouse import quote_literal


def successor_sql(column: str, successors: Mapping[str, str]) -> str:
    """Return SQL for the organisation that stands for a provider after mergers and renames."""
    branches = " ".join(
        f"WHEN {quote_literal(old)} THEN {quote_literal(new)}"
        for old, new in sorted(successors.items())
    )
    return f"CASE {column} {branches} ELSE {column} END" if branches else column


_ORDINAL_ORDER = (
    "local_patient_identifier, tariff_code, local_pod_code, "
    "activity_count, activity_cost, part, row"
)


def key_columns(successors: Mapping[str, str]) -> str:
    """Return SQL columns ``key_base`` (what identifies the event) and ``key_is_whole``.

    Reads ``key_group``, the group of the point of delivery. Where ``key_is_whole`` is false an
    ordinal among equal bases completes the key.
    """
    group = "key_group"
    head = f"data_set, {successor_sql('provider_code', successors)}"

    def joined(*parts: str) -> str:
        listed = ", ".join(f"coalesce(CAST({part} AS VARCHAR), '')" for part in parts)
        return f"concat_ws('|', {head}, {listed})"

    attendance = "coalesce(attendance_identifier, emergency_care_attendance_identifier)"
    happened = "coalesce(activity_start_date, activity_end_date)"
    patient = "coalesce(patient_key, local_patient_identifier)"
    person = f"{patient} IS NOT NULL AND {happened} IS NOT NULL"
    return f"""CASE
        WHEN cds_unique_identifier IS NOT NULL THEN {joined("'cds'", "cds_unique_identifier")}
        WHEN non_cds_unique_identifier IS NOT NULL
            THEN {joined("'id'", "non_cds_unique_identifier")}
        WHEN hospital_provider_spell_identifier IS NOT NULL
            THEN {joined("'spell'", "hospital_provider_spell_identifier", group)}
        WHEN {attendance} IS NOT NULL THEN {joined("'attendance'", attendance, group)}
        WHEN {person} THEN {
        joined("'patient'", patient, happened, "activity_treatment_function_code", group)
    }
        ELSE {
        joined(
            "'total'",
            "commissioner_code",
            "pod_code",
            "activity_treatment_function_code",
            "tariff_code",
            "local_pod_code",
            "local_contract_code",
            "financial_year",
            "month",
        )
    } END AS key_base,
        coalesce(cds_unique_identifier, non_cds_unique_identifier,
            hospital_provider_spell_identifier, {attendance}) IS NOT NULL AS key_is_whole"""


def with_event_keys(relation: str, successors: Mapping[str, str], columns: str) -> str:
    """Return a query over staged lines that adds ``event_key`` (32 hex).

    Args:
        relation: Lines with ``submission_id``, ``part`` and ``row``.
        successors: Provider code to the code that took over.
        columns: The columns to return beside it, as SQL.
    """
    grouped = (
        f"SELECT r.*, coalesce(pod_groups.pod_group, '{UNKNOWN_GROUP}') AS key_group "
        f"FROM {relation} r LEFT JOIN {groups_relation()} ON pod_groups.code = r.pod_code"
    )
    keyed = f"SELECT *, {key_columns(successors)} FROM ({grouped})"
    ordinal = f"row_number() OVER (PARTITION BY submission_id, key_base ORDER BY {_ORDINAL_ORDER})"
    return (
        f"SELECT {columns}, md5(key_base) AS event_key FROM ({keyed}) WHERE key_is_whole "
        f"UNION ALL SELECT {columns}, md5(concat(key_base, '|', {ordinal})) AS event_key "
        f"FROM ({keyed}) WHERE NOT key_is_whole"
    )
