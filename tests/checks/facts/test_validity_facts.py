"""Known codes, blanks, dates, ages and arithmetic."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any


def test_codes_are_known_on_their_date(economy: Any) -> None:
    good = economy.line(
        organisation_site_identifier_of_treatment="RZ1A1",
        tariff_code="WF01A",
        general_medical_practice_code="A90001",
        service_code="NCBPS01C",
    )
    bad = economy.line(
        organisation_site_identifier_of_treatment="RZ1ZZ",
        tariff_code="QQ99Q",
        general_medical_practice_code="A9001",
        service_code="NCBPS00X",
        commissioner_code="Q99",
        activity_treatment_function_code="950",
        pod_code="OPX",
        provider_code="rz1",
    )
    names = (
        "is_commissioner_known",
        "is_provider_known",
        "is_site_known",
        "is_practice_known",
        "is_treatment_function_known",
        "is_pod_known",
        "is_tariff_code_known",
        "is_service_code_known",
    )
    facts = economy.build()
    assert facts.of(good, *names) == (True,) * 8
    assert facts.of(bad, *names) == (False,) * 8


def test_a_retired_treatment_function_is_not_known(economy: Any) -> None:
    line = economy.line(activity_treatment_function_code="620")
    facts = economy.build()
    assert facts.of(line, "is_treatment_function_known") is False


def test_absent_codes_are_not_wrong_codes(economy: Any) -> None:
    line = economy.line(data_set="DrPLCM")
    facts = economy.build()
    assert (
        facts.of(
            line,
            "is_site_known",
            "is_practice_known",
            "is_treatment_function_known",
            "is_pod_known",
        )
        == (None,) * 4
    )


def test_a_site_is_taken_by_its_prefix_where_none_is_listed(economy: Any) -> None:
    economy.line(provider_code="RZ2", organisation_site_identifier_of_treatment="RZ207")
    line = economy.line(provider_code="RZ2", organisation_site_identifier_of_treatment="RZ207")
    strange = economy.line(provider_code="RZ2", organisation_site_identifier_of_treatment="RX999")
    facts = economy.build()
    assert facts.of(line, "is_site_known") is True
    assert facts.of(strange, "is_site_known") is False


def test_a_blank_counts_only_where_the_file_carries_the_element(economy: Any) -> None:
    economy.line(national_tariff_indicator="Y", received="2026-06-20")
    blank = economy.line(received="2026-06-20")
    money = economy.line(received="2026-06-20", pod_code="BLOCK")
    facts = economy.build()
    assert facts.of(blank, "blank_elements") == "national_tariff_indicator"
    assert facts.of(money, "has_blank_elements") is False


def test_linkage_is_missing_only_where_the_file_carries_it(economy: Any) -> None:
    spell = economy.line(pod_code="EL", hospital_provider_spell_identifier="S1")
    without = economy.line(pod_code="NELXBD")
    clinic = economy.line()
    drug = economy.line(data_set="DrPLCM")
    economy.line(data_set="DePLCM", attendance_identifier="A1")
    device = economy.line(data_set="DePLCM")
    facts = economy.build()
    assert [facts.of(x, "is_linkage_missing") for x in (spell, without, clinic, drug, device)] == [
        False,
        True,
        None,
        None,
        True,
    ]


def test_the_date_that_counts_follows_the_kind_of_care(economy: Any) -> None:
    spell = economy.line(
        pod_code="NEL", activity_start_date="2025-12-20", activity_end_date="2026-04-02"
    )
    critical = economy.line(
        pod_code="UNBACC", activity_start_date="2026-03-01", activity_end_date="2026-03-04"
    )
    late = economy.line(month=4, activity_start_date="2026-04-15")
    early = economy.line(month=1, activity_start_date="2026-05-01")
    facts = economy.build()
    names = ("counting_date", "is_counted_in_month", "months_late")
    assert facts.of(spell, *names) == (dt.date(2026, 4, 2), True, 0)
    assert facts.of(critical, *names) == (None, None, None)
    assert facts.of(late, *names) == (dt.date(2026, 4, 15), False, 3)
    assert facts.of(early, "is_counted_in_month", "months_late") == (False, -1)


def test_dates_after_receipt(economy: Any) -> None:
    future = economy.line(activity_start_date="2026-06-21")
    same_day = economy.line(activity_start_date="2026-06-20")
    no_end = economy.line(activity_start_date="2026-06-22", activity_end_date=None)
    facts = economy.build()
    assert [facts.of(x, "days_after_receipt") for x in (future, same_day, no_end)] == [1, 0, 2]


def test_ages_from_the_month_of_birth(economy: Any) -> None:
    born = {"person_birth_month": dt.date(1980, 4, 1)}
    birthday_month = economy.line(**born)
    later = economy.line(**born, activity_start_date="2026-05-02", month=2)
    unborn = economy.line(person_birth_month=dt.date(2026, 5, 1))
    facts = economy.build()
    assert facts.of(birthday_month, "least_age_years", "greatest_age_years") == (45, 46)
    assert facts.of(later, "least_age_years", "greatest_age_years") == (46, 46)
    assert facts.of(unborn, "least_age_days") == 0


def test_newborns_are_known_by_days_or_by_age(economy: Any) -> None:
    baby = economy.line(person_birth_month=dt.date(2026, 3, 1), activity_start_date="2026-04-28")
    by_age = economy.line(age_at_activity_date=0)
    child = economy.line(age_at_activity_date=1)
    nobody = economy.line()
    facts = economy.build()
    assert [facts.of(x, "least_age_days") for x in (baby, by_age, child, nobody)] == [
        28,
        0,
        365,
        None,
    ]


def test_arithmetic_is_read_in_the_way_that_fits(economy: Any) -> None:
    def line(count: str, price: str, cost: str, **more: Any) -> str:
        return str(
            economy.line(
                activity_count=count, activity_unit_price=price, activity_cost=cost, **more
            )
        )

    plain = line("2", "50.00", "100.00")
    with_factor = line("1", "100.00", "107.50", market_forces_cost="7.50")
    wrong = line("2", "50.00", "100.11")
    blank = line("2", "50.00", "100.00", activity_unit_price=None) if False else economy.line()
    drug = economy.line(
        data_set="DrPLCM",
        drug_quantity="0.5",
        commissioner_unit_price="200.00",
        home_delivery_charge=Decimal("12.00"),
        activity_cost="112.00",
    )
    facts = economy.build()
    assert facts.of(plain, "arithmetic_gap") == 0
    assert facts.of(with_factor, "arithmetic_gap") == 0
    assert facts.of(wrong, "arithmetic_gap", "charged_units") == (Decimal("0.11"), 2)
    assert facts.of(blank, "arithmetic_gap") is None
    assert facts.of(drug, "arithmetic_gap") == 0


def test_bed_days_know_whether_their_spell_is_charged(economy: Any) -> None:
    economy.line(pod_code="NEL", hospital_provider_spell_identifier="S1", month=2)
    economy.line(pod_code="DC", hospital_provider_spell_identifier="S2")
    based = economy.line(pod_code="NELXBD", hospital_provider_spell_identifier="S1")
    alone = economy.line(pod_code="NELXBD", hospital_provider_spell_identifier="S2")
    nameless = economy.line(pod_code="NELXBD")
    facts = economy.build()
    assert [facts.of(x, "has_base_spell") for x in (based, alone, nameless)] == [True, False, None]


def test_a_local_pod_with_two_meanings(economy: Any) -> None:
    economy.line(local_pod_code="CLIN")
    economy.line(local_pod_code="CLIN")
    odd = economy.line(local_pod_code="CLIN", pod_code="OPFASPCL")
    single = economy.line(local_pod_code="OTHER")
    facts = economy.build()
    assert facts.of(odd, "local_pod_meanings", "local_pod_usual_code") == (2, "OPFUPSPCL")
    assert facts.of(single, "local_pod_meanings") == 1


def test_contacts_by_telephone_are_remote(economy: Any) -> None:
    phone = economy.line(pod_code="NF2FFUP")
    economy.line(data_set="SUS_OP", attendance_identifier="A1", first_attendance_code="4")
    by_sus = economy.line(attendance_identifier="A1")
    visit = economy.line(patient_key="p5")
    facts = economy.build()
    assert [facts.of(x, "contact_mode") for x in (phone, by_sus, visit)] == [
        "remote",
        "remote",
        "face_to_face",
    ]


def test_missed_attendances_are_not_chargeable(economy: Any) -> None:
    economy.line(data_set="SUS_OP", attendance_identifier="A1", attended_or_did_not_attend_code="3")
    missed = economy.line(attendance_identifier="A1")
    kept = economy.line(attendance_identifier="A2", patient_key="p2")
    facts = economy.build()
    assert facts.of(missed, "is_chargeable_attendance") is False
    assert facts.of(kept, "is_chargeable_attendance") is True
