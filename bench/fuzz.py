"""Load thousands of hostile files: none may end in a traceback or leave rows or pounds untied.

``python -m bench.fuzz --cases 10000`` prints the table that stands in ``docs/reliability.md``;
the tests use the same functions with fewer files. A fault names the seed and the number of the
file, from which it can be made again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from bench import hostile
from comptroller.errors import ComptrollerError
from comptroller.intake import load
from comptroller.upkeep.verify import verify
from comptroller.workspace import Workspace

RECEIVED = date(2026, 6, 19)
BATCH = 50


@dataclass
class Outcome:
    """What became of the files: how many of each status, and what was wrong with any."""

    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    rows: int = 0


def run(seed: int, start: int, count: int, folder: Path) -> Outcome:
    """Make, load and judge the files with some numbers, each batch in a workspace of its own."""
    outcome = Outcome()
    for batch in hostile.numbers(start, count, BATCH):
        with tempfile.TemporaryDirectory(dir=folder) as room:
            _run_batch(seed, batch, Path(room), outcome)
    return outcome


def _run_batch(seed: int, batch: range, room: Path, outcome: Outcome) -> None:
    inbox = room / "inbox"
    inbox.mkdir()
    paths = [hostile.make(seed, number, inbox) for number in batch]
    workspace = Workspace.create(room / "workspace")
    try:
        reports = load(workspace, [inbox], received=RECEIVED)
    except Exception:  # whatever comes out of a load is a fault of ours
        outcome.faults += list(_alone(seed, paths, room))
        return
    for report in reports:
        told = report.to_json()
        outcome.statuses[told["status"]] += 1
        outcome.rows += told["rows_read"]
        outcome.faults += [f"seed {seed}, {told['file']}: {why}" for why in untied(told)]
    for proof in verify(workspace):
        if proof.failures:
            outcome.faults.append(f"seed {seed}, files {batch}: verify: {proof.what}")


def _alone(seed: int, paths: Sequence[Path], room: Path) -> Iterator[str]:
    """Load each file by itself, to find the one that broke a batch."""
    found = False
    for path in paths:
        try:
            load(Workspace.create(room / f"alone-{path.name}"), [path], received=RECEIVED)
        except ComptrollerError as problem:
            yield f"seed {seed}, {path.name}: the load ended: {problem}"
            found = True
        except Exception:  # see above
            last = traceback.format_exc().strip().splitlines()
            place = next((line.strip() for line in reversed(last) if "comptroller" in line), "")
            yield f"seed {seed}, {path.name}: {last[-1]} ({place})"
            found = True
    if not found:
        yield f"seed {seed}, {paths[0].name} to {paths[-1].name}: they break only together"


def untied(told: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a report: rows or pounds that do not tie, messages without use."""
    for place, one in [("file", told), *((f"part {p['part']}", p) for p in told.get("parts", ()))]:
        rows = one["rows_loaded"] + one["rows_quarantined"] + one["rows_set_aside"]
        if one["rows_read"] != rows:
            yield f"{place}: {one['rows_read']} rows read, {rows} accounted for"
        if one["cost_read"] != one["cost_loaded"] + one["cost_quarantined"]:
            yield f"{place}: pounds do not tie"
    if told["status"] not in ("promoted", "held", "refused", "duplicate"):
        yield f"status {told['status']}"
    if told["status"] in ("held", "refused"):
        errors = [m for m in told["messages"] if m["severity"] == "error"]
        if not errors:
            yield "no reason is given"
        if any("\n" in m["text"] or "Traceback" in m["text"] for m in errors):
            yield "a reason is not one line"
    if told["status"] != "promoted" and told["lines_loaded"]:
        yield "lines of a file that was not promoted"


def main() -> None:
    """Print what became of many hostile files; exit 1 on any fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=20261122)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="comptroller-fuzz-") as folder:
        outcome = run(given.seed, given.start, given.cases, Path(folder))
    print("| status | files |\n| --- | --- |")
    for status, count in sorted(outcome.statuses.items()):
        print(f"| {status} | {count:,} |")
    print(f"\nSeed {given.seed}, {given.cases:,} files, {outcome.rows:,} rows read.", end=" ")
    print(f"Faults: {len(outcome.faults)}.")
    for fault in outcome.faults:
        print(f"  {fault}", file=sys.stderr)
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
