"""A watched folder, as it runs unattended: a real process, files that land while it looks.

Nothing here depends on how fast it is: every step waits for what the watch prints, for minutes if
need be; what can be said of single looks is tested within this process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from comptroller import console
from comptroller.errors import ComptrollerError
from comptroller.intake import FileReport, load
from comptroller.intake.watching import Watch, is_temporary
from comptroller.workspace import Workspace
from tests.command import SOURCE, run
from tests.intake import layout_files as files

PATIENCE = 240


class Watched:
    """A running `load --watch` and what it has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        self.process, self._out, self._err = process, out, err

    @property
    def reports(self) -> list[dict[str, Any]]:
        text = self._out.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    @property
    def err(self) -> str:
        return self._err.read_text(encoding="utf-8")

    def until(self, condition: Callable[[], object]) -> None:
        limit = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, self.err
            assert time.monotonic() < limit, (self.reports, self.err)
            time.sleep(0.05)

    def until_reports(self, count: int) -> list[dict[str, Any]]:
        self.until(lambda: len(self.reports) >= count)
        return self.reports

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def watching(workspace: Workspace, tmp_path: Path, *folders: Path) -> Iterator[Watched]:
    out, err = tmp_path / "out.jsonl", tmp_path / "err.txt"
    command = [sys.executable, "-m", "comptroller", "load", "--watch", *map(str, folders)]
    command += ["--every", "0.3", "--format", "json", "--workspace", str(workspace.path)]
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(SOURCE), "COMPTROLLER_NOW": "2026-07-20T09:00:00"},
            stdout=stdout,
            stderr=stderr,
        )
        watched = Watched(process, out, err)
        try:
            watched.until(lambda: "Watching" in watched.err)
            yield watched
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def rows(first: int, count: int = 6) -> list[list[Any]]:
    return [files.plcm_row(n) for n in range(first, first + count)]


