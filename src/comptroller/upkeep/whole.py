"""What a workspace must hold to be itself: its parts, decisions, tables, data and landed files.

Nothing is computed from lines here, and no key is needed; ``verify`` recounts what is inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from comptroller.access import database
from comptroller.access.landing import landed_path
from comptroller.errors import ComptrollerError
from comptroller.warehouse import fault_of
from comptroller.workspace import Workspace


@dataclass(frozen=True)
class Outcome:
    """One proof: what was looked at, how many there were, how many do not tie, one example."""

    what: str
    counted: int
    failures: int
    example: str


def outcome(what: str, counted: int, faults: Sequence[str]) -> Outcome:
    """Return a proof's outcome from a line for each fault."""
    return Outcome(what, counted, len(faults), faults[0] if faults else "")


def parts(workspace: Workspace) -> Outcome:
    """Tell whether the folders and the database of a workspace are there."""
    missing = [path.name for path in workspace.missing_parts()]
    return outcome("Workspace: its parts are there", len(workspace.parts), missing)


def holdings(workspace: Workspace) -> list[Outcome]:
    """Look at decisions, tables, data files and landed files of a workspace with all its parts."""
    fault = database.fault_of(workspace.database)
    found = [outcome("Decisions: the database is whole", 1, [fault] if fault else [])]
    lost = sorted(workspace.warehouse.lost_tables())
    written = len(workspace.warehouse.written_tables())
    found.append(outcome("Tables: those that were written are there", written, lost))
    files = workspace.warehouse.data_files()
    faults = [
        f"{path.relative_to(workspace.path)}: {why}" for path in files if (why := fault_of(path))
    ]
    found.append(outcome("Data files: as they were written", len(files), faults))
    what = "Landed files: those received are there"
    try:
        received = _received(workspace)
    except (duckdb.Error, ComptrollerError):
        return [*found, Outcome(what, 0, 1, "not counted: the submissions cannot be read")]
    gone = [
        f"{file}: it is not in {workspace.landing.name}"
        for file, digest in received
        if not landed_path(workspace.landing, digest).is_file()
    ]
    return [*found, outcome(what, len(received), gone)]


def refuse_losses(workspace: Workspace, target: Path) -> None:
    """Refuse to copy a workspace that lacks something: the copy would pass for a whole one.

    Raises:
        ComptrollerError: Something is missing or changed; the first fault is named.
    """
    for found in [parts(workspace), *holdings(workspace)]:
        if found.failures:
            raise ComptrollerError(
                f"the workspace is not whole ({found.what}: {found.example}), so no backup of it "
                f"was made in {target}",
                where=str(workspace.path),
                remedy="Run: comptroller verify; then restore an earlier backup",
            )


def _received(workspace: Workspace) -> list[tuple[str, str]]:
    con = workspace.warehouse.small_connection()
    workspace.warehouse.view(con, "submissions")
    return con.execute("SELECT DISTINCT file, sha256 FROM submissions ORDER BY ALL").fetchall()
