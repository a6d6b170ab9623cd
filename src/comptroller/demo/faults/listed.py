"""Faults against lists: terms of drugs and devices, other nations, visitors, chemotherapy."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from comptroller.demo.faults.book import Book, Event, month_start
from comptroller.demo.faults.cases import (
    OUTPATIENT,
    Case,
    Change,
    aged,
    all_of,
    charge,
    plant_cases,
    record,
)
from comptroller.demo.faults.groups import answer_group
from comptroller.demo.listed import Listed, listed_devices, listed_drugs
from comptroller.demo.presets import HUB

_DAY = timedelta(days=1)
_RESIDENCE = ("national_v3", "local_inpatient_words", "local_workbook")


def _given(event: Event, drug: Listed, units: int = 1) -> None:
    """Let the patient be given so many units of a listed drug, at its price."""
    line = event.line
    line.update(
        drug_code=drug.code, drug_name=drug.name, indication=drug.indication, drug_unit=drug.unit,
        qty=Decimal(units), uprice=drug.price, home_charge=Decimal(0), drug_route="2", vat="Y",
        supplier_price=(drug.price * 96 / 100).quantize(Decimal("0.01")), cost=drug.price * units,
    )  # fmt: skip


def _fitted(event: Event, device: Listed, units: int = 1) -> None:
    event.line.update(
        dev_code=device.code, dev_name=device.name, dev_level=device.category,
        dev_maker=device.maker, qty=Decimal(units), uprice=device.price,
        supplier_price=device.price, cost=device.price * units, vat="N",
    )  # fmt: skip


def _drug(word: str, *, units: int = 1, dearer: str = "0") -> Change:
    def change(book: Book, event: Event) -> None:
        _given(event, listed_drugs(book.world)[word], units)
        line = event.line
        price = line["uprice"] + Decimal(dearer)
        line.update(uprice=price, cost=price * units)
        if Decimal(dearer):
            line["supplier_price"] = price

    return change


def _device(word: str, units: int = 1) -> Change:
    return lambda book, event: _fitted(event, listed_devices(book.world)[word], units)


def _on(day: int) -> Change:
    """Let the event end on a day of the year, counted from its first."""

    def change(book: Book, event: Event) -> None:
        main = next(line for line in event.lines if line["ds"] == "PLCM")
        length = main["end_date"] - main["start_date"]
        book.move(event, book.world.start + timedelta(days=day) - length)

    return change


def _alone(_: Book, event: Event) -> None:
    """Take away the clinic beside a drug."""
    event.lines[:] = [event.line]
    event.sus.clear()


def _times_price(times: int) -> Change:
    def change(_: Book, event: Event) -> None:
        line = event.line
        price = line["uprice"] * times
        line.update(uprice=price, supplier_price=price,
                    cost=price * line["qty"] + (line["home_charge"] or 0))  # fmt: skip

    return change


def _practice_of_nation(letter: str, residence: str = "") -> Change:
    def change(book: Book, event: Event) -> None:
        practice = f"{letter}{99_000 + len(book.organisations)}"
        book.organisations.append(
            (practice, f"Practice {practice}", "practice", None, "2013-04-01", None, None)
        )
        event.both(practice=practice, pds_practice=None)
        if residence:
            event.charge(res_resp=residence)

    return change


_of_drug = partial(Case, kinds=("drug",))
_of_device = partial(Case, kinds=("device",))
CASES = (
    _of_drug("HCD-006", "plain", all_of(_drug("new"), _on(80))),
    _of_drug("HCD-006", "threshold", all_of(_drug("new"), _on(119)), note="the day before"),
    _of_drug("HCD-006", "inside", all_of(_drug("new"), _on(120)), flagged=False),
    _of_drug("HCD-008", "plain", _drug("framework", dearer="40")),
    _of_drug("HCD-008", "threshold", _drug("framework", dearer="6.01")),
    _of_drug("HCD-008", "inside", _drug("framework", dearer="6.00"), flagged=False),
    _of_drug("HCD-010", "plain", _drug("discount")),
    _of_drug("HCD-010", "threshold", _drug("discount", dearer="-39.99")),
    _of_drug("HCD-010", "inside", _drug("discount", dearer="-40"), flagged=False),
    _of_drug("HCD-011", "plain", all_of(_drug("originator"), _on(130))),
    _of_drug("HCD-011", "threshold", all_of(_drug("originator"), _on(91))),
    _of_drug("HCD-011", "inside", all_of(_drug("originator"), _on(90)), flagged=False,
             note="the day before the switch"),
    _of_drug("HCD-011", "look_alike", all_of(_drug("biosimilar"), _on(130)), flagged=False),
    _of_drug("HCD-016", "plain", _drug("units", units=9)),
    _of_drug("HCD-016", "threshold", _drug("units", units=5)),
    _of_drug("HCD-016", "inside", _drug("units", units=4), flagged=False),
    _of_drug("HCD-023", "plain", all_of(_alone, charge(drug_route="2"))),
    _of_drug("HCD-023", "inside", charge(drug_route="2"), flagged=False),
    _of_drug("HCD-023", "look_alike", all_of(_alone, charge(drug_route="4", vat="N")),
             flagged=False, note="delivered at home"),
    _of_drug("HCD-024", "plain", all_of(aged(12), _drug("ages"))),
    _of_drug("HCD-024", "threshold", all_of(aged(17), _drug("ages"))),
    _of_drug("HCD-024", "inside", all_of(aged(18), _drug("ages")), flagged=False),
    _of_drug("HCD-024", "threshold", all_of(aged(66), _drug("ages"))),
    _of_drug("HCD-024", "inside", all_of(aged(65), _drug("ages")), flagged=False),
    _of_drug("HCD-025", "plain", _drug("cancer")),
    _of_drug("HCD-026", "plain", all_of(_drug("free"), _on(60))),
    _of_drug("HCD-026", "threshold", all_of(_drug("free"), _on(120)), note="the last day"),
    _of_drug("HCD-026", "inside", all_of(_drug("free"), _on(121)), flagged=False),
    _of_drug("HCD-028", "plain", all_of(_drug("ages"), aged(40),
             charge(drug_name="Galcanezumab 120mg pen"))),
    _of_drug("HCD-028", "look_alike", all_of(_drug("ages"), aged(40),
             charge(drug_name="ERENUMAB 70MG/1ML")), flagged=False, note="the same drug"),
    _of_drug("HCD-029", "plain", _times_price(10), trips=("HCD-009",)),
    _of_drug("HCD-029", "plain", _times_price(100), trips=("HCD-009",)),
    _of_drug("HCD-029", "inside", _times_price(2), flagged=False),
    _of_device("DEV-002", "plain", all_of(_device("zero cost"), _on(150))),
    _of_device("DEV-002", "threshold", all_of(_device("zero cost"), _on(120))),
    _of_device("DEV-002", "inside", all_of(_device("zero cost"), _on(119)), flagged=False),
    _of_device("DEV-004", "plain", record(proc=None)),
    _of_device("DEV-011", "plain", all_of(_device("vat"), charge(vat="Y"))),
    _of_device("DEV-011", "inside", _device("vat"), flagged=False),
    _of_device("DEV-011", "missing", charge(vat="Y"), flagged=False, note="the list does not say"),
    _of_device("DEV-013", "plain", _device("allowance", 4)),
    _of_device("DEV-013", "inside", _device("allowance", 3), flagged=False),
    _of_device("DEV-014", "plain", record(diag="Z538")),
    _of_device("DEV-014", "inside", record(diag="Z548"), flagged=False),
    Case("ATT-012", "plain", _practice_of_nation("W", "7A1"), layouts=_RESIDENCE),
    Case("ATT-012", "missing", _practice_of_nation("W"), flagged=False, layouts=("national",)),
    Case("ATT-013", "plain", _practice_of_nation("W"), layouts=_RESIDENCE),
    Case("ATT-013", "inside", _practice_of_nation("W", "7A1"), flagged=False, trips=("ATT-012",),
         layouts=_RESIDENCE, note="lives in Wales too"),
    Case("ATT-014", "plain", _practice_of_nation("S"), kinds=("follow_up", "day_case")),
    Case("ATT-014", "plain", _practice_of_nation("Z"), kinds=("first", "elective")),
    Case("ATT-014", "look_alike", _practice_of_nation("S"), flagged=False, kinds=("emergency",),
         note="an emergency is the local board's"),
    Case("ATT-015", "plain", record(overseas="4"), kinds=("follow_up", "day_case")),
    Case("ATT-015", "plain", record(overseas="F"), kinds=("first", "elective")),
    Case("ATT-015", "inside", record(overseas="1"), flagged=False, note="exempt"),
    Case("ATT-015", "look_alike", record(overseas="4"), flagged=False, kinds=("emergency",)),
    Case("ATT-015", "missing", record(overseas=None), flagged=False),
    Case("COD-015", "plain", lambda _, e: e.both(tariff="UNCODED"),
         kinds=("day_case", "elective"), trips=("DQV-010",)),
)  # fmt: skip


def plant_listed(book: Book) -> None:
    """Plant every fault of this module."""
    plant_cases(book, CASES)
    for _ in range(book.instances):
        for plant in (_too_early, _one_class, _lines_of_therapy, _replaced, _dental, _chemotherapy,
                      _radiotherapy, _rehabilitation):  # fmt: skip
            # A small economy may lack a kind of care that a fault needs: then it is not planted.
            with suppress(LookupError):
                plant(book)


def _again(book: Book, one: Event, drug: Listed, days: int) -> Event:
    line = one.line
    two = book.take("drug", provider=line["prov"], like=one, on=line["start_date"] + days * _DAY)
    _given(two, drug)
    return two


def _too_early(book: Book) -> None:
    drug = listed_drugs(book.world)["interval"]
    for variant, days in (("plain", 9), ("threshold", 20), ("inside", 21)):
        one = book.take("drug", month=4)
        _given(one, drug)
        _again(book, one, drug, days)
        answer_group(book, "HCD-017", variant, [one], flagged=days < 21)


def _one_class(book: Book) -> None:
    drugs = listed_drugs(book.world)
    for variant, days in (("plain", 3), ("threshold", 7), ("inside", 8)):
        one = book.take("drug", month=6)
        _given(one, drugs["class one"])
        _again(book, one, drugs["class two"], days)
        answer_group(book, "HCD-019", variant, [one], flagged=days < 8)


def _lines_of_therapy(book: Book) -> None:
    drugs = listed_drugs(book.world)
    words = ("framework", "biosimilar", "units", "interval", "originator")
    for variant, count in (("threshold", 5), ("inside", 4)):
        one = book.take("drug", on=month_start(book.world, 1) + 9 * _DAY)
        _given(one, drugs[words[0]])
        for step, word in enumerate(words[1:count], start=1):
            _again(book, one, drugs[word], 20 * step)
        answer_group(book, "HCD-020", variant, [one], flagged=count > 4, trips=("HCD-011",))


def _replaced(book: Book) -> None:
    device = listed_devices(book.world)["life"]
    for variant, months, back in (("plain", 3, 0), ("threshold", 6, 1), ("inside", 6, 0)):
        one = book.take("device", on=month_start(book.world, 2) + 9 * _DAY, days=2)
        _fitted(one, device)
        on = month_start(book.world, 2 + months) + (9 - back) * _DAY
        two = book.take("device", provider=one.line["prov"], like=one, on=on, days=2)
        _fitted(two, device)
        answer_group(book, "DEV-012", variant, [one], flagged=variant != "inside")


def _dental(book: Book) -> None:
    homes = [p.code for p in book.world.providers if HUB in dict(p.shares)]
    for variant, tfc in (("plain", "140"), ("inside", "130")):
        event = book.take("day_case", allowed=homes)
        event.both(tfc=tfc, comm=HUB)
        event.charge(csc="51")
        delegated = book.world.start >= date(2023, 4, 1)
        book.answer(book.fault("ATT-031"), "ATT-031", variant, event.line,
                    flagged=variant == "plain" and delegated)  # fmt: skip
        book.also("ATT-031", ("ATT-008", "ATT-001", "DQV-012"), event.line)


def _beside(event: Event, **values: Any) -> dict[str, Any]:
    """Append an unbundled charge beside the event's own and return it."""
    line = next(row for row in event.lines if row["ds"] == "PLCM")
    letter = chr(ord("P") + len(event.lines))
    row = dict(line) | {
        "cds_id": None, "non_cds_id": f"{letter}{line['prov']}{line['event_no']:014d}", "act": 1,
        "unbundled": "Y", "nti": "N", "mff_cost": Decimal(0), "uprice": Decimal("310.00"),
        "cost": Decimal("310.00"),
    } | values  # fmt: skip
    event.lines.append(row)
    return row


