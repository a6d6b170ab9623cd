"""Every check of the catalogue either runs or says what it waits for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from comptroller.checks.book import load_book, product_files
from comptroller.checks.waiting import not_running, read_waiting, waiting_checks
from comptroller.errors import ComptrollerError
from tests.command import run

HEAD = "id,title,needs\n"


def test_no_check_of_the_catalogue_is_silently_absent(shared: Path) -> None:
    path = shared / "knowledge" / "check-catalogue.md"
    if not path.exists():
        pytest.skip("the catalogue is not beside the project")
    text = path.read_text("utf-8")
    catalogue = set(re.findall(r"^\| ([A-Z]{3}-[0-9]{3}) \|", text, re.MULTILINE))
    running = set(load_book(product_files()).checks)
    waiting = {entry.id for entry in not_running(running)}
    assert len(catalogue) == 553
    assert catalogue == running | waiting
    assert not running & waiting


def test_a_check_that_runs_does_not_wait() -> None:
    one = next(iter(waiting_checks()))
    with pytest.raises(ComptrollerError, match=one):
        not_running([one])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("ANO-001,Title,feed\nANO-001,Title,feed\n", "twice"),
        ("ANO-1,Title,feed\n", "not a check's id"),
        ("XYZ-001,Title,feed\n", "not a check's id"),
        ("ANO-001,,feed\n", "lacks"),
        ("ANO-001,Title,\n", "lacks"),
    ],
)
def test_a_poor_entry_is_refused_with_its_line(rows: str, told: str) -> None:
    with pytest.raises(ComptrollerError, match=told) as caught:
        read_waiting(HEAD + rows)
    assert "line" in str(caught.value)


def test_the_command_lists_and_shows_what_waits() -> None:
    waiting = next(iter(waiting_checks().values()))
    listed = run("rulebook", "list", "--status", "needs", "--format", "csv")
    assert listed.code == 0, listed.err
    assert len(listed.out.splitlines()) == len(waiting_checks()) + 1
    both = run("rulebook", "list", "--status", "all", "--checks", "DUP-00*", "--format", "json")
    assert {row["status"] for row in json.loads(both.out)} == {"running", "needs"}
    shown = run("rulebook", "show", waiting.id)
    assert shown.code == 0
    assert waiting.needs in shown.out
    assert run("rulebook", "list", "--status", "needs", "--checks", "QQQ-*").code == 2
