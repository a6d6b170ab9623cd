"""Faults of approval: procedures under a policy, drugs and devices that need a funding form.

Each befalls a planned admission or a clinic whose SUS record says what was done; beside it stand
the same procedure with an approval, for another reason, at another age, and for another
commissioner whose policy differs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from comptroller.demo.faults.book import Book, Event, month_start
from comptroller.demo.faults.care import ALL as CARE
from comptroller.demo.faults.care import as_it_is, each
from comptroller.demo.faults.cases import (
    WRITTEN,
    Case,
    Change,
    aged,
    all_of,
    charge,
    plant_cases,
    plant_together,
    record,
)
from comptroller.demo.faults.groups import answer_group
from comptroller.demo.policies import ASSOCIATE, has_associate
from comptroller.demo.prices import DEVICES, DRUGS

_DAY = timedelta(days=1)
_LISTS_BEGAN = date(2020, 11, 1)
_DAY_CASE = ("day_case",)


@dataclass(frozen=True)
class _Done:
    """A procedure under one check's policy: its codes, the patient, and where it is not meant."""

    check: str
    main: str
    diagnosis: str
    years: int = 45
    sex: str | None = None
    beside: str | None = None
    also: str | None = None
    innocent: dict[str, Any] = field(default_factory=lambda: {"diag": "C181"})
    ages: tuple[int, int] | None = None
    kinds: tuple[str, ...] = _DAY_CASE
    tariff: str | None = None

    def change(self, years: int | None = None) -> Change:
        """Let this be done to a patient."""
        seen: dict[str, Any] = {} if self.sex is None else {"sex": self.sex}
        if self.tariff:
            seen["tariff"] = self.tariff
        return all_of(
            aged(self.years if years is None else years),
            record(proc=self.main, diag=self.diagnosis, procs=self.beside, diags=self.also),
            # What a hospital doctor asked for is not meant by the policies on procedures in clinic.
            record(referral_source="03") if self.kinds == ("procedure",) else as_it_is,
            each(**seen),
        )


