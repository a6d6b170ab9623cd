"""More faults of several records: stays that hang together, days with two charges, pathways."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from comptroller.demo.faults.book import Book, Event, month_start
from comptroller.demo.faults.cases import make_birth
from comptroller.demo.faults.groups import answer_group
from comptroller.demo.prices import IMAGING

_DAY = timedelta(days=1)


def plant_several(book: Book) -> None:
    """Plant every fault of this module."""
    plants: tuple[Callable[[Book], None], ...] = (
        _stays_in_a_row, _two_on_one_day, _same_day_emergency_care, _in_a_bed_already,
        _one_appointment, _too_often, _dialysis, _pathways, _births, _market_forces,
        _supplies, _unbundled,
    )  # fmt: skip
    for _ in range(book.instances):
        for plant in plants:
            # A small economy may lack a kind of care that a fault needs: then it is not planted.
            with suppress(LookupError):
                plant(book)


def _nhs(book: Book, kind: str) -> list[str]:
    """Return the NHS trusts, which have two sites each, that a kind of care can be had from."""
    return [code for code in book.offers(kind) if len(code) == 3]


def _stays_in_a_row(book: Book) -> None:
    def stays(gap: int, sites: tuple[str, str], kind: str = "admission") -> Event:
        one = book.take("admission", days=3, allowed=_nhs(book, "admission"))
        prov = one.line["prov"]
        two = book.take(kind, provider=prov, like=one, on=one.line["end_date"] + gap * _DAY, days=3)
        one.both(site=prov + sites[0])
        one.record["trim_point"] = 60
        two.both(site=prov + sites[1])
        return one

    answer_group(book, "SPL-001", "plain", [stays(0, ("01", "01"))])
    answer_group(book, "SPL-001", "inside", [stays(1, ("01", "01"))], flagged=False,
                 note="a night at home")  # fmt: skip
    answer_group(book, "SPL-003", "plain", [stays(0, ("01", "02"))])
    answer_group(book, "SPL-003", "threshold", [stays(1, ("02", "01"))], note="the next day")
    answer_group(book, "SPL-003", "inside", [stays(2, ("01", "02"))], flagged=False,
                 note="two days after")  # fmt: skip
    answer_group(book, "SPL-001", "look_alike", [stays(0, ("01", "01"), "elective")],
                 flagged=False, note="a planned admission")  # fmt: skip


def _two_on_one_day(book: Book) -> None:
    def clinic(kind: str, tfc: str | None = None) -> Event:
        stay = book.take(kind, days=2 if kind != "dialysis" else 0,
                         allowed=_both(book, kind, "follow_up"))  # fmt: skip
        two = book.take("follow_up", provider=stay.line["prov"], like=stay,
                        on=stay.line["start_date"])  # fmt: skip
        two.both(tfc=tfc or stay.line["tfc"])
        return stay

    answer_group(book, "DUP-016", "plain", [clinic("elective")])
    answer_group(book, "DUP-016", "inside", [clinic("elective", "650")], flagged=False,
                 note="another treatment function")  # fmt: skip
    answer_group(book, "DUP-016", "look_alike", [clinic("admission")], flagged=False,
                 note="sent in from clinic as an emergency")  # fmt: skip
    answer_group(book, "DUP-025", "plain", [clinic("dialysis")])
    answer_group(book, "DUP-025", "inside", [clinic("dialysis", "301")], flagged=False,
                 note="another treatment function")  # fmt: skip


def _both(book: Book, one: str, two: str) -> list[str]:
    found = sorted(set(book.offers(one)) & set(book.offers(two)))
    if not found:
        raise LookupError(f"nobody offers both {one} and {two}")
    return found


def _same_day_emergency_care(book: Book) -> None:
    def visit(department: str, other: str, days: int = 0) -> Event:
        one = book.take("emergency", allowed=_both(book, "emergency", other))
        one.record["department"] = department
        two = book.take(other, provider=one.line["prov"], like=one, on=one.line["start_date"],
                        days=days)  # fmt: skip
        if other == "admission" and not days:
            two.charge(pod="NELST", lpod="NELST")
        return one

    answer_group(book, "DUP-021", "plain", [visit("05", "admission")])
    answer_group(book, "DUP-021", "inside", [visit("05", "admission", 1)], flagged=False,
                 note="kept for the night")  # fmt: skip
    answer_group(book, "DUP-021", "look_alike", [visit("01", "admission")], flagged=False,
                 trips=("SPL-012",),
                 note="came in through the emergency department")  # fmt: skip
    answer_group(book, "DUP-022", "plain", [visit("05", "follow_up")])
    answer_group(book, "DUP-022", "look_alike", [visit("01", "follow_up")], flagged=False,
                 note="another department")  # fmt: skip


def _in_a_bed_already(book: Book) -> None:
    def visit(offset: int) -> list[Event]:
        stay = book.take("admission", days=6, allowed=_both(book, "admission", "emergency"))
        on = stay.line["start_date"] + offset * _DAY
        return [stay, book.take("emergency", provider=stay.line["prov"], like=stay, on=on)]

    answer_group(book, "AED-017", "plain", visit(3))
    answer_group(book, "AED-017", "threshold", visit(1), note="the day after admission")
    answer_group(book, "AED-017", "inside", visit(0), flagged=False, note="the way in")
    answer_group(book, "AED-017", "inside", visit(6), flagged=False, note="the day of discharge")


def _beside(event: Event, **values: Any) -> dict[str, Any]:
    """Append a charge beside the event's own and return it."""
    line = event.line
    letter = chr(ord("P") + len(event.lines))
    row = dict(line) | {
        "cds_id": None, "non_cds_id": f"{letter}{line['prov']}{line['event_no']:014d}", "act": 1,
    } | values  # fmt: skip
    event.lines.append(row)
    return row


