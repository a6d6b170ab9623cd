"""Credits, months already paid, arrivals, stays and supplies charged twice."""

from __future__ import annotations

import datetime as dt
from typing import Any


def test_equal_rows_have_equal_fingerprints_within_their_slice(economy: Any) -> None:
    first = economy.line(attendance_identifier="A1")
    second = economy.line(attendance_identifier="A1")
    other = economy.line(attendance_identifier="A1", ward_code="W1")
    next_month = economy.line(attendance_identifier="A1", month=2)
    facts = economy.build()
    mark = facts.of(first, "row_fingerprint")
    assert facts.of(second, "row_fingerprint") == mark
    assert mark not in {facts.of(x, "row_fingerprint") for x in (other, next_month)}


def test_a_credit_undoes_one_equal_charge_only(economy: Any) -> None:
    one = economy.line(attendance_identifier="A1")
    two = economy.line(attendance_identifier="A1")
    credit = economy.line(attendance_identifier="A1", activity_cost="-100.00", month=2)
    stray = economy.line(attendance_identifier="A2", activity_cost="-100.00")
    facts = economy.build()
    assert facts.of(one, "is_credited", "is_live_charge") == (True, False)
    assert facts.of(two, "is_credited", "is_live_charge") == (False, True)
    assert facts.of(credit, "has_matching_charge") is True
    assert facts.of(stray, "has_matching_charge") is False


def test_care_charged_in_a_frozen_month_is_charged_again(economy: Any) -> None:
    care = {"cds_unique_identifier": "C1", "attendance_identifier": "A1"}
    first = economy.line(**care)
    again = economy.line(**care, month=2)
    facts = economy.build()
    assert facts.of(again, "earlier_charge_month", "earlier_charge_line_id") == (1, first)
    assert facts.of(first, "is_charged_earlier") is False


def test_a_month_in_flex_or_credited_does_not_count_as_paid(economy: Any) -> None:
    economy.line(cds_unique_identifier="C1", stage="flex", received="2026-05-10")
    open_month = economy.line(cds_unique_identifier="C1", month=2)
    economy.line(cds_unique_identifier="C2", commissioner_code="QZB")
    economy.line(cds_unique_identifier="C2", commissioner_code="QZB", activity_cost="-100.00")
    corrected = economy.line(cds_unique_identifier="C2", month=2)
    facts = economy.build()
    assert facts.of(open_month, "is_charged_earlier") is False
    assert facts.of(corrected, "is_charged_earlier") is False


def test_drugs_repeat_by_date_and_drug_not_by_attendance(economy: Any) -> None:
    drug = {"data_set": "DrPLCM", "attendance_identifier": "A1", "drug_code": "1234567"}
    economy.line(**drug)
    other_day = economy.line(**drug, activity_start_date="2026-05-13", month=2)
    other_drug = economy.line(**drug | {"drug_code": "7654321"}, month=2)
    same = economy.line(**drug, month=2)
    facts = economy.build()
    assert [facts.of(x, "is_charged_earlier") for x in (other_day, other_drug, same)] == [
        False,
        False,
        True,
    ]


def test_the_cheaper_of_two_arrivals_is_the_repeat(economy: Any) -> None:
    def sus(number: str, hour: int, minute: int) -> None:
        economy.line(
            data_set="SUS_EC",
            emergency_care_attendance_identifier=number,
            arrival_time=dt.datetime(2026, 4, 15, hour, minute),
        )

    sus("E1", 9, 0)
    sus("E2", 11, 0)
    sus("E3", 18, 0)
    dear = economy.line(
        pod_code="AE", emergency_care_attendance_identifier="E1", activity_cost="200.00"
    )
    cheap = economy.line(pod_code="AE", emergency_care_attendance_identifier="E2")
    evening = economy.line(pod_code="AE", emergency_care_attendance_identifier="E3")
    facts = economy.build()
    assert facts.of(cheap, "minutes_between_arrivals", "other_arrival_line_id") == (120, dear)
    assert facts.of(dear, "minutes_between_arrivals") is None
    assert facts.of(evening, "minutes_between_arrivals") == 420


def test_one_attendance_identifier_charged_twice(economy: Any) -> None:
    cheap = economy.line(
        pod_code="AE", emergency_care_attendance_identifier="E1", activity_cost="90.00"
    )
    economy.line(pod_code="AE", emergency_care_attendance_identifier="E1", patient_key="p2")
    facts = economy.build()
    assert facts.of(cheap, "attendance_charge_ordinal") == 2


def spell(economy: Any, number: str, start: str, end: str, **more: Any) -> str:
    return str(
        economy.line(
            **{
                "pod_code": "NEL",
                "hospital_provider_spell_identifier": number,
                "activity_start_date": start,
                "activity_end_date": end,
                "activity_cost": "1000.00",
            }
            | more
        )
    )


