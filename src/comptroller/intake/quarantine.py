"""What is in quarantine, and how a person mends it: rows that could not be loaded become lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from comptroller.errors import ComptrollerError, UsageError
from comptroller.intake import corrections
from comptroller.intake.correcting import column_of
from comptroller.intake.corrections import CORRECTED, CorrectionBook, SavedCorrection
from comptroller.intake.decisions import (
    Submission,
    connect,
    find,
    list_submissions,
    read_as_decided,
    waived,
)
from comptroller.intake.near import did_you_mean
from comptroller.intake.promote import hold_kind
from comptroller.intake.report import HELD, PROMOTED, FileReport
from comptroller.intake.source import MappedColumn
from comptroller.vocabulary import normalise_header
from comptroller.warehouse import failpoint
from comptroller.workspace import Workspace

LIST_COLUMNS = (
    "submission_id",
    "file",
    "provider_codes",
    "data_set",
    "reason",
    "column_name",
    "rows",
    "lines",
    "cost",
)
ROW_COLUMNS = (
    "part",
    "sheet",
    "row",
    "reason",
    "column_name",
    "value_shown",
    "cost",
    "provider_code",
    "financial_year",
    "month",
)
CORRECTION_COLUMNS = (
    "correction",
    "status",
    "submission_id",
    "for_provider",
    "data_set",
    "sheet",
    "row",
    "column",
    "from",
    "to",
    "gives_way_to",
    "created_at",
    "created_by",
    "reason",
)
COMPARED = (
    "status",
    "rows_loaded",
    "rows_quarantined",
    "lines_loaded",
    "cost_read",
    "cost_loaded",
    "cost_quarantined",
)


@dataclass(frozen=True)
class Ask:
    """What a person says is to be read otherwise.

    Attributes:
        column: The column's header as written, or the element that it is read as.
        to_text: How the value is to be read.
        from_text: By rule, the value as it stands in the file; '' for an empty cell.
        row: By hand, the row.
        sheet: Its sheet; for a rule, the only sheet that it is for.
        part: The number of the table, where several have a sheet of this name.
        for_provider: Whether the rule holds for the provider's other files too.
    """

    column: str
    to_text: str
    from_text: str | None = None
    row: int | None = None
    sheet: str = ""
    part: int | None = None
    for_provider: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a correction does to a file: its report so far and as it would be or is."""

    correction: SavedCorrection
    before: Mapping[str, Any]
    report: FileReport

    @property
    def values(self) -> int:
        """How many values it corrects."""
        return sum(
            item["values"]
            for item in self.report.changes
            if item["kind"] == CORRECTED and item["correction"] == self.correction.id
        )

    @property
    def not_payable(self) -> list[str]:
        """The months, as 2026/27-M05, whose payable version stays: this one came after freeze."""
        return sorted(
            {
                f"{one.financial_year}-M{one.month:02d}"
                for one in self.report.slices
                if one.stage == "post_freeze" and one.action in ("replaced", "nil")
            }
        )

    def rows(self) -> list[tuple[str, Any, Any]]:
        """Return what it changes, for a table: what, so far, corrected."""
        after = self.report.to_json()
        made: list[tuple[str, Any, Any]] = [("values_corrected", 0, self.values)]
        return made + [(name, self.before.get(name), after[name]) for name in COMPARED]


