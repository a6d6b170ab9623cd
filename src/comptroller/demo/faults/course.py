"""Faults in the course of a patient's care: what came before, what came after, what SUS says of it.

Those of one record are in ``told``; here one patient lives several events.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from comptroller.demo.faults.book import Book, Event, month_start
from comptroller.demo.faults.cases import WRITTEN, always_sends, plant_cases
from comptroller.demo.faults.groups import answer_group
from comptroller.demo.faults.told import TOLD

_DAY = timedelta(days=1)
_FAR = 60  # days: a trim point that no stay here comes near


def plant_course(book: Book) -> None:
    """Plant every fault of this module, and answer for readmissions that nobody planted."""
    _note_readmissions(book)
    plant_cases(book, TOLD)
    plants: tuple[Callable[[Book], None], ...] = (
        _moves, _readmissions, _parts_of_a_stay, _front_doors, _visits, _series, _earlier_events,
        _cancelled, _pathways, _persons, _units,
    )  # fmt: skip
    for _ in range(book.instances):
        for plant in plants:
            # A small economy may lack a kind of care that a fault needs: then it is not planted.
            with suppress(LookupError):
                plant(book)


def _note_readmissions(book: Book) -> None:
    """Answer for emergencies within thirty days of a stay: people are ill again without a fault."""
    rows = book.con.execute(
        """WITH stays AS (
            SELECT nhs, prov, lpid, pod, start_date, end_date, lag(end_date) OVER w AS before
            FROM lines WHERE ds = 'PLCM' AND pod IN ('EL', 'DC', 'NEL', 'NELST', 'NELNE')
                AND nhs IS NOT NULL
            WINDOW w AS (PARTITION BY nhs ORDER BY start_date, end_date))
        SELECT DISTINCT prov, lpid FROM stays
        WHERE pod IN ('NEL', 'NELST') AND start_date - before BETWEEN 0 AND 30
        ORDER BY ALL"""
    ).fetchall()
    planted: dict[str, list[dict[str, Any]]] = {}
    for event in book.events:
        for row in event.lines:
            if row["ds"] == "PLCM" and row["spell_id"] and row["nhs"]:
                planted.setdefault(row["nhs"], []).append(row)
    for stays in planted.values():
        rows += [(row["prov"], row["lpid"]) for row in stays if len(stays) > 1]
    for prov, lpid in dict.fromkeys(rows):
        for check in ("SPL-006", "SPL-007", "SPL-008"):
            book.answer(
                f"{check}/ordinary", check, "consequence", provider_code=prov,
                local_patient_identifier=lpid,
            )  # fmt: skip


def _homes(book: Book, *kinds: str) -> list[str]:
    """Return the providers, of the same name all year, that all these kinds of care come from."""
    merged = {p.code for p in book.world.providers if p.legacy_until_month}
    found = set.intersection(*(set(book.offers(kind)) for kind in kinds)) - merged
    if not found:
        raise LookupError(f"nobody offers all of {kinds}")
    return sorted(found)


def _then(
    book: Book,
    one: Event,
    kind: str,
    gap: int,
    *,
    days: int | None = None,
    provider: str | None = None,
    since: str = "end_date",
) -> Event:
    """Let the patient of an event have another one so many days after its end or start."""
    two = book.take(
        kind, provider=provider or one.line["prov"], like=one, on=one.line[since] + gap * _DAY,
        days=days,
    )  # fmt: skip
    if two.sus and two.record.get("referred_on"):
        two.record["referred_on"] = two.line["start_date"]
    two.both(sex=one.line["sex"])
    return two


def _begin(book: Book, kind: str, *kinds: str, month: int = 3, days: int | None = None) -> Event:
    """Let an event befall somebody new early in the year, where the kinds after it are offered."""
    on = month_start(book.world, month) + 5 * _DAY
    return book.take(kind, on=on, days=days, allowed=_homes(book, kind, *kinds))


def _elsewhere(book: Book, one: Event) -> str:
    return next(
        p.code for p in book.world.providers
        if p.code != one.line["prov"] and p.kind == "acute" and not p.legacy_until_month
    )  # fmt: skip


def _moves(book: Book) -> None:
    def moved(gap: int, *, source: str = "51", other: bool = False, method: str = "22") -> Event:
        one = _begin(book, "admission", days=3)
        where = _elsewhere(book, one) if other else None
        two = _then(book, one, "admission", gap, days=3, provider=where)
        if not other:
            two.both(site=one.line["site"])
        one.record.update(discharge_to="51", trim_point=_FAR)
        two.record.update(admission_source=source, admission_method=method)
        return two

    trips = ("SPL-001", "SPL-007")
    answer_group(book, "SPL-002", "plain", [moved(0)], trips=trips)
    answer_group(book, "SPL-002", "threshold", [moved(1)], trips=trips, note="the next day")
    answer_group(book, "SPL-002", "inside", [moved(2)], flagged=False, trips=trips)
    answer_group(book, "SPL-002", "look_alike", [moved(1, source="19")], flagged=False,
                 trips=trips, note="from home")  # fmt: skip
    other = partial(moved, other=True)
    answer_group(book, "SPL-004", "plain", [other(0)])
    answer_group(book, "SPL-004", "threshold", [other(1)], note="the next day")
    answer_group(book, "SPL-004", "inside", [other(2)], flagged=False, trips=("SPL-008",))
    answer_group(book, "SPL-004", "look_alike", [other(0, method="2B")], flagged=False,
                 note="recorded as a transfer")  # fmt: skip


def _readmissions(book: Book) -> None:
    def again(kind: str, gap: int, *, other: bool = False, **values: Any) -> Event:
        one = _begin(book, kind, "admission", days=0 if kind == "day_case" else 3)
        two = _then(book, one, "admission", gap, days=3,
                    provider=_elsewhere(book, one) if other else None)  # fmt: skip
        one.record["diag"] = "K573"
        two.record.update({"diag": "K573"} | values)
        return two

    for check, kind, other in (
        ("SPL-006", "day_case", False), ("SPL-007", "admission", False),
        ("SPL-008", "day_case", True),
    ):  # fmt: skip
        answer_group(book, check, "plain", [again(kind, 12, other=other)])
        answer_group(book, check, "threshold", [again(kind, 30, other=other)])
        answer_group(book, check, "inside", [again(kind, 31, other=other)], flagged=False)
    answer_group(book, "SPL-006", "look_alike", [again("day_case", 12, diag="C509")],
                 flagged=False, note="cancer")  # fmt: skip
    answer_group(book, "SPL-007", "look_alike", [again("admission", 12, admission_method="2B")],
                 flagged=False, note="a transfer")  # fmt: skip
    trips = ("SPL-006", "COD-019")
    answer_group(book, "SPL-009", "plain", [again("day_case", 12, diag="T814")], trips=trips)
    answer_group(book, "SPL-009", "threshold", [again("day_case", 30, diag="T887")], trips=trips)
    answer_group(book, "SPL-009", "inside", [again("day_case", 31, diag="T814")], flagged=False,
                 trips=("COD-019",))  # fmt: skip
    answer_group(book, "SPL-009", "look_alike", [again("day_case", 12, diag="T793")],
                 flagged=False, trips=("SPL-006",), note="not of care")  # fmt: skip


def _beside(event: Event, **values: Any) -> dict[str, Any]:
    """Append a charge without a record beside the event's own and return it."""
    line = event.line
    row = dict(line) | {
        "cds_id": None, "non_cds_id": f"R{line['prov']}{line['event_no']:014d}",
    } | values  # fmt: skip
    event.lines.append(row)
    return row


