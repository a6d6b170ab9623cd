"""The table that reconciliation owns."""

from __future__ import annotations

from comptroller.warehouse import MONEY, Table

TIE_OUTS = Table(
    "tie_outs",
    {
        "run_id": "VARCHAR",
        "tie": "VARCHAR",
        "data_set": "VARCHAR",
        "provider_code": "VARCHAR",
        "commissioner_code": "VARCHAR",
        "financial_year": "VARCHAR",
        "month": "INTEGER",
        "left_name": "VARCHAR",
        "left_value": MONEY,
        "right_name": "VARCHAR",
        "right_value": MONEY,
        "difference": MONEY,
        "status": "VARCHAR",
        "reason": "VARCHAR",
        "detail": "VARCHAR",
    },
    sort_by=("tie", "provider_code", "financial_year", "month", "commissioner_code", "data_set"),
)

TABLES: tuple[Table, ...] = (TIE_OUTS,)
