"""The patient's stays in a row: the one before, the one after, and what an earlier one leads to.

Stays are those charged (not undone by a credit), with what their SUS record says, at any provider
of the workspace: whether two stays follow each other is seen across providers.
"""

from __future__ import annotations

import duckdb

# What one stay tells of another: fact to SQL over a stay.
_TOLD = {
    "line_id": "line_id",
    "provider_code": "provider_code",
    "start_date": "starts",
    "discharge_date": "ends",
    "pod_code": "pod_code",
    "function_code": "function_code",
    "hrg": "hrg",
    "cost": "cost",
    "destination_code": "destination_code",
    "discharge_method_code": "discharge_method_code",
    "diagnosis_code": "diagnosis_code",
    "procedure_code": "procedure_code",
    "trim_point_days": "trim_point_days",
}
_EARLIER = tuple(_TOLD)
_LATER = ("line_id", "provider_code", "start_date", "pod_code", "function_code")

# Care that an earlier event bears on, whichever lies between: kind to the SQL that knows the
# earlier event, the later one, and what both must share besides the patient.
_HIP, _KNEE = "'^W3[789]{0}'", "'^W4[012]{0}'"
_MARKS: dict[str, tuple[str, str, str]] = {
    "same_operation": (
        "regexp_matches(procedure_code, '^(H0[12]|J69|Q0[78])')",
        "regexp_matches(procedure_code, '^(H0[12]|J69|Q0[78])')",
        "CASE left(procedure_code, 1) WHEN 'H' THEN 'appendix' WHEN 'J' THEN 'spleen' "
        "WHEN 'Q' THEN 'uterus' END",
    ),
    "implant": (
        f"regexp_matches(procedure_code, {_HIP.format('1')}) "
        f"OR regexp_matches(procedure_code, {_KNEE.format('1')})",
        f"regexp_matches(procedure_code, {_HIP.format('3')}) "
        f"OR regexp_matches(procedure_code, {_KNEE.format('3')})",
        "provider_code || left(procedure_code, 2)",
    ),
    "pancreatitis": (
        "starts_with(diagnosis_code, 'K851')",
        "starts_with(procedure_code, 'J18')",
        "''",
    ),
    "cancellation": (
        "starts_with(hrg, 'WH50')",
        "pod_code IN ('EL', 'DC') AND NOT starts_with(coalesce(hrg, ''), 'WH50')",
        "provider_code || function_code",
    ),
    "surgery": (
        "regexp_matches(procedure_code, '^[A-TVW]')",
        "starts_with(diagnosis_code, 'T815')",
        "''",
    ),
}


def create_course_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create facts of a patient's stays from ``facts_base`` and ``facts_matched``.

    They are ``facts_course`` (the stay before and after), ``facts_marks`` (an earlier event that
    bears on this one) and ``facts_units`` (critical care units in a row).
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_charged_stays AS
        SELECT b.n, b.line_id, b.provider_code, b.k_person, b.activity_start_date AS starts,
            b.activity_end_date AS ends, b.pod_code, b.tariff_hrg AS hrg, b.activity_cost AS cost,
            b.activity_treatment_function_code AS function_code,
            m.sus_discharge_destination_code AS destination_code,
            m.sus_discharge_method_code AS discharge_method_code,
            m.sus_primary_diagnosis_code AS diagnosis_code,
            m.sus_primary_procedure_code AS procedure_code,
            m.sus_trim_point_days AS trim_point_days
        FROM facts_base AS b LEFT JOIN facts_matched AS m USING (n)
        WHERE b.data_set = 'PLCM' AND b.pod_role = 'spell' AND b.k_person IS NOT NULL
            AND b.activity_start_date <= b.activity_end_date AND b.activity_cost > 0
            AND b.n NOT IN (SELECT n FROM facts_credits WHERE is_credited);
        DELETE FROM facts_charged_stays WHERE k_person NOT IN (
            SELECT k_person FROM facts_charged_stays GROUP BY k_person HAVING count(*) > 1)
        """
    )
    columns = [f"lag({_TOLD[name]}) OVER w AS earlier_stay_{name}" for name in _EARLIER]
    columns += [f"lead({_TOLD[name]}) OVER w AS later_stay_{name}" for name in _LATER]
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_course AS
        SELECT n, {", ".join(columns)} FROM facts_charged_stays
        WINDOW w AS (PARTITION BY k_person ORDER BY starts, ends, line_id)
        """
    )
    _create_marks(con)
    _create_units(con)
    con.execute("DROP TABLE facts_charged_stays")


