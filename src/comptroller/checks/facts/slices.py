"""The table ``slice_facts``: totals, clocks, movements and ties of each slice and feed.

A tie between data sets is told on one slice only: the aggregate one, or the first patient-level
one where no aggregate lines came for the commissioner and month.
"""

from __future__ import annotations

import duckdb

from comptroller.calendar import Calendar, FinancialMonth, FinancialYear
from comptroller.checks.facts.columns import slice_fact_columns
from comptroller.checks.facts.comparisons import create_comparisons
from comptroller.checks.facts.documents import create_document_facts
from comptroller.checks.facts.plans import create_plan_facts
from comptroller.checks.facts.ties import create_record_counts, create_tie_facts
from comptroller.checks.facts.versions import create_version_facts
from comptroller.warehouse import create_small_table, quote_identifier, quote_literal

KEY = "data_set, provider_code, commissioner_code, financial_year, month"
# A mean over fewer months than this says nothing about the next.
_MONTHS_FOR_A_MEAN = 3
_FILLED = {
    "is_tie_holder": "coalesce(is_tie_holder, false)",
    "is_feed_missing": "coalesce(is_feed_missing, false)",
}


def create_slice_facts(
    con: duckdb.DuckDBPyConnection, calendar: Calendar, basis: str, where: str
) -> None:
    """Create the native table ``slice_facts``.

    Args:
        con: Connection with ``facts_base`` and the views of intake, reference, reconciliation.
        calendar: Gives the clocks of each slice.
        basis: ``payable`` or ``current``.
        where: SQL over ``s`` that says which slices are in scope.
    """
    _create_slices(con, basis)
    _create_clocks(con, calendar)
    create_version_facts(con)
    create_tie_facts(con)
    create_plan_facts(con)
    create_document_facts(con)
    create_record_counts(con)
    _create_feeds(con)
    create_comparisons(con)
    columns = slice_fact_columns()
    cast = ", ".join(
        f"CAST({_FILLED.get(c.name, quote_identifier(c.name))} AS {c.type}) "
        f"AS {quote_identifier(c.name)}"
        for c in columns.values()
    )
    con.execute("DROP TABLE IF EXISTS slice_facts")
    con.execute(
        f"""
        CREATE TABLE slice_facts AS
        SELECT {cast} FROM (
            SELECT s.*, k.submission_due, k.flex_date, k.freeze_date,
                s.feed_received_date - k.submission_due AS days_late,
                v.* EXCLUDE (data_set, provider_code, commissioner_code, financial_year, month),
                t.* EXCLUDE (data_set, provider_code, commissioner_code, financial_year, month),
                p.* EXCLUDE (data_set, provider_code, commissioner_code, financial_year, month),
                d.* EXCLUDE (data_set, provider_code, commissioner_code, financial_year, month),
                NULL AS is_feed_missing, NULL AS feed_months_received, NULL AS mean_rows_before,
                NULL AS mean_cost_before
            FROM facts_slices AS s
            LEFT JOIN facts_clocks AS k USING ({KEY})
            LEFT JOIN facts_versions AS v USING ({KEY})
            LEFT JOIN facts_ties AS t USING ({KEY})
            LEFT JOIN facts_plans AS p USING ({KEY})
            LEFT JOIN facts_documents AS d USING ({KEY})
            UNION ALL BY NAME
            SELECT f.*, c.record_kind, c.charged_records, c.sus_records
            FROM facts_feeds AS f LEFT JOIN facts_record_counts AS c
                USING (data_set, provider_code, financial_year, month)
            UNION ALL BY NAME
            SELECT 'comparison' AS level, 'PLCM' AS data_set, *,
                opportunities AS "rows" FROM facts_comparisons) AS s
        WHERE {where}
        ORDER BY level DESC, {KEY}, indicator
        """
    )


