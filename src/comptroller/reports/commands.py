"""The `comptroller report` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from comptroller.console import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    messages,
    open_workspace,
    print_rows,
    progress,
)
from comptroller.errors import UsageError


def report(
    name: Annotated[str, typer.Argument(help="The report's name, or `list` to see them all.")],
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            "-o",
            help="The file to write, ending in .html, .pdf or .xlsx; may be given again.",
        ),
    ] = None,
    month: Annotated[
        str, typer.Option("--month", help="The last month to sum, as 2025/26-M05.")
    ] = "",
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Write a report as a page, a PDF or a workbook; all three say the same.

    Example: comptroller report month-summary --out month.html --out month.pdf
    """
    from comptroller.calendar import FinancialMonth
    from comptroller.reports.catalogue import REPORTS, build_report, check_path, write_report

    if name == "list":
        rows = [(definition.name, definition.title) for definition in REPORTS.values()]
        print_rows(["name", "shows"], rows, form, title="Reports")
        return
    if not out:
        raise UsageError(
            "no file was named", remedy=f"Run: comptroller report {name} --out {name}.html"
        )
    for path in out:
        check_path(path)
    opened = open_workspace(workspace)
    with progress(f"Making {name}", total=len(out)) as bar:
        built = build_report(opened, name, FinancialMonth.parse(month) if month else None)
        for path in out:
            bar.describe(f"Writing {path.name}")
            write_report(opened, name, built, path)
            bar.advance()
    for path in out:
        messages.print(f"Wrote {path}")
