"""Decisions about submissions: withdraw, put on hold, promote, make payable; all recorded.

A decision is a row of ``slice_decisions`` and an entry of the audit trail. Nothing is deleted: a
withdrawn submission's versions count for neither track until it is promoted again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Any

import duckdb

from comptroller.access import audit
from comptroller.errors import ComptrollerError, UsageError
from comptroller.intake.corrections import CorrectionBook
from comptroller.intake.coverage import AS_INFERRED, AS_PART, TAKEN_AS_PART
from comptroller.intake.loading import Waive, load
from comptroller.intake.pod_groups import from_text
from comptroller.intake.promote import WAIVED, hold_kind
from comptroller.intake.report import HELD, FileReport
from comptroller.intake.slices import LAST_DECISIONS, create_slice_state
from comptroller.workspace import Workspace

_LIST = f"""
WITH readings AS (
    SELECT *, row_number() OVER (
        PARTITION BY submission_id ORDER BY loaded_at DESC, commit_id DESC) AS reading
    FROM submissions
), decided AS {LAST_DECISIONS}
SELECT r.submission_id, r.received_at, r.file, r.data_sets, r.provider_codes,
       CASE WHEN d.kind = 'withdraw' AND d.reason LIKE 'on hold%' THEN 'held'
            WHEN d.kind = 'withdraw' THEN 'withdrawn' ELSE r.status END AS status,
       (report ->> 'rows_read')::BIGINT AS rows_read,
       (report ->> 'rows_loaded')::BIGINT AS rows_loaded,
       (report ->> 'rows_quarantined')::BIGINT AS rows_quarantined,
       CAST(report ->> 'cost_loaded' AS DECIMAL(26,8)) AS cost_loaded,
       r.sha256, r.commit_id, r.report, r.loaded_at
