"""A whole month's work on the demonstration: load, reconcile, check, challenge, report, score."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from queue import Queue
from typing import Any

from comptroller.demo.economy import CUMULATIVE_UP_TO, Economy, build_economy
from comptroller.demo.scoring import Score, score
from comptroller.errors import ComptrollerError
from comptroller.intake import FileReport
from comptroller.workspace import SETTINGS_FILE, Workspace

MARK = "economy/README.txt"
_README = """\
A fictional health economy, made by `comptroller demo` (preset {preset}, financial year {year},
seed {seed}, about {lines:,} current lines). Nobody in it exists: names and codes of organisations
are invented, NHS numbers are in the range 999 that is kept for tests, and prices are demonstration
prices. The faults in it were planted; answer_key.csv says which and where.

deliveries/DATE/  what the providers and SUS sent, by day of receipt
reference/        organisations, practices, prices, contracts, plans, payments, calendar
answer_key.csv    the planted faults, read by `comptroller demo score` only
"""

Tell = Callable[[str], None]


@dataclass
class MonthRun:
    """What came of the month: counts, pounds, seconds by stage, and the score."""

    economy: Economy = field(init=False)
    seconds: dict[str, float] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    lines_loaded: int = 0
    cost_loaded: Decimal = Decimal(0)
    ties: dict[str, dict[str, int]] = field(default_factory=dict)
    checks: int = 0
    lines_checked: int = 0
    workbooks: int = 0
    reports: list[Path] = field(default_factory=list)
    score: Score | None = None


def prepare_folder(directory: Path) -> bool:
    """Make room for a demonstration; return whether an older one of ours was removed.

    Raises:
        ComptrollerError: The folder holds something that is no demonstration of ours.
    """
    if not directory.exists() or not any(directory.iterdir()):
        return False
    if not (directory / SETTINGS_FILE).is_file() or not (directory / MARK).is_file():
        unfinished = {p.name for p in directory.iterdir()} == {"economy"}
        if not (unfinished and (directory / MARK).is_file()):
            raise ComptrollerError(
                "this folder is not empty and holds no demonstration",
                where=str(directory),
                remedy="Name another folder: comptroller demo DIR",
            )
    _remove_key(directory)
    shutil.rmtree(directory)
    return True


def _remove_key(directory: Path) -> None:
    """Remove the key of the demonstration workspace that is about to go."""
    try:
        key = Workspace.open(directory, any_release=True).key_path
    except ComptrollerError:
        return
    # Only a key that this workspace alone names; a file chosen by a person stays.
    if key.stem == Workspace.open(directory, any_release=True).settings.id:
        key.unlink(missing_ok=True)


def run_month(
    directory: Path,
    preset: str,
    lines: int,
    seed: int,
    tell: Tell,
    check: Callable[[Workspace], tuple[int, int]],
) -> MonthRun:
    """Build a demonstration workspace and do a whole month's job in it.

    Args:
        directory: The workspace to make; must be missing or empty.
        preset: Which economy.
        lines: About how many current lines.
        seed: Any whole number.
        tell: Told what is being done.
        check: Runs the rulebook; returns how many checks ran over how many lines. It is handed in
            because the demonstration itself knows nothing of the checks.
    """
    home, run = directory / "economy", MonthRun()
    home.mkdir(parents=True, exist_ok=True)
    readme = home / "README.txt"
    readme.write_text("An economy is being built here.\n", encoding="utf-8")
    with _Economy(home, preset, lines, seed, tell) as building:
        with _stage(run.seconds, "build"):
            building.wait_for_the_first()
        ws = Workspace.create(directory, name="Demonstration")
        _load(ws, run, home, building.deliveries(), tell)
        run.economy = building.done()
    year, made = run.economy.financial_year, run.economy.lines
    readme.write_text(
        _README.format(preset=preset, year=year, seed=seed, lines=made), encoding="utf-8"
    )
    with _stage(run.seconds, "reconcile"):
        tell("Reconciling")
        run.ties = _reconcile(ws)
    with _stage(run.seconds, "check"):
        tell("Checking")
        run.checks, run.lines_checked = check(ws)
    _report(ws, run, tell)
    with _stage(run.seconds, "score"):
        tell("Comparing with the answer key")
        run.score = score(ws, home)
    return run


class _Economy:
    """An economy that is being built, while what came first is loaded already.

    A very large one is built to its end before: both together would take more memory.
    """

    def __init__(self, home: Path, preset: str, lines: int, seed: int, tell: Tell) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._arrived: Queue[Path | None] = Queue()
        self._first: Path | None = None
        self._lines, self._tell = lines, tell
        self._aloud = True
        self._built = self._pool.submit(self._build, home, preset, lines, seed)

    def __enter__(self) -> _Economy:
        return self

    def __exit__(self, *problem: object) -> None:
        self._pool.shutdown()

    def _build(self, home: Path, preset: str, lines: int, seed: int) -> Economy:
        try:
            return build_economy(
                home, preset, lines, seed, progress=self._say, arrived=self._arrived.put
            )
        finally:
            self._arrived.put(None)

    def _say(self, what: str, *_: int) -> None:
        if self._aloud:
            self._tell(f"Building: {what}")

    def wait_for_the_first(self) -> None:
        """Wait for the first delivery, or for all of a very large economy.

        Raises:
            ComptrollerError: It could not be built.
        """
        if self._lines > CUMULATIVE_UP_TO:
            self._built.result()
        self._first = self._arrived.get()
        if self._first is None:
            # Nothing came: what stopped the building is to be told, not that files are missing.
            self._built.result()
        self._aloud = False

    def deliveries(self) -> Iterator[Path]:
        """Yield the folders of deliveries as they are complete."""
        folder = self._first
        while folder is not None:
            yield folder
            folder = self._arrived.get()

    def done(self) -> Economy:
        """Return what was built.

        Raises:
            ComptrollerError: It could not be built.
        """
        return self._built.result()


@contextmanager
def _stage(seconds: dict[str, float], name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - begun


def _load(ws: Workspace, run: MonthRun, home: Path, deliveries: Iterator[Path], tell: Tell) -> None:
    from comptroller import intake, reference

    with _stage(run.seconds, "reference"):
        tell("Loading reference data")
        for report in reference.load(ws, [home / "reference"]):
            if report.status == "refused":
                raise ComptrollerError(
                    f"reference data was refused: {report.faults[:1]}", where=report.file
                )
    with _stage(run.seconds, "load"):
        for folder in deliveries:
            tell(f"Loading what came on {folder.name}")
            for file in intake.load(ws, [folder], received=date.fromisoformat(folder.name)):
                told: dict[str, Any] = _let_in(ws, file).to_json()
                run.files[told["status"]] = run.files.get(told["status"], 0) + 1
                run.lines_loaded += int(told["lines_loaded"] or 0)
                run.cost_loaded += Decimal(str(told["cost_loaded"] or 0))


def _let_in(ws: Workspace, file: FileReport) -> FileReport:
    """Promote what was held, as a person does who asked: here the odd month is what was sent."""
    from comptroller.intake import decisions

    if file.status != "held":
        return file
    reason = "Demonstration: the provider was asked and says that this is what it has"
    return decisions.promote(ws, file.submission_id, reason)[1] or file


def _reconcile(ws: Workspace) -> dict[str, dict[str, int]]:
    from comptroller.reconciliation import reconcile

    counts = reconcile(ws).counts()
    return {tie: {str(status): n for status, n in of.items()} for tie, of in counts.items()}


def _report(ws: Workspace, run: MonthRun, tell: Tell) -> None:
    from comptroller.challenges import export_all
    from comptroller.reports.catalogue import build_report, write_report

    with _stage(run.seconds, "reports"), ThreadPoolExecutor(1) as beside:
        tell("Writing challenge workbooks and the month's summary")
        challenges = ws.reports / "challenges"
        workbooks = beside.submit(lambda: export_all(Workspace.open(ws.path), challenges))
        built = build_report(ws, "month-summary")
        for ending in (".html", ".pdf"):
            path = ws.reports / f"month-summary{ending}"
            write_report(ws, "month-summary", built, path)
            run.reports.append(path)
        run.workbooks = len(workbooks.result())
