"""Faults that one record shows by itself or beside its SUS record: validity, price, attribution."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from comptroller.demo.faults.book import Book, Event, month_end, month_start
from comptroller.demo.faults.cases import (
    ANY,
    OUTPATIENT,
    SPELL,
    WRITTEN,
    Case,
    Change,
    all_of,
    charge,
    lost_spell,
    plant_cases,
    plant_together,
    record,
    unlinked,
)
from comptroller.demo.prices import DELEGATED_SERVICES, RETAINED_SERVICES

# ---- who pays ----


def _practice_elsewhere(book: Book, event: Event) -> None:
    other = book.another(event.line["comm"], event.line["prov"])
    practice = book.practice_of(other)
    event.both(practice=practice, pds_practice=practice)
    event.charge(gp_resp=other, res_resp=other)
    event.record.update(comm=other, assigned_comm=other)


def _practice_changes_hands(days_after: int) -> Change:
    def change(book: Book, event: Event) -> None:
        own = event.line["comm"]
        other = book.another(own, event.line["prov"])
        practice = f"T88{len(book.practices) + 1:03d}"
        day = event.line["start_date"] - timedelta(days=days_after)
        owner = book.owners[own][0]
        own_code = next(o for o, p in book.owners.items() if owner in p)
        book.organisations.append(
            (practice, f"Practice {practice}", "practice", own_code, "2013-04-01", None, None)
        )
        book.practices += [
            (practice, other, None, None, None, None, day - timedelta(days=1)),
            (practice, own_code, None, None, None, day, None),
        ]
        event.both(practice=practice, pds_practice=practice)

    return change


def _registration(left_before: int, *, to: str = "", known: bool = True) -> Change:
    def change(book: Book, event: Event) -> None:
        line = event.line
        last = line["start_date"] - timedelta(days=left_before) if known else None
        began = line["start_date"].replace(year=line["start_date"].year - 6, day=1)
        book.registrations.append((line["nhs"], line["practice"], began, last))
        if to and last:
            code = line["comm"] if to == "same" else book.another(line["comm"], line["prov"])
            new = book.practice_of(code)
            book.registrations.append((line["nhs"], new, last + timedelta(days=1), None))
        event.sus[0]["pds_practice"] = None

    return change


def _closed_practice(closed_before: int, *, successor: bool = False, known: bool = True) -> Change:
    def change(book: Book, event: Event) -> None:
        line = event.line
        practice = f"T89{len(book.organisations) + 1:03d}"
        own_practice = book.owners[line["comm"]][0]
        owner = next(o for o, p in book.owners.items() if own_practice in p)
        closed = line["start_date"] - timedelta(days=closed_before) if known else None
        book.organisations.append(
            (
                practice, f"Practice {practice}", "practice", owner, "2013-04-01", closed,
                own_practice if successor else None,
            )
        )  # fmt: skip
        book.practices.append((practice, owner, None, None, None, None, closed))
        event.both(practice=practice, pds_practice=None)

    return change


def _assigned_elsewhere(book: Book, event: Event) -> None:
    event.record["assigned_comm"] = book.another(event.line["comm"], event.line["prov"])


def _assigned_same_body(book: Book, event: Event) -> None:
    line = event.line
    sub = next(c.code for c in book.world.commissioners if c.parent == book.payer(line["comm"]))
    event.record["assigned_comm"] = sub


def _by_residence(book: Book, event: Event) -> None:
    line = event.line
    other = book.another(line["comm"], line["prov"])
    practice = book.practice_of(other)
    event.both(practice=practice, pds_practice=practice)
    event.charge(gp_resp=other, res_resp=line["comm"])
    event.record.update(comm=other, assigned_comm=other)


def _unknown_practice(*, elsewhere: bool) -> Change:
    def change(book: Book, event: Event) -> None:
        line = event.line
        code = book.another(line["comm"], line["prov"]) if elsewhere else line["comm"]
        event.both(practice="V81999")
        event.record["pds_practice"] = book.practice_of(code)

    return change


_RESIDENCE_LAYOUTS = ("national_v3", "local_inpatient_words", "local_workbook")
ATTRIBUTION = (
    Case("ATT-001", "plain", _practice_elsewhere, kinds=ANY, trips=("ATT-008",)),
    Case("ATT-001", "threshold", _practice_changes_hands(-1), trips=("ATT-008",),
         note="the practice joins the commissioner the day after"),
    Case("ATT-001", "inside", _practice_changes_hands(0), flagged=False,
         note="the practice joined the commissioner on the day"),
    Case("ATT-001", "missing", lambda _, e: e.both(practice=None, pds_practice=None),
         flagged=False, trips=("DQV-023",)),
    Case("ATT-003", "plain", _registration(60)),
    Case("ATT-003", "plain", _registration(45, to="other"), trips=("ATT-001", "ATT-008")),
    Case("ATT-003", "threshold", _registration(1), note="left the practice the day before"),
    Case("ATT-003", "inside", _registration(0), flagged=False, note="left on the day itself"),
    Case("ATT-003", "missing", _registration(0, known=False), flagged=False),
    Case("ATT-003", "look_alike", _registration(0, to="other"), flagged=False,
         note="moved to another commissioner's practice the day after"),
    Case("ATT-003", "look_alike", _registration(20, to="same"), flagged=False,
         note="moved to another practice of the same commissioner"),
    Case("ATT-005", "plain", _unknown_practice(elsewhere=False), wide=True),
    Case("ATT-005", "plain", _unknown_practice(elsewhere=True), wide=True,
         trips=("ATT-001", "ATT-008")),
    Case("ATT-005", "missing", lambda _, e: e.both(practice="V81999", pds_practice=None),
         flagged=False),
    Case("ATT-005", "look_alike", lambda _, e: e.both(practice="V81997", pds_practice=None),
         flagged=False, note="not registered anywhere"),
    Case("ATT-007", "plain", _closed_practice(90), wide=True),
    Case("ATT-007", "threshold", _closed_practice(1), wide=True, note="closed the day before"),
    Case("ATT-007", "inside", _closed_practice(0), flagged=False, note="closed on the day"),
    Case("ATT-007", "missing", _closed_practice(0, known=False), flagged=False),
    Case("ATT-007", "look_alike", _closed_practice(90, successor=True), flagged=False,
         note="its successor belongs to the same commissioner"),
    Case("ATT-008", "plain", _assigned_elsewhere, kinds=ANY),
    Case("ATT-008", "missing", record(assigned_comm=None), flagged=False),
    Case("ATT-008", "look_alike", _assigned_same_body, flagged=False, merged_only=True,
         note="SUS assigns the sub-ICB location of the body that was charged"),
    Case("ATT-011", "plain", _by_residence, trips=("ATT-001", "ATT-008"),
         layouts=_RESIDENCE_LAYOUTS),
    Case("ATT-011", "inside", lambda b, e: e.charge(
        res_resp=b.another(e.line["comm"], e.line["prov"])),
         flagged=False, layouts=_RESIDENCE_LAYOUTS, note="charged by registration"),
    Case("ATT-011", "missing", all_of(_by_residence, charge(res_resp=None)), flagged=False,
         trips=("ATT-001", "ATT-008"), layouts=_RESIDENCE_LAYOUTS),
    Case("ATT-017", "plain", record(admin_cat="02"), kinds=("day_case", "elective", "first"),
         wide=True),
    Case("ATT-017", "missing", record(admin_cat=None), flagged=False, kinds=("day_case",)),
    Case("ATT-017", "look_alike", record(admin_cat="03"), flagged=False, kinds=("elective",),
         note="an amenity bed of an NHS patient"),
    Case("ATT-023", "plain", record(service_line=RETAINED_SERVICES["330"]), wide=True,
         kinds=("day_case", "elective", "first")),
    Case("ATT-023", "missing", record(service_line=None), flagged=False, kinds=("day_case",)),
    Case("ATT-023", "look_alike",
         all_of(record(service_line=DELEGATED_SERVICES["110"]),
               charge(svc=DELEGATED_SERVICES["110"], csc="25")),
         flagged=False, kinds=("elective",), merged_only=True, note="a delegated service"),
    Case("ATT-033", "plain", lambda _, e: e.record.update(
        died_on=e.line["start_date"] - timedelta(days=30)), wide=True,
        kinds=("follow_up", "day_case", "first")),
    Case("ATT-033", "threshold", lambda _, e: e.record.update(
        died_on=e.line["start_date"] - timedelta(days=1)), wide=True),
    Case("ATT-033", "threshold", lambda _, e: e.record.update(
        died_on=e.line["start_date"] - timedelta(days=2)), wide=True, kinds=("day_case",)),
    Case("ATT-033", "inside", lambda _, e: e.record.update(died_on=e.line["start_date"]),
         flagged=False, note="died on the day of the clinic"),
    Case("ATT-033", "inside", lambda _, e: e.record.update(
        died_on=e.line["start_date"] - timedelta(days=1)), flagged=False, kinds=("day_case",),
        note="a day's grace for a spell"),
    Case("ATT-033", "look_alike", lambda _, e: e.record.update(
        died_on=e.line["end_date"], discharge_method="4", discharge_to="79"), flagged=False,
        kinds=("admission",), note="died in hospital"),
)  # fmt: skip


# ---- validity ----


def _wrong_digit(_: Book, event: Event) -> None:
    nhs = event.line["nhs"]
    event.charge(nhs=f"{nhs[:9]}{(int(nhs[9]) + 3) % 10}")


def _other_month(step: int) -> Change:
    def change(_: Book, event: Event) -> None:
        line = event.line
        line["month"] += step
        line["seen_from"] = max(line["month"], event.record["month"] if event.sus else 0)

    return change


def _dated(offset_from_end: int) -> Change:
    """Date an event so many days after the last day of the month it is reported in."""

    def change(book: Book, event: Event) -> None:
        month = event.line["month"]
        day = month_end(book.world, month) + timedelta(days=offset_from_end)
        book.move(event, day - (event.line["end_date"] - event.line["start_date"]))
        event.charge(month=month, seen_from=month)

    return change


def _before_the_year(days: int) -> Change:
    def change(book: Book, event: Event) -> None:
        day = month_start(book.world, 1) - timedelta(days=days)
        book.move(event, day - (event.line["end_date"] - event.line["start_date"]))
        event.both(month=1, seen_from=1)

    return change


def _over_the_year(book: Book, event: Event) -> None:
    book.move(event, month_start(book.world, 1) - timedelta(days=3), 5)


def _in_the_future(_: Book, event: Event) -> None:
    line = event.line
    line["start_date"] = line["end_date"] = line["start_date"] + timedelta(days=330)


def _age_wrong(step: int) -> Change:
    return lambda _, event: event.charge(age=event.line["age"] + step)


def _age_two_years_wrong(book: Book, event: Event) -> None:
    # Only the month of birth is kept: near a birthday two years might be one.
    line = event.line
    away = (line["start_date"].month + 5) % 12 + 1
    event.both(dob=line["dob"].replace(month=away, day=15))
    book.move(event, line["start_date"])
    event.charge(age=event.line["age"] - 2)


def _born(days_after: int, *, month_end_first: bool = False) -> Change:
    def change(book: Book, event: Event) -> None:
        if month_end_first:
            month = event.line["month"]
            book.move(event, month_end(book.world, month))
        event.charge(dob=event.line["start_date"] + timedelta(days=days_after), age=0)
        if not days_after:
            event.record.update(dob=event.line["dob"], age=0)

    return change


def _invalid_commissioner(code: str) -> Change:
    return lambda _, event: event.charge(comm=code)


def _wordy(text: str) -> Change:
    return lambda _, event: event.line.update(detail=text.format(nhs=event.line["nhs"]))


_BLANK = ("gp_resp", "unbundled", "nti")
VALIDITY = (
    Case("DQV-001", "plain", lambda _, e: e.charge(nhs=None), kinds=ANY, trips=("ATT-032",)),
    Case("DQV-001", "look_alike", lambda _, e: e.both(
        nhs=None, withheld="03", postcode=None, dob=None), flagged=False,
        note="identity withheld at the patient's request"),
    Case("DQV-001", "look_alike", lambda _, e: e.both(
        nhs=None, practice="V81998", pds_practice=None, gp_resp="X98", postcode="ZZ99 3CZ",
        overseas="1"), flagged=False, kinds=("emergency",),
        trips=("DQV-028",), note="an exempt overseas visitor"),
    Case("DQV-002", "plain", _wrong_digit, kinds=ANY),
    Case("DQV-002", "missing", lambda _, e: e.charge(nhs=None, withheld="01"), flagged=False),
    Case("DQV-004", "plain", _invalid_commissioner("Q99"), trips=("ATT-001", "ATT-008", "ATT-011"),
         in_acm=("DQV-004",)),
    Case("DQV-004", "plain", _invalid_commissioner("Z9Z9Z"), in_acm=("DQV-004",),
         trips=("ATT-001", "ATT-008", "ATT-011")),
    Case("DQV-005", "plain", charge(site="ZZ9Z9"), kinds=ANY, trips=("REC-013",)),
    Case("DQV-005", "plain", lambda _, e: e.charge(site=e.line["site"].lower() + "-a"),
         layouts=WRITTEN, trips=("REC-013",)),
    Case("DQV-005", "missing", charge(site=None), flagged=False),
    Case("DQV-005", "look_alike", charge(site="R9998"), flagged=False,
         trips=("REC-013",), note="not a hospital site"),
    Case("DQV-006", "plain", charge(practice="T99999"), kinds=ANY),
    Case("DQV-006", "plain", charge(practice="ABC12"), layouts=WRITTEN),
    Case("DQV-006", "missing", charge(practice=None), flagged=False, trips=("DQV-023",)),
    Case("DQV-006", "look_alike", lambda _, e: e.both(practice="V81997", pds_practice=None),
         flagged=False, note="no registered practice"),
    Case("DQV-007", "plain", charge(tfc="999"), kinds=OUTPATIENT, trips=("OPC-032",)),
    Case("DQV-007", "plain", charge(tfc="500"), kinds=OUTPATIENT, trips=("OPC-032",),
         note="a main specialty used as a treatment function"),
    Case("DQV-007", "threshold", charge(tfc="620"), trips=("OPC-032",),
         note="a treatment function that was retired"),
    Case("DQV-007", "missing", charge(tfc=None), flagged=False),
    Case("DQV-008", "plain", charge(pod="OPX", lpod="OPX"), in_acm=("DQV-008",),
         trips=("REC-002", "REC-005", "REC-006", "REC-007", "REC-008")),
    Case("DQV-010", "plain", charge(tariff="ZZ99Z"), kinds=SPELL, in_acm=("DQV-010",),
         trips=("COD-003",)),
    Case("DQV-010", "threshold", lambda _, e: e.charge(tariff=e.line["tariff"][:4]),
         kinds=SPELL, in_acm=("DQV-010",), trips=("COD-003",),
         note="the group without its last letter"),
    Case("DQV-010", "missing", charge(tariff=None), flagged=False, kinds=("day_case",),
         trips=("COD-001",)),
    Case("DQV-010", "look_alike", lambda _, e: e.charge(tariff=e.line["tariff"] + "/BP01"),
         flagged=False, kinds=("day_case",), note="a valid group with a best-practice flag"),
    Case("DQV-011", "plain", charge(svc="NCBPS99X"), kinds=SPELL, in_acm=("DQV-011",)),
    Case("DQV-011", "missing", charge(svc=None), flagged=False, kinds=("day_case",)),
    Case("DQV-012", "plain", charge(csc="21"), kinds=SPELL, in_acm=("DQV-012",)),
    Case("DQV-012", "look_alike", charge(csc="25", svc=DELEGATED_SERVICES["110"]), flagged=False,
         kinds=("elective",), merged_only=True, note="a delegated service of the ICB"),
    Case("DQV-012", "missing", charge(csc=None), flagged=False, trips=("DQV-023",),
         in_acm=("DQV-023",)),
    Case("DQV-013", "plain", _other_month(2), kinds=OUTPATIENT),
    Case("DQV-013", "threshold", _dated(1), kinds=("first",), note="the day after the month's end"),
    Case("DQV-013", "inside", _dated(0), flagged=False, note="the last day of the month"),
    Case("DQV-013", "look_alike", lambda b, e: b.move(
        e, month_start(b.world, e.line["month"]) - timedelta(days=2), 4), flagged=False,
        kinds=("admission",), note="admitted in one month and discharged in the next"),
    Case("DQV-013", "missing", lambda _, e: e.charge(start_date=None, end_date=None),
         flagged=False, trips=("REC-011",)),
    Case("DQV-014", "plain", _before_the_year(25), trips=("DQV-013", "TIM-003")),
    Case("DQV-014", "threshold", _before_the_year(1), trips=("DQV-013", "TIM-003"),
         note="the last day of the year before"),
    Case("DQV-014", "inside", _before_the_year(0), flagged=False, note="the year's first day"),
    Case("DQV-014", "look_alike", _over_the_year, flagged=False, kinds=("admission",),
         note="admitted in the year before, discharged in this one"),
    Case("DQV-015", "plain", _in_the_future, trips=("DQV-013", "DQV-014", "REC-011", "DQV-020")),
    Case("DQV-020", "plain", _age_wrong(-7), kinds=ANY),
    Case("DQV-020", "plain", lambda _, e: e.charge(age=131, dob=None), note="no age of a person"),
    Case("DQV-020", "threshold", _age_two_years_wrong),
    Case("DQV-020", "inside", _age_wrong(1), flagged=False),
    Case("DQV-020", "missing", lambda _, e: e.charge(dob=None), flagged=False),
    Case("DQV-020", "look_alike", lambda _, e: e.charge(age=999, dob=None), flagged=False,
         note="999 says that the age is not known"),
    Case("DQV-021", "plain", _born(70), trips=("DQV-020", "ATT-040")),
    Case("DQV-021", "threshold", _born(1, month_end_first=True), trips=("DQV-020", "ATT-040"),
         note="born the day after, in the next month"),
    Case("DQV-021", "inside", _born(0), flagged=False, kinds=("admission",),
         note="born on the day"),
    Case("DQV-021", "missing", lambda _, e: e.charge(dob=None), flagged=False),
    *(
        Case("DQV-023", "plain", charge(**{name: None}), kinds=OUTPATIENT,
             in_acm=("DQV-023",) if name == "nti" else (), note=f"{name} is blank",
             trips=("ATT-011",) if name == "gp_resp" else ())
        for name in _BLANK
    ),
    Case("DQV-023", "plain", charge(vat=None), kinds=("drug",), layouts=WRITTEN,
         note="whether VAT is charged is blank"),
    Case("DQV-023", "look_alike", charge(ethnic=None), flagged=False,
         note="a field that is not mandatory"),
    Case("DQV-025", "plain", charge(spell_id=None), kinds=("day_case", "admission")),
    Case("DQV-025", "plain", charge(att_id=None), kinds=OUTPATIENT),
    Case("DQV-025", "plain", charge(att_id=None), kinds=("drug",)),
    Case("DQV-025", "look_alike", lambda _, e: e.charge(), flagged=False, kinds=("emergency",),
         note="emergency care has an identifier of its own"),
    Case("DQV-029", "plain", _wordy("Seen with relative, NHS number {nhs}"), layouts=WRITTEN),
    Case("DQV-029", "look_alike", _wordy("Order 48500321 of the supplier"), flagged=False,
         layouts=WRITTEN, note="a number that is no NHS number"),
)  # fmt: skip


# ---- price ----


def _cost(pounds: str) -> Change:
    return lambda _, event: event.line.update(cost=event.line["cost"] + Decimal(pounds))


def _without_mff(_: Book, event: Event) -> None:
    line = event.line
    line["uprice"] = line["cost"] - line["mff_cost"]


def _credit(_: Book, event: Event) -> None:
    line = event.line
    line.update(act=-1, cost=-line["cost"], mff_cost=-line["mff_cost"])


PRICE = (
    Case("PRC-017", "plain", lost_spell, kinds=("long_stay",), extra=True,
         trips=("REC-007", "REC-011"), note="the excess bed days name no known spell"),
    Case("PRC-017", "missing", lambda _, e: e.extra.update(spell_id=None), flagged=False,
         kinds=("long_stay",), extra=True, trips=("DQV-025",)),
    Case("PRC-017", "look_alike", lambda _, e: e.charge(), flagged=False, kinds=("long_stay",),
         extra=True,
         note="excess bed days of a spell that is charged"),
    Case("PRC-035", "plain", _cost("37.31"), kinds=ANY),
    Case("PRC-035", "threshold", _cost("0.06")),
    Case("PRC-035", "inside", _cost("0.05"), flagged=False),
    Case("PRC-035", "missing", charge(uprice=None), flagged=False, trips=("DQV-023",)),
    Case("PRC-035", "look_alike", _without_mff, flagged=False, kinds=("day_case",),
         note="the unit price is stated before market forces"),
    Case("PRC-036", "plain", charge(act=0), kinds=OUTPATIENT, trips=("PRC-035",),
         in_acm=("PRC-036", "PRC-049")),
    Case("PRC-036", "missing", charge(act=None), trips=("PRC-035", "DQV-023"),
         in_acm=("PRC-036", "PRC-049")),
    Case("PRC-037", "plain", _credit, kinds=OUTPATIENT, in_acm=("PRC-037",)),
    Case("PRC-038", "plain", charge(tariff="UZ01Z"), kinds=SPELL, trips=("COD-003",)),
    Case("PRC-038", "inside", lambda _, e: e.charge(
        tariff="UZ01Z", uprice=Decimal(0), cost=Decimal(0), mff_cost=Decimal(0)), flagged=False,
        kinds=("day_case",), trips=("COD-003",), note="not grouped and not charged"),
    Case("PRC-038", "missing", charge(tariff=None), flagged=False, kinds=("day_case",),
         trips=("COD-001",)),
)  # fmt: skip


def _uncharged(_: Book, event: Event) -> None:
    event.lines.clear()


def _shifted(days: int) -> Change:
    def change(_: Book, event: Event) -> None:
        record = event.record
        for name in ("start_date", "end_date", "arrived", "departed"):
            if record.get(name):
                record[name] -= timedelta(days=days)

    return change


MATCHING = (
    Case("REC-007", "plain", unlinked, kinds=ANY),
    Case("REC-007", "inside", lambda _, e: e.charge(cds_id="B" + e.line["lpid"].rjust(20, "0")),
         flagged=False, kinds=("day_case", "follow_up"), note="found by spell or attendance"),
    Case("REC-007", "missing", lambda _, e: e.charge(cds_id=None), flagged=False,
         kinds=("day_case", "follow_up")),
    Case("REC-007", "look_alike", lambda _, e: e.charge(), flagged=False,
         kinds=("direct", "contact"), note="care that is never sent to SUS"),
    Case("REC-011", "plain", _shifted(3), kinds=ANY, trips=("COD-022",)),
    Case("REC-011", "threshold", _shifted(1), kinds=OUTPATIENT),
    Case("REC-011", "missing", lambda _, e: e.record.update(start_date=None, end_date=None),
         flagged=False, kinds=("follow_up",)),
    Case("ATT-028", "plain", lambda _, e: e.both(tfc="360"), wide=True),
    Case("DQV-022", "plain", lambda _, e: e.record.update(
        sex="1" if e.line["sex"] == "2" else "2"), kinds=("admission", "elective"), wide=True),
    Case("DQV-022", "missing", record(sex=None), flagged=False, kinds=("admission",)),
    Case("DQV-028", "plain", lambda _, e: e.charge(postcode="ZZ99 3VZ"), wide=True,
         trips=("ATT-004",)),
    Case("DQV-028", "missing", lambda _, e: e.charge(postcode=None), flagged=False),
)  # fmt: skip

ALL = (*ATTRIBUTION, *VALIDITY, *PRICE, *MATCHING)


def plant_rows(book: Book) -> None:
    """Plant every fault of one record, then some two by two."""
    plant_cases(book, ALL)
    _plant_uncharged(book)
    plant_together(book, _TOGETHER, ALL)


# Pairs of faults that befall one record without undoing each other.
_TOGETHER = (
    ("ATT-001", "PRC-035"), ("ATT-003", "DQV-005"), ("ATT-005", "DQV-020"), ("ATT-007", "PRC-035"),
    ("ATT-008", "DQV-002"), ("ATT-011", "DQV-005"), ("ATT-017", "PRC-035"), ("ATT-023", "DQV-020"),
    ("ATT-033", "DQV-005"), ("DQV-006", "PRC-035"), ("DQV-007", "DQV-020"), ("DQV-010", "DQV-002"),
    ("DQV-011", "PRC-035"), ("DQV-012", "DQV-020"), ("DQV-023", "DQV-002"), ("DQV-029", "DQV-005"),
    ("PRC-038", "DQV-002"), ("PRC-036", "DQV-005"), ("PRC-037", "DQV-002"), ("DQV-022", "DQV-005"),
    ("REC-011", "DQV-020"), ("REC-007", "DQV-005"),
)  # fmt: skip


def _plant_uncharged(book: Book) -> None:
    for turn in range(book.instances):
        event = book.take(ANY[turn % len(ANY)])
        _uncharged(book, event)
        book.answer(book.fault("REC-008"), "REC-008", "plain", event.record)
    for values, kind, note in (
        ({"attended": "3"}, "follow_up", "the patient did not attend"),
        ({"attended": "2"}, "first", "the patient cancelled"),
        ({"admin_cat": "02"}, "day_case", "a private patient"),
    ):
        event = book.take(kind)
        _uncharged(book, event)
        event.record.update(values)
        book.answer(
            book.fault("REC-008"), "REC-008", "look_alike", event.record, flagged=False, note=note
        )
