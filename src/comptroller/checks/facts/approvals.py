"""Which approval a patient holds for what was done: a procedure under a policy, a drug, a device.

Only care that a policy or a list asks an approval for is looked at (``facts_policies``,
``facts_items``), and of the approvals only those of its patients. Where patients are named by
tokens of another key domain, and none of these is among the approvals, nothing is known: they
cannot be compared.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.facts.base import FOREVER

APPROVAL_FACTS = (
    *("approval_state", "approval_id", "approval_status", "approval_provider_code"),
    *("approval_for", "approval_decided_date", "approval_from_date", "approval_to_date"),
    *("approval_lapsed_days", "approval_quantity", "approval_use_ordinal"),
)
_REFUSED = "('declined', 'withdrawn', 'refused', 'rejected')"


def create_approval_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_approvals``: one row for each line that needs one and whose patient is known.

    Reads ``facts_base``, ``facts_matched``, ``facts_policies``, ``facts_items`` and the reference
    view ``approvals``.
    """
    _create_asked(con)
    _create_held(con)
    _create_states(con)


def _create_asked(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_asked AS
        SELECT b.n, b.line_id, b.data_set, b.patient_key, b.provider_code,
            coalesce(b.patient_key_domain, 'local') AS domain,
            b.activity_start_date AS day, p.policy_id, b.drug_code, b.device_code,
            b.therapeutic_indication_code AS indication,
            CASE WHEN p.n IS NOT NULL THEN replace(concat_ws('|',
                coalesce(b.primary_procedure_code, m.sus_primary_procedure_code),
                coalesce(b.secondary_procedure_codes, m.sus_secondary_procedure_codes)), '.', '')
                END AS procedures
        FROM facts_base AS b
        LEFT JOIN facts_policies AS p USING (n)
        LEFT JOIN facts_items AS i USING (n)
        LEFT JOIN facts_matched AS m USING (n)
        WHERE (p.policy_check IS NOT NULL OR i.is_approval_needed)
            AND b.patient_key IS NOT NULL AND b.activity_start_date IS NOT NULL;
        DELETE FROM facts_asked WHERE domain <> 'local' AND domain NOT IN (
            SELECT q.domain FROM facts_asked AS q SEMI JOIN approvals USING (patient_key))
        """
    )


def _create_held(con: duckdb.DuckDBPyConnection) -> None:
    """Each line with each approval of its patient, and how far that one covers it."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_approvals_held AS
        WITH given AS (
            SELECT approval_id, patient_key, provider_code, policy_id, drug_code, device_code,
                indication, replace(procedure_code, '.', '') AS procedure_code,
                coalesce(quantity, 1) AS quantity, lower(trim(status)) AS status, valid_from,
                coalesce(valid_to, {FOREVER}) AS valid_to,
                coalesce(decided_on, valid_from) AS decided_on
            FROM approvals WHERE patient_key IN (SELECT patient_key FROM facts_asked))
        SELECT q.n, q.line_id, q.day, q.data_set, g.*,
            CASE q.data_set
                WHEN 'DrPLCM' THEN g.drug_code = q.drug_code AND (g.indication IS NULL
                    OR q.indication IS NULL OR g.indication = q.indication)
                WHEN 'DePLCM' THEN g.device_code = q.device_code
                WHEN 'PLCM' THEN CASE WHEN g.procedure_code IS NOT NULL
                        THEN list_has_any(list_transform(string_split(q.procedures, '|'),
                            lambda x: left(trim(x), length(g.procedure_code))), [g.procedure_code])
                    WHEN coalesce(g.drug_code, g.device_code) IS NULL
                        THEN g.policy_id = q.policy_id END
                END IS TRUE AS is_for_it,
            CASE q.data_set WHEN 'DrPLCM' THEN g.drug_code IS NOT NULL
                WHEN 'DePLCM' THEN g.device_code IS NOT NULL
                ELSE coalesce(g.drug_code, g.device_code) IS NULL END AS is_of_a_kind,
            g.provider_code = q.provider_code AS is_here,
            g.status = 'approved' AS is_approved,
            g.decided_on <= q.day AND g.valid_from <= q.day AS is_begun,
            g.valid_to >= q.day AS is_unended
        FROM facts_asked AS q JOIN given AS g USING (patient_key)
        """
    )


# The first of these that an approval of the patient shows is the line's state.
_STATE = f"""CASE
    WHEN is_for_it AND is_here AND status IN {_REFUSED} AND is_last THEN 1
    WHEN is_for_it AND is_here AND is_approved AND is_begun AND is_unended THEN 2
    WHEN is_for_it AND is_here AND is_approved AND is_begun THEN 3
    WHEN is_for_it AND is_here AND is_approved THEN 4
    WHEN is_for_it AND is_approved AND is_begun AND is_unended THEN 5
    WHEN is_of_a_kind AND NOT is_for_it AND is_here AND is_approved AND is_begun AND is_unended
        THEN 6 END"""
_STATES = "['declined', 'approved', 'lapsed', 'late', 'elsewhere', 'other']"


def _create_states(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_approvals AS
        WITH decided AS (
            SELECT *, approval_id = last_value(
                    CASE WHEN is_for_it AND is_here AND decided_on <= day
                        AND (is_approved OR status IN {_REFUSED}) THEN approval_id END IGNORE NULLS)
                OVER (PARTITION BY n ORDER BY decided_on, approval_id
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS is_last
            FROM facts_approvals_held),
        placed AS (SELECT *, {_STATE} AS place FROM decided),
        best AS (
            SELECT * FROM placed WHERE place IS NOT NULL
            QUALIFY row_number() OVER (PARTITION BY n
                ORDER BY place, decided_on DESC, approval_id) = 1),
        stated AS (
            SELECT q.n, q.line_id, q.day, q.data_set, b.* EXCLUDE (n, line_id, day, data_set),
                CASE WHEN b.n IS NULL THEN 'none' ELSE {_STATES}[b.place] END AS approval_state
            FROM facts_asked AS q LEFT JOIN best AS b USING (n))
        SELECT n, approval_state, approval_id, status AS approval_status,
            provider_code AS approval_provider_code,
            coalesce(procedure_code, drug_code, device_code, policy_id) AS approval_for,
            decided_on AS approval_decided_date, valid_from AS approval_from_date,
            nullif(valid_to, {FOREVER}) AS approval_to_date,
            CASE WHEN approval_state = 'lapsed' THEN CAST(day - valid_to AS INTEGER) END
                AS approval_lapsed_days,
            CASE WHEN data_set = 'PLCM' THEN quantity END AS approval_quantity,
            CASE WHEN data_set = 'PLCM' AND approval_state = 'approved' THEN CAST(row_number() OVER
                (PARTITION BY approval_id, approval_state ORDER BY day, line_id) AS INTEGER) END
                AS approval_use_ordinal
        FROM stated
        """
    )