def _parts_of_a_stay(book: Book) -> None:
    for variant, episodes in (("plain", 2), ("inside", 1)):
        flagged = variant == "plain"
        event = book.take("admission", days=5)
        event.record["episodes"] = episodes
        middle = event.line["start_date"] + 2 * _DAY
        _beside(event, start_date=middle)
        event.line["end_date"] = middle
        answer_group(
            book, "SPL-031", variant, [event], flagged=flagged, trips=(
                "DUP-003", "DUP-005", "DUP-007", "REC-011", "SPL-001", "SPL-003", "SPL-007",
                "SPL-038", "DQV-013", "SPL-033",
            ),
        )  # fmt: skip
        event = book.take("day_case")
        event.record["episodes"] = episodes
        _beside(event, spell_id="S8" + event.line["spell_id"][2:])
        answer_group(book, "SPL-032", variant, [event], flagged=flagged,
                     trips=("DUP-004", "DUP-005", "DUP-007", "DUP-012"))  # fmt: skip

    def broken(left: int, gap: int = 0) -> Event:
        one = _begin(book, "admission", days=4)
        two = _then(book, one, "admission", gap, days=3)
        two.both(site=one.line["site"])
        one.record["trim_point"] = 4 + left
        return two

    trips = ("SPL-001", "SPL-007")
    answer_group(book, "SPL-033", "plain", [broken(1)], trips=trips)
    answer_group(book, "SPL-033", "threshold", [broken(2)], trips=trips)
    answer_group(book, "SPL-033", "inside", [broken(3)], flagged=False, trips=trips)
    answer_group(book, "SPL-033", "look_alike", [broken(1, gap=2)], flagged=False,
                 trips=trips, note="two days at home")  # fmt: skip

    def rehabilitated(gap: int) -> Event:
        one = _begin(book, "admission", days=4)
        two = _then(book, one, "admission", gap, days=5)
        two.both(tfc="314", site=one.line["site"])
        one.record["trim_point"] = _FAR
        return two

    answer_group(book, "SPL-035", "plain", [rehabilitated(0)], trips=trips)
    answer_group(book, "SPL-035", "threshold", [rehabilitated(1)], trips=trips)
    answer_group(book, "SPL-035", "inside", [rehabilitated(2)], flagged=False, trips=trips)


