"""Faults that show only when several records are seen together: duplicates and overlaps."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from comptroller.demo.faults.book import Book, Event, Row

_PATIENT = ("provider_code", "local_patient_identifier")


def _copy(book: Book, event: Event) -> Event:
    """Charge an event once more: the same patient, day and identifiers; SUS has it once."""
    again = Event([dict(r) for r in event.lines], [])
    book.events.append(again)
    return again


def answer_group(
    book: Book,
    check: str,
    variant: str,
    events: list[Event],
    *,
    flagged: bool = True,
    trips: tuple[str, ...] = (),
    note: str = "",
    **values: Any,
) -> None:
    """Answer for a group: whichever of its records a check names, it is the same fault."""
    fault = book.fault(check)
    seen: set[str] = set()
    for event in events:
        row: Row = event.rows[0]
        if row["lpid"] in seen:
            continue
        seen.add(row["lpid"])
        book.answer(fault, check, variant, row, only=_PATIENT, flagged=flagged, note=note, **values)
        book.also(fault, trips, row)


def plant_groups(book: Book) -> None:
    """Plant every fault of several records."""
    for plant in (
        _exact_duplicates,
        _identifiers_repeated,
        _spells_repeated,
        _overlaps,
        _charged_twice,
        _two_payers,
        _drugs_and_devices_twice,
        _clinics,
        _clinics_during_stays,
        _emergencies,
        _settings,
        _credits,
    ):
        for turn in range(book.instances):
            # A small economy may lack a kind of care that a fault needs: then it is not planted.
            with suppress(LookupError):
                plant(book, turn)


def _exact_duplicates(book: Book, turn: int) -> None:
    kind = ("direct", "contact", "drug", "device")[turn % 4]
    event = book.take(kind)
    again = _copy(book, event)
    if kind in ("drug", "device"):
        again.lines = [line for line in again.lines if line["ds"] != "PLCM"]
        answer_group(
            book,
            "DUP-001",
            "plain",
            [event],
            data_set=event.line["ds"],
            trips=("HCD-018", "DEV-007"),
        )
    else:
        answer_group(book, "DUP-001", "plain", [event], data_set="PLCM", trips=("UNB-004",))
    if turn % 2:
        return
    event = book.take("direct")
    penny = _copy(book, event)
    penny.charge(non_cds_id="T" + event.line["non_cds_id"][1:])
    answer_group(
        book,
        "DUP-001",
        "inside",
        [event],
        flagged=False,
        note="two tests, two identifiers",
        trips=("UNB-004",),
    )
    one = book.take("direct")
    twin = book.take("direct", provider=one.line["prov"], on=one.line["start_date"])
    for name in ("dob", "postcode", "sex", "tfc", "tariff", "pod", "lpod", "act", "uprice", "cost",
                 "mff_cost", "nti", "site", "age"):  # fmt: skip
        twin.line[name] = one.line[name]
    answer_group(book, "DUP-001", "look_alike", [one, twin], flagged=False, note="twins")


def _identifiers_repeated(book: Book, turn: int) -> None:
    kind = ("follow_up", "first", "emergency")[turn % 3]
    one = book.take(kind)
    two = book.take(kind, provider=one.line["prov"], on=one.line["start_date"])
    two.both(tfc=one.line["tfc"], comm=one.line["comm"], practice=one.line["practice"])
    two.line["cds_id"] = one.line["cds_id"]
    answer_group(book, "DUP-002", "plain", [one, two], data_set="PLCM",
                 trips=("REC-008", "REC-007", "REC-011", "DQV-022", "DUP-001", "REC-013",
                        "ATT-040", "PRC-050", "OPC-003", "OPC-004"))  # fmt: skip
    if turn % 2:
        return
    stay = book.take("long_stay")
    stay.charge(cds_id=stay.line["cds_id"])
    answer_group(book, "DUP-002", "look_alike", [stay], flagged=False,
            note="spell and excess bed days carry one identifier")  # fmt: skip
    one = book.take(kind)
    two = book.take(kind, provider=one.line["prov"], on=one.line["start_date"] + timedelta(days=1))
    for event in (one, two):
        event.charge(cds_id=None)
    answer_group(book, "DUP-002", "missing", [one, two], flagged=False)


def _spells_repeated(book: Book, turn: int) -> None:
    kind = ("admission", "day_case", "elective")[turn % 3]
    event = book.take(kind)
    again = _copy(book, event)
    again.charge(cds_id=None, non_cds_id=f"D{event.line['spell_id']}")
    answer_group(
        book, "DUP-003", "plain", [event], data_set="PLCM", trips=("DUP-005", "DUP-007", "DUP-012")
    )
    if turn % 2:
        return
    stay = book.take("critical")
    answer_group(book, "DUP-003", "look_alike", [stay], flagged=False,
            note="a spell and its critical care")  # fmt: skip
    event = book.take(kind)
    again = _copy(book, event)
    again.charge(cds_id=None, spell_id=None, non_cds_id=f"D{event.line['spell_id']}")
    answer_group(book, "DUP-003", "missing", [event], flagged=False,
            trips=("DQV-025", "DUP-005", "DUP-004", "DUP-007", "DUP-012"))  # fmt: skip


def _overlaps(book: Book, turn: int) -> None:
    # Same dates, two spells, where every kind of stay that is planted here is offered.
    one = book.take("admission", allowed=_with_every_stay(book))
    start, days = one.line["start_date"], (one.line["end_date"] - one.line["start_date"]).days
    prov = one.line["prov"]
    two = book.take("admission", provider=prov, like=one, on=start, days=days)
    answer_group(book, "DUP-004", "plain", [one], trips=("DUP-005",))
    one = book.take("admission", provider=prov, days=6)
    start = one.line["start_date"]
    kind = "elective" if book.offers("elective") else "admission"
    book.take(kind, provider=prov, like=one, on=start + timedelta(days=2), days=6)
    answer_group(book, "DUP-005", "plain", [one])
    one = book.take("admission", allowed=_big(book), days=6)
    start = one.line["start_date"]
    other = _neighbour(book, one)
    two = book.take("admission", provider=other, like=one, on=start + timedelta(days=1), days=7)
    answer_group(book, "DUP-006", "plain", [one, two])
    ordinary = book.take("admission", provider=prov, days=6)
    book.take("day_case", provider=prov, like=ordinary,
              on=ordinary.line["start_date"] + timedelta(days=3))  # fmt: skip
    answer_group(book, "DUP-024", "plain", [ordinary], trips=("DUP-005",))
    if turn % 2 == 0:
        _overlaps_at_the_edge(book, prov)


def _overlaps_at_the_edge(book: Book, prov: str) -> None:
    def pair(first_days: int, offset: int, days: int, kind: str = "admission") -> Event:
        one = book.take("admission", provider=prov, days=first_days)
        start = one.line["start_date"] + timedelta(days=offset)
        book.take(kind, provider=prov, like=one, on=start, days=days)
        return one

    one = pair(5, 0, 6)
    answer_group(book, "DUP-004", "inside", [one], flagged=False, trips=("DUP-005",))
    one = book.take("admission", provider=prov, days=4)
    two = book.take("admission", provider=prov, like=one, on=one.line["start_date"], days=4)
    one.charge(nhs=None)
    two.charge(nhs=None)
    answer_group(book, "DUP-004", "missing", [one], flagged=False, data_set="PLCM",
            trips=("DQV-001", "ATT-032", "DUP-004", "DUP-005"))  # fmt: skip
    one = pair(5, 4, 5)
    answer_group(book, "DUP-005", "threshold", [one], note="one day of overlap")
    one = pair(5, 5, 4)
    answer_group(
        book,
        "DUP-005",
        "inside",
        [one],
        flagged=False,
        note="back on the day of discharge",
        trips=("SPL-001", "SPL-003", "SPL-033"),
    )
    one = pair(4, 5, 0, "day_case")
    answer_group(book, "DUP-024", "inside", [one], flagged=False, note="the day after discharge")
    one = book.take("dialysis")
    book.take("dialysis", provider=one.line["prov"], like=one, on=one.line["start_date"])
    answer_group(book, "DUP-004", "look_alike", [one], flagged=False, note="a regular attender")
    one = book.take("admission", allowed=_big(book), days=5)
    other = _neighbour(book, one)
    two = book.take("admission", provider=other, like=one, on=one.line["end_date"], days=4)
    answer_group(
        book, "DUP-006", "look_alike", [one, two], flagged=False, note="transferred that day"
    )
    one = book.take("admission", allowed=_big(book), days=5)
    other = _neighbour(book, one)
    start = one.line["end_date"] - timedelta(days=1)
    two = book.take("admission", provider=other, like=one, on=start, days=4)
    answer_group(
        book, "DUP-006", "inside", [one, two], flagged=False, note="one day for a transfer"
    )


def _with_every_stay(book: Book) -> list[str]:
    """Return the providers that offer emergency and elective stays and day cases, if any does."""
    emergency = set(book.offers("admission"))
    every = emergency & set(book.offers("elective")) & set(book.offers("day_case"))
    return sorted(every or emergency)


def _big(book: Book) -> list[str]:
    """Return the providers of admissions that charge the first provider's host."""
    host = book.world.providers[0].shares[0][0]
    return [
        p.code
        for p in book.world.providers
        if p.shares[0][0] == host and not p.legacy_until_month and p.kind in ("acute", "tertiary")
    ] or [book.world.providers[0].code]


