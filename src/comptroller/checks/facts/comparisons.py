"""A provider's care against that of its peers, and against its own earlier months.

An indicator counts something (readmissions, stays of two nights, pounds) over opportunities (stays,
attendances, patients). What is expected comes from others, stratum by stratum:

- against *peers*: the mean of all other providers of the year in the same stratum (treatment
  function, procedure, HRG root ...), so that another mix of patients is no deviation;
- against *history*: the provider's own mean in the months of the year before the latest three.

The deviation is in standard deviations, widened where the others (or the months before) differ more
among themselves than chance allows, as funnel plots and charts for large counts do it. Counts are
integers and pounds are decimals, so sums do not depend on their order; only the deviation is a
floating number, rounded to two places. Estimates are leads, never claims.
"""

from __future__ import annotations

import duckdb

from comptroller.checks.macros import round_money_sql

LATEST_MONTHS = 3
# With fewer there is nothing to compare with.
_MONTHS_BEFORE, _PEERS, _STRATUM = 5, 4, 5
# The median of the square of a standard normal deviate: of several others, one or two that stand
# out themselves do not widen the limits for the rest.
_MIDDLE = 0.4549

_SPELLS = """
    SELECT b.n, b.provider_code, b.financial_year, b.month, b.pod_code, b.tariff_hrg,
        b.activity_treatment_function_code AS tfc, b.activity_cost AS cost,
        CAST(b.activity_end_date - b.activity_start_date AS INTEGER) AS days,
        b.age_at_activity_date AS age, p.previous_discharge_date,
        b.activity_start_date AS starts
    FROM facts_base AS b LEFT JOIN facts_previous AS p USING (n)
    WHERE b.data_set = 'PLCM' AND b.pod_code IN ('DC', 'EL', 'NEL', 'NELST') AND b.activity_cost > 0
        AND b.n NOT IN (SELECT n FROM facts_credits WHERE is_credited)"""
_ARRIVALS = """
    WITH attendances AS (
        SELECT n, provider_code, financial_year, month, k_person, activity_start_date AS day,
            age_at_activity_date AS age, tariff_hrg, activity_cost AS cost
        FROM facts_base
        WHERE data_set = 'PLCM' AND is_emergency AND activity_cost > 0
            AND n NOT IN (SELECT n FROM facts_credits WHERE is_credited)),
    often AS (
        SELECT provider_code, financial_year, k_person, count(*) AS times FROM attendances
        WHERE k_person IS NOT NULL GROUP BY ALL HAVING count(*) >= 5)
    SELECT a.* EXCLUDE (k_person), o.times
    FROM attendances AS a LEFT JOIN often AS o USING (provider_code, financial_year, k_person)"""
_PATIENTS = """
    SELECT provider_code, financial_year, 1 AS month, k_person,
        concat_ws('/', drug_code, therapeutic_indication_code) AS drug,
        sum(drug_quantity) AS units, sum(activity_cost) AS cost
    FROM facts_base WHERE data_set = 'DrPLCM' AND k_person IS NOT NULL AND activity_cost > 0
    GROUP BY ALL"""

_SOURCES = {"spells": _SPELLS, "arrivals": _ARRIVALS, "patients": _PATIENTS}

# Name: basis, source, opportunities, stratum, what is counted (a number), pounds of one counted.
INDICATORS: dict[str, tuple[str, str, str, str, str, str]] = {
    "readmissions": (
        "peers", "spells", "pod_code IN ('EL', 'NEL', 'NELST')", "tfc",
        "CASE WHEN pod_code IN ('NEL', 'NELST') AND previous_discharge_date >= starts - 30 "
        "THEN 1 ELSE 0 END", "cost",
    ),
    "second_nights": (
        "peers", "spells", "pod_code IN ('NEL', 'NELST') AND age >= 19 AND days IN (1, 2)", "tfc",
        "CASE WHEN days = 2 THEN 1 ELSE 0 END", "cost",
    ),
    "frequent_attenders": (
        "peers", "arrivals", "true", "''", "CASE WHEN times IS NULL THEN 0 ELSE 1 END", "cost",
    ),
    "drug_units": ("peers", "patients", "units > 0", "drug", "units", "cost"),
    "dear_attendances": (
        "history", "arrivals", "tariff_hrg LIKE 'VB%'", "''",
        "CASE WHEN tariff_hrg IN ('VB01Z', 'VB02Z', 'VB03Z', 'VB04Z') THEN 1 ELSE 0 END", "cost",
    ),
    "cost_of_stays": (
        "history", "spells", "true", "concat_ws('/', pod_code, tfc)", "cost",
        "CAST(1 AS DECIMAL(26,8))",
    ),
}  # fmt: skip


