"""Parts of a price: bases before market forces, short stays, bed days, guides, usual prices.

The tables of unit prices are those of ``listed``; here is what follows from them for one line.
"""

from __future__ import annotations

import duckdb


def with_market_forces(price: str) -> str:
    """Return SQL for a national price as the provider is paid it, rounded to pence."""
    return (
        f"CAST(round(TRY_CAST({price} AS DECIMAL(18,4)) * coalesce(b.mff, 1), 2) AS DECIMAL(26,8))"
    )


_BASE = """CASE WHEN b.pod_code = 'DC' THEN hp.day_case WHEN b.pod_code = 'EL' THEN hp.elective
    WHEN b.pod_code IN ('NEL', 'NELNE') THEN hp.emergency
    WHEN b.pod_code IN ('OPPROC', 'OPPROCFA', 'OPPROCFUP') THEN hp.outpatient_procedure END"""
_OTHERS = ", ".join(
    with_market_forces(f"hp.{name}")
    for name in ("day_case", "elective", "emergency", "outpatient_procedure")
)

COMPONENTS = {
    "market_forces_factor_agreed": "CAST(b.mff AS DECIMAL(26,8))",
    "market_forces_expected": f"""CASE WHEN b.mff IS NOT NULL THEN
        CAST(({with_market_forces(_BASE)} - CAST({_BASE} AS DECIMAL(26,8))) * TRY_CAST(
            b.activity_count AS DECIMAL(8,2)) AS DECIMAL(26,8)) END""",
    "price_with_factor_twice": f"""CASE WHEN b.mff <> 1 THEN
        CAST(round(TRY_CAST({with_market_forces(_BASE)} AS DECIMAL(18,4)) * b.mff, 2)
            AS DECIMAL(26,8)) END""",
    "is_price_of_another_setting": f"""CASE WHEN {_BASE} IS NOT NULL AND
            b.charged_unit_price IS NOT NULL
        THEN coalesce(b.charged_unit_price IN ({_OTHERS}), false)
            AND b.charged_unit_price <> {with_market_forces(_BASE)} END""",
    "short_stay_price": with_market_forces("hp.short_stay"),
    "emergency_price": with_market_forces("hp.emergency"),
    "excess_day_price": with_market_forces(
        """CASE b.pod_code WHEN 'NELXBD' THEN hp.emergency_day
        WHEN 'ELXBD' THEN hp.elective_day END"""
    ),
    "guide_price": with_market_forces("gp.price"),
    "usual_unit_price": "up.usual_unit_price",
}
"""Facts of a line by name, as SQL over the base ``b``, its prices ``hp``, ``gp`` and ``up``."""


def create_component_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_guides`` and ``facts_usual_prices`` from ``facts_base`` and ``prices``."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE facts_guides AS
        SELECT financial_year, upper(trim(price_code)) AS code,
            arg_max(price, (coalesce(from_date, DATE '1900-01-01'), version)) AS price
        FROM prices WHERE basis = 'guide' GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE facts_usual_prices AS
        WITH local AS (
            SELECT n, activity_unit_price AS price, hash(provider_code, financial_year, month,
                pod_code, tariff_code, activity_treatment_function_code, local_pod_code) AS k
            FROM facts_base
            WHERE data_set = 'PLCM' AND national_tariff_indicator = 'N' AND activity_cost > 0
                AND activity_unit_price > 0 AND pod_role IN ('outpatient', 'other', 'unbundled')),
        several AS (
            SELECT k FROM local GROUP BY k HAVING count(DISTINCT price) > 1 AND count(*) >= 3),
        counted AS (
            SELECT k, price, count(*) AS lines FROM local SEMI JOIN several USING (k) GROUP BY ALL),
        usual AS (
            SELECT k, arg_max(price, (lines, price)) AS usual_unit_price FROM counted
            GROUP BY k HAVING max(lines) * 2 > sum(lines))
        SELECT n, usual_unit_price FROM local JOIN usual USING (k)
        """
    )
