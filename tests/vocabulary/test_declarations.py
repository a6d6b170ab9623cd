"""The declarations hold together: every element once, every header naming one element."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptroller.vocabulary import (
    CODE_LISTS,
    DATA_SETS,
    DUCKDB_TYPES,
    LINE_DATA_SETS,
    MANDATIONS,
    data_set,
    elements,
    line_columns,
    normalise_header,
)

EC_ID = "emergency_care_attendance_identifier"


def test_the_national_sets_have_the_published_number_of_elements() -> None:
    published = {
        name: len([e for e in DATA_SETS[name].elements if name in e.positions])
        for name in ("ACM", "PLCM", "DrPLCM", "DePLCM")
    }
    assert published == {"ACM": 36, "PLCM": 51, "DrPLCM": 50, "DePLCM": 47}


@pytest.mark.parametrize("name", ["ACM", "PLCM", "DrPLCM", "DePLCM"])
def test_published_positions_run_without_a_gap(name: str) -> None:
    positions = [e.positions[name] for e in data_set(name).elements if name in e.positions]
    assert positions == list(range(1, len(positions) + 1))


@pytest.mark.parametrize("name", list(DATA_SETS))
def test_every_header_names_one_element(name: str) -> None:
    headers = data_set(name).headers()
    assert headers
    for header, element in headers.items():
        assert header == normalise_header(header)
        assert data_set(name).match_header(header.upper()) == element


def test_every_element_is_complete() -> None:
    for element in elements().values():
        assert element.kind in DUCKDB_TYPES
        assert element.meaning.endswith(".")
        assert element.mandation
        assert set(element.mandation.values()) <= set(MANDATIONS)
        assert set(element.mandation) <= set(LINE_DATA_SETS)
        assert element.code_list is None or element.code_list in CODE_LISTS, element.name


@pytest.mark.parametrize(
    ("name", "header", "element"),
    [
        ("PLCM", " TOTAL COST ", "activity_cost"),
        ("PLCM", "total_cost", "activity_cost"),
        ("PLCM", "Total Cost (£)", "activity_cost"),
        ("PLCM", "\ufeffFINANCIAL MONTH", "month"),
        ("PLCM", "NHSNo", "nhs_number"),
        ("PLCM", "DOB", "person_birth_date"),
        ("PLCM", "HRG", "tariff_code"),
        ("PLCM", "Spell No", "hospital_provider_spell_identifier"),
        ("PLCM", "HOSPITAL PROVIDER SPELL IDENTIFIER", "hospital_provider_spell_identifier"),
        ("PLCM", "Adm Date", "activity_start_date"),
        ("PLCM", "Disch Date", "activity_end_date"),
        ("PLCM", "GP Prac", "general_medical_practice_code"),
        ("PLCM", "SERVICE CODE", "service_code"),
        ("PLCM", "TFC", "activity_treatment_function_code"),
        ("ACM", "CONTRACT_MONITORING_ACTUAL_PRICE", "activity_cost"),
        ("ACM", "contract monitoring actual activity", "activity_count"),
        ("ACM", "contract_monitoring_planned_market_forces_factor", "planned_market_forces_cost"),
        ("ACM", "CONTRACT MONITORING ACTUAL MARKET FORCES FACTOR", "market_forces_cost"),
        ("DrPLCM", "CLINICAL INTERVENTION DATE (DRUG DISPENSED)", "clinical_intervention_date"),
        ("DrPLCM", "DM+D TAXONOMY CODE", "dmd_taxonomy_code"),
        ("DrPLCM", "Commissioner Support Charge", "home_delivery_charge"),
        ("DrPLCM", "Qty", "drug_quantity"),
        ("DePLCM", "Qty", "device_quantity"),
        ("SUS_APC", "spell.admission.method", "admission_method_code"),
        ("SUS_APC", "PbR Final Tariff", "activity_cost"),
        (
            "SUS_EC",
            "attendance.arrival.attendance_identifier",
            "emergency_care_attendance_identifier",
        ),
    ],
)
def test_names_of_every_version_and_common_abbreviations_are_known(
    name: str, header: str, element: str
) -> None:
    found = data_set(name).match_header(header)
    assert found is not None
    assert found.name == element


def test_an_unknown_header_names_nothing() -> None:
    assert data_set("PLCM").match_header("shoe size") is None
    assert data_set("PLCM").match_header("") is None


def test_a_column_that_is_stored_is_typed_and_identifiers_are_not() -> None:
    columns = line_columns()
    assert list(columns)[:2] == ["commit_id", "line_id"]
    for element in elements().values():
        assert all(column in columns for column in element.columns)
    for forbidden in ("nhs_number", "person_birth_date", "postcode_of_usual_address"):
        assert forbidden not in columns
    assert columns["activity_cost"] == "DECIMAL(26,8)"
    assert columns["month"] == "INTEGER"
    assert columns["has_data_quality_error"] == "BOOLEAN"


@given(st.text())
def test_normalising_a_header_twice_changes_nothing(text: str) -> None:
    once = normalise_header(text)
    assert normalise_header(once) == once
