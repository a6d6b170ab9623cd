"""Tables side by side on one sheet are read by themselves; each row of the sheet counts once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from comptroller.workspace import Workspace
from tests.intake.layout_files import write_csv
from tests.intake.test_local_layouts import lines, one
from tests.intake.test_months_across import MONTHS, pounds, ties

HEAD = ["Provider", "Commissioner", "Month", "POD", "HRG", "Activity", "Actual Cost"]


def table(count: int, commissioner: str, pod: str) -> list[list[Any]]:
    return [HEAD] + [
        ["RX1", commissioner, n % 3 + 1, pod, f"AA2{n % 10}C", 1, pounds(n, 0)]
        for n in range(count)
    ]


def beside(*tables: list[list[Any]], gap: int = 1) -> list[list[Any]]:
    """Put tables side by side, with empty columns between them."""
    longest = max(len(rows) for rows in tables)
    made: list[list[Any]] = []
    for number in range(longest):
        row: list[Any] = []
        for rows in tables:
            width = max(len(cells) for cells in rows)
            cells = rows[number] if number < len(rows) else []
            row += [*cells, *[""] * (width - len(cells) + gap)]
        made.append(row[:-gap])
    return made


def cost(*counts: int) -> Decimal:
    return sum((pounds(n, 0) for count in counts for n in range(count)), Decimal(0))


@pytest.mark.parametrize("lengths", [(12, 12), (12, 20), (20, 12)])
@pytest.mark.parametrize("gap", [1, 3])
def test_two_tables_of_lines_are_both_loaded(
    workspace: Workspace, tmp_path: Path, lengths: tuple[int, int], gap: int
) -> None:
    left, right = lengths
    rows = beside(table(left, "QX1", "EL"), table(right, "QX2", "DC"), gap=gap)
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert told["status"] == "promoted", told["messages"]
    assert (told["rows_read"], told["rows_loaded"]) == (max(lengths) + 1, max(lengths))
    assert (told["lines_loaded"], told["cost_loaded"]) == (left + right, cost(left, right))
    for part in told["parts"]:
        assert part["rows_read"] == (
            part["rows_loaded"] + part["rows_quarantined"] + part["rows_set_aside"]
        )
    assert [part["lines_loaded"] for part in told["parts"]] == [left, right]
    found = lines(workspace, "line_id, commissioner_code, pod_code, split_part(line_id, '-', 4)")
    assert len({row[0] for row in found}) == left + right
    assert {row[1:] for row in found} == {("QX1", "EL", "A"), ("QX2", "DC", "IK"[gap > 1])}
    columns = [item["column"] for item in told["mapping"] if item["element"] == "provider_code"]
    assert columns == [1, 8 + gap]
    assert ties(workspace)


def test_a_row_of_which_one_side_is_in_quarantine_counts_there(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = beside(table(40, "QX1", "EL"), table(44, "QX2", "DC"))
    rows[5][14], rows[9][6], rows[43][14] = "tbc", "", "see note"
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert told["status"] == "promoted", told["messages"]
    assert (told["rows_loaded"], told["rows_quarantined"], told["rows_set_aside"]) == (41, 3, 1)
    assert told["lines_loaded"] == 81
    assert ties(workspace)


def test_a_list_beside_the_lines_is_set_aside_with_the_reason(
    workspace: Workspace, tmp_path: Path
) -> None:
    codes = [["Code", "Meaning"], ["EL", "Elective"], ["DC", "Day case"], ["NEL", "Emergency"]]
    rows = beside(table(15, "QX1", "EL"), codes, gap=2)
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["lines_loaded"], told["rows_read"]) == ("promoted", 15, 16)
    assert told["cost_loaded"] == cost(15)
    reasons = [m["text"] for m in told["messages"] if "column J lies beside" in m["text"]]
    assert len(reasons) == 1
    assert "not a table of lines" in reasons[0]
    assert ties(workspace)


def test_a_held_sheet_with_two_tables_ties(workspace: Workspace, tmp_path: Path) -> None:
    rows = beside(table(12, "QX1", "EL"), table(20, "QX2", "DC"))
    rows += [["Grand Total", "", "", "", "", "", 1_000_000]]
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["rows_loaded"], told["lines_loaded"]) == ("held", 0, 0)
    assert (told["rows_read"], told["rows_quarantined"]) == (22, 20)
    assert ties(workspace)


def test_months_across_on_both_sides(workspace: Workspace, tmp_path: Path) -> None:
    head = ["Provider", "Commissioner", "POD", "HRG", *MONTHS[:3]]
    sides = [
        [head] + [["RX1", payer, "EL", f"AA2{n}C", *[pounds(n, m) for m in range(3)]]
                  for n in range(9)]
        for payer in ("QX1", "QX2")
    ]  # fmt: skip
    rows = beside(*sides)
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["rows_loaded"], told["lines_loaded"]) == ("promoted", 9, 54)
    assert told["cost_loaded"] == 2 * sum(pounds(n, m) for n in range(9) for m in range(3))
    ids = lines(workspace, "DISTINCT split_part(line_id, '-', 4), commissioner_code")
    assert ids == [(c, "QX1" if c < "H" else "QX2") for c in "EFGMNO"]
    assert ties(workspace)


def test_an_empty_column_inside_a_table_makes_no_two(workspace: Workspace, tmp_path: Path) -> None:
    rows = [[*row[:5], "", *row[5:]] for row in table(20, "QX1", "EL")]
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert (told["status"], told["rows_loaded"], told["cost_loaded"]) == ("promoted", 20, cost(20))
    assert "parts" not in told
    assert all(str(row[0]).count("-") == 2 for row in lines(workspace, "line_id"))
    activity = lines(workspace, "sum(activity_count)")
    assert activity == [(20,)]


def test_the_same_table_twice_is_not_doubled_in_silence(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = beside(table(12, "QX1", "EL"), table(12, "QX1", "EL"))
    told = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows)).to_json()
    assert told["status"] == "held"
