"""Actual against plan."""

from decimal import Decimal
from pathlib import Path

import pytest

from comptroller.calendar import FinancialMonth
from comptroller.errors import ComptrollerError
from comptroller.position import POSITION_COLUMNS, position
from tests.small_economy import YEAR, SmallEconomy, line

CONTRACT = {
    "contract_id": "C1",
    "provider_code": "RX1",
    "commissioner_code": "QZ1",
    "financial_year": YEAR,
}


def plan(month: int, pod: str, activity: object, cost: object, **more: object) -> dict[str, object]:
    return {
        "contract_id": "C1",
        "financial_year": YEAR,
        "commissioner_code": "QZ1",
        "month": month,
        "pod_code": pod,
        "planned_activity": activity,
        "planned_cost": cost,
        **more,
    }


def test_the_columns_are_those_of_the_door(economy: SmallEconomy) -> None:
    found = position(economy.ws)
    assert found.columns == POSITION_COLUMNS
    assert found.rows == []
    assert found.total("actual_cost") is None


def test_acm_counts_where_it_was_received_and_patient_level_where_not(
    economy: SmallEconomy,
) -> None:
    economy.slice("ACM", [line("NEL", "1000.10", 3)], month=1)
    economy.slice("PLCM", [line("NEL", "999.99")], month=1)
    economy.slice("PLCM", [line("NEL", "500.25"), line("NEL", "0.01")], month=2)
    economy.slice("DrPLCM", [line("DRUG", "70", None)], month=2)
    economy.slice("SUS_APC", [line("NEL", "123456")], month=2)
    rows = position(economy.ws, by=["provider", "month", "pod"]).as_dicts()
    assert [(r["month"], r["pod_code"], r["actual_cost"], r["basis"]) for r in rows] == [
        (1, "NEL", Decimal("1000.10"), "payable ACM"),
        (2, "DRUG", Decimal("70.00"), "payable patient level"),
        (2, "NEL", Decimal("500.26"), "payable patient level"),
    ]
    total = position(economy.ws, by=["provider"]).as_dicts()
    assert [(r["actual_cost"], r["basis"]) for r in total] == [
        (Decimal("1570.36"), "payable ACM and patient level")
    ]


def test_without_a_plan_variance_is_empty_not_the_whole_cost(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", "10")])
    (row,) = position(economy.ws).as_dicts()
    assert row["planned_cost"] is None
    assert row["planned_activity"] is None
    assert row["variance_cost"] is None


def test_variance_is_actual_less_planned_and_a_month_not_received_is_absent(
    economy: SmallEconomy, tmp_path: Path
) -> None:
    economy.reference(tmp_path, "contracts", [CONTRACT])
    economy.reference(
        tmp_path,
        "plan",
        [
            plan(1, "NEL", 5, "1500.50"),
            plan(1, "DC", 2, "200"),
            plan(2, "NEL", 5, "1500.50"),
        ],
    )
    economy.slice("ACM", [line("NEL", "1000.10", 3), line("OPFA", "50", 1)], month=1)
    rows = position(economy.ws).as_dicts()
    assert [
        (r["pod_code"], r["planned_cost"], r["actual_cost"], r["variance_cost"]) for r in rows
    ] == [
        ("DC", Decimal("200.00"), Decimal("0.00"), Decimal("-200.00")),
        ("NEL", Decimal("1500.50"), Decimal("1000.10"), Decimal("-500.40")),
        ("OPFA", Decimal("0.00"), Decimal("50.00"), Decimal("50.00")),
    ]
    assert {r["month"] for r in rows} == {1}


def test_the_plan_of_a_patient_level_set_that_did_not_come_is_absent(
    economy: SmallEconomy, tmp_path: Path
) -> None:
    economy.reference(tmp_path, "contracts", [CONTRACT])
    economy.reference(tmp_path, "plan", [plan(1, "NEL", 5, 100), plan(1, "DRUG", 0, 900)])
    economy.slice("PLCM", [line("NEL", 90)])
    assert [r["pod_code"] for r in position(economy.ws).as_dicts()] == ["NEL"]
    economy.slice("DrPLCM", [], action="nil")
    drugs = position(economy.ws, by=["pod"]).as_dicts()
    assert [(r["pod_code"], r["variance_cost"]) for r in drugs] == [
        ("DRUG", Decimal("-900.00")),
        ("NEL", Decimal("-10.00")),
    ]


def test_the_signed_plan_counts_never_an_offer_and_the_latest_variation_wins(
    economy: SmallEconomy, tmp_path: Path
) -> None:
    economy.reference(tmp_path, "contracts", [CONTRACT])
    economy.reference(
        tmp_path,
        "plan",
        [
            plan(1, "NEL", 5, 100, version="1", stage="agreed"),
            plan(1, "NEL", 5, 777, version="9", stage="offer"),
            plan(2, "NEL", 5, 100, version="1", stage="agreed"),
            plan(2, "NEL", 6, 120, version="2", stage="varied"),
            plan(2, "NEL", 7, 140, version="10", stage="varied"),
        ],
    )
    for month in (1, 2):
        economy.slice("ACM", [line("NEL", 100)], month=month)
    planned = [r["planned_cost"] for r in position(economy.ws, by=["month"]).as_dicts()]
    assert planned == [Decimal("100.00"), Decimal("140.00")]


def test_year_to_date_adds_up_to_the_last_month_received(
    economy: SmallEconomy, tmp_path: Path
) -> None:
    economy.reference(tmp_path, "contracts", [CONTRACT])
    economy.reference(tmp_path, "plan", [plan(m, "NEL", 1, "33.33") for m in range(1, 13)])
    for month in (1, 2, 3):
        economy.slice("ACM", [line("NEL", "0.10", 1)], month=month)
    (row,) = position(economy.ws, by=["provider", "month"], period="year_to_date").as_dicts()
    assert (row["month"], row["actual_cost"], row["planned_cost"]) == (
        3,
        Decimal("0.30"),
        Decimal("99.99"),
    )
    (row,) = position(
        economy.ws,
        by=["provider"],
        period="year_to_date",
        month=FinancialMonth.parse("2025/26-M02"),
    ).as_dicts()
    assert (row["month"], row["actual_cost"]) == (2, Decimal("0.20"))


def test_years_are_never_added_up(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 1)], year="2024/25", month=12)
    economy.slice("ACM", [line("NEL", 2)], year="2025/26", month=1)
    rows = position(economy.ws, by=["provider"]).as_dicts()
    assert [(r["financial_year"], r["actual_cost"]) for r in rows] == [
        ("2024/25", Decimal("1.00")),
        ("2025/26", Decimal("2.00")),
    ]
    rows = position(economy.ws, by=["provider"], year="2025/26").as_dicts()
    assert len(rows) == 1