def test_overlap_is_told_on_the_stay_that_gives_way(economy: Any) -> None:
    dear = spell(economy, "S1", "2026-04-01", "2026-04-06", activity_cost="2000.00")
    cheap = spell(economy, "S2", "2026-04-05", "2026-04-09")
    after = spell(economy, "S3", "2026-04-09", "2026-04-12")
    same = spell(economy, "S1", "2026-04-01", "2026-04-06", patient_key="p7")
    facts = economy.build()
    assert facts.of(cheap, "overlap_days", "overlap_line_id") == (1, dear)
    assert facts.of(dear, "overlap_days") == -1
    assert facts.of(after, "overlap_days") == 0
    assert facts.of(same, "overlap_days") == -1


def test_the_stay_that_sus_supports_is_kept(economy: Any) -> None:
    economy.line(
        data_set="SUS_APC",
        hospital_provider_spell_identifier="S2",
        activity_start_date="2026-04-05",
        activity_end_date="2026-04-09",
    )
    dear = spell(economy, "S1", "2026-04-01", "2026-04-06", activity_cost="2000.00")
    spell(economy, "S2", "2026-04-05", "2026-04-09")
    facts = economy.build()
    assert facts.of(dear, "overlap_days") == 1


def test_transfers_and_hosts_between_providers(economy: Any) -> None:
    host = spell(economy, "S1", "2026-04-01", "2026-04-10")
    inside = spell(
        economy, "T1", "2026-04-04", "2026-04-06", provider_code="RZ2", activity_cost="5000.00"
    )
    transfer = spell(economy, "T2", "2026-04-10", "2026-04-12", provider_code="RZ2")
    facts = economy.build()
    names = ("other_provider_overlap_days", "other_provider_line_id", "overlap_days")
    assert facts.of(inside, *names) == (2, host, -1)
    assert facts.of(transfer, "other_provider_overlap_days") == 0
    assert facts.of(host, "other_provider_overlap_days") == -1


def test_a_patient_key_of_nobody_is_not_compared(economy: Any) -> None:
    lines = [spell(economy, f"S{n}", "2026-04-01", "2026-04-20") for n in range(201)]
    facts = economy.build()
    assert {facts.of(line, "overlap_days") for line in lines} == {-1}


def test_inside_a_stay_is_strict(economy: Any) -> None:
    stay = spell(economy, "S1", "2026-04-01", "2026-04-05")

    def day(date: str, pod: str = "OPFUPSPCL", **more: Any) -> str:
        return str(economy.line(pod_code=pod, activity_start_date=date, **more))

    within, on_admission, on_discharge = day("2026-04-02"), day("2026-04-01"), day("2026-04-05")
    elsewhere = day("2026-04-02", provider_code="RZ2")
    day_case = day("2026-04-04", "DC", hospital_provider_spell_identifier="S2")
    on_the_edge = day("2026-04-05", "DC", hospital_provider_spell_identifier="S3")
    facts = economy.build()
    assert facts.of(within, "stay_line_id", "stay_start_date", "stay_end_date") == (
        stay,
        dt.date(2026, 4, 1),
        dt.date(2026, 4, 5),
    )
    for line in (on_admission, on_discharge, elsewhere):
        assert facts.of(line, "stay_line_id") is None
    assert facts.of(day_case, "around_line_id") == stay
    assert facts.of(on_the_edge, "around_line_id") is None


def test_a_stay_known_to_sus_alone_counts_for_clinics(economy: Any) -> None:
    stay = economy.line(
        data_set="SUS_APC", activity_start_date="2026-04-10", activity_end_date="2026-04-20"
    )
    clinic = economy.line()
    facts = economy.build()
    assert facts.of(clinic, "stay_line_id") == stay


def test_a_drug_in_both_sets_is_tied_by_patient_cost_and_date(economy: Any) -> None:
    economy.line(data_set="DrPLCM", activity_start_date="2026-04-14", activity_cost="50.00")
    supply = economy.line(
        data_set="DrPLCM", activity_start_date="2026-04-12", activity_cost="99.50"
    )
    line = economy.line(pod_code="DRUG")
    named = economy.line(pod_code="OTHER", local_pod_description="High cost drugs")
    clinic = economy.line()
    facts = economy.build()
    assert facts.of(line, "supply_data_set", "supply_line_id", "supply_days_apart") == (
        "DrPLCM",
        supply,
        3,
    )
    assert facts.of(named, "supply_line_id") == supply
    assert facts.of(clinic, "supply_line_id") is None


def test_adjustments_repeat_by_month_amount_and_words(economy: Any) -> None:
    def adjust(month: int, words: str, **more: Any) -> str:
        return str(
            economy.line(
                data_set="ACM",
                month=month,
                pod_code="ADJUSTMENT",
                local_pod_description=words,
                **more,
            )
        )

    adjust(1, "Winter beds")
    repeat = adjust(2, "Winter beds")
    other = adjust(2, "Summer beds")
    facts = economy.build()
    assert facts.of(repeat, "adjustment_month_ordinal") == 2
    assert facts.of(other, "adjustment_month_ordinal") == 1
