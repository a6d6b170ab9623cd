"""What activity above or below plan does not move, because the contract pays it otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from comptroller.reconciliation.documents import Account
from comptroller.reconciliation.model import NOTHING

# A term without a rate moves every pound or none; a blended one needs its rate.
_WHOLE = frozenset({"variable", "activity", "pass_through", "local"})
_NONE = frozenset({"fixed", "block", "lva"})


@dataclass(frozen=True)
class Agreement:
    """The contract of an account: its id, payment profile and marginal rate by POD."""

    contract_id: str
    payment_profile: str
    rates: Mapping[str, Decimal]

    @property
    def invoices_on_actuals(self) -> bool:
        """Return whether the contract says that each month is invoiced as it was."""
        return "actual" in self.payment_profile.lower()

    def rate(self, pod: str) -> Decimal:
        """Return the share of a difference from plan that is paid, 0 to 1."""
        return self.rates.get(pod, self.rates.get("", Decimal(1)))


@dataclass(frozen=True)
class Plans:
    """Signed plan pounds by account, month and POD."""

    pounds: Mapping[tuple[Account, int], Mapping[str, Decimal]]

    def not_moving(
        self,
        account: Account,
        agreement: Agreement | None,
        months: Iterable[int],
        actual: Mapping[int, Mapping[str, Decimal]],
    ) -> Decimal:
        """Return the pounds away from plan that the contract does not pay for.

        For each POD: (actual - plan) × (1 - marginal rate). Nothing for months without a plan.
        """
        if agreement is None or not agreement.rates:
            return NOTHING
        total = NOTHING
        for month in months:
            planned = self.pounds.get((account, month))
            if planned is None:
                continue
            charged = actual.get(month, {})
            for pod in planned.keys() | charged.keys():
                away = charged.get(pod, NOTHING) - planned.get(pod, NOTHING)
                total += away * (1 - agreement.rate(pod))
        return total


def read_agreements(con: duckdb.DuckDBPyConnection) -> dict[Account, Agreement]:
    """Return the contract of every account, by code and by payer; needs the reference views.

    Where a provider and payer have several contracts in a year, the host's comes first. Of the
    payment terms those count that hold for a whole contract or a POD of it; finer ones are left to
    the valuation of findings.
    """
    rates: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for contract, pod, element, stated in con.execute(_TERMS).fetchall():
        rate = stated if stated is not None else _usual_rate(element)
        if rate is not None:
            rates[contract].setdefault(pod or "", rate)
    found: dict[Account, Agreement] = {}
    for provider, code, payer, year, contract, profile in con.execute(_CONTRACTS).fetchall():
        agreement = Agreement(contract, profile or "", rates[contract])
        for name in (code, payer):
            found.setdefault(Account(provider, name, year), agreement)
    return found


def _usual_rate(element: str) -> Decimal | None:
    if element in _WHOLE:
        return Decimal(1)
    return Decimal(0) if element in _NONE else None


def read_plans(con: duckdb.DuckDBPyConnection) -> Plans:
    """Return the signed plan by account, month and POD; needs the view `signed_plan`.

    It is given by code and, added up, by payer.
    """
    pounds: dict[tuple[Account, int], dict[str, Decimal]] = defaultdict(
        lambda: defaultdict(Decimal)
    )
    for provider, code, payer, year, month, pod, cost in con.execute(_PLANS).fetchall():
        for name in {code, payer}:
            pounds[Account(provider, name, year), month][pod] += cost
    return Plans(dict(pounds))


_TERMS = """
SELECT contract_id, pod_code, element, marginal_rate FROM payment_terms
WHERE activity_treatment_function_code IS NULL AND tariff_code IS NULL
  AND service_code IS NULL AND local_code IS NULL
ORDER BY contract_id, pod_code NULLS LAST, commissioner_code NULLS LAST,
         from_date DESC NULLS LAST, element
"""

_CONTRACTS = """
SELECT c.provider_code, c.commissioner_code,
       coalesce((SELECT any_value(lp.legal_payer) FROM legal_payers lp
                 WHERE lp.org_code = c.commissioner_code
                   AND month_end(c.financial_year, 12) BETWEEN lp.from_date AND lp.to_date),
                c.commissioner_code) AS payer_code,
       c.financial_year, c.contract_id, c.payment_profile
FROM contracts c
ORDER BY c.provider_code, c.financial_year, c.role <> 'host', c.contract_id,
         c.commissioner_code
"""

_PLANS = """
SELECT provider_code, commissioner_code, payer_code, financial_year, month, pod_code,
       sum(planned_cost)
FROM signed_plan
GROUP BY ALL
ORDER BY ALL
"""