def _neighbour(book: Book, event: Event) -> str:
    offers = [code for code in book.offers("admission") if code != event.line["prov"]]
    near = [code for code in _big(book) if code in offers]
    return (near or offers)[len(book.events) % len(near or offers)]


def _charged_twice(book: Book, turn: int) -> None:
    kind = ("direct", "follow_up", "drug")[turn % 3]
    event = book.take(kind, month=3 + turn % 6)
    again = _copy(book, event)
    if kind == "drug":
        again.lines = [line for line in again.lines if line["ds"] != "PLCM"]
    later = event.line["month"] + 2
    again.charge(month=later, seen_from=later)
    trips = ("DQV-013", "DUP-001", "DUP-002", "DUP-013", "HCD-018")
    answer_group(book, "DUP-007", "plain", [event], trips=trips)
    if turn % 2:
        return
    event = book.take("follow_up", month=3 + turn % 6)
    line = event.line
    credit = _copy(book, event)
    credit.charge(month=line["month"] + 2, seen_from=line["month"] + 2, act=-1,
                  cost=-line["cost"], mff_cost=-line["mff_cost"])  # fmt: skip
    rebilled = _copy(book, event)
    rebilled.charge(month=line["month"] + 2, seen_from=line["month"] + 2)
    answer_group(book, "DUP-007", "look_alike", [event], flagged=False,
            note="credited and charged anew",
            trips=("DQV-013", "DUP-002", "DUP-013", "DUP-001"))  # fmt: skip


