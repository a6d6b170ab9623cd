"""What a file covers, what becomes of each slice, and what holds it.

Coverage is inferred: the months from the first to the last that the file holds, and the
commissioners in it; those that an earlier version has and a full restatement leaves out become
nil. A file of one commissioner among several, or one that names a single commissioner, covers
that one alone. A part file deletes nothing outside its coverage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import md5

from comptroller.intake.periods import first_day
from comptroller.intake.report import SliceReport
from comptroller.intake.surroundings import SliceKey, Surroundings, Version

NIL_HASH = "nil"


@dataclass(frozen=True)
class StagedSlice:
    """The lines of a slice in one file, before anything is decided."""

    key: SliceKey
    rows: int
    cost: Decimal
    content_hash: str


@dataclass
class Verdict:
    """What becomes of a file's slices.

    Attributes:
        slices: For the report.
        versions: For the table ``slice_versions``, with their key; made only when promoted.
        holds: Reasons why the file waits for a person.
        notes: What a person should know though nothing is held.
    """

    slices: list[SliceReport] = field(default_factory=list)
    versions: list[tuple[SliceKey, Version]] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def decide(
    submission_id: str,
    staged: Sequence[StagedSlice],
    around: Surroundings,
    received: datetime,
    *,
    only_commissioner: str = "",
    stage_said: str = "",
    reading: int = 1,
) -> Verdict:
    """Decide for each slice of a file whether it is new, replaced, unchanged or nil.

    Args:
        submission_id: The file.
        staged: Its slices.
        around: What was loaded before; not changed here.
        received: When it arrived.
        only_commissioner: The commissioner that the file names for all its rows, if one.
        stage_said: flex or freeze, where the file's name says so.
        reading: Which reading of the file this is, from 1.
    """
    verdict = Verdict()
    scopes: dict[tuple[str, str, str], list[StagedSlice]] = {}
    for item in staged:
        scopes.setdefault((item.key[0], item.key[1], item.key[3]), []).append(item)
    for scope, items in sorted(scopes.items()):
        missing = _covered_but_absent(scope, items, around, only_commissioner, verdict)
        everything = sorted(
            [*items, *(StagedSlice(key, 0, Decimal(0), NIL_HASH) for key in missing)],
            key=lambda item: item.key,
        )
        for item in everything:
            _one_slice(item, submission_id, around, received, reading, verdict)
        _look_at_loss(scope, items, missing, around, verdict)
    _look_at_time(verdict, around, received, stage_said)
    return verdict


def _covered_but_absent(
    scope: tuple[str, str, str],
    items: Sequence[StagedSlice],
    around: Surroundings,
    only_commissioner: str,
    verdict: Verdict,
) -> list[SliceKey]:
    """Return the slices that the file covers, that hold lines so far, and that it leaves out."""
    months = _months(item.key[4] for item in items)
    present = {item.key[2] for item in items}
    keys = {item.key for item in items}
    so_far = {
        key: version
        for key, version in around.versions.items()
        if (key[0], key[1], key[3]) == scope and key[4] in months and version.action != "nil"
    }
    known = {key[2] for key in so_far}
    absent = known - present
    covered = present | known
    if only_commissioner or (len(present) == 1 and len(known) > 1):
        covered = present
    elif absent and len(present & known) * 2 < len(known):
        pounds = sum((so_far[k].cost for k in so_far if k[2] in absent), Decimal(0))
        verdict.holds.append(
            f"covers {len(present)} of the {len(known | present)} commissioners of {scope[1]} "
            f"{scope[0]} {scope[2]}: a part of the return, or a loss of "
            f"£{pounds:,.2f} of {', '.join(sorted(absent)[:8])}"
        )
        covered = present
    return [key for key in so_far if key[2] in covered and key not in keys]


def _months(found: Iterable[int]) -> set[int]:
    months = set(found)
    ordinary = [month for month in months if month <= 12]
    if ordinary:
        months |= set(range(min(ordinary), max(ordinary) + 1))
    return months


def _one_slice(
    item: StagedSlice,
    submission_id: str,
    around: Surroundings,
    received: datetime,
    reading: int,
    verdict: Verdict,
) -> None:
    before = around.versions.get(item.key)
    stage = around.stage(item.key, received.date())
    own = version_id(submission_id, item.key, reading)
    content = own
    if item.content_hash == NIL_HASH:
        action = "nil"
    elif before is not None and before.content_hash == item.content_hash:
        action, content = "unchanged", before.content_version_id
    else:
        action = "new" if before is None else "replaced"
    if action == "nil" and before is not None and before.action == "nil":
        return
    version = Version(
        own,
        content,
        submission_id,
        stage,
        received,
        action,
        item.content_hash,
        item.rows,
        item.cost,
    )
    verdict.versions.append((item.key, version))
    changed = before is not None and action in ("replaced", "nil")
    data_set, provider, commissioner, year, month = item.key
    verdict.slices.append(
        SliceReport(
            data_set,
            provider,
            commissioner,
            year,
            month,
            stage,
            item.rows,
            item.cost,
            action,
            before.cost if before is not None and changed else None,
            before.rows if before is not None and changed else None,
        )
    )


def version_id(submission_id: str, key: SliceKey, reading: int) -> str:
    """Return the id of a slice version: 16 hex digits of what decides it."""
    parts = [submission_id, *(str(part) for part in key)]
    if reading > 1:
        parts.append(str(reading))
    return md5("|".join(parts).encode(), usedforsecurity=False).hexdigest()[:16]


def _look_at_loss(
    scope: tuple[str, str, str],
    items: Sequence[StagedSlice],
    missing: Sequence[SliceKey],
    around: Surroundings,
    verdict: Verdict,
) -> None:
    """Hold a restatement that loses more pounds than the tolerance."""
    rules = around.rules
    pairs = [(around.versions[i.key], i.cost) for i in items if i.key in around.versions]
    pairs += [(around.versions[key], Decimal(0)) for key in missing]
    before = sum((version.cost for version, _ in pairs), Decimal(0))
    after = sum((cost for _, cost in pairs), Decimal(0))
    loss = before - after
    if (
        before > 0
        and loss > rules.shrink_floor
        and loss > before * Decimal(str(rules.shrink_tolerance))
    ):
        verdict.holds.append(
            f"{scope[1]} {scope[0]} {scope[2]} would lose £{loss:,.2f} of £{before:,.2f} "
            f"({loss / before:.0%}) against what is loaded"
        )
    elif missing:
        pounds = sum((around.versions[key].cost for key in missing), Decimal(0))
        verdict.notes.append(
            f"{len(missing)} covered slices of {scope[1]} {scope[0]} {scope[2]} without lines "
            f"become nil (£{pounds:,.2f})"
        )


def _look_at_time(
    verdict: Verdict, around: Surroundings, received: datetime, stage_said: str
) -> None:
    """Hold what looks older than the slice it would replace, and months that have not begun."""
    older = [
        key
        for key, version in verdict.versions
        if (before := around.versions.get(key)) is not None
        and before.received_at > received
        and version.action != "unchanged"
    ]
    if older:
        last = max(around.versions[key].received_at for key in older)
        verdict.holds.append(
            f"older than what it would replace in {len(older)} slices: received "
            f"{received:%Y-%m-%d}, loaded is a version of {last:%Y-%m-%d}"
        )
    future = sorted(
        {
            (key[3], key[4])
            for key, version in verdict.versions
            if version.cost and first_day(key[3], key[4]) > received.date()
        }
    )
    if future:
        verdict.holds.append(
            f"charges for months that have not begun on {received:%Y-%m-%d}: "
            + ", ".join(f"{year}-M{month:02d}" for year, month in future[:6])
        )
    if stage_said:
        stages: dict[str, int] = {}
        for item in verdict.slices:
            stages[item.stage] = stages.get(item.stage, 0) + 1
        if stages and stage_said not in stages:
            verdict.notes.append(
                f"its name says {stage_said}, by the day of receipt its slices are "
                + ", ".join(f"{stage} ({count})" for stage, count in sorted(stages.items()))
            )