FROM readings r LEFT JOIN decided d USING (submission_id) WHERE reading = 1
"""
LIST_COLUMNS = (
    "submission_id",
    "received_at",
    "file",
    "data_sets",
    "provider_codes",
    "status",
    "rows_read",
    "rows_loaded",
    "rows_quarantined",
    "cost_loaded",
)


@dataclass(frozen=True)
class Submission:
    """The latest reading of a submission with what was decided about it."""

    submission_id: str
    received_at: datetime
    file: str
    status: str
    sha256: str
    commit_id: str
    report: str


def connect(ws: Workspace) -> duckdb.DuckDBPyConnection:
    """Return an engine with the relations that tell of submissions."""
    con = ws.connect()
    ws.warehouse.view(con, "submissions", "slice_decisions")
    return con


def list_submissions(ws: Workspace) -> list[tuple[Any, ...]]:
    """Return the latest reading of every submission, oldest first; see ``LIST_COLUMNS``."""
    con = connect(ws)
    return con.execute(
        f"SELECT {', '.join(LIST_COLUMNS)} FROM ({_LIST}) ORDER BY received_at, file, submission_id"
    ).fetchall()


def find(ws: Workspace, identifier: str) -> Submission:
    """Return the submission whose id begins so.

    Raises:
        ComptrollerError: There is none, or more than one.
    """
    con = connect(ws)
    rows = con.execute(
        "SELECT submission_id, received_at, file, status, sha256, commit_id, report "
        f"FROM ({_LIST}) WHERE starts_with(submission_id, ?) ORDER BY submission_id LIMIT 5",
        [identifier],
    ).fetchall()
    if not identifier or not rows:
        raise ComptrollerError(
            f"there is no submission {identifier!r}", remedy="See: comptroller submissions list"
        )
    if len(rows) > 1:
        raise ComptrollerError(
            f"{identifier!r} may be {', '.join(row[0] for row in rows)}", remedy="Give more of it"
        )
    return Submission(*rows[0])


def withdraw(ws: Workspace, identifier: str, reason: str) -> str:
    """Take a promoted submission out of both tracks; return what was done.

    Raises:
        ComptrollerError: Nothing of it is loaded, or part files made slices whole with its lines.
    """
    return _out(ws, identifier, reason, "withdrawn")


def hold(ws: Workspace, identifier: str, reason: str) -> str:
    """Take a promoted submission out of both tracks until somebody promotes it again."""
    return _out(ws, identifier, reason, "held")


def _out(ws: Workspace, identifier: str, reason: str, becomes: str) -> str:
    _need_reason(reason)
    with ws.write_lock():
        submission = find(ws, identifier)
        if submission.status == becomes:
            return f"{submission.submission_id} is {becomes} already"
        if submission.status not in ("promoted", "held", "withdrawn") or (
            submission.status == "held" and not _has_versions(ws, submission.submission_id)
        ):
            raise ComptrollerError(
                f"{submission.submission_id} is {submission.status}: nothing of it is loaded",
                where=submission.file,
                remedy="See: comptroller submissions show " + submission.submission_id,
            )
        _refuse_if_carried(ws, submission)
        words = reason if becomes == "withdrawn" else f"on hold: {reason}"
        _decide(ws, "withdraw", submission.submission_id, [""], words)
        action = "submission.withdraw" if becomes == "withdrawn" else "submission.hold"
        ws.use_database()
        audit.record(action, submission.submission_id, reason=reason, at=ws.now())
    return f"{submission.submission_id} ({submission.file}) is {becomes}"


def promote(
    ws: Workspace, identifier: str, reason: str, taken: str = AS_INFERRED
) -> tuple[str, FileReport | None]:
    """Promote a held submission despite its rules, or bring a withdrawn one back.

    Returns what was done, and the new report where the file was read again.

    Args:
        ws: The workspace.
        identifier: The submission, or the beginning of its id.
        reason: Why.
        taken: ``part`` where the file is a part of the return, so that groups of points of
            delivery without lines in it stay; ``whole`` where it is not; ``inferred`` otherwise.

    Raises:
        ComptrollerError: It is promoted already, refused, or still lacks what a line needs.
    """
    _need_reason(reason)
    submission = find(ws, identifier)
    name = submission.submission_id
    if submission.status == "promoted":
        return f"{name} is promoted already", None
    if _has_versions(ws, name):
        report = None
        if _carries_what_is_withdrawn(ws, name):
            waive = Waive(reason, audit.current_actor(), taken)
            report = read_again(ws, submission, waive=waive)
        with ws.write_lock():
            _decide(ws, "restore", name, [""], reason)
            ws.use_database()
            audit.record("submission.promote", name, reason=reason, at=ws.now())
        return f"{name} ({submission.file}) is promoted again", report
    if submission.status == "refused":
        raise ComptrollerError(
            f"{name} was refused: nothing in it can be read",
            where=submission.file,
            remedy="Ask the sender for it again",
        )
    report = read_again(ws, submission, waive=Waive(reason, audit.current_actor(), taken))
    if report.status != "promoted":
        raise ComptrollerError(
            f"{name} cannot be promoted: "
            + next((m.text for m in report.messages if m.text.startswith(HELD)), "no line is left"),
            where=submission.file,
            remedy=report.remedy,
        )
    ws.use_database()
    audit.record("submission.promote", name, reason=reason, at=ws.now())
    return f"{name} ({submission.file}) is promoted", report


def read_again(
    ws: Workspace,
    submission: Submission,
    *,
    waive: Waive | None = None,
    corrections: CorrectionBook | None = None,
    dry_run: bool = False,
) -> FileReport:
    """Read a submission's landed bytes again, as received when it was received."""
    with ws.landing_store.clear_copy(submission.sha256, submission.file) as clear:
        (report,) = load(
            ws,
            [clear],
            received=submission.received_at,
            waive=waive,
            names={str(clear): submission.file},
            again=True,
            corrections=corrections,
            dry_run=dry_run,
        )
    return report


def waived(report: Mapping[str, Any]) -> frozenset[str]:
    """Return the kinds of hold that a person has promoted a file despite, from its report."""
    texts = [m["text"] for m in report["messages"]]
    return frozenset(hold_kind(t.removeprefix(WAIVED)) for t in texts if t.startswith(WAIVED))


def read_as_decided(
    ws: Workspace,
    submission: Submission,
    report: Mapping[str, Any],
    book: CorrectionBook | None,
    reason: str,
    *,
    dry_run: bool = False,
) -> FileReport:
    """Read a submission again, promoted despite what a person has promoted it despite.

    Args:
        ws: The workspace.
        submission: Which.
        report: Its report so far, which tells the decision.
        book: The corrections; None for those in force.
        reason: Why it is read again.
        dry_run: Only tell what would happen.
    """
    part = any(m["text"].startswith(TAKEN_AS_PART) for m in report["messages"])
    taken = AS_PART if part else AS_INFERRED
    waive = Waive(reason, audit.current_actor(), taken, only=waived(report))
    return read_again(ws, submission, waive=waive, corrections=book, dry_run=dry_run)


