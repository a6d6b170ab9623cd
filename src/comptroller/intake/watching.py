"""Watch folders and load what arrives, round by round, until a signal ends it.

Each round looks at every file by plain listing, which works on network shares too. A file is taken
once it has the same size and time at two looks; what was taken is taken again only when its bytes
change. The files stay where they are. A round loads what is new with one call of `load`, so that
what `load` promises of kills and of bytes received before holds here as well.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import duckdb
from deltalake.exceptions import DeltaError
from django.db.utils import DatabaseError

from comptroller.access.landing import file_sha256
from comptroller.errors import BusyError, ComptrollerError, UsageError
from comptroller.intake.loading import Progress, files_in, load
from comptroller.intake.report import DUPLICATE, REFUSED, FileReport, Message, counted
from comptroller.workspace import Workspace

LEAST_SECONDS = 0.1
_SLICE = 0.1
_TEMPORARY_ENDINGS = (
    *(".part", ".partial", ".filepart", ".crdownload", ".download", ".opdownload"),
    *(".tmp", ".temp", ".swp", "~"),
)
# What may be better in the next round though the file stays as it is: a share that was away, a
# full disk, a file that another program keeps to itself.
_PASSING = (ComptrollerError, OSError, duckdb.OperationalError, DeltaError, DatabaseError)

Stamp = tuple[int, int]
"""Size and time of last change: while a file grows, one of them differs from look to look."""


def is_temporary(name: str) -> bool:
    """Tell whether a name is one that programs give a file that they have not finished."""
    return name.lower().endswith(_TEMPORARY_ENDINGS) or name.startswith("~")


@dataclass
class _Known:
    """What a watch remembers of a path.

    Attributes:
        name: Under which it is reported.
        looked: Its stamp at the last look, None where it was not there.
        taken: Its stamp when it was loaded or given up.
        digest: SHA-256 of the bytes then, where they were read.
        told: The last problem that was told of it.
    """

    name: str
    looked: Stamp | None = None
    taken: Stamp | None = None
    digest: str = ""
    told: str = ""


@dataclass
class Watch:
    """Folders under watch; `run` ends when a signal comes.

    Attributes:
        ws: The workspace.
        folders: The folders.
        every: Seconds from one look to the next.
        sender: Who sends the files.
        tell: Gets the reports of a round.
        say: Gets messages for people.
        progress: Makes the progress bar of a round.

    Raises:
        UsageError: A path is no folder, or the seconds are too few.
    """

    ws: Workspace
    folders: Sequence[Path]
    every: float
    sender: str
    tell: Callable[[Sequence[FileReport]], None]
    say: Callable[[str], None]
    progress: Callable[[], AbstractContextManager[Progress]]
    _known: dict[Path, _Known] = field(default_factory=dict, init=False)
    _standing: dict[Path, FileReport] = field(default_factory=dict, init=False)
    _gone: set[Path] = field(default_factory=set, init=False)
    _busy: bool = field(default=False, init=False)
    _begun: bool = field(default=False, init=False)
    _ending: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        for folder in self.folders:
            if not folder.is_dir():
                raise UsageError(
                    "there is no such folder" if not folder.exists() else "this is no folder",
                    where=str(folder),
                    remedy="--watch takes the folders in which files land",
                )
        if not self.every >= LEAST_SECONDS:
            raise UsageError(
                f"{self.every:g} seconds are too few",
                where="--every",
                remedy=f"Give {LEAST_SECONDS:g} or more",
            )

    def run(self) -> bool:
        """Watch until a signal comes; return whether a file that was taken needs a person."""
        # A missing key or a wrong setting is told now, not of every file that will come.
        _ = self.ws.key
        with self._signals():
            listed = ", ".join(str(folder) for folder in self.folders)
            self.say(
                f"Watching {listed} every {self.every:g} seconds; a file is taken when it has "
                "stopped growing. Ctrl-C ends it"
            )
            try:
                while not self._ending:
                    self.round()
                    self._pause()
            except KeyboardInterrupt:
                self.say("Ended at once; what was committed stands, nothing is half-done")
                raise
        self.say(self._summary())
        return any(
            report.needs_a_person or report.status == REFUSED for report in self._standing.values()
        )

    def round(self) -> None:
        """Look once, and load what has stopped growing since the look before."""
        new = [path for path, stamp in self._settled() if self._is_new(path, stamp)]
        if not new:
            self._busy = False
            return
        if not self._busy:
            names = [self._known[path].name for path in new]
            listed = ", ".join(names[:5]) + (f" and {len(new) - 5} more" if len(new) > 5 else "")
            self.say(f"{time.strftime('%H:%M:%S')} {counted(len(new), 'file')} arrived: {listed}")
        self._load(new)

    # -- looking -------------------------------------------------------------------------------

    def _settled(self) -> list[tuple[Path, Stamp]]:
        """Return the files that are as they were at the look before, in order."""
        seen: dict[Path, tuple[str, Stamp]] = {}
        for folder in self.folders:
            seen |= self._look(folder)
        settled = []
        for path, (name, stamp) in seen.items():
            known = self._known.setdefault(path, _Known(name))
            if known.looked == stamp:
                settled.append((path, stamp))
            known.looked = stamp
        for path, known in self._known.items():
            if path not in seen:
                known.looked = None
        return settled

    def _look(self, folder: Path) -> dict[Path, tuple[str, Stamp]]:
        found = {}
        try:
            if not folder.is_dir():
                raise FileNotFoundError(folder)
            for path in files_in(folder, leave_out=self.ws.path):
                if is_temporary(path.name):
                    continue
                try:
                    state = path.stat()
                except FileNotFoundError:
                    continue  # Moved away between the listing and the look.
                stamp = (state.st_size, state.st_mtime_ns)
                found[path] = (path.relative_to(folder).as_posix(), stamp)
        except OSError:
            if folder not in self._gone:
                self._gone.add(folder)
                self.say(f"{folder} is not there or cannot be read; waiting until it is back")
            return {}
        if folder in self._gone:
            self._gone.remove(folder)
            self.say(f"{folder} is back")
        return found

    def _is_new(self, path: Path, stamp: Stamp) -> bool:
        known = self._known[path]
        if known.taken == stamp:
            return False
        try:
            same = bool(known.digest) and file_sha256(path) == known.digest
            with path.open("rb") as stream:
                stream.read(1)
        except OSError as problem:
            self._fail(
                path, f"the file cannot be read ({problem.strerror or problem}); tried again later"
            )
            return False
        if same:
            # Touched, or copied over with the same bytes: nothing to be told again.
            known.taken = stamp
        return not same

    # -- loading -------------------------------------------------------------------------------

    def _load(self, paths: Sequence[Path]) -> None:
        stamps = {path: self._known[path].looked for path in paths}
        try:
            with self.progress() as bar:
                reports = load(
                    self.ws,
                    paths,
                    progress=bar,
                    sender=self.sender,
                    names={str(path): self._known[path].name for path in paths},
                    wait=0,
                )
        except BusyError:
            if not self._busy:
                self.say(
                    f"Another command is writing to the workspace; {counted(len(paths), 'file')} "
                    "will be loaded when it has finished"
                )
            self._busy = True
            return
        except Exception as problem:  # One file must not end a watch that nobody attends to.
            if len(paths) > 1:
                for path in paths:
                    self._load([path])
            else:
                self._give_up(paths[0], stamps[paths[0]], problem)
            return
        self._busy = False
        for path, report in zip(paths, reports, strict=True):
            known = self._known[path]
            known.taken, known.digest, known.told = stamps[path], report.sha256, ""
            self._standing[path] = report
        before = [r for r in reports if r.status == DUPLICATE] if not self._begun else []
        self._begun = True
        if before:
            files = counted(len(before), "file")
            self.say(f"{files} had been received before; nothing is loaded twice")
        news = [report for report in reports if report not in before]
        if news:
            self.tell(news)

    def _give_up(self, path: Path, stamp: Stamp | None, problem: Exception) -> None:
        """Tell once why a file could not be loaded; what may pass is tried again."""
        if not path.exists():
            return
        if isinstance(problem, ComptrollerError):
            what = f"{problem.what}. {problem.remedy}" if problem.remedy else problem.what
        else:
            what = f"it could not be loaded ({type(problem).__name__}: {problem})"
        if not isinstance(problem, _PASSING):
            self._known[path].taken = stamp
        self._fail(path, " ".join(what.split()))

    def _fail(self, path: Path, text: str) -> None:
        known = self._known[path]
        if known.told == text:
            return
        known.told = text
        report = FileReport(known.name, status=REFUSED, messages=[Message("error", text)])
        self._standing[path] = report
        self.tell([report])

    # -- ending --------------------------------------------------------------------------------

    def _pause(self) -> None:
        until = time.monotonic() + self.every
        while not self._ending and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE))

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Let the first signal end the watch after the round in hand, the second one at once."""

        def end(number: int, frame: FrameType | None) -> None:
            if self._ending:
                raise KeyboardInterrupt
            self._ending = True
            # Not by `say`: the signal may have come in the middle of a line on the same stream.
            os.write(2, b"Ending when the files in hand are loaded; once more ends it at once\n")

        before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _summary(self) -> str:
        counts: dict[str, int] = {}
        for report in self._standing.values():
            counts[report.status] = counts.get(report.status, 0) + 1
        told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        text = f"Ended. {counted(len(self._standing), 'file')} taken" + (
            f": {told}" if told else ""
        )
        waiting = [
            known.name
            for path, known in self._known.items()
            if known.looked is not None and path not in self._standing
        ]
        if waiting:
            text += f". Not taken yet: {', '.join(sorted(waiting)[:10])}"
        return text
