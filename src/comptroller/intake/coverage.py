"""What a file covers, what becomes of each slice, and what holds it.

Coverage is inferred: the months from the first to the last that the file holds, and the
commissioners in it; those that an earlier version has and a full restatement leaves out become
nil. A file of one commissioner among several, or one that names a single commissioner, covers
that one alone; a file of some groups of points of delivery covers those (``pod_groups``). A part
file deletes nothing outside its coverage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from hashlib import md5

from comptroller.intake.periods import first_day
from comptroller.intake.plausibility import out_of_trend, repeated_months
from comptroller.intake.pod_groups import Groups, content_hash, left_as_they_were, named_groups
from comptroller.intake.report import SliceReport
from comptroller.intake.surroundings import SliceKey, Surroundings, Version

NIL_HASH = "nil"

AS_INFERRED, AS_PART, AS_WHOLE = "inferred", "part", "whole"
"""How a person may say that a file is to be taken: as its content tells, or as one of the two."""


TAKEN_AS_PART = "taken as a part of the return"
"""How the note begins that says so."""


@dataclass(frozen=True)
class StagedSlice:
    """The lines of a slice in one file, before anything is decided."""

    key: SliceKey
    groups: Groups

    @property
    def cost(self) -> Decimal:
        """Pounds of all its lines."""
        return sum((one.cost for one in self.groups.values()), Decimal(0))


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
    names: Sequence[str] = (),
    taken: str = AS_INFERRED,
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
        names: Names of the file, its members and its sheets.
        taken: Whether a person has said that it is a part of the return, or the whole.
    """
    verdict = Verdict()
    named = named_groups(names)
    scopes: dict[tuple[str, str, str], list[StagedSlice]] = {}
    for item in staged:
        scopes.setdefault((item.key[0], item.key[1], item.key[3]), []).append(item)
    for scope, items in sorted(scopes.items()):
        missing = _covered_but_absent(scope, items, around, only_commissioner, verdict)
        everything = sorted(
            [*items, *(StagedSlice(key, {}) for key in missing)], key=lambda item: item.key
        )
        kept = _kept_groups(scope, everything, around, named, taken, verdict)
        decided = len(verdict.versions)
        for item in everything:
            _one_slice(item, kept, submission_id, around, received, reading, verdict)
        _look_at_loss(scope, verdict.versions[decided:], around, verdict)
    _look_at_time(verdict, around, received, stage_said)
    mine = {item.key: item.groups for item in staged}
    changed = {key for key, made in verdict.versions if made.action in ("new", "replaced")}
    verdict.holds += out_of_trend(mine, changed, around, received.date())
    verdict.holds += repeated_months(mine, changed, around)
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


def _kept_groups(
    scope: tuple[str, str, str],
    everything: Sequence[StagedSlice],
    around: Surroundings,
    named: set[str],
    taken: str,
    verdict: Verdict,
) -> set[str]:
    """Return the groups of points of delivery that the file leaves as they are loaded."""
    mine = {name: one for item in everything for name, one in item.groups.items()}
    before = [
        around.versions[item.key].groups for item in everything if item.key in around.versions
    ]
    absent = {name for groups in before for name in groups} - set(mine)
    if not absent or taken == AS_WHOLE:
        return set()
    kept = absent if taken == AS_PART else left_as_they_were(mine, before, named)
    listed = ", ".join(sorted(absent))
    pounds = sum(
        (groups[name].cost for groups in before for name in absent if name in groups), Decimal(0)
    )
    if kept:
        verdict.notes.append(
            f"{TAKEN_AS_PART} of {scope[1]} {scope[0]} {scope[2]}: {listed} "
            f"(£{pounds:,.2f}) stay as they were"
        )
        return kept
    loss = sum(
        (around.versions[i.key].cost - i.cost for i in everything if i.key in around.versions),
        Decimal(0),
    )
    if pounds > around.rules.shrink_floor and loss * 5 > pounds * 4:
        verdict.holds.append(
            f"no line of {listed} of {scope[1]} {scope[0]} {scope[2]}, of which £{pounds:,.2f} are "
            "loaded: a part of the return (promote it with --coverage part), or a loss "
            "(--coverage whole)"
        )
    return set()


def _one_slice(
    item: StagedSlice,
    kept: set[str],
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
    carried = _carried(item, kept, before)
    groups: Groups = {
        **{n: replace(g, submission_id=submission_id, home=own) for n, g in item.groups.items()},
        **carried,
    }
    digest = content_hash(groups) if groups else NIL_HASH
    if not groups:
        action = "nil"
    elif before is not None and before.content_hash == digest:
        action, content, groups = "unchanged", before.content_version_id, before.groups
    else:
        action = "new" if before is None else "replaced"
    adds = bool(action == "replaced" and carried and before and set(carried) == set(before.groups))
    rows = sum(one.rows for one in groups.values())
    cost = sum((one.cost for one in groups.values()), Decimal(0))
    if action == "nil" and before is not None and before.action == "nil":
        return
    version = Version(
        own,
        content,
        submission_id,
        stage,
        received,
        action,
        digest,
        rows,
        cost,
        groups,
        tuple(sorted(carried)),
        before.content_version_id if before and adds else "",
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
            rows,
            cost,
            action,
            before.cost if before is not None and changed else None,
            before.rows if before is not None and changed else None,
        )
    )


def _carried(item: StagedSlice, kept: set[str], before: Version | None) -> Groups:
    """Return the groups that come over from the version before."""
    if before is None or before.action == "nil":
        return {}
    return {
        name: one for name, one in before.groups.items() if name in kept and name not in item.groups
    }


def version_id(submission_id: str, key: SliceKey, reading: int) -> str:
    """Return the id of a slice version: 16 hex digits of what decides it."""
    parts = [submission_id, *(str(part) for part in key)]
    if reading > 1:
        parts.append(str(reading))
    return md5("|".join(parts).encode(), usedforsecurity=False).hexdigest()[:16]


def _look_at_loss(
    scope: tuple[str, str, str],
    made: Sequence[tuple[SliceKey, Version]],
    around: Surroundings,
    verdict: Verdict,
) -> None:
    """Hold a restatement that loses more pounds than the tolerance."""
    rules = around.rules
    known = [(key, version) for key, version in made if key in around.versions]
    before = sum((around.versions[key].cost for key, _ in known), Decimal(0))
    after = sum((version.cost for _, version in known), Decimal(0))
    loss = before - after
    missing = [key for key, version in known if version.action == "nil"]
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