def summary(
    ws: Workspace, *, submission: str = "", provider: str = "", reason: str = ""
) -> list[tuple[Any, ...]]:
    """Return what is in quarantine by file, reason and column; see ``LIST_COLUMNS``.

    ``rows`` are rows of the file, as `load` counts them; where months go across the columns one of
    them may be several ``lines``.

    Args:
        ws: The workspace.
        submission: Only this one; the beginning of its id will do.
        provider: Only files of this provider.
        reason: Only reasons with these words.
    """
    chosen = find(ws, submission).submission_id if submission else ""
    con = connect(ws)
    ws.warehouse.relation(con, "quarantine")
    return con.execute(
        """WITH latest AS (
            SELECT * FROM submissions QUALIFY row_number() OVER (
                PARTITION BY submission_id ORDER BY loaded_at DESC, commit_id DESC) = 1
        )
        SELECT q.submission_id, s.file, s.provider_codes, q.data_set, q.reason,
            regexp_replace(q.column_name, ', column [A-Z]+$', '') AS column_name,
            count(DISTINCT (q.part, coalesce(q.sheet, ''), q.row)) AS rows, count(*) AS lines,
            coalesce(sum(q.cost), 0) AS cost
        FROM quarantine q JOIN latest s USING (submission_id, commit_id)
        WHERE ($1 = '' OR q.submission_id = $1)
        AND ($2 = '' OR list_contains(string_split(s.provider_codes, ', '), $2)
             OR q.provider_code = $2)
        AND ($3 = '' OR contains(lower(q.reason), lower($3)))
        GROUP BY ALL ORDER BY cost DESC, s.file, q.submission_id, q.data_set, q.reason,
            column_name""",
        [chosen, provider, reason],
    ).fetchall()


def rows_of(ws: Workspace, submission: Submission) -> list[tuple[Any, ...]]:
    """Return the rows of a submission's latest reading; see ``ROW_COLUMNS``."""
    con = connect(ws)
    ws.warehouse.relation(con, "quarantine")
    return con.execute(
        f"SELECT {', '.join(ROW_COLUMNS)} FROM quarantine WHERE submission_id = ? "
        "AND commit_id = ? ORDER BY part, row",
        [submission.submission_id, submission.commit_id],
    ).fetchall()


def list_corrections(ws: Workspace, submission: str = "") -> list[tuple[Any, ...]]:
    """Return the corrections that were made; see ``CORRECTION_COLUMNS``."""
    chosen = find(ws, submission).submission_id if submission else ""
    book = corrections.load_corrections(ws)
    return [
        (
            x.id,
            x.status,
            x.submission_id,
            x.provider_code if x.for_provider else None,
            x.data_set,
            x.sheet,
            x.row,
            x.column,
            None if x.by_hand else x.from_text,
            x.to_text,
            ", ".join(f"{own.id} ({own.submission_id})" for own in book.before(x)) or None,
            x.created_at,
            x.created_by,
            x.reason,
        )
        for x in corrections.all_corrections(ws)
        if chosen in ("", x.submission_id)
    ]


# -- correcting --------------------------------------------------------------------------------


def correct(
    ws: Workspace, identifier: str, ask: Ask, reason: str, *, dry_run: bool = False
) -> Outcome:
    """Keep a correction of values in quarantine and read the submission again with it.

    It is tried first: what would read nothing otherwise, or would hold a file that is promoted,
    is refused, and nothing is changed. Killed after the decision was kept, the same command again
    completes it.

    Raises:
        ComptrollerError: No such value is in quarantine, or the file would be held.
        UsageError: The correction cannot be meant.
    """
    if not reason.strip() and not dry_run:
        raise UsageError("a decision needs a reason", remedy="Add: --reason 'why, in a sentence'")
    submission = find(ws, identifier)
    before = json.loads(submission.report, parse_float=Decimal)
    _refuse_if_out(submission, before)
    book = corrections.load_corrections(ws)
    draft = replace(_draft(ws, submission, before, ask, book), reason=reason)
    corrections.check(draft)
    known = book.same_as(draft)
    draft = known or draft
    tried = Outcome(
        draft,
        before,
        read_as_decided(ws, submission, before, book.with_one(draft), reason, dry_run=True),
    )
    if not tried.values:
        own = [x for x in book.before(draft) if x.submission_id == submission.submission_id]
        if own:
            raise ComptrollerError(
                f"correction {own[0].id} ({own[0].told()}) is for this file alone and goes before "
                "a rule for the provider",
                where=submission.file,
                remedy=f"Withdraw it first: comptroller quarantine withdraw {own[0].id}",
            )
        raise ComptrollerError(
            f"no value in quarantine of column {draft.column!r} is {draft.from_text!r}",
            where=submission.file,
            remedy=_what_there_is(ws, submission, draft),
        )
    applied = [c for c in before["changes"] if c.get("correction") == draft.id]
    if dry_run or (known and sum(c["values"] for c in applied) == tried.values):
        # Only tried, or decided and read so already: the same again changes nothing.
        return tried
    _refuse_if_it_would_be_held(submission, before, tried.report)
    kept = known or corrections.save(ws, draft)
    failpoint("quarantine.after_decision")
    book = corrections.load_corrections(ws)
    return Outcome(
        kept, before, read_as_decided(ws, submission, before, book, reason, dry_run=False)
    )