# Interventions of the national list.
_NATIONAL = (
    _Done("EBI-001", "F325", "R065", 40, ages=(19, 18)),
    _Done("EBI-003", "W802", "M171", 61, beside="Y767|Z846", ages=(19, 18)),
    _Done("EBI-004", "A521", "M545", 50),
    _Done("EBI-007", "D151", "H653", 6, ages=(18, 19)),
    _Done("EBI-008", "F341", "J350", 24),
    _Done("EBI-009", "H511", "K641"),
    _Done("EBI-012", "O291", "M754", 52, beside="Y767|Z812", innocent={"diags": "M751"}),
    _Done("EBI-014", "T521", "M720", 66),
    _Done("EBI-015", "T591", "M674", 39),
    _Done("EBI-016", "T723", "M653", 58),
    _Done("EBI-017", "L841", "I839", 52),
    _Done("EBI-018", "E201", "H652", 7, beside="D151", innocent={"diags": "G473"}, ages=(18, 19)),
    _Done("EBI-019", "E133", "J329", 44, beside="Y761", innocent={"procs": None}),
    _Done("EBI-020", "T202", "K409", 63),
    _Done("EBI-021", "H011", "N832", 31, sex="2", kinds=("admission",), innocent={"diag": "K353"}),
    _Done("EBI-026", "W822", "M233", 34, also="M238", innocent={"diags": "S832"}),
    _Done("EBI-027", "V382", "M545", 55, ages=(19, 18), innocent={"diags": "M431"}),
    _Done("EBI-028", "V522", "M511", 47, beside="Z993", innocent={"procs": "Z992"}),
    _Done("EBI-030", "V444", "M809", 78),
    _Done("EBI-031", "M459", "R31X", 57, sex="1", innocent={"procs": "M451"}),
    _Done("EBI-032", "M653", "N40X", 71, sex="1", innocent={"diags": "N179"}),
)
# Procedures under policies of the economy's commissioners.
_LOCAL = (
    _Done("EBI-002", "Q103", "N921", 44, sex="2"),
    _Done("EBI-005", "B311", "N62X", 37, sex="2", innocent={"diag": "C509"}),
    _Done("EBI-006", "S065", "D225", 51),
    _Done("EBI-010", "Q074", "N921", 46, sex="2", innocent={"diags": "D259"}),
    _Done("EBI-011", "C122", "H001"),
    _Done("EBI-013", "A651", "G560", 59),
    _Done("EBI-025", "G459", "K297", 40, ages=(54, 55), innocent={"diags": "K920"}),
    _Done("EBI-033", "M091", "N200", 48),
    _Done("EBI-034", "K631", "R072", 58, kinds=("elective",)),
    _Done("EBI-035", "U194", "R072", 58, kinds=("procedure",), innocent={"proc": "U199"}),
    _Done("EBI-036", "J431", "K851", 62, innocent={"diags": "K830"}),
    _Done("EBI-042", "C251", "H042", 55),
    _Done("PLC-001", "E073", "J348", 33, innocent={"proc": "E078"}),
    _Done("PLC-007", "S021", "L987", 47, innocent={"proc": "S043"}),
    _Done("PLC-008", "S011", "L574", 56, innocent={"proc": "S054", "diag": "L570"}),
    _Done("PLC-009", "C131", "H023", 62),
    _Done("PLC-010", "D033", "Q175", 30, innocent={"proc": "D032"}, ages=(5, 4)),
    _Done("PLC-011", "E025", "M950", 29),
    _Done("PLC-012", "B312", "N64X", 34, sex="2", innocent={"diag": "Z853"}),
    _Done("PLC-013", "B275", "N62X", 36, sex="1", innocent={"diag": "C509"}),
    _Done("PLC-014", "S621", "E65X", 41, innocent={"diag": "Q820"}),
    _Done("PLC-015", "S604", "L905", 38, innocent={"diags": "T951"}),
    _Done("PLC-016", "P055", "N906", 32, sex="2"),
    _Done("PLC-017", "N303", "Z412", 24, sex="1", innocent={"diag": "N47X"}),
    _Done("PLC-018", "Q291", "Z310", 35, sex="2", innocent={"proc": "Q301"}),
    _Done("PLC-019", "G304", "E668", 43),
    _Done("PLC-021", "C751", "H250", 74, innocent={"diag": "H259"}),
    _Done("PLC-022", "W401", "M171", 69, kinds=("elective",), innocent={"diag": "M841"}),
    _Done("PLC-023", "W833", "M248", 33, beside="Z843", innocent={"procs": "Z846"}),
    _Done("PLC-024", "W151", "M201", 57, innocent={"diag": "M214"}),
    _Done("PLC-025", "F091", "K011", 23, innocent={"proc": "F101"}),
    _Done("PLC-028", "X851", "G439", 48, innocent={"diag": "G243"}),
    _Done("PLC-029", "N171", "Z302", 40, sex="1", innocent={"proc": "N112"}),
    _Done("PLC-030", "S065", "D225", 50, kinds=("procedure",), tariff="JC43A"),
    _Done("PLC-032", "C313", "H500", 18, innocent={"proc": "C391"}, ages=(18, 17)),
)


def _approval(event: Event, number: int, **values: Any) -> tuple[Any, ...]:
    """Return an approval of an event's procedure from a month before; values replace its own."""
    line, day = event.line, event.line["start_date"]
    said = {
        "approval_id": f"AP{number:05d}", "policy_id": "Request", "nhs": line["nhs"],
        "provider_code": line["prov"], "status": "approved", "valid_from": day - 30 * _DAY,
        "valid_to": None, "kind": "prior",
        "procedure_code": event.record["proc"][:3] if line["ds"] == "PLCM" else None,
        "decided_on": day - 30 * _DAY, "drug_code": line["drug_code"],
        "device_code": line["dev_code"], "quantity": 1, "indication": None,
    }  # fmt: skip
    return tuple((said | values).values())


def _give(book: Book, event: Event, **values: Any) -> None:
    book.approvals.append(_approval(event, len(book.approvals) + 1, **values))


