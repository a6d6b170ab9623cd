"""One record and what befalls it: the shape of a fault of one record, and how it is planted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from comptroller.demo.faults.book import Book, Event
from comptroller.demo.local_layouts import PATIENT_LEVEL
from comptroller.demo.presets import Provider

Change = Callable[[Book, Event], None]
OUTPATIENT = ("follow_up", "first")
WRITTEN = ("national", "national_v3")
SPELL = ("day_case", "admission", "elective")
ANY = (*OUTPATIENT, "emergency", *SPELL)


@dataclass(frozen=True)
class Case:
    """One variant of a fault: which events it befalls, what changes, what else it trips.

    ``wide`` faults may be found on the charged line or on the SUS record; ``in_acm`` ones show in
    ACM too. ``layouts`` names the layouts whose files carry what the fault needs. ``extra`` ones
    are about the line beside the event's own: bed days, critical care, an unbundled item.
    """

    check: str
    variant: str
    change: Change
    flagged: bool = True
    kinds: tuple[str, ...] = OUTPATIENT
    trips: tuple[str, ...] = ()
    wide: bool = False
    in_acm: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    merged_only: bool = False
    extra: bool = False
    note: str = ""


def charge(**values: object) -> Change:
    """Change the charged line."""
    return lambda _, event: event.line.update(values)


def record(**values: object) -> Change:
    """Change the SUS record."""
    return lambda _, event: event.record.update(values)


def all_of(*changes: Change) -> Change:
    """Make several changes, one after the other."""

    def change(book: Book, event: Event) -> None:
        for one in changes:
            one(book, event)

    return change


def aged(years: int) -> Change:
    """Let the patient be so old on the day that counts, by half a year at least."""

    def change(_: Book, event: Event) -> None:
        day: date = event.line["end_date"]
        born = date(day.year - years - (day.month <= 6), (day.month + 5) % 12 + 1, 15)
        event.both(dob=born, age=years)

    return change


def lost_spell(_: Book, event: Event) -> None:
    """Let the line beside the spell name a spell that nobody charged."""
    event.extra["spell_id"] = "S" + str(int(event.extra["spell_id"][1:]) + 9_000_000).rjust(11, "0")


def unlinked(_: Book, event: Event) -> None:
    """Take the SUS record away."""
    event.sus.clear()


def make_birth(event: Event) -> None:
    """Make an emergency stay one for a birth."""
    event.both(tfc="501", tariff="NZ30C", sex="2")
    event.charge(pod="NELNE", lpod="NELNE")
    event.record.update(admission_method="31", proc="R249")


def plant_cases(book: Book, cases: Sequence[Case]) -> None:
    """Plant each case as often as the economy's size asks for."""
    for case in cases:
        times = book.instances if case.variant == "plain" else max(1, book.instances // 2)
        for turn in range(times):
            _plant(book, case, turn)


def plant_together(book: Book, pairs: Sequence[tuple[str, str]], cases: Sequence[Case]) -> None:
    """Plant two faults on one record: the plain case of either check of each pair."""
    for first, second in pairs:
        one, two = (
            next(c for c in cases if c.check == check and c.variant == "plain")
            for check in (first, second)
        )
        _plant_two(book, one, two)


def _chosen(book: Book, case: Case, kind: str) -> Event | None:
    if case.merged_only and not book.world.merged_on:
        return None
    allowed = None
    if case.layouts:
        allowed = [p.code for p in book.world.providers if always_sends(p, case.layouts)]
    offers = set(book.offers(kind)) & set(allowed or book.offers(kind))
    return book.take(kind, allowed=offers) if offers else None


def always_sends(provider: Provider, layouts: Sequence[str]) -> bool:
    """Tell whether a provider's patient-level files come in one of some layouts all year."""
    named = {provider.layout, *(name for _, name in provider.changes if name in PATIENT_LEVEL)}
    return named <= set(layouts)


def _plant(book: Book, case: Case, turn: int) -> None:
    event = _chosen(book, case, case.kinds[turn % len(case.kinds)])
    if event is None:
        return
    case.change(book, event)
    fault = book.fault(case.check)
    tell(book, event, case, fault, case.variant)


def tell(book: Book, event: Event, case: Case, fault: str, variant: str) -> None:
    """Write the answers to a case that befell an event."""
    line = event.extra if case.extra else event.line
    wide = {"data_set": None, "pod_code": None, "tariff_code": None} if case.wide else {}
    if case.wide:
        wide["commissioner_code"] = None
    book.answer(fault, case.check, variant, line, flagged=case.flagged, note=case.note, **wide)
    book.also(fault, case.trips, line)
    for check in case.in_acm:
        book.answer(
            fault, check, "consequence", line, data_set="ACM", local_patient_identifier=None,
            hospital_provider_spell_identifier=None, attendance_identifier=None,
            cds_unique_identifier=None, activity_start_date=None,
        )  # fmt: skip


def _plant_two(book: Book, one: Case, two: Case) -> None:
    kinds = [kind for kind in one.kinds if kind in two.kinds]
    layouts = tuple(set(one.layouts) & set(two.layouts)) if one.layouts and two.layouts else (
        one.layouts or two.layouts
    )  # fmt: skip
    if not kinds or (one.layouts and two.layouts and not layouts):
        return
    both = Case(one.check, "combined", one.change, kinds=tuple(kinds), layouts=layouts)
    event = _chosen(book, both, kinds[0])
    if event is None:
        return
    one.change(book, event)
    two.change(book, event)
    for case in (one, two):
        tell(book, event, case, book.fault(case.check), "combined")