def _create_slices(con: duckdb.DuckDBPyConnection, basis: str) -> None:
    """Make ``facts_slices``: one row per slice of the basis, and per invoice without one."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_slices AS
        WITH met AS (
            SELECT {KEY}, min(CAST(received_at AS DATE)) AS first_received_date,
                arg_min(submission_id, (received_at, sequence)) AS submission_id
            FROM slice_versions GROUP BY ALL),
        -- A commissioner who first appears in a file that other commissioners were in before is
        -- new activity, not a late file: its feed came when theirs did.
        first AS (
            SELECT m.data_set, m.provider_code, m.commissioner_code, m.financial_year, m.month,
                m.first_received_date, min(o.first_received_date) AS feed_received_date
            FROM met AS m
            JOIN slice_versions AS v ON v.submission_id = m.submission_id
                AND v.data_set = m.data_set AND v.provider_code = m.provider_code
                AND v.financial_year = m.financial_year AND v.month = m.month
            JOIN met AS o ON o.data_set = v.data_set AND o.provider_code = v.provider_code
                AND o.commissioner_code = v.commissioner_code
                AND o.financial_year = v.financial_year AND o.month = v.month
            GROUP BY ALL),
        own AS (
            SELECT {KEY}, slice_version_id, submission_id, stage,
                CAST(received_at AS DATE) AS received_date, "rows", cost AS activity_cost
            FROM slice_state WHERE track = {quote_literal(basis)}),
        -- Of the months before the last in the first file that this workspace was given nobody
        -- here knows when they came first: earlier files were not loaded.
        opening AS (
            SELECT v.data_set, v.provider_code, v.financial_year,
                min(CAST(v.received_at AS DATE)) AS opened_on,
                max(v.month) FILTER (v.month <= 12) AS opened_to
            FROM slice_versions AS v JOIN (
                SELECT data_set, provider_code, financial_year,
                    arg_min(submission_id, (received_at, sequence)) AS submission_id
                FROM slice_versions GROUP BY ALL) AS e
                USING (data_set, provider_code, financial_year, submission_id)
            GROUP BY ALL),
        known AS (
            SELECT o.*, f.first_received_date,
                CASE WHEN f.feed_received_date > p.opened_on OR o.month >= p.opened_to
                    THEN f.feed_received_date END AS feed_received_date
            FROM own AS o LEFT JOIN first AS f USING ({KEY})
            LEFT JOIN opening AS p USING (data_set, provider_code, financial_year)),
        invoiced AS (
            SELECT DISTINCT 'ACM' AS data_set, provider_code, commissioner_code,
                financial_year, month FROM ({INVOICES}))
        SELECT 'slice' AS level, * FROM known
        UNION ALL BY NAME
        SELECT 'slice' AS level, i.*, 0 AS "rows"
        FROM invoiced AS i ANTI JOIN known USING ({KEY})
        """
    )


# Documents raised on a month's activity, one row per document and month that it covers.
INVOICES = """
    SELECT p.document_number, p.kind, p.provider_code, p.commissioner_code, p.amount,
        coalesce(TRY_CAST(json_extract_string(p.extra, '$.invoice_date') AS DATE),
            TRY_CAST(json_extract_string(p.extra, '$.document_date') AS DATE),
            TRY_CAST(json_extract_string(p.extra, '$.issued_date') AS DATE),
            least(p.due_date, p.paid_date)) AS invoice_date,
        CASE WHEN month(m.first_day) >= 4 THEN year(m.first_day) ELSE year(m.first_day) - 1 END
            || '/' || right(CAST(CASE WHEN month(m.first_day) >= 4 THEN year(m.first_day) + 1
                ELSE year(m.first_day) END AS VARCHAR), 2) AS financial_year,
        (month(m.first_day) + 8) % 12 + 1 AS month
    FROM payments AS p, LATERAL (
        SELECT CAST(unnest(generate_series(date_trunc('month', p.period_from),
            date_trunc('month', p.period_to), INTERVAL 1 MONTH)) AS DATE) AS first_day) AS m
    WHERE p.kind IN ('reconciliation', 'nca') AND p.amount > 0
"""