def make_payable(
    ws: Workspace,
    identifier: str,
    reason: str,
    *,
    commissioner: str = "",
    month: tuple[str, int] | None = None,
) -> int:
    """Pin a submission's versions as the payable ones of their slices; return how many.

    Args:
        ws: The workspace.
        identifier: The submission.
        reason: Why, for the record.
        commissioner: Only slices of this commissioner.
        month: Only slices of this financial year and month.
    """
    _need_reason(reason)
    with ws.write_lock():
        submission = find(ws, identifier)
        con = ws.connect()
        create_slice_state(con, ws.warehouse)
        found = con.execute(
            "SELECT slice_version_id FROM slice_versions WHERE submission_id = ? "
            "AND (? = '' OR commissioner_code = ?) "
            "AND (? IS NULL OR (financial_year = ? AND month = ?)) ORDER BY slice_version_id",
            [
                submission.submission_id,
                commissioner,
                commissioner,
                month[0] if month else None,
                month[0] if month else None,
                month[1] if month else None,
            ],
        ).fetchall()
        if not found:
            raise ComptrollerError(
                "it has no such slices",
                where=submission.submission_id,
                remedy="See: comptroller submissions show " + submission.submission_id,
            )
        versions = [row[0] for row in found]
        _decide(ws, "pin", submission.submission_id, versions, reason)
        ws.use_database()
        audit.record(
            "submission.make_payable",
            submission.submission_id,
            reason=reason,
            detail={"slice_versions": versions},
            at=ws.now(),
        )
    return len(versions)


def _refuse_if_carried(ws: Workspace, submission: Submission) -> None:
    """Refuse to take out a submission whose lines stand in slices that other files made whole."""
    con = connect(ws)
    create_slice_state(con, ws.warehouse)
    found = con.execute(
        "SELECT DISTINCT s.submission_id, s.file FROM slice_state v "
        "JOIN submissions s USING (submission_id) WHERE v.submission_id <> ? "
        "AND contains(v.pod_groups, ?) ORDER BY ALL",
        [submission.submission_id, submission.submission_id],
    ).fetchall()
    if found:
        listed = ", ".join(f"{name} ({file})" for name, file in found)
        raise ComptrollerError(
            f"slices of {submission.submission_id} were made whole by part files that came "
            f"later and carry its lines: {listed}",
            where=submission.file,
            remedy="Withdraw those first, then this one, then promote those again: they are then "
            "read anew, without it",
        )


def _carries_what_is_withdrawn(ws: Workspace, submission_id: str) -> bool:
    """Tell whether versions of a submission hold lines of one that was taken out since."""
    con = connect(ws)
    ws.warehouse.relation(con, "slice_versions")
    suppliers = {
        group.submission_id
        for (text,) in con.execute(
            "SELECT pod_groups FROM slice_versions WHERE submission_id = ? AND carried_rows > 0",
            [submission_id],
        ).fetchall()
        for group in from_text(text, home="").values()
    }
    rows = con.execute(
        f"SELECT submission_id FROM {LAST_DECISIONS} WHERE kind = 'withdraw'"
    ).fetchall()
    return bool((suppliers - {submission_id}) & {row[0] for row in rows})


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise UsageError("a decision needs a reason", remedy="Add: --reason 'why, in a sentence'")


def _has_versions(ws: Workspace, submission_id: str) -> bool:
    con = ws.connect()
    ws.warehouse.relation(con, "slice_versions")
    return (
        con.execute(
            "SELECT 1 FROM slice_versions WHERE submission_id = ? LIMIT 1", [submission_id]
        ).fetchone()
        is not None
    )


def _decide(
    ws: Workspace, kind: str, submission_id: str, versions: Sequence[str], reason: str
) -> None:
    con = connect(ws)
    found = con.execute("SELECT count(*) FROM slice_decisions").fetchone()
    before = int(found[0]) if found else 0
    moment = ws.now().replace(tzinfo=None)
    rows = [
        {
            # The number of decisions so far comes first, so that later ids are greater.
            "decision_id": f"{before + number:08d}",
            "kind": kind,
            "submission_id": submission_id,
            "slice_version_id": version or None,
            "decided_at": moment,
            "decided_by": audit.current_actor(),
            "reason": reason,
        }
        for number, version in enumerate(versions, start=1)
    ]
    told = f"{before}|{kind}|{submission_id}|{'|'.join(versions)}|{reason}"
    digest = md5(told.encode(), usedforsecurity=False).hexdigest()
    with ws.warehouse.commit("decide", digest, {"kind": kind, "submission": submission_id}) as made:
        made.append_rows("slice_decisions", rows)