def _two_payers(book: Book, turn: int) -> None:
    kind = ("admission", "follow_up", "day_case")[turn % 3]
    event = book.take(kind)
    other = book.another(event.line["comm"], event.line["prov"])
    again = _copy(book, event)
    again.charge(comm=other)
    answer_group(book, "DUP-009", "plain", [event], trips=(
        "DUP-001", "DUP-002", "DUP-003", "DUP-005", "DUP-013", "ATT-001", "ATT-008", "ATT-038",
        "DUP-007",
    ))  # fmt: skip
    one = book.take("follow_up")
    other = book.another(one.line["comm"], one.line["prov"])
    two = _other_clinic(book, one)
    practice = book.practice_of(other)
    two.both(comm=other, practice=practice, pds_practice=practice, assigned_comm=other)
    two.charge(gp_resp=other, res_resp=other)
    answer_group(book, "ATT-038", "plain", [one], data_set="PLCM")
    if turn % 2:
        return
    one = book.take("follow_up")
    two = _other_clinic(book, one)
    book.move(two, one.line["start_date"] + timedelta(days=1))
    other = book.another(one.line["comm"], one.line["prov"])
    practice = book.practice_of(other)
    two.both(comm=other, practice=practice, pds_practice=practice, assigned_comm=other)
    two.charge(gp_resp=other, res_resp=other)
    answer_group(book, "ATT-038", "inside", [one], flagged=False, note="on two days")
    stay = book.take("critical")
    answer_group(book, "DUP-009", "look_alike", [stay], flagged=False, note="one spell, two lines")


def _other_clinic(book: Book, one: Event, kind: str = "follow_up") -> Event:
    """Return another attendance of the patient that day, in another treatment function."""
    two = book.take(kind, provider=one.line["prov"], like=one, on=one.line["start_date"])
    tfc = "301" if one.line["tfc"] != "301" else "302"
    two.both(tfc=tfc)
    return two


