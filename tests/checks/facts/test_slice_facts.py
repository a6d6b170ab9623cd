"""Slices: movements after freeze, feeds, clocks, ties between data sets, plans, invoices."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from comptroller.reconciliation import reconcile


def money(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(Decimal("0.01"))


def test_added_raised_and_reappeared_after_freeze(economy: Any) -> None:
    def version(received: str, stage: str, costs: dict[str, str], month: int = 1) -> None:
        for key, cost in costs.items():
            economy.line(
                event_key=key, activity_cost=cost, received=received, stage=stage, month=month
            )

    version("2026-05-20", "flex", {"a": "10", "b": "20", "d": "5"})
    version("2026-06-20", "freeze", {"a": "10", "b": "20"})
    version("2026-09-20", "post_freeze", {"a": "10", "b": "26", "c": "40", "d": "5"})
    version("2026-06-20", "flex", {"x": "1"}, month=2)
    facts = economy.build()
    found = facts.slice(
        "rows_added_after_freeze, cost_added_after_freeze, cost_increase_after_freeze, "
        "cost_movement_after_freeze, rows_reappeared, cost_reappeared, current_received_date, rows"
    )
    assert found[0] == (2, 45, 6, 51, 1, 5, dt.date(2026, 9, 20), 2)
    assert found[1][:6] == (0, 0, 0, 0, 0, 0)


def test_clocks_come_from_the_calendar(economy: Any) -> None:
    economy.line(received="2026-05-22", stage="flex")
    economy.line(month=2, received="2026-06-20", stage="flex", activity_start_date="2026-05-02")
    facts = economy.build()
    assert facts.slice("submission_due, freeze_date, days_late") == [
        (dt.date(2026, 5, 20), dt.date(2026, 6, 25), 2),
        (dt.date(2026, 6, 20), dt.date(2026, 7, 25), 0),
    ]


def test_a_commissioner_new_in_a_later_file_is_not_late(economy: Any) -> None:
    economy.line(received="2026-05-20", stage="flex")
    economy.line(received="2026-06-20", stage="freeze")
    economy.line(received="2026-06-20", stage="freeze", commissioner_code="QZB")
    economy.line(data_set="ACM", received="2026-05-20", stage="flex")
    economy.line(data_set="ACM", received="2026-06-20", stage="freeze", commissioner_code="QZB")
    facts = economy.build()
    assert facts.slice("data_set, commissioner_code, days_late") == [
        ("ACM", "QZA", 0),
        ("ACM", "QZB", 31),
        ("PLCM", "QZA", 0),
        ("PLCM", "QZB", 0),
    ]


def test_a_feed_is_missed_between_the_provider_s_first_and_last_month(economy: Any) -> None:
    for month in range(1, 6):
        economy.line(month=month)
        if month not in (3, 5):
            economy.line(data_set="DrPLCM", month=month)
    economy.line(data_set="DePLCM", month=2)
    facts = economy.build()
    missing = facts.slice(
        "data_set, month, feed_months_received", "level = 'feed' AND is_feed_missing"
    )
    assert missing == [
        *(("DePLCM", month, 1) for month in (1, 3, 4, 5)),
        ("DrPLCM", 3, 3),
        ("DrPLCM", 5, 3),
    ]
    assert (
        facts.slice("commissioner_code", "level = 'feed' AND commissioner_code IS NOT NULL") == []
    )


def test_the_mean_of_a_feed_needs_three_months(economy: Any) -> None:
    for month, rows in ((1, 4), (2, 5), (3, 3), (4, 1), (5, 2)):
        for _ in range(rows):
            economy.line(month=month, commissioner_code="QZA" if rows % 2 else "QZB")
    facts = economy.build()
    found = facts.slice("month, rows, mean_rows_before", "level = 'feed'")
    assert [(m, r, money(mean)) for m, r, mean in found] == [
        (1, 4, None),
        (2, 5, None),
        (3, 3, None),
        (4, 1, Decimal("4.00")),
        (5, 2, Decimal("3.25")),
    ]


def test_data_sets_tie_or_differ_by_kind(economy: Any) -> None:
    acm = {"data_set": "ACM", "activity_treatment_function_code": "110", "tariff_code": "WF01A"}
    economy.line(**acm, pod_code="OPFUPSPCL", activity_count="3", activity_cost="300.00")
    economy.line(**acm, pod_code="DRUG", activity_cost="80.00")
    economy.line(**acm, pod_code="BLOCK", activity_cost="9999.00")
    for _ in range(2):
        economy.line(tariff_code="WF01A", activity_count="1", activity_cost="100.00")
    economy.line(data_set="DrPLCM", activity_cost="75.00")
    facts = economy.build()
    found = facts.slice(
        "is_tie_holder, acm_cost, patient_level_cost, patient_level_gap, drug_gap, device_gap, "
        "care_gap, largest_group_gap, groups_that_differ, activity_cells_that_differ, "
        "activity_gap_value, price_cells_that_differ",
        "level = 'slice' AND data_set = 'ACM'",
    )
    assert found == [
        (True, 380, 275, 105, 5, None, 100, 100, "Drugs, Outpatients", 1, 100, 0),
    ]
    others = facts.slice("is_tie_holder", "data_set <> 'ACM' AND level = 'slice'")
    assert set(others) == {(False,)}


def test_equal_activity_at_another_price(economy: Any) -> None:
    economy.line(
        data_set="ACM",
        pod_code="OPFUPSPCL",
        activity_count="2",
        activity_cost="203.00",
        tariff_code="WF01A",
    )
    economy.line(tariff_code="WF01A", activity_count="2", activity_cost="200.00")
    facts = economy.build()
    assert facts.slice(
        "activity_cells_that_differ, price_cells_that_differ, price_gap_value",
        "is_tie_holder",
    ) == [(0, 1, 3)]


def test_an_aggregate_set_without_codes_is_compared_without_them(economy: Any) -> None:
    economy.line(data_set="ACM", pod_code="OPFUPSPCL", activity_count="2", activity_cost="200.00")
    economy.line(tariff_code="WF01A", activity_count="1")
    economy.line(tariff_code="WF01B", activity_count="1")
    facts = economy.build()
    assert facts.slice("activity_cells_that_differ", "is_tie_holder") == [(0,)]


def test_charges_and_sus_prices_of_national_lines(economy: Any) -> None:
    economy.line(data_set="SUS_OP", attendance_identifier="A1", activity_cost="90.00")
    economy.line(attendance_identifier="A1", national_tariff_indicator="Y")
    economy.line(attendance_identifier="A2", national_tariff_indicator="N", patient_key="p2")
    facts = economy.build()
    assert facts.slice("national_cost, national_sus_cost", "is_tie_holder") == [(100, 90)]


def test_sus_prices_a_spell_with_its_bed_days(economy: Any) -> None:
    spell = {"hospital_provider_spell_identifier": "S1", "national_tariff_indicator": "Y"}
    economy.line(data_set="SUS_APC", **spell, activity_cost="150.00")
    economy.line(**spell, pod_code="NEL", activity_cost="100.00")
    economy.line(**spell, pod_code="NELXBD", activity_cost="50.00")
    facts = economy.build()
    assert facts.slice("national_cost, national_sus_cost", "is_tie_holder") == [(150, 150)]


def test_a_patient_level_set_without_functions_is_compared_without_them(economy: Any) -> None:
    economy.line(
        data_set="ACM",
        pod_code="OPFUPSPCL",
        activity_count="1",
        tariff_code="WF01A",
        activity_treatment_function_code="110",
    )
    economy.line(tariff_code="WF01A", activity_count="1", activity_treatment_function_code=None)
    facts = economy.build()
    assert facts.slice("activity_cells_that_differ", "is_tie_holder") == [(0,)]


PLAN = {
    "contracts.csv": """contract_id,provider_code,commissioner_code,financial_year,value
