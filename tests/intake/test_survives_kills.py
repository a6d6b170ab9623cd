"""Killed at any failpoint, a load leaves the state before or after; run again, it completes."""

from __future__ import annotations

import shutil
import signal
from datetime import date
from pathlib import Path

import pytest

from comptroller.intake import create_slice_views, load
from comptroller.workspace import Workspace
from tests.command import run
from tests.intake import layout_files as files


def state(workspace: Workspace) -> list[object]:
    """Return everything that a reader sees of the loads, without times."""
    con = workspace.connect()
    create_slice_views(con, workspace.warehouse)
    workspace.warehouse.view(con, "submissions", "quarantine")
    return [
        con.execute(sql).fetchall()
        for sql in (
            "SELECT * EXCLUDE (commit_id, line_id) FROM current_lines ORDER BY ALL",
            "SELECT submission_id, status, file FROM submissions ORDER BY ALL",
            "SELECT * EXCLUDE (commit_id) FROM quarantine ORDER BY ALL",
            "SELECT * FROM slice_state ORDER BY ALL",
        )
    ]


def copy_of(workspace: Workspace, target: Path) -> Workspace:
    """Return a copy of a workspace: it has the same key, so the same people have the same names."""
    shutil.copytree(workspace.path, target)
    return Workspace.open(target)


def inbox(folder: Path) -> Path:
    rows = [files.plcm_row(n, month=1 + n % 2) for n in range(12)]
    rows[3][-1] = "see note"
    files.national_plcm(folder / "RX1 PLCM.csv", rows)
    files.piped_aggregate(folder / "RX2 ACM.txt")
    return folder


@pytest.mark.slow
def test_every_failpoint(tmp_path: Path) -> None:
    received = inbox(tmp_path / "inbox")
    arguments = ("--received", "2026-07-20", "--format", "json")
    empty = Workspace.create(tmp_path / "empty")
    whole = copy_of(empty, tmp_path / "whole")
    log = tmp_path / "failpoints"
    ran = run(
        "load", received, "--workspace", whole.path, *arguments, COMPTROLLER_FAILPOINT_LOG=str(log)
    )
    assert ran.code == 3, ran.err
    expected = state(whole)
    points = list(dict.fromkeys(log.read_text().split()))
    wanted = {
        "load.after_landing",
        "load.after_lines",
        "load.after_quarantine",
        "load.before_submissions",
        "load.before_commit",
    }
    assert wanted <= set(points)
    for number, point in enumerate(points):
        workspace = copy_of(empty, tmp_path / f"killed{number}")
        home = ("--workspace", workspace.path)
        killed = run("load", received, *home, *arguments, COMPTROLLER_FAILPOINT=point)
        assert killed.code == -signal.SIGKILL, point
        seen = state(workspace)
        assert seen in ([[], [], [], []], expected), point
        load(workspace, [received], received=date(2026, 7, 20))
        assert state(workspace) == expected, point
        third = load(workspace, [received], received=date(2026, 7, 20))
        assert {report.status for report in third} == {"duplicate"}
        assert state(workspace) == expected, point


def test_a_load_killed_after_its_commit_is_audited_by_the_next(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "workspace")
    first = files.national_plcm(tmp_path / "RX1 PLCM.csv", [files.plcm_row(n) for n in range(9)])
    killed = run(
        "load", first, "--workspace", workspace.path, COMPTROLLER_FAILPOINT="load.after_commit"
    )
    assert killed.code == -signal.SIGKILL
    (again,) = load(workspace, [first])
    assert again.status == "duplicate"
    workspace.use_database()
    from comptroller.access.models import AuditEntry

    (entry,) = AuditEntry.objects.filter(action="submission.load")
    assert list(entry.detail["submissions"].values()) == ["promoted"]
    load(workspace, [first])
    assert AuditEntry.objects.filter(action="submission.load").count() == 1