def _drugs_and_devices_twice(book: Book, turn: int) -> None:
    for check, kind, pod, words in (
        ("DUP-010", "drug", "DRUG", "High cost drug {}"),
        ("DUP-011", "device", "DEVICE", "High cost device {}"),
    ):

        def charge_again(
            pod_code: str, *, days: int = 0, factor: str = "1",
            kind: str = kind, words: str = words,
        ) -> Event:  # fmt: skip
            event = book.take(kind)
            source = event.line
            clinic = next(line for line in event.lines if line["ds"] == "PLCM")
            cost = (source["cost"] * Decimal(factor)).quantize(Decimal("0.01"), ROUND_DOWN)
            name = source["drug_name"] or source["dev_name"]
            day = source["start_date"] + timedelta(days=days)
            again = dict(clinic) | {
                "cds_id": None, "non_cds_id": f"H{clinic['cds_id']}", "pod": pod_code,
                "lpod": f"{kind[:3].upper()}-{pod_code[:3]}", "lpod_text": words.format(name),
                "tariff": None, "nti": "N", "act": 1, "uprice": cost, "cost": cost,
                "mff_cost": Decimal(0), "start_date": day, "end_date": day,
            }  # fmt: skip
            if pod_code != "OTHER":
                again["tfc"] = clinic["tfc"]
            event.lines.append(again)
            return event

        event = charge_again(pod if turn % 2 else "OTHER")
        answer_group(book, check, "plain", [event])
        if turn % 2:
            line = event.line
            for tie in ("REC-002", "REC-003" if pod == "DRUG" else "REC-004", "REC-005", "REC-006"):
                book.answer(
                    f"{check}/tie", tie, "consequence", line,
                    only=("provider_code", "commissioner_code", "month"),
                )  # fmt: skip
            continue
        event = charge_again("OTHER", days=3, factor="1.01")
        answer_group(book, check, "threshold", [event], note="three days and one per cent apart")
        event = charge_again("OTHER", days=4)
        answer_group(book, check, "inside", [event], flagged=False, note="four days apart")
        event = charge_again("OTHER", factor="1.02")
        answer_group(book, check, "inside", [event], flagged=False, note="two per cent apart")
        event = charge_again("OTHER")
        event.lines[-1]["nhs"] = None
        answer_group(book, check, "missing", [event], flagged=False, trips=("DQV-001", "ATT-032"))


def _clinics(book: Book, turn: int) -> None:
    one = book.take("follow_up")
    two = book.take("follow_up", provider=one.line["prov"], like=one, on=one.line["start_date"])
    two.both(tfc=one.line["tfc"])
    answer_group(book, "DUP-013", "plain", [one])
    one = book.take("follow_up", allowed=book.offers("phone") or None)
    two = book.take("phone", provider=one.line["prov"], like=one, on=one.line["start_date"])
    two.both(tfc=one.line["tfc"])
    two.charge(tariff=two.line["tariff"])
    answer_group(book, "DUP-030", "plain", [one], trips=("DUP-013",))
    if turn % 2:
        return
    one = book.take("follow_up")
    _other_clinic(book, one)
    answer_group(book, "DUP-013", "inside", [one], flagged=False, note="two treatment functions")
    one = book.take("first")
    two = book.take("follow_up", provider=one.line["prov"], like=one,
                    on=one.line["start_date"] + timedelta(days=1))  # fmt: skip
    two.both(tfc=one.line["tfc"])
    answer_group(book, "DUP-013", "inside", [one], flagged=False, note="the day after")
    one = book.take("first")
    two = book.take("follow_up", provider=one.line["prov"], like=one, on=one.line["start_date"])
    two.both(tfc=None)
    answer_group(book, "DUP-013", "missing", [one], flagged=False)
    one = book.take("follow_up")
    two = book.take("follow_up", provider=one.line["prov"], like=one, on=one.line["start_date"])
    two.both(tfc=one.line["tfc"])
    two.record["attended"] = "3"
    two.lines.clear()
    answer_group(
        book, "DUP-013", "look_alike", [one], flagged=False, note="did not attend the other"
    )
    one = book.take("follow_up", allowed=book.offers("phone") or None)
    _other_clinic(book, one, "phone")
    answer_group(book, "DUP-030", "inside", [one], flagged=False, note="two clinics")


