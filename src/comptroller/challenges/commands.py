"""The `comptroller challenges` commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from comptroller.console import (
    EXIT_NEEDS_A_PERSON,
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    messages,
    open_workspace,
    print_rows,
    progress,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Put findings to providers: one workbook each, with columns for the answers.",
)


@app.callback()
def challenges() -> None:
    """Put findings to providers: one workbook each, with columns for the answers."""


@app.command("export")
def export(
    provider: Annotated[
        list[str] | None,
        typer.Option("--provider", "-p", help="Only this provider; may be given again."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder of the workbooks; by default reports/challenges."),
    ] = None,
    with_undercharges: Annotated[
        bool,
        typer.Option(
            "--with-undercharges",
            help="Put findings in the provider's favour in too, as the contract lead decides.",
        ),
    ] = False,
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Write the challenge workbook of each provider from the latest check.

    The workbooks name patients by the provider's own identifiers: send them by the controlled
    route only.

    Example: comptroller challenges export --provider X01 --out to-send
    """
    from comptroller.challenges.export import ExportedWorkbook, export_all
    from comptroller.challenges.selection import Options

    opened = open_workspace(workspace)
    folder = out or opened.reports / "challenges"
    with progress("Writing challenge workbooks") as bar:

        def done(workbook: ExportedWorkbook) -> None:
            bar.describe(f"Wrote {workbook.path.name}")
            bar.advance()

        written = export_all(
            opened,
            folder,
            Options(include_undercharges=with_undercharges),
            providers=tuple(dict.fromkeys(provider or ())),
            done=done,
        )
    print_rows(
        ["provider_code", "findings", "gross", "net", "cash", "baseline", "workbook"],
        [
            (w.provider_code, w.findings, w.gross, w.net, w.cash, w.baseline, str(w.path))
            for w in written
        ],
        form,
        title="Challenge workbooks",
    )
    messages.print("Send them by the controlled route only: they name patients' local identifiers.")
    if any(workbook.stale for workbook in written):
        messages.print(
            "What is loaded has changed since the check on which these findings stand: run "
            "comptroller check and write them again before you send them."
        )
        raise typer.Exit(EXIT_NEEDS_A_PERSON)
