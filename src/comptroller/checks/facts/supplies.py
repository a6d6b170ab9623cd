"""Supplies of drugs and devices: what the lists say of them, and the patient's supplies before.

Only lines of DrPLCM and DePLCM are read, which are few beside the others.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.facts.base import EVER, FOREVER
from comptroller.checks.macros import round_money_sql

_ON = f"c.day BETWEEN coalesce(l.from_date, {EVER}) AND coalesce(l.to_date, {FOREVER})"
# A patient who had no contact for so long did not come for the drug.
CONTACT_DAYS = 90

SUPPLIED = {
    **{
        name: f"su.{name}"
        for name in (
            *("item_name", "item_framework_price", "item_best_value_price", "item_switch_date"),
            *("item_most_units", "item_age_from", "item_age_to", "item_available_from"),
            *("is_item_free", "is_cancer_fund", "item_interval_days", "is_item_vat_free"),
            *("item_zero_cost_date", "item_life_months", "item_monthly_allowance"),
            *("previous_supply_date", "previous_supply_line_id", "days_since_supply"),
            *("therapy_ordinal", "class_overlap_days", "class_line_id", "usual_supply_price"),
        )
    },
    "item_discounted_price": round_money_sql("su.discounted_hundredfold", "100", "2"),
    "is_contact_near": """CASE WHEN b.data_set = 'DrPLCM' AND b.k_person IS NOT NULL
            AND b.activity_start_date IS NOT NULL
        THEN coalesce(su.is_contact_near, false) END""",
}
"""Facts of a drug or device line by name, as SQL over its row ``su`` of ``facts_supplies``."""


def create_supply_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_supplies``: one row per drug or device line with a date.

    Reads ``facts_base`` and the reference views ``drugs`` and ``devices``.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_supplied AS
        SELECT n, line_id, data_set, provider_code, financial_year, k_person, commissioner_code,
            coalesce(drug_code, device_code) AS code, device_high_level_code AS category,
            therapeutic_indication_code AS indication, activity_start_date AS day,
            commissioner_unit_price AS price, coalesce(drug_quantity, device_quantity) AS quantity,
            drug_name
        FROM facts_base WHERE data_set IN ('DrPLCM', 'DePLCM')
            AND activity_start_date IS NOT NULL;
        CREATE OR REPLACE TEMP TABLE facts_terms AS
        WITH best AS (
            SELECT biosimilar_group, min(switch_by) AS switch_by,
                min(coalesce(framework_price, maximum_price)) AS price
            FROM drugs WHERE best_value AND biosimilar_group IS NOT NULL
                AND switch_by IS NOT NULL GROUP BY biosimilar_group)
        SELECT c.n, min(l.name) AS item_name, min(l.framework_price) AS item_framework_price,
            max(TRY_CAST(l.maximum_price * (100 - l.discount_percent) AS DECIMAL(26,8)))
                AS discounted_hundredfold,
            max(g.price) FILTER (NOT coalesce(l.best_value, false)) AS item_best_value_price,
            min(g.switch_by) FILTER (NOT coalesce(l.best_value, false)) AS item_switch_date,
            min(l.therapy_class) AS therapy_class, max(l.most_units) AS item_most_units,
            min(l.age_from) AS item_age_from, max(l.age_to) AS item_age_to,
            min(l.available_from) AS item_available_from,
            bool_or(c.day BETWEEN l.free_from AND coalesce(l.free_to, {FOREVER})) AS is_item_free,
            bool_or(upper(l.funded_by) = 'CDF') AS is_cancer_fund,
            min(l.minimum_interval_days) AS item_interval_days,
            NULL::BOOLEAN AS is_item_vat_free, NULL::DATE AS item_zero_cost_date,
            NULL::INTEGER AS item_life_months, NULL::DECIMAL(26,8) AS item_monthly_allowance
        FROM facts_supplied AS c
        JOIN drugs AS l ON c.data_set = 'DrPLCM' AND (l.drug_code = c.code OR l.dmd_code = c.code)
            AND {_ON} AND (l.commissioner_code IS NULL OR l.commissioner_code = c.commissioner_code)
            AND (l.indication IS NULL OR c.indication IS NULL OR l.indication = c.indication)
        LEFT JOIN best AS g USING (biosimilar_group)
        GROUP BY c.n
        UNION ALL BY NAME
        SELECT c.n, bool_and(NOT l.vat) AS is_item_vat_free,
            min(l.zero_cost_from) AS item_zero_cost_date,
            min(l.expected_life_months) AS item_life_months,
            max(l.monthly_allowance) AS item_monthly_allowance
        FROM facts_supplied AS c
        JOIN devices AS l ON c.data_set = 'DePLCM' AND l.device_code = c.code AND {_ON}
        GROUP BY c.n
        """
    )
    _create_history(con)
    _create_usual_prices(con)
    _create_contacts(con)
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_supplies AS
        SELECT s.n, t.* EXCLUDE (n), h.* EXCLUDE (n), u.usual_supply_price,
            c.n IS NOT NULL AS is_contact_near
        FROM facts_supplied AS s LEFT JOIN facts_terms AS t USING (n)
        LEFT JOIN facts_supply_history AS h USING (n)
        LEFT JOIN facts_usual_supply_prices AS u USING (n)
        LEFT JOIN facts_supply_contacts AS c USING (n)
        """
    )


def _create_history(con: duckdb.DuckDBPyConnection) -> None:
    """Tell of the patient's supplies before: of the same item, and of another of its class."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_supply_history AS
        WITH known AS (
            SELECT s.n, s.line_id, s.data_set, s.provider_code, s.k_person, s.code, s.day,
                CASE WHEN s.data_set = 'DePLCM' THEN coalesce(s.category, s.code) ELSE s.code END
                    AS item, s.indication, t.therapy_class, t.item_interval_days
            FROM facts_supplied AS s LEFT JOIN facts_terms AS t USING (n)
            WHERE s.k_person IS NOT NULL AND s.code IS NOT NULL),
        repeated AS (
            SELECT k_person, data_set FROM known GROUP BY ALL HAVING count(DISTINCT day) > 1),
        several AS (SELECT * FROM known SEMI JOIN repeated USING (k_person, data_set)),
        days AS (
            SELECT k_person, data_set, item, day, min(line_id) AS line_id
            FROM several GROUP BY ALL),
        before AS (
            SELECT *, lag(day) OVER w AS previous_supply_date,
                lag(line_id) OVER w AS previous_supply_line_id
            FROM days WINDOW w AS (PARTITION BY k_person, data_set, item ORDER BY day)),
        agents AS (
            SELECT k_person, indication, item, min(day) AS first_day
            FROM several WHERE data_set = 'DrPLCM' AND indication IS NOT NULL GROUP BY ALL),
        ordered AS (
            SELECT *, CAST(row_number() OVER (PARTITION BY k_person, indication
                ORDER BY first_day, item) AS INTEGER) AS therapy_ordinal FROM agents),
        classes AS (
            SELECT a.n, max(CAST(b.day + b.item_interval_days - a.day AS INTEGER))
                    AS class_overlap_days,
                arg_max(b.line_id, (b.day + b.item_interval_days, b.line_id)) AS class_line_id
            FROM several AS a JOIN several AS b ON a.k_person = b.k_person
                AND a.therapy_class = b.therapy_class AND a.code <> b.code AND b.day < a.day
            GROUP BY a.n)
        SELECT s.n, b.previous_supply_date, b.previous_supply_line_id,
            CAST(s.day - b.previous_supply_date AS INTEGER) AS days_since_supply,
            o.therapy_ordinal, c.class_overlap_days, c.class_line_id
        FROM several AS s JOIN before AS b USING (k_person, data_set, item, day)
        LEFT JOIN ordered AS o USING (k_person, indication, item)
        LEFT JOIN classes AS c ON c.n = s.n
        """
    )


def _create_usual_prices(con: duckdb.DuckDBPyConnection) -> None:
    """Find the unit price that most lines of a drug carry in the year, where most agree."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_usual_supply_prices AS
        WITH prices AS (
            SELECT code, financial_year, price, count(*) AS lines
            FROM facts_supplied
            WHERE data_set = 'DrPLCM' AND price > 0 AND code IS NOT NULL GROUP BY ALL),
        usual AS (
            SELECT code, financial_year, arg_max(price, (lines, price)) AS usual_supply_price
            FROM prices GROUP BY ALL HAVING sum(lines) >= 5 AND max(lines) * 2 > sum(lines))
        SELECT s.n, u.usual_supply_price
        FROM facts_supplied AS s JOIN usual AS u USING (code, financial_year)
        WHERE s.data_set = 'DrPLCM'
        """
    )


def _create_contacts(con: duckdb.DuckDBPyConnection) -> None:
    """Find the drugs whose patient the provider saw or admitted in the days around."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_supply_contacts AS
        WITH drugs_given AS (
            SELECT n, hash(provider_code, k_person) AS k, day FROM facts_supplied
            WHERE data_set = 'DrPLCM' AND k_person IS NOT NULL),
        contacts AS (
            SELECT DISTINCT hash(provider_code, k_person) AS k, activity_start_date AS day,
                coalesce(activity_end_date, activity_start_date) AS ends
            FROM facts_base
            WHERE data_set IN ('PLCM', 'SUS_APC', 'SUS_OP', 'SUS_EC') AND k_person IS NOT NULL
                AND activity_start_date IS NOT NULL
                AND hash(provider_code, k_person) IN (SELECT k FROM drugs_given))
        SELECT DISTINCT d.n FROM drugs_given AS d JOIN contacts AS c ON c.k = d.k
        WHERE c.day <= d.day + {CONTACT_DAYS} AND c.ends >= d.day - {CONTACT_DAYS}
        """
    )
