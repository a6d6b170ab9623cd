"""``comptroller check``, ``results`` and ``findings``: run the rulebook and look at what came."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comptroller.checks.rulebook_commands import rulebook
from comptroller.checks.tables import SHORT_FINDING
from comptroller.console import (
    EXIT_NEEDS_A_PERSON,
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    messages,
    open_workspace,
    print_json,
    print_rows,
    progress,
)
from comptroller.errors import UsageError
from comptroller.intake.slices import require_loaded

if TYPE_CHECKING:
    from comptroller.checks.runner import CheckRun
    from comptroller.checks.trial import Trial

__all__ = ["check", "findings", "results", "rulebook"]

_SHOWN = 100

ProviderOption = Annotated[
    str | None, typer.Option("--provider", "-p", help="ODS code of one provider.")
]
CommissionerOption = Annotated[
    str | None, typer.Option("--commissioner", "-c", help="Code of one commissioner, as charged.")
]
MonthOption = Annotated[
    str | None, typer.Option("--month", "-m", help="One month, as in 2025/26-M05.")
]
ChecksOption = Annotated[
    str, typer.Option("--checks", help="Ids or patterns, joined by commas: 'ATT-*,DUP-001'.")
]
BasisOption = Annotated[str, typer.Option("--basis", help="payable (default) or current lines.")]


def check(
    provider: ProviderOption = None,
    commissioner: CommissionerOption = None,
    month: MonthOption = None,
    checks: ChecksOption = "*",
    basis: BasisOption = "payable",
    engine: Annotated[str, typer.Option("--engine", help="duckdb.")] = "duckdb",
    tried: Annotated[
        Path | None,
        typer.Option("--try", metavar="FILE", help="Try a file of checks; record nothing."),
    ] = None,
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Run the rulebook over what is loaded and record what it finds.

    With --try FILE only the checks of that file run, and what they would find is shown: nothing is
    recorded. A check with the id of one in force takes its place for the trial.

    Exit code 0 when every check ran everywhere, 3 when some could not run (the reasons are told):
    what the others found stands all the same. The last line says which command comes next.

    Example: comptroller check --provider RX1 --checks 'DUP-*'
    """
    from comptroller.checks.runner import Scope, run_checks
    from comptroller.checks.trial import try_checks

    if engine != "duckdb":
        raise UsageError(
            f"the engine '{engine}' is not in this release",
            where="--engine",
            remedy="Leave it out: checks run on DuckDB",
        )
    opened = open_workspace(workspace)
    require_loaded(opened, provider=provider, commissioner=commissioner)
    scope = Scope.of(provider, commissioner, month, checks)
    with progress("Checking") as bar:

        def tell(text: str, done: int, total: int) -> None:
            bar.describe(text, total=total)
            bar.advance(done)

        if tried is None:
            run = run_checks(opened, scope, basis, tell)
        else:
            trial = try_checks(opened, tried, scope, basis, tell)
    if tried is not None:
        _print_trial(trial, form)
        return
    _print_run(run, form)
    _say_next(workspace, run)
    if run.needs_a_person:
        raise typer.Exit(EXIT_NEEDS_A_PERSON)


def _print_trial(trial: Trial, form: Format) -> None:
    """Print what checks of a file would find; exit as `check` does."""
    if form is Format.JSON:
        named = [dict(zip(trial.columns, row, strict=True)) for row in trial.findings]
        failing = [f"{item.place}: {item.text}" for item in trial.failing]
        print_json(
            {
                "lines": trial.lines,
                "checks": trial.summary,
                "failing_examples": failing,
                "findings": named,
            }
        )
    elif form is Format.TABLE:
        names = list(trial.summary[0])
        rows = [list(row.values()) for row in trial.summary]
        print_rows(names, rows, form, title=f"Tried on {trial.lines:,} lines")
        shown = [trial.columns.index(name) for name in SHORT_FINDING if name in trial.columns]
        _print_some(
            [trial.columns[at] for at in shown],
            [tuple(row[at] for at in shown) for row in trial.findings],
            form,
            "What it would find",
        )
    else:
        print_rows(trial.columns, trial.findings, form, title="What it would find")
    for item in trial.failing:
        messages.print(f"its example fails: {item.place}: {item.text}", markup=False)
    messages.print("A trial: nothing was recorded.")
    if any(row["could_not_run"] for row in trial.summary):
        raise typer.Exit(EXIT_NEEDS_A_PERSON)


