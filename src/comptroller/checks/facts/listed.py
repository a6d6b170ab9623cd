"""What reference data says of a line: its national prices, its drug or device."""

from __future__ import annotations

import duckdb

from comptroller.checks.facts.base import EVER, FOREVER

_PAYER = """CASE WHEN upper(funded_by) IN ('NHSE', 'NHS ENGLAND') THEN 'nhs_england'
    WHEN upper(funded_by) = 'ICB' THEN 'icb' END"""


def create_listed_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_hrg_prices``, ``facts_clinic_prices`` and ``facts_items``.

    Reads ``facts_base`` and the reference views ``prices``, ``drugs`` and ``devices``.
    """
    _create_prices(con)
    _create_items(con)


def _create_prices(con: duckdb.DuckDBPyConnection) -> None:
    """One row per year and code with its unit prices by setting, in pounds before market forces.

    Where a year has several issues or dated rows, the newest holds. Prices of treatment functions
    are those of consultant-led attendances with one professional.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_unit_prices AS
        SELECT financial_year, upper(trim(price_code)) AS code, setting,
            arg_max(price, (coalesce(from_date, DATE '1900-01-01'), version)) AS price,
            arg_max(short_stay_price, (coalesce(from_date, DATE '1900-01-01'), version))
                AS short_stay_price,
            arg_max(per_diem_price, (coalesce(from_date, DATE '1900-01-01'), version))
                AS per_diem_price
        FROM prices
        WHERE basis = 'unit' AND coalesce(professional, 'single') NOT IN ('multi', 'NCL')
        GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE facts_hrg_prices AS
        SELECT financial_year, code,
            max(price) FILTER (setting IN ('DC', 'DCEL')) AS day_case,
            max(price) FILTER (setting IN ('EL', 'DCEL')) AS elective,
            max(price) FILTER (setting = 'NEL') AS emergency,
            max(price) FILTER (setting = 'OPPROC') AS outpatient_procedure,
            max(short_stay_price) FILTER (setting = 'NEL') AS short_stay,
            max(per_diem_price) FILTER (setting = 'NEL') AS emergency_day,
            max(per_diem_price) FILTER (setting IN ('EL', 'DCEL')) AS elective_day
        FROM facts_unit_prices GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE facts_clinic_prices AS
        SELECT financial_year, code,
            max(price) FILTER (setting = 'OPFA') AS first_attendance,
            max(price) FILTER (setting = 'OPFUP') AS follow_up
        FROM facts_unit_prices WHERE setting IN ('OPFA', 'OPFUP') GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE facts_simplest_prices AS
        SELECT financial_year, max(price) AS simplest FROM facts_unit_prices
        WHERE setting = 'EC' AND code = 'VB11Z' GROUP BY financial_year;
        DROP TABLE facts_unit_prices
        """
    )


def _create_items(con: duckdb.DuckDBPyConnection) -> None:
    """One row per charged drug or device: whether it is listed that day, for whom, at what most.

    A drug that the list says the tariff pays is not listed as excluded from it.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_items AS
        WITH drug_list AS (
            SELECT code, indication, commissioner_code, {_PAYER} AS payer, maximum_price AS highest,
                approval_required,
                coalesce(from_date, {EVER}) AS opens, coalesce(to_date, {FOREVER}) AS closes
            FROM (SELECT drug_code AS code, * FROM drugs
                UNION ALL SELECT dmd_code, * FROM drugs
                WHERE dmd_code IS NOT NULL AND dmd_code <> drug_code)
            WHERE upper(funded_by) <> 'TARIFF'),
        device_list AS (
            SELECT code, {_PAYER} AS payer, list_price AS highest, approval_required,
                coalesce(from_date, {EVER}) AS opens, coalesce(to_date, {FOREVER}) AS closes
            FROM (SELECT device_code AS code, * FROM devices)
            WHERE upper(funded_by) <> 'TARIFF'),
        charged AS (
            SELECT n, data_set, coalesce(drug_code, device_code) AS code, commissioner_code,
                therapeutic_indication_code AS indication, activity_start_date AS day
            FROM facts_base
            WHERE data_set IN ('DrPLCM', 'DePLCM') AND coalesce(drug_code, device_code) IS NOT NULL
                AND activity_start_date IS NOT NULL),
        entries AS (
            SELECT c.n, l.payer, l.highest, l.approval_required,
                c.indication IS NULL AS is_indication_blank,
                l.indication IS NULL OR l.indication = c.indication AS is_for_indication
            FROM charged AS c JOIN drug_list AS l
                ON c.data_set = 'DrPLCM' AND l.code = c.code AND c.day BETWEEN l.opens AND l.closes
                AND (l.commissioner_code IS NULL OR l.commissioner_code = c.commissioner_code)
            UNION ALL
            SELECT c.n, l.payer, l.highest, l.approval_required, true, NULL
            FROM charged AS c JOIN device_list AS l
                ON c.data_set = 'DePLCM' AND l.code = c.code
                AND c.day BETWEEN l.opens AND l.closes),
        found AS (
            SELECT n, CASE WHEN min(payer) = max(payer) THEN min(payer) END AS item_payer,
                max(highest) AS item_highest_price,
                bool_or(approval_required AND is_for_indication IS NOT FALSE) AS is_approval_needed,
                CASE WHEN NOT bool_or(is_indication_blank) THEN bool_or(is_for_indication) END
                    AS is_indication_listed
            FROM entries GROUP BY n)
        SELECT c.n, f.n IS NOT NULL AS is_item_listed, f.item_payer, f.item_highest_price,
            f.is_indication_listed, coalesce(f.is_approval_needed, false) AS is_approval_needed
        FROM charged AS c LEFT JOIN found AS f ON f.n = c.n
        """
    )