def _approved(
    *, begun: int = 30, ended: int | None = None, decided: int | None = None, **values: Any
) -> Change:
    """Give the patient an approval: when it began, ended and was decided, in days before."""

    def change(book: Book, event: Event) -> None:
        day = event.line["start_date"]
        _give(
            book, event, valid_from=day - begun * _DAY,
            valid_to=None if ended is None else day - ended * _DAY,
            decided_on=day - (begun if decided is None else decided) * _DAY, **values,
        )  # fmt: skip

    return change


def _elsewhere(book: Book, event: Event) -> None:
    here = event.line["prov"]
    _give(book, event, provider_code=next(p.code for p in book.world.providers if p.code != here))


def _of_associate(book: Book, event: Event) -> None:
    """Let the patient be the associate's."""
    practice = book.practice_of(ASSOCIATE)
    event.both(comm=ASSOCIATE, gp_resp=ASSOCIATE, res_resp=ASSOCIATE, assigned_comm=ASSOCIATE,
               practice=practice, pds_practice=practice)  # fmt: skip


def _of(done: _Done) -> list[Case]:
    # A symptom is no final diagnosis of a stay of days.
    trips = ("COD-013",) if done.diagnosis.startswith("R") else ()
    case = partial(Case, done.check, kinds=done.kinds, trips=trips)
    cases = [
        case("plain", done.change()),
        case("inside", all_of(done.change(), record(**done.innocent)), flagged=False,
             note="not what the policy means"),
    ]  # fmt: skip
    if done.check != "EBI-021":
        cases.append(case("look_alike", all_of(done.change(), _approved()), flagged=False,
                          note="approved before"))  # fmt: skip
    if done.kinds == _DAY_CASE:
        cases.append(Case(done.check, "look_alike", done.change(), flagged=False, trips=trips,
                          kinds=("admission",), note="an emergency"))  # fmt: skip
    if done.ages:
        at, beyond = done.ages
        cases += [
            case("threshold", done.change(at)),
            case("inside", done.change(beyond), flagged=False, note="by a year of age"),
        ]
    return cases


_FIRST = next(d for d in _LOCAL if d.check == "PLC-007")


def _asked(check: str, variant: str, *changes: Change, flagged: bool = True, note: str = "",
           trips: tuple[str, ...] = ()) -> Case:  # fmt: skip
    return Case(check, variant, all_of(_FIRST.change(), *changes), flagged=flagged, note=note,
                trips=trips, kinds=_DAY_CASE)  # fmt: skip


_ASKED = (
    _asked("PLC-007", "missing", charge(nhs=None), flagged=False, trips=("DQV-001", "ATT-032")),
    _asked("PLC-002", "plain", _approved(begun=400, ended=35)),
    _asked("PLC-002", "threshold", _approved(begun=400, ended=1), note="ended the day before"),
    _asked("PLC-002", "inside", _approved(begun=400, ended=0), flagged=False, note="its last day"),
    _asked("PLC-002", "plain", _approved(begun=30, decided=-5), note="decided after"),
    _asked("PLC-002", "threshold", _approved(begun=-1), note="begins the day after"),
    _asked("PLC-002", "inside", _approved(begun=0), flagged=False, note="its first day"),
    _asked("PLC-003", "plain", _elsewhere, note="for another provider"),
    _asked("PLC-003", "plain", _approved(procedure_code="D033"), note="for another procedure"),
    _asked("PLC-003", "inside", _approved(procedure_code="S021"), flagged=False,
           note="for this very procedure"),
    _asked("PLC-005", "plain", _approved(status="declined")),
    _asked("PLC-005", "plain", _approved(status="Withdrawn")),
    _asked("PLC-005", "threshold", _approved(begun=60), _approved(status="declined", begun=1),
           note="approved, then declined"),
    _asked("PLC-005", "inside", _approved(status="declined"), _approved(begun=1), flagged=False,
           note="declined, then approved"),
)  # fmt: skip

