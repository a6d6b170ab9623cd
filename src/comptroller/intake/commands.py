"""The commands ``load``, ``submissions`` and ``layouts``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from comptroller import console
from comptroller.console import HERE, Format, FormatOption, WorkspaceOption
from comptroller.errors import UsageError
from comptroller.intake import confirming, decisions, difference, quarantine
from comptroller.intake.coverage import AS_INFERRED, AS_PART, AS_WHOLE
from comptroller.intake.layouts import load_book
from comptroller.intake.loading import load as load_files
from comptroller.intake.report import DUPLICATE, HELD, REFUSED, FileReport, dump_reports, dumps
from comptroller.workspace import Workspace

Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; kept for the audit.")]
Submission = Annotated[
    str, typer.Argument(help="Submission, or the beginning of its id.", show_default=False)
]
_LOAD_COLUMNS = (
    "file",
    "data_set",
    "provider_code",
    "months",
    "status",
    "rows_read",
    "lines_loaded",
    "rows_quarantined",
    "rows_set_aside",
    "cost_loaded",
    "cost_quarantined",
    "cost_control",
)

_SLICE_COLUMNS: tuple[str, ...] = (
    "data_set",
    "commissioner_code",
    "financial_year",
    "month",
    "stage",
    "rows",
    "cost",
    "action",
)
_MAPPING_COLUMNS: tuple[str, ...] = (
    "sheet",
    "column",
    "header",
    "element",
    "confidence",
    "basis",
    "runner_up",
)
_MESSAGE_COLUMNS: tuple[str, ...] = ("severity", "sheet", "row", "column", "text")


class Taken(StrEnum):
    """How a file is to be taken: as its content tells, as a part of the return, as the whole."""

    INFERRED = AS_INFERRED
    PART = AS_PART
    WHOLE = AS_WHOLE


submissions = typer.Typer(
    no_args_is_help=True, add_completion=False, help="What was received, held and promoted."
)
layouts = typer.Typer(
    no_args_is_help=True, add_completion=False, help="How each provider arranges its files."
)


def load(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders.", show_default=False)],
    workspace: WorkspaceOption = HERE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would happen; write nothing.")
    ] = False,
    received: Annotated[
        str | None,
        typer.Option("--received", help="When the files arrived, YYYY-MM-DD. Default: now."),
    ] = None,
    sender: Annotated[str, typer.Option("--sender", help="Who sent the files.")] = "",
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Go on loading what arrives in these folders until ended."),
    ] = False,
    every: Annotated[
        float | None,
        typer.Option(
            "--every",
            help="With --watch: seconds from one look to the next; 30 by default.",
            show_default=False,
        ),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Load providers' files: any layout, any data set; prints per file what happened.

    Example: comptroller load inbox --received 2026-06-20

    Exit code 1: a file was refused. 3: a file is held or rows are in quarantine.

    With --watch it looks into folders again and again and loads each file that has stopped
    growing, once; files stay where they are. Ctrl-C or SIGTERM ends it when the files in hand are
    loaded, the second one at once. Exit code 0, or 3 where a file that it took needs a person;
    with --format json each report is one line.

    A file is received on the day on which the watch takes it, and that decides its stage. Its own
    date says nothing of that: a copy keeps its author's date, and a late file would pass for one
    that came before the freeze. What lay in the folder before: load it with --received first.

    Example: comptroller load --watch /mnt/from-providers --every 60
    """
    if watch:
        _watch(workspace, paths, every, sender, form, received=received, dry_run=dry_run)
        return
    if every is not None:
        raise UsageError("--every goes with --watch", remedy="Add --watch, or leave it out")
    ws = console.open_workspace(workspace)
    with console.progress("Loading") as bar:
        reports = load_files(
            ws, paths, received=_day(received), dry_run=dry_run, progress=bar, sender=sender
        )
    print_reports(reports, form)
    if any(report.status == REFUSED for report in reports):
        raise typer.Exit(console.EXIT_REFUSED)
    if any(report.needs_a_person for report in reports):
        raise typer.Exit(console.EXIT_NEEDS_A_PERSON)