K1,RZ1,QZA,2026/27,1000.00
""",
    "plan.csv": """contract_id,financial_year,commissioner_code,month,pod_code,planned_activity,\
planned_cost,version,stage
K1,2026/27,QZA,1,OPFUPSPCL,5,500.00,1,agreed
K1,2026/27,QZA,2,OPFUPSPCL,5,499.00,1,agreed
K1,2026/27,QZA,1,OPFUPSPCL,9,900.00,2,offer
""",
}


def test_the_aggregate_plan_against_the_signed_one(economy: Any) -> None:
    economy.reference(PLAN)
    economy.line(data_set="ACM", pod_code="OPFUPSPCL", planned_cost="520.00")
    economy.line(data_set="ACM", pod_code="OPFUPSPCL", planned_cost="499.00", month=2)
    economy.line(data_set="ACM", pod_code="OPFUPSPCL", planned_cost="1.00", commissioner_code="QZB")
    facts = economy.build()
    found = facts.slice(
        "commissioner_code, month, planned_cost, signed_plan_cost, largest_plan_gap, "
        "contract_value, plan_year_cost"
    )
    assert found == [
        ("QZA", 1, 520, 500, 20, 1000, 999),
        ("QZA", 2, 499, 499, 0, None, None),
        ("QZB", 1, 1, None, None, None, None),
    ]


def test_a_plan_that_moved_between_versions(economy: Any) -> None:
    economy.line(
        data_set="ACM",
        pod_code="OPFUPSPCL",
        planned_cost="520.00",
        received="2026-05-20",
        stage="flex",
    )
    economy.line(
        data_set="ACM",
        pod_code="OPFUPSPCL",
        planned_cost="540.00",
        received="2026-06-20",
        stage="freeze",
    )
    facts = economy.build()
    assert facts.slice("planned_cost, planned_cost_before") == [(540, 520)]


PAYMENTS = {
    "payments.csv": """document_number,kind,provider_code,commissioner_code,period_from,period_to,\
