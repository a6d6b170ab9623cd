"""The commands ``quarantine``: look at what could not be loaded, and mend it."""

from __future__ import annotations

from typing import Annotated

import typer

from comptroller import console
from comptroller.console import HERE, Format, FormatOption, WorkspaceOption
from comptroller.intake import quarantine
from comptroller.intake.commands import Reason, Submission, print_reports, quarantine_command, say
from comptroller.intake.report import counted

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Rows that could not be loaded.")


@app.command("list")
def list_command(
    submission: Annotated[
        str, typer.Option("--submission", help="Only this one; the beginning of its id will do.")
    ] = "",
    provider: Annotated[str, typer.Option("--provider", help="Only files of this provider.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Only reasons with these words.")] = "",
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List what is in quarantine by file, reason and column, with rows and pounds.

    Example: comptroller quarantine list --provider RX1 --reason month
    """
    rows = quarantine.summary(
        console.open_workspace(workspace), submission=submission, provider=provider, reason=reason
    )
    console.print_rows(quarantine.LIST_COLUMNS, rows, form, title="Quarantine")


app.command("show")(quarantine_command)


@app.command("correct")
def correct_command(
    identifier: Submission,
    column: Annotated[str, typer.Option("--column", help="The column, by its header.")],
    to_text: Annotated[str, typer.Option("--to", help="How the value is to be read.")],
    from_text: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="By rule: the value as it stands in the file; '' for an empty cell.",
            show_default=False,
        ),
    ] = None,
    row: Annotated[
        int | None, typer.Option("--row", help="By hand: the one row.", show_default=False)
    ] = None,
    sheet: Annotated[str, typer.Option("--sheet", help="Only in this sheet.")] = "",
    part: Annotated[
        int | None,
        typer.Option(
            "--part", help="The table, where several sheets have one name.", show_default=False
        ),
    ] = None,
    for_provider: Annotated[
        bool, typer.Option("--for-provider", help="Keep the rule for the provider's next files.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would change; keep nothing.")
    ] = False,
    reason: Reason = "",
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Correct values in quarantine; the submission is read again at once.

    Example: comptroller quarantine correct s12ab34cd --column Month --from Agu --to August
    --reason "typing error, told by the trust"

    By rule, every quarantined value of the column that equals --from is read as --to; by hand, the
    one of --row. The received bytes stay as they are; the decision is kept beside them and can be
    withdrawn. Exit code 3: rows are still in quarantine, or the file is held.
    """
    ws = console.open_workspace(workspace)
    ask = quarantine.Ask(column, to_text, from_text, row, sheet, part, for_provider)
    outcome = quarantine.correct(ws, identifier, ask, reason, dry_run=dry_run)
    if dry_run:
        console.print_rows(
            ("what", "now", "corrected"), outcome.rows(), form, title=outcome.correction.told()
        )
        _say_what_is_paid(outcome)
        return
    values = counted(outcome.values, "value")
    say(f"Correction {outcome.correction.id}, {outcome.correction.told()}: {values}")
    print_reports([outcome.report], form)
    _say_what_is_paid(outcome)
    if outcome.report.needs_a_person:
        raise typer.Exit(console.EXIT_NEEDS_A_PERSON)


def _say_what_is_paid(outcome: quarantine.Outcome) -> None:
    """Say it where what is mended changes no payment: the file came after the freeze."""
    if outcome.not_payable:
        name = outcome.report.submission_id
        say(
            f"{', '.join(outcome.not_payable)}: received after the freeze, so this counts on the "
            "current basis only. To have it paid: comptroller submissions promote "
            f"{name} --payable --reason ..."
        )


@app.command("corrections")
def corrections_command(
    submission: Annotated[
        str, typer.Option("--submission", help="Only those made on this one.")
    ] = "",
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List the corrections that were made, with who decided them and why.

    Example: comptroller quarantine corrections

    A rule for one file alone goes before one for the provider: `gives way to` names it with its
    file.
    """
    rows = quarantine.list_corrections(console.open_workspace(workspace), submission)
    console.print_rows(quarantine.CORRECTION_COLUMNS, rows, form, title="Corrections")


@app.command("withdraw")
def withdraw_command(
    number: Annotated[str, typer.Argument(help="Number of the correction.", show_default=False)],
    reason: Reason = "",
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Withdraw a correction; every file that was read with it is read again without it.

    Example: comptroller quarantine withdraw 3 --reason "the trust meant another month"
    """
    ws = console.open_workspace(workspace)
    reports, kept = quarantine.withdraw(ws, number, reason)
    say(f"Correction {number} is withdrawn")
    if reports:
        print_reports(reports, form)
    for text in kept:
        say(text)
    if kept or any(report.needs_a_person for report in reports):
        raise typer.Exit(console.EXIT_NEEDS_A_PERSON)