def _watch(
    workspace: Path,
    folders: list[Path],
    every: float | None,
    sender: str,
    form: Format,
    *,
    received: str | None,
    dry_run: bool,
) -> None:
    from comptroller.intake.watching import Watch

    for given, option, remedy in (
        (
            received is not None,
            "--received",
            "A file is received when the watch takes it. For what lay there before: "
            "comptroller load FOLDER --received DATE, then watch",
        ),
        (dry_run, "--dry-run", "Look once: comptroller load FOLDER --dry-run"),
        (form not in (Format.TABLE, Format.JSON), f"--format {form}", "Choose table or json"),
    ):
        if given:
            raise UsageError(f"{option} does not go with --watch", remedy=remedy)

    def tell(reports: Sequence[FileReport]) -> None:
        if form is Format.JSON:
            sys.stdout.writelines(dumps(report.to_json()) + "\n" for report in reports)
        else:
            print_reports(reports, form)
        sys.stdout.flush()

    watched = Watch(
        console.open_workspace(workspace),
        folders,
        every=30 if every is None else every,
        sender=sender,
        tell=tell,
        say=say,
        progress=lambda: console.progress("Loading"),
    )
    if watched.run():
        raise typer.Exit(console.EXIT_NEEDS_A_PERSON)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no date", where="--received", remedy="Write it as 2026-06-20"
        ) from None


def print_reports(reports: Sequence[FileReport], form: Format) -> None:
    """Print what happened to some files; what a person should know of them goes to stderr."""
    if form is Format.JSON:
        sys.stdout.write(dump_reports(reports) + "\n")
        return
    rows = []
    for report in reports:
        told = report.to_json()
        told["months"] = _months(told["months"])
        told["data_set"] = ", ".join(told["data_sets"])
        told["provider_code"] = ", ".join(told["provider_codes"])
        rows.append([told[name] for name in _LOAD_COLUMNS])
    console.print_rows(_LOAD_COLUMNS, rows, form, title="Files")
    for report in reports:
        _print_messages(report)


def _months(months: list[int]) -> str:
    if not months:
        return ""
    return str(months[0]) if len(months) == 1 else f"{months[0]}-{months[-1]}"


def _print_messages(report: FileReport) -> None:
    file = report.file
    for message in report.to_json()["messages"]:
        told = report.status == DUPLICATE or message["text"].startswith("promoted by")
        if message["severity"] == "note" and not told:
            continue
        place = ", ".join(
            part
            for part in (
                f"sheet {message['sheet']}" if message["sheet"] else "",
                f"row {message['row']}" if message["row"] else "",
                f"column {message['column']}" if message["column"] else "",
            )
            if part
        )
        where = f"{file} ({place})" if place else file
        say(f"{where}: {message['text']}")
    if report.remedy:
        say(f"{file}: {report.remedy}")


# -- submissions -------------------------------------------------------------------------------


@submissions.command("list")
def list_command(workspace: WorkspaceOption = HERE, form: FormatOption = Format.TABLE) -> None:
    """List what was received, oldest first.

    Example: comptroller submissions list
    """
    rows = decisions.list_submissions(console.open_workspace(workspace))
    console.print_rows(decisions.LIST_COLUMNS, rows, form, title="Submissions")


