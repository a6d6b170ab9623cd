"""Invoices and payments, read and laid onto financial months."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

import duckdb

from comptroller.calendar import YEAR_END_MONTH, FinancialMonth
from comptroller.reconciliation.model import NOTHING

_PENNY = Decimal("0.01")

ON_ACCOUNT = ("on_account", "mandate")
SETTLEMENTS = ("reconciliation", "credit_note", "nca")


class Account(NamedTuple):
    """Who pays whom for which year; the commissioner by the code charged, or by its payer."""

    provider_code: str
    commissioner_code: str
    financial_year: str


@dataclass
class Documents:
    """The documents of one account: pounds by kind and month, numbers by month."""

    amounts: dict[tuple[str, int], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    numbers: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    payer_code: str = ""

    def amount(self, kinds: Sequence[str], months: Sequence[int]) -> Decimal:
        """Return the pounds of some kinds in some months; credits are negative."""
        return sum(
            (self.amounts[kind, m] for kind in kinds for m in months if (kind, m) in self.amounts),
            NOTHING,
        )

    def add(self, other: Documents) -> None:
        """Take in the documents of another code of the same payer."""
        for key, amount in other.amounts.items():
            self.amounts[key] += amount
        for month, numbers in other.numbers.items():
            self.numbers[month] = sorted([*self.numbers[month], *numbers])

    def months(self, kinds: Sequence[str]) -> set[int]:
        """Return the months that documents of some kinds cover."""
        return {month for kind, month in self.amounts if kind in kinds}


def months_covered(period_from: date, period_to: date) -> list[FinancialMonth]:
    """Return the financial months of a document's period, in order.

    A period of one day, the last of a financial year, is month 13.
    """
    last = FinancialMonth.of(period_to)
    if period_from == period_to == last.year.end:
        return [FinancialMonth(last.year, YEAR_END_MONTH)]
    months = [FinancialMonth.of(min(period_from, period_to))]
    while months[-1] < last:
        months.append(months[-1].next())
    return months


def shares(amount: Decimal, count: int) -> list[Decimal]:
    """Return an amount in equal parts of whole pennies; the last takes what is left over."""
    part = (amount / count).quantize(_PENNY, rounding=ROUND_DOWN)
    return [*[part] * (count - 1), amount - part * (count - 1)]


def read_documents(con: duckdb.DuckDBPyConnection) -> dict[Account, Documents]:
    """Return the documents of every account, by the code they name; needs the reference views.

    A document over several months is split evenly among them. A credit note counts against what
    was paid whatever its sign.
    """
    found: dict[Account, Documents] = defaultdict(Documents)
    for row in con.execute(_PAYMENTS).fetchall():
        number, kind, provider, code, payer, period_from, period_to, amount = row
        if kind == "credit_note":
            amount = -abs(amount)
        months = months_covered(period_from, period_to)
        for month, part in zip(months, shares(amount, len(months)), strict=True):
            documents = found[Account(provider, code, month.year.text)]
            documents.payer_code = payer
            documents.amounts[kind, month.month] += part
            documents.numbers[month.month].append(number)
    return dict(found)


_PAYMENTS = """
SELECT p.document_number, p.kind, p.provider_code, p.commissioner_code,
       coalesce((SELECT any_value(lp.legal_payer) FROM legal_payers lp
                 WHERE lp.org_code = p.commissioner_code
                   AND p.period_to BETWEEN lp.from_date AND lp.to_date),
                p.commissioner_code) AS payer_code,
       p.period_from, p.period_to, p.amount
FROM payments p
ORDER BY p.provider_code, p.commissioner_code, p.period_from, p.period_to,
         p.document_number, p.kind, p.amount
"""