def _front_doors(book: Book) -> None:
    def came(kind: str, minutes: int, *, before: int = 0, days: int = 0) -> Event:
        one = _begin(book, "emergency", kind)
        two = _then(book, one, kind, before, days=days)
        one.record["departed"] = one.record["arrived"] + timedelta(minutes=minutes)
        return two

    answer_group(book, "SPL-012", "plain", [came("admission", 225)])
    answer_group(book, "SPL-012", "threshold", [came("admission", 240)])
    answer_group(book, "SPL-012", "inside", [came("admission", 241)], flagged=False)
    answer_group(book, "SPL-012", "threshold", [came("admission", 210)])
    answer_group(book, "SPL-012", "inside", [came("admission", 209)], flagged=False)
    answer_group(book, "SPL-027", "plain", [came("elective", 100, days=2)])
    answer_group(book, "SPL-027", "inside", [came("elective", 100, before=1, days=2)],
                 flagged=False, note="the day before")  # fmt: skip
    through = came("admission", 100, days=3)
    through.record["admission_method"] = "21"
    answer_group(book, "SPL-026", "look_alike", [through], flagged=False,
                 note="with its attendance")  # fmt: skip


def _visits(book: Book) -> None:
    def back(gap: int, category: str = "2") -> Event:
        one = _begin(book, "emergency")
        two = _then(book, one, "emergency", gap)
        two.both(site=one.line["site"])
        two.record["category"] = category
        return two

    answer_group(book, "AED-007", "plain", [back(4)])
    answer_group(book, "AED-007", "threshold", [back(7)])
    answer_group(book, "AED-007", "inside", [back(8)], flagged=False)
    answer_group(book, "AED-007", "look_alike", [back(4, "1")], flagged=False,
                 note="something else")  # fmt: skip

    def watched(nights: int) -> Event:
        one = _begin(book, "emergency", "admission")
        stay = _then(book, one, "admission", 0, days=nights)
        return _then(book, stay, "emergency", 0)

    answer_group(book, "AED-011", "plain", [watched(1)])
    answer_group(book, "AED-011", "inside", [watched(2)], flagged=False, note="two nights")

    def direct(method: str, *, seen: bool) -> Event:
        one = _begin(book, "emergency", "admission")
        stay = _then(book, one, "admission", 0, days=3)
        stay.record["admission_method"] = method
        if not seen:
            one.record["seen_at"] = None
        return one

    answer_group(book, "AED-014", "plain", [direct("22", seen=False)])
    answer_group(book, "AED-014", "inside", [direct("22", seen=True)], flagged=False)
    answer_group(book, "AED-014", "look_alike", [direct("21", seen=False)], flagged=False,
                 note="admitted through the department")  # fmt: skip


