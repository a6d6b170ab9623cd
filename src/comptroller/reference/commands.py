"""``comptroller reference``: load reference data, list it, show it, write empty templates."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from comptroller.console import (
    EXIT_NEEDS_A_PERSON,
    EXIT_REFUSED,
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
from comptroller.reference.loading import ReferenceLoadReport
from comptroller.reference.loading import load as load_files

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Load and show reference data: organisations, prices, contracts, plans, policies.",
)

_SHOWN = 100


@app.command("load")
def load(
    paths: Annotated[list[Path], typer.Argument(help="CSV, Excel or Parquet files, or folders.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and judge everything, write nothing.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Load reference files, recognised by name; a file with a bad row is refused whole.

    Exit code 0 when every file counts, 1 when one was refused, 3 when a folder holds a file whose
    name is that of no reference table.

    Example: comptroller reference load agreed-2026-27/ market_forces.csv
    """
    opened = open_workspace(workspace)
    with progress("Reading") as bar:
        reports = load_files(opened, paths, dry_run=dry_run, progress=bar.describe)
    if form is Format.JSON:
        print_json([_as_json(report) for report in reports])
    else:
        print_rows(
            ["file", "table", "status", "rows", "rounded"],
            [
                (
                    f"{r.file}, {r.sheet}" if r.sheet else r.file,
                    r.table,
                    r.status,
                    r.rows,
                    r.changed_values,
                )
                for r in reports
            ],
            form,
            title="What a load would do" if dry_run else "Reference files",
        )
    _explain(reports)
    if any(r.status == "refused" or (r.status == "unknown" and r.named) for r in reports):
        raise typer.Exit(EXIT_REFUSED)
    if any(r.status == "unknown" and r.looks_like_data for r in reports):
        raise typer.Exit(EXIT_NEEDS_A_PERSON)


def _explain(reports: list[ReferenceLoadReport]) -> None:
    """Say on stderr what a person should know of each file."""
    for report in reports:
        for fault in report.faults:
            messages.print(str(fault), markup=False, highlight=False, soft_wrap=True)
        if report.fault_count > len(report.faults):
            more = report.fault_count - len(report.faults)
            messages.print(f"{report.file}: {more:,} more faults", soft_wrap=True)
        for text in report.messages:
            messages.print(f"{report.file}: {text}", markup=False, highlight=False, soft_wrap=True)


def _as_json(report: ReferenceLoadReport) -> dict[str, Any]:
    return {
        "file": report.file,
        "sheet": report.sheet,
        "table": report.table,
        "status": report.status,
        "rows": report.rows,
        "changed_values": report.changed_values,
        "fault_count": report.fault_count,
        "faults": [
            {
                "where": fault.where,
                "row": fault.row,
                "column": fault.column,
                "what": fault.what,
                "remedy": fault.remedy,
            }
            for fault in report.faults
        ],
        "messages": report.messages,
    }


@app.command("list")
def list_tables(workspace: WorkspaceOption = HERE, form: FormatOption = Format.TABLE) -> None:
    """List every reference table: rows of the starter pack, rows loaded, from where and when.

    Example: comptroller reference list
    """
    from comptroller.reference.catalogue import states

    opened = open_workspace(workspace)
    print_rows(
        ["table", "rows", "rows_of_pack", "pack_years", "rows_loaded", "last_loaded", "files"],
        [
            (s.table, s.rows, s.rows_of_pack, s.pack_years, s.rows_loaded, s.last_loaded, s.files)
            for s in states(opened)
        ],
        form,
        title="Reference data",
    )


@app.command("show")
def show(
    name: Annotated[
        str,
        typer.Argument(
            help="A reference table, or legal_payers, current_providers, practice_payers."
        ),
    ],
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="Only rows that hold on this day."),
    ] = None,
    code: Annotated[str, typer.Option("--code", help="Only rows about this code.")] = "",
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Most rows shown as a table; 0 for all.")
    ] = _SHOWN,
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show the rows of a reference table; with --on and --code, what a code was on a day.

    Example: comptroller reference show organisations --code QU9 --on 2026-04-01
    """
    from comptroller.reference.catalogue import rows_of

    opened = open_workspace(workspace)
    day = on.date() if on else None
    if name == "organisations" and code and day:
        _show_organisation(workspace, code, day, form)
        return
    most = limit if form is Format.TABLE else 0
    columns, rows, total = rows_of(opened, name, code=code, on=day, limit=most)
    print_rows(columns, rows, form, title=name)
    if len(rows) < total:
        messages.print(f"{len(rows):,} of {total:,} rows; see more with --limit or --code.")


def _show_organisation(workspace: Path, code: str, day: date, form: Format) -> None:
    from comptroller.errors import ComptrollerError
    from comptroller.reference.organisations import organisation_on
    from comptroller.reference.views import create_reference_views

    opened = open_workspace(workspace)
    con = opened.connect()
    create_reference_views(con, opened.warehouse)
    found = organisation_on(con, code, day)
    if found is None:
        raise ComptrollerError(
            f"no organisation {code} is known",
            remedy="Load it with an organisations file: comptroller reference templates DIR",
        )
    print_rows(
        ["org_code", "name", "role", "on", "state", "part_of", "legal_body", "may_be", "found_by"],
        [
            (
                found.org_code,
                found.name,
                found.role,
                found.on,
                found.state,
                found.parent_code,
                found.body_code,
                ", ".join(found.candidates) if found.body_code is None else None,
                found.basis,
            )
        ],
        form,
        title=f"{code} on {day.isoformat()}",
    )


@app.command("templates")
def templates(
    directory: Annotated[Path, typer.Argument(help="The folder that gets the files.")],
) -> None:
    """Write an empty CSV with the right headers for every reference table.

    Files that are there already are left alone.

    Example: comptroller reference templates ./reference
    """
    from comptroller.reference.catalogue import write_templates

    written = write_templates(directory)
    messages.print(
        f"Wrote {len(written)} templates to {directory}. Fill in and load those you need."
    )
