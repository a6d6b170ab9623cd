"""Labels written once and blank below are filled from above only where the pattern proves it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from comptroller.intake.report import FileReport
from comptroller.workspace import Workspace
from tests.command import run
from tests.intake.layout_files import write_csv
from tests.intake.test_local_layouts import lines, one
from tests.intake.test_months_across import MONTHS, pounds, ties

HEAD = ["Provider", "Commissioner", "POD", "Specialty Code", "HRG", "Month", "Activity",
        "Actual Cost"]  # fmt: skip


def grouped(*, totals: bool = True) -> list[list[Any]]:
    """Return a report with each label once: one provider, two commissioners, three groups each."""
    rows: list[list[Any]] = [["Northdale 2026/27 Month 4"], [], HEAD]
    number = 0
    for commissioner in ("QX1", "QX2"):
        start = number
        for pod in ("EL", "DC", "NEL"):
            for place in range(4):
                rows.append(
                    [
                        "RX1" if not number else "",
                        commissioner if number == start else "",
                        pod if not place else "",
                        ("100", "", "110", "")[place],
                        f"AA2{place}C",
                        1,
                        1,
                        pounds(number, 0),
                    ]
                )
                number += 1
        if totals:
            cost = sum(pounds(n, 0) for n in range(start, number))
            rows.append(["", f"{commissioner} Total", "", "", "", "", 12, cost])
    return rows


def filled(report: FileReport) -> dict[str, int]:
    return {
        item["element"]: item["values"]
        for item in report.to_json()["changes"]
        if item["kind"] == "filled down from above"
    }


def test_labels_are_filled_down_and_counted(workspace: Workspace, tmp_path: Path) -> None:
    report = one(workspace, write_csv(tmp_path / "slam.csv", grouped()))
    told = report.to_json()
    assert (told["status"], told["rows_loaded"], told["rows_set_aside"]) == ("promoted", 24, 5)
    assert filled(report) == {
        "provider_code": 23,
        "commissioner_code": 22,
        "pod_code": 18,
        "activity_treatment_function_code": 12,
    }
    found = lines(
        workspace,
        '"row", provider_code, commissioner_code, pod_code, activity_treatment_function_code',
    )
    assert found[1] == (5, "RX1", "QX1", "EL", "100")
    assert found[13] == (18, "RX1", "QX2", "EL", "100")
    assert found[-1] == (28, "RX1", "QX2", "NEL", "110")
    assert told["cost_loaded"] == sum(pounds(n, 0) for n in range(24))
    assert ties(workspace)


def test_labels_of_rows_with_months_across_are_filled(workspace: Workspace, tmp_path: Path) -> None:
    rows: list[list[Any]] = [["Provider", "Commissioner", "POD", "HRG", *MONTHS[:3]]]
    for number in range(12):
        labels = ["RX1" if not number else "", "QX1" if not number else "",
                  ("EL", "DC", "NEL")[number // 4] if number % 4 == 0 else ""]  # fmt: skip
        rows.append([*labels, f"AA2{number % 4}C", *[pounds(number, m) for m in range(3)]])
    # The row that holds the labels has no figure: they count all the same.
    rows[1][4:] = ["", "", ""]
    report = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows))
    assert (report.status, filled(report)) == (
        "promoted",
        {"provider_code": 11, "commissioner_code": 11, "pod_code": 9},
    )
    found = lines(workspace, "DISTINCT provider_code, commissioner_code, pod_code")
    assert found == [("RX1", "QX1", pod) for pod in ("DC", "EL", "NEL")]
    assert report.to_json()["lines_loaded"] == 33
    assert ties(workspace)


def test_a_missing_label_in_a_full_column_is_not_filled(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows: list[list[Any]] = [HEAD]
    rows += [["RX1", "QX1", "EL", "100", "AA22C", 1, 1, pounds(n, 0)] for n in range(60)]
    rows[30][1] = ""
    report = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows))
    told = report.to_json()
    assert (told["rows_loaded"], told["rows_quarantined"], filled(report)) == (59, 1, {})


def test_a_label_that_comes_back_proves_nothing(workspace: Workspace, tmp_path: Path) -> None:
    rows = [["RX1", "QX1", "EL", "", "AA22C", 1, 1, pounds(n, 0)] for n in range(20)]
    for at, code in ((0, "100"), (7, "110"), (13, "100")):
        rows[at][3] = code
    report = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", [HEAD, *rows]))
    assert (report.status, filled(report)) == ("promoted", {})
    found = lines(workspace, "count(*), count(activity_treatment_function_code)")
    assert found == [(20, 3)]


def test_a_group_without_a_label_after_a_total_is_not_filled(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = grouped()
    rows[16][1] = ""
    report = one(workspace, write_csv(tmp_path / "slam.csv", rows))
    assert report.status == "held"
    assert "commissioner_code" not in filled(report)


def test_points_of_delivery_that_may_be_filled_are_held(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = grouped(totals=False)
    for row in rows[3:]:
        row[0], row[1] = "RX1", "QX1"
    report = one(workspace, write_csv(tmp_path / "slam.csv", rows))
    assert report.status == "held"
    assert any("'POD' is blank in 18 of 24 rows" in m.text for m in report.messages)


def test_commissioners_that_come_back_are_held_with_the_count_of_blanks(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = [["RX1", "", "EL", "100", "AA22C", 1, 1, pounds(n, 0)] for n in range(24)]
    for number in range(0, 24, 6):
        rows[number][1] = ("QX1", "QX2")[number // 6 % 2]
    report = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", [HEAD, *rows]))
    assert (report.status, filled(report)) == ("held", {})
    assert any("'Commissioner' is blank in 20 of 24 rows" in m.text for m in report.messages)


def test_money_and_identifiers_are_never_filled(workspace: Workspace, tmp_path: Path) -> None:
    head = ["Provider", "Commissioner", "POD", "HRG", "Hospital Number", "Month", "Actual Cost"]
    rows: list[list[Any]] = [head]
    for number in range(12):
        first = number % 4 == 0
        rows.append(["RX1", "QX1", "EL", "AA22C", f"H{number}" if first else "", 1,
                     pounds(number, 0) if first else ""])  # fmt: skip
    report = one(workspace, write_csv(tmp_path / "RX1 PLCM 2026-27.csv", rows))
    assert filled(report) == {}
    assert report.to_json()["rows_loaded"] == 0


def test_a_provider_in_every_row_hides_no_label_written_once(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows: list[list[Any]] = [HEAD]
    for n in range(30):
        rows.append(["RX1", "" if n else "QX1", "EL", "100", "AA22C", 1, 1, pounds(n, 0)])
    report = one(workspace, write_csv(tmp_path / "RX1 2026-27.csv", rows))
    assert (report.status, filled(report)) == ("promoted", {"commissioner_code": 29})


KEYED = ["Provider Code", "Commissioner Code", "Financial Year", "Month", "POD", "HRG", "Cost"]


def keyed(pod: str, number: int) -> list[Any]:
    return ["RX1", "QX1", "2026/27", 1, pod, f"AA2{number}C", float(pounds(number, 0))]


def merged_workbook(path: Path) -> Path:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(KEYED)
    for number, pod in enumerate(["EL", "", "", "NEL", "DC", ""]):
        sheet.append(keyed(pod, number))
    for cells in ("E2:E4", "E6:E7"):
        sheet.merge_cells(cells)
    book.save(path)
    return path


def merged_page(path: Path) -> Path:
    spans = {0: 3, 3: 1, 4: 2}
    rows = ["<tr>" + "".join(f"<th>{head}</th>" for head in KEYED) + "</tr>"]
    for number, pod in enumerate(["EL", "", "", "NEL", "DC", ""]):
        cells = [str(cell) for cell in keyed(pod, number)]
        cells[4] = f"<td rowspan={spans[number]}>{pod}</td>" if number in spans else ""
        rows.append("<tr>" + "".join(c if at == 4 else f"<td>{c}</td>"
                                     for at, c in enumerate(cells)) + "</tr>")  # fmt: skip
    path.write_text(f"<html><body><table>{''.join(rows)}</table></body></html>", encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", ["xlsx", "xls"])
def test_merged_cells_prove_what_they_cover(
    workspace: Workspace, tmp_path: Path, suffix: str
) -> None:
    write = merged_workbook if suffix == "xlsx" else merged_page
    report = one(workspace, write(tmp_path / f"RX1.{suffix}"))
    told = report.to_json()
    assert (told["status"], told["rows_loaded"]) == ("promoted", 6), told["messages"]
    assert filled(report) == {"pod_code": 3}
    pods = [pod for _, pod in lines(workspace, '"row", pod_code')]
    assert pods == ["EL", "EL", "EL", "NEL", "DC", "DC"]
    assert ties(workspace)


@pytest.mark.parametrize("column", ["Provider Code", "Commissioner Code"])
def test_the_remedy_for_blanks_works_as_it_is_printed(
    workspace: Workspace, tmp_path: Path, column: str
) -> None:
    rows = [keyed("EL", number) for number in range(6)]
    for number in (1, 2, 4, 5):
        rows[number][KEYED.index(column)] = ""
    path = write_csv(tmp_path / "blocks.csv", [KEYED, *rows])
    held = one(workspace, path).to_json()
    assert held["status"] == "held"
    said = next(
        m["text"] for m in held["messages"] if "comptroller quarantine correct" in m["text"]
    )
    printed = said[said.index("quarantine correct") : said.rindex(")")]
    code = "RX1" if column == "Provider Code" else "QX1"
    arguments = shlex.split(printed.replace("CODE", code).replace("...", "told"))
    ran = run(*arguments, "-w", workspace.path)
    assert ran.code == 0, ran.out + ran.err
    again = workspace.connect()
    workspace.warehouse.view(again, "lines")
    found = again.execute("SELECT count(*), sum(activity_cost) FROM lines").fetchall()[0]
    assert found == (6, sum(pounds(n, 0) for n in range(6)))


def test_few_blanks_below_labels_are_told(workspace: Workspace, tmp_path: Path) -> None:
    rows = [keyed("EL", number) for number in range(9)]
    for number in (2, 5):
        rows[number][0] = ""
    told = one(workspace, write_csv(tmp_path / "blocks.csv", [KEYED, *rows])).to_json()
    assert (told["status"], told["rows_loaded"], told["rows_quarantined"]) == ("promoted", 7, 2)
    warned = [m["text"] for m in told["messages"] if m["severity"] == "warning"]
    assert any("blank in 2 of 9 rows" in text for text in warned), warned
