"""Under which policy a coded procedure falls, and how often the patient had it before.

Policies are the reference table ``policies`` and the national list of evidence-based interventions
in ``interventions.csv``. A policy's subject is the check that looks at it, else its own name. On a
day, a commissioner's own policy on a subject stands in place of its host's (the coordinating
commissioner of its contract), and that in place of one for all; kind ``unrestricted`` stands there
and asks nothing. A policy with a limit holds for what goes beyond it.

Few lines fall under any policy: one pass over the codes in SUS finds those whose procedure begins
one, and everything else looks at these alone.
"""

from __future__ import annotations

import csv
import re
from importlib.resources import files

import duckdb

from comptroller.checks.facts.ages import GREATEST_AGE, LEAST_AGE
from comptroller.checks.facts.base import EVER, FOREVER
from comptroller.warehouse import create_small_table, quote_literal

CODED_CARE = "b.data_set = 'PLCM' AND b.pod_role IN ('spell', 'outpatient')"
"""SQL over ``b`` for the lines whose procedures a policy may name."""

POLICY_FACTS = (
    *("policy_id", "policy_title", "policy_commissioner_code", "policy_limit_count"),
    *("policy_uses", "policy_alternative_price", "policy_earlier_date", "policy_earlier_line_id"),
)

GENERAL_CHECK, LATER_CHECK = "PLC-001", "EBI-042"
# Any cancer, or a growth of uncertain behaviour, takes a patient out of every national list.
_CANCER = "C;D0;D37;D38;D39;D40;D41;D42;D43;D44;D45;D46;D47;D48"
_INTEGERS = ("age_from", "age_to", "limit_count", "limit_months")
_LISTS = (
    *("procedure_codes", "other_procedure_codes", "site_codes", "procedure_excluded"),
    *("diagnosis_codes", "other_diagnosis_codes", "diagnosis_excluded"),
)
_OTHERS = (
    *("policy_id", "title", "kind", "check_id", "commissioner_code", "procedure_position"),
    *("diagnosis_position", "sex", "care", "from_date", "to_date", "alternative_price"),
)
_CODE = re.compile("[A-Z0-9]{1,6}")


def create_policy_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_policies``: one row for each line that falls under a policy.

    A row whose policy asks what is not known of the line (an age, a sex, a diagnosis) has a NULL
    check. Reads ``facts_base``, ``facts_matched``, ``facts_payers``, ``facts_credits`` and the
    reference views ``policies`` and ``contracts``.
    """
    _create_rows(con)
    _create_coded(con)
    _create_pairs(con)
    _create_standing(con)
    _create_chosen(con)


def _create_rows(con: duckdb.DuckDBPyConnection) -> None:
    """One row for each policy as written, its codes as lists; the national list among them."""
    text = files("comptroller.checks.facts").joinpath("interventions.csv").read_text("utf-8")
    national = list(csv.DictReader(text.splitlines()))
    columns = {name: "INTEGER" if name in _INTEGERS else "VARCHAR" for name in national[0]}
    create_small_table(
        con,
        "facts_interventions",
        columns,
        [
            tuple(int(v) if v and k in _INTEGERS else v or None for k, v in row.items())
            for row in national
        ],
    )
    lists = ", ".join(f"string_split({name}, ';') AS {name}" for name in _LISTS)
    asks = " + ".join(
        f"CAST({name} IS NOT NULL AS INTEGER)"
        for name in (*_LISTS, "age_from", "age_to", "sex", "limit_count")
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_policy_rows AS
        WITH written AS (
            SELECT {", ".join((*_OTHERS, *_LISTS, *_INTEGERS))} FROM policies
            UNION ALL BY NAME
            SELECT * REPLACE (CAST(from_date AS DATE) AS from_date,
                    concat_ws(';', diagnosis_excluded, {quote_literal(_CANCER)})
                        AS diagnosis_excluded),
                check_id AS policy_id, 'ebi' AS kind FROM facts_interventions)
        SELECT CAST(row_number() OVER (ORDER BY policy_id, commissioner_code, procedure_codes,
                other_procedure_codes, site_codes, diagnosis_codes, from_date) AS INTEGER)
                AS policy_no, {", ".join(_INTEGERS)},
            policy_id, title, kind, commissioner_code, sex, alternative_price,
            coalesce(check_id, CASE kind WHEN 'ebi' THEN '{LATER_CHECK}'
                ELSE '{GENERAL_CHECK}' END) AS check_id,
            coalesce(check_id, policy_id) AS subject,
            procedure_position = 'any' AS is_any_procedure,
            diagnosis_position = 'any' AS is_any_diagnosis, care,
            coalesce(from_date, {EVER}) AS opens, coalesce(to_date, {FOREVER}) AS closes,
            {lists}, {asks} AS asks
        FROM written
        """
    )


def _codes(text: str) -> str:
    pieces = f"regexp_split_to_array(replace(upper({text}), '.', ''), '[^A-Z0-9]+')"
    return f"list_filter({pieces}, lambda x: x <> '')"