def create_comparisons(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_comparisons``: one row per indicator, provider and financial year.

    Reads ``facts_base``, ``facts_previous`` and ``facts_credits``.
    """
    for name, source in _SOURCES.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE facts_of_{name} AS {source}")
    parts = [_counts(name, *spec) for name, spec in INDICATORS.items()]
    con.execute("CREATE OR REPLACE TEMP TABLE facts_counts AS " + " UNION ALL BY NAME ".join(parts))
    _create_measured(con)
    pounds = round_money_sql("excess_hundredfold * counted_cost", "counted_hundredfold", "2")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_comparisons AS
        WITH spread AS (
            SELECT indicator, provider_code, financial_year, median(z * z) AS middle
            FROM facts_months WHERE has_z GROUP BY ALL
            UNION ALL
            SELECT o.indicator, o.provider_code, o.financial_year, median(p.z * p.z)
            FROM facts_measured AS o JOIN facts_measured AS p
                ON p.indicator = o.indicator AND p.financial_year = o.financial_year
                AND p.provider_code <> o.provider_code
            WHERE o.basis = 'peers' GROUP BY ALL HAVING count(*) >= {_PEERS}),
        judged AS (
            SELECT m.*, CAST(round(m.z / sqrt(greatest(1.0, s.middle / {_MIDDLE})), 2)
                        AS DECIMAL(26,8))
                    AS deviation,
                CAST(round((m.observed - m.expected) * 100, 0) AS DECIMAL(20,0))
                    AS excess_hundredfold,
                CAST(round(m.counted * 100, 0) AS DECIMAL(18,0)) AS counted_hundredfold
            FROM facts_measured AS m
            JOIN spread AS s USING (indicator, provider_code, financial_year))
        SELECT indicator, provider_code, financial_year, month, opportunities, observed, expected,
            deviation, leading_stratum, cost AS activity_cost,
            CASE WHEN observed <= expected OR counted_hundredfold <= 0
                THEN CAST(0 AS DECIMAL(26,8)) ELSE {pounds} END AS excess_value
        FROM judged
        """
    )


def _counts(
    name: str, basis: str, source: str, opportunities: str, stratum: str, counted: str, pounds: str
) -> str:
    return f"""
        SELECT '{name}' AS indicator, '{basis}' AS basis, provider_code, financial_year, month,
            stratum, count(*) AS n, CAST(sum(v) AS DECIMAL(26,2)) AS sv,
            CAST(sum(CAST(v AS DOUBLE) * CAST(v AS DOUBLE)) AS DECIMAL(30,2)) AS svv,
            CAST(sum(cost) FILTER (v > 0) AS DECIMAL(26,2)) AS counted_cost,
            CAST(sum(cost) AS DECIMAL(26,8)) AS cost
        FROM (
            SELECT provider_code, financial_year, month, coalesce({stratum}, '') AS stratum,
                CAST({counted} AS DECIMAL(20,2)) AS v,
                CASE WHEN {counted} > 0 THEN coalesce({pounds}, 0)
                    * CASE WHEN '{pounds}' LIKE 'CAST%' THEN {counted} ELSE 1 END END AS cost
            FROM facts_of_{source}
            WHERE month <= 12 AND ({opportunities}))
        GROUP BY ALL"""


