"""Totals that stand among the lines with labels of their own are not counted as lines."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from comptroller.workspace import Workspace
from tests.intake.layout_files import write_csv
from tests.intake.test_local_layouts import one
from tests.intake.test_months_across import pounds, ties

HEAD = ["Provider Code", "Commissioner Code", "Financial Year", "Month", "POD", "HRG", "Activity",
        "Cost"]  # fmt: skip
PODS = ("EL", "DC", "NEL", "NELST")
WORDS = ("All", "ALL", "Total", "Sub-total", "{} Total", "Subtotal")


def group(pod: str, word: str, *, first: bool = False, off: int = 0) -> list[list[Any]]:
    """Return the lines of a point of delivery in two months, with the total of each month."""
    start = PODS.index(pod) * 10
    rows = []
    for month in (1, 2):
        count = 3 + PODS.index(pod) + month
        lines = [
            ["RX1", "QX1", "2026/27", month, pod, f"AA2{n}C", n + 1, pounds(start + n, month)]
            for n in range(count)
        ]
        total = [*lines[0][:5], word.format(pod), sum(r[6] for r in lines),
                 cost(lines) + off]  # fmt: skip
        rows += [total, *lines] if first else [*lines, total]
    return rows


def cost(rows: list[list[Any]]) -> Decimal:
    return sum((row[-1] for row in rows), Decimal(0))


def is_line(row: list[Any]) -> bool:
    return row[5].startswith("AA2")


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("arranged", ["below", "above", "at the end"])
def test_totals_with_keys_are_no_lines(
    workspace: Workspace, tmp_path: Path, word: str, arranged: str
) -> None:
    rows = [row for pod in PODS for row in group(pod, word, first=arranged == "above")]
    if arranged == "at the end":
        rows.sort(key=lambda row: not is_line(row))
    told = one(workspace, write_csv(tmp_path / "RX1.csv", [HEAD, *rows])).to_json()
    expected = [row for row in rows if is_line(row)]
    assert (told["status"], told["rows_loaded"]) == ("promoted", len(expected)), told["messages"]
    assert (told["cost_loaded"], told["cost_quarantined"]) == (cost(expected), 0)
    assert ties(workspace)


@pytest.mark.parametrize("total", ["QX1 Subtotal", "Subtotal QX1", "Total", "QX1 total"])
def test_a_subtotal_under_a_label_written_once(
    workspace: Workspace, tmp_path: Path, total: str
) -> None:
    rows: list[list[Any]] = [["RX1 2026/27 Month 1"], ["Commissioner", "POD", "HRG", "Activity",
                                                       "Actual Cost"]]  # fmt: skip
    lines = []
    for commissioner in ("QX1", "QX2", "QX3"):
        own = [["", pod, "AA22C", 1, pounds(n, 0)] for n, pod in enumerate(PODS[:2])]
        own[0][0] = commissioner
        rows += [*own, [total.replace("QX1", commissioner), "", "", 2, cost(own)]]
        lines += own
    told = one(workspace, write_csv(tmp_path / "slam.csv", rows)).to_json()
    assert (told["rows_loaded"], told["rows_quarantined"]) == (6, 0), told["messages"]
    assert (told["status"], told["cost_loaded"]) == ("promoted", cost(lines))
    assert ties(workspace)


def test_a_total_whose_rows_add_up_otherwise_holds(workspace: Workspace, tmp_path: Path) -> None:
    rows = [*group("EL", "All"), *group("DC", "Sub-total", off=100)]
    told = one(workspace, write_csv(tmp_path / "RX1.csv", [HEAD, *rows])).to_json()
    assert (told["status"], told["rows_loaded"]) == ("held", 0)
    assert any("'Sub-total'" in m["text"] for m in told["messages"]), told["messages"]


def test_all_that_is_no_sum_is_a_line_and_told(workspace: Workspace, tmp_path: Path) -> None:
    rows = [*group("EL", "AA29C"), *group("DC", "All", off=100)]
    told = one(workspace, write_csv(tmp_path / "RX1.csv", [HEAD, *rows])).to_json()
    assert (told["status"], told["cost_loaded"]) == ("promoted", cost(rows)), told["messages"]
    warned = [m["text"] for m in told["messages"] if m["severity"] == "warning"]
    assert sum("'All'" in text for text in warned) == 2


@pytest.mark.parametrize("word", ["All", "Total hip replacement", "Total knee"])
def test_words_that_only_sound_like_totals_stay_lines(
    workspace: Workspace, tmp_path: Path, word: str
) -> None:
    # Outpatients have no HRG; a description begins with the word.
    rows = [["RX1", "QX1", "2026/27", 1, pod, word if pod == "OPFA" else "AA22C", 1, pounds(n, 0)]
            for n, pod in enumerate(["EL", "DC", "OPFA", "NEL", "OPFUP"] * 3)]  # fmt: skip
    told = one(workspace, write_csv(tmp_path / "RX1.csv", [HEAD, *rows])).to_json()
    assert (told["status"], told["cost_loaded"]) == ("promoted", cost(rows)), told["messages"]


@pytest.mark.parametrize("blank", [("HRG",), ("POD", "HRG")])
def test_a_subtotal_that_only_lacks_labels_is_no_line(
    workspace: Workspace, tmp_path: Path, blank: tuple[str, ...]
) -> None:
    rows = []
    for at, commissioner in enumerate(("QX1", "QX2", "QX3")):
        lines = [
            ["RX1", commissioner, "2026/27", 1, "EL", f"AA2{n}C", n + 1, pounds(10 * at + n, 0)]
            for n in range(4)
        ]
        total = [*lines[0][:6], sum(r[6] for r in lines), cost(lines)]
        for name in blank:
            total[HEAD.index(name)] = ""
        rows += [*lines, total]
    told = one(workspace, write_csv(tmp_path / "RX1.csv", [HEAD, *rows])).to_json()
    expected = [row for row in rows if row[5]]
    assert (told["status"], told["rows_loaded"]) == ("promoted", 12), told["messages"]
    assert (told["cost_loaded"], told["cost_quarantined"]) == (cost(expected), 0)
    assert ties(workspace)


def test_lines_without_an_hrg_stay_lines(workspace: Workspace, tmp_path: Path) -> None:
    rows = [["RX1", "QX1", "2026/27", 1, pod, "" if pod == "OPFA" else "AA22C", 1, pounds(n, 0)]
            for n, pod in enumerate(["EL", "DC", "OPFA", "NEL"] * 3)]  # fmt: skip
    # Two lines of which one costs what the other does.
    rows += [["RX1", "QX2", "2026/27", 1, "EL", "AA22C", 1, 100],
             ["RX1", "QX2", "2026/27", 1, "EL", "", 1, 100]]  # fmt: skip
    told = one(workspace, write_csv(tmp_path / "RX1.csv", [HEAD, *rows])).to_json()
    assert (told["status"], told["cost_loaded"]) == ("promoted", cost(rows)), told["messages"]
