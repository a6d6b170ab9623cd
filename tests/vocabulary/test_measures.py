"""Published activity: a column is recognised by its header, its group and its place."""

import pytest

from comptroller.vocabulary import AGGREGATE_DATA_SETS, DATA_SETS, data_set

TYPE_1 = "Type 1 Departments - Major A&E"
WITHIN = "A&E attendances less than 4 hours from arrival to admission, transfer or discharge"


def test_the_published_data_sets_are_declared() -> None:
    assert AGGREGATE_DATA_SETS == (
        "AE_ATTENDANCES", "MAR", "RTT", "NSRC", "KH03", "FFT_AE", "RTT_NATIONAL",
    )  # fmt: skip
    for name in AGGREGATE_DATA_SETS:
        item = DATA_SETS[name]
        assert item.measures
        assert item.period_kind in ("month", "quarter", "year")
        assert all(item.has(d) for d in item.dimensions)


def test_one_header_under_three_groups_is_three_measures() -> None:
    sets = data_set("AE_ATTENDANCES")
    by_group = sets.match_measure(TYPE_1, group=WITHIN)
    by_place = sets.match_measure(TYPE_1, occurrence=2)
    assert by_group is not None
    assert by_group == by_place
    assert by_group.measure.name == "attendances_within_4_hours"
    assert by_group.dimension == {"department_type": "1"}
    third = sets.match_measure(TYPE_1, occurrence=3)
    assert third is not None
    assert third.measure.name == "attendances_over_4_hours"


def test_less_and_more_than_four_hours_are_told_apart() -> None:
    sets = data_set("AE_ATTENDANCES")
    less = sets.match_measure("Total Attendances < 4 hours")
    more = sets.match_measure("Total Attendances > 4 hours")
    assert less is not None
    assert more is not None
    assert less.measure.name == "attendances_within_4_hours"
    assert more.measure.name == "attendances_over_4_hours"


def test_a_percentage_is_not_additive() -> None:
    found = data_set("AE_ATTENDANCES").match_measure("Percentage in 4 hours or less (all)")
    assert found is not None
    assert not found.measure.additive


@pytest.mark.parametrize(
    ("group", "setting"),
    [
        ("Elective Inpatient ", "EL"),
        ("Accident & Emergency", "EM"),
        ("Emergency Medicine", "EM"),
        ("Specialist Pallitive Care", "SPC"),
        ("Total", "all"),
    ],
)
def test_a_reference_cost_column_takes_its_setting_from_the_group(group: str, setting: str) -> None:
    found = data_set("NSRC").match_measure("Unit Cost ", group=group)
    assert found is not None
    assert found.measure.name == "unit_cost"
    assert found.dimension == {"setting": setting}
    assert not found.measure.additive


def test_an_unknown_setting_is_not_guessed() -> None:
    assert data_set("NSRC").match_measure("Activity", group="Space travel") is None


def test_weeks_waited_come_from_the_header() -> None:
    found = data_set("RTT").match_measure("Gt 17 To 18 Weeks SUM 1")
    assert found is not None
    assert found.dimension == {"weeks_from": "17", "weeks_to": "18"}
    last = data_set("RTT").match_measure("Gt 104 Weeks SUM 1")
    assert last is not None
    assert last.dimension == {"weeks_from": "104"}
    assert data_set("RTT").match_measure("Provider Org Code") is None


def test_referrals_of_all_specialties_are_not_those_of_general_and_acute() -> None:
    names = set()
    for header in ("GP Referrals Made (All specialties) ", "GP Referrals Made (G&A)"):
        found = data_set("MAR").match_measure(header)
        assert found is not None
        names.add(found.measure.name)
    assert names == {"gp_referrals_made_all_specialties", "gp_referrals_made"}