def _one_appointment(book: Book) -> None:
    event = book.take("follow_up")
    event.record["proc"] = "X379"
    _beside(event, pod="OPPROCFUP", lpod="OPPROCFUP")
    answer_group(book, "OPC-019", "plain", [event], trips=("DUP-012", "DUP-013"))
    event = book.take("follow_up")
    event.record["proc"] = "X379"
    _beside(event, pod="OPPROCFUP", lpod="OPPROCFUP", att_id="A6" + event.line["att_id"][2:])
    answer_group(book, "OPC-019", "inside", [event], flagged=False, trips=("DUP-012", "DUP-013"),
                 note="two appointments")  # fmt: skip


def _every_day(book: Book, kind: str, times: int, tfc: str | None = None) -> list[Event]:
    """Let one patient come so many days in a row, all in one month."""
    one = book.take(kind, on=month_start(book.world, 6) + _DAY)
    events = [one]
    for step in range(1, times):
        on = one.line["start_date"] + step * _DAY
        again = book.take(kind, provider=one.line["prov"], like=one, on=on)
        again.both(tfc=one.line["tfc"])
        events.append(again)
    for event in events if tfc else []:
        event.both(tfc=tfc)
    return events


def _too_often(book: Book) -> None:
    answer_group(book, "OPC-029", "plain", _every_day(book, "follow_up", 11))
    answer_group(book, "OPC-029", "threshold", _every_day(book, "follow_up", 9))
    answer_group(book, "OPC-029", "inside", _every_day(book, "follow_up", 8), flagged=False)
    answer_group(book, "OPC-029", "look_alike", _every_day(book, "follow_up", 9, "650"),
                 flagged=False, note="a course of physiotherapy")  # fmt: skip


def _dialysis(book: Book) -> None:
    answer_group(book, "PRC-047", "plain", _every_day(book, "dialysis", 22))
    answer_group(book, "PRC-047", "threshold", _every_day(book, "dialysis", 19))
    answer_group(book, "PRC-047", "inside", _every_day(book, "dialysis", 18), flagged=False)


def _pathways(book: Book) -> None:
    def twice(pod: str, days: int, *, elsewhere: bool = False) -> list[Event]:
        start = month_start(book.world, 2) + 4 * _DAY
        one = book.take("contact", on=start)
        prov = one.line["prov"]
        other = next(
            p.code for p in book.world.providers
            if p.code != prov and p.kind == "acute" and not p.legacy_until_month
        )  # fmt: skip
        two = book.take("contact", provider=other if elsewhere else prov, like=one,
                        on=start + days * _DAY)  # fmt: skip
        for event in (one, two):
            event.charge(pod=pod, lpod=pod, tfc="560")
        return [one, two]

    for check, pod, days in (("MAT-001", "MATPATHAN", 280), ("MAT-008", "MATPATHPN", 180)):
        answer_group(book, check, "plain", twice(pod, 60))
        answer_group(book, check, "threshold", twice(pod, days), note="the last day of the span")
        answer_group(book, check, "inside", twice(pod, days + 1), flagged=False,
                     note="a day later: another pregnancy may be")  # fmt: skip
    answer_group(book, "MAT-002", "plain", twice("MATPATHAN", 60, elsewhere=True))
    answer_group(book, "MAT-002", "inside", twice("MATPATHAN", 281, elsewhere=True), flagged=False)


