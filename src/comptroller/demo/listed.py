"""Drugs and devices that the lists hold terms for: nobody is given them but by a planted fault.

Prices and terms are invented; the names are those of real medicines only to read well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from comptroller.demo.presets import Preset

DRUG_TERMS = (
    "framework_price", "discount_percent", "biosimilar_group", "best_value", "switch_by",
    "therapy_class", "most_units", "minimum_interval_days", "age_from", "age_to",
    "available_from", "free_from", "free_to",
)  # fmt: skip
DEVICE_TERMS = ("vat", "zero_cost_from", "expected_life_months", "monthly_allowance")
_SHARED = "9990000301"


@dataclass(frozen=True)
class Listed:
    """One item of a list: price in pounds for one unit, who funds it, and its terms."""

    code: str
    name: str
    price: Decimal
    indication: str = ""
    unit: str = ""
    maker: str = ""
    category: str = ""
    funded_by: str = "ICB"
    terms: dict[str, Any] = field(default_factory=dict)


def _drug(
    number: int, name: str, price: str, indication: str = _SHARED, by: str = "ICB", **terms: Any
) -> Listed:
    code = f"999000000{1101 + number:04d}10"
    return Listed(code, name, Decimal(price), indication, name.split()[-1], "", "", by, terms)


def _device(number: int, name: str, price: str, **terms: Any) -> Listed:
    code = f"999000000{3101 + number:04d}10"
    return Listed(code, name, Decimal(price), "", "", "Mardale Devices", f"HL{20 + number}",
                  "ICB", terms)  # fmt: skip


def listed_drugs(preset: Preset) -> dict[str, Listed]:
    """Return the drugs with terms by the word that tells which term."""
    start = preset.start
    switch, funded = start + timedelta(days=91), start + timedelta(days=120)
    return {
        "framework": _drug(1, "Golimumab 50mg pen", "300.00", framework_price="300.00"),
        "discount": _drug(2, "Tocilizumab 162mg pen", "200.00", discount_percent="60"),
        "originator": _drug(3, "Rituximab 500mg vial", "870.00", biosimilar_group="rituximab"),
        "biosimilar": _drug(4, "Rituximab biosimilar 500mg vial", "410.00",
                            biosimilar_group="rituximab", best_value="Y", switch_by=switch),
        "units": _drug(5, "Botulinum toxin 100unit vial", "129.00", most_units="4"),
        "interval": _drug(6, "Certolizumab 200mg syringe", "357.00", minimum_interval_days=28),
        "class one": _drug(7, "Secukinumab 150mg pen", "609.00", "9990000302",
                           therapy_class="interleukin 17", minimum_interval_days=36),
        "class two": _drug(8, "Ixekizumab 80mg pen", "1125.00", "9990000302",
                           therapy_class="interleukin 17", minimum_interval_days=36),
        "ages": _drug(9, "Erenumab 70mg pen", "386.00", "9990000303", age_from=18, age_to=65),
        "cancer": _drug(10, "Durvalumab 500mg vial", "2466.00", "9990000304", "CDF"),
        "free": _drug(11, "Dupilumab 300mg pen", "632.00", "9990000305", free_from=start,
                      free_to=funded),
        "new": _drug(12, "Risankizumab 150mg pen", "3326.00", "9990000306", available_from=funded),
    }  # fmt: skip


def listed_devices(preset: Preset) -> dict[str, Listed]:
    """Return the devices with terms by the word that tells which term."""
    zero = preset.start + timedelta(days=120)
    return {
        "zero cost": _device(1, "Transcatheter aortic valve", "15200.00", zero_cost_from=zero),
        "vat": _device(2, "Insulin pump", "2450.00", vat="N"),
        "life": _device(3, "Insertable cardiac monitor", "1780.00", expected_life_months=6),
        "allowance": _device(4, "Continuous glucose sensor", "42.00", monthly_allowance="3"),
    }