_BESIDE = (
    Case("EBI-039", "plain", charge(lpod_text="Plagiocephaly helmet"), layouts=WRITTEN),
    Case("EBI-039", "look_alike", charge(lpod_text="Plaster room"), flagged=False,
         layouts=WRITTEN),
    Case("PLC-027", "plain", charge(lpod_text="Acupuncture clinic"), layouts=WRITTEN),
    Case("PLC-027", "plain", record(proc="X611"), kinds=("procedure",)),
    Case("PLC-027", "inside", record(proc="X621"), flagged=False, kinds=("procedure",)),
    Case("PLC-027", "look_alike", charge(lpod_text="Pain clinic"), flagged=False,
         layouts=WRITTEN),
    Case("PLC-030", "look_alike", all_of(
        next(d for d in _LOCAL if d.check == "PLC-030").change(), record(referral_source="05")),
        flagged=False, kinds=("procedure",), note="sent by a consultant"),
)  # fmt: skip


def _drug(book: Book, event: Event) -> None:
    """Let the drug be one that needs a form, and the patient have none."""
    drug = next(d for d in DRUGS if d.code == "9990000001001108")
    line = event.line
    line.update(
        drug_code=drug.code, drug_name=drug.name, indication=drug.indication, drug_unit=drug.unit,
        uprice=drug.price, supplier_price=drug.price,
        cost=drug.price * line["qty"] + (line["home_charge"] or 0),
    )  # fmt: skip
    book.unapproved.append((line["nhs"],))


def _device(book: Book, event: Event) -> None:
    device = next(d for d in DEVICES if d.code == "9990000003004107")
    line = event.line
    line.update(
        dev_code=device.code, dev_level=device.category, dev_name=device.name,
        dev_maker=device.maker, uprice=device.price, supplier_price=device.price,
        cost=device.price * Decimal(line["qty"]),
    )  # fmt: skip
    book.unapproved.append((line["nhs"],))


def _item(check: str, variant: str, *changes: Change, flagged: bool = True, note: str = "") -> Case:
    kind, item = ("device", _device) if check.startswith("DEV") else ("drug", _drug)
    return Case(check, variant, all_of(item, *changes), flagged=flagged, note=note, kinds=(kind,))


_ITEMS = (
    _item("HCD-003", "plain"),
    _item("HCD-003", "plain", _approved(status="declined"), note="declined"),
    _item("HCD-003", "plain", _elsewhere, note="another provider's form"),
    _item("HCD-003", "plain", _approved(indication="9990000105"), note="for another indication"),
    _item("HCD-003", "threshold", _approved(decided=-1), note="given the day after"),
    _item("HCD-003", "inside", _approved(begun=0), flagged=False, note="given on the day"),
    _item("HCD-004", "plain", _approved(begun=500, ended=120)),
    _item("HCD-004", "threshold", _approved(begun=500, ended=31)),
    _item("HCD-004", "inside", _approved(begun=500, ended=30), flagged=False),
    _item("DEV-015", "plain"),
    _item("DEV-015", "threshold", _approved(begun=500, ended=1), note="ended the day before"),
    _item("DEV-015", "inside", _approved(), flagged=False, note="approved before"),
)  # fmt: skip


def _times(book: Book, done: _Done, many: int, gap: int = 40) -> list[Event]:
    """Let one patient have the same done several times, so many days apart."""
    one = book.take("day_case", on=month_start(book.world, 5) + 9 * _DAY)
    events = [one]
    for turn in range(1, many):
        on = one.line["start_date"] + turn * gap * _DAY
        events.append(book.take("day_case", provider=one.line["prov"], like=one, on=on))
    for event in events:
        done.change()(book, event)
    return events


def _limits(book: Book) -> None:
    for check, done, allowed in (
        ("PLC-020", _Done("PLC-020", "Q131", "N979", 36, sex="2"), 2),
        ("PLC-026", _Done("PLC-026", "A521", "M511", 55), 2),
        ("EBI-024", _Done("EBI-024", "H221", "K573", 63), 1),
        ("EBI-029", _Done("EBI-029", "V485", "M545", 51, beside="Z676"), 1),
    ):
        if check == "EBI-029" and book.world.start < _LISTS_BEGAN:
            continue
        answer_group(book, check, "plain", _times(book, done, allowed + 2))
        answer_group(book, check, "threshold", _times(book, done, allowed + 1))
        answer_group(book, check, "inside", _times(book, done, allowed), flagged=False)


