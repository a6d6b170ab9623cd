"""The `comptroller demo` command: a fictional economy and a whole month's work on it."""

from __future__ import annotations

import importlib
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comptroller.console import (
    EXIT_REFUSED,
    HERE,
    WorkspaceOption,
    messages,
    open_workspace,
    print_rows,
    progress,
)
from comptroller.errors import ComptrollerError
from comptroller.workspace import Workspace

if TYPE_CHECKING:
    from comptroller.demo.month import MonthRun

QUESTIONS = {
    "our_patient": "Is this our patient?",
    "care_given": "Was this care given?",
    "paid_already": "Have we paid already?",
    "someone_else_pays": "Does someone else pay?",
    "as_agreed": "Was it charged as agreed?",
    "undercharges": "Undercharges, in the providers' favour",
}
DEFAULT_FOLDER = Path("demo-workspace")
_STAGES = 26  # building, loading the days on which files came and what follows: for the bar


def demo(
    directory: Annotated[
        str, typer.Argument(help="The workspace to make, or `score` to score one again.")
    ] = str(DEFAULT_FOLDER),
    preset: Annotated[
        str, typer.Option("--preset", help="Which economy: 2026/27 or 2018/19.")
    ] = "2026/27",
    lines: Annotated[
        int, typer.Option("--lines", min=1, help="About how many current lines.")
    ] = 200_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 2026,
    workspace: WorkspaceOption = HERE,
    details: Annotated[
        bool, typer.Option("--details", help="With `score`: every check, not only the differing.")
    ] = False,
) -> None:
    """Build a fictional health economy and run a whole month on it, then score what was found.

    A second run on its own folder starts anew. Exit code 0 means that what was found equals the
    answer key of the planted faults.

    Example: comptroller demo my-demo --lines 50000; then comptroller demo score -w my-demo
    """
    if directory == "score":
        _score_again(workspace, details)
        return
    _run(Path(directory), preset, lines, seed)


def _score_again(workspace: Path, details: bool) -> None:
    from comptroller.demo.scoring import as_share, print_score, score

    opened = open_workspace(workspace)
    result = score(opened, opened.path / "economy")
    print_score(result, everything=details)
    messages.print(f"Recall {as_share(result.recall)}, precision {as_share(result.precision)}")
    if not result.is_perfect:
        raise typer.Exit(EXIT_REFUSED)


def _run(directory: Path, preset: str, lines: int, seed: int) -> None:
    from comptroller.demo.month import prepare_folder, run_month
    from comptroller.demo.presets import preset as find_preset
    from comptroller.demo.scoring import print_score

    find_preset(preset)
    if prepare_folder(directory):
        messages.print(f"Starting anew in {directory}: the earlier demonstration was removed.")
    with progress("Building the economy", total=_STAGES) as bar:

        def tell(what: str) -> None:
            bar.describe(what)
            if not what.startswith("Building: 2"):
                bar.advance()

        with ThreadPoolExecutor(1) as beside:
            ahead = beside.submit(_import_ahead)
            run = run_month(directory, preset, lines, seed, tell, _check)
            ahead.result()
    opened = Workspace.open(directory)
    _print_summary(run)
    _print_findings(opened)
    _print_coverage(opened)
    if run.score is None:
        raise ComptrollerError("nothing was scored", where=str(directory))
    print_score(run.score)
    _say_where(directory, run)
    if not run.score.is_perfect:
        raise typer.Exit(EXIT_REFUSED)


def _import_ahead() -> None:
    """Import what later stages need while the engine, outside Python, builds the economy."""
    for library in ("scipy.optimize", "sqlglot", "altair", "vl_convert", "xlsxwriter", "typst"):
        importlib.import_module(library)


def _check(ws: Workspace) -> tuple[int, int]:
    from comptroller.checks import run_checks

    done = run_checks(ws)
    return done.checks, done.lines


def _print_summary(run: MonthRun) -> None:
    from comptroller.demo.scoring import as_share

    economy = run.economy
    files = ", ".join(f"{count:,} {status}" for status, count in sorted(run.files.items()))
    ties = {tie: counts for tie, counts in run.ties.items() if tie != "V"}
    tied = sum(counts.get("ties", 0) for counts in ties.values())
    compared = tied + sum(counts.get("differs", 0) for counts in ties.values())
    rows = [
        ("Economy", f"preset {economy.preset}, activity of {economy.financial_year}"),
        ("Files received", f"{economy.files:,} ({files})"),
        ("Lines loaded", f"{run.lines_loaded:,}, {economy.lines:,} of them current"),
        ("Pounds loaded", f"£{run.cost_loaded:,.2f} over all versions"),
        ("Ties", f"{tied:,} of {compared:,} comparisons tie; the rest are planted"),
        ("Checks", f"{run.checks:,} over {run.lines_checked:,} payable lines"),
        ("Challenge workbooks", f"{run.workbooks:,}"),
    ]
    if run.score:
        planted = sum(check.planted for check in run.score.scored)
        rows.append(("Planted faults", f"{planted:,}"))
        rows.append(("Recall", as_share(run.score.recall)))
        rows.append(("Precision", as_share(run.score.precision)))
    rows.append(("Seconds", ", ".join(f"{k} {v:.1f}" for k, v in run.seconds.items())))
    print_rows(("what", "result"), rows, title="The demonstration month")


def _print_findings(ws: Workspace) -> None:
    con = ws.connect()
    try:
        ws.warehouse.view(con, "findings", "check_runs")
        rows = con.execute(
            """SELECT CASE WHEN gross_value < 0 THEN 'undercharges' ELSE question END AS pot,
                count(*), sum(cash_value), sum(baseline_value), sum(gross_value)
            FROM findings WHERE status <> 'fixed' AND run_id = (
                SELECT run_id FROM check_runs ORDER BY started_at DESC, sequence DESC LIMIT 1)
            GROUP BY pot ORDER BY pot = 'undercharges', pot"""
        ).fetchall()
    finally:
        con.close()
    zero = Decimal(0)
    print_rows(
        ("question", "findings", "cash", "baseline", "gross"),
        [(QUESTIONS.get(name, name), n, *(v or zero for v in values)) for name, n, *values in rows],
        title="Findings (pounds)",
    )


def _print_coverage(ws: Workspace) -> None:
    con = ws.connect()
    try:
        ws.warehouse.view(con, "coverage", "check_runs")
        rows = con.execute(
            """SELECT state, coalesce(reason, ''), sum("rows"), sum(cost) FROM coverage
            WHERE run_id = (
                SELECT run_id FROM check_runs ORDER BY started_at DESC, sequence DESC LIMIT 1)
            GROUP BY ALL ORDER BY sum(cost) DESC NULLS LAST, 1, 2 LIMIT 12"""
        ).fetchall()
    finally:
        con.close()
    print_rows(
        ("coverage", "why", "rows", "pounds"),
        rows,
        title="What was tested (each line once per question)",
    )


def _say_where(directory: Path, run: MonthRun) -> None:
    messages.print("\nWhere to look:")
    messages.print(f"  {directory / 'reports' / 'challenges'}/  a challenge workbook per provider")
    for path in run.reports:
        messages.print(f"  {directory / 'reports' / path.name}  the month's summary")
    messages.print(f"  {directory / 'economy'}/  what was received, and answer_key.csv")
    messages.print(f"  {_program()} findings list --workspace {directory}")


def _program() -> str:
    """Return how this command is called here: `make` installs it where no search path leads."""
    called = Path(sys.argv[0])
    if shutil.which("comptroller") or called.stem != "comptroller":
        return "comptroller"
    return str(called)
