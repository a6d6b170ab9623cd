"""T1: the bridge from payable ACM to what was invoiced and paid, to date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import duckdb

from comptroller.calendar import YEAR_END_MONTH, Calendar, FinancialMonth, FinancialYear
from comptroller.reconciliation.documents import (
    ON_ACCOUNT,
    SETTLEMENTS,
    Account,
    Documents,
    read_documents,
)
from comptroller.reconciliation.figures import Figures
from comptroller.reconciliation.model import (
    NOTHING,
    BridgeLine,
    TieOut,
    bridge,
    status_of,
)
from comptroller.reconciliation.moving import (
    Agreement,
    Plans,
    read_agreements,
    read_plans,
)
from comptroller.reference.signed_plan import payer_sql

TIMING = "timing: months not frozen yet and not settled"
YEAR_END = "year-end adjustments settled with month 12"
CARRIED = "unexplained since an earlier month"
NOT_MOVING = "activity away from plan that fixed or blended terms do not pay"


@dataclass(frozen=True)
class Ledger:
    """Everything that T1 is made from, apart from ACM itself."""

    documents: Mapping[Account, Documents]
    agreements: Mapping[Account, Agreement]
    plans: Plans
    calendar: Calendar
    as_at: date


def read_ledger(con: duckdb.DuckDBPyConnection, calendar: Calendar, as_at: date) -> Ledger:
    """Return documents, contracts and plans; needs reference views and `signed_plan`."""
    return Ledger(read_documents(con), read_agreements(con), read_plans(con), calendar, as_at)


@dataclass
class _Charged:
    """ACM of one account: pounds by month and POD, and the codes charged."""

    pods: dict[int, dict[str, Decimal]]
    codes: set[str]
    payer_code: str

    def add(self, other: _Charged) -> None:
        """Take in what was charged under another code of the same payer."""
        self.codes |= other.codes
        for month, pods in other.pods.items():
            mine = self.pods.setdefault(month, defaultdict(Decimal))
            for pod, pounds in pods.items():
                mine[pod] += pounds

    def pounds(self, months: Sequence[int]) -> Decimal:
        """Return the pounds of some months."""
        return sum((sum(self.pods[m].values(), NOTHING) for m in months if m in self.pods), NOTHING)


def invoice_ties(
    con: duckdb.DuckDBPyConnection, figures: Figures, ledger: Ledger
) -> Iterator[TieOut]:
    """Yield T1 for every provider, commissioner and month.

    Where invoices name the same codes as ACM each code is bridged by itself; where they do not
    (an invoice to the board for the lines of its sub-locations) the codes of one legal payer are
    bridged together, under the payer's code.
    """
    charged, all_documents = _matched(_charged(con, figures), ledger.documents)
    for account in sorted(charged.keys() | all_documents.keys()):
        documents = all_documents.get(account)
        if account not in charged:
            last = max(month for _, month in documents.amounts) if documents else 1
            yield _no_figures(account, last, "no ACM of this provider and payer was received")
            continue
        months = sorted(charged[account].pods)
        if documents is None:
            why = "no payments are loaded"
            if ledger.documents:
                why = "no invoice or payment of this provider and payer for the year is loaded"
            for month in months:
                value = charged[account].pounds([m for m in months if m <= month])
                yield _no_figures(account, month, why, value)
            continue
        yield from _bridges(account, charged[account], documents, ledger)


def _matched(
    charged: Mapping[Account, _Charged], documents: Mapping[Account, Documents]
) -> tuple[dict[Account, _Charged], dict[Account, Documents]]:
    """Return both sides by code, or by payer where the codes of the two sides differ."""
    codes: dict[Account, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    payers = [(0, account, item.payer_code) for account, item in charged.items()]
    payers += [(1, account, papers.payer_code) for account, papers in documents.items()]
    for side, account, payer in payers:
        codes[account._replace(commissioner_code=payer)][side].add(account.commissioner_code)

    def place(account: Account, payer: str) -> Account:
        by_payer = account._replace(commissioner_code=payer)
        mine, theirs = codes[by_payer]
        return account if mine == theirs else by_payer

    left: dict[Account, _Charged] = {}
    for account, item in sorted(charged.items(), key=lambda pair: pair[0]):
        key = place(account, item.payer_code)
        left.setdefault(key, _Charged({}, set(), item.payer_code)).add(item)
    right: dict[Account, Documents] = {}
    for account, papers in sorted(documents.items(), key=lambda pair: pair[0]):
        key = place(account, papers.payer_code)
        right.setdefault(key, Documents(payer_code=papers.payer_code)).add(papers)
    return left, right


def _charged(con: duckdb.DuckDBPyConnection, figures: Figures) -> dict[Account, _Charged]:
    payers = {
        (code, year, month): payer for code, year, month, payer in con.execute(_PAYERS).fetchall()
    }
    found: dict[Account, _Charged] = {}
    for place in figures.slices(("ACM",)):
        payer = payers[place.commissioner_code, place.financial_year, place.month]
        account = Account(place.provider_code, place.commissioner_code, place.financial_year)
        charged = found.setdefault(account, _Charged({}, set(), payer))
        charged.codes.add(place.commissioner_code)
        pods = charged.pods.setdefault(place.month, defaultdict(Decimal))
        for pod, item in figures.pods("ACM", place).items():
            pods[pod] += item.cost
    return found


def _no_figures(account: Account, month: int, reason: str, left: Decimal | None = None) -> TieOut:
    return TieOut(
        tie="T1",
        data_set="ACM",
        provider_code=account.provider_code,
        commissioner_code=account.commissioner_code,
        financial_year=account.financial_year,
        month=month,
        left_name="payable ACM to date",
        right_name="invoiced and paid to date",
        left_value=left,
        status="could_not_run",
        reason=reason,
    )


def _bridges(
    account: Account, charged: _Charged, documents: Documents, ledger: Ledger
) -> Iterator[TieOut]:
    """Yield a tie for each month: the steps of the months so far, added up line by line."""
    agreement = ledger.agreements.get(account)
    monthly = not documents.months(ON_ACCOUNT) or bool(agreement and agreement.invoices_on_actuals)
    open_months = _open_months(account, charged, documents, agreement, ledger)
    so_far: dict[str, Decimal] = {}
    last = 0
    for month in sorted(charged.pods):
        # Documents of months without ACM count with the next month that has some.
        months = list(range(last + 1, month + 1))
        owed = -so_far.get(YEAR_END, NOTHING)
        step = _step(account, charged, documents, ledger, months, open_months, owed)
        for part in step:
            so_far[part.name] = so_far.get(part.name, NOTHING) + part.value
        unexplained = so_far.pop("unexplained")
        lines = [BridgeLine(name, value) for name, value in so_far.items() if value]
        lines.append(BridgeLine("unexplained", unexplained))
        so_far["unexplained"] = unexplained
        covered = months if monthly else list(range(1, month + 1))
        tie = _tie(account, charged, documents, month, covered, step if monthly else tuple(lines))
        scope = "for the month" if monthly else "to date"
        yield replace(
            tie,
            left_name=f"payable ACM {scope}",
            right_name=f"invoiced and paid {scope}",
            reason=_reason(tie, step[-1].value),
            facts={
                **tie.facts,
                "mode": "monthly" if monthly else "cumulative",
                "as_at": ledger.as_at,
                "unexplained_in_month": step[-1].value,
            },
        )
        last = month


def _reason(tie: TieOut, moved: Decimal) -> str:
    if tie.status == "ties":
        return ""
    return CARRIED if status_of(moved) == "ties" else "the bridge leaves pounds unexplained"


def _open_months(
    account: Account,
    charged: _Charged,
    documents: Documents,
    agreement: Agreement | None,
    ledger: Ledger,
) -> list[int]:
    """Return the months whose settlement is not to be expected yet."""
    settled = documents.months(SETTLEMENTS)
    contract = agreement.contract_id if agreement else None
    year = FinancialYear.parse(account.financial_year)
    return [
        month
        for month in sorted(charged.pods)
        if month not in settled
        and ledger.as_at
        <= ledger.calendar.clocks(contract, "ACM", FinancialMonth(year, month)).freeze_date
    ]


def _step(
    account: Account,
    charged: _Charged,
    documents: Documents,
    ledger: Ledger,
    months: list[int],
    open_months: list[int],
    owed: Decimal,
) -> tuple[BridgeLine, ...]:
    """Return what some months add to the bridge.

    `owed` is what month 12 was settled for month 13; it comes back when month 13 is reached.
    """
    kinds = (*ON_ACCOUNT, *SETTLEMENTS)
    difference = charged.pounds(months) - documents.amount(kinds, months)
    # Month 13 is often settled with month 12: that it waits may explain, but need not.
    waiting = [m for m in months if m in open_months and m != YEAR_END_MONTH]
    timing = charged.pounds(waiting) - documents.amount(kinds, waiting)
    year_end = charged.pounds([YEAR_END_MONTH])
    possible = []
    if 12 in months and YEAR_END_MONTH not in months:
        possible.append(BridgeLine(YEAR_END, -year_end))
    if YEAR_END_MONTH in months:
        possible.append(BridgeLine(YEAR_END, owed))
        if YEAR_END_MONTH in open_months:
            possible.append(BridgeLine(TIMING, year_end))
    due = [m for m in months if m not in open_months]
    agreement = ledger.agreements.get(account)
    not_paid = ledger.plans.not_moving(account, agreement, due, charged.pods)
    possible.append(BridgeLine(NOT_MOVING, not_paid))
    return bridge(difference, [BridgeLine(TIMING, timing)], possible)


def _tie(
    account: Account,
    charged: _Charged,
    documents: Documents,
    month: int,
    covered: list[int],
    lines: tuple[BridgeLine, ...],
) -> TieOut:
    left = charged.pounds(covered)
    on_account = documents.amount(ON_ACCOUNT, covered)
    settlements = documents.amount(("reconciliation", "nca"), covered)
    credit = -documents.amount(("credit_note",), covered)
    right = on_account + settlements - credit
    return TieOut(
        tie="T1",
        data_set="ACM",
        provider_code=account.provider_code,
        commissioner_code=account.commissioner_code,
        financial_year=account.financial_year,
        month=month,
        left_name="payable ACM",
        right_name="invoiced and paid",
        left_value=left,
        right_value=right,
        status=status_of(lines[-1].value),
        bridge=lines,
        facts={
            "commissioner_codes": ", ".join(sorted(charged.codes)),
            "payments_on_account": on_account,
            "reconciliation_invoices": settlements,
            "credits": credit,
            "amount_due": left - right,
            "documents": ", ".join(documents.numbers.get(month, [])),
        },
    )


_PAYERS = f"""
SELECT commissioner_code, financial_year, month,
       {payer_sql("commissioner_code", "financial_year", "month")} AS payer_code
FROM (SELECT DISTINCT commissioner_code, financial_year, month FROM slice_state
      WHERE track = 'payable' AND data_set = 'ACM')
ORDER BY ALL
"""