def _births(book: Book) -> None:
    def twice(days: int) -> list[Event]:
        one = book.take("admission", on=month_start(book.world, 4) + 4 * _DAY)
        two = book.take("admission", provider=one.line["prov"], like=one,
                        on=one.line["start_date"] + days * _DAY)  # fmt: skip
        for event in (one, two):
            make_birth(event)
        return [one, two]

    answer_group(book, "MAT-006", "plain", twice(20))
    answer_group(book, "MAT-006", "threshold", twice(180))
    answer_group(book, "MAT-006", "inside", twice(181), flagged=False)


def _market_forces(book: Book) -> None:
    event = book.take("contact")
    event.charge(mff_cost=Decimal("7.50"))
    book.answer(
        book.fault("PRC-007"), "PRC-007", "plain", event.line, data_set="ACM",
        local_patient_identifier=None, hospital_provider_spell_identifier=None,
        attendance_identifier=None, cds_unique_identifier=None, activity_start_date=None,
    )  # fmt: skip


def _supplies(book: Book) -> None:
    def twice(days: int = 0, more: int = 0) -> Event:
        one = book.take("drug")
        two = book.take("drug", provider=one.line["prov"], like=one,
                        on=one.line["start_date"] + days * _DAY)  # fmt: skip
        for name in ("drug_code", "drug_name", "indication", "drug_unit", "uprice",
                     "supplier_price", "drug_route", "vat"):  # fmt: skip
            two.line[name] = one.line[name]
        two.line["qty"] = one.line["qty"] + more
        two.line["cost"] = two.line["qty"] * two.line["uprice"]
        return one

    answer_group(book, "HCD-018", "plain", [twice()], trips=("DUP-013",))
    answer_group(book, "HCD-018", "inside", [twice(days=1)], flagged=False, note="the day after",
                 trips=("HCD-017",))  # fmt: skip
    answer_group(book, "HCD-018", "inside", [twice(more=1)], flagged=False, trips=("DUP-013",),
                 note="another quantity")  # fmt: skip
    one, two = book.take("device"), book.take("device")
    two.line.update(dev_serial=one.line["dev_serial"], dev_maker=one.line["dev_maker"])
    answer_group(book, "DEV-007", "plain", [one, two], data_set="DePLCM")
    one, two = book.take("device"), book.take("device")
    two.line.update(dev_serial=one.line["dev_serial"], dev_maker="Another maker")
    answer_group(book, "DEV-007", "inside", [one, two], flagged=False, note="another maker's",
                 data_set="DePLCM")  # fmt: skip


def _unbundled(book: Book) -> None:
    price = Decimal(IMAGING[2])
    scan = {
        "pod": "UNBRAD", "lpod": "UNBRAD", "unbundled": "Y", "tariff": IMAGING[1], "nti": "Y",
        "uprice": price, "cost": price, "mff_cost": Decimal(0), "tfc": "812",
    }  # fmt: skip
    event = book.take("first")
    _beside(event, **scan, att_id="A6" + event.line["att_id"][2:])
    answer_group(book, "UNB-001", "plain", [event])
    event = book.take("first")
    _beside(event, **scan)
    answer_group(book, "UNB-001", "inside", [event], flagged=False, note="beside its attendance")
    event = book.take("day_case")
    _beside(event, **scan)
    answer_group(book, "UNB-002", "plain", [event])
    for variant, flagged, tariff in (("plain", True, None), ("inside", False, "RD40Z")):
        event = book.take("scan")
        _beside(event, att_id="A5" + event.line["att_id"][2:])
        if tariff:
            event.lines[-1]["tariff"] = tariff if event.line["tariff"] != tariff else "RD01A"
        answer_group(book, "UNB-004", variant, [event], flagged=flagged)
    for variant, flagged, second in (("plain", True, "SB15Z"), ("inside", False, "SB03Z")):
        event = book.take("day_case")
        for code in ("SB12Z", second):
            _beside(event, **scan | {"pod": "UNBCHEMO", "lpod": "UNBCHEMO", "tariff": code,
                                     "nti": "N"})  # fmt: skip
        answer_group(book, "UNB-006", variant, [event], flagged=flagged)
