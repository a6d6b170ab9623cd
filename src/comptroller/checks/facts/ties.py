"""Whether the data sets of a month say the same: aggregate, patient level, SUS, invoice."""

from __future__ import annotations

import duckdb

from comptroller.checks.macros import round_money_sql

_PLACE = "provider_code, commissioner_code, financial_year, month"
# Money lines (adjustments, blocks, CQUIN) may stand in either set without a patient: they tie to
# contract terms, not to each other.
_CARE = "pod_role IS DISTINCT FROM 'financial'"


def create_tie_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_ties``: one row per provider, commissioner and month that has lines.

    Reads ``facts_base``, ``facts_matched``, ``facts_slices``, ``payments`` and ``latest_tie_outs``.
    """
    _create_totals(con)
    _create_groups(con)
    _create_cells(con)
    _create_national(con)
    _create_invoices(con)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_ties AS
        SELECT h.data_set, {_PLACE}, true AS is_tie_holder,
            t.* EXCLUDE ({_PLACE}), g.* EXCLUDE ({_PLACE}),
            c.* EXCLUDE ({_PLACE}), i.* EXCLUDE ({_PLACE}), b.invoice_gap,
            n.national_cost, n.national_sus_cost
        FROM facts_holders AS h
        LEFT JOIN facts_totals AS t USING ({_PLACE})
        LEFT JOIN facts_groups AS g USING ({_PLACE})
        LEFT JOIN facts_cells AS c USING ({_PLACE})
        LEFT JOIN facts_invoices AS i USING ({_PLACE})
        LEFT JOIN facts_bridges AS b USING ({_PLACE})
        LEFT JOIN facts_national AS n USING ({_PLACE})
        """
    )


def _create_totals(con: duckdb.DuckDBPyConnection) -> None:
    # A set that did not come at all for a provider and month ties with nothing: that is a missing
    # feed, and not a difference in pounds.
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_holders AS
        SELECT {_PLACE}, arg_min(data_set, CASE data_set WHEN 'ACM' THEN 1 WHEN 'PLCM' THEN 2
            WHEN 'DrPLCM' THEN 3 ELSE 4 END) AS data_set
        FROM facts_slices WHERE data_set IN ('ACM', 'PLCM', 'DrPLCM', 'DePLCM') GROUP BY {_PLACE};
        CREATE OR REPLACE TEMP TABLE facts_sent AS
        SELECT provider_code, financial_year, month,
            bool_or(data_set = 'ACM') AS acm, bool_or(data_set = 'PLCM') AS plcm,
            bool_or(data_set = 'DrPLCM') AS drugs, bool_or(data_set = 'DePLCM') AS devices
        FROM facts_slices WHERE received_date IS NOT NULL GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE facts_totals AS
        WITH sums AS (
            SELECT {_PLACE},
                sum(activity_cost) FILTER (WHERE data_set = 'ACM') AS acm,
                sum(activity_cost) FILTER (WHERE data_set = 'ACM' AND pod_role = 'drug')
                    AS acm_drug,
                sum(activity_cost) FILTER (WHERE data_set = 'ACM' AND pod_role = 'device')
                    AS acm_device,
                sum(activity_cost) FILTER (WHERE data_set = 'PLCM'
                    AND pod_role IS DISTINCT FROM 'drug' AND pod_role IS DISTINCT FROM 'device')
                    AS plcm_care,
                sum(activity_cost) FILTER (WHERE data_set = 'PLCM') AS plcm,
                sum(activity_cost) FILTER (WHERE data_set = 'DrPLCM') AS drugs,
                sum(activity_cost) FILTER (WHERE data_set = 'DePLCM') AS devices
            FROM facts_base WHERE is_contract_monitoring AND {_CARE} GROUP BY {_PLACE}),
        filled AS (
            SELECT {_PLACE}, {
            ", ".join(
                f"coalesce({c}, 0) AS {c}"
                for c in ("acm", "acm_drug", "acm_device", "plcm_care", "plcm", "drugs", "devices")
            )
        } FROM sums)
        SELECT f.provider_code, f.commissioner_code, f.financial_year, f.month,
            CASE WHEN s.acm THEN f.acm END AS acm_cost,
            CASE WHEN s.plcm THEN f.plcm + f.drugs + f.devices END AS patient_level_cost,
            CASE WHEN s.acm AND s.plcm AND (s.drugs OR f.acm_drug = 0)
                    AND (s.devices OR f.acm_device = 0)
                THEN f.acm - f.plcm - f.drugs - f.devices END AS patient_level_gap,
            CASE WHEN s.acm AND s.drugs THEN f.acm_drug - f.drugs END AS drug_gap,
            CASE WHEN s.acm AND s.devices THEN f.acm_device - f.devices END AS device_gap,
            CASE WHEN s.acm AND s.plcm THEN f.acm - f.acm_drug - f.acm_device - f.plcm_care END
                AS care_gap
        FROM filled AS f JOIN facts_sent AS s USING (provider_code, financial_year, month)
        """
    )


def _create_groups(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_groups AS
        WITH groups AS (
            SELECT {_PLACE}, coalesce(pod_group, 'Not in the national list') AS pod_group,
                coalesce(sum(activity_cost) FILTER (WHERE data_set = 'ACM'), 0)
                - coalesce(sum(activity_cost) FILTER (WHERE data_set <> 'ACM'), 0) AS gap
            FROM facts_base WHERE is_contract_monitoring AND {_CARE} GROUP BY ALL),
        told AS (
            SELECT g.* FROM groups AS g
            JOIN facts_sent AS s USING (provider_code, financial_year, month)
            WHERE s.acm AND CASE g.pod_group WHEN 'Drugs' THEN s.drugs
                WHEN 'Devices' THEN s.devices ELSE s.plcm END)
        SELECT {_PLACE}, arg_max(gap, (abs(gap), pod_group)) AS largest_group_gap,
            string_agg(pod_group, ', ' ORDER BY pod_group) FILTER (WHERE gap <> 0)
                AS groups_that_differ
        FROM told GROUP BY {_PLACE}
        """
    )


