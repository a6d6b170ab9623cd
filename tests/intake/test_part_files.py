"""Part files: what a file of some points of delivery leaves alone stays as it was."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from comptroller.errors import ComptrollerError
from comptroller.intake import create_slice_views, decisions, load
from comptroller.intake.pod_groups import GroupContent, left_as_they_were, named_groups
from comptroller.upkeep.verify import verify
from comptroller.workspace import Workspace
from tests.intake import layout_files as files

_POD, _COST = 13, 17
FLEX, NEXT = date(2026, 6, 19), date(2026, 7, 20)


def rows_of(pod: str, numbers: range, cost: str = "500.00") -> list[list[Any]]:
    rows = [files.plcm_row(n, month=1 + n % 2, cost=cost) for n in numbers]
    for row in rows:
        row[_POD] = pod
    return rows


INPATIENTS, OUTPATIENTS = rows_of("EL", range(60)), rows_of("OPFASPCL", range(100, 160))


def pounds(ws: Workspace, track: str = "current") -> dict[str, Decimal]:
    con = ws.connect()
    create_slice_views(con, ws.warehouse)
    return dict(
        con.execute(f"SELECT pod_code, sum(activity_cost) FROM {track}_lines GROUP BY 1").fetchall()
    )


def sound(ws: Workspace) -> bool:
    return not any(outcome.failures for outcome in verify(ws))


def test_two_parts_in_one_delivery_make_the_whole(workspace: Workspace, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    files.national_plcm(inbox / "RX1 inpatients M02.csv", INPATIENTS)
    files.national_plcm(inbox / "RX1 outpatients M02.csv", OUTPATIENTS)
    told = [report.to_json() for report in load(workspace, [inbox], received=FLEX)]
    assert [one["status"] for one in told] == ["promoted", "promoted"]
    assert [one["lines_loaded"] for one in told] == [60, 60]
    assert pounds(workspace) == {"EL": Decimal(30000), "OPFASPCL": Decimal(30000)}
    assert sound(workspace)


def test_parts_that_come_after_the_freeze_are_payable_together(
    workspace: Workspace, tmp_path: Path
) -> None:
    late = date(2026, 10, 1)
    for name, rows in (("inpatients.csv", INPATIENTS), ("outpatients.csv", OUTPATIENTS)):
        load(workspace, [files.national_plcm(tmp_path / name, rows)], received=late)
    both = {"EL": Decimal(30000), "OPFASPCL": Decimal(30000)}
    assert pounds(workspace, "payable") == pounds(workspace) == both
    # A restatement of one part after the freeze is current only.
    dearer = files.national_plcm(tmp_path / "in 2.csv", rows_of("EL", range(60), "600.00"))
    load(workspace, [dearer], received=date(2026, 10, 2))
    assert pounds(workspace, "payable") == both
    assert pounds(workspace) == {**both, "EL": Decimal(36000)}


def test_a_part_restated_leaves_the_other_alone(workspace: Workspace, tmp_path: Path) -> None:
    for name, rows in (("a.csv", INPATIENTS), ("b.csv", OUTPATIENTS)):
        load(workspace, [files.national_plcm(tmp_path / name, rows)], received=FLEX)
    assert set(pounds(workspace)) == {"EL", "OPFASPCL"}
    # The names say nothing: that the groups always came in files of their own does.
    dearer = files.national_plcm(tmp_path / "c.csv", rows_of("EL", range(60), "600.00"))
    (report,) = load(workspace, [dearer], received=NEXT)
    assert report.status == "promoted"
    assert any("stay as they were" in message.text for message in report.messages)
    assert pounds(workspace) == {"EL": Decimal(36000), "OPFASPCL": Decimal(30000)}
    assert sound(workspace)
    # Sent again as it was, it changes nothing.
    again = files.national_plcm(
        tmp_path / "d.csv", list(reversed(rows_of("EL", range(60), "600.00")))
    )
    (report,) = load(workspace, [again], received=NEXT)
    assert {item.action for item in report.slices} == {"unchanged"}
    assert sound(workspace)


def test_a_part_that_others_carry_is_not_taken_out_alone(
    workspace: Workspace, tmp_path: Path
) -> None:
    first, second = (
        load(workspace, [files.national_plcm(tmp_path / name, rows)], received=FLEX)[0]
        for name, rows in (("a.csv", INPATIENTS), ("b.csv", OUTPATIENTS))
    )
    with pytest.raises(ComptrollerError, match="carry its lines") as refused:
        decisions.withdraw(workspace, first.submission_id, "wrong provider")
    assert "b.csv" in refused.value.what
    for one in (second, first):
        decisions.withdraw(workspace, one.submission_id, "wrong provider")
    assert pounds(workspace) == {}
    # What comes back was read anew: nothing of the first is in it.
    _, again = decisions.promote(workspace, second.submission_id, "right after all")
    assert again is not None
    assert again.status == "promoted"
    assert pounds(workspace) == {"OPFASPCL": Decimal(30000)}
    assert sound(workspace)


def test_a_whole_return_that_loses_a_group_is_held(workspace: Workspace, tmp_path: Path) -> None:
    few = rows_of("OPFASPCL", range(100, 130))
    whole = files.national_plcm(tmp_path / "whole.csv", [*INPATIENTS, *INPATIENTS_MORE, *few])
    load(workspace, [whole], received=FLEX)
    loaded = pounds(workspace)
    smaller = files.national_plcm(tmp_path / "smaller.csv", [*INPATIENTS, *INPATIENTS_MORE])
    (report,) = load(workspace, [smaller], received=NEXT)
    assert report.status == "held"
    assert "no line of Outpatients" in report.messages[0].text
    assert pounds(workspace) == loaded
    decisions.promote(workspace, report.submission_id, "outpatients come apart", "part")
    assert pounds(workspace) == loaded
    assert sound(workspace)


def test_a_person_may_say_that_it_is_the_whole(workspace: Workspace, tmp_path: Path) -> None:
    whole = files.national_plcm(tmp_path / "whole.csv", [*INPATIENTS, *OUTPATIENTS])
    load(workspace, [whole], received=FLEX)
    smaller = files.national_plcm(tmp_path / "smaller.csv", INPATIENTS)
    (report,) = load(workspace, [smaller], received=NEXT)
    assert report.status == "held"
    decisions.promote(workspace, report.submission_id, "nothing was charged", "whole")
    assert pounds(workspace) == {"EL": Decimal(30000)}
    assert sound(workspace)


INPATIENTS_MORE = rows_of("EL", range(200, 500))


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("RX1_OP_M03.csv", "Outpatients"),
        ("RX1 in-patients.xlsx", "Elective"),
        ("A&E June.csv", "Accident and Emergency"),
        ("ED attendances.csv", "Accident and Emergency"),
    ],
)
def test_names_speak_of_groups(name: str, group: str) -> None:
    assert group in named_groups([name])


def test_a_national_name_speaks_of_none() -> None:
    assert named_groups(["RX1_PLCM_202627_M03.csv", "SUS_EC_202526_M08.csv"]) == set()


def test_a_group_that_the_name_covers_does_not_stay() -> None:
    before = [
        {name: GroupContent(1, Decimal(1), "1", "s1") for name in ("Elective", "Excess Bed Days")},
        {"Outpatients": GroupContent(1, Decimal(1), "1", "s1")},
    ]
    mine = {"Elective": GroupContent(1, Decimal(2), "2")}
    assert left_as_they_were(mine, before, named_groups(["inpatients.csv"])) == {"Outpatients"}
