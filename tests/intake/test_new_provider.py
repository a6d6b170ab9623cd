"""The walk of docs/how-to/load-a-new-provider.md, with what the screen shows."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from comptroller.workspace import Workspace
from tests.command import run as comptroller
from tests.intake.layout_files import write_csv

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "load-a-new-provider.md"
HEADINGS = (
    *("Trust", "Board", "Period", "Hospital No", "Admitted", "Left", "Speciality"),
    *("Kind", "HRG", "No", "Charge"),
)


def anytown(folder: Path, month: int, headings: tuple[str, ...] = HEADINGS) -> Path:
    """Write what Anytown sends for the months so far: 60 rows each, £250 a row."""
    rows = [
        [
            *("RXQ", "QU9", of, f"A{of}{n:04d}"),
            *(f"{n % 20 + 1:02d}/{of + 3:02d}/2026", f"{n % 20 + 4:02d}/{of + 3:02d}/2026"),
            *(("100", "110", "300")[n % 3], ("EL", "NEL", "DC")[n % 3]),
            *(("AA22C", "EB07I")[n % 2], 1, f"{240 + n % 21}.00"),
        ]
        for of in range(1, month + 1)
        for n in range(60)
    ]
    title = ["Anytown Hospitals NHS Foundation Trust: contract monitoring"]
    return write_csv(folder / f"Anytown M{month:02d} 2026-27.csv", [title, [], [*headings], *rows])


def told_in_the_page(text: str) -> bool:
    """Tell whether the page shows a line of the screen; ids of submissions may differ."""
    plain = re.sub(r"s[0-9a-f]{16}", "s…", text)
    return plain in re.sub(r"s[0-9a-f]{16}", "s…", PAGE.read_text(encoding="utf-8"))


@pytest.fixture
def confirmed(workspace: Workspace, tmp_path: Path) -> str:
    """Load the first month, which is held, confirm its columns; return what was said of it."""
    first = comptroller(
        *("load", anytown(tmp_path, 1), "--received", "2026-05-19"), "-w", workspace.path
    )
    assert first.code == 3
    submission = re.search(r"layouts confirm (s[0-9a-f]{16})", first.err)
    assert submission
    settled = comptroller(
        *("layouts", "confirm", submission[1], "--set", "Board=commissioner_code"),
        *("--set", "Left=activity_end_date", "--set", "No=activity_count"),
        *("--reason", "Board is the ICB; agreed with their income team", "-w", workspace.path),
    )
    assert settled.code == 0
    assert "Layout 1 (RXQ PLCM v1) is confirmed" in settled.err
    return first.err


def test_the_page_shows_what_the_screen_shows(confirmed: str) -> None:
    held = next(line for line in confirmed.splitlines() if "held: " in line)
    assert told_in_the_page(held)
    assert told_in_the_page("Layout 1 (RXQ PLCM v1) is confirmed")


def test_the_screen_says_how_to_settle_what_holds_the_file(confirmed: str) -> None:
    last = confirmed.splitlines()[-1]
    for option in ("--set 'HEADER=commissioner_code' or --constant commissioner_code=CODE",):
        assert option in last
    assert "submissions promote" not in last


def test_a_name_that_is_not_there_is_answered_with_near_ones(
    workspace: Workspace, tmp_path: Path
) -> None:
    first = comptroller("load", anytown(tmp_path, 1), "-w", workspace.path)
    submission = re.search(r"layouts confirm (s[0-9a-f]{16})", first.err)
    assert submission
    for given, said in (
        ("Bord=commissioner_code", "Did you mean 'Board'"),
        ("Xyzzy=commissioner_code", f"List them: comptroller submissions show {submission[1]}"),
        ("Board=commisioner", "'commissioner_code'"),
        ("Board=xyz", "List them: comptroller layouts elements PLCM"),
    ):
        told = comptroller(
            "layouts", "confirm", submission[1], "--set", given, "-w", workspace.path
        )
        assert told.code != 0
        assert said in told.err
    listed = comptroller("layouts", "elements", "PLCM", "--format", "csv").out.splitlines()
    assert any(line.startswith("commissioner_code,") for line in listed)


@pytest.mark.usefixtures("confirmed")
def test_a_confirmed_layout_is_known_again_next_month(workspace: Workspace, tmp_path: Path) -> None:
    told = comptroller(
        *("load", anytown(tmp_path, 2), "--received", "2026-06-19", "--format", "json"),
        *("-w", workspace.path),
    )
    assert told.code == 0
    (report,) = json.loads(told.out, parse_float=Decimal)
    assert report["status"] == "promoted"
    assert report["lines_loaded"] == 120
    assert {column["basis"] for column in report["mapping"]} == {"saved layout"}
    assert Decimal(str(report["cost_loaded"])) == sum(240 + n % 21 for n in range(60)) * 2


@pytest.mark.usefixtures("confirmed")
def test_a_changed_layout_keeps_what_was_confirmed_and_is_told(
    workspace: Workspace, tmp_path: Path
) -> None:
    changed = tuple({"HRG": "HRG v4"}.get(name, name) for name in HEADINGS)
    told = comptroller(
        *("load", anytown(tmp_path, 2, changed), "--received", "2026-06-19", "--format", "json"),
        *("-w", workspace.path),
    )
    (report,) = json.loads(told.out, parse_float=Decimal)
    assert report["status"] == "promoted"
    found = {column["header"]: column["element"] for column in report["mapping"]}
    assert found["Board"] == "commissioner_code"
    assert found["No"] == "activity_count"
    assert found["HRG v4"] == "tariff_code"
    warnings = [m["text"] for m in report["messages"] if m["severity"] == "warning"]
    assert any("columns renamed: HRG is now HRG v4" in text for text in warnings)


@pytest.mark.usefixtures("confirmed")
def test_a_layout_that_lost_a_confirmed_column_waits_for_a_person(
    workspace: Workspace, tmp_path: Path
) -> None:
    changed = tuple({"Left": "Out on"}.get(name, name) for name in HEADINGS)
    told = comptroller(
        *("load", anytown(tmp_path, 2, changed), "--received", "2026-06-19", "-w", workspace.path)
    )
    assert told.code == 3
    held = next(line for line in told.err.splitlines() if "held: " in line)
    assert "no column could be told to be activity_end_date ('Left' before)" in held
    assert told_in_the_page(held)


@pytest.mark.usefixtures("confirmed")
def test_another_provider_s_table_does_not_take_the_layout(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = anytown(tmp_path, 1, tuple({"HRG": "HRG v4"}.get(n, n) for n in HEADINGS))
    other = tmp_path / "Otherton M01 2026-27.csv"
    other.write_text(path.read_text().replace("RXQ", "RXZ").replace("Anytown", "Otherton"))
    told = comptroller(
        *("load", other, "--received", "2026-06-19", "--format", "json", "-w", workspace.path)
    )
    (report,) = json.loads(told.out, parse_float=Decimal)
    assert report["status"] == "held"
    assert {c["header"]: c["element"] for c in report["mapping"]}["Board"] is None
