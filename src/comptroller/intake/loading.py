"""Load received files: land, read, recognise, normalise, decide, promote in one commit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Protocol

import duckdb

from comptroller.access.landing import file_sha256
from comptroller.errors import ComptrollerError, UsageError
from comptroller.intake.committing import Batch, note_in_audit
from comptroller.intake.corrections import CorrectionBook, load_corrections
from comptroller.intake.coverage import AS_INFERRED
from comptroller.intake.incoming import IncomingFile, open_incoming, recognise_incoming
from comptroller.intake.layouts import LayoutBook, load_book
from comptroller.intake.promote import promote
from comptroller.intake.recogniser import Recogniser
from comptroller.intake.report import DUPLICATE, FileReport, Message
from comptroller.intake.slices import LAST_DECISIONS
from comptroller.intake.surroundings import look_round
from comptroller.warehouse import avoid_optimizers, failpoint, side_by_side
from comptroller.workspace import Workspace

BATCH_BYTES = 1_500_000_000
"""Files are read and committed together up to this size, so that memory stays bounded."""

_SMALL_BYTES = 8_000_000
"""Of files up to this size each is worked on by one thread: to share out costs more than it gains.
"""

_SKIPPED = (".ds_store", "thumbs.db", "desktop.ini")


class Progress(Protocol):
    """What a load tells about its progress; ``comptroller.console.ProgressBar`` is one."""

    def advance(self, steps: int = 1) -> None:
        """Move on by so many files."""

    def describe(self, description: str, *, total: int | None = None) -> None:
        """Say what is being done now, with the number of steps when known."""


@dataclass(frozen=True)
class Earlier:
    """What is known of bytes that were received before."""

    submission_id: str
    status: str
    readings: int
    report: str
    loaded_at: datetime
    withdrawn: bool = False


@dataclass(frozen=True)
class Waive:
    """A person's decision to promote what the rules hold.

    ``taken`` says whether the file is a part of the return or the whole, where the person knows.
    ``only``: the kinds of hold that the decision is about (`promote.hold_kind`), None for all.
    """

    reason: str
    who: str
    taken: str = AS_INFERRED
    only: frozenset[str] | None = None


@dataclass(frozen=True)
class _Order:
    """What one load is to do, and for whom."""

    ws: Workspace
    key: bytes
    received: datetime
    dry_run: bool
    progress: Progress | None
    sender: str
    waive: Waive | None
    again: bool
    corrections: CorrectionBook


@dataclass
class _Arrival:
    path: Path
    name: str
    sha256: str
    report: FileReport | None = None
    reading: int = 1
    incoming: IncomingFile | None = field(default=None, repr=False)


def load(
    ws: Workspace,
    paths: Sequence[Path | str],
    *,
    received: date | datetime | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    sender: str = "",
    waive: Waive | None = None,
    names: dict[str, str] | None = None,
    again: bool = False,
    wait: float | None = None,
    corrections: CorrectionBook | None = None,
) -> list[FileReport]:
    """Load files and folders; return one report per file, in the order of their names.

    Killed anywhere, it leaves the state before or after; run again, it completes and changes
    nothing twice. The same bytes twice are one submission (``duplicate``); bytes that were held
    are read again, because a layout or a reference file may have come since.

    Args:
        ws: The workspace.
        paths: Files, or folders that are searched through.
        received: When the files arrived; decides the stage of each slice. Default: now.
        dry_run: Tell what would happen; nothing is landed or written.
        progress: Told as it goes.
        sender: Who sent the files.
        waive: Promote despite the rules that hold, with reason and person.
        names: Path to the name under which a file is reported, where it differs.
        again: Read bytes that are promoted already once more, as after a layout's correction.
        wait: How many seconds to wait while another command writes; by default ten minutes.
        corrections: What is corrected; by default what people have decided.

    Raises:
        BusyError: Another command was writing all that time.
        ComptrollerError: A path does not exist, or the pseudonym key is missing.
        UsageError: The day of receipt is still to come.
    """
    order = _Order(
        ws=ws,
        key=ws.key,
        received=_not_to_come(ws, received_at(ws, received)),
        dry_run=dry_run,
        progress=progress,
        sender=sender,
        waive=waive,
        again=again,
        corrections=load_corrections(ws) if corrections is None else corrections,
    )
    files = expand(paths, leave_out=ws.path)
    with ws.write_lock() if wait is None else ws.write_lock(wait):
        if progress:
            progress.describe("Landing", total=len(files))
        arrivals = [
            _Arrival(path, (names or {}).get(str(path), name), _land(ws, path, dry_run))
            for path, name in files
        ]
        failpoint("load.after_landing")
        earlier = known_submissions(ws, [a.sha256 for a in arrivals])
        book = load_book(ws)
        reports = []
        for batch in _batches(arrivals):
            reports += _load_batch(order, batch, earlier, book)
        if not dry_run:
            note_in_audit(ws)
        return reports


def _not_to_come(ws: Workspace, received: datetime) -> datetime:
    present = ws.now().astimezone(UTC).replace(tzinfo=None)
    if received > present + timedelta(days=1):
        raise UsageError(
            f"{received:%Y-%m-%d} is a day to come", where="--received", remedy="Check the date"
        )
    return received


def received_at(ws: Workspace, received: date | datetime | None) -> datetime:
    """Return the moment of receipt, UTC without zone as the warehouse keeps it."""
    if received is None:
        moment = ws.now()
    elif isinstance(received, datetime):
        moment = received if received.tzinfo else received.replace(tzinfo=UTC)
    else:
        moment = datetime.combine(received, time(), tzinfo=UTC)
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def expand(paths: Sequence[Path | str], *, leave_out: Path | None = None) -> list[tuple[Path, str]]:
    """Return the files of some paths with the names they are reported under, in order.

    A folder is searched through; hidden files and lock files of office programs are passed over,
    and so are the workspace's own files.

    Raises:
        ComptrollerError: There is no such path, or a folder has no file.
    """
    found: list[tuple[Path, str]] = []
    for given in paths:
        path = Path(given)
        if path.is_dir():
            inside = files_in(path, leave_out=leave_out)
            if not inside:
                raise ComptrollerError(
                    "there is no file in this folder", where=str(path), remedy="Check the path"
                )
            found += [(p, p.relative_to(path).as_posix()) for p in inside]
        elif path.exists():
            found.append((path, path.name))
        else:
            raise ComptrollerError(
                "there is no such file or folder", where=str(given), remedy="Check the path"
            )
    return found


def files_in(folder: Path, *, leave_out: Path | None = None) -> list[Path]:
    """Return the files that a folder and the folders in it hold, in order; see `expand`."""
    own = leave_out.resolve() if leave_out else None
    inside = [p for p in sorted(folder.rglob("*")) if p.is_file() and _wanted(p, folder)]
    if own and own.is_relative_to(folder.resolve()):
        inside = [p for p in inside if not p.resolve().is_relative_to(own)]
    return inside


def _wanted(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    hidden = any(part.startswith((".", "~$")) for part in parts)
    return not hidden and path.name.lower() not in _SKIPPED


def _land(ws: Workspace, path: Path, dry_run: bool) -> str:
    try:
        return file_sha256(path) if dry_run else ws.landing_store.put(path)
    except OSError as problem:
        raise ComptrollerError(
            f"the file cannot be read ({problem.strerror})",
            where=str(path),
            remedy="Check that you may read it",
        ) from None


def known_submissions(ws: Workspace, digests: Sequence[str]) -> dict[str, Earlier]:
    """Return what is known of bytes received before, by their SHA-256."""
    con = ws.warehouse.small_connection()
    ws.warehouse.view(con, "submissions", "slice_decisions")
    rows = con.execute(
        "SELECT sha256, arg_max(submission_id, loaded_at), arg_max(status, loaded_at), count(*), "
        "arg_max(report, loaded_at), max(loaded_at), coalesce(any_value(d.kind) = 'withdraw', "
        f"false) FROM submissions LEFT JOIN {LAST_DECISIONS} d USING (submission_id) "
        "WHERE list_contains(?, sha256) GROUP BY sha256",
        [list(digests)],
    ).fetchall()
    return {row[0]: Earlier(*row[1:]) for row in rows}


def _batches(arrivals: Sequence[_Arrival]) -> list[list[_Arrival]]:
    batches: list[list[_Arrival]] = []
    size = 0
    for arrival in arrivals:
        bytes_ = arrival.path.stat().st_size
        if not batches or size + bytes_ > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(arrival)
        size += bytes_
    return batches


def _load_batch(
    order: _Order,
    arrivals: Sequence[_Arrival],
    earlier: dict[str, Earlier],
    book: LayoutBook,
) -> list[FileReport]:
    ws, progress = order.ws, order.progress
    con = ws.connect()
    # Joins in place of lists of words would look at every cell, also where it is plain.
    avoid_optimizers(con, "in_clause")
    try:
        around = look_round(ws, con)
        recogniser = Recogniser(around.directory, book)
        forced = order.waive is not None or order.again
        fresh = _tell_apart(arrivals, earlier, forced)
        if len(fresh) > 1 and all(a.path.stat().st_size <= _SMALL_BYTES for a in fresh):
            con.execute("SET threads = 1")
        if progress:
            progress.describe("Reading", total=len(fresh))

        def read(cursor: duckdb.DuckDBPyConnection, arrival: _Arrival) -> IncomingFile:
            return open_incoming(cursor, arrival.path, arrival.name)

        for arrival, incoming in zip(fresh, side_by_side(con, read, fresh), strict=True):
            # In their order: what one table turned out to be speaks for the next like it.
            recognise_incoming(con, incoming, recogniser)
            arrival.incoming, arrival.report = incoming, incoming.report
            arrival.report.sha256 = arrival.sha256
            arrival.report.submission_id = submission_id(arrival.sha256)
            if progress:
                progress.advance()
        if fresh:
            if progress:
                progress.describe(f"Promoting {len(fresh)} files")
            batch = Batch(
                files=[a.incoming for a in fresh if a.incoming],
                readings={a.sha256: a.reading for a in fresh},
                received=order.received,
                sender=order.sender,
                waive=order.waive is not None,
                waive_only=order.waive.only if order.waive else None,
                taken=order.waive.taken if order.waive else AS_INFERRED,
                corrections=order.corrections,
                earlier={digest: known.report for digest, known in earlier.items()},
            )
            promote(ws, con, batch, around, book, order.key, dry_run=order.dry_run)
        return [a.report for a in arrivals if a.report is not None]
    finally:
        con.close()


def _tell_apart(
    arrivals: Sequence[_Arrival], earlier: dict[str, Earlier], forced: bool
) -> list[_Arrival]:
    """Return the arrivals to be read; the others are reported as duplicates."""
    seen: dict[str, str] = {}
    fresh = []
    for arrival in arrivals:
        known = earlier.get(arrival.sha256)
        twin = seen.get(arrival.sha256)
        if twin or (known and known.status == "promoted" and not forced):
            arrival.report = _duplicate(arrival, known, twin)
            continue
        seen[arrival.sha256] = arrival.name
        arrival.reading = known.readings + 1 if known else 1
        fresh.append(arrival)
    return fresh


def submission_id(sha256: str) -> str:
    """Return the id of the submission with these bytes."""
    return "s" + sha256[:16]


def _duplicate(arrival: _Arrival, known: Earlier | None, twin: str | None) -> FileReport:
    report = FileReport(
        arrival.name, arrival.sha256, submission_id(arrival.sha256), status=DUPLICATE
    )
    if twin or known is None:
        text = f"the same bytes as {twin}"
    else:
        first = json.loads(known.report)["file"]
        text = (
            f"the same bytes as {first} ({known.submission_id}), loaded {known.loaded_at:%Y-%m-%d}"
        )
        if known.withdrawn:
            why = (
                f"{text} and taken out since: nothing of it counts. To bring it back: comptroller "
                f"submissions promote {known.submission_id} --reason ..."
            )
            report.messages.append(Message("warning", why))
            return report
    report.messages.append(Message("note", f"{text}; nothing is loaded twice"))
    return report