def _uses(book: Book) -> None:
    twice = _times(book, _FIRST, 2)
    _give(book, twice[0])
    answer_group(book, "PLC-004", "plain", twice, trips=("PLC-031",))
    twice = _times(book, _FIRST, 2)
    _give(book, twice[0], quantity=2)
    answer_group(book, "PLC-004", "inside", twice, flagged=False, note="good for two",
                 trips=("PLC-031",))  # fmt: skip
    twice = _times(book, _FIRST, 2)
    _give(book, twice[0], quantity=2)
    answer_group(book, "PLC-031", "plain", twice, note="one approval, for both")
    twice = _times(book, _FIRST, 2)
    for event in twice:
        _give(book, event, valid_to=event.line["start_date"] + _DAY)
    answer_group(book, "PLC-031", "inside", twice, flagged=False, note="an approval for each")


def _rates(book: Book) -> None:
    """Let a provider do twenty under one policy, of which two or one were not asked for."""
    for done, unasked, many in (
        (_Done("PLC-006", "D141", "H720"), 2, 20),
        (_Done("PLC-006", "D161", "H742"), 1, 20),
        (_Done("PLC-006", "D171", "H748"), 2, 19),
    ):
        prov = sorted(book.offers("day_case"))[0]
        events = [book.take("day_case", provider=prov) for _ in range(many)]
        for place, event in enumerate(events):
            done.change()(book, event)
            if place >= unasked:
                _give(book, event)
        flagged = (unasked, many) == (2, 20)
        answer_group(book, "PLC-006", "plain" if flagged else "inside", events, flagged=flagged)
        for event in events[:unasked]:
            answer_group(book, "PLC-001", "plain", [event])


def _associates(book: Book) -> None:
    """Plant where an associate's own policy differs from its host's."""
    home = [p.code for p in book.world.providers
            if any(code == ASSOCIATE and share > 5 for code, share in p.shares)]  # fmt: skip
    ears = next(d for d in _LOCAL if d.check == "PLC-010")
    toes = next(d for d in _LOCAL if d.check == "PLC-024")
    body = _FIRST
    for check, variant, done, years, flagged, note in (
        ("PLC-010", "threshold", ears, 18, True, "the associate's own policy"),
        ("PLC-010", "inside", ears, 17, False, "its host's policy would hold"),
        ("PLC-024", "inside", toes, 57, False, "the associate has no such policy"),
        ("PLC-007", "plain", body, 47, True, "a policy for all"),
    ):
        event = book.take("day_case", allowed=home)
        _of_associate(book, event)
        done.change(years)(book, event)
        answer_group(book, check, variant, [event], flagged=flagged, note=note)


_TOGETHER = (
    ("PLC-007", "REC-013"), ("PLC-002", "ATT-040"), ("PLC-012", "REC-013"), ("PLC-022", "ATT-040"),
    ("EBI-013", "REC-013"), ("HCD-003", "HCD-012"), ("DEV-015", "DEV-008"),
)  # fmt: skip


def plant_policies(book: Book) -> None:
    """Plant every fault of this module."""
    national = _NATIONAL if book.world.start >= _LISTS_BEGAN else ()
    cases = [case for done in (*national, *_LOCAL) for case in _of(done)]
    cases += [*_ASKED, *_BESIDE, *_ITEMS]
    plant_cases(book, cases)
    plant_together(book, _TOGETHER, [*cases, *CARE])
    plants: list[Callable[[Book], None]] = [_limits, _uses]
    if has_associate(book.world):
        plants.append(_associates)
    for _ in range(book.instances):
        for plant in plants:
            # A small economy may lack a kind of care that a fault needs: then it is not planted.
            with suppress(LookupError):
                plant(book)
    with suppress(LookupError):
        _rates(book)
