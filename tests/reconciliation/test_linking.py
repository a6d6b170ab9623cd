"""Linking: charged lines to SUS and version to version, one to one, every line accounted for."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptroller.calendar import FinancialMonth
from comptroller.errors import UsageError
from comptroller.reconciliation.linking import Linking, link_charged_to_sus, link_versions
from comptroller.workspace import Workspace
from tests.command import run
from tests.small_economy import YEAR, SmallEconomy, line

DAY = date(2025, 4, 10)
LATER = datetime(2025, 6, 20, 9, tzinfo=UTC)


def visit(**more: Any) -> dict[str, Any]:
    """An outpatient attendance with nothing that identifies it but what is given."""
    return line(
        more.pop("pod", "OPFASPCL"),
        more.pop("cost", 100),
        activity_start_date=more.pop("day", DAY),
        activity_treatment_function_code=more.pop("tfc", "110"),
        tariff_code=more.pop("hrg", "WF01A"),
        **more,
    )


def record(**more: Any) -> dict[str, Any]:
    """The record of SUS beside it."""
    return visit(pod=None, **more)


def person(key: str) -> dict[str, str]:
    return {"patient_key": key, "patient_key_domain": "test"}


def links(linking: Linking) -> list[dict[str, Any]]:
    return [dict(zip(linking.row_columns, row, strict=True)) for row in linking.rows()]


def by_tier(linking: Linking) -> dict[str, tuple[int, int]]:
    """Lines of both sides by outcome, after checking that they add up, in rows and in pounds."""
    rows = linking.summary()
    *parts, whole = rows
    for column in range(2, 6):
        assert sum(row[column] for row in parts) == whole[column]
    linked = [row for row in parts if row[0].isdigit()]
    assert all(row[2] == row[4] for row in linked), "one to one"
    return {row[0]: (row[2], row[4]) for row in parts}


def tiers_of(economy: SmallEconomy, charged: list[Any], sus: list[Any]) -> dict[str, Any]:
    economy.slice("PLCM", charged)
    economy.slice("SUS_OP", sus)
    return by_tier(link_charged_to_sus(economy.ws))


UNLIKE = {"day": date(2025, 4, 28), "tfc": "430", "hrg": "WF02B"}


@pytest.mark.parametrize(
    ("charged", "recorded", "tier"),
    [
        ({"cds_unique_identifier": "B1"}, {"cds_unique_identifier": "B1"} | UNLIKE, "1"),
        ({"attendance_identifier": "A1"}, {"attendance_identifier": "A1"} | UNLIKE, "2"),
        (person("p1"), person("p1") | {"tfc": "430", "hrg": "WF02B"}, "3"),
        ({"local_patient_identifier": "L1"}, {"local_patient_identifier": "L1"}, "3"),
        (person("p1"), person("p1") | {"day": date(2025, 4, 11)}, "4"),
        (person("p1"), person("p1") | {"day": date(2025, 4, 9), "hrg": "WF02B"}, "4"),
        ({"cds_unique_identifier": "B-12345"}, {"cds_unique_identifier": "B0012345"}, "5"),
        (person("p1"), person("p1") | UNLIKE, "unlinked"),
        (person("p1"), person("p2"), "unlinked"),
        (person("p1"), person("p1") | {"patient_key_domain": "elsewhere"}, "unlinked"),
        ({}, {}, "unlinked"),
    ],
)
def test_each_tier_links_what_it_says(
    economy: SmallEconomy, charged: dict[str, Any], recorded: dict[str, Any], tier: str
) -> None:
    assert tiers_of(economy, [visit(**charged)], [record(**recorded)]) == {tier: (1, 1)}
    (*_, row) = links(link_charged_to_sus(economy.ws))
    if tier == "5":
        assert 0.9 <= row["match_probability"] <= 1
    else:
        assert row["match_probability"] == (None if tier == "unlinked" else 1)


def test_identifiers_hold_at_one_provider_only(economy: SmallEconomy) -> None:
    economy.slice("PLCM", [visit(cds_unique_identifier="B1", **person("p1"))])
    economy.slice("SUS_OP", [record(cds_unique_identifier="B9")])
    economy.slice("SUS_OP", [record(cds_unique_identifier="B1", **person("p1"))], provider="RX2")
    assert by_tier(link_charged_to_sus(economy.ws)) == {
        "unlinked": (1, 1),
        "other side not received": (0, 1),
    }


def test_of_two_lines_with_one_identifier_the_better_agreeing_takes_the_record(
    economy: SmallEconomy,
) -> None:
    twice = {"cds_unique_identifier": "B1", **person("p1")}
    found = tiers_of(
        economy, [visit(**twice, tfc="430", hrg="WF02B"), visit(**twice)], [record(**twice)]
    )
    assert found == {"1": (1, 1), "unlinked": (1, 0)}
    (linked, alone) = links(link_charged_to_sus(economy.ws))
    assert (linked["charged_tfc"], alone["charged_tfc"]) == ("110", "430")


def test_a_charge_takes_the_record_before_its_reversal(economy: SmallEconomy) -> None:
    seen = {"cds_unique_identifier": "B1", **person("p1")}
    found = tiers_of(economy, [visit(**seen, cost=-60), visit(**seen, cost=60)], [record(**seen)])
    assert found == {"1": (1, 1), "unlinked": (1, 0)}
    assert links(link_charged_to_sus(economy.ws))[0]["charged_cost"] == 60


def test_a_mistyped_identifier_gives_way_to_one_that_leads_to_the_same_day(
    economy: SmallEconomy,
) -> None:
    charged = visit(cds_unique_identifier="B2", attendance_identifier="A1", **person("p1"))
    right = record(cds_unique_identifier="B1", attendance_identifier="A1", **person("p1"))
    wrong = record(
        cds_unique_identifier="B2", attendance_identifier="A2", day=date(2025, 4, 3), **person("p1")
    )
    assert tiers_of(economy, [charged], [wrong, right]) == {"2": (1, 1), "unlinked": (0, 1)}


def test_an_identifier_of_another_patient_links_nothing(economy: SmallEconomy) -> None:
    found = tiers_of(
        economy,
        [visit(cds_unique_identifier="B1", **person("p1"))],
        [record(cds_unique_identifier="B1", **person("p2"), **UNLIKE)],
    )
    assert found == {"unlinked": (1, 1)}


def test_records_that_are_as_likely_as_each_other_are_not_guessed_between(
    economy: SmallEconomy,
) -> None:
    alike = {"age_at_activity_date": 50, "person_stated_gender_code": "1"}
    practice = {"general_medical_practice_code": "T81001"}
    one = tiers_of(economy, [visit(**alike, **practice)], [record(**alike, **practice)])
    assert one == {"5": (1, 1)}
    economy.slice("SUS_OP", [record(**alike, **practice)] * 2, month=1, received=LATER)
    assert by_tier(link_charged_to_sus(economy.ws, basis="current")) == {"unlinked": (1, 2)}


def test_a_word_in_place_of_an_identifier_links_nothing(economy: SmallEconomy) -> None:
    found = tiers_of(
        economy,
        [visit(cds_unique_identifier="UNKNOWN") for _ in range(120)],
        [record(cds_unique_identifier="UNKNOWN") for _ in range(120)],
    )
    assert found == {"unlinked": (120, 120)}
    assert link_charged_to_sus(economy.ws).not_compared == 120


def test_what_has_no_record_of_its_own_is_told_apart(economy: SmallEconomy) -> None:
    spell = {"hospital_provider_spell_identifier": "S1"}
    economy.slice(
        "PLCM",
        [visit(pod="NEL", **spell), visit(pod="NELXBD", **spell), visit(pod="AE", cost=7)],
    )
    economy.slice("SUS_APC", [record(**spell)])
    linking = link_charged_to_sus(economy.ws)
    assert by_tier(linking) == {
        "2": (1, 1),
        "other side not received": (1, 0),
        "no record of its own": (1, 0),
    }
    assert {row[0]: row[3] for row in linking.summary()}["other side not received"] == 7


def test_care_at_a_months_end_finds_its_record_in_the_next_month(economy: SmallEconomy) -> None:
    economy.slice("PLCM", [visit(cds_unique_identifier="B1")])
    economy.slice("SUS_OP", [record(cds_unique_identifier="B9")], month=1)
    economy.slice("SUS_OP", [record(cds_unique_identifier="B1")], month=2)
    linking = link_charged_to_sus(economy.ws, month=FinancialMonth.parse(f"{YEAR}-M01"))
    told = {row[0]: (row[2], row[4]) for row in linking.summary()}
    assert told == {"1": (1, 0), "unlinked": (0, 1), "all": (1, 1)}


def test_a_threshold_that_could_link_twice_is_refused(economy: SmallEconomy) -> None:
    for threshold in (0.5, 1.0, 7.0):
        with pytest.raises(UsageError, match="threshold"):
            link_charged_to_sus(economy.ws, threshold=threshold)
        with pytest.raises(UsageError, match="threshold"):
            link_versions(economy.ws, threshold=threshold)


few = st.sampled_from([None, "1", "2"])
visits = st.lists(
    st.fixed_dictionaries(
        {
            "cds_unique_identifier": few,
            "attendance_identifier": few,
            "patient_key": few,
            "local_patient_identifier": few,
            "day": st.sampled_from([None, DAY, date(2025, 4, 11), date(2025, 4, 12)]),
            "tfc": st.sampled_from([None, "110", "430"]),
            "hrg": st.sampled_from([None, "WF01A", "WF02B"]),
            "cost": st.sampled_from([None, 0, 5, -5]),
            "age_at_activity_date": st.sampled_from([None, 40]),
            "person_stated_gender_code": st.sampled_from([None, "1"]),
        }
    ),
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(visits, visits)
def test_whatever_comes_links_are_one_to_one_and_every_line_is_told_once(
    charged: list[dict[str, Any]], recorded: list[dict[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        economy = SmallEconomy(Workspace.create(Path(folder) / "w", name="Test"))
        economy.slice("PLCM", [visit(**one) for one in charged])
        economy.slice("SUS_OP", [record(**one) for one in recorded])
        economy.slice("PLCM", [visit(**one) for one in recorded], received=LATER)
        # What is payable is the version received last.
        for make, left in ((link_charged_to_sus, recorded), (link_versions, charged)):
            linking = make(economy.ws)
            by_tier(linking)
            rows = links(linking)
            for side, lines in ((linking.left, left), (linking.right, recorded)):
                seen = Counter(row[f"{side}_line_id"] for row in rows)
                seen.pop(None, None)
                assert len(seen) == len(lines)
                assert set(seen.values()) <= {1}
            assert rows == links(make(economy.ws))


def test_versions_pair_lines_that_lost_their_identifiers(economy: SmallEconomy) -> None:
    before = economy.slice(
        "PLCM",
        [
            visit(cds_unique_identifier="B1", **person("p1")),
            visit(cds_unique_identifier="B2", **person("p2"), cost=50),
            visit(cds_unique_identifier="B3", **person("p3"), cost=60),
        ],
    )
    after = economy.slice(
        "PLCM",
        [
            visit(**person("p1"), hrg="WF02B"),
            visit(cds_unique_identifier="B2", **person("p2"), cost=55),
            visit(cds_unique_identifier="B4", **person("p4"), cost=70),
        ],
        received=LATER,
    )
    for linking in (
        link_versions(economy.ws),
        link_versions(economy.ws, submissions=(before, after)),
    ):
        assert by_tier(linking) == {"1": (1, 1), "3": (1, 1), "unlinked": (1, 1)}
        told = [(row["tier"], row["change"]) for row in links(linking)]
        assert sorted(told) == [
            ("1", "repriced"),
            ("3", "recoded"),
            ("unlinked", "added"),
            ("unlinked", "gone"),
        ]


def test_a_line_that_moved_to_another_month_is_the_same_line(economy: SmallEconomy) -> None:
    moved = visit(cds_unique_identifier="B1")
    economy.slice("PLCM", [moved])
    economy.slice("PLCM", [visit(cds_unique_identifier="B2")], month=2)
    economy.slice("PLCM", [], received=LATER)
    economy.slice("PLCM", [moved, visit(cds_unique_identifier="B2")], month=2, received=LATER)
    changes = {row["before_line_id"]: row["change"] for row in links(link_versions(economy.ws))}
    assert sorted(changes.values()) == ["moved", "same"]


def test_lines_without_a_patient_are_the_same_at_the_same_place(economy: SmallEconomy) -> None:
    adjustment = line("ADJUSTMENT", 10, event_key="place-1")
    economy.slice("PLCM", [adjustment])
    economy.slice("PLCM", [adjustment | {"activity_cost": Decimal(12)}], received=LATER)
    assert by_tier(link_versions(economy.ws)) == {"0": (1, 1)}


def test_slices_that_did_not_change_are_left_out_and_counted(economy: SmallEconomy) -> None:
    economy.slice("PLCM", [visit(cds_unique_identifier="B1")])
    economy.repeat(received=LATER)
    linking = link_versions(economy.ws)
    assert linking.unchanged == 1
    assert by_tier(linking) == {}


def test_the_command_prints_what_ties_and_no_patient(economy: SmallEconomy) -> None:
    economy.slice("PLCM", [visit(cds_unique_identifier="B1", local_patient_identifier="HOSP77")])
    economy.slice("SUS_OP", [record(cds_unique_identifier="B1", patient_key="KEY88")])
    here = ("--workspace", economy.ws.path)
    summary = run("links", "sus", *here, "--provider", "RX1", "--format", "json")
    assert summary.code == 0, summary.err
    assert [(row["tier"], row["charged_cost"]) for row in json.loads(summary.out)] == [
        ("1", "100.00"),
        ("all", "100.00"),
    ]
    told = run("links", "sus", *here, "--details", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(told.out))
    assert (row["tier"], row["match_probability"]) == ("1", "1.0")
    assert "HOSP77" not in told.out
    assert "KEY88" not in told.out


def test_an_empty_scope_says_so_and_an_unknown_provider_is_wrong_usage(
    economy: SmallEconomy,
) -> None:
    economy.slice("ACM", [line("NEL", 100)])
    here = ("--workspace", economy.ws.path)
    for kind in ("sus", "versions"):
        empty = run("links", kind, *here, "--month", f"{YEAR}-M02")
        assert empty.code == 0
        assert "Nothing to link" in empty.err
        unknown = run("links", kind, *here, "--provider", "ZZZ")
        assert unknown.code == 2
        assert "nothing of provider 'ZZZ' is loaded" in unknown.err
    assert run("links", "versions", "s1", *here).code == 2
    assert run("links", "sus", *here, "--basis", "best").code == 2