@submissions.command("show")
def show_command(
    identifier: Submission,
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show a submission's report: slices, columns, messages.

    Example: comptroller submissions show s12ab34cd
    """
    submission = decisions.find(console.open_workspace(workspace), identifier)
    if form is Format.JSON:
        told = json.loads(submission.report, parse_float=Decimal)
        sys.stdout.write(submission.report + "\n")
        return
    told = json.loads(submission.report, parse_float=Decimal)
    facts = [
        [name, _short(told.get(name))]
        for name in (
            "file",
            "submission_id",
            "data_set",
            "provider_code",
            "commissioner_codes",
            "financial_year",
            "months",
            "rows_read",
            "rows_loaded",
            "rows_quarantined",
            "rows_set_aside",
            "cost_read",
            "cost_loaded",
            "cost_quarantined",
            "cost_control",
            "remedy",
        )
    ]
    facts.insert(2, ["status", submission.status])
    console.print_rows(
        ("what", "value"), facts, form, title=f"Submission {submission.submission_id}"
    )
    if form is not Format.TABLE:
        return
    for title, columns, items in (
        ("Slices", _SLICE_COLUMNS, told.get("slices", [])),
        ("Columns", _MAPPING_COLUMNS, told.get("mapping", [])),
        ("Messages", _MESSAGE_COLUMNS, told.get("messages", [])),
    ):
        console.print_rows(columns, [[item.get(c) for c in columns] for item in items], title=title)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)


@submissions.command("diff")
def diff_command(
    before: Annotated[str, typer.Argument(help="The earlier submission.")],
    after: Annotated[str, typer.Argument(help="The later submission.")],
    workspace: WorkspaceOption = HERE,
    rows: Annotated[bool, typer.Option("--rows", help="One row per event.")] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what changed between two versions: added, gone, repriced, recoded, moved; in pounds.

    Example: comptroller submissions diff s12ab34cd s98fe76dc --rows
    """
    ws = console.open_workspace(workspace)
    old, new = (decisions.find(ws, name).submission_id for name in (before, after))
    if rows:
        console.print_rows(difference.ROW_COLUMNS, difference.rows(ws, old, new), form)
    else:
        console.print_rows(
            difference.SUMMARY_COLUMNS,
            difference.summary(ws, old, new),
            form,
            title=f"From {old} to {new}",
        )


@submissions.command("hold")
def hold_command(
    identifier: Submission, reason: Reason = "", workspace: WorkspaceOption = HERE
) -> None:
    """Take a promoted submission out until somebody promotes it again.

    Example: comptroller submissions hold s12ab34cd --reason "provider is resending"
    """
    say(decisions.hold(console.open_workspace(workspace), identifier, reason))


@submissions.command("withdraw")
def withdraw_command(
    identifier: Submission, reason: Reason = "", workspace: WorkspaceOption = HERE
) -> None:
    """Withdraw a submission: its versions count for neither track.

    Example: comptroller submissions withdraw s12ab34cd --reason "sent in error"
    """
    say(decisions.withdraw(console.open_workspace(workspace), identifier, reason))


@submissions.command("promote")
def promote_command(
    identifier: Submission,
    reason: Reason = "",
    payable: Annotated[
        bool, typer.Option("--payable", help="Pin its versions as the payable ones.")
    ] = False,
    commissioner: Annotated[str, typer.Option("--commissioner", help="With --payable.")] = "",
    month: Annotated[str, typer.Option("--month", help="With --payable: 2026/27-M05.")] = "",
    coverage: Annotated[
        Taken,
        typer.Option(
            "--coverage",
            help="part: points of delivery that the file leaves out stay as they are loaded; "
            "whole: they are gone.",
        ),
    ] = Taken.INFERRED,
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Promote a held submission, bring back a withdrawn one, or make its versions payable.

    Example: comptroller submissions promote s12ab34cd --reason "loss agreed with the trust"
    """
    ws = console.open_workspace(workspace)
    if payable:
        count = decisions.make_payable(
            ws, identifier, reason, commissioner=commissioner, month=_month(month)
        )
        say(f"{count} slices of {identifier} are payable now")
        return
    text, report = decisions.promote(ws, identifier, reason, coverage.value)
    say(text)
    if report is not None:
        print_reports([report], form)


def _month(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    from comptroller.calendar import FinancialMonth

    parsed = FinancialMonth.parse(text)
    return parsed.year.text, parsed.month


@submissions.command("quarantine")
def quarantine_command(
    identifier: Submission, workspace: WorkspaceOption = HERE, form: FormatOption = Format.TABLE
) -> None:
    """Show a submission's rows in quarantine: sheet, row, column, what stood there, pounds.

    Example: comptroller submissions quarantine s12ab34cd --format csv

    Of what stood there 40 characters are shown, and nothing that has ten digits or more. The same
    as comptroller quarantine show.
    """
    ws = console.open_workspace(workspace)
    submission = decisions.find(ws, identifier)
    console.print_rows(
        quarantine.ROW_COLUMNS,
        quarantine.rows_of(ws, submission),
        form,
        title=f"Quarantine of {submission.submission_id}",
    )


def say(text: str) -> None:
    """Tell a person something, on stderr."""
    console.messages.print(text, markup=False, highlight=False)


# -- layouts -----------------------------------------------------------------------------------

Columns = Annotated[
    list[str], typer.Option("--set", help="'Header=element'; 'Header=' for a column not used.")
]
Constants = Annotated[
    list[str], typer.Option("--constant", help="'commissioner_code=QX1': a fact of all rows.")
]


@layouts.command("list")
def layouts_list(workspace: WorkspaceOption = HERE, form: FormatOption = Format.TABLE) -> None:
    """List the layouts in force.

    Example: comptroller layouts list
    """
    book = load_book(console.open_workspace(workspace))
    columns = (
        "layout",
        "provider_code",
        "data_set",
        "version",
        "sheet",
        "status",
        "columns",
        "created_by",
    )
    rows = [
        [
            x.id,
            x.provider_code,
            x.data_set,
            x.version,
            x.sheet,
            x.status,
            len(x.columns),
            x.created_by,
        ]
        for x in book.layouts
    ]
    console.print_rows(columns, rows, form, title="Layouts")


@layouts.command("show")
def layouts_show(
    layout: Annotated[str, typer.Argument(help="Number of the layout.")],
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what each column of a layout is.

    Example: comptroller layouts show 3
    """
    from comptroller.vocabulary import normalise_header

    found = confirming.find_layout(console.open_workspace(workspace), layout)
    rows = [
        [number, header, found.columns.get(normalise_header(header), "")]
        for number, header in enumerate(found.headers, start=1)
        if header
    ]
    rows += [[0, f"(all rows) {name}", value] for name, value in sorted(found.constants.items())]
    console.print_rows(("column", "header", "element"), rows, form, title=found.name)


@layouts.command("elements")
def layouts_elements(
    data_set: Annotated[str, typer.Argument(help="The data set: ACM, PLCM, DrPLCM ...")],
    form: FormatOption = Format.TABLE,
) -> None:
    """List what a column of a data set may be, for --set.

    Example: comptroller layouts elements PLCM
    """
    from comptroller.vocabulary import DATA_SETS, LINE_DATA_SETS

    if data_set not in LINE_DATA_SETS:
        raise UsageError(
            f"there is no data set of lines {data_set!r}",
            remedy=f"Choose one of: {', '.join(LINE_DATA_SETS)}",
        )
    rows = [[e.name, e.dictionary_name, e.kind] for e in DATA_SETS[data_set].elements]
    console.print_rows(("element", "national_name", "kind"), rows, form, title=data_set)


@layouts.command("confirm")
def layouts_confirm(
    identifier: Annotated[str, typer.Argument(help="A held submission, or a layout's number.")],
    columns: Columns = [],  # noqa: B006 - Typer's form for an option given several times
    constants: Constants = [],  # noqa: B006
    data_set: Annotated[str, typer.Option("--data-set", help="What the table is.")] = "",
    sheet: Annotated[
        str, typer.Option("--sheet", help="Which sheet, where there are several.")
    ] = "",
    reason: Reason = "",
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Confirm a layout; a held submission is read again with it at once.

    Example: comptroller layouts confirm s12ab34cd --set 'X2=activity_cost' --data-set PLCM
    """
    ws = console.open_workspace(workspace)
    changes = _changes(columns, constants, data_set, sheet)
    if not identifier.startswith("s"):
        _edit(ws, identifier, changes, reason)
        return
    layout, report = confirming.confirm_submission(ws, identifier, changes, reason)
    say(f"Layout {layout.id} ({layout.name}) is confirmed")
    print_reports([report], form)
    if report.status == HELD:
        raise typer.Exit(console.EXIT_NEEDS_A_PERSON)


@layouts.command("edit")
def layouts_edit(
    layout: Annotated[str, typer.Argument(help="Number of the layout.")],
    columns: Columns = [],  # noqa: B006
    constants: Constants = [],  # noqa: B006
    data_set: Annotated[str, typer.Option("--data-set", help="What the table is.")] = "",
    reason: Reason = "",
    workspace: WorkspaceOption = HERE,
) -> None:
    """Make a new version of a layout; files read before stay as they were read.

    Example: comptroller layouts edit 3 --set 'Ref=provider_reference_identifier'
    """
    _edit(
        console.open_workspace(workspace),
        layout,
        _changes(columns, constants, data_set, ""),
        reason,
    )


def _edit(ws: Workspace, layout: str, changes: confirming.Changes, reason: str) -> None:
    saved = confirming.edit(ws, confirming.find_layout(ws, layout), changes, reason)
    say(f"Layout {saved.id} ({saved.name}) is confirmed")


def _changes(
    columns: list[str], constants: list[str], data_set: str, sheet: str
) -> confirming.Changes:
    return confirming.Changes(
        columns=confirming.pairs(columns, "--set"),
        constants=confirming.pairs(constants, "--constant"),
        data_set=data_set,
        sheet=sheet,
    )