def _beginnings(codes: str) -> str:
    """Return SQL for every beginning, of one to five characters, of the codes of a list."""
    each = "list_transform([1, 2, 3, 4, 5], lambda k: left(x, k))"
    return f"flatten(list_transform({codes}, lambda x: {each}))"


def _create_coded(con: duckdb.DuckDBPyConnection) -> None:
    """Lines with a procedure that a policy may name, with every beginning of their codes."""
    main, beside = (_pattern(con, where) for where in ("true", "is_any_procedure"))
    procedure = "coalesce(b.primary_procedure_code, m.sus_primary_procedure_code)"
    others = "coalesce(b.secondary_procedure_codes, m.sus_secondary_procedure_codes)"
    diagnosis = "coalesce(b.primary_diagnosis_code, m.sus_primary_diagnosis_code)"
    diagnoses = "coalesce(b.secondary_diagnosis_codes, m.sus_secondary_diagnosis_codes)"
    all_procedures = _codes(f"concat_ws('|', {procedure}, {others})")
    all_diagnoses = _codes(f"concat_ws('|', {diagnosis}, {diagnoses})")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_coded AS
        SELECT b.n, b.line_id, b.k_person, b.provider_code, b.commissioner_code, b.financial_year,
            b.activity_start_date AS day, y.charged_payer,
            b.pod_code IN ('EL', 'DC') AS is_planned_admission,
            b.pod_role = 'outpatient' AS is_clinic,
            {LEAST_AGE} AS least_age, {GREATEST_AGE} AS greatest_age,
            coalesce(b.person_stated_gender_code, m.sus_gender_code) AS sex,
            {_beginnings(_codes(procedure))} AS main_procedure,
            {_beginnings(all_procedures)} AS procedures,
            {_beginnings(_codes(diagnosis))} AS main_diagnosis,
            {_beginnings(all_diagnoses)} AS diagnoses
        FROM facts_base AS b LEFT JOIN facts_matched AS m USING (n)
        LEFT JOIN facts_payers AS y USING (n)
        WHERE {CODED_CARE} AND b.activity_cost > 0 AND b.activity_start_date IS NOT NULL
            AND (regexp_matches({procedure}, '^({main})')
                OR coalesce(regexp_matches({others}, '(^|[^A-Z0-9])({beside})'), false))
            AND b.n NOT IN (SELECT n FROM facts_credits WHERE is_credited)
        """
    )


def _pattern(con: duckdb.DuckDBPyConnection, where: str) -> str:
    """Return the codes of some policies as alternatives of one pattern that is found nowhere else.

    A first sieve, not the judgement: dots within codes are let by.
    """
    rows = con.execute(
        f"SELECT DISTINCT unnest(procedure_codes) FROM facts_policy_rows WHERE {where} ORDER BY 1"
    ).fetchall()
    codes = [code for (code,) in rows if _CODE.fullmatch(code)]
    return "|".join(code[:3] for code in codes) or "[^\\s\\S]"


def _create_pairs(con: duckdb.DuckDBPyConnection) -> None:
    """Lines with the policies that hold for them; ``holds`` is NULL where that is not known."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_policy_pairs AS
        WITH named AS (
            SELECT n, unnest(main_procedure) AS code, true AS is_main FROM facts_coded
            UNION ALL SELECT n, unnest(procedures), false FROM facts_coded),
        asked AS (
            SELECT policy_no, is_any_procedure, unnest(procedure_codes) AS code
            FROM facts_policy_rows),
        met AS (
            SELECT DISTINCT l.n, p.policy_no FROM named AS l JOIN asked AS p
                ON p.code = l.code AND p.is_any_procedure <> l.is_main),
        judged AS (
            SELECT c.n, p.policy_no,
                c.day BETWEEN p.opens AND p.closes
                AND CASE p.care WHEN 'planned' THEN c.is_planned_admission OR c.is_clinic
                    WHEN 'planned_admission' THEN c.is_planned_admission
                    WHEN 'outpatient' THEN c.is_clinic ELSE true END
                AND (p.other_procedure_codes IS NULL
                    OR list_has_any(c.procedures, p.other_procedure_codes))
                AND (p.site_codes IS NULL OR list_has_any(c.procedures, p.site_codes))
                AND (p.procedure_excluded IS NULL
                    OR NOT list_has_any(c.procedures, p.procedure_excluded))
                AND (p.diagnosis_codes IS NULL OR CASE WHEN len(c.diagnoses) > 0 THEN list_has_any(
                    CASE WHEN p.is_any_diagnosis THEN c.diagnoses ELSE c.main_diagnosis END,
                    p.diagnosis_codes) END)
                AND (p.other_diagnosis_codes IS NULL OR CASE WHEN len(c.diagnoses) > 0
                    THEN list_has_any(c.diagnoses, p.other_diagnosis_codes) END)
                AND (p.diagnosis_excluded IS NULL OR CASE WHEN len(c.diagnoses) > 0
                    THEN NOT list_has_any(c.diagnoses, p.diagnosis_excluded) END)
                AND (p.age_from IS NULL OR c.least_age >= p.age_from)
                AND (p.age_to IS NULL OR c.greatest_age <= p.age_to)
                AND (p.sex IS NULL OR c.sex = p.sex) AS holds
            FROM met JOIN facts_coded AS c USING (n) JOIN facts_policy_rows AS p USING (policy_no)
            WHERE p.kind <> 'unrestricted')
        FROM judged WHERE holds IS NOT FALSE
        """
    )


def _create_standing(con: duckdb.DuckDBPyConnection) -> None:
    """Which policies stand for whom: ``nearness`` 1 is the commissioner's own, 4 holds for all."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_policy_standing AS
        WITH hosts AS (
            SELECT provider_code, commissioner_code, financial_year,
                max(coordinating_commissioner_code) AS host
            FROM contracts WHERE coordinating_commissioner_code IS NOT NULL GROUP BY ALL),
        charged AS (
            SELECT DISTINCT provider_code, commissioner_code, charged_payer, financial_year
            FROM facts_coded),
        whose AS (
            SELECT c.*, coalesce(o.host, y.host) AS host FROM charged AS c
            LEFT JOIN hosts AS o USING (provider_code, commissioner_code, financial_year)
            LEFT JOIN hosts AS y ON y.provider_code = c.provider_code
                AND y.commissioner_code = c.charged_payer AND y.financial_year = c.financial_year),
        near AS (
            SELECT w.provider_code, w.commissioner_code, w.charged_payer, w.financial_year,
                p.policy_no, p.subject, p.opens, p.closes,
                CASE WHEN p.commissioner_code IS NULL THEN 4
                    WHEN p.commissioner_code = w.commissioner_code THEN 1
                    WHEN p.commissioner_code = w.charged_payer THEN 2
                    WHEN p.commissioner_code = w.host THEN 3 END AS nearness
            FROM whose AS w, facts_policy_rows AS p)
        SELECT * FROM near WHERE nearness IS NOT NULL;
        CREATE OR REPLACE TEMP TABLE facts_policy_held AS
        SELECT c.n, c.line_id, c.k_person, c.day, f.holds, s.nearness, p.*
        FROM facts_policy_pairs AS f JOIN facts_coded AS c USING (n)
        JOIN facts_policy_rows AS p USING (policy_no)
        JOIN facts_policy_standing AS s ON {_SAME} AND s.policy_no = f.policy_no
        WHERE NOT EXISTS (
            FROM facts_policy_standing AS s2 WHERE {_SAME.replace("s.", "s2.")}
                AND s2.subject = s.subject AND s2.nearness < s.nearness
                AND c.day BETWEEN s2.opens AND s2.closes)
        """
    )


_SAME = (
    "s.provider_code = c.provider_code AND s.commissioner_code IS NOT DISTINCT FROM "
    "c.commissioner_code AND s.charged_payer IS NOT DISTINCT FROM c.charged_payer "
    "AND s.financial_year = c.financial_year"
)


def _create_chosen(con: duckdb.DuckDBPyConnection) -> None:
    """Keep one policy a line: one that surely holds, the nearest, the one that asks most."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_policies AS
        WITH limited AS (
            SELECT DISTINCT n, line_id, k_person, day, subject, limit_months
            FROM facts_policy_held WHERE limit_count IS NOT NULL AND holds),
        used AS (
            SELECT a.n, a.subject, a.limit_months,
                CASE WHEN any_value(a.k_person) IS NOT NULL
                    THEN CAST(count(DISTINCT b.n) AS INTEGER) END AS uses
            FROM limited AS a LEFT JOIN limited AS b
                ON b.k_person = a.k_person AND b.subject = a.subject
                AND (b.day, b.line_id) <= (a.day, a.line_id)
                AND b.day > coalesce(a.day - to_months(a.limit_months), {EVER})
            GROUP BY ALL),
        beyond AS (
            SELECT h.*, u.uses,
                CASE WHEN h.limit_count IS NULL THEN h.holds ELSE h.holds AND u.uses > h.limit_count
                    END AS falls_under
            FROM facts_policy_held AS h LEFT JOIN used AS u ON u.n = h.n
                AND u.subject = h.subject AND u.limit_months IS NOT DISTINCT FROM h.limit_months),
        chosen AS (
            SELECT * FROM beyond WHERE falls_under IS NOT FALSE
            QUALIFY row_number() OVER (PARTITION BY n ORDER BY falls_under IS NULL,
                nearness, asks DESC, subject, policy_no) = 1),
        sure AS (SELECT * FROM chosen WHERE falls_under)
        SELECT c.n, CASE WHEN c.falls_under THEN c.check_id END AS policy_check,
            CASE WHEN c.falls_under THEN c.kind END AS policy_kind, c.policy_id,
            c.title AS policy_title, c.commissioner_code AS policy_commissioner_code,
            c.limit_count AS policy_limit_count, c.uses AS policy_uses,
            c.alternative_price AS policy_alternative_price, e.day AS policy_earlier_date,
            e.line_id AS policy_earlier_line_id
        FROM chosen AS c
        ASOF LEFT JOIN (SELECT k_person, subject, day, max(line_id) AS line_id FROM sure
                WHERE k_person IS NOT NULL GROUP BY ALL) AS e
            ON e.k_person = c.k_person AND e.subject = c.subject AND e.day < c.day
        """
    )
