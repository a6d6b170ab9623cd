"""The local price agreed for a line, and the price that the provider used to charge.

Prices are looked up once per cell (contract, commissioner and codes) and then dated per line. Of
the entries of a schedule that fit a cell, one of the commissioner's own comes first, then the one
that names most. Lines without a contract are held against the schedule of the provider's hosts.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.facts.base import EVER, FOREVER

# Months of the year at whose price later ones are held.
_FIRST_MONTHS = 3


def create_local_price_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_local`` and ``facts_steps``: one row per locally priced line with a schedule.

    Reads ``facts_base``, ``facts_kind_of``, ``facts_kind_terms`` and the views ``local_prices``
    and ``contracts``.
    """
    _create_cells(con)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_local AS
        SELECT l.n, count(c.price) > 0 AS has_local_price,
            arg_max(c.price, (c.place, c.price = l.charged, c.opens, c.price)) AS local_price
        FROM facts_local_lines AS l LEFT JOIN facts_cell_prices AS c
            ON c.cell_no = l.cell_no AND l.day BETWEEN c.opens AND c.closes
        GROUP BY l.n;
        CREATE OR REPLACE TEMP TABLE facts_steps AS
        WITH priced AS (
            SELECT l.*, b.month, dense_rank() OVER (PARTITION BY l.cell_no ORDER BY b.month)
                AS month_place
            FROM facts_local_lines AS l JOIN facts_base AS b USING (n)
            WHERE l.charged > 0 AND b.month <= 12),
        counted AS (
            SELECT cell_no, charged, count(*) AS lines, max(month_place) AS last_place,
                max(day) AS last_day
            FROM priced WHERE month_place <= {_FIRST_MONTHS} GROUP BY ALL),
        usual AS (
            SELECT cell_no, arg_max(charged, (lines, charged)) AS earlier_unit_price,
                max(last_day) AS until
            FROM counted GROUP BY cell_no HAVING max(last_place) = {_FIRST_MONTHS}),
        changed AS (
            SELECT p.n, u.earlier_unit_price, u.until, p.day, p.cell_no,
                CAST(count(*) OVER (PARTITION BY p.cell_no, p.charged) AS INTEGER)
                    AS lines_at_price
            FROM priced AS p JOIN usual AS u USING (cell_no)
            WHERE p.month_place > {_FIRST_MONTHS} AND p.charged <> u.earlier_unit_price)
        SELECT c.n, c.earlier_unit_price, c.lines_at_price,
            bool_or(coalesce(v.opens > c.until AND v.opens <= c.day, false)) AS is_price_varied
        FROM changed AS c LEFT JOIN facts_cell_prices AS v USING (cell_no)
        GROUP BY ALL
        """
    )


def _create_cells(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_local_cells AS
        SELECT *, hash(contract_id, provider_code, commissioner_code, financial_year, pod_code,
            activity_treatment_function_code, tariff_code, service_code, local_pod_code) AS cell_no
        FROM facts_kind_terms
        WHERE contract_id IN (SELECT contract_id FROM local_prices)
            OR contract_id IS NULL AND provider_code IN (SELECT provider_code FROM local_prices);
        CREATE OR REPLACE TEMP TABLE facts_local_lines AS
        SELECT b.n, k.cell_no, coalesce(b.activity_start_date, b.month_start) AS day,
            b.activity_unit_price AS charged
        FROM facts_base AS b JOIN facts_kind_of AS o USING (n)
        JOIN facts_local_cells AS k USING (kind_no)
        WHERE b.data_set = 'PLCM' AND b.national_tariff_indicator = 'N' AND NOT b.is_non_activity;
        CREATE OR REPLACE TEMP TABLE facts_cell_prices AS
        WITH hosts AS (SELECT DISTINCT contract_id FROM contracts WHERE role = 'host'),
        cells AS (
            SELECT DISTINCT ON (cell_no) * FROM facts_local_cells
            SEMI JOIN facts_local_lines USING (cell_no)),
        schedule AS (
            SELECT *, CAST(tariff_code IS NOT NULL AS INTEGER)
                + CAST(activity_treatment_function_code IS NOT NULL AS INTEGER)
                + CAST(service_code IS NOT NULL AS INTEGER) AS named
            FROM local_prices WHERE stage IN ('agreed', 'in_year')),
        fitting AS (
            SELECT k.cell_no, s.price, coalesce(s.from_date, {EVER}) AS opens,
                coalesce(s.to_date, {FOREVER}) AS closes,
                10 * CAST(s.commissioner_code = k.commissioner_code AS INTEGER) + s.named AS place
            FROM cells AS k JOIN schedule AS s ON s.provider_code = k.provider_code
                AND s.pod_code = k.pod_code
                AND CASE WHEN k.contract_id IS NULL
                    THEN s.contract_id IN (SELECT contract_id FROM hosts)
                    ELSE coalesce(s.contract_id = k.contract_id,
                        s.commissioner_code = k.commissioner_code) END
                AND (s.tariff_code IS NULL OR s.tariff_code IN (k.tariff_code, k.tariff_hrg))
                AND (s.activity_treatment_function_code IS NULL
                    OR s.activity_treatment_function_code = k.activity_treatment_function_code)
                AND (s.service_code IS NULL OR s.service_code = k.service_code)
                AND (s.named > 0 OR s.local_code IN (k.tariff_code, k.tariff_hrg,
                    k.local_pod_code, k.local_contract_code)))
        SELECT * FROM fitting
        QUALIFY place = max(place) OVER (PARTITION BY cell_no, opens)
        """
    )