def _create_cells(con: duckdb.DuckDBPyConnection) -> None:
    """Compare activity and average price by point of delivery, tariff code and function.

    A provider one of whose two sets never carries tariff codes (or functions) in the year is
    compared without them.
    """
    surplus = round_money_sql("(acm_units - plcm_units) * acm_cost", "acm_units", "2")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_cells AS
        WITH carried AS (
            SELECT provider_code, financial_year, data_set, count(tariff_hrg) > 0 AS has_tariff,
                count(activity_treatment_function_code) > 0 AS has_function
            FROM facts_base WHERE data_set IN ('ACM', 'PLCM') AND NOT is_non_activity
            GROUP BY ALL),
        detail AS (
            SELECT provider_code, financial_year, bool_and(has_tariff) AS has_tariff,
                bool_and(has_function) AS has_function
            FROM carried GROUP BY ALL),
        cells AS (
            SELECT b.provider_code, b.commissioner_code, b.financial_year, b.month, b.pod_code,
                CASE WHEN d.has_tariff THEN b.tariff_hrg END AS tariff,
                CASE WHEN d.has_function THEN b.activity_treatment_function_code END AS tfc,
                coalesce(sum(b.activity_count) FILTER (WHERE b.data_set = 'ACM'), 0) AS acm_units,
                coalesce(sum(b.activity_count) FILTER (WHERE b.data_set = 'PLCM'), 0) AS plcm_units,
                coalesce(sum(b.activity_cost) FILTER (WHERE b.data_set = 'ACM'), 0) AS acm_cost,
                coalesce(sum(b.activity_cost) FILTER (WHERE b.data_set = 'PLCM'), 0) AS plcm_cost
            FROM facts_base AS b JOIN detail AS d USING (provider_code, financial_year)
            WHERE b.data_set IN ('ACM', 'PLCM') AND NOT b.is_non_activity GROUP BY ALL),
        told AS (
            SELECT c.*, acm_units <> plcm_units AS differs,
                acm_units = plcm_units AND acm_units > 0
                    AND abs(acm_cost - plcm_cost) * 200 > abs(plcm_cost) AS price_differs
            FROM cells AS c JOIN facts_sent AS s USING (provider_code, financial_year, month)
            WHERE s.acm AND s.plcm)
        SELECT {_PLACE}, CAST(count(*) FILTER (WHERE differs) AS INTEGER)
                AS activity_cells_that_differ,
            coalesce(sum(CASE WHEN acm_units = 0 THEN -plcm_cost ELSE {surplus} END)
                FILTER (WHERE differs), 0) AS activity_gap_value,
            CAST(count(*) FILTER (WHERE price_differs) AS INTEGER) AS price_cells_that_differ,
            coalesce(sum(acm_cost - plcm_cost) FILTER (WHERE price_differs), 0) AS price_gap_value
        FROM told GROUP BY {_PLACE}
        """
    )


def _create_national(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_national AS
        -- SUS prices a spell with its excess bed days; the charge has them on lines of their own.
        SELECT {_PLACE}, sum(b.activity_cost) AS national_cost,
            -- A credit takes back the price of its record too.
            sum(CASE WHEN b.activity_cost < 0 THEN -m.sus_cost ELSE m.sus_cost END)
                FILTER (WHERE b.pod_role <> 'excess_bed_days') AS national_sus_cost
        FROM facts_base AS b JOIN facts_matched AS m USING (n)
        WHERE b.data_set = 'PLCM' AND b.national_tariff_indicator = 'Y' AND m.sus_cost IS NOT NULL
            AND b.pod_role IN ('spell', 'regular', 'outpatient', 'emergency', 'excess_bed_days')
        GROUP BY {_PLACE}
        """
    )


