"""Who should pay: practice sources, legal payers, registrations, two payers for one event."""

from __future__ import annotations

import datetime as dt
from typing import Any


def test_the_submitted_practice_is_the_first_field_with_a_practice(economy: Any) -> None:
    responsibility = economy.line(
        organisation_identifier_gp_practice_responsibility="A90001",
        general_medical_practice_code="B90001",
    )
    board = economy.line(
        organisation_identifier_gp_practice_responsibility="QZA",
        general_medical_practice_code="B90001",
    )
    default = economy.line(
        organisation_identifier_gp_practice_responsibility="QZA",
        general_medical_practice_code="V81999",
    )
    facts = economy.build()
    assert facts.of(responsibility, "submitted_practice_code") == "A90001"
    assert facts.of(board, "submitted_practice_code", "responsible_payer") == ("B90001", "QZB")
    assert facts.of(default, "submitted_practice_code", "responsible_payer") == ("V81999", None)


def test_pds_in_sus_comes_before_registrations_before_sus_before_the_line(economy: Any) -> None:
    sus = {"data_set": "SUS_OP", "cds_unique_identifier": "C1", "patient_key": "stays"}
    all_four = economy.line(
        patient_key="stays", cds_unique_identifier="C1", general_medical_practice_code="A90002"
    )
    economy.line(**sus, pds_practice_code="B90001", general_medical_practice_code="A90001")
    registered = economy.line(patient_key="stays", general_medical_practice_code="B90001")
    economy.line(
        data_set="SUS_OP", cds_unique_identifier="C2", general_medical_practice_code="B90001"
    )
    in_sus = economy.line(cds_unique_identifier="C2", general_medical_practice_code="A90001")
    only = economy.line(general_medical_practice_code="A90001", patient_key="px")
    facts = economy.build()
    names = ("registered_practice_code", "registration_source")
    assert facts.of(all_four, *names) == ("B90001", "PDS practice in SUS")
    assert facts.of(registered, *names) == ("A90001", "registrations file")
    assert facts.of(in_sus, *names) == ("B90001", "practice in SUS")
    assert facts.of(only, *names) == ("A90001", "practice submitted")


def test_a_merged_commissioner_is_the_same_payer(economy: Any) -> None:
    line = economy.line(commissioner_code="QZC", general_medical_practice_code="A90001")
    facts = economy.build()
    assert facts.of(line, "charged_payer", "responsible_payer") == ("QZA", "QZA")
    assert facts.of(line, "is_commissioner_known")


def test_spells_are_attributed_by_admission_since_september_2020(economy: Any) -> None:
    spell = economy.line(
        pod_code="NEL", activity_start_date="2026-03-30", activity_end_date="2026-04-05"
    )
    before = economy.line(
        pod_code="NEL",
        activity_start_date="2018-04-28",
        activity_end_date="2018-05-02",
        financial_year="2018/19",
        month=2,
        received="2018-07-20",
    )
    clinic = economy.line(activity_end_date="2026-04-16")
    facts = economy.build()
    assert facts.of(spell, "attribution_date") == dt.date(2026, 3, 30)
    assert facts.of(before, "attribution_date") == dt.date(2018, 5, 2)
    assert facts.of(clinic, "attribution_date") == dt.date(2026, 4, 15)


def test_who_left_the_list_is_known_by_the_day(economy: Any) -> None:
    last_day = economy.line(patient_key="moved", activity_start_date="2026-04-09")
    after = economy.line(patient_key="moved", activity_start_date="2026-04-10")
    stays = economy.line(patient_key="stays")
    never = economy.line(patient_key="stays", commissioner_code="QZB")
    unknown = economy.line(patient_key="p9")
    facts = economy.build()
    names = ("is_registered_with_charged_payer", "left_charged_payer_date")
    assert facts.of(last_day, *names) == (True, None)
    assert facts.of(after, *names) == (False, dt.date(2026, 4, 9))
    assert facts.of(stays, *names) == (True, None)
    assert facts.of(never, *names) == (False, None)
    assert facts.of(unknown, *names) == (None, None)


def test_a_closed_practice_leads_to_its_successor(economy: Any) -> None:
    line = economy.line(
        general_medical_practice_code="A90002", activity_start_date="2026-05-01", month=2
    )
    facts = economy.build()
    assert facts.of(line, "practice_close_date", "practice_successor_payer") == (
        dt.date(2026, 4, 30),
        "QZB",
    )


def test_residence_speaks_apart_from_registration(economy: Any) -> None:
    line = economy.line(
        general_medical_practice_code="B90001",
        organisation_identifier_residence_responsibility="QZA",
    )
    facts = economy.build()
    assert facts.of(line, "submitted_practice_payer", "residence_payer", "charged_payer") == (
        "QZB",
        "QZA",
        "QZA",
    )


def test_of_two_payers_for_one_spell_the_responsible_one_stays(economy: Any) -> None:
    spell = {
        "pod_code": "EL",
        "hospital_provider_spell_identifier": "S1",
        "general_medical_practice_code": "A90001",
    }
    right = economy.line(**spell, activity_cost="100.00")
    wrong = economy.line(**spell, activity_cost="900.00", commissioner_code="QZB")
    critical_care = economy.line(**spell | {"pod_code": "UNBACC"}, commissioner_code="ZH1")
    facts = economy.build()
    assert facts.of(wrong, "event_payers", "event_kept_payer") == (2, "QZA")
    assert facts.of(right, "event_payers", "event_kept_payer") == (2, "QZA")
    assert facts.of(critical_care, "event_payers") == 1


def test_two_codes_of_one_body_are_not_two_payers(economy: Any) -> None:
    economy.line(pod_code="EL", hospital_provider_spell_identifier="S1")
    other = economy.line(
        pod_code="EL", hospital_provider_spell_identifier="S1", commissioner_code="QZC"
    )
    facts = economy.build()
    assert facts.of(other, "event_payers") == 1


def test_the_minority_of_a_day_is_told_from_the_majority(economy: Any) -> None:
    same = {"general_medical_practice_code": None}
    economy.line(**same, activity_treatment_function_code="320")
    economy.line(**same)
    odd = economy.line(**same, commissioner_code="QZB", activity_treatment_function_code="330")
    specialised = economy.line(commissioner_code="ZH1", commissioned_service_category_code="21")
    facts = economy.build()
    assert facts.of(odd, "day_payers", "day_kept_payer") == (2, "QZA")
    assert facts.of(specialised, "day_payers") == 1


def test_commissioners_are_boards_or_national(economy: Any) -> None:
    board = economy.line()
    hub = economy.line(commissioner_code="ZH1", commissioned_service_category_code="21")
    facts = economy.build()
    assert facts.of(board, "commissioner_kind") == "icb"
    assert facts.of(hub, "commissioner_kind", "service_category_payer") == (
        "nhs_england",
        "nhs_england",
    )


def test_service_lines_follow_the_years_of_delegation(economy: Any) -> None:
    retained = economy.line(service_code="NCBPS01A")
    delegated = economy.line(service_code="NCBPS13E")
    earlier = economy.line(
        service_code="NCBPS13E",
        financial_year="2023/24",
        received="2023-06-20",
        activity_start_date="2023-04-15",
    )
    facts = economy.build()
    assert facts.of(retained, "service_payer") == "nhs_england"
    assert facts.of(delegated, "service_payer") == "icb"
    assert facts.of(earlier, "service_payer") == "nhs_england"
