"""The plan that holds: what was signed, with the payer it was signed for."""

from __future__ import annotations

import duckdb

# The legal payer is that of the month's last day.
_MONTH_END = """
CREATE OR REPLACE TEMP MACRO month_end(financial_year, month) AS
  last_day(make_date(CAST(left(financial_year, 4) AS INTEGER), 4, 1)
           + to_months(CAST(least(month, 12) - 1 AS INTEGER)))
"""


def payer_sql(code: str, year: str, month: str) -> str:
    """Return SQL for the legal payer behind a code at a month's end; the code itself if unknown.

    It needs the macro that `create_signed_plan` makes and the view `legal_payers`.

    Args:
        code: SQL of a commissioner's code.
        year: SQL of a financial year, as in 2025/26.
        month: SQL of a financial month, 1 to 13.
    """
    return (
        f"coalesce((SELECT any_value(lp.legal_payer) FROM legal_payers lp"
        f" WHERE lp.org_code = {code}"
        f" AND month_end({year}, {month}) BETWEEN lp.from_date AND lp.to_date), {code})"
    )


def create_signed_plan(con: duckdb.DuckDBPyConnection) -> None:
    """Make the view `signed_plan` and the macro `month_end(financial_year, month)`.

    `signed_plan(contract_id, provider_code, commissioner_code, payer_code, financial_year, month,
    pod_code, activity_treatment_function_code, tariff_code, service_code, local_code,
    planned_activity, planned_cost)`: an offer never counts; of the agreed and varied versions of
    one contract, commissioner and month a varied one wins, then the highest version, so that a
    variation may restate some months of the year only.

    Args:
        con: A connection with the reference views.
    """
    con.execute(_MONTH_END)
    payer = payer_sql("s.commissioner_code", "s.financial_year", "s.month")
    con.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW signed_plan AS
        WITH parties AS (
          SELECT DISTINCT contract_id, financial_year, commissioner_code, provider_code
          FROM contracts
        ), ranked AS (
          SELECT p.*, dense_rank() OVER (
              PARTITION BY p.contract_id, p.financial_year, p.commissioner_code, p.month
              ORDER BY p.stage = 'varied' DESC,
                       coalesce(try_cast(p.version AS DECIMAL(18, 6)), 0) DESC,
                       p.version DESC) AS rank
          FROM plan p
          WHERE p.stage IN ('agreed', 'varied')
        )
        SELECT s.contract_id, c.provider_code, s.commissioner_code, {payer} AS payer_code,
               s.financial_year, s.month, s.pod_code, s.activity_treatment_function_code,
               s.tariff_code, s.service_code, s.local_code, s.planned_activity, s.planned_cost
        FROM ranked s
        JOIN parties c
          ON c.contract_id = s.contract_id AND c.financial_year = s.financial_year
         AND c.commissioner_code = s.commissioner_code
        WHERE s.rank = 1
        """
    )
