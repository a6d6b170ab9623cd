"""Saved layouts: remembered per provider and data set, recognised again by their headers.

A layout found by evidence is remembered as *inferred*; a person's *confirmed* one decides from
then on. Each change makes a new version; drift against the last one is told as columns that came
and went.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5
from typing import TYPE_CHECKING

from comptroller.errors import UsageError
from comptroller.intake.near import did_you_mean
from comptroller.intake.recognise import name_matches
from comptroller.vocabulary import DATA_SETS, normalise_header
from comptroller.workspace import Workspace

if TYPE_CHECKING:
    from comptroller.intake.models import Layout

CONSTANTS = (
    "provider_code",
    "commissioner_code",
    "financial_year",
    "month",
    "pod_code",
    "patient_key_domain",
)
"""Facts that a layout may state for all rows."""

_KIN = 0.6


def fingerprint_of(headers: Sequence[str]) -> str:
    """Return the digest of normalised headers by which a layout is known again."""
    normal = [normalise_header(header) for header in headers]
    while normal and not normal[-1]:
        normal.pop()
    return md5("\n".join(normal).encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class SavedLayout:
    """One version of a layout; see ``models.Layout``."""

    id: int
    provider_code: str
    data_set: str
    sheet: str
    version: int
    fingerprint: str
    headers: tuple[str, ...]
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    status: str
    created_by: str = ""
    reason: str = ""

    @property
    def is_confirmed(self) -> bool:
        """Whether a person confirmed it."""
        return self.status == "confirmed"

    def fits(self, names: Sequence[str]) -> bool:
        """Tell whether no name of file or sheet speaks of another data set."""
        told = [match for name in names for match in name_matches(name)]
        return not told or self.data_set in told

    @property
    def name(self) -> str:
        """How to name it in a message."""
        return f"{self.provider_code or 'any provider'} {self.data_set} v{self.version}"


@dataclass(frozen=True)
class Drift:
    """What changed against a provider's last layout of a data set.

    Attributes:
        last: That layout.
        came, went: Headings that are new, and that are gone.
        renamed: Headings before and now of columns that are the same element.
        is_other: Whether most headings are others: it matches none of the remembered layouts.
    """

    last: SavedLayout
    came: tuple[str, ...]
    went: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    is_other: bool

    def told(self) -> str:
        """Return the difference in a few words."""
        parts = []
        if self.renamed:
            pairs = ", ".join(f"{old} is now {new}" for old, new in self.renamed)
            parts.append(f"columns renamed: {pairs}")
        if self.came:
            parts.append(f"new columns: {', '.join(self.came)}")
        if self.went:
            parts.append(f"columns gone: {', '.join(self.went)}")
        return "; ".join(parts) or "columns in another order"


@dataclass
class LayoutBook:
    """All layouts of a workspace that are in force."""

    layouts: list[SavedLayout] = field(default_factory=list)

    def find(self, headers: Sequence[str], provider_code: str) -> SavedLayout | None:
        """Return the layout with these headers, the provider's own before any other's."""
        wanted = fingerprint_of(headers)
        same = [x for x in self.layouts if x.fingerprint == wanted]
        if provider_code:
            own = [x for x in same if x.provider_code in (provider_code, "")]
            same = own or [x for x in same if not x.is_confirmed]
        same.sort(key=lambda x: (x.is_confirmed, x.version))
        return same[-1] if same else None

    def last_of(self, provider_code: str, data_set: str, sheet: str) -> SavedLayout | None:
        """Return the provider's last layout of a data set, of the same sheet if there is one."""
        own = [
            x for x in self.layouts if x.provider_code == provider_code and x.data_set == data_set
        ]
        own.sort(key=lambda x: (x.sheet == sheet, x.version))
        return own[-1] if own else None

    def kin(self, headers: Sequence[str]) -> list[SavedLayout]:
        """Return confirmed layouts of providers that share most headings, the nearest first."""
        now = {normalise_header(h) for h in headers if h.strip()}
        near = []
        for layout in self.layouts:
            before = {normalise_header(h) for h in layout.headers if h.strip()}
            shared = len(before & now) / max(len(before), len(now), 1)
            if layout.is_confirmed and layout.provider_code and shared >= _KIN:
                near.append((shared, layout.version, layout.id, layout))
        return [item[-1] for item in sorted(near, key=lambda item: item[:3], reverse=True)]

    def drift(
        self,
        provider_code: str,
        data_set: str,
        sheet: str,
        now: Mapping[str, str],
        headers: Sequence[str],
        *,
        others_known: bool,
    ) -> Drift | None:
        """Return what changed against the provider's last layout.

        None when this layout is known already, when there is no earlier one, or when the two have
        little in common and another table of the file is known: then it is a table that came new.

        Args:
            provider_code: The provider.
            data_set: The data set.
            sheet: Name of the sheet.
            now: Element to the heading of the column that is it now.
            headers: All headings of the table.
            others_known: Whether another table of the file has a layout of the provider's.
        """
        wanted = fingerprint_of(headers)
        own = [
            x for x in self.layouts if x.provider_code == provider_code and x.data_set == data_set
        ]
        if any(x.fingerprint == wanted for x in own):
            return None
        last = self.last_of(provider_code, data_set, sheet)
        if last is None:
            return None
        before = {normalise_header(h): h for h in last.headers if h.strip()}
        here = {normalise_header(h): h for h in headers if h.strip()}
        is_other = len(before.keys() & here.keys()) * 2 < max(len(before), len(here))
        if is_other and others_known:
            return None
        renamed = [
            (before.get(header, header), now[element])
            for header, element in last.columns.items()
            if element in now
            and header not in here
            and normalise_header(now[element]) not in before
        ]
        old = {normalise_header(header) for header, _ in renamed}
        new = {normalise_header(header) for _, header in renamed}
        return Drift(
            last,
            came=tuple(here[key] for key in here if key not in before and key not in new),
            went=tuple(before[key] for key in before if key not in here and key not in old),
            renamed=tuple(sorted(renamed)),
            is_other=is_other,
        )


