"""What makes a line the same event in the next version of its slice, as SQL.

Data set and provider (its successor where it was merged or renamed), then the first present of:
CDS unique identifier; other unique identifier; spell with group of points of delivery; attendance
with group; patient, date, treatment function, group and ordinal among equals. Lines without a
patient: commissioner, point of delivery, treatment function, tariff, local codes, month, ordinal.
Never price, HRG of a patient's line, month of a patient's line, or row number.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    "activity_count, activity_cost, part, row, origin"
)


def key_columns(successors: Mapping[str, str]) -> str:
    """Return SQL columns ``event_key`` (32 hex) and ``key_base``, of which one is NULL.

    Reads ``pod_group``, the group of the point of delivery. Where nothing identifies the event by
    itself, an ordinal among lines of equal ``key_base`` is to complete the key.
    """
    group = "pod_group"
    head = f"data_set, {successor_sql('provider_code', successors)}"

    def joined(*parts: str) -> str:
        listed = ", ".join(f"coalesce(CAST({part} AS VARCHAR), '')" for part in parts)
        return f"concat_ws('|', {head}, {listed})"

    attendance = "coalesce(attendance_identifier, emergency_care_attendance_identifier)"
    happened = "coalesce(activity_start_date, activity_end_date)"
    patient = "coalesce(patient_key, local_patient_identifier)"
    person = f"{patient} IS NOT NULL AND {happened} IS NOT NULL"
    whole = f"""CASE
        WHEN cds_unique_identifier IS NOT NULL THEN {joined("'cds'", "cds_unique_identifier")}
        WHEN non_cds_unique_identifier IS NOT NULL
            THEN {joined("'id'", "non_cds_unique_identifier")}
        WHEN hospital_provider_spell_identifier IS NOT NULL
            THEN {joined("'spell'", "hospital_provider_spell_identifier", group)}
        WHEN {attendance} IS NOT NULL THEN {joined("'attendance'", attendance, group)} END"""
    of_patient = joined("'patient'", patient, happened, "activity_treatment_function_code", group)
    of_total = joined(
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
    identified = (
        "coalesce(cds_unique_identifier, non_cds_unique_identifier, "
        f"hospital_provider_spell_identifier, {attendance}) IS NOT NULL"
    )
    return (
        f"md5({whole}) AS event_key, CASE WHEN {identified} THEN NULL "
        f"WHEN {person} THEN {of_patient} ELSE {of_total} END AS key_base"
    )


def with_event_keys(relation: str, columns: str) -> str:
    """Return a query over lines with `key_columns` that completes ``event_key``.

    Args:
        relation: Lines with ``submission_id``, ``part``, ``row`` and ``origin``.
        columns: The columns to return beside it, as SQL.
    """
    ordinal = f"row_number() OVER (PARTITION BY submission_id, key_base ORDER BY {_ORDINAL_ORDER})"
    return (
        f"SELECT {columns}, event_key FROM {relation} WHERE event_key IS NOT NULL "
        f"UNION ALL SELECT {columns}, md5(concat(key_base, '|', {ordinal})) AS event_key "
        f"FROM {relation} WHERE event_key IS NULL"
    )
