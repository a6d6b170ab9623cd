"""T1: the bridge from payable ACM to what was invoiced and paid."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from comptroller.reconciliation import reconcile
from tests.small_economy import YEAR, SmallEconomy, line

LATE = datetime(2026, 12, 1, tzinfo=UTC)
FIRST_DAYS = ("2025-04-01", "2025-05-01", "2025-06-01")
LAST_DAYS = ("2025-04-30", "2025-05-31", "2025-06-30")


def document(number: str, kind: str, amount: object, month: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "document_number": number,
        "kind": kind,
        "provider_code": "RX1",
        "commissioner_code": "QZ1",
        "period_from": FIRST_DAYS[month - 1],
        "period_to": LAST_DAYS[month - 1],
        "amount": amount,
        **more,
    }


def t1(economy: SmallEconomy) -> list[dict[str, Any]]:
    rows = [row for row in reconcile(economy.ws).rows if row["tie"] == "T1"]
    for row in rows:
        detail = json.loads(row["detail"])
        row["detail"] = detail
        if "bridge" in detail:
            row["bridge"] = {b["name"]: Decimal(b["value"]) for b in detail["bridge"]}
            assert sum(row["bridge"].values()) == row["difference"]
    return rows


def test_without_payments_it_could_not_run(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 100)])
    (row,) = t1(economy)
    assert (row["status"], row["reason"]) == ("could_not_run", "no payments are loaded")
    assert row["left_value"] == Decimal(100)


def test_on_account_and_reconciliation_together_tie(economy: SmallEconomy, tmp_path: Path) -> None:
    economy.slice("ACM", [line("NEL", "105.50")], month=1, received=LATE)
    economy.slice("ACM", [line("NEL", "90.00")], month=2, received=LATE)
    economy.reference(
        tmp_path,
        "payments",
        [
            document("A1", "on_account", 100, 1),
            document("R1", "reconciliation", "5.50", 1),
            document("A2", "on_account", 100, 2),
            document("C2", "credit_note", -10, 2),
        ],
    )
    rows = t1(economy)
    assert [(r["month"], r["status"], r["left_value"], r["right_value"]) for r in rows] == [
        (1, "ties", Decimal("105.5"), Decimal("105.5")),
        (2, "ties", Decimal("195.5"), Decimal("195.5")),
    ]
    assert rows[1]["detail"]["mode"] == "cumulative"
    assert Decimal(rows[1]["detail"]["credits"]) == 10


def test_what_nothing_explains_differs_and_says_in_which_month(
    economy: SmallEconomy, tmp_path: Path
) -> None:
    for month in (1, 2):
        economy.slice("ACM", [line("NEL", 100)], month=month, received=LATE)
    economy.reference(
        tmp_path,
        "payments",
        [
            document("A1", "on_account", 100, 1),
            document("R1", "reconciliation", 25, 1),
            document("A2", "on_account", 100, 2),
        ],
    )
    first, second = t1(economy)
    assert (first["status"], second["status"]) == ("differs", "differs")
    assert Decimal(first["detail"]["unexplained_in_month"]) == -25
    assert Decimal(second["detail"]["unexplained_in_month"]) == 0
    assert second["reason"] == "unexplained since an earlier month"
    assert [row["month"] for row in reconcile(economy.ws).differing()] == [1]


def test_a_month_not_frozen_and_not_settled_is_timing(
    economy: SmallEconomy, tmp_path: Path
) -> None:
    economy.slice("ACM", [line("NEL", 130)], month=1, received=datetime(2025, 5, 20, tzinfo=UTC))
    economy.reference(tmp_path, "payments", [document("A1", "on_account", 100, 1)])
    (row,) = t1(economy)
    assert row["status"] == "ties"
    assert row["bridge"] == {
        "timing: months not frozen yet and not settled": Decimal(30),
        "unexplained": Decimal(0),
    }
    economy.slice("ACM", [line("NEL", 1)], month=2, received=LATE)
    assert t1(economy)[0]["status"] == "differs"


def test_activity_that_a_fixed_term_does_not_pay_is_explained_at_most(
    economy: SmallEconomy, tmp_path: Path
) -> None:
    economy.reference(
        tmp_path,
        "contracts",
        [
            {
                "contract_id": "C1",
                "provider_code": "RX1",
                "commissioner_code": "QZ1",
                "financial_year": YEAR,
            }
        ],
    )
    economy.reference(
        tmp_path,
        "payment_terms",
        [
            {"contract_id": "C1", "element": "fixed", "pod_code": "NEL"},
            {"contract_id": "C1", "element": "variable", "pod_code": "DC"},
        ],
    )
    economy.reference(
        tmp_path,
        "plan",
        [
            {
                "contract_id": "C1",
                "month": 1,
                "pod_code": pod,
                "planned_activity": 1,
                "planned_cost": 100,
                "financial_year": YEAR,
                "commissioner_code": "QZ1",
            }
            for pod in ("NEL", "DC")
        ],
    )
    economy.slice("ACM", [line("NEL", 140), line("DC", 110)], received=LATE)
    economy.reference(
        tmp_path,
        "payments",
        [document("A1", "on_account", 200, 1), document("R1", "reconciliation", 10, 1)],
    )
    economy.slice("ACM", [line("NEL", 100)], month=2, received=LATE)
    first, second = t1(economy)
    assert first["status"] == "ties"
    assert first["bridge"] == {
        "activity away from plan that fixed or blended terms do not pay": Decimal(40),
        "unexplained": Decimal(0),
    }
    assert Decimal(second["detail"]["unexplained_in_month"]) == 100


def test_where_nothing_is_paid_on_account_each_month_stands_alone(
    economy: SmallEconomy, tmp_path: Path
) -> None:
    for month in (1, 2):
        economy.slice("ACM", [line("NEL", 100)], month=month, received=LATE)
    economy.reference(
        tmp_path,
        "payments",
        [document("N1", "nca", 90, 1), document("N2", "nca", 100, 2)],
    )
    first, second = t1(economy)
    assert (first["status"], first["difference"]) == ("differs", Decimal(10))
    assert (second["status"], second["left_value"]) == ("ties", Decimal(100))
    assert first["detail"]["mode"] == "monthly"


@pytest.mark.parametrize("kinds", [("reconciliation", "reconciliation"), ("on_account",) * 2])
def test_year_end_adjustments_settled_with_month_12_tie(
    economy: SmallEconomy, tmp_path: Path, kinds: tuple[str, str]
) -> None:
    economy.slice("ACM", [line("NEL", 100)], month=12, received=LATE)
    economy.slice("ACM", [line("ADJUSTMENT", 7, 0)], month=13, received=LATE)
    march: dict[str, Any] = {"period_from": "2026-03-01", "period_to": "2026-03-31"}
    economy.reference(
        tmp_path,
        "payments",
        [document("D1", kinds[0], 100, **march), document("D2", kinds[1], 7, **march)],
    )
    assert [row["status"] for row in t1(economy)] == ["ties", "ties"]


def test_payments_without_acm_could_not_be_tied(economy: SmallEconomy, tmp_path: Path) -> None:
    economy.slice("PLCM", [line("NEL", 1)])
    economy.reference(tmp_path, "payments", [document("A1", "on_account", 100, 2)])
    (row,) = t1(economy)
    assert (row["status"], row["month"]) == ("could_not_run", 2)
    assert row["reason"].startswith("no ACM")


def test_payments_of_another_provider_do_not_count(economy: SmallEconomy, tmp_path: Path) -> None:
    economy.slice("ACM", [line("NEL", 100)])
    economy.reference(
        tmp_path, "payments", [document("A1", "on_account", 100, 1, provider_code="RX2")]
    )
    mine = next(row for row in t1(economy) if row["provider_code"] == "RX1")
    assert mine["status"] == "could_not_run"
    assert "of this provider and payer" in mine["reason"]


def two_codes(economy: SmallEconomy, folder: Path) -> None:
    """QZ9 is part of QZ1 since 2024: two codes of one payer, both charged."""
    economy.reference(
        folder,
        "successions",
        [{"from_code": "QZ9", "to_code": "QZ1", "date": "2024-04-01", "kind": "merge"}],
    )
    economy.slice("ACM", [line("NEL", 100)], commissioner="QZ1", received=LATE)
    economy.slice("ACM", [line("NEL", 40)], commissioner="QZ9", received=LATE)


def test_an_invoice_to_the_payer_covers_all_its_codes(
    economy: SmallEconomy, tmp_path: Path
) -> None:
    two_codes(economy, tmp_path)
    economy.reference(tmp_path, "payments", [document("R1", "reconciliation", 140, 1)])
    (row,) = t1(economy)
    assert (row["status"], row["commissioner_code"]) == ("ties", "QZ1")
    assert row["detail"]["commissioner_codes"] == "QZ1, QZ9"


def test_invoices_to_the_same_codes_are_bridged_code_by_code(
    economy: SmallEconomy, tmp_path: Path
) -> None:
    two_codes(economy, tmp_path)
    economy.reference(
        tmp_path,
        "payments",
        [
            document("R1", "reconciliation", 100, 1),
            document("R2", "reconciliation", 45, 1, commissioner_code="QZ9"),
        ],
    )
    assert [(r["commissioner_code"], r["status"], r["difference"]) for r in t1(economy)] == [
        ("QZ1", "ties", Decimal(0)),
        ("QZ9", "differs", Decimal(-5)),
    ]
