"""Faults in the parts of a price: market forces, short stays, bed days, guides, percentages."""

from __future__ import annotations

from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from comptroller.demo.faults.book import Book, Event, Row
from comptroller.demo.faults.cases import Case, Change, aged, all_of, plant_cases, record
from comptroller.demo.faults.groups import answer_group
from comptroller.demo.prices import GUIDE_ONLY, Dish, menu

_PENNY = Decimal("0.01")
_CODE = "GA06D"  # an HRG whose prices differ by setting
_SETTING = {"DC": "DC", "EL": "EL", "NEL": "NEL", "NELNE": "NEL", "OPPROCFA": "OPPROC",
            "OPPROCFUP": "OPPROC"}  # fmt: skip
_ACM: dict[str, Any] = dict.fromkeys(
    ("local_patient_identifier", "hospital_provider_spell_identifier", "attendance_identifier",
     "cds_unique_identifier", "activity_start_date")
)  # fmt: skip


def _dishes(book: Book) -> dict[tuple[str, str], Dish]:
    return {(dish.price_code, dish.setting): dish for dish in menu(book.world)}


def _factor(book: Book, row: Row) -> Decimal:
    return next(p.mff for p in book.world.providers if p.code == row["prov"])


def _charged(book: Book, event: Event, base: Decimal, *, in_sus: Decimal | None = None) -> None:
    """Charge a price with the provider's market forces; SUS has the same, or another."""
    line = event.line
    factor = _factor(book, line)
    price = (base * factor).quantize(_PENNY, ROUND_HALF_UP)
    line.update(uprice=price, cost=price, mff_cost=price - base, nti="Y")
    right = base if in_sus is None else in_sus
    event.record["cost"] = (right * factor).quantize(_PENNY, ROUND_HALF_UP)


def _as_code(setting: str, *, charged: str = "", short: bool = False) -> Change:
    """Make the event one of the code: priced in its setting, or charged as in another."""

    def change(book: Book, event: Event) -> None:
        dishes = _dishes(book)
        own = dishes[_CODE, setting]
        event.both(tariff=_CODE)
        right = own.short_stay_price if short else own.price
        _charged(book, event, dishes[_CODE, charged or setting].price if not short else right,
                 in_sus=right)  # fmt: skip
        if short:
            event.charge(pod="NELST", lpod="NELST")

    return change


def _lasting(days: int) -> Change:
    return lambda book, event: book.move(event, event.line["start_date"], days)


def _more_market_forces(more: str) -> Change:
    def change(_: Book, event: Event) -> None:
        event.line["mff_cost"] += Decimal(more)

    return change


def _twice(book: Book, event: Event) -> None:
    line = event.line
    base = line["uprice"] - line["mff_cost"]
    price = (line["uprice"] * _factor(book, line)).quantize(_PENNY, ROUND_HALF_UP)
    line.update(uprice=price, cost=price, mff_cost=price - base)


def _bed_day_dearer(more: str) -> Change:
    def change(_: Book, event: Event) -> None:
        extra = event.extra
        extra["uprice"] += Decimal(more)
        extra["cost"] = extra["uprice"] * extra["act"]

    return change


def _guide(more: str = "0") -> Change:
    def change(book: Book, event: Event) -> None:
        event.both(tariff=GUIDE_ONLY[0])
        _charged(book, event, GUIDE_ONLY[2])
        line = event.line
        line["uprice"] = line["cost"] = line["uprice"] + Decimal(more)

    return change


_ADULT = aged(54)
CASES = (
    Case("PRC-006", "plain", _twice, kinds=("day_case", "elective")),
    Case("PRC-009", "plain", _as_code("DC", charged="NEL"), kinds=("day_case",)),
    Case("PRC-009", "plain", _as_code("NEL", charged="EL"), kinds=("admission",)),
    Case("PRC-009", "inside", _as_code("DC"), flagged=False, kinds=("day_case",)),
    Case("PRC-010", "plain", all_of(_as_code("NEL"), _ADULT, _lasting(0)), kinds=("admission",)),
    Case("PRC-010", "threshold", all_of(_as_code("NEL"), _ADULT, _lasting(1)),
         kinds=("admission",)),
    Case("PRC-010", "inside", all_of(_as_code("NEL"), _ADULT, _lasting(2)), flagged=False,
         kinds=("admission",)),
    Case("PRC-010", "look_alike", all_of(_as_code("NEL"), _lasting(1), aged(18)), flagged=False,
         kinds=("admission",), note="not yet an adult"),
    Case("PRC-010", "missing", all_of(_as_code("NEL"), _ADULT, _lasting(1), record(los=None)),
         flagged=False, kinds=("admission",)),
    Case("PRC-011", "plain", all_of(_as_code("NEL", short=True), _ADULT, _lasting(4)),
         kinds=("admission",)),
    Case("PRC-011", "threshold", all_of(_as_code("NEL", short=True), _ADULT, _lasting(2)),
         kinds=("admission",)),
    Case("PRC-011", "inside", all_of(_as_code("NEL", short=True), _ADULT, _lasting(1)),
         flagged=False, kinds=("admission",)),
    Case("PRC-011", "threshold", all_of(_as_code("NEL", short=True), _lasting(1), aged(18)),
         kinds=("admission",)),
    Case("PRC-014", "plain", _bed_day_dearer("35.00"), kinds=("long_stay",), extra=True),
    Case("PRC-014", "threshold", _bed_day_dearer("0.06"), kinds=("long_stay",), extra=True),
    Case("PRC-014", "inside", _bed_day_dearer("0.05"), flagged=False, kinds=("long_stay",),
         extra=True),
    Case("PRC-041", "plain", _guide(), kinds=("procedure",)),
    Case("PRC-041", "inside", _guide("0.01"), flagged=False, kinds=("procedure",)),
)  # fmt: skip