def load_book(workspace: Workspace) -> LayoutBook:
    """Return the layouts in force of a workspace."""
    workspace.use_database()
    from comptroller.intake.models import Layout

    rows = Layout.objects.exclude(status="superseded").order_by(
        "provider_code", "data_set", "version"
    )
    return LayoutBook([_saved(row) for row in rows])


def _saved(row: Layout) -> SavedLayout:
    return SavedLayout(
        id=row.pk,
        provider_code=row.provider_code,
        data_set=row.data_set,
        sheet=row.sheet,
        version=row.version,
        fingerprint=row.fingerprint,
        headers=tuple(row.headers),
        columns=dict(row.columns),
        constants=dict(row.constants),
        status=row.status,
        created_by=row.created_by,
        reason=row.reason,
    )


@dataclass(frozen=True)
class LayoutDraft:
    """A layout to be remembered."""

    provider_code: str
    data_set: str
    sheet: str
    headers: tuple[str, ...]
    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    submission_id: str = ""


def remember(workspace: Workspace, drafts: Iterable[LayoutDraft], at: datetime) -> int:
    """Remember layouts found by evidence that are not known yet; return how many are new."""
    workspace.use_database()
    from comptroller.intake.models import Layout

    known = {
        (row[0], row[1], row[2])
        for row in Layout.objects.values_list("provider_code", "data_set", "fingerprint")
    }
    added = 0
    for draft in drafts:
        key = (draft.provider_code, draft.data_set, fingerprint_of(draft.headers))
        if key in known:
            continue
        known.add(key)
        _add(draft, "inferred", at, "comptroller load", "")
        added += 1
    return added


def _add(draft: LayoutDraft, status: str, at: datetime, who: str, reason: str) -> SavedLayout:
    from django.db.models import Max

    from comptroller.intake.models import Layout

    last = Layout.objects.filter(
        provider_code=draft.provider_code, data_set=draft.data_set
    ).aggregate(Max("version"))["version__max"]
    row = Layout.objects.create(
        provider_code=draft.provider_code,
        data_set=draft.data_set,
        sheet=draft.sheet,
        version=(last or 0) + 1,
        fingerprint=fingerprint_of(draft.headers),
        headers=list(draft.headers),
        columns=dict(draft.columns),
        constants=dict(draft.constants),
        status=status,
        submission_id=draft.submission_id,
        created_at=at,
        created_by=who,
        reason=reason,
    )
    return _saved(row)


def confirm(workspace: Workspace, draft: LayoutDraft, *, reason: str, at: datetime) -> SavedLayout:
    """Make a confirmed version of a layout; earlier versions of the same headers step back.

    Raises:
        UsageError: Unknown data set, element or constant, or an element taken twice.
    """
    _check(draft)
    workspace.use_database()
    from django.db import transaction

    from comptroller.access import audit
    from comptroller.intake.models import Layout

    with transaction.atomic():
        same = Layout.objects.filter(
            provider_code=draft.provider_code,
            data_set=draft.data_set,
            fingerprint=fingerprint_of(draft.headers),
        ).exclude(status="superseded")
        before = {row.version: dict(row.columns) for row in same}
        same.update(status="superseded")
        saved = _add(draft, "confirmed", at, audit.current_actor(), reason)
        audit.record(
            "layout.confirm",
            saved.name,
            reason=reason,
            detail={
                "columns": dict(draft.columns),
                "constants": dict(draft.constants),
                "before": before,
                "submission_id": draft.submission_id,
            },
            at=at,
        )
    return saved


def _check(draft: LayoutDraft) -> None:
    if draft.data_set not in DATA_SETS:
        raise UsageError(
            f"there is no data set {draft.data_set!r}",
            remedy=f"Choose one of: {', '.join(d for d in DATA_SETS)}",
        )
    chosen = DATA_SETS[draft.data_set]
    taken: dict[str, str] = {}
    for header, element in draft.columns.items():
        if not element:
            continue
        if not chosen.has(element):
            names = [e.name for e in chosen.elements]
            raise UsageError(
                f"{draft.data_set} has no element {element!r}",
                where=f"column {header!r}",
                remedy=did_you_mean(
                    element, names, f"List them: comptroller layouts elements {draft.data_set}"
                ),
            )
        if element in taken:
            raise UsageError(
                f"two columns cannot both be {element}",
                where=f"{taken[element]!r} and {header!r}",
                remedy="Give one of them another element, or none",
            )
        taken[element] = header
    for name in draft.constants:
        if name not in CONSTANTS:
            raise UsageError(
                f"a layout cannot state {name!r} for all rows",
                remedy=f"It may state: {', '.join(CONSTANTS)}",
            )