def _create_marks(con: duckdb.DuckDBPyConnection) -> None:
    opened = " UNION ALL ".join(
        f"SELECT hash('{kind}', k_person, {shared}) AS k, ends AS day, line_id "
        f"FROM facts_charged_stays WHERE {opens}"
        for kind, (opens, _, shared) in _MARKS.items()
    )
    closed = " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, hash('{kind}', k_person, {shared}) AS k, starts AS day, n "
        f"FROM facts_charged_stays WHERE {closes}"
        for kind, (_, closes, shared) in _MARKS.items()
    )
    # Private stays are charged to nobody here: SUS alone knows them.
    opened += (
        " UNION ALL SELECT hash('private_stay', k_person) AS k, activity_end_date AS day, line_id"
        " FROM facts_base WHERE data_set = 'SUS_APC' AND administrative_category_code = '02'"
        " AND k_person IS NOT NULL AND activity_end_date IS NOT NULL"
        " UNION ALL SELECT hash('pathway', k_person, provider_code) AS k,"
        " activity_start_date AS day, line_id FROM facts_base"
        " WHERE data_set = 'PLCM' AND pod_code = 'MATPATHAN' AND k_person IS NOT NULL"
        " AND activity_start_date IS NOT NULL AND activity_cost > 0"
    )
    closed += (
        " UNION ALL SELECT 'private_stay' AS kind, hash('private_stay', b.k_person) AS k,"
        " b.activity_start_date AS day, b.n FROM facts_base AS b JOIN facts_matched AS m USING (n)"
        " WHERE b.data_set = 'PLCM' AND b.pod_role = 'spell' AND b.k_person IS NOT NULL"
        " AND regexp_matches(m.sus_primary_diagnosis_code, '^T8[0-8]')"
        " UNION ALL SELECT 'pathway' AS kind, hash('pathway', k_person, provider_code) AS k,"
        " activity_start_date AS day, n FROM facts_base"
        " WHERE data_set = 'PLCM' AND k_person IS NOT NULL AND activity_start_date IS NOT NULL"
        " AND (activity_treatment_function_code IN ('501', '560') AND is_outpatient"
        " OR is_ordinary_spell AND regexp_matches(tariff_hrg, '^NZ[12]'))"
    )
    kinds = (*_MARKS, "private_stay", "pathway")
    columns = ", ".join(
        f"max(o.day) FILTER (c.kind = '{kind}') AS {kind}_date, "
        f"max(o.line_id) FILTER (c.kind = '{kind}') AS {kind}_line_id"
        for kind in kinds
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_marks AS
        WITH opened AS ({opened}), closed AS ({closed})
        SELECT c.n, {columns}
        FROM closed AS c ASOF JOIN opened AS o ON o.k = c.k AND c.day > o.day
        GROUP BY c.n;
        CREATE OR REPLACE TEMP TABLE facts_losses AS
        WITH pathways AS (
            SELECT n, k_person, activity_start_date AS day FROM facts_base
            WHERE data_set = 'PLCM' AND pod_code = 'MATPATHAN' AND k_person IS NOT NULL),
        losses AS (
            SELECT k_person, activity_start_date AS day, line_id, primary_diagnosis_code AS code
            FROM facts_base
            WHERE data_set = 'SUS_APC' AND regexp_matches(primary_diagnosis_code, '^O0[0-8]'))
        SELECT p.n, l.day AS loss_date, l.line_id AS loss_line_id, l.code AS loss_diagnosis_code
        FROM pathways AS p ASOF JOIN losses AS l ON l.k_person = p.k_person AND p.day <= l.day
        """
    )


def _create_units(con: duckdb.DuckDBPyConnection) -> None:
    """Find, for each charge of a critical care unit, the unit of the stay that it led to."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_units AS
        WITH units AS (
            SELECT n, line_id, k_spell, activity_start_date AS starts, activity_end_date AS ends
            FROM facts_base
            WHERE data_set = 'PLCM' AND pod_role = 'critical_care' AND k_spell IS NOT NULL
                AND activity_start_date <= activity_end_date AND activity_cost > 0),
        several AS (SELECT k_spell FROM units GROUP BY k_spell HAVING count(*) > 1)
        SELECT n, lead(starts) OVER w AS next_unit_date, lead(line_id) OVER w AS next_unit_line_id
        FROM units SEMI JOIN several USING (k_spell)
        WINDOW w AS (PARTITION BY k_spell ORDER BY starts, ends, line_id)
        """
    )


COURSE_FACTS = {
    **{f"earlier_stay_{name}": f"cs.earlier_stay_{name}" for name in _EARLIER},
    "days_since_earlier_stay": (
        "CAST(b.activity_start_date - cs.earlier_stay_discharge_date AS INTEGER)"
    ),
    **{f"later_stay_{name}": f"cs.later_stay_{name}" for name in _LATER},
    **{
        f"{kind}_{what}": f"mk.{kind}_{what}"
        for kind in (*_MARKS, "private_stay", "pathway")
        for what in ("date", "line_id")
    },
    "loss_date": "ls.loss_date",
    "loss_line_id": "ls.loss_line_id",
    "loss_diagnosis_code": "ls.loss_diagnosis_code",
    "next_unit_date": "un.next_unit_date",
    "next_unit_line_id": "un.next_unit_line_id",
}
COURSE_JOINS = """
    LEFT JOIN facts_course AS cs USING (n)
    LEFT JOIN facts_marks AS mk USING (n)
    LEFT JOIN facts_losses AS ls USING (n)
    LEFT JOIN facts_units AS un USING (n)
"""
