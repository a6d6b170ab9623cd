"""Versions of slices: new, replaced, unchanged, nil; payable and current; holds; decisions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from comptroller.errors import ComptrollerError
from comptroller.intake import create_slice_views, decisions, difference, load
from comptroller.intake.promote import mark_of
from comptroller.vocabulary import line_columns
from comptroller.workspace import Workspace
from tests.intake import layout_files as files

ROWS = [
    files.plcm_row(n, month=1 + n % 3, commissioner=("QX1", "QX2", "QX3")[n % 9 // 3])
    for n in range(90)
]


def send(workspace: Workspace, path: Path, rows: list[list[Any]], day: date) -> dict[str, Any]:
    (report,) = load(workspace, [files.national_plcm(path, rows)], received=day)
    return report.to_json()


def actions(told: dict[str, Any]) -> dict[tuple[str, int], str]:
    return {(s["commissioner_code"], s["month"]): s["action"] for s in told["slices"]}


def track(workspace: Workspace, name: str) -> dict[tuple[str, int], Decimal]:
    con = workspace.connect()
    create_slice_views(con, workspace.warehouse)
    return dict(
        con.execute(
            f"SELECT (commissioner_code, month), sum(activity_cost) FROM {name}_lines GROUP BY ALL"
        ).fetchall()
    )


def test_a_month_in_the_life(workspace: Workspace, tmp_path: Path) -> None:
    """Restated months go to current; what was in by the freeze stays payable; nil is kept."""
    first = send(workspace, tmp_path / "M03 PLCM RX1.csv", ROWS, date(2026, 7, 20))
    assert set(actions(first).values()) == {"new"}
    stages = {s["month"]: s["stage"] for s in first["slices"]}
    assert stages == {1: "post_freeze", 2: "freeze", 3: "flex"}

    # Two months later: one line of month 1 and one of month 3 repriced, everything else the same.
    later = [list(row) for row in ROWS]
    for index in (0, 2):
        later[index][-1] = "5000.00"
    second = send(
        workspace, tmp_path / "M05 PLCM RX1.csv", list(reversed(later)), date(2026, 9, 20)
    )
    told = actions(second)
    assert told["QX1", 1] == "replaced"
    assert told["QX1", 3] == "replaced"
    assert list(told.values()).count("unchanged") == 7
    payable, current = track(workspace, "payable"), track(workspace, "current")
    assert current["QX1", 1] - payable["QX1", 1] == Decimal("5000") - Decimal("100.10")
    assert current["QX2", 2] == payable["QX2", 2]
    con = workspace.connect()
    workspace.warehouse.relation(con, "lines")
    assert con.execute("SELECT count(*) FROM lines").fetchone() == (110,)

    # The same events have the same keys: the difference is two repriced lines.
    changed = difference.summary(workspace, first["submission_id"], second["submission_id"])
    assert [(row[0], row[6]) for row in changed] == [("repriced", 1), ("repriced", 1)]

    # A file of one commissioner is a part: the others stay.
    part = [row for row in ROWS if row[4] == "QX2"]
    third = send(workspace, tmp_path / "QX2 alone.csv", part[:-1], date(2026, 9, 25))
    assert {c for c, _ in actions(third)} == {"QX2"}
    assert track(workspace, "current")["QX1", 3] == current["QX1", 3]

    # A restatement without one commissioner makes that one nil.
    fourth = send(
        workspace, tmp_path / "full.csv", [r for r in later if r[4] != "QX3"], date(2026, 9, 28)
    )
    assert [actions(fourth)["QX3", month] for month in (1, 2, 3)] == ["nil"] * 3
    assert ("QX3", 1) not in track(workspace, "current")
    assert ("QX3", 1) in track(workspace, "payable")

    # Withdrawn, it never was; promoted again, it is.
    decisions.withdraw(workspace, fourth["submission_id"], "sent in error")
    assert ("QX3", 1) in track(workspace, "current")
    text, _ = decisions.promote(workspace, fourth["submission_id"], "it was right after all")
    assert "again" in text
    assert ("QX3", 1) not in track(workspace, "current")

    # A recorded decision makes a later version payable.
    count = decisions.make_payable(
        workspace, second["submission_id"], "agreed", commissioner="QX1", month=("2026/27", 1)
    )
    assert count == 1
    assert track(workspace, "payable")["QX1", 1] == current["QX1", 1]


def test_the_same_bytes_twice_are_one_submission(workspace: Workspace, tmp_path: Path) -> None:
    send(workspace, tmp_path / "a.csv", ROWS, date(2026, 7, 20))
    (tmp_path / "b.csv").write_bytes((tmp_path / "a.csv").read_bytes())
    again = load(workspace, [tmp_path], received=date(2026, 8, 20))
    assert [report.status for report in again] == ["duplicate", "duplicate"]
    assert len(workspace.warehouse.commits("load")) == 1


def big(row: list[Any]) -> list[Any]:
    return [*row[:-2], "9000.00", "9000.00"]


@pytest.mark.parametrize("fault", ["loss", "older", "other provider", "future", "total"])
def test_what_looks_wrong_is_held_and_can_be_promoted(
    workspace: Workspace, tmp_path: Path, fault: str
) -> None:
    rows = [big(row) for row in ROWS]
    day, name = date(2026, 8, 20), "RX1 next.csv"
    send(workspace, tmp_path / "first.csv", rows, date(2026, 7, 20))
    changed = [list(row) for row in rows]
    changed[0][-1] = "9001.00"
    if fault == "loss":
        changed = [row for n, row in enumerate(changed) if n % 2]
    elif fault == "older":
        day = date(2026, 6, 20)
    elif fault == "other provider":
        name = "RX7 next.csv"
    elif fault == "future":
        changed.append(big(files.plcm_row(500, month=11)))
    elif fault == "total":
        changed.append(["Grand Total", *[None] * 16, "1.00"])
    told = send(workspace, tmp_path / name, changed, day)
    assert told["status"] == "held"
    assert told["rows_loaded"] == 0 == told["cost_loaded"]
    assert told["rows_quarantined"] == len(changed) - (fault == "total")
    before = track(workspace, "current")
    text, report = decisions.promote(workspace, told["submission_id"], "checked with the trust")
    assert report is not None, text
    assert report.status == "promoted"
    assert (track(workspace, "current") == before) == (fault == "older")


def test_a_decision_needs_a_reason(workspace: Workspace, tmp_path: Path) -> None:
    told = send(workspace, tmp_path / "a.csv", ROWS, date(2026, 7, 20))
    with pytest.raises(ComptrollerError, match="needs a reason"):
        decisions.withdraw(workspace, told["submission_id"], " ")
    with pytest.raises(ComptrollerError, match="no submission"):
        decisions.find(workspace, "s000000")


def test_every_column_has_a_mark_of_its_own_in_the_digest_of_a_slice() -> None:
    names = list(line_columns())
    assert len({mark_of(name) for name in names}) == len(names)