amount,invoice_date
I1,reconciliation,RZ1,QZA,2026-04-01,2026-04-30,100.00,2026-06-19
I2,reconciliation,RZ1,QZA,2026-05-01,2026-05-31,70.00,2026-06-20
I3,nca,RZ2,QZB,2026-04-01,2026-04-30,55.00,2026-06-19
I4,on_account,RZ1,QZA,2026-06-01,2026-06-30,900.00,2026-05-01
""",
}


def test_an_invoice_before_its_data(economy: Any) -> None:
    economy.reference(PAYMENTS)
    economy.line(data_set="ACM", pod_code="OPFUPSPCL")
    economy.line(data_set="ACM", pod_code="OPFUPSPCL", month=2)
    economy.line(data_set="ACM", pod_code="OPFUPSPCL", month=3)
    facts = economy.build()
    found = facts.slice(
        "provider_code, month, invoice_number, invoice_amount, is_invoice_before_data, rows"
    )
    assert found == [
        ("RZ1", 1, "I1", 100, True, 1),
        ("RZ1", 2, "I2", 70, False, 1),
        ("RZ1", 3, None, None, None, 1),
        ("RZ2", 1, "I3", 55, True, 0),
    ]


def test_the_bridge_s_unexplained_pounds_are_the_month_s_own(economy: Any) -> None:
    economy.reference(PAYMENTS)
    economy.line(data_set="ACM", pod_code="OPFUPSPCL", activity_cost="100.00")
    economy.line(data_set="ACM", pod_code="OPFUPSPCL", activity_cost="95.00", month=2)
    economy.commit()
    reconcile(economy.ws)
    facts = economy.build()
    found = facts.slice(
        "month, invoice_gap", "level = 'slice' AND provider_code = 'RZ1' AND month <= 2"
    )
    assert found == [(1, 0), (2, 25)]