def _create_invoices(con: duckdb.DuckDBPyConnection) -> None:
    from comptroller.checks.facts.slices import INVOICES

    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_invoices AS
        WITH documents AS ({INVOICES}),
        received AS (
            SELECT {_PLACE}, min(first_received_date) AS first_received_date
            FROM facts_slices WHERE data_set = 'ACM' GROUP BY {_PLACE})
        SELECT {_PLACE}, arg_min(document_number, (invoice_date, document_number))
                AS invoice_number,
            min(invoice_date) AS invoice_date, sum(amount) AS invoice_amount,
            min(CASE WHEN r.first_received_date IS NULL THEN 1
                WHEN invoice_date < r.first_received_date THEN 1 ELSE 0 END) = 1
                AS is_invoice_before_data
        FROM documents AS d LEFT JOIN received AS r USING ({_PLACE})
        WHERE invoice_date IS NOT NULL GROUP BY {_PLACE};
        CREATE OR REPLACE TEMP TABLE facts_bridges AS
        WITH bridges AS (
            -- An invoice to the board for several codes is bridged under the payer's code: the
            -- slice of its first code carries what is left unexplained.
            SELECT provider_code, financial_year, month, unnest(string_split(coalesce(
                    json_extract_string(detail, '$.commissioner_codes'), commissioner_code), ', '))
                    AS commissioner_code,
                commissioner_code AS account,
                TRY_CAST(json_extract_string(detail, '$.unexplained_in_month')
                    AS DECIMAL(26,8)) AS gap
            FROM latest_tie_outs WHERE tie = 'T1' AND status IN ('ties', 'differs')),
        carried AS (
            SELECT b.provider_code, b.financial_year, b.month, b.account,
                min(b.commissioner_code) AS commissioner_code, max(b.gap) AS gap
            FROM bridges AS b SEMI JOIN facts_holders USING ({_PLACE}) GROUP BY ALL)
        SELECT {_PLACE}, sum(gap) AS invoice_gap FROM carried GROUP BY {_PLACE}
        """
    )


def create_record_counts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_record_counts``: charged and SUS records of a provider's month.

    Of admissions, outpatient and emergency attendances the kind that differs most is told. SUS
    records that nobody is to be charged for (missed, cancelled, excluded) do not count.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_record_counts AS
        WITH counted AS (
            SELECT provider_code, financial_year, month,
                CASE WHEN pod_role IN ('spell', 'regular') THEN 'admissions'
                    WHEN pod_role = 'outpatient' THEN 'outpatient attendances'
                    ELSE 'emergency attendances' END AS record_kind,
                count(*) FILTER (data_set = 'PLCM') AS charged_records,
                count(*) FILTER (data_set <> 'PLCM'
                    AND coalesce(attended_or_did_not_attend_code, '5') IN ('5', '6')
                    AND coalesce(excluded_from_tariff_indicator, 'N') <> 'Y') AS sus_records,
                bool_or(data_set = 'PLCM') AND bool_or(data_set <> 'PLCM') AS is_in_both
            FROM facts_base
            WHERE data_set IN ('PLCM', 'SUS_APC', 'SUS_OP', 'SUS_EC') AND month <= 12
                AND pod_role IN ('spell', 'regular', 'outpatient', 'emergency')
            GROUP BY ALL),
        ranked AS (
            SELECT *, row_number() OVER (PARTITION BY provider_code, financial_year, month
                ORDER BY abs(charged_records - sus_records) DESC, record_kind) AS place
            FROM counted WHERE is_in_both)
        SELECT 'PLCM' AS data_set, provider_code, financial_year, month, record_kind,
            charged_records, sus_records
        FROM ranked WHERE place = 1
        """
    )
