"""A person settles a layout: from a held file, or by changing a saved one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from comptroller.errors import ComptrollerError, UsageError
from comptroller.intake.decisions import Submission, find, read_as_decided
from comptroller.intake.incoming import IncomingPart, read_incoming
from comptroller.intake.layouts import LayoutDraft, SavedLayout, confirm, load_book
from comptroller.intake.near import did_you_mean
from comptroller.intake.recogniser import Recogniser, providers_in
from comptroller.intake.report import FileReport
from comptroller.intake.surroundings import look_round
from comptroller.vocabulary import normalise_header
from comptroller.workspace import Workspace


@dataclass(frozen=True)
class Changes:
    """What a person says about a layout.

    Attributes:
        columns: Header as written to element; '' for a column that is not used.
        constants: Facts of all rows, such as ``commissioner_code``.
        data_set: The data set, or '' to leave it as found.
        sheet: The sheet, or '' for the one that is held.
    """

    columns: Mapping[str, str]
    constants: Mapping[str, str]
    data_set: str = ""
    sheet: str = ""


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """Return ``name=value`` options as a dictionary."""
    found = {}
    for item in given:
        name, equals, value = item.rpartition("=")
        if not equals or not name.strip():
            raise UsageError(
                f"{option} takes NAME=VALUE, not {item!r}",
                remedy=f"For example {option} 'Qty=activity_count'",
            )
        found[name.strip()] = value.strip()
    return found


def confirm_submission(
    ws: Workspace, identifier: str, changes: Changes, reason: str
) -> tuple[SavedLayout, FileReport]:
    """Confirm the layout of a submission, read it again with it, and return both.

    Raises:
        ComptrollerError: A header is not in the file, an element is unknown, or the file has no
            table.
    """
    submission = find(ws, identifier)
    if submission.status == "promoted" and changes == Changes({}, {}):
        raise ComptrollerError(
            f"{submission.submission_id} is promoted: its columns count as they were read",
            where=submission.file,
            remedy="To read it another way, say how: comptroller layouts confirm "
            f"{submission.submission_id} --set HEADER=ELEMENT",
        )
    con = ws.connect()
    part = _part_of(ws, con, submission, changes)
    draft = _draft(part, submission, changes)
    if not draft.provider_code:
        draft = replace(draft, provider_code=_provider_in(con, part, draft))
    layout = confirm(ws, draft, reason=reason, at=ws.now())
    # What a person has promoted it despite does not hold it anew.
    before = json.loads(submission.report)
    return layout, read_as_decided(ws, submission, before, None, reason)


def _provider_in(con: duckdb.DuckDBPyConnection, part: IncomingPart, draft: LayoutDraft) -> str:
    """Return the one provider that the rows name in the layout's column, '' for none or several."""
    found: set[str | None] = set()
    for index, header in enumerate(part.table.headers):
        if draft.columns.get(normalise_header(header)) == "provider_code":
            found |= providers_in(con, part.table, index)
    return (found.pop() or "") if len(found) == 1 else ""


def _part_of(
    ws: Workspace, con: duckdb.DuckDBPyConnection, submission: Submission, changes: Changes
) -> IncomingPart:
    around = look_round(ws, con)
    with ws.landing_store.clear_copy(submission.sha256, submission.file) as clear:
        incoming = read_incoming(
            con, clear, submission.file, Recogniser(around.directory, load_book(ws))
        )
    parts = [p for p in incoming.parts if not changes.sheet or p.table.sheet == changes.sheet]
    if not parts:
        raise ComptrollerError(
            "there is no table to confirm"
            + (f" in sheet {changes.sheet!r}" if changes.sheet else ""),
            where=submission.file,
            remedy="See: comptroller submissions show " + submission.submission_id,
        )
    said = {normalise_header(header) for header in changes.columns}
    # Of several tables the one that has the columns in question.
    return max(parts, key=lambda p: len(said & {normalise_header(h) for h in p.table.headers}))


def _draft(part: IncomingPart, submission: Submission, changes: Changes) -> LayoutDraft:
    headers = {normalise_header(h): h for h in part.table.headers if h.strip()}
    columns = {
        normalise_header(c.header): c.element for c in part.recognised.mapping.used if c.header
    }
    for header, element in changes.columns.items():
        key = normalise_header(header)
        if key not in headers:
            raise ComptrollerError(
                f"the file has no column {header!r}",
                where=submission.file,
                remedy=did_you_mean(
                    header,
                    headers.values(),
                    f"List them: comptroller submissions show {submission.submission_id}",
                ),
            )
        # What the person says of an element takes it from the column that had it by evidence.
        columns = {k: e for k, e in columns.items() if e != element or not element}
        columns[key] = element
    if not (changes.data_set or part.recognised.data_set):
        raise UsageError(
            "nothing tells what data set the table is",
            where=submission.file,
            remedy="Say it too: --data-set ACM for totals, --data-set PLCM for patients",
        )
    told = part.recognised.constants.get("provider_code", ("", ""))[0]
    in_rows = json.loads(submission.report)["provider_code"]
    provider = changes.constants.get("provider_code") or in_rows or told
    return LayoutDraft(
        provider_code=provider or "",
        data_set=changes.data_set or part.recognised.data_set,
        sheet=part.table.sheet,
        headers=part.table.headers,
        columns={key: element for key, element in columns.items() if element},
        constants=dict(changes.constants),
        submission_id=submission.submission_id,
    )


def edit(ws: Workspace, layout: SavedLayout, changes: Changes, reason: str) -> SavedLayout:
    """Make a confirmed new version of a saved layout with some changes."""
    headers = {normalise_header(h): h for h in layout.headers if h.strip()}
    columns = dict(layout.columns)
    for header, element in changes.columns.items():
        key = normalise_header(header)
        if key not in headers:
            raise ComptrollerError(
                f"the layout has no column {header!r}",
                where=layout.name,
                remedy=did_you_mean(
                    header, headers.values(), f"List them: comptroller layouts show {layout.id}"
                ),
            )
        columns = {k: e for k, e in columns.items() if e != element or not element}
        columns[key] = element
    return confirm(
        ws,
        LayoutDraft(
            provider_code=layout.provider_code,
            data_set=changes.data_set or layout.data_set,
            sheet=layout.sheet,
            headers=layout.headers,
            columns={key: element for key, element in columns.items() if element},
            constants={**layout.constants, **changes.constants},
        ),
        reason=reason,
        at=ws.now(),
    )


def find_layout(ws: Workspace, name: str) -> SavedLayout:
    """Return the layout with this number, as ``layouts list`` prints it.

    Raises:
        ComptrollerError: There is none.
    """
    for layout in load_book(ws).layouts:
        if str(layout.id) == name:
            return layout
    raise ComptrollerError(f"there is no layout {name!r}", remedy="See: comptroller layouts list")