def _chemotherapy(book: Book) -> None:
    for variant, code in (("plain", "SB03Z"), ("inside", "SB12Z")):
        event = book.take("drug")
        event.line["drug_route"] = "2"
        _beside(event, pod="UNBCHEMO", lpod="UNBCHEMO", tariff=code)
        answer_group(book, "UNB-007", variant, [event], flagged=variant == "plain")
    for variant, second in (("plain", "SB12Z"), ("inside", "RD20A")):
        event = book.take("day_case")
        event.both(tariff="SB97Z")
        _beside(event, pod="UNBCHEMO", lpod="UNBCHEMO", tariff=second)
        answer_group(book, "UNB-008", variant, [event], flagged=variant == "plain")


def _radiotherapy(book: Book) -> None:
    for variant, codes in (("plain", ("SC45Z", "SC45Z")), ("inside", ("SC45Z", "SC22Z"))):
        event = book.take(OUTPATIENT[0])
        for code in codes:
            _beside(event, pod="UNBRTHPY", lpod="UNBRTHPY", tariff=code)
        answer_group(book, "UNB-010", variant, [event], flagged=variant == "plain")


def _rehabilitation(book: Book) -> None:
    for variant, beyond in (("plain", 5), ("threshold", 1), ("inside", 0)):
        event = book.take("elective")
        days = (event.line["end_date"] - event.line["start_date"]).days + 1 + beyond
        _beside(event, pod="UNBREHAB", lpod="UNBREHAB", tariff="VC12Z", act=days,
                cost=days * Decimal("310.00"))  # fmt: skip
        answer_group(book, "UNB-011", variant, [event], flagged=beyond > 0)