def _create_measured(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``facts_measured`` (observed, expected, z) and ``facts_months`` (own months before)."""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_windows AS
        WITH last AS (
            SELECT provider_code, financial_year, max(month) AS last_month
            FROM facts_counts WHERE basis = 'history' GROUP BY ALL)
        SELECT c.*, CASE WHEN basis = 'peers' THEN true
            ELSE month > last_month - {LATEST_MONTHS} END AS is_looked_at
        FROM facts_counts AS c LEFT JOIN last USING (provider_code, financial_year);
        CREATE OR REPLACE TEMP TABLE facts_strata AS
        WITH own AS (
            SELECT indicator, basis, provider_code, financial_year, stratum, max(month) AS month,
                sum(n) AS n, sum(sv) AS sv, sum(svv) AS svv, sum(counted_cost) AS counted_cost,
                sum(cost) AS cost, count(DISTINCT month) AS months
            FROM facts_windows WHERE is_looked_at GROUP BY ALL),
        everybody AS (
            SELECT indicator, financial_year, stratum, sum(n) AS n, sum(sv) AS sv, sum(svv) AS svv
            FROM own WHERE basis = 'peers' GROUP BY ALL),
        before AS (
            SELECT indicator, provider_code, financial_year, stratum, sum(n) AS n, sum(sv) AS sv,
                sum(svv) AS svv
            FROM facts_windows WHERE NOT is_looked_at GROUP BY ALL),
        others AS (
            SELECT o.*, e.n - o.n AS n_other, CAST(e.sv - o.sv AS DOUBLE) AS sv_other,
                CAST(e.svv - o.svv AS DOUBLE) AS svv_other
            FROM own AS o JOIN everybody AS e USING (indicator, financial_year, stratum)
            WHERE o.basis = 'peers'
            UNION ALL
            SELECT o.*, b.n, CAST(b.sv AS DOUBLE), CAST(b.svv AS DOUBLE)
            FROM own AS o
            JOIN before AS b USING (indicator, provider_code, financial_year, stratum)
            WHERE o.basis = 'history')
        SELECT *, sv_other / n_other AS mean,
            greatest(svv_other / n_other - (sv_other / n_other) * (sv_other / n_other),
                1.0 / n_other)
                AS variance
        FROM others WHERE n_other >= {_STRATUM};
        CREATE OR REPLACE TEMP TABLE facts_measured AS
        SELECT indicator, basis, provider_code, financial_year, max(month) AS month,
            sum(n) AS opportunities, sum(sv) AS observed,
            sum(CAST(n * mean AS DECIMAL(26,8))) AS expected, sum(counted_cost) AS counted_cost,
            sum(sv) AS counted, sum(cost) AS cost,
            arg_max(stratum, (CAST(sv - n * mean AS DECIMAL(26,4)), stratum)) AS leading_stratum,
            CAST(sum(sv) - sum(CAST(n * mean AS DECIMAL(26,8))) AS DOUBLE) / sqrt(CAST(
                sum(CAST(n * variance * (1 + n / n_other) AS DECIMAL(34,8))) AS DOUBLE)) AS z
        FROM facts_strata
        GROUP BY ALL HAVING sum(CAST(n * variance AS DECIMAL(34,8))) > 0;
        CREATE OR REPLACE TEMP TABLE facts_months AS
        WITH months AS (
            SELECT w.indicator, w.provider_code, w.financial_year, w.month,
                CAST(sum(w.sv) - sum(CAST(w.n * s.mean AS DECIMAL(26,8))) AS DOUBLE) AS gap,
                CAST(sum(CAST(w.n * s.variance AS DECIMAL(34,8))) AS DOUBLE) AS variance
            FROM facts_windows AS w JOIN facts_strata AS s
                USING (indicator, provider_code, financial_year, stratum)
            WHERE NOT w.is_looked_at GROUP BY ALL)
        SELECT *, gap / sqrt(variance) AS z, count(*) OVER (PARTITION BY indicator, provider_code,
            financial_year) >= {_MONTHS_BEFORE} AS has_z
        FROM months WHERE variance > 0
        """
    )
