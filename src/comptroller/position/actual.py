"""The position at its finest grain, as views: which data set counts, the plan that holds."""

from __future__ import annotations

from typing import Literal

import duckdb

from comptroller.errors import UsageError
from comptroller.intake.slices import create_slice_views
from comptroller.reference import create_reference_views
from comptroller.reference.signed_plan import create_signed_plan, payer_sql
from comptroller.vocabulary import DATA_SETS, code_list
from comptroller.warehouse import Warehouse, quote_literal, quote_literals

Basis = Literal["payable", "current"]
BASES: tuple[Basis, ...] = ("payable", "current")

ACM_SOURCE = "ACM"
PATIENT_SOURCE = "patient level"

# Which patient-level set carries a point of delivery; any other is carried by PLCM.
_CARRIED_BY = {"DRUG": "DrPLCM", "DEVICE": "DePLCM"}


def known_basis(basis: str) -> Basis:
    """Return the basis; UsageError for one that is neither payable nor current."""
    for known in BASES:
        if basis == known:
            return known
    raise UsageError(f"'{basis}' is not a basis", remedy="Say payable or current.")


def create_position_views(
    con: duckdb.DuckDBPyConnection, wh: Warehouse, basis: str = "payable"
) -> None:
    """Make the views `position_slices` and `position_rows` on a connection.

    `position_slices(data_set, provider_code, commissioner_code, payer_code, financial_year, month,
    source, counts)`: the slices received on this basis; `source` is ACM or patient level, `counts`
    whether the slice's lines make the position.

    `position_rows(provider_code, commissioner_code, payer_code, financial_year, month, pod_code,
    pod_group, activity_treatment_function_code, tariff_code, planned_activity, planned_cost,
    actual_activity, actual_cost, source)`: one row per combination, planned and actual side by
    side. Plan amounts are NULL for a financial year of which no plan has been loaded, else 0 where
    nothing was planned. Money in pounds, DECIMAL.

    Slice and reference views and `signed_plan` are made too.
    """
    track = known_basis(basis)
    create_reference_views(con, wh)
    create_slice_views(con, wh)
    create_signed_plan(con)
    con.execute(_slices(track))
    con.execute(_pod_groups())
    con.execute(_rows(track))


def _patient_sets() -> str:
    sets = [
        item.id
        for item in DATA_SETS.values()
        if item.level == "patient" and item.family == "lines" and not item.id.startswith("SUS_")
    ]
    return quote_literals(sets)


def _slices(track: Basis) -> str:
    return f"""
CREATE OR REPLACE TEMP VIEW position_slices AS
WITH received AS (
  SELECT DISTINCT data_set, provider_code, commissioner_code, financial_year, month
  FROM slice_state
  WHERE track = {quote_literal(track)}
    AND data_set IN ({quote_literal(ACM_SOURCE)}, {_patient_sets()})
), payers AS (
  SELECT commissioner_code, financial_year, month,
         {payer_sql("commissioner_code", "financial_year", "month")} AS payer_code
  FROM (SELECT DISTINCT commissioner_code, financial_year, month FROM received)
), sourced AS (
  SELECT r.*, p.payer_code,
         CASE WHEN bool_or(r.data_set = {quote_literal(ACM_SOURCE)}) OVER same_month
              THEN {quote_literal(ACM_SOURCE)} ELSE {quote_literal(PATIENT_SOURCE)} END AS source
  FROM received r JOIN payers p USING (commissioner_code, financial_year, month)
  WINDOW same_month AS
    (PARTITION BY provider_code, commissioner_code, financial_year, month)
)
SELECT *, (source = {quote_literal(ACM_SOURCE)}) = (data_set = {quote_literal(ACM_SOURCE)})
          AS counts
FROM sourced
"""


def _pod_groups() -> str:
    values = ", ".join(
        f"({quote_literal(row.code)}, {quote_literal(row.attributes['group'])},"
        f" {quote_literal(_CARRIED_BY.get(row.code, 'PLCM'))})"
        for row in code_list("point_of_delivery").rows.values()
    )
    return (
        "CREATE OR REPLACE TEMP VIEW position_pods AS "
        f"SELECT * FROM (VALUES {values}) AS pods(pod_code, pod_group, carried_by)"
    )


def _rows(track: Basis) -> str:
    dims = (
        "provider_code, commissioner_code, payer_code, financial_year, month, pod_code,"
        " activity_treatment_function_code, tariff_code, source"
    )
    return f"""
CREATE OR REPLACE TEMP VIEW position_rows AS
WITH actual AS (
  SELECT l.provider_code, l.commissioner_code, s.payer_code, l.financial_year, l.month,
         l.pod_code, l.activity_treatment_function_code, l.tariff_code, s.source,
         sum(coalesce(l.activity_count, 0)) AS actual_activity,
         sum(coalesce(l.activity_cost, 0)) AS actual_cost
  FROM {track}_lines l
  JOIN position_slices s USING
    (data_set, provider_code, commissioner_code, financial_year, month)
  WHERE s.counts
  GROUP BY ALL
), received AS (
  SELECT provider_code, payer_code, financial_year, month,
         any_value(source ORDER BY source) AS source,
         bool_or(data_set = {quote_literal(ACM_SOURCE)}) AS has_acm, list(data_set) AS data_sets
  FROM position_slices
  GROUP BY ALL
), planned AS (
  SELECT p.provider_code, p.commissioner_code, p.payer_code, p.financial_year, p.month,
         p.pod_code, p.activity_treatment_function_code, p.tariff_code, r.source,
         sum(p.planned_activity) AS planned_activity, sum(p.planned_cost) AS planned_cost
  FROM signed_plan p
  JOIN received r USING (provider_code, payer_code, financial_year, month)
  LEFT JOIN position_pods g USING (pod_code)
  WHERE r.has_acm OR list_contains(r.data_sets, coalesce(g.carried_by, 'PLCM'))
  GROUP BY ALL
), both_sides AS (
  SELECT {dims}, NULL AS planned_activity, NULL AS planned_cost, actual_activity, actual_cost
  FROM actual
  UNION ALL BY NAME
  SELECT {dims}, planned_activity, planned_cost, NULL AS actual_activity, NULL AS actual_cost
  FROM planned
), planned_years AS (
  SELECT DISTINCT financial_year FROM signed_plan
)
SELECT b.provider_code, b.commissioner_code, b.payer_code, b.financial_year, b.month, b.pod_code,
       coalesce(any_value(g.pod_group), 'Other') AS pod_group,
       b.activity_treatment_function_code, b.tariff_code,
       CASE WHEN b.financial_year IN (FROM planned_years)
            THEN coalesce(sum(b.planned_activity), 0) END AS planned_activity,
       CASE WHEN b.financial_year IN (FROM planned_years)
            THEN coalesce(sum(b.planned_cost), 0) END AS planned_cost,
       coalesce(sum(b.actual_activity), 0) AS actual_activity,
       coalesce(sum(b.actual_cost), 0) AS actual_cost,
       b.source
FROM both_sides b LEFT JOIN position_pods g USING (pod_code)
GROUP BY b.provider_code, b.commissioner_code, b.payer_code, b.financial_year, b.month,
         b.pod_code, b.activity_treatment_function_code, b.tariff_code, b.source
"""