def withdraw(ws: Workspace, number: str, reason: str) -> tuple[list[FileReport], list[str]]:
    """Let a correction count no more; read again what was read with it.

    Returns:
        The new reports, and of each file that keeps the lines it has why it does.

    Raises:
        ComptrollerError: There is no such correction.
    """
    if not reason.strip():
        raise UsageError("a decision needs a reason", remedy="Add: --reason 'why, in a sentence'")
    correction = corrections.find_correction(ws, number)
    corrections.mark_withdrawn(ws, correction, reason)
    book = corrections.load_corrections(ws)
    reports, kept = [], []
    for name in [row[0] for row in list_submissions(ws)]:
        submission = find(ws, name)
        before = json.loads(submission.report, parse_float=Decimal)
        used = {item.get("correction") for item in before.get("changes", [])}
        if correction.id not in used:
            continue
        try:
            _refuse_if_out(submission, before)
            tried = read_as_decided(ws, submission, before, book, reason, dry_run=True)
            _refuse_if_it_would_be_held(submission, before, tried)
        except ComptrollerError as problem:
            kept.append(f"{problem.where}: {problem.what}; it keeps the lines that it has")
            continue
        reports.append(read_as_decided(ws, submission, before, book, reason, dry_run=False))
    return reports, kept


def _refuse_if_out(submission: Submission, report: Mapping[str, Any]) -> None:
    if submission.status not in (PROMOTED, HELD) or report["status"] != submission.status:
        raise ComptrollerError(
            f"{submission.submission_id} is {submission.status}: nothing of it counts",
            where=submission.file,
            remedy="Bring it back first: comptroller submissions promote "
            f"{submission.submission_id} --reason ...",
        )


def _refuse_if_it_would_be_held(
    submission: Submission, before: Mapping[str, Any], tried: FileReport
) -> None:
    if tried.status != PROMOTED and before["status"] == PROMOTED:
        despite = waived(before)
        why = [
            m.text
            for m in tried.messages
            if m.text.startswith(HELD) and hold_kind(m.text) not in despite
        ]
        raise ComptrollerError(
            f"read so, {submission.submission_id} would be "
            + (why[0] if why else f"{tried.status}"),
            where=submission.file,
            remedy="Nothing is changed. Correct the file that was received last, or withdraw this "
            "one first",
        )