def test_codes_of_one_legal_body_share_plan_and_filter(
    economy: SmallEconomy, tmp_path: Path
) -> None:
    economy.reference(
        tmp_path,
        "organisations",
        [
            {"org_code": "QZ1", "name": "Northmoor", "role": "commissioner"},
            {"org_code": "QZ9", "name": "Northmoor East", "role": "commissioner"},
        ],
    )
    economy.reference(
        tmp_path,
        "successions",
        [{"from_code": "QZ9", "to_code": "QZ1", "date": "2024-04-01", "kind": "merge"}],
    )
    economy.reference(tmp_path, "contracts", [CONTRACT])
    economy.reference(tmp_path, "plan", [plan(1, "NEL", 1, 100)])
    economy.slice("ACM", [line("NEL", 60)], commissioner="QZ9")
    rows = position(economy.ws, by=["payer", "pod"]).as_dicts()
    assert [(r["payer_code"], r["planned_cost"], r["actual_cost"]) for r in rows] == [
        ("QZ1", Decimal("100.00"), Decimal("60.00"))
    ]
    for code in ("QZ1", "QZ9"):
        found = position(economy.ws, commissioner=code)
        assert found.total("actual_cost") == Decimal("60")
        assert found.total("planned_cost") == Decimal("100")
    assert position(economy.ws, commissioner="QZ2").rows == []


def test_money_is_exact_to_the_last_place(economy: SmallEconomy) -> None:
    economy.slice(
        "PLCM", [line("NEL", "0.00000001") for _ in range(3)] + [line("NEL", "999999999999999.99")]
    )
    assert position(economy.ws).total("actual_cost") == Decimal("999999999999999.99000003")


def test_a_line_without_point_of_delivery_is_not_lost(economy: SmallEconomy) -> None:
    economy.slice("PLCM", [line(None, "5"), line("NEL", None, None)])  # type: ignore[arg-type]
    rows = position(economy.ws, by=["pod_group"]).as_dicts()
    assert [(r["pod_group"], r["actual_cost"]) for r in rows] == [
        ("Non-elective", Decimal("0.00")),
        ("Other", Decimal("5.00")),
    ]


def test_current_is_the_latest_and_payable_what_was_pinned_at_freeze(
    economy: SmallEconomy,
) -> None:
    from datetime import UTC, datetime

    economy.slice("ACM", [line("NEL", 100)], stage="freeze")
    economy.slice(
        "ACM", [line("NEL", 130)], stage="post_freeze", received=datetime(2025, 11, 1, tzinfo=UTC)
    )
    assert position(economy.ws).total("actual_cost") == Decimal(100)
    assert position(economy.ws, basis="current").total("actual_cost") == Decimal(130)


def test_what_makes_no_sense_is_refused_with_the_choices(economy: SmallEconomy) -> None:
    with pytest.raises(ComptrollerError, match="payable or current"):
        position(economy.ws, basis="flex")
    with pytest.raises(ComptrollerError, match="pod_group"):
        position(economy.ws, by=["colour"])