def _clinics_during_stays(book: Book, turn: int) -> None:
    def stay_and_clinic(offset: int, days: int = 6, provider: str | None = None) -> list[Event]:
        stay = book.take("admission", days=days, allowed=book.offers("follow_up"))
        where = provider or stay.line["prov"]
        on = stay.line["start_date"] + timedelta(days=offset)
        return [stay, book.take("follow_up", provider=where, like=stay, on=on)]

    answer_group(book, "DUP-015", "plain", stay_and_clinic(3))
    if turn % 2:
        return
    answer_group(book, "DUP-015", "threshold", stay_and_clinic(1), note="the day after admission")
    answer_group(book, "DUP-015", "inside", stay_and_clinic(0), flagged=False,
            note="on the day of admission")  # fmt: skip
    answer_group(book, "DUP-015", "inside", stay_and_clinic(6), flagged=False,
            note="on the day of discharge")  # fmt: skip
    events = stay_and_clinic(3)
    events[1].both(nhs=None)
    answer_group(book, "DUP-015", "missing", events, flagged=False, trips=("DQV-001", "ATT-032"))


def _emergencies(book: Book, turn: int) -> None:
    def two_arrivals(minutes: int) -> tuple[Event, Event]:
        one = book.take("emergency")
        two = book.take("emergency", provider=one.line["prov"], like=one,
                        on=one.line["start_date"])  # fmt: skip
        two.both(site=one.line["site"])
        nine = datetime.combine(one.line["start_date"], time(9, 10))
        one.record.update(arrived=nine, departed=nine + timedelta(minutes=95))
        second = nine + timedelta(minutes=minutes)
        two.record.update(arrived=second, departed=second + timedelta(minutes=80))
        return one, two

    answer_group(book, "DUP-019", "plain", [two_arrivals(45)[0]])
    if turn % 2:
        event = book.take("emergency")
        again = _copy(book, event)
        again.charge(cds_id=None, non_cds_id=f"D{event.line['ec_id']}")
        answer_group(book, "DUP-019", "plain", [event], trips=("DUP-007", "DUP-012"),
                note="one attendance charged twice")  # fmt: skip
        return
    answer_group(book, "DUP-019", "threshold", [two_arrivals(119)[0]], note="119 minutes apart")
    answer_group(book, "DUP-019", "inside", [two_arrivals(121)[0]], flagged=False,
            note="121 minutes apart")  # fmt: skip
    one, two = two_arrivals(40)
    two.record.update(arrived=None, departed=None)
    answer_group(book, "DUP-019", "missing", [one], flagged=False)
    one = book.take("emergency")
    twin = book.take("emergency", provider=one.line["prov"], on=one.line["start_date"])
    twin.both(site=one.line["site"], dob=one.line["dob"], postcode=one.line["postcode"])
    for event in (one, twin):
        event.both(age=one.line["age"])
        event.record.update(arrived=one.record["arrived"], departed=one.record["departed"])
    answer_group(
        book, "DUP-019", "look_alike", [one, twin], flagged=False, note="twins arrive together"
    )


def _settings(book: Book, turn: int) -> None:
    both = sorted(set(book.offers("day_case")) & set(book.offers("procedure")))
    one = book.take("day_case", allowed=both)
    two = book.take("procedure", provider=one.line["prov"], like=one, on=one.line["start_date"])
    two.record["proc"] = one.record["proc"]
    answer_group(book, "DUP-023", "plain", [one])
    scan = book.take("scan")
    line = scan.line
    scan.lines.append(
        dict(line) | {
            "pod": "UNBRAD", "lpod": "UNBRAD", "unbundled": "Y",
            "non_cds_id": f"I{line['non_cds_id'][1:]}", "att_id": f"A9{line['att_id'][2:]}",
        }
    )  # fmt: skip
    answer_group(book, "DUP-027", "plain", [scan], data_set="PLCM", trips=("UNB-001",))
    if turn % 2 == 0:
        one = book.take("day_case", allowed=both)
        two = book.take("procedure", provider=one.line["prov"], like=one,
                        on=one.line["start_date"])  # fmt: skip
        two.record["proc"] = "Y999"
        answer_group(book, "DUP-023", "inside", [one], flagged=False, note="another procedure")


def _credits(book: Book, turn: int) -> None:
    if turn % 2:
        return
    kind = ("admission", "follow_up")[turn // 2 % 2]
    event = book.take(kind)
    line = event.line
    credit = _copy(book, event)
    credit.charge(act=-1, cost=-line["cost"], mff_cost=-line["mff_cost"])
    rebilled = _copy(book, event)
    rebilled.charge(uprice=line["uprice"] - 5, cost=line["cost"] - 5)
    for check in ("PRC-037", "DUP-001", "DUP-003" if kind == "admission" else "DUP-013"):
        answer_group(book, check, "look_alike", [event], flagged=False,
                note="charged, credited and charged anew", trips=("DUP-002", "PRC-050")
                if check == "PRC-037" else ())  # fmt: skip
