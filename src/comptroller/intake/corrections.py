"""Corrections of values in quarantine: people's decisions, kept beside the bytes, never in them.

A correction says how a value is to be read: by rule, every quarantined value of a column that
equals a text; by hand, one cell. It is stored and audited, applied whenever the file is read, and
can be withdrawn; see ``models.Correction``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from comptroller.errors import ComptrollerError, UsageError
from comptroller.intake.evidence import read_number
from comptroller.intake.organisations import read_code
from comptroller.intake.periods import read_month, read_year
from comptroller.intake.profile import IDENTIFIERS, TEXT_WITH_PEOPLE, kind_of
from comptroller.intake.values import NHS_LIKE
from comptroller.workspace import Workspace

if TYPE_CHECKING:
    from comptroller.intake.models import Correction

IN_FORCE, SUPERSEDED, WITHDRAWN = "in force", "superseded", "withdrawn"
CORRECTED = "corrected by decision"
"""The kind under which a report counts corrected values."""

_READERS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "provider_code": (read_code, "code of an organisation"),
    "commissioner_code": (read_code, "code of an organisation"),
    "financial_year": (read_year, "financial year"),
    "month": (read_month, "month"),
    "activity_cost": (read_number, "amount of pounds"),
}
"""The elements whose values put a row into quarantine, how they are read, and what they are."""


@dataclass(frozen=True)
class SavedCorrection:
    """One correction; ``id`` is 0 for one that is only tried."""

    submission_id: str
    data_set: str
    column: str
    element: str
    from_text: str
    to_text: str
    reason: str
    provider_code: str = ""
    for_provider: bool = False
    sheet: str = ""
    part: int | None = None
    row: int | None = None
    id: int = 0
    status: str = IN_FORCE
    created_at: datetime | None = None
    created_by: str = ""

    @property
    def by_hand(self) -> bool:
        """Whether it is of one row."""
        return self.row is not None

    @property
    def target(self) -> tuple[object, ...]:
        """What it decides about: two corrections of one target cannot both be in force."""
        scope = (self.provider_code, self.data_set) if self.for_provider else self.submission_id
        where = self.part if self.by_hand else self.sheet
        return scope, where, self.row, self.element, "" if self.by_hand else self.from_text

    def told(self) -> str:
        """Return it in words."""
        place = f"row {self.row}, " if self.by_hand else ""
        what = "the value" if self.by_hand else repr(self.from_text)
        return f"{place}column {self.column!r}: {what} is read as {self.to_text!r}"


@dataclass(frozen=True)
class CorrectionBook:
    """The corrections in force of a workspace."""

    corrections: Sequence[SavedCorrection] = field(default_factory=tuple)

    def of(self, submission_id: str, data_set: str, provider_code: str) -> list[SavedCorrection]:
        """Return what is decided about a table, decisions about its own file first."""
        own = [
            x
            for x in self.corrections
            if x.submission_id == submission_id and not x.for_provider and x.data_set == data_set
        ]
        shared = [
            x
            for x in self.corrections
            if x.for_provider and (x.provider_code, x.data_set) == (provider_code, data_set)
        ]
        return own + shared

    def before(self, rule: SavedCorrection) -> list[SavedCorrection]:
        """Return the corrections that go before a rule for a provider: those of one file alone."""
        if not rule.for_provider:
            return []
        return [
            x
            for x in self.corrections
            if not x.for_provider
            and not x.by_hand
            and (x.provider_code, x.data_set) == (rule.provider_code, rule.data_set)
            and (x.element, x.from_text) == (rule.element, rule.from_text)
        ]

    def with_one(self, more: SavedCorrection) -> CorrectionBook:
        """Return the book with one more, in place of what was decided about the same."""
        others = [x for x in self.corrections if x.target != more.target]
        return CorrectionBook((*others, more))

    def without(self, number: int) -> CorrectionBook:
        """Return the book without the correction of this number."""
        return CorrectionBook(tuple(x for x in self.corrections if x.id != number))

    def same_as(self, other: SavedCorrection) -> SavedCorrection | None:
        """Return the correction in force that decides the same, or None."""
        return next(
            (x for x in self.corrections if (x.target, x.to_text) == (other.target, other.to_text)),
            None,
        )


def check(draft: SavedCorrection) -> None:
    """Refuse a correction that cannot be meant, or that would keep what identifies a patient.

    Raises:
        UsageError: See the message.
    """
    kind = kind_of(draft.element)
    personal = draft.element in (*IDENTIFIERS, *TEXT_WITH_PEOPLE) or "patient" in draft.element
    numbers = [t for t in (draft.from_text, draft.to_text) if re.search(NHS_LIKE, t)]
    if personal or numbers or kind in ("nhs_number", "birth_date", "postcode"):
        raise UsageError(
            "decisions hold nothing that may identify a patient",
            where=f"column {draft.column!r}",
            remedy="Have the provider send the file again"
            if personal or not numbers
            else "Correct it by hand with --row, without --from, or have the file sent again",
        )
    if not draft.to_text:
        raise UsageError("--to is empty", remedy="Say how the value is to be read")
    known = _READERS.get(draft.element)
    if known is not None and known[0](draft.to_text) is None:
        raise UsageError(f"{draft.to_text!r} is no {known[1]}", where="--to", remedy="Give another")
    if not draft.by_hand and known is None:
        raise UsageError(
            f"no value of {draft.element} puts a row into quarantine",
            where=f"column {draft.column!r}",
            remedy="A rule may correct provider, commissioner, financial year, month and cost",
        )


def load_corrections(ws: Workspace) -> CorrectionBook:
    """Return the corrections in force of a workspace."""
    return CorrectionBook(tuple(x for x in all_corrections(ws) if x.status == IN_FORCE))


def all_corrections(ws: Workspace) -> list[SavedCorrection]:
    """Return every correction that was ever made, in the order of their numbers."""
    ws.use_database()
    from comptroller.intake.models import Correction

    return [_saved(row) for row in Correction.objects.order_by("id")]


def find_correction(ws: Workspace, number: str) -> SavedCorrection:
    """Return the correction with this number.

    Raises:
        ComptrollerError: There is none.
    """
    for correction in all_corrections(ws):
        if str(correction.id) == number:
            return correction
    raise ComptrollerError(
        f"there is no correction {number!r}", remedy="See: comptroller quarantine corrections"
    )


def save(ws: Workspace, draft: SavedCorrection) -> SavedCorrection:
    """Keep a correction; one that decided otherwise about the same steps back."""
    ws.use_database()
    from django.db import transaction

    from comptroller.access import audit
    from comptroller.intake.models import Correction

    with transaction.atomic():
        earlier = [x for x in load_corrections(ws).corrections if x.target == draft.target]
        Correction.objects.filter(pk__in=[x.id for x in earlier]).update(status=SUPERSEDED)
        row = Correction.objects.create(
            submission_id=draft.submission_id,
            provider_code=draft.provider_code,
            data_set=draft.data_set,
            for_provider=draft.for_provider,
            sheet=draft.sheet,
            part=draft.part,
            row=draft.row,
            column=draft.column,
            element=draft.element,
            from_text=draft.from_text,
            to_text=draft.to_text,
            created_at=ws.now(),
            created_by=audit.current_actor(),
            reason=draft.reason,
        )
        audit.record(
            "quarantine.correct",
            f"correction {row.pk}",
            reason=draft.reason,
            detail={
                "submission_id": draft.submission_id,
                "for_provider": draft.provider_code if draft.for_provider else None,
                "data_set": draft.data_set,
                "sheet": draft.sheet,
                "row": draft.row,
                "column": draft.column,
                "element": draft.element,
                "from": None if draft.by_hand else draft.from_text,
                "to": draft.to_text,
                "supersedes": [x.id for x in earlier],
            },
            at=ws.now(),
        )
    return _saved(row)


def mark_withdrawn(ws: Workspace, correction: SavedCorrection, reason: str) -> None:
    """Let a correction count no more; once is enough."""
    if correction.status == WITHDRAWN:
        return
    ws.use_database()
    from django.db import transaction

    from comptroller.access import audit
    from comptroller.intake.models import Correction

    with transaction.atomic():
        Correction.objects.filter(pk=correction.id).update(status=WITHDRAWN)
        audit.record(
            "quarantine.withdraw",
            f"correction {correction.id}",
            reason=reason,
            detail={"submission_id": correction.submission_id, "was": correction.status},
            at=ws.now(),
        )


def _saved(row: Correction) -> SavedCorrection:
    return SavedCorrection(
        submission_id=row.submission_id,
        data_set=row.data_set,
        column=row.column,
        element=row.element,
        from_text=row.from_text,
        to_text=row.to_text,
        reason=row.reason,
        provider_code=row.provider_code,
        for_provider=row.for_provider,
        sheet=row.sheet,
        part=row.part,
        row=row.row,
        id=row.pk,
        status=row.status,
        created_at=row.created_at,
        created_by=row.created_by,
    )