def _print_run(run: CheckRun, form: Format) -> None:
    summary: dict[str, Any] = {
        "run_id": run.run_id,
        "repeated": run.repeated,
        "checks": run.checks,
        "lines": run.lines,
        "outcomes": dict(run.outcomes),
        "findings": run.findings,
        "fixed": run.fixed,
        **{f"{name}_value": value for name, value in run.values.items()},
        "could_not_run": dict(run.could_not_run),
        "seconds": {name: round(value, 3) for name, value in run.seconds.items()},
    }
    if form is Format.JSON:
        print_json(summary)
        return
    columns = ["checks", "lines", "findings", "fixed", *(f"{n}_value" for n in run.values)]
    row = [
        Decimal(str(summary[name])) if name.endswith("_value") else summary[name]
        for name in columns
    ]
    print_rows(columns, [row], form, title=f"Run {run.run_id}")
    if run.repeated:
        messages.print("Nothing has changed since this run: it stands as it was.")
    for outcome, count in run.outcomes.items():
        messages.print(f"{outcome.replace('_', ' ')}: {count:,} results")
    for check_id, reason in run.could_not_run.items():
        messages.print(f"{check_id} could not run: {reason}", markup=False)


def _say_next(workspace: Path, run: CheckRun) -> None:
    """Say which command comes next: the exit code alone would look like an end."""
    there = "" if workspace == HERE else f" --workspace {workspace}"
    if run.findings:
        messages.print(f"Next: comptroller challenges export{there}", markup=False)
    else:
        messages.print(f"Nothing was found. Next: comptroller results list{there}", markup=False)


def list_results(
    check_id: Annotated[str | None, typer.Option("--check", help="One check or pattern.")] = None,
    provider: ProviderOption = None,
    month: MonthOption = None,
    outcome: Annotated[
        str | None,
        typer.Option("--outcome", help="passed, failed, not_applicable or could_not_run."),
    ] = None,
    basis: BasisOption = "payable",
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List what came of each check on each slice, as the latest run that looked left it.

    Example: comptroller results list --outcome could_not_run
    """
    from comptroller.checks.reading import latest_results, require_check

    opened = open_workspace(workspace)
    require_check(opened, check_id)
    require_loaded(opened, provider=provider)
    columns, rows = latest_results(
        opened,
        basis,
        check_id=check_id,
        provider=provider,
        month=month,
        outcome=outcome,
    )
    _print_some(columns, rows, form, "Results")


results = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@results.callback()
def _results() -> None:
    """List what came of each check on each slice."""


results.command("list")(list_results)


def list_findings(
    check_id: Annotated[str | None, typer.Option("--check", help="One check or pattern.")] = None,
    provider: ProviderOption = None,
    commissioner: CommissionerOption = None,
    month: MonthOption = None,
    status: Annotated[
        str | None, typer.Option("--status", help="new, continuing, returned or fixed.")
    ] = None,
    basis: BasisOption = "payable",
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List findings: those that stand, or with --status fixed those that are gone.

    Example: comptroller findings list --provider RX1 --check 'DUP-*' --format csv
    """
    from comptroller.checks.reading import findings_rows, require_check

    opened = open_workspace(workspace)
    require_check(opened, check_id)
    require_loaded(opened, provider=provider, commissioner=commissioner)
    columns, rows = findings_rows(
        opened,
        basis,
        short=form is Format.TABLE,
        check_id=check_id,
        provider=provider,
        commissioner=commissioner,
        month=month,
        status=status,
    )
    _print_some(columns, rows, form, "Findings")


def export(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="OUT", help="The file to write: .csv, .parquet or .xlsx."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The same, as other commands have it.")
    ] = None,
    check_id: Annotated[str | None, typer.Option("--check", help="One check or pattern.")] = None,
    provider: ProviderOption = None,
    commissioner: CommissionerOption = None,
    month: MonthOption = None,
    status: Annotated[
        str | None, typer.Option("--status", help="new, continuing, returned or fixed.")
    ] = None,
    basis: BasisOption = "payable",
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write findings to a file, with every column, in a fixed order.

    Example: comptroller findings export findings.csv --provider RX1
    """
    from comptroller.checks.reading import require_check, write_findings

    target = file or out
    if target is None or (file and out):
        raise UsageError(
            "name one file to write", remedy="For example: comptroller findings export findings.csv"
        )
    opened = open_workspace(workspace)
    require_check(opened, check_id)
    require_loaded(opened, provider=provider, commissioner=commissioner)
    count = write_findings(
        opened,
        target,
        basis,
        check_id=check_id,
        provider=provider,
        commissioner=commissioner,
        month=month,
        status=status,
    )
    messages.print(f"{count:,} findings written to {target}", markup=False)


findings = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
findings.command("list")(list_findings)
findings.command("export")(export)


def _print_some(columns: list[str], rows: list[tuple[Any, ...]], form: Format, title: str) -> None:
    shown = rows[:_SHOWN] if form is Format.TABLE else rows
    print_rows(columns, shown, form, title=title)
    if len(shown) < len(rows):
        messages.print(f"{len(rows) - len(shown)} more; --format csv shows all")