def plant_components(book: Book) -> None:
    """Plant every fault of this module."""
    plant_cases(book, CASES)
    for _ in range(book.instances):
        for plant in (_market_forces, _percentages, _years_of_care, _local_price):
            # A small economy may lack a kind of care that a fault needs: then it is not planted.
            with suppress(LookupError):
                plant(book)


def _market_forces(book: Book) -> None:
    for variant, more in (("plain", "25.00"), ("threshold", "0.06"), ("inside", "0.05")):
        event = book.take("elective" if variant == "plain" else "day_case")
        _more_market_forces(more)(book, event)
        if variant == "threshold":
            # Alone in its row of the aggregate set: the tolerance grows with the activity there.
            event.charge(lpod="DCX")
        book.answer(book.fault("PRC-005"), "PRC-005", variant, event.line, data_set="ACM",
                    flagged=variant != "inside", **_ACM)  # fmt: skip


def _percentages(book: Book) -> None:
    for variant, charges in (("plain", 4), ("threshold", 3), ("inside", 2)):
        one = book.take("day_case")
        events = [one]
        for _ in range(charges - 1):
            events.append(book.take("day_case", provider=one.line["prov"],
                                    on=one.line["start_date"]))  # fmt: skip
        for event in events:
            line = event.line
            price = (line["uprice"] * Decimal("1.0125")).quantize(_PENNY, ROUND_HALF_UP)
            line.update(uprice=price, cost=price)
        answer_group(book, "PRC-044", variant, events, flagged=charges > 2)


def _years_of_care(book: Book) -> None:
    for variant, months in (("plain", 0), ("inside", 1)):
        event = book.take("contact", month=4)
        line = event.line
        line.update(pod="YOC", lpod="YOC")
        again = dict(line) | {"non_cds_id": f"Y{line['non_cds_id'][1:]}"}
        again["month"] = again["seen_from"] = line["month"] + months
        if months:
            later = line["start_date"].replace(month=line["start_date"].month + months)
            again["start_date"] = again["end_date"] = later
        event.lines.append(again)
        answer_group(book, "PRC-046", variant, [event], flagged=variant == "plain")


def _local_price(book: Book) -> None:
    event = book.take("contact")
    line = event.line
    line["uprice"] = line["cost"] = line["uprice"] + 9
    fault = book.fault("PRC-043")
    book.answer(fault, "PRC-043", "plain", line)
    book.also(fault, ("CON-009",), line)


def explain_components(book: Book) -> None:
    """Write what any planted fault does to parts of a price, whatever it was planted for."""
    dishes = _dishes(book)
    local = {
        (dish.pod_code, dish.treatment_function): dish.price
        for dish in menu(book.world)
        if dish.local
    }
    below: set[tuple[str, str]] = set()
    for event in book.events:
        for row in event.lines:
            usual = local.get((str(row["pod"]), str(row["tfc"])))
            if usual is not None and row["uprice"] not in (None, usual):
                book.also(f"PRC-043/{row['case_no']}", ("PRC-043",), row)
            if event.sus and row["cost"] is not None and row["cost"] < event.record["cost"]:
                below.add((row["prov"], str(row["pod"])))
            _explain_short_stay(book, event, row, dishes)
            dish = dishes.get((row["tariff"] or "", _SETTING.get(str(row["pod"]), "")))
            if row["ds"] != "PLCM" or dish is None:
                continue
            number = row["case_no"]
            price = (dish.price * _factor(book, row)).quantize(_PENNY, ROUND_HALF_UP)
            if row["act"] is None or row["mff_cost"] != (price - dish.price) * row["act"]:
                book.answer(f"PRC-005/{number}", "PRC-005", "consequence", row, data_set="ACM",
                            **_ACM)  # fmt: skip
            if row["uprice"] != price and any(
                row["uprice"] == (d.price * _factor(book, row)).quantize(_PENNY, ROUND_HALF_UP)
                for (code, _), d in dishes.items() if code == row["tariff"]
            ):  # fmt: skip
                book.also(f"PRC-009/{number}", ("PRC-009",), row)
    for provider, pod in sorted(below):
        book.answer(f"ANO-018/{provider}", "ANO-018", "consequence", provider_code=provider,
                    pod_code=pod)  # fmt: skip


def _explain_short_stay(
    book: Book, event: Event, row: Row, dishes: dict[tuple[str, str], Dish]
) -> None:
    dish = dishes.get((row["tariff"] or "", "NEL"))
    if dish is None or not dish.short_stay_price or row["pod"] not in ("NEL", "NELST"):
        return
    days = event.sus[0].get("los") if event.sus else None
    short = (dish.short_stay_price * _factor(book, row)).quantize(_PENNY, ROUND_HALF_UP)
    if (days is None or days < 2) and row["uprice"] > short:
        book.also(f"PRC-010/{row['case_no']}", ("PRC-010",), row)
