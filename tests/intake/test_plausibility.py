"""A month off the trend and a month that repeats another are held, with their remedy."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from comptroller.intake import decisions, load
from comptroller.workspace import SETTINGS_FILE, Workspace
from tests.command import run
from tests.intake import layout_files as files


def month(number: int, count: int, first: int | None = None) -> list[list[Any]]:
    """Return the lines of a month, of two commissioners, each with its own price."""
    start = 1000 * number if first is None else first
    return [
        files.plcm_row(
            start + n, month=number, commissioner=("QX1", "QX2")[n % 2], cost=f"{start + n}.10"
        )
        for n in range(count)
    ]


def sent(workspace: Workspace, path: Path, rows: list[list[Any]], day: date) -> dict[str, Any]:
    (report,) = load(workspace, [files.national_plcm(path, rows)], received=day)
    return report.to_json()


def held(told: dict[str, Any]) -> list[str]:
    return [m["text"] for m in told["messages"] if m["text"].startswith("held: ")]


def year_so_far(months: int) -> list[list[Any]]:
    """Return months of 300 to 330 lines."""
    return [row for n in range(1, months + 1) for row in month(n, 290 + n % 5 * 10)]


@pytest.mark.parametrize(
    ("count", "is_held"),
    # 100 lines are a third of the least month, 990 thrice the largest; 50 off are borne.
    [(49, True), (50, False), (310, False), (1040, False), (1041, True)],
)
def test_the_newest_month_against_the_months_before(
    workspace: Workspace, tmp_path: Path, count: int, is_held: bool
) -> None:
    assert sent(workspace, tmp_path / "4.csv", year_so_far(4), date(2026, 8, 20))["status"] == (
        "promoted"
    )
    told = sent(
        workspace, tmp_path / "5.csv", [*year_so_far(4), *month(5, count)], date(2026, 9, 20)
    )
    assert (told["status"] == "held") == is_held, told["messages"]
    if is_held:
        (text,) = held(told)
        assert f"{count:,} lines of RX1 PLCM in 2026/27-M05" in text
        assert "4 months before had 300 to 330" in text
        assert "promote it" in text
        # Promoted by decision it counts, and next month it is no news.
        decisions.promote(workspace, told["submission_id"], "a ward has closed")
        rows = [*year_so_far(4), *month(5, count), *month(6, 170)]
        assert sent(workspace, tmp_path / "6.csv", rows, date(2026, 10, 20))["status"] == (
            "promoted"
        )


def test_too_few_months_or_one_not_over_or_no_band_holds_nothing(
    workspace: Workspace, tmp_path: Path
) -> None:
    few = [*year_so_far(3), *month(4, 5)]
    assert held(sent(workspace, tmp_path / "few.csv", few, date(2026, 8, 20))) == []
    early = [*year_so_far(4), *month(5, 5)]
    assert held(sent(workspace, tmp_path / "early.csv", early, date(2026, 8, 25))) == []
    settings = workspace.path / SETTINGS_FILE
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("[intake]", "[intake]\nvolume_band = 0"), encoding="utf-8")
    late = [*year_so_far(4), *month(5, 6)]
    opened = Workspace.open(workspace.path)
    assert held(sent(opened, tmp_path / "late.csv", late, date(2026, 9, 20))) == []


def test_a_part_is_held_against_the_same_part(workspace: Workspace, tmp_path: Path) -> None:
    """One commissioner's file has half the lines of all, and that is no loss of volume."""
    sent(workspace, tmp_path / "4.csv", year_so_far(4), date(2026, 8, 20))
    part = [row for row in month(5, 160) if row[4] == "QX1"]
    assert held(sent(workspace, tmp_path / "QX1.csv", part, date(2026, 9, 20))) == []


def test_a_month_under_another_label(workspace: Workspace, tmp_path: Path) -> None:
    """Told though days and ids are others; twelfths of a block contract are not."""
    home = ("--workspace", workspace.path)
    sent(workspace, tmp_path / "1.csv", month(1, 300), date(2026, 5, 20))
    relabelled = []
    for number, row in enumerate(month(2, 300, first=1000)):
        row[6], row[9] = f"J{number:05d}", f"TP{number:06d}"
        relabelled.append(row)
    told = sent(workspace, tmp_path / "2.csv", relabelled, date(2026, 6, 20))
    assert told["status"] == "held"
    (text,) = held(told)
    assert "2026/27-M02 of RX1 PLCM repeats 2026/27-M01: the same 300 lines and £344,880.00" in text
    assert "ask for the month's own lines" in text

    # One penny less is another month; below the floor nothing is compared.
    other = [list(row) for row in relabelled]
    other[0][-1] = "1000.09"
    assert held(sent(workspace, tmp_path / "2b.csv", other, date(2026, 6, 21))) == []
    small = [*month(3, 100), *month(4, 100, first=3000)]
    assert held(sent(workspace, tmp_path / "34.csv", small, date(2026, 8, 20))) == []
    assert run("verify", *home).code == 0


def test_months_that_are_always_alike_are_the_providers_way(
    workspace: Workspace, tmp_path: Path
) -> None:
    sent(workspace, tmp_path / "1.csv", month(1, 300, first=0), date(2026, 5, 20))
    both = [*month(1, 300, first=0), *month(2, 300, first=0)]
    told = sent(workspace, tmp_path / "2.csv", both, date(2026, 6, 20))
    assert told["status"] == "held"
    decisions.promote(workspace, told["submission_id"], "a block contract: a twelfth each month")
    third = [*both, *month(3, 300, first=0)]
    assert held(sent(workspace, tmp_path / "3.csv", third, date(2026, 7, 20))) == []
    # Sent again with another day, the two alike months are no news either.
    again = [*both, *month(3, 301, first=0)]
    assert held(sent(workspace, tmp_path / "3b.csv", again, date(2026, 7, 21))) == []
