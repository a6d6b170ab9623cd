"""Who should pay: the practice, its commissioner and the legal payer on the attribution date.

The registered practice is the first that is a practice of: PDS practice of the matched SUS record,
the registrations file, the matched SUS record, the practice submitted with the line. Two codes are
the same payer when they are the same legal body on the date (merged, split and renamed
commissioners, sub-ICB locations of one board).
"""

from __future__ import annotations

import duckdb

from comptroller.vocabulary import code_list
from comptroller.warehouse import quote_literals

# Which date of an admission decides who pays, by the edition of "Who Pays?" in force at its end.
# From 1 September 2020 the admission date (practice notes, from the published guidance); before
# that the discharge date, not confirmed.
ADMISSION_DATE_RULE: tuple[tuple[str, str], ...] = (
    ("1900-01-01", "activity_end_date"),
    ("2020-09-01", "activity_start_date"),
)

PRACTICE_FORMAT = "^[A-Z][0-9]{5}$"
_DEFAULTS = quote_literals(code_list("practice_default").codes())


def is_practice_sql(column: str) -> str:
    """Return SQL that is TRUE where a column holds the code of a real practice."""
    return f"(regexp_matches({column}, '{PRACTICE_FORMAT}') AND {column} NOT IN ({_DEFAULTS}))"


def has_practice_form_sql(column: str) -> str:
    """Return SQL that is TRUE where a column holds a practice or one of its default codes."""
    return f"regexp_matches({column}, '{PRACTICE_FORMAT}')"


def attribution_date_sql() -> str:
    """Return SQL for the date on which a line's payer is decided (NULL without dates)."""
    rules = "".join(
        f" WHEN coalesce(activity_end_date, activity_start_date) >= DATE '{start}' "
        f"THEN coalesce({column}, activity_start_date)"
        for start, column in reversed(ADMISSION_DATE_RULE)
    )
    return (
        "CASE WHEN pod_role IN ('spell', 'regular', 'excess_bed_days', 'bed_days') "
        f"THEN CASE{rules} END ELSE activity_start_date END"
    )


def create_attribution(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_payers``: one row per line with codes of payers and practices.

    Reads ``facts_base``, ``facts_matched`` and the reference views ``practices``,
    ``registrations``, ``organisations`` and ``legal_payers``.
    """
    _create_candidates(con)
    _create_practice_days(con)
    _create_code_days(con)
    _create_payers(con)
    _create_left(con)
    for name in ("facts_candidates", "facts_practice_days", "facts_code_days"):
        con.execute(f"DROP TABLE {name}")


def _create_candidates(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_candidates AS
        WITH dated AS (
            SELECT b.n, b.k_person, b.patient_key, b.commissioner_code, b.month_start,
                b.organisation_identifier_residence_responsibility AS residence_code,
                {attribution_date_sql()} AS attribution_date,
                b.organisation_identifier_gp_practice_responsibility AS gp_resp,
                b.general_medical_practice_code AS gp_reg
            FROM facts_base AS b),
        registered AS (
            SELECT d.n, r.practice_code,
                d.attribution_date <= coalesce(r.to_date, DATE '9999-12-31') AS covers
            FROM (SELECT n, patient_key, attribution_date FROM dated
                WHERE patient_key IS NOT NULL AND attribution_date IS NOT NULL) AS d
            ASOF JOIN (SELECT patient_key, from_date, max(practice_code) AS practice_code,
                    max(coalesce(to_date, DATE '9999-12-31')) AS to_date
                FROM registrations GROUP BY patient_key, from_date) AS r
            ON r.patient_key = d.patient_key AND d.attribution_date >= r.from_date)
        SELECT d.*, coalesce(d.attribution_date, d.month_start) AS payer_date,
            m.sus_pds_practice, m.sus_commissioner_code,
            CASE WHEN g.covers THEN g.practice_code END AS registration_practice,
            CASE WHEN {is_practice_sql("m.sus_practice")} THEN m.sus_practice END AS sus_practice,
            CASE WHEN {is_practice_sql("d.gp_resp")} THEN d.gp_resp
                WHEN {is_practice_sql("d.gp_reg")} THEN d.gp_reg
                WHEN {has_practice_form_sql("d.gp_resp")} THEN d.gp_resp
                WHEN {has_practice_form_sql("d.gp_reg")} THEN d.gp_reg
                END AS submitted_practice_code
        FROM dated AS d
        LEFT JOIN registered AS g USING (n)
        LEFT JOIN facts_matched AS m USING (n)
        """
    )