def test_a_month_lands_file_by_file(workspace: Workspace, tmp_path: Path) -> None:
    """Taken once when complete, told once, taken again when its bytes change; ends cleanly."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with watching(workspace, tmp_path, inbox) as watched:
        path = files.national_plcm(inbox / "RX1" / "PLCM M01.csv", rows(0))
        (told,) = watched.until_reports(1)
        assert (told["file"], told["status"]) == ("RX1/PLCM M01.csv", "promoted")
        assert path.exists()

        # The same bytes with a new time are no news; a name of a file half-done is none.
        os.utime(path, (1, 1))
        (inbox / "late.csv.part").write_bytes(b"half")
        (inbox / "~$open.xlsx").write_bytes(b"lock")
        (inbox / "notes.csv").write_text("only some words\nand no table\n")
        reports = watched.until_reports(2)
        assert (reports[1]["file"], reports[1]["status"]) == ("notes.csv", "refused")
        assert reports[1]["messages"]

        # What was refused is taken up again when its bytes are others.
        strange: list[list[object]] = [["Prov", "Comm", "Yr", "Mth", "Kind", "Grp", "N", "X2"]]
        strange += [["RX9", "QX1", "2026/27", 1, "EL", "AA22C", 1, 100 + n] for n in range(20)]
        files.write_csv(inbox / "notes.csv", strange)
        (inbox / "late.csv.part").unlink()
        reports = watched.until_reports(3)
        assert (reports[2]["file"], reports[2]["status"]) == ("notes.csv", "held")

        # Bytes under another name are told as a duplicate, once.
        (inbox / "copy.csv").write_bytes(path.read_bytes())
        reports = watched.until_reports(4)
        assert (reports[3]["file"], reports[3]["status"]) == ("copy.csv", "duplicate")
        assert watched.end() == 3  # the held file waits for a person
        assert len(watched.reports) == 4
        assert "Ended. 3 files taken: 1 duplicate, 1 held, 1 promoted" in watched.err
    assert len(workspace.warehouse.commits("load")) == 3
    assert run("verify", "--workspace", workspace.path).code == 0

    # Begun anew, it says in one line that it knows the files; the held one still needs a person.
    with watching(workspace, tmp_path, inbox) as watched:
        (again,) = watched.until_reports(1)
        assert (again["file"], again["status"]) == ("notes.csv", "held")
        assert "2 files had been received before" in watched.err
        assert watched.end(signal.SIGINT) == 3
    assert len(workspace.warehouse.commits("load")) == 3


def test_it_waits_for_another_writer_and_for_its_folder(
    workspace: Workspace, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with watching(workspace, tmp_path, inbox) as watched:
        with FileLock(workspace.path / "warehouse" / ".lock"):
            files.national_plcm(inbox / "a.csv", rows(0))
            watched.until(lambda: "Another command is writing" in watched.err)
            assert watched.reports == []
        assert watched.until_reports(1)[0]["status"] == "promoted"

        inbox.rename(tmp_path / "away")
        watched.until(lambda: "waiting until it is back" in watched.err)
        files.national_plcm(tmp_path / "away" / "b.csv", rows(20))
        (tmp_path / "away").rename(inbox)
        reports = watched.until_reports(2)
        assert [r["file"] for r in reports] == ["a.csv", "b.csv"]
        assert "is back" in watched.err
        assert watched.err.count("waiting until it is back") == 1
        assert watched.err.count("Another command is writing") == 1
        assert watched.end(signal.SIGINT) == 0


class Inside:
    """A watch within this process, round by round, so that nothing depends on time."""

    def __init__(self, workspace: Workspace, *folders: Path) -> None:
        self.told: list[FileReport] = []
        self.said: list[str] = []
        self.watch = Watch(
            workspace,
            folders,
            every=30,
            sender="",
            tell=self.told.extend,
            say=self.said.append,
            progress=lambda: console.progress("Loading"),
        )

    def rounds(self, count: int) -> list[tuple[str, str]]:
        """Look so many times; return file and status of what was told."""
        self.told.clear()
        for _ in range(count):
            self.watch.round()
        return [(report.file, report.status) for report in self.told]


def test_a_growing_file_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    whole = files.national_plcm(tmp_path / "whole.csv", rows(0, 40)).read_bytes()
    files.national_plcm(inbox / "b complete.csv", rows(100))
    inside = Inside(workspace, inbox)
    growing = inbox / "a growing.csv"
    growing.write_bytes(whole[:500])
    assert inside.rounds(1) == []
    growing.write_bytes(whole[:900])
    assert inside.rounds(1) == [("b complete.csv", "promoted")]
    growing.write_bytes(whole)
    os.utime(growing, (10, 10))
    assert inside.rounds(1) == []
    os.utime(growing, (20, 20))  # The same size, but somebody wrote to it.
    assert inside.rounds(1) == []
    assert inside.rounds(5) == [("a growing.csv", "promoted")]


def test_one_file_that_fails_does_not_stop_the_others(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told once; what may pass is tried again, what lies in the file waits for other bytes."""
    inbox = tmp_path / "inbox"
    for number, name in enumerate(("a.csv", "b.csv", "c.csv")):
        files.national_plcm(inbox / name, [files.plcm_row(9, month=1 + number)])
    asked: list[str] = []
    faults: dict[str, Exception] = {
        "a.csv": ComptrollerError("the file cannot be read", remedy="Check that you may"),
        "b.csv": ZeroDivisionError("by\nnothing"),
    }

    def faulty(ws: Workspace, paths: Sequence[Path], **options: Any) -> list[FileReport]:
        for path in paths:
            if path.name in faults:
                asked.append(path.name)
                raise faults[path.name]
        return load(ws, paths, **options)

    monkeypatch.setattr("comptroller.intake.watching.load", faulty)
    inside = Inside(workspace, inbox)
    told = inside.rounds(2)
    assert told == [("a.csv", "refused"), ("b.csv", "refused"), ("c.csv", "promoted")]
    texts = [report.messages[0].text for report in inside.told[:2]]
    assert texts == [
        "the file cannot be read. Check that you may",
        "it could not be loaded (ZeroDivisionError: by nothing)",
    ]
    asked.clear()
    assert inside.rounds(2) == []
    assert asked == ["a.csv", "a.csv"]
    faults.clear()
    assert inside.rounds(2) == [("a.csv", "promoted")]
    files.national_plcm(inbox / "b.csv", [files.plcm_row(10, month=2)])
    assert inside.rounds(2) == [("b.csv", "promoted")]


def test_the_second_signal_ends_it_at_once(workspace: Workspace, tmp_path: Path) -> None:
    inside = Inside(workspace, tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    with inside.watch._signals():
        signal.raise_signal(signal.SIGTERM)
        assert inside.watch._ending
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_workspace_itself_is_not_watched(workspace: Workspace) -> None:
    files.national_plcm(workspace.path.parent / "a.csv", rows(0))
    inside = Inside(workspace, workspace.path.parent)
    assert inside.rounds(4) == [("a.csv", "promoted")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--every", "5"], "goes with --watch"),
        (["--watch", "--dry-run"], "--dry-run does not go with --watch"),
        (["--watch", "--received", "2026-07-20"], "--received does not go with --watch"),
        (["--watch", "--format", "csv"], "--format csv does not go with --watch"),
        (["--watch", "--every", "0"], "too few"),
        (["--watch", "nothing"], "no such folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    workspace: Workspace, tmp_path: Path, arguments: list[str], said: str
) -> None:
    ran = run("load", tmp_path, *arguments, "--workspace", workspace.path)
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "temporary"),
    [
        ("a.csv", False),
        ("a.csv.part", True),
        ("A.XLSX.CRDOWNLOAD", True),
        ("~WRL0001.doc", True),
        ("slam.xlsx.filepart", True),
        ("tmp.csv", False),
    ],
)
def test_names_of_files_half_done(name: str, temporary: bool) -> None:
    assert is_temporary(name) == temporary
