"""Code lists and points of delivery."""

import pytest

from comptroller.vocabulary import (
    CODE_LISTS,
    code_list,
    is_non_activity,
    pod_group,
    pod_measure,
    repair_pod,
)


def test_there_are_81_national_points_of_delivery_and_six_carry_money_only() -> None:
    pods = code_list("point_of_delivery")
    assert len(pods.rows) == 81
    assert {code for code in pods.codes() if is_non_activity(code)} == {
        "ADJUSTMENT",
        "BLOCK",
        "CQUIN",
        "DEVICE",
        "DRUG",
        "NAOTHER",
    }
    assert all(row.attributes["group"] and row.attributes["measure"] for row in pods.rows.values())


@pytest.mark.parametrize(
    ("code", "group"),
    [
        ("NEL", "Non-elective"),
        ("NELST", "Non-elective"),
        ("NELXBD", "Excess Bed Days"),
        ("DC", "Elective"),
        ("OPPROC", "Outpatients"),
        ("AE", "Accident and Emergency"),
        ("UNBACC", "Critical Care"),
        ("DRUG", "Drugs"),
        ("DEVICE", "Devices"),
        ("ADJUSTMENT", "Adjustment"),
        ("no such", "Other"),
    ],
)
def test_a_point_of_delivery_has_one_group(code: str, group: str) -> None:
    assert pod_group(code) == group


def test_a_stay_and_its_excess_days_are_not_one_group() -> None:
    assert pod_group("NEL") != pod_group("NELXBD")
    assert pod_measure("NELXBD") == "excess bed day"


@pytest.mark.parametrize(
    ("typed", "national"),
    [
        ("NEL", "NEL"),
        (" nel ", "NEL"),
        ("AANDE", "AE"),
        ("AE  TYPE1", "AE"),
        ("UNBCHEM", "UNBCHEMO"),
        ("OPFUPSPNC", "OPFUPSPNCL"),
        ("NCBPS01T", None),
        ("OP", None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_variants_met_in_real_files_are_repaired_only_where_the_meaning_is_plain(
    typed: str, national: str | None
) -> None:
    assert repair_pod(typed) == national


def test_the_repair_map_holds_the_62_variants_and_leads_to_national_codes() -> None:
    repairs = code_list("point_of_delivery_repair")
    national = code_list("point_of_delivery")
    assert len(repairs.rows) == 62
    for row in repairs.rows.values():
        assert row.code not in national
        assert (row.attributes["confidence"] == "open") == (row.name == "")
        assert row.name == "" or row.name in national


def test_every_list_has_a_title_a_source_and_named_codes() -> None:
    assert len(CODE_LISTS) > 30
    for item in CODE_LISTS.values():
        assert item.title
        assert item.source
        assert item.rows
        if item.name != "point_of_delivery_repair":
            assert all(row.name for row in item.rows.values()), item.name


def test_the_lists_have_their_known_sizes() -> None:
    assert len(code_list("service_code").rows) == 514
    assert len(code_list("commissioned_service_category").rows) == 20
    live = [r for r in code_list("treatment_function").rows.values() if r.name != "Retired code"]
    assert len(live) == 181
    statuses = {r.attributes["delegation_2026_27"] for r in code_list("service_code").rows.values()}
    assert statuses == {"green", "red", "blue", "not_applicable"}


def test_a_missing_list_is_named_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="point_of_delivery"):
        code_list("shoe_size")
