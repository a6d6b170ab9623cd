"""Hostile and broken files: no traceback, a reason in one line, rows and pounds that tie."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import fuzz, hostile

SEED, CASES = 20261122, 300


@pytest.mark.slow
def test_hostile_files_end_in_reports_that_tie(tmp_path: Path) -> None:
    outcome = fuzz.run(SEED, 0, CASES, tmp_path)
    assert not outcome.faults
    assert outcome.statuses.total() == CASES
    assert {"promoted", "held", "refused"} <= set(outcome.statuses)


def test_a_hostile_file_can_be_made_again_from_its_number(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        for number in range(40):
            hostile.make(SEED, number, folder)
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_a_report_that_does_not_tie_is_a_fault() -> None:
    told = {
        "rows_read": 3,
        "rows_loaded": 1,
        "rows_quarantined": 0,
        "rows_set_aside": 1,
        "cost_read": 5,
        "cost_loaded": 4,
        "cost_quarantined": 0,
        "lines_loaded": 1,
        "status": "held",
        "messages": [{"severity": "error", "text": "two\nlines"}],
    }
    found = list(fuzz.untied(told))
    assert found == [
        "file: 3 rows read, 2 accounted for",
        "file: pounds do not tie",
        "a reason is not one line",
        "lines of a file that was not promoted",
    ]
