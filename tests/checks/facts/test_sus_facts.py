"""Ties between charges and SUS records, and what the record adds."""

from __future__ import annotations

import datetime as dt
from typing import Any


def test_the_tiers_in_their_order(economy: Any) -> None:
    sus = {"data_set": "SUS_OP", "activity_treatment_function_code": "110"}
    economy.line(**sus, cds_unique_identifier="C1", patient_key="p1")
    economy.line(**sus, attendance_identifier="A2", patient_key="p2")
    economy.line(**sus, patient_key="p3")
    by_cds = economy.line(cds_unique_identifier="C1", patient_key="px")
    by_id = economy.line(attendance_identifier="A2", patient_key="px")
    by_patient = economy.line(patient_key="p3", attendance_identifier="A9")
    other_clinic = economy.line(patient_key="p3", activity_treatment_function_code="320")
    facts = economy.build()
    assert [facts.of(x, "sus_match_tier") for x in (by_cds, by_id, by_patient, other_clinic)] == [
        "cds",
        "identifier",
        "patient_date",
        "none",
    ]


def test_without_sus_of_that_kind_and_month_nothing_is_said(economy: Any) -> None:
    economy.line(data_set="SUS_OP", cds_unique_identifier="C1")
    spell = economy.line(pod_code="EL", hospital_provider_spell_identifier="S1")
    later = economy.line(month=2, activity_start_date="2026-05-04")
    drug = economy.line(data_set="DrPLCM")
    facts = economy.build()
    assert facts.of(spell, "sus_match_tier") is None
    assert facts.of(later, "sus_match_tier") is None
    assert facts.of(drug, "sus_match_tier") is None


def test_tokens_of_another_key_domain_are_another_patient(economy: Any) -> None:
    economy.line(
        data_set="SUS_OP", activity_treatment_function_code="110", patient_key_domain="regional"
    )
    line = economy.line()
    facts = economy.build()
    assert facts.of(line, "sus_match_tier") == "none"


def test_a_cds_identifier_used_twice_does_not_mislead(economy: Any) -> None:
    economy.line(
        data_set="SUS_OP",
        cds_unique_identifier="C1",
        attendance_identifier="A1",
        activity_start_date="2026-04-02",
    )
    own = economy.line(
        data_set="SUS_OP",
        cds_unique_identifier="C2",
        attendance_identifier="A2",
        activity_start_date="2026-04-20",
    )
    line = economy.line(
        cds_unique_identifier="C1", attendance_identifier="A2", activity_start_date="2026-04-20"
    )
    facts = economy.build()
    assert facts.of(line, "sus_line_id", "sus_days_apart") == (own, 0)


def test_dates_apart_count_both_ends_of_a_spell(economy: Any) -> None:
    economy.line(
        data_set="SUS_APC",
        hospital_provider_spell_identifier="S1",
        activity_start_date="2026-04-02",
        activity_end_date="2026-04-09",
    )
    line = economy.line(
        pod_code="EL",
        hospital_provider_spell_identifier="S1",
        activity_start_date="2026-04-02",
        activity_end_date="2026-04-06",
    )
    bed_days = economy.line(pod_code="ELXBD", hospital_provider_spell_identifier="S1")
    facts = economy.build()
    assert facts.of(line, "sus_days_apart") == 3
    assert facts.of(bed_days, "sus_days_apart") is None


def test_records_of_sus_know_whether_they_are_charged(economy: Any) -> None:
    charged = economy.line(data_set="SUS_OP", cds_unique_identifier="C1")
    lost = economy.line(
        data_set="SUS_OP", cds_unique_identifier="C2", patient_key="p8", attendance_identifier="A2"
    )
    uncovered = economy.line(
        data_set="SUS_OP", cds_unique_identifier="C3", month=2, activity_start_date="2026-05-01"
    )
    economy.line(cds_unique_identifier="C1")
    facts = economy.build()
    assert facts.of(charged, "is_in_contract_monitoring") is True
    assert facts.of(lost, "is_in_contract_monitoring") is False
    assert facts.of(uncovered, "is_in_contract_monitoring") is None


def test_a_death_known_from_one_record_counts_for_all_of_the_patient(economy: Any) -> None:
    economy.line(data_set="SUS_APC", person_death_date=dt.date(2026, 4, 14))
    clinic = economy.line()
    drug = economy.line(data_set="DrPLCM", activity_start_date="2026-04-14")
    other = economy.line(patient_key="p2")
    facts = economy.build()
    assert facts.of(clinic, "days_after_death", "is_dated_contact") == (1, True)
    assert facts.of(drug, "days_after_death") == 0
    assert facts.of(other, "days_after_death") is None


def test_private_anywhere_in_the_spell_is_private(economy: Any) -> None:
    spell = {"hospital_provider_spell_identifier": "S1"}
    economy.line(data_set="SUS_APC", **spell, administrative_category_code="01")
    economy.line(
        data_set="SUS_APC",
        **spell,
        administrative_category_code="02",
        activity_start_date="2026-04-16",
    )
    line = economy.line(pod_code="EL", **spell)
    vpp = economy.line(commissioner_code="VPP00")
    chargeable = economy.line(commissioner_code="VPP00", overseas_visitor_status_code="4")
    facts = economy.build()
    assert facts.of(line, "administrative_category", "is_private") == ("02", True)
    assert facts.of(vpp, "is_private", "is_overseas") == (True, False)
    assert facts.of(chargeable, "is_private", "is_overseas") == (False, True)
