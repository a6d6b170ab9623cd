"""Faults of time: what changes after the freeze, comes late, or does not come at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from comptroller.demo.faults.book import Book, Event
from comptroller.demo.lines import EVER
from comptroller.demo.schedule import due_date

_SLICE = ("provider_code", "commissioner_code", "month")


def plant_versions(book: Book) -> None:
    """Plant movements after the freeze, late activity, late and missing submissions."""
    plants: list[Callable[[], None]] = []
    if book.cumulative:
        for turn in range(min(3, book.instances)):
            plants.append(partial(_added_after_freeze, book, turn))
            plants.append(partial(_dearer_after_freeze, book, turn))
        plants += [partial(_reappeared, book), partial(_innocent_movements, book)]
    plants += [partial(_late_activity, book)] * book.instances
    for plant in plants:
        # A small economy may have no month left in which nothing else moves.
        with suppress(LookupError):
            plant()
    _late_and_missing_files(book)


def _fresh(book: Book, kind: str) -> Event:
    """Return an event in a month of a provider that no other fault moves."""
    movers = [
        p.code
        for p in book.world.providers
        if not p.open_months and not p.legacy_until_month and p.size >= 6
        and p.code in book.offers(kind)
    ]  # fmt: skip
    turn = len(book.key) % max(1, len(movers))
    for provider in movers[turn:] + movers[:turn]:
        try:
            month = book.free_month(provider)
        except LookupError:
            continue
        return book.take(kind, provider=provider, month=month)
    raise LookupError("no provider has a month free of faults")


def _moved(book: Book, fault: str, event: Event, checks: tuple[str, ...]) -> None:
    """Write which checks a movement of a frozen slice trips, on the patient level and on ACM."""
    for check in checks:
        for name in ("PLCM", "ACM"):
            book.answer(fault, check, "consequence", event.line, only=_SLICE, data_set=name)


def _added_after_freeze(book: Book, turn: int) -> None:
    event = _fresh(book, ("follow_up", "day_case", "first")[turn % 3])
    after = event.line["month"] + 2
    event.both(seen_from=after)
    fault = book.fault("TIM-001")
    book.answer(fault, "TIM-001", "plain", event.line, note="first seen a month after the freeze")
    _moved(book, fault, event, ("TIM-001", "TIM-002", "REC-021"))


def _version(event: Event, book: Book, first: int, last: int = EVER) -> Event:
    """Split an event's lines: a later version is seen from a delivery on."""
    later = Event([dict(line) for line in event.lines], [])
    event.charge(seen_to=first - 1)
    later.charge(seen_from=first, seen_to=last)
    book.events.append(later)
    return later


def _dearer_after_freeze(book: Book, turn: int) -> None:
    event = _fresh(book, ("day_case", "first", "elective")[turn % 3])
    variant, more = ("threshold", "0.01") if turn == 2 else ("plain", "264.50")
    later = _version(event, book, event.line["month"] + 2)
    later.charge(cost=event.line["cost"] + Decimal(more))
    later.charge(uprice=event.line["uprice"] + Decimal(more))
    fault = book.fault("TIM-002")
    book.answer(fault, "TIM-002", variant, event.line, only=_SLICE, data_set="PLCM")
    _moved(book, fault, event, ("TIM-002", "REC-021"))


def _reappeared(book: Book) -> None:
    event = _fresh(book, "first")
    month = event.line["month"]
    _version(event, book, month + 2)
    event.charge(seen_to=month)
    fault = book.fault("TIM-007")
    book.answer(fault, "TIM-007", "plain", event.line, note="at flex, not at freeze, then again")
    book.also(fault, ("REC-008",), event.line)
    _moved(book, fault, event, ("TIM-001", "TIM-002", "TIM-007", "REC-021"))


def _innocent_movements(book: Book) -> None:
    event = _fresh(book, "first")
    event.both(seen_from=event.line["month"] + 1)
    book.answer(book.fault("TIM-001"), "TIM-001", "inside", event.line, flagged=False,
                note="late, but in time for the freeze")  # fmt: skip
    event = _fresh(book, "day_case")
    later = _version(event, book, event.line["month"] + 1)
    later.charge(cost=event.line["cost"] + 90, uprice=event.line["uprice"] + 90)
    book.answer(book.fault("TIM-002"), "TIM-002", "inside", event.line, only=_SLICE,
                data_set="PLCM", flagged=False, note="dearer at freeze than at flex")  # fmt: skip
    book.also(f"PRC-050/{event.line['case_no']}", ("PRC-050",), event.line)
    event = _fresh(book, "day_case")
    later = _version(event, book, event.line["month"] + 2)
    later.charge(cost=event.line["cost"] - 120, uprice=event.line["uprice"] - 120)
    fault = book.fault("TIM-002")
    _moved(book, fault, event, ("REC-021",))
    book.answer(fault, "TIM-002", "look_alike", event.line, only=_SLICE,
                data_set="PLCM", flagged=False, note="credited after the freeze")  # fmt: skip


def _late_activity(book: Book) -> None:
    for variant, months in (("plain", 5), ("threshold", 3), ("inside", 2)):
        event = book.take("first", month=2)
        line = event.line
        line["month"] += months
        line["seen_from"] = line["month"]
        fault = book.fault("TIM-003")
        book.answer(fault, "TIM-003", variant, line, flagged=months >= 3,
                    note=f"{months} months before the month it is charged in")  # fmt: skip
        book.also(fault, ("DQV-013",), line)


def _late_and_missing_files(book: Book) -> None:
    national = [p for p in book.world.providers if p.layout == "national" and p.size >= 6]
    for place, (variant, number, days) in enumerate(
        (("plain", 4, 4), ("plain", 6, 3), ("threshold", 8, 1), ("inside", 10, 0))
    ):
        provider = national[place % len(national)]
        book.late[provider.code, "PLCM", number] = due_date(book.world, number) + timedelta(days)
        book.answer(
            book.fault("TIM-004"), "TIM-004", variant, flagged=days > 0, data_set="PLCM",
            provider_code=provider.code, month=number, note=f"{days} days after the due date",
        )  # fmt: skip
    drugs = [p for p in national if p.drugs][1:3]
    devices = [p for p in book.world.providers if p.devices][-1:]
    # No other fault lies in the last months of these sets, so nothing that is keyed goes missing.
    for provider, name, month in (
        *((p, "DrPLCM", 11 + place) for place, p in enumerate(drugs)),
        *((p, "DePLCM", 11) for p in devices),
    ):
        book.con.execute(
            "DELETE FROM lines WHERE prov = ? AND ds = ? AND month = ?",
            [provider.code, name, month],
        )
        fault = book.fault("TIM-005")
        about: dict[str, Any] = {"data_set": name, "provider_code": provider.code}
        book.answer(fault, "TIM-005", "plain", month=month, **about)
        for later in range(month, 14):
            book.answer(fault, "REC-024", "consequence", month=later, **about)
    none = next(p for p in book.world.providers if not p.devices)
    book.answer(
        book.fault("TIM-005"), "TIM-005", "look_alike", flagged=False, data_set="DePLCM",
        provider_code=none.code, note="a provider that never charges for devices",
    )  # fmt: skip