def _create_clocks(con: duckdb.DuckDBPyConnection, calendar: Calendar) -> None:
    """Make ``facts_clocks`` from the calendar: a few thousand rows, worked out in Python."""
    slices = con.execute(
        """
        WITH terms AS (
            SELECT provider_code, commissioner_code, financial_year, min(contract_id) AS contract_id
            FROM contracts GROUP BY ALL)
        SELECT s.data_set, s.provider_code, s.commissioner_code, s.financial_year, s.month,
            t.contract_id
        FROM facts_slices AS s
        LEFT JOIN terms AS t USING (provider_code, commissioner_code, financial_year)
        ORDER BY ALL
        """
    ).fetchall()
    found = []
    for data_set, provider, commissioner, year, month, contract in slices:
        clocks = calendar.clocks(
            contract, data_set, FinancialMonth(FinancialYear.parse(year), int(month))
        )
        dates = (clocks.submission_due, clocks.flex_date, clocks.freeze_date)
        found.append((data_set, provider, commissioner, year, month, *dates))
    columns = dict.fromkeys(KEY.split(", "), "VARCHAR") | {"month": "INTEGER"}
    for name in ("submission_due", "flex_date", "freeze_date"):
        columns[name] = "DATE"
    create_small_table(con, "facts_clocks", columns, found)


def _create_feeds(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_feeds``: every month in which a feed came, or was to be expected.

    A feed is expected in each month, between the first and the last that the provider sent
    anything for in the year, once it came in two other months of the year.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_feeds AS
        WITH sent AS (
            SELECT data_set, provider_code, financial_year, month, sum("rows") AS "rows",
                sum(activity_cost) AS activity_cost, min(first_received_date) AS received_date
            FROM facts_slices WHERE month <= 12 AND received_date IS NOT NULL GROUP BY ALL),
        spans AS (
            SELECT provider_code, financial_year, min(month) AS first_month,
                max(month) AS last_month
            FROM sent WHERE data_set IN ('ACM', 'PLCM', 'DrPLCM', 'DePLCM') GROUP BY ALL),
        feeds AS (
            SELECT data_set, provider_code, financial_year, count(*) AS months
            FROM sent GROUP BY ALL),
        expected AS (
            SELECT f.data_set, f.provider_code, f.financial_year, f.months,
                CAST(unnest(generate_series(s.first_month, s.last_month)) AS INTEGER) AS month
            FROM feeds AS f JOIN spans AS s USING (provider_code, financial_year)
            WHERE f.data_set IN ('ACM', 'PLCM', 'DrPLCM', 'DePLCM')),
        listed AS (
            SELECT coalesce(e.data_set, t.data_set) AS data_set,
                coalesce(e.provider_code, t.provider_code) AS provider_code,
                coalesce(e.financial_year, t.financial_year) AS financial_year,
                coalesce(e.month, t.month) AS month, f.months AS feed_months_received,
                coalesce(t."rows", 0) AS "rows", t.activity_cost, t.received_date,
                t.month IS NULL AS is_feed_missing
            FROM expected AS e
            FULL JOIN sent AS t ON t.data_set = e.data_set
                AND t.provider_code = e.provider_code
                AND t.financial_year = e.financial_year AND t.month = e.month
            LEFT JOIN feeds AS f ON f.data_set = coalesce(e.data_set, t.data_set)
                AND f.provider_code = coalesce(e.provider_code, t.provider_code)
                AND f.financial_year = coalesce(e.financial_year, t.financial_year)),
        before AS (
            SELECT *, count(*) FILTER (WHERE NOT is_feed_missing) OVER w AS months_before,
                sum("rows") FILTER (WHERE NOT is_feed_missing) OVER w AS rows_before,
                sum(activity_cost) FILTER (WHERE NOT is_feed_missing) OVER w AS cost_before
            FROM listed
            WINDOW w AS (PARTITION BY data_set, provider_code
                ORDER BY CAST(left(financial_year, 4) AS INTEGER) * 12 + month
                RANGE BETWEEN 6 PRECEDING AND 1 PRECEDING))
        SELECT 'feed' AS level, data_set, provider_code, NULL::VARCHAR AS commissioner_code,
            financial_year, month, "rows", activity_cost, received_date, is_feed_missing,
            feed_months_received,
            CASE WHEN months_before >= {_MONTHS_FOR_A_MEAN}
                THEN CAST(rows_before AS DECIMAL(18,4)) / CAST(months_before AS DECIMAL(4,0)) END
                AS mean_rows_before,
            CASE WHEN months_before >= {_MONTHS_FOR_A_MEAN}
                THEN cost_before / CAST(months_before AS DECIMAL(4,0)) END AS mean_cost_before
        FROM before
        """
    )
