"""The two sides to be linked, in one form: what identifies a line, and what it agrees on."""

from __future__ import annotations

import duckdb

from comptroller.vocabulary import code_list
from comptroller.warehouse import create_small_table

SUS_SETS = ("SUS_APC", "SUS_OP", "SUS_EC")
PATIENT_LEVEL = ("PLCM", "DrPLCM", "DePLCM", *SUS_SETS)

# Charges beside a spell's own, of which SUS holds no record of their own.
_BESIDE_A_SPELL = ("excess bed day", "occupied bed day", "hour")


def care_of_pod(setting: str, currency: str) -> str:
    """Return what SUS records for a point of delivery: ``spell``, ``attendance``, ``emergency``.

    ``none`` where SUS holds no record of its own: excess bed days, critical care, drugs, tests.
    """
    if setting == "admitted":
        return "none" if currency in _BESIDE_A_SPELL else "spell"
    return {"outpatient": "attendance", "emergency": "emergency"}.get(setting, "none")


def create_pods(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``link_pods``: code, group and care of every point of delivery."""
    create_small_table(
        con,
        "link_pods",
        {"code": "VARCHAR", "pod_group": "VARCHAR", "care": "VARCHAR"},
        [
            (
                pod.code,
                pod.attributes["group"],
                care_of_pod(pod.attributes["setting"], pod.attributes["currency"]),
            )
            for pod in code_list("point_of_delivery").rows.values()
        ],
    )


# What a charged line is in SUS; a point of delivery that is not listed goes by its identifiers.
CARE = """CASE l.data_set WHEN 'SUS_APC' THEN 'spell' WHEN 'SUS_OP' THEN 'attendance'
    WHEN 'SUS_EC' THEN 'emergency' ELSE coalesce(p.care, CASE
        WHEN l.emergency_care_attendance_identifier IS NOT NULL THEN 'emergency'
        WHEN l.hospital_provider_spell_identifier IS NOT NULL THEN 'spell'
        WHEN l.attendance_identifier IS NOT NULL THEN 'attendance' END) END"""

# In a version the group of points of delivery, since a spell and its bed days share identifiers.
GROUP = """CASE WHEN l.data_set = 'PLCM' THEN coalesce(p.pod_group, 'Other') ELSE l.data_set END"""

_REFERENCE_OF_CARE = f"""CASE {CARE} WHEN 'spell' THEN l.hospital_provider_spell_identifier
    WHEN 'attendance' THEN l.attendance_identifier
    WHEN 'emergency' THEN coalesce(l.emergency_care_attendance_identifier, l.attendance_identifier)
    END"""
_ANY_REFERENCE = """coalesce(l.hospital_provider_spell_identifier,
    l.emergency_care_attendance_identifier, l.attendance_identifier)"""


def create_side(
    con: duckdb.DuckDBPyConnection,
    name: str,
    lines: str,
    where: str,
    *,
    in_sus: bool,
    scope: str,
) -> None:
    """Create one side as a table, a row per line in the order of line ids.

    Args:
        con: Connection with ``link_pods``.
        name: Of the table to make.
        lines: Relation with the columns of ``lines``.
        where: SQL over ``l``: which lines take part.
        in_sus: Whether charged lines meet SUS records, or a version the next one.
        scope: SQL over ``l``: whether the line is one that was asked about.
    """
    group, reference, unique = (
        (CARE, _REFERENCE_OF_CARE, "l.cds_unique_identifier")
        if in_sus
        else (
            GROUP,
            _ANY_REFERENCE,
            "coalesce(l.cds_unique_identifier,l.non_cds_unique_identifier)",
        )
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {name} AS
        WITH chosen AS (
            SELECT l.line_id, l.event_key, l.data_set, l.provider_code, l.commissioner_code,
                l.financial_year, l.month, l.pod_code, l.tariff_code,
                coalesce(l.activity_treatment_function_code, '') AS tfc,
                upper(trim(split_part(coalesce(l.tariff_code, ''), '/', 1))) AS hrg,
                coalesce(l.activity_cost, 0) AS cost, {group} AS kind,
                {unique} AS cds, {reference} AS reference,
                CASE WHEN l.patient_key IS NOT NULL
                    THEN concat(coalesce(l.patient_key_domain, ''), '|', l.patient_key) END
                    AS person,
                coalesce(l.patient_key_domain, '') AS person_domain,
                l.local_patient_identifier AS local_person,
                CASE WHEN coalesce({unique}, {reference}, l.patient_key,
                    l.local_patient_identifier) IS NULL THEN l.event_key END AS place,
                coalesce(l.activity_start_date, l.activity_end_date) AS day,
                coalesce(CAST(l.person_birth_month AS VARCHAR),
                    CAST(l.age_at_activity_date AS VARCHAR)) AS born_or_age,
                l.person_stated_gender_code AS sex,
                l.general_medical_practice_code AS practice,
                ({scope}) AS in_scope
            FROM {lines} AS l LEFT JOIN link_pods AS p ON p.code = l.pod_code
            WHERE {where}
        )
        SELECT row_number() OVER (ORDER BY line_id) AS n, * FROM chosen ORDER BY n
        """
    )