_REGISTERED = f"""
    CASE WHEN {is_practice_sql("sus_pds_practice")} THEN sus_pds_practice
        WHEN registration_practice IS NOT NULL THEN registration_practice
        WHEN sus_practice IS NOT NULL THEN sus_practice
        WHEN {is_practice_sql("submitted_practice_code")} THEN submitted_practice_code END
    AS registered_practice_code,
    CASE WHEN {is_practice_sql("sus_pds_practice")} THEN 'PDS practice in SUS'
        WHEN registration_practice IS NOT NULL THEN 'registrations file'
        WHEN sus_practice IS NOT NULL THEN 'practice in SUS'
        WHEN {is_practice_sql("submitted_practice_code")} THEN 'practice submitted' END
    AS registration_source"""


def _create_practice_days(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_practice_days``: commissioner, closing and successor of a practice on a day."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_practice_days AS
        WITH wanted AS (
            SELECT DISTINCT unnest([registered_practice_code, submitted_practice_code,
                sus_pds_practice]) AS practice_code, payer_date
            FROM (SELECT *, {_REGISTERED} FROM facts_candidates)),
        days AS (SELECT * FROM wanted WHERE {is_practice_sql("practice_code")}),
        homes AS (
            SELECT d.practice_code, d.payer_date,
                arg_max(p.commissioner_code, coalesce(p.from_date, DATE '1900-01-01'))
                    AS commissioner_code
            FROM days AS d JOIN practices AS p ON p.practice_code = d.practice_code
                AND d.payer_date >= coalesce(p.from_date, DATE '1900-01-01')
                AND d.payer_date <= coalesce(p.to_date, DATE '9999-12-31')
            GROUP BY ALL),
        lives AS (
            SELECT org_code, max(open_date) AS open_date, max(close_date) AS close_date,
                max(successor_code) AS successor_code
            FROM organisations WHERE role = 'practice' GROUP BY org_code),
        heirs AS (
            SELECT d.practice_code, d.payer_date, o.open_date, o.close_date,
                coalesce(o.successor_code, s.to_code) AS successor_code,
                o.org_code IS NOT NULL AS listed
            FROM days AS d LEFT JOIN lives AS o ON o.org_code = d.practice_code
            LEFT JOIN (SELECT from_code, min(to_code) AS to_code FROM successions
                GROUP BY from_code) AS s ON s.from_code = d.practice_code)
        SELECT h.*, m.commissioner_code,
            arg_max(p.commissioner_code, coalesce(p.from_date, DATE '1900-01-01'))
                AS successor_commissioner_code
        FROM heirs AS h LEFT JOIN homes AS m USING (practice_code, payer_date)
        LEFT JOIN practices AS p ON p.practice_code = h.successor_code
            AND h.payer_date >= coalesce(p.from_date, DATE '1900-01-01')
            AND h.payer_date <= coalesce(p.to_date, DATE '9999-12-31')
        GROUP BY ALL
        """
    )


def _create_code_days(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_code_days``: the legal payer of a code on a day; itself where not known."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_code_days AS
        WITH wanted AS (
            SELECT commissioner_code AS code, payer_date FROM facts_candidates
            UNION SELECT residence_code, payer_date FROM facts_candidates
            UNION SELECT sus_commissioner_code, payer_date FROM facts_candidates
            UNION SELECT commissioner_code, payer_date FROM facts_practice_days
            UNION SELECT successor_commissioner_code, payer_date FROM facts_practice_days)
        SELECT w.code, w.payer_date,
            -- A code that was split stands for nobody in particular: its payer stays NULL.
            CASE WHEN count(p.org_code) = 0 THEN w.code ELSE max(p.legal_payer) END AS payer
        FROM wanted AS w LEFT JOIN legal_payers AS p ON p.org_code = w.code
            AND w.payer_date >= coalesce(p.from_date, DATE '1900-01-01')
            AND w.payer_date <= coalesce(p.to_date, DATE '9999-12-31')
        WHERE w.code IS NOT NULL GROUP BY w.code, w.payer_date
        """
    )