def _series(book: Book) -> None:
    def later(kind: str, gap: int, *, tfc: str | None = None, **values: Any) -> Event:
        one = _begin(book, kind, "first", days=3 if kind == "admission" else None)
        two = _then(book, one, "first", gap)
        two.both(tfc=tfc or one.line["tfc"])
        two.record.update(values)
        return two

    def known(days: int) -> Event:
        two = later("follow_up", 60)
        two.record["referred_on"] = two.line["start_date"] - (60 + days) * _DAY
        return two

    answer_group(book, "OPC-001", "plain", [known(25)])
    answer_group(book, "OPC-001", "threshold", [known(0)])
    answer_group(book, "OPC-001", "inside", [known(-1)], flagged=False, note="referred anew")
    answer_group(book, "OPC-001", "missing", [later("follow_up", 60, referred_on=None)],
                 flagged=False)  # fmt: skip
    answer_group(book, "OPC-002", "plain", [later("admission", 30, referral_source="01")])
    answer_group(book, "OPC-002", "threshold", [later("admission", 90, referral_source="11")])
    answer_group(book, "OPC-002", "inside", [later("admission", 91, referral_source="01")],
                 flagged=False)  # fmt: skip
    answer_group(book, "OPC-002", "look_alike", [later("admission", 30, referral_source="03")],
                 flagged=False, note="sent by the practice")  # fmt: skip
    for variant, kind in (("plain", "first"), ("inside", "follow_up")):
        two = later(kind, 60)
        one = book.events[-2]
        two.record["pathway"] = one.record["pathway"]
        answer_group(book, "OPC-003", variant, [two], flagged=variant == "plain")
    sent = partial(later, "follow_up", 60, referral_source="05")
    answer_group(book, "OPC-006", "plain", [sent(tfc="150", priority="1")])
    answer_group(book, "OPC-006", "inside", [sent(tfc="150", priority="2")], flagged=False,
                 note="urgent")  # fmt: skip
    answer_group(book, "OPC-006", "missing", [sent(tfc="150", priority=None)], flagged=False)
    answer_group(book, "OPC-007", "plain", [sent()])
    answer_group(book, "OPC-007", "inside", [later("follow_up", 60, referral_source="03")],
                 flagged=False)  # fmt: skip


def _earlier_events(book: Book) -> None:
    def after(
        first: tuple[str, dict[str, Any]], gap: int, second: tuple[str, dict[str, Any]]
    ) -> Event:
        one = _begin(book, first[0], second[0])
        two = _then(book, one, second[0], gap)
        one.record.update(first[1])
        two.record.update(second[1])
        return two

    inflamed = {"diag": "K353"}  # else the operation alone would be asked about
    appendix = ("elective", {"proc": "H012", **inflamed})
    again = ("elective", {"proc": "H011", **inflamed})
    answer_group(book, "COD-025", "plain", [after(appendix, 60, again)])
    answer_group(book, "COD-025", "inside", [after(appendix, 60, ("elective", {"proc": "H333"}))],
                 flagged=False, note="another operation on the bowel")  # fmt: skip
    hip = ("elective", {"proc": "W371"})
    answer_group(book, "PQL-003", "plain", [after(hip, 70, ("elective", {"proc": "W373"}))],
                 trips=("PLC-022",))  # fmt: skip
    answer_group(book, "PQL-003", "inside", [after(hip, 70, ("elective", {"proc": "W403"}))],
                 flagged=False, trips=("PLC-022",), note="a knee")  # fmt: skip
    ill, removed = ("admission", {"diag": "K851"}), ("elective", {"proc": "J183"})
    answer_group(book, "EBI-022", "plain", [after(ill, 60, removed)])
    answer_group(book, "EBI-022", "threshold", [after(ill, 15, removed)])
    answer_group(book, "EBI-022", "inside", [after(ill, 14, removed)], flagged=False)
    cut: tuple[str, dict[str, Any]] = ("elective", {"proc": "H333"})
    left = ("elective", {"diag": "T815"})
    answer_group(book, "PQL-002", "plain", [after(cut, 40, left)], trips=("COD-019",))
    answer_group(book, "PQL-002", "threshold", [after(cut, 90, left)], trips=("COD-019",))
    answer_group(book, "PQL-002", "inside", [after(cut, 91, left)], flagged=False,
                 trips=("COD-019",))  # fmt: skip
    private, mended = ("elective", {"admin_cat": "02"}), ("elective", {"diag": "T814"})
    for variant, gap in (("plain", 40), ("threshold", 90), ("inside", 91)):
        two = after(private, gap, mended)
        book.events[-2].lines.clear()
        answer_group(book, "PQL-010", variant, [two], flagged=variant != "inside",
                     trips=("COD-019", "REC-008"))  # fmt: skip