def _draft(
    ws: Workspace,
    submission: Submission,
    report: Mapping[str, Any],
    ask: Ask,
    book: CorrectionBook,
) -> SavedCorrection:
    if (ask.row is None) == (ask.from_text is None):
        raise UsageError(
            "a correction is by rule (--from TEXT) or by hand (--row N)",
            remedy="Give one of the two",
        )
    if ask.for_provider and ask.row is not None:
        raise UsageError("--for-provider keeps a rule, not a row", remedy="Give --from TEXT")
    there = [dict(zip(ROW_COLUMNS, row, strict=True)) for row in rows_of(ws, submission)]
    here = [
        item
        for item in there
        if (not ask.sheet or item["sheet"] == ask.sheet)
        and (ask.part is None or item["part"] == ask.part)
        and (ask.row is None or item["row"] == ask.row)
    ]
    if ask.row is not None:
        done = [
            x
            for x in book.corrections
            if (x.submission_id, x.row) == (submission.submission_id, ask.row)
            and ask.sheet in ("", x.sheet)
        ]
        if not here and done:
            raise ComptrollerError(
                f"row {ask.row} is corrected already ({done[0].told()})",
                where=submission.file,
                remedy=f"To change that: comptroller quarantine withdraw {done[0].id}",
            )
        parts = sorted({item["part"] for item in here})
        if len(parts) > 1:
            raise UsageError(
                f"row {ask.row} is in quarantine in several tables",
                where=submission.file,
                remedy="Add --sheet or --part; the tables are "
                + ", ".join(f"{i['part']} ({i['sheet'] or 'no sheet'})" for i in here),
            )
    if not here:
        raise ComptrollerError(
            f"row {ask.row} is not in quarantine"
            if ask.row is not None
            else "nothing of it is in "
            "quarantine" + (f" in sheet {ask.sheet!r}" if ask.sheet else ""),
            where=submission.file,
            remedy=f"See: comptroller quarantine show {submission.submission_id}",
        )
    column = _column(report, submission, ask, {item["sheet"] or "" for item in here})
    found = {item["provider_code"] for item in here} - {None}
    provider = report.get("provider_code") or (found.pop() if len(found) == 1 else "")
    if ask.for_provider and not provider:
        raise ComptrollerError(
            "the file is not of one provider, for whom the rule could be kept",
            where=submission.file,
            remedy="Leave --for-provider out",
        )
    return SavedCorrection(
        submission_id=submission.submission_id,
        data_set=_data_set(report, here, column),
        column=column.header,
        element=column.element,
        from_text=" ".join((ask.from_text or "").split()),
        to_text=" ".join(ask.to_text.split()),
        reason="",
        provider_code=provider,
        for_provider=ask.for_provider,
        sheet=(here[0]["sheet"] or "") if ask.row is not None else ask.sheet,
        part=here[0]["part"] if ask.row is not None else None,
        row=ask.row,
    )


def _column(
    report: Mapping[str, Any], submission: Submission, ask: Ask, sheets: set[str]
) -> MappedColumn:
    columns = [
        MappedColumn(item["column"] - 1, item["header"], item["element"] or "", 1.0, "")
        for item in report["mapping"]
        if (item["sheet"] or "") in sheets
    ]
    found = column_of(columns, ask.column)
    if found is None:
        raise UsageError(
            f"the file has no column {ask.column!r}",
            where=submission.file,
            remedy=did_you_mean(
                ask.column,
                (c.header for c in columns),
                f"List them: comptroller submissions show {submission.submission_id}",
            ),
        )
    if not found.element:
        raise UsageError(
            f"column {ask.column!r} is not read as anything",
            where=submission.file,
            remedy=f"Say what it is: comptroller layouts confirm {submission.submission_id} "
            f"--set {ask.column!r}=ELEMENT",
        )
    return found


def _data_set(report: Mapping[str, Any], here: list[dict[str, Any]], column: MappedColumn) -> str:
    """Return the data set of the table that the correction is for."""
    wanted = normalise_header(column.header)
    for part in report.get("parts", [report]):
        headers = {normalise_header(item["header"]) for item in part["mapping"]}
        same = part.get("sheet") in {item["sheet"] or "" for item in here} or part is report
        if part.get("data_set") and wanted in headers and same:
            return str(part["data_set"])
    return str(report["data_set"] or "")


def _what_there_is(ws: Workspace, submission: Submission, draft: SavedCorrection) -> str:
    counts: dict[str, int] = {}
    for row in rows_of(ws, submission):
        item = dict(zip(ROW_COLUMNS, row, strict=True))
        if item["column_name"] and normalise_header(item["column_name"]) in (
            normalise_header(draft.column),
            normalise_header(draft.element),
        ):
            shown = repr(item["value_shown"] or "")
            counts[shown] = counts.get(shown, 0) + 1
    listed = ", ".join(
        f"{value} ({count})" for value, count in sorted(counts.items(), key=lambda x: -x[1])[:8]
    )
    see = f"See: comptroller quarantine show {submission.submission_id}"
    return f"There is {listed}" if listed else see
