"""An empty file is refused by itself; what came with it is loaded."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from comptroller.intake import load
from comptroller.workspace import Workspace


@pytest.mark.parametrize("name", ["a_first.csv", "z_last.csv"])
def test_an_empty_file_is_refused_alone(workspace: Workspace, tmp_path: Path, name: str) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / name).write_bytes(b"")
    (inbox / "m_notes.csv").write_text("just a note\n")
    reports = load(workspace, [inbox], received=date(2026, 6, 20))
    told = {report.file: report.to_json() for report in reports}
    assert len(told) == 2
    assert told[name]["status"] == "refused"
    assert told[name]["messages"]