def _cancelled(book: Book) -> None:
    def done(gap: int) -> Event:
        one = _begin(book, "elective", days=1)
        two = _then(book, one, "elective", gap)
        one.both(tariff="WH50A")
        two.both(tfc=one.line["tfc"])
        return one

    answer_group(book, "SPL-025", "plain", [done(10)], trips=("SPL-024",))
    answer_group(book, "SPL-025", "threshold", [done(28)], trips=("SPL-024",))
    answer_group(book, "SPL-025", "inside", [done(29)], flagged=False,
                 trips=("SPL-024", "PQL-008"))  # fmt: skip
    answer_group(book, "PQL-008", "plain", [done(60)], trips=("SPL-024",))
    answer_group(book, "PQL-008", "threshold", [done(29)], trips=("SPL-024",))
    answer_group(book, "PQL-008", "inside", [done(28)], flagged=False,
                 trips=("SPL-024", "SPL-025"))  # fmt: skip


def _pathways(book: Book) -> None:
    def expecting(kind: str, gap: int, **values: Any) -> tuple[Event, Event]:
        one = book.take("contact", on=month_start(book.world, 1) + 4 * _DAY,
                        allowed=_homes(book, "contact", "admission"))  # fmt: skip
        two = _then(book, one, kind, gap, days=values.pop("days", None), since="start_date")
        one.charge(pod="MATPATHAN", lpod="MATPATHAN", tfc="560")
        for event in (one, two):
            event.both(sex="2")
        two.both(**values)
        return one, two

    for variant, gap in (("plain", 60), ("threshold", 280), ("inside", 281)):
        flagged = variant != "inside"
        answer_group(book, "MAT-004", variant, [expecting("follow_up", gap, tfc="501")[1]],
                     flagged=flagged)  # fmt: skip
        stay = expecting("admission", gap, tfc="501", tariff="NZ17A", days=1)[1]
        answer_group(book, "MAT-005", variant, [stay], flagged=flagged)
    answer_group(book, "MAT-005", "inside",
                 [expecting("admission", 60, tfc="501", tariff="NZ17A", days=2)[1]], flagged=False,
                 note="two nights")  # fmt: skip
    for variant, gap in (("plain", 60), ("threshold", 140), ("inside", 141)):
        one, two = expecting("admission", gap)
        two.record["diag"] = "O021"
        answer_group(book, "MAT-010", variant, [one], flagged=variant != "inside")


def _persons(book: Book) -> None:
    def born(second: str) -> Event:
        one = _begin(book, "admission", days=2)
        two = _then(book, one, "admission", 40, days=2)
        for event, method in ((one, "82"), (two, second)):
            event.record["admission_method"] = method
            event.charge(pod="NELNE", lpod="NELNE")
        return two

    answer_group(book, "DUP-026", "plain", [born("82")])
    answer_group(book, "DUP-026", "inside", [born("81")], flagged=False, note="a later transfer")

    written = [p.code for p in book.world.providers if always_sends(p, WRITTEN)]
    event = book.take("follow_up", allowed=written)
    _beside(event)
    answer_group(book, "DUP-012", "plain", [event], trips=("DUP-013",))
    event = book.take("follow_up", allowed=written)
    _beside(event, cds_id="D" + event.line["cds_id"][1:], non_cds_id=None,
            att_id="A7" + event.line["att_id"][2:])  # fmt: skip
    answer_group(book, "DUP-012", "inside", [event], flagged=False, trips=("DUP-013",),
                 note="two records")  # fmt: skip

    for variant, tariff in (("plain", None), ("inside", "WF02A")):
        one = book.take("follow_up")
        two = book.take("follow_up", provider=one.line["prov"], on=one.line["start_date"])
        two.both(lpid=one.line["lpid"], tariff=tariff or one.line["tariff"])
        answer_group(book, "DUP-031", variant, [one], flagged=variant == "plain")

    for variant, days in (("plain", 0), ("inside", 1)):
        one = _begin(book, "contact")
        two = _then(book, one, "contact", days, provider=_elsewhere(book, one))
        for event in (one, two):
            event.charge(tariff="XB08Z")
        answer_group(book, "CRC-013", variant, [one, two], flagged=variant == "plain")


def _units(book: Book) -> None:
    for variant, more in (("plain", 1), ("inside", 0)):
        event = book.take("critical", days=8)
        first = event.extra
        second = dict(first)
        start = event.line["start_date"] + _DAY
        for row, begins, ends, act in (
            (first, start, start + 2 * _DAY, 2 + more),
            (second, start + 2 * _DAY, start + 4 * _DAY, 2),
        ):
            row.update(start_date=begins, end_date=ends, act=act, cost=act * row["uprice"])
        second["non_cds_id"] = "Q" + first["non_cds_id"][1:]
        event.lines.append(second)
        answer_group(book, "CRC-007", variant, [event], flagged=variant == "plain",
                     trips=("SPL-038",))  # fmt: skip