def _create_payers(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_payers AS
        WITH lines AS (SELECT *, {_REGISTERED} FROM facts_candidates)
        SELECT l.n, l.attribution_date, l.payer_date, l.submitted_practice_code,
            l.registered_practice_code, l.registration_source,
            charged.payer AS charged_payer,
            home.payer AS responsible_payer,
            own.payer AS submitted_practice_payer,
            residence.payer AS residence_payer,
            assigned.payer AS sus_payer,
            l.sus_commissioner_code AS sus_commissioner_code,
            CASE WHEN {is_practice_sql("l.sus_pds_practice")} THEN l.sus_pds_practice END
                AS pds_practice,
            pds_home.payer AS pds_payer,
            pds.practice_code IS NOT NULL
                AND (pds.listed OR pds.commissioner_code IS NOT NULL)
                AND coalesce(pds.close_date >= l.payer_date, true) AS is_pds_practice_live,
            sub.close_date AS practice_close_date,
            sub.open_date AS practice_open_date,
            heir.payer AS practice_successor_payer
        FROM lines AS l
        LEFT JOIN facts_code_days AS charged
            ON charged.code = l.commissioner_code AND charged.payer_date = l.payer_date
        LEFT JOIN facts_practice_days AS reg
            ON reg.practice_code = l.registered_practice_code AND reg.payer_date = l.payer_date
        LEFT JOIN facts_code_days AS home
            ON home.code = reg.commissioner_code AND home.payer_date = l.payer_date
        LEFT JOIN facts_practice_days AS sub
            ON sub.practice_code = l.submitted_practice_code AND sub.payer_date = l.payer_date
        LEFT JOIN facts_code_days AS own
            ON own.code = sub.commissioner_code AND own.payer_date = l.payer_date
        LEFT JOIN facts_code_days AS heir
            ON heir.code = sub.successor_commissioner_code AND heir.payer_date = l.payer_date
        LEFT JOIN facts_practice_days AS pds
            ON pds.practice_code = l.sus_pds_practice AND pds.payer_date = l.payer_date
        LEFT JOIN facts_code_days AS pds_home
            ON pds_home.code = pds.commissioner_code AND pds_home.payer_date = l.payer_date
        LEFT JOIN facts_code_days AS residence
            ON residence.code = l.residence_code AND residence.payer_date = l.payer_date
        LEFT JOIN facts_code_days AS assigned
            ON assigned.code = l.sus_commissioner_code AND assigned.payer_date = l.payer_date
        """
    )


def _create_left(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_left``: when a patient known to the registrations left the charged payer.

    One row per line of such a patient: ``is_registered_with_charged_payer`` and, where not,
    ``left_charged_payer_date``, the last day with a practice of that payer before the activity.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_left AS
        WITH histories AS (
            SELECT r.patient_key, r.from_date, coalesce(r.to_date, DATE '9999-12-31') AS to_date,
                p.commissioner_code, coalesce(p.from_date, DATE '1900-01-01') AS member_from,
                coalesce(p.to_date, DATE '9999-12-31') AS member_to
            FROM registrations AS r JOIN practices AS p USING (practice_code)),
        known AS (SELECT DISTINCT patient_key FROM registrations),
        lines AS (
            SELECT c.n, c.patient_key, y.attribution_date, y.charged_payer
            FROM facts_candidates AS c JOIN facts_payers AS y USING (n)
            JOIN known USING (patient_key)
            WHERE y.attribution_date IS NOT NULL AND y.charged_payer IS NOT NULL),
        spells AS (
            SELECT l.n, h.from_date, h.to_date, l.attribution_date,
                h.from_date <= l.attribution_date AND l.attribution_date <= h.to_date AS covers
            FROM lines AS l JOIN histories AS h USING (patient_key)
            LEFT JOIN legal_payers AS p ON p.org_code = h.commissioner_code
                AND l.attribution_date >= coalesce(p.from_date, DATE '1900-01-01')
                AND l.attribution_date <= coalesce(p.to_date, DATE '9999-12-31')
            WHERE CASE WHEN p.org_code IS NULL THEN h.commissioner_code ELSE p.legal_payer END
                = l.charged_payer
                AND least(h.to_date, l.attribution_date) BETWEEN h.member_from AND h.member_to)
        SELECT l.n, coalesce(bool_or(s.covers), false) AS is_registered_with_charged_payer,
            CASE WHEN NOT coalesce(bool_or(s.covers), false)
                THEN max(s.to_date) FILTER (WHERE s.to_date < l.attribution_date) END
                AS left_charged_payer_date
        FROM lines AS l LEFT JOIN spells AS s USING (n) GROUP BY l.n
        """
    )
