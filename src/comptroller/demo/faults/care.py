"""Faults of care as recorded: spells, clinics, emergencies, coding, drugs, devices, bed days.

Each is shown by one charge beside its SUS record, as in ``rows``; only what is wrong differs.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from comptroller.demo.faults.book import Book, Event
from comptroller.demo.faults.cases import (
    ANY,
    WRITTEN,
    Case,
    Change,
    aged,
    all_of,
    charge,
    lost_spell,
    make_birth,
    plant_cases,
    plant_together,
    record,
    unlinked,
)
from comptroller.demo.prices import DRUGS, RETAINED_DEVICE

_STAY = ("day_case", "elective", "admission")
_PLANNED = ("day_case", "elective")
_DAY = timedelta(days=1)


def as_it_is(_: Book, __: Event) -> None:
    """Leave the event as it was lived."""


def each(**values: Any) -> Change:
    """Change charge and record alike."""
    return lambda _, event: event.both(**values)


def _lasting(days: int) -> Change:
    return lambda book, event: book.move(event, event.line["start_date"], days)


def _begun_earlier(days: int) -> Change:
    """Let a stay end when it did and begin so many days before."""
    return lambda book, event: book.move(event, event.line["end_date"] - timedelta(days=days), days)


def _another_site(_: Book, event: Event) -> None:
    site = event.line["site"]
    event.record["site"] = site[:-1] + ("2" if site.endswith("1") else "1")


def _another_hrg(_: Book, event: Event) -> None:
    event.record["tariff"] = "FZ24F" if event.line["tariff"] == "FZ12L" else "FZ12L"


def _another_clinic(_: Book, event: Event) -> None:
    event.line["tfc"] = "301" if event.line["tfc"] != "301" else "302"


def _delivered_by(procedure: str | None) -> Change:
    """Make a stay one for a birth, with this main procedure."""

    def change(_: Book, event: Event) -> None:
        make_birth(event)
        event.record["proc"] = procedure

    return change


def _local_price(more: str) -> Change:
    def change(_: Book, event: Event) -> None:
        line = event.line
        price = line["uprice"] + Decimal(more)
        line.update(nti="N", uprice=price, cost=price, mff_cost=Decimal(0))

    return change


def _cheaper_in_sus(pounds: str) -> Change:
    return lambda _, event: event.record.update(cost=event.record["cost"] - Decimal(pounds))


SPELLS = (
    Case("SPL-017", "plain", record(proc=None), kinds=("day_case",), trips=("SPL-018",)),
    Case("SPL-017", "inside", as_it_is, flagged=False, kinds=("day_case",)),
    Case("SPL-017", "missing", unlinked, flagged=False, kinds=("day_case",), trips=("REC-007",)),
    Case("SPL-021", "plain", record(intended="2"), kinds=("elective",)),
    Case("SPL-021", "threshold", all_of(record(intended="2"), _lasting(1)), kinds=("elective",)),
    Case("SPL-021", "inside", all_of(record(intended="2"), _lasting(0)), flagged=False,
         kinds=("elective",), note="home the same day"),
    Case("SPL-021", "missing", record(intended=None), flagged=False, kinds=("elective",)),
    Case("SPL-023", "plain", _lasting(2), kinds=("dialysis",)),
    Case("SPL-023", "threshold", _lasting(1), kinds=("dialysis",)),
    Case("SPL-023", "inside", _lasting(0), flagged=False, kinds=("dialysis",)),
    Case("SPL-024", "plain", each(tariff="WH50A"), kinds=_PLANNED),
    Case("SPL-024", "look_alike", all_of(each(tariff="WH50A"), record(
        discharge_method="4", discharge_to="79")), flagged=False, kinds=("elective",),
        note="the patient died before the operation"),
    Case("SPL-024", "missing", each(tariff=None), flagged=False, kinds=_PLANNED,
         trips=("COD-001",)),
    Case("SPL-030", "plain", record(end_date=None), kinds=_STAY),
    Case("SPL-030", "missing", unlinked, flagged=False, kinds=_STAY, trips=("REC-007",)),
    Case("SPL-036", "plain", lambda _, e: e.charge(end_date=e.line["start_date"] - 3 * _DAY),
         kinds=("admission",), trips=("REC-011",)),
    Case("SPL-036", "threshold", lambda _, e: e.charge(end_date=e.line["start_date"] - _DAY),
         kinds=("day_case",), trips=("REC-011",), note="one day before"),
    Case("SPL-036", "inside", _lasting(0), flagged=False, kinds=("admission",)),
    Case("SPL-036", "missing", charge(end_date=None), flagged=False, kinds=("admission",)),
    Case("SPL-037", "plain", _begun_earlier(700), kinds=("admission",)),
    Case("SPL-037", "threshold", _begun_earlier(366), kinds=("admission",)),
    Case("SPL-037", "inside", _begun_earlier(365), flagged=False, kinds=("admission",)),
    Case("SPL-038", "plain", lambda _, e: e.charge(adj_los=e.line["adj_los"] + 4),
         kinds=("admission", "elective"), layouts=("national_v3",)),
    Case("SPL-038", "threshold", lambda _, e: e.charge(adj_los=e.line["adj_los"] + 1),
         kinds=("admission",), layouts=("national_v3",)),
    Case("SPL-038", "missing", record(los=None), flagged=False, kinds=("admission",),
         layouts=("national_v3",)),
    Case("SPL-039", "plain", record(admission_method="11"), kinds=("admission",)),
    Case("SPL-039", "plain", record(admission_method="21"), kinds=_PLANNED),
    Case("SPL-039", "missing", record(admission_method=None), flagged=False, kinds=_STAY),
    Case("SPL-039", "look_alike", record(admission_method="28"), flagged=False,
         kinds=("admission",), note="another way in, an emergency all the same"),
    Case("SPL-040", "plain", _lasting(1), kinds=("day_case",)),
    Case("SPL-040", "plain", record(patient_class="2"), kinds=("elective",)),
    Case("SPL-040", "inside", _lasting(0), flagged=False, kinds=("day_case",)),
    Case("SPL-040", "missing", record(patient_class=None), flagged=False, kinds=("elective",)),
)  # fmt: skip

CLINICS = (
    Case("OPC-004", "plain", record(first_att="2"), kinds=("first",)),
    Case("OPC-004", "plain", record(first_att="1"), kinds=("follow_up",)),
    Case("OPC-004", "missing", record(first_att=None), flagged=False),
    Case("OPC-004", "look_alike", lambda _, e: e.record.update(
        first_att="1" if e.line["pod"] == "OPPROCFUP" else "2"), flagged=False,
        kinds=("procedure",), note="a procedure has one price"),
    Case("OPC-009", "plain", record(attended="3")),
    Case("OPC-009", "plain", record(attended="7"), note="came late and was not seen"),
    Case("OPC-009", "inside", record(attended="6"), flagged=False, note="came late and was seen"),
    Case("OPC-009", "missing", record(attended=None), flagged=False),
    Case("OPC-010", "plain", record(attended="2")),
    Case("OPC-010", "plain", record(attended="4"), note="cancelled by the provider"),
    Case("OPC-010", "missing", record(attended=None), flagged=False),
    Case("OPC-011", "plain", record(first_att="5")),
    Case("OPC-011", "missing", record(first_att=None), flagged=False),
    Case("OPC-012", "plain", record(first_att="4"), kinds=("follow_up",)),
    Case("OPC-012", "plain", record(first_att="3"), kinds=("first",)),
    Case("OPC-012", "inside", as_it_is, flagged=False, kinds=("phone",),
         note="charged as what it was"),
    Case("OPC-012", "missing", record(first_att=None), flagged=False),
    Case("OPC-013", "plain", charge(lpod_text="Results letter to patient"), layouts=WRITTEN),
    Case("OPC-013", "look_alike", charge(lpod_text="Review clinic"), flagged=False,
         layouts=WRITTEN),
    Case("OPC-018", "plain", record(proc=None), kinds=("procedure",)),
    Case("OPC-018", "inside", as_it_is, flagged=False, kinds=("procedure",)),
    Case("OPC-018", "missing", unlinked, flagged=False, kinds=("procedure",), trips=("REC-007",)),
    Case("OPC-023", "plain", charge(lpod_text="Advice and guidance"), layouts=WRITTEN),
    Case("OPC-023", "look_alike", charge(lpod_text="Advice clinic"), flagged=False,
         layouts=WRITTEN),
    Case("OPC-026", "plain", each(tfc="812")),
    Case("OPC-026", "look_alike", as_it_is, flagged=False, kinds=("scan",),
         note="a scan charged as one"),
    Case("OPC-028", "plain", charge(lpod_text="MDT meeting"), layouts=WRITTEN),
    Case("OPC-028", "look_alike", charge(lpod_text="Multi-disciplinary clinic"), flagged=False,
         layouts=WRITTEN),
    Case("OPC-030", "plain", each(tfc="420"), kinds=("follow_up",)),
    Case("OPC-030", "threshold", all_of(aged(19), each(tfc="420")), kinds=("follow_up",)),
    Case("OPC-030", "inside", all_of(aged(18), each(tfc="420")), flagged=False,
         kinds=("follow_up",)),
    Case("OPC-032", "plain", _another_clinic),
    Case("OPC-032", "missing", record(tfc=None), flagged=False),
    Case("DUP-018", "plain", charge(lpod_text="Pre-op assessment"), layouts=WRITTEN),
    Case("DUP-018", "look_alike", charge(lpod_text="Post-operative review"), flagged=False,
         layouts=WRITTEN),
)  # fmt: skip


def _in_department(minutes: int) -> Change:
    return lambda _, event: event.record.update(
        departed=event.record["arrived"] + timedelta(minutes=minutes)
    )


EMERGENCIES = (
    Case("AED-003", "plain", each(tariff="UZ01Z"), kinds=("emergency",), trips=("PRC-038",)),
    Case("AED-003", "plain", each(tariff=None), kinds=("emergency",)),
    Case("AED-003", "inside", each(tariff="VB11Z"), flagged=False, kinds=("emergency",)),
    Case("AED-008", "plain", all_of(each(tariff="VB03Z"), record(department="03")),
         kinds=("emergency",)),
    Case("AED-008", "plain", all_of(each(tariff="VB03Z"), record(department="04")),
         kinds=("emergency",), note="a walk-in centre"),
    Case("AED-008", "inside", all_of(each(tariff="VB11Z"), record(department="03")),
         flagged=False, kinds=("emergency",), note="the simplest attendance"),
    Case("AED-008", "missing", all_of(each(tariff="VB03Z"), record(department=None)),
         flagged=False, kinds=("emergency",)),
    Case("AED-015", "plain", _in_department(5 * 1440), kinds=("emergency",)),
    Case("AED-015", "threshold", _in_department(2881), kinds=("emergency",)),
    Case("AED-015", "inside", _in_department(2880), flagged=False, kinds=("emergency",)),
    Case("AED-015", "threshold", _in_department(1), kinds=("emergency",)),
    Case("AED-015", "inside", _in_department(2), flagged=False, kinds=("emergency",)),
    Case("AED-015", "missing", record(departed=None), flagged=False, kinds=("emergency",)),
)  # fmt: skip

CODING = (
    Case("COD-001", "plain", charge(tariff=None), kinds=_STAY),
    Case("COD-003", "plain", _another_hrg, kinds=_STAY),
    Case("COD-003", "missing", record(tariff=None), flagged=False, kinds=_STAY),
    Case("COD-003", "look_alike", lambda _, e: e.charge(tariff=e.line["tariff"] + "/BP01"),
         flagged=False, kinds=("day_case",), note="the same group with a best-practice flag"),
    Case("COD-007", "plain", each(tariff="PF21A"), kinds=_STAY),
    Case("COD-007", "threshold", all_of(aged(19), each(tariff="PF21A")), kinds=("day_case",)),
    Case("COD-007", "inside", all_of(aged(18), each(tariff="PF21A")), flagged=False,
         kinds=("day_case",)),
    Case("COD-010", "plain", record(diag="P073"), kinds=_STAY),
    Case("COD-010", "threshold", all_of(aged(61), each(sex="2"), record(diag="O800")),
         kinds=("day_case",)),
    Case("COD-010", "inside", all_of(aged(60), each(sex="2"), record(diag="O800")), flagged=False,
         kinds=("day_case",)),
    Case("COD-010", "missing", record(diag=None), flagged=False, kinds=("day_case",),
         trips=("COD-011",)),
    Case("COD-012", "plain", record(diag="W199"), kinds=_STAY),
    Case("COD-012", "inside", record(diag="Z380"), flagged=False, kinds=("day_case",),
         note="the chapter that follows"),
    Case("COD-012", "missing", record(diag=None), flagged=False, kinds=("admission",),
         trips=("COD-011",)),
    Case("COD-014", "plain", record(diag="R69X"), kinds=_STAY),
    Case("COD-014", "inside", record(diag="R688"), flagged=False, kinds=("day_case",),
         note="a sign, but one that is named"),
    Case("COD-014", "missing", record(diag=None), flagged=False, kinds=("elective",),
         trips=("COD-011",)),
    Case("MAT-007", "plain", _delivered_by("M653"), kinds=("admission",), trips=("COD-008",)),
    Case("MAT-007", "threshold", _delivered_by("R269"), kinds=("admission",)),
    Case("MAT-007", "inside", _delivered_by("R171"), flagged=False, kinds=("admission",)),
    Case("MAT-007", "missing", _delivered_by(None), flagged=False, kinds=("admission",)),
)  # fmt: skip

PRICES = (
    Case("PRC-031", "plain", _local_price("214.00"), kinds=_PLANNED),
    Case("PRC-031", "threshold", _local_price("1.01"), kinds=_PLANNED),
    Case("PRC-031", "inside", _local_price("1.00"), flagged=False, kinds=_PLANNED),
    Case("PRC-031", "look_alike", as_it_is, flagged=False, kinds=("contact", "phone"),
         note="care that has no national price"),
    Case("PRC-050", "plain", _cheaper_in_sus("50.00"), kinds=ANY),
    Case("PRC-050", "threshold", _cheaper_in_sus("1.01")),
    Case("PRC-050", "missing", unlinked, flagged=False, trips=("REC-007",)),
    Case("REC-013", "plain", _another_site, kinds=ANY),
    Case("REC-013", "missing", record(site=None), flagged=False),
    Case("ATT-018", "plain", record(admin_cat="04"), kinds=("day_case", "first")),
    Case("ATT-018", "missing", record(admin_cat=None), flagged=False, kinds=("day_case",)),
    Case("ATT-018", "look_alike", record(admin_cat="03"), flagged=False, kinds=("elective",),
         note="an amenity bed of an NHS patient"),
    Case("ATT-019", "plain", record(admission_source="39"), kinds=_PLANNED),
    Case("ATT-019", "look_alike", record(admission_source="39"), flagged=False,
         kinds=("admission",), note="an emergency of a prisoner is the local board's"),
    Case("ATT-029", "plain", charge(lpod_text="Stop smoking service"), kinds=("contact",)),
    Case("ATT-029", "look_alike", charge(lpod_text="Respiratory nursing"), flagged=False,
         kinds=("contact",)),
    Case("ATT-030", "plain", record(referral_source="17")),
    Case("ATT-030", "missing", record(referral_source=None), flagged=False),
    Case("ATT-037", "plain", charge(detail="Clinical trial visit 3"), layouts=WRITTEN),
    Case("ATT-037", "look_alike", charge(detail="Visit 3"), flagged=False, layouts=WRITTEN),
    Case("ATT-040", "plain", lambda _, e: e.record.update(
        dob=e.line["dob"].replace(year=e.line["dob"].year - 2, day=1)), kinds=ANY),
    Case("ATT-040", "missing", record(dob=None), flagged=False),
)  # fmt: skip


def _more_days(days: int) -> Change:
    """Charge so many more days on the line beside the spell."""

    def change(_: Book, event: Event) -> None:
        extra = event.extra
        extra["act"] += days
        extra["cost"] = extra["act"] * extra["uprice"]

    return change


def _critical_days(beyond: int) -> Change:
    """Charge as many days in critical care as the stay has, both ends counted, and some more."""

    def change(_: Book, event: Event) -> None:
        extra, line = event.extra, event.line
        extra["act"] = (line["end_date"] - line["start_date"]).days + 1 + beyond
        extra["cost"] = extra["act"] * extra["uprice"]

    return change


def _critical_from(days_before: int) -> Change:
    return lambda _, event: event.extra.update(
        start_date=event.line["start_date"] - timedelta(days=days_before)
    )


_of_critical = partial(Case, kinds=("critical",), extra=True)
BED_DAYS = (
    Case("PRC-012", "plain", _more_days(3), kinds=("long_stay",), extra=True),
    Case("PRC-012", "threshold", _more_days(1), kinds=("long_stay",), extra=True),
    Case("PRC-012", "inside", as_it_is, flagged=False, kinds=("long_stay",), extra=True),
    Case("PRC-012", "missing", record(trim_point=None), flagged=False, kinds=("long_stay",),
         extra=True),
    Case("PRC-015", "plain", record(cc_days=2), kinds=("long_stay",), extra=True,
         trips=("SPL-038",)),
    Case("PRC-015", "threshold", record(cc_days=1), kinds=("long_stay",), extra=True,
         trips=("SPL-038",)),
    Case("PRC-015", "inside", record(cc_days=0), flagged=False, kinds=("long_stay",), extra=True),
    Case("PRC-015", "missing", record(cc_days=None), flagged=False, kinds=("long_stay",),
         extra=True),
    _of_critical("CRC-001", "plain", _critical_days(4)),
    _of_critical("CRC-001", "threshold", _critical_days(1)),
    _of_critical("CRC-001", "inside", _critical_days(0), flagged=False),
    _of_critical("CRC-002", "plain", lost_spell),
    _of_critical("CRC-002", "missing", lambda _, e: e.extra.update(spell_id=None), flagged=False),
    _of_critical("CRC-006", "plain", _critical_from(3)),
    _of_critical("CRC-006", "threshold", _critical_from(1)),
    _of_critical("CRC-006", "inside", _critical_from(0), flagged=False),
)  # fmt: skip


def _other_drug(_: Book, event: Event) -> None:
    event.line.update(drug_code="9990000009999103", drug_name="Paracetamol 500mg tablets")


def _national_drug(_: Book, event: Event) -> None:
    drug = next(d for d in DRUGS if d.funded_by == "NHSE")
    event.line.update(drug_code=drug.code, drug_name=drug.name, indication=drug.indication)


def _priced(*, times: str = "1", more: str = "0", same: bool = True) -> Change:
    """Charge a unit at so many times its price and some pounds more; ``same`` as it cost."""

    def change(_: Book, event: Event) -> None:
        line = event.line
        price = line["uprice"] * Decimal(times) + Decimal(more)
        supplier = price if same else line["supplier_price"]
        _unit(event, price, supplier)

    return change


def _unit(event: Event, price: Decimal, supplier: Decimal) -> None:
    line = event.line
    line.update(
        uprice=price, supplier_price=supplier,
        cost=price * line["qty"] + (line["home_charge"] or 0),
    )  # fmt: skip


def _unit_at(price: str, supplier: str, vat: str) -> Change:
    def change(_: Book, event: Event) -> None:
        _unit(event, Decimal(price), Decimal(supplier))
        event.line["vat"] = vat

    return change


def _supplied_at(difference: str) -> Change:
    return lambda _, event: event.line.update(
        supplier_price=event.line["uprice"] + Decimal(difference)
    )


def _delivered(route: str) -> Change:
    def change(_: Book, event: Event) -> None:
        line = event.line
        line.update(home_charge=Decimal("45.00"), cost=line["cost"] + 45, drug_route=route, vat="N")

    return change


def _several(units: int) -> Change:
    def change(_: Book, event: Event) -> None:
        line = event.line
        line.update(qty=units, cost=line["uprice"] * units)

    return change


_of_drug = partial(Case, kinds=("drug",))
_of_device = partial(Case, kinds=("device",))
SUPPLIES = (
    _of_drug("HCD-001", "plain", _other_drug),
    _of_drug("HCD-001", "missing", charge(drug_code=None), flagged=False, trips=("DQV-023",)),
    _of_drug("HCD-002", "plain", _national_drug),
    _of_drug("HCD-002", "inside", as_it_is, flagged=False),
    _of_drug("HCD-005", "plain", charge(indication="9990000999")),
    _of_drug("HCD-005", "missing", charge(indication=None), flagged=False, trips=("HCD-007",)),
    _of_drug("HCD-007", "plain", charge(indication=None)),
    _of_drug("HCD-009", "plain", _priced(times="3")),
    _of_drug("HCD-009", "threshold", _priced(times="2", more="0.01")),
    _of_drug("HCD-009", "inside", _priced(times="2"), flagged=False),
    _of_drug("HCD-012", "plain", charge(drug_route="4", vat="Y")),
    _of_drug("HCD-012", "plain", charge(drug_route="3", vat="Y"), note="outsourced"),
    _of_drug("HCD-012", "inside", charge(drug_route="4", vat="N"), flagged=False),
    _of_drug("HCD-012", "missing", charge(drug_route=None, vat="Y"), flagged=False),
    _of_drug("HCD-013", "plain", _delivered("2")),
    _of_drug("HCD-013", "inside", _delivered("4"), flagged=False),
    _of_drug("HCD-013", "missing", all_of(_delivered("2"), charge(drug_route=None)), flagged=False),
    _of_drug("HCD-014", "plain", _unit_at("150.00", "100.00", "N")),
    _of_drug("HCD-014", "threshold", _unit_at("105.01", "100.00", "N")),
    _of_drug("HCD-014", "inside", _unit_at("105.00", "100.00", "N"), flagged=False),
    _of_drug("HCD-014", "look_alike", _unit_at("125.00", "100.00", "Y"), flagged=False,
         note="VAT and the agreed share"),
    _of_drug("HCD-015", "plain", charge(supplier_price=Decimal(0))),
    _of_drug("HCD-015", "threshold", _supplied_at("0.01")),
    _of_drug("HCD-015", "inside", _supplied_at("0.00"), flagged=False),
    _of_drug("HCD-015", "missing", charge(supplier_price=None), flagged=False, trips=("DQV-023",)),
    _of_device("DEV-001", "plain", charge(dev_code="9990000003999107", dev_name="Trolley")),
    _of_device("DEV-003", "plain", lambda _, e: e.line.update(
        dev_code=RETAINED_DEVICE.code, dev_name=RETAINED_DEVICE.name)),
    _of_device("DEV-003", "inside", as_it_is, flagged=False),
    _of_device("DEV-006", "plain", _several(12)),
    _of_device("DEV-006", "threshold", _several(5)),
    _of_device("DEV-006", "inside", _several(4), flagged=False),
    _of_device("DEV-008", "plain", charge(dev_serial=None)),
    _of_device("DEV-009", "plain", _priced(times="1.5")),
    _of_device("DEV-009", "threshold", _priced(more="0.01")),
    _of_device("DEV-009", "inside", _priced(), flagged=False),
    _of_device("DEV-010", "plain", _unit_at("150.00", "100.00", "N")),
    _of_device("DEV-010", "threshold", _unit_at("105.01", "100.00", "N")),
    _of_device("DEV-010", "inside", _unit_at("105.00", "100.00", "N"), flagged=False),
)  # fmt: skip

ALL = (
    *SPELLS, *CLINICS, *EMERGENCIES, *CODING, *PRICES, *BED_DAYS, *SUPPLIES,
)  # fmt: skip

_TOGETHER = (
    ("SPL-017", "ATT-040"), ("SPL-039", "REC-013"), ("OPC-009", "ATT-040"), ("OPC-004", "REC-013"),
    ("COD-003", "SPL-040"), ("COD-014", "PRC-050"), ("HCD-005", "HCD-015"), ("DEV-006", "DEV-008"),
    ("AED-008", "AED-015"), ("OPC-018", "ATT-040"),
)  # fmt: skip


def plant_care(book: Book) -> None:
    """Plant every fault of this module, then some two by two."""
    plant_cases(book, ALL)
    plant_together(book, _TOGETHER, ALL)
