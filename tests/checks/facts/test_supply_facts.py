"""What the lists say of a supply, and the patient's supplies before."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

DRUGS = """drug_code,name,funded_by,indication,maximum_price,discount_percent,framework_price,\
biosimilar_group,best_value,switch_by,therapy_class,minimum_interval_days,free_from,free_to
D1,Alphamab 40mg pen,ICB,,250.00,20,210.00,,,,one,36,,
D2,Betamab 50mg pen,ICB,,300.00,,,,,,one,36,2026-04-10,2026-04-20
D3,Gammamab originator,ICB,,900.00,,,gamma,,,,,,
D4,Gammamab biosimilar,ICB,,500.00,,410.00,gamma,Y,2026-05-01,,,,
D5,Deltamab,CDF,,100.00,,,,,,,,,
"""


def _drug(economy: Any, code: str, day: str, **more: Any) -> str:
    given = {"drug_code": code, "activity_start_date": day, "drug_quantity": "1"} | more
    return str(economy.line(data_set="DrPLCM", **given))


def test_the_list_gives_a_supply_its_terms(economy: Any) -> None:
    economy.reference({"drugs.csv": DRUGS})
    one = _drug(economy, "D1", "2026-04-15")
    originator = _drug(economy, "D3", "2026-04-15")
    biosimilar = _drug(economy, "D4", "2026-04-15")
    cancer = _drug(economy, "D5", "2026-04-15")
    unlisted = _drug(economy, "D9", "2026-04-15")
    facts = economy.build()
    assert facts.of(one, "item_discounted_price", "item_framework_price") == (
        Decimal("200.00"),
        Decimal("210.00"),
    )
    switch = ("item_best_value_price", "item_switch_date")
    assert facts.of(originator, *switch) == (Decimal("410.00"), dt.date(2026, 5, 1))
    assert facts.of(biosimilar, *switch) == (None, None)
    assert facts.of(cancer, "is_cancer_fund") is True
    assert facts.of(one, "is_cancer_fund") is False
    assert facts.of(unlisted, "is_cancer_fund", "item_name") == (None, None)


def test_a_scheme_is_free_from_its_first_to_its_last_day(economy: Any) -> None:
    economy.reference({"drugs.csv": DRUGS})
    days = ("2026-04-09", "2026-04-10", "2026-04-20", "2026-04-21")
    lines = [_drug(economy, "D2", day) for day in days]
    facts = economy.build()
    assert [facts.of(line, "is_item_free") for line in lines] == [False, True, True, False]


def test_supplies_are_counted_from_the_last_day_before(economy: Any) -> None:
    first = _drug(economy, "D1", "2026-04-01")
    twin = _drug(economy, "D1", "2026-04-01", drug_quantity="2")
    second = _drug(economy, "D1", "2026-04-20")
    other_person = _drug(economy, "D1", "2026-04-21", patient_key="p2")
    facts = economy.build()
    assert facts.of(second, "days_since_supply", "previous_supply_date") == (
        19,
        dt.date(2026, 4, 1),
    )
    assert [facts.of(x, "days_since_supply") for x in (first, twin, other_person)] == [None] * 3


def test_another_drug_of_the_class_overlaps_while_it_lasts(economy: Any) -> None:
    economy.reference({"drugs.csv": DRUGS})
    first = _drug(economy, "D1", "2026-04-01", therapeutic_indication_code="I1")
    second = _drug(economy, "D2", "2026-04-08", therapeutic_indication_code="I1")
    facts = economy.build()
    assert facts.of(second, "class_overlap_days", "class_line_id") == (29, first)
    assert facts.of(first, "class_overlap_days") is None
    assert [facts.of(x, "therapy_ordinal") for x in (first, second)] == [1, 2]


def test_a_contact_of_the_patient_may_lie_ninety_days_away(economy: Any) -> None:
    economy.line(activity_start_date="2026-04-15", attendance_identifier="A1")
    near = _drug(economy, "D1", "2026-07-14", month=4)
    far = _drug(economy, "D1", "2026-07-15", month=4)
    elsewhere = _drug(economy, "D1", "2026-04-15", provider_code="RZ2")
    unknown = _drug(economy, "D1", "2026-04-15", patient_key=None)
    facts = economy.build()
    seen = [facts.of(x, "is_contact_near") for x in (near, far, elsewhere, unknown)]
    assert seen == [True, False, False, None]


def test_the_usual_price_is_that_of_most_lines(economy: Any) -> None:
    lines = [
        _drug(economy, "D1", f"2026-04-{day:02d}", commissioner_unit_price="20.00")
        for day in range(1, 5)
    ]
    _drug(economy, "D1", "2026-04-09", commissioner_unit_price="200.00")
    rare = _drug(economy, "D2", "2026-04-09", commissioner_unit_price="7.00")
    facts = economy.build()
    assert facts.of(lines[0], "usual_supply_price") == Decimal("20.00")
    assert facts.of(rare, "usual_supply_price") is None
