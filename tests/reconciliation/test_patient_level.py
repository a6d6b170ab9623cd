"""T2 to T5: ACM against the patient-level sets."""

from decimal import Decimal
from typing import Any

import pytest

from comptroller.reconciliation import reconcile
from tests.small_economy import SmallEconomy, line


def ties(economy: SmallEconomy) -> dict[str, dict[str, Any]]:
    return {row["tie"]: row for row in reconcile(economy.ws).rows}


def test_acm_that_is_the_sum_of_its_parts_ties(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", "300.30"), line("DRUG", 70), line("DEVICE", 5)])
    economy.slice("PLCM", [line("NEL", "100.10"), line("NEL", "200.20")])
    economy.slice("DrPLCM", [line("DRUG", 70)])
    economy.slice("DePLCM", [line("DEVICE", 5)])
    found = ties(economy)
    assert {name: found[name]["status"] for name in ("T2", "T3", "T4", "T5")} == dict.fromkeys(
        ("T2", "T3", "T4", "T5"), "ties"
    )
    assert found["T2"]["left_value"] == Decimal("300.30")
    assert found["T5"]["right_value"] == Decimal("375.30")


def test_what_differs_is_named_by_group_and_adds_up(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 300), line("OPFA", 50), line("DRUG", 70)])
    economy.slice("PLCM", [line("NEL", 290), line("OPFA", 80)])
    economy.slice("DrPLCM", [line("DRUG", 60)])
    found = ties(economy)
    assert found["T2"]["status"] == "differs"
    assert found["T2"]["difference"] == Decimal(-20)
    assert found["T2"]["reason"] == "they differ in: Non-elective, Outpatients"
    assert found["T3"]["difference"] == Decimal(10)
    assert found["T4"]["status"] == "not_applicable"
    assert found["T5"]["difference"] == Decimal(-10)
    assert found["T5"]["status"] == "differs"


def test_a_pound_is_tolerated_and_a_penny_more_is_not(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 101)], month=1)
    economy.slice("PLCM", [line("NEL", 100)], month=1)
    economy.slice("ACM", [line("NEL", "101.01")], month=2)
    economy.slice("PLCM", [line("NEL", 100)], month=2)
    statuses = [row["status"] for row in reconcile(economy.ws).rows if row["tie"] == "T2"]
    assert statuses == ["ties", "differs"]


def test_adjustments_that_only_acm_carries_are_shown_and_do_not_differ(
    economy: SmallEconomy,
) -> None:
    economy.slice("ACM", [line("NEL", 300), line("ADJUSTMENT", -500, 0)])
    economy.slice("PLCM", [line("NEL", 300)])
    found = ties(economy)
    assert found["T2"]["difference"] == Decimal(-500)
    assert found["T2"]["status"] == "ties"
    assert "adjustments, blocks and incentives" in found["T2"]["detail"]
    assert found["T5"]["status"] == "ties"


def test_adjustments_that_both_carry_must_agree(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 300), line("ADJUSTMENT", -500, 0)])
    economy.slice("PLCM", [line("NEL", 300), line("ADJUSTMENT", -400, 0)])
    assert ties(economy)["T2"]["status"] == "differs"


@pytest.mark.parametrize(
    ("sent", "tie", "status", "reason"),
    [
        (["ACM"], "T2", "could_not_run", "no PLCM was received for this month"),
        (["PLCM"], "T2", "could_not_run", "no ACM was received for this month"),
        (["PLCM"], "T5", "could_not_run", "no ACM was received for this month"),
        (["ACM"], "T3", "could_not_run", "no DrPLCM was received for this month"),
        (["ACM"], "T5", "could_not_run", "no PLCM and no DrPLCM was received for this month"),
        (["ACM"], "T4", "not_applicable", "ACM charges no devices for this month"),
        (["PLCM"], "T4", "not_applicable", "neither ACM nor DePLCM came for this month"),
        (["DePLCM"], "T4", "could_not_run", "no ACM was received for this month"),
    ],
)
def test_what_cannot_be_compared_says_why(
    economy: SmallEconomy, sent: list[str], tie: str, status: str, reason: str
) -> None:
    lines = {"ACM": [line("NEL", 1), line("DRUG", 2)], "PLCM": [line("NEL", 1)]}
    for data_set in sent:
        economy.slice(data_set, lines.get(data_set, [line("DEVICE", 1)]))
    found = ties(economy)[tie]
    assert found["status"] == status
    assert found["reason"].startswith(reason)
    assert found["difference"] is None


def test_a_nil_slice_is_received_and_holds_nothing(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("DRUG", 2)])
    economy.slice("DrPLCM", [], action="nil")
    found = ties(economy)["T3"]
    assert (found["status"], found["right_value"]) == ("differs", Decimal(0))
