"""The menu of care with demonstration prices: what can happen to a patient and what it costs.

Prices are derived numbers (see ``derive_prices``), uplifted by the preset's factor and rounded to
five pounds. Attendance, emergency, diagnostic, drug and device prices are invented outright.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files

from comptroller.demo.presets import Preset


@dataclass(frozen=True)
class Dish:
    """One thing on the menu: a kind of care in one treatment function at one price.

    ``price`` is the national price in pounds before market forces; ``trim_point_days``,
    ``per_diem`` and ``short_stay_price`` are zero where they do not apply.
    """

    kind: str
    treatment_function: str
    price_code: str
    pod_code: str
    setting: str
    price: Decimal
    trim_point_days: int = 0
    per_diem: Decimal = Decimal(0)
    short_stay_price: Decimal = Decimal(0)
    short_stay_percent: int = 0
    main_specialty: str = ""
    diagnosis: str = ""
    procedure: str = ""
    local: bool = False
    label: str = ""


@dataclass(frozen=True)
class Drug:
    """A high-cost drug: price in pounds for one unit, who funds it, for what."""

    code: str
    name: str
    indication: str
    price: Decimal
    unit: str
    treatment_function: str
    funded_by: str
    service_code: str = ""


@dataclass(frozen=True)
class Device:
    """A high-cost device and its list price in pounds."""

    code: str
    name: str
    category: str
    maker: str
    price: Decimal
    treatment_function: str


_CLINICS = (
    ("100", 205, 95), ("101", 150, 85), ("104", 175, 90), ("107", 200, 100), ("110", 165, 80),
    ("120", 130, 75), ("130", 125, 70), ("140", 140, 80), ("150", 260, 130), ("160", 145, 80),
    ("301", 215, 105), ("302", 230, 100), ("303", 285, 125), ("320", 210, 110), ("330", 140, 80),
    ("340", 240, 115), ("361", 260, 130), ("400", 250, 120), ("410", 235, 105), ("420", 270, 125),
    ("430", 290, 140), ("502", 185, 90),
)  # fmt: skip
_EMERGENCY = (
    ("VB01Z", 395), ("VB02Z", 355), ("VB03Z", 270), ("VB04Z", 225), ("VB05Z", 205), ("VB06Z", 150),
    ("VB07Z", 175), ("VB08Z", 160), ("VB09Z", 115), ("VB11Z", 80),
)  # fmt: skip
_DIRECT = (
    ("DAIMG", "RD01A", 165), ("DAIMG", "RD20A", 95), ("DAIMG", "RD40Z", 60), ("DALAB", "DAPF", 15),
    ("DALAB", "DAPH", 10), ("DAOTHER", "DAECG", 45),
)  # fmt: skip
_COMMUNITY = (("COMM", "CN101", 72), ("COMM", "CN102", 58), ("COMMINIT", "CN103", 110))
_DIAGNOSES = {
    "AA": ("G459", "A559"), "AB": ("M545", "V544"), "BZ": ("H259", "C751"), "CA": ("J342", "E036"),
    "CB": ("H669", "D151"), "CD": ("K021", "F093"), "DZ": ("J181", "E492"), "EB": ("I509", "U202"),
    "EY": ("I251", "K631"), "FZ": ("K635", "H201"), "GA": ("K802", "J183"), "GB": ("K805", "J431"),
    "GC": ("K859", "J741"), "HC": ("M512", "V337"), "HD": ("M069", "W903"), "HE": ("S720", "W242"),
    "HN": ("M170", "W822"), "HT": ("S525", "W201"), "JC": ("C443", "S065"), "JD": ("L400", "S532"),
    "KA": ("E059", "B088"), "KB": ("E119", "X291"), "LA": ("N185", "X403"), "LB": ("C679", "M421"),
    "MA": ("N921", "Q181"), "MB": ("N832", "T421"), "PD": ("J459", "E852"), "PF": ("K529", "X292"),
    "PW": ("B349", "X299"), "PX": ("J069", "X293"), "SA": ("D509", "X333"), "WH": ("I951", "U199"),
    "WJ": ("A419", "X295"), "YQ": ("I702", "L601"), "NZ": ("O800", "R249"), "LD": ("N185", "X403"),
}  # fmt: skip
# Main specialty where it differs from the treatment function.
_MAIN_SPECIALTY = {"104": "100", "502": "500", "430": "430", "501": "500"}

DRUGS = (
    Drug(
        "9990000001001108",
        "Adalimumab 40mg pre-filled pen",
        "9990000101",
        Decimal("162.40"),
        "pen",
        "410",
        "ICB",
    ),
    Drug(
        "9990000001002101",
        "Etanercept 50mg pre-filled pen",
        "9990000101",
        Decimal("148.75"),
        "pen",
        "410",
        "ICB",
    ),
    Drug(
        "9990000001003105",
        "Aflibercept 2mg vial",
        "9990000102",
        Decimal("640.00"),
        "vial",
        "130",
        "ICB",
    ),
    Drug(
        "9990000001004104",
        "Ranibizumab 2.3mg vial",
        "9990000102",
        Decimal("551.00"),
        "vial",
        "130",
        "ICB",
    ),
    Drug(
        "9990000001005103",
        "Infliximab 100mg vial",
        "9990000103",
        Decimal("187.20"),
        "vial",
        "301",
        "ICB",
    ),
    Drug(
        "9990000001006102",
        "Vedolizumab 300mg vial",
        "9990000103",
        Decimal("1825.50"),
        "vial",
        "301",
        "ICB",
    ),
    Drug(
        "9990000001007106",
        "Omalizumab 150mg syringe",
        "9990000104",
        Decimal("243.10"),
        "syringe",
        "340",
        "ICB",
    ),
    Drug(
        "9990000001008109",
        "Ustekinumab 45mg syringe",
        "9990000105",
        Decimal("1290.00"),
        "syringe",
        "330",
        "ICB",
    ),
    Drug(
        "9990000001009107",
        "Romiplostim 250microgram vial",
        "9990000106",
        Decimal("455.00"),
        "vial",
        "303",
        "ICB",
    ),
    Drug(
        "9990000001010100",
        "Denosumab 60mg syringe",
        "9990000107",
        Decimal("183.00"),
        "syringe",
        "410",
        "ICB",
    ),
    Drug(
        "9990000002001109",
        "Natalizumab 300mg vial",
        "9990000201",
        Decimal("1130.00"),
        "vial",
        "400",
        "NHSE",
        "NCBPS29C",
    ),
    Drug(
        "9990000002002102",
        "Eculizumab 300mg vial",
        "9990000202",
        Decimal("3150.00"),
        "vial",
        "303",
        "NHSE",
        "NCBPS03A",
    ),
    Drug(
        "9990000002003106",
        "Normal immunoglobulin 10g vial",
        "9990000203",
        Decimal("459.00"),
        "vial",
        "330",
        "NHSE",
        "NCBPS24A",
    ),
)
DEVICES = (
    Device(
        "9990000003001104",
        "Primary cardioverter defibrillator",
        "HL01",
        "Aldercroft Medical",
        Decimal("9850.00"),
        "320",
    ),
    Device(
        "9990000003002105",
        "Cardiac resynchronisation device",
        "HL02",
        "Aldercroft Medical",
        Decimal("12400.00"),
        "320",
    ),
    Device(
        "9990000003003101",
        "Bespoke revision knee prosthesis",
        "HL03",
        "Tarnside Implants",
        Decimal("4310.00"),
        "110",
    ),
    Device(
        "9990000003004107",
        "Spinal cord stimulator",
        "HL04",
        "Tarnside Implants",
        Decimal("10975.00"),
        "110",
    ),
    Device(
        "9990000003005108",
        "Aortic endovascular graft",
        "HL05",
        "Mardale Devices",
        Decimal("7240.00"),
        "107",
    ),
)
# Commissioned by NHS England: nobody here implants it, but the list names it.
RETAINED_DEVICE = Device(
    "9990000003099104",
    "Ventricular assist device",
    "HL09",
    "Aldercroft Medical",
    Decimal("64200.00"),
    "172",
)

_DAY_CASE_LIMIT = 9_000  # pounds; dearer care is not done in a day here
RETAINED_SERVICES = {"330": "NCBPS24A", "302": "NCBPS27A", "340": "NCBPS29C", "303": "NCBPS03A"}
DELEGATED_SERVICES = {"320": "NCBPS13B", "150": "NCBPS08S", "110": "NCBPS34R", "361": "NCBPS11B"}


def round_five(value: Decimal) -> Decimal:
    """Return pounds rounded to the nearest five."""
    return (value / 5).quantize(Decimal(1), ROUND_HALF_UP) * 5


def _spells(rows: list[dict[str, str]], factor: Decimal) -> list[Dish]:
    out: list[Dish] = []
    for row in rows:
        tfc, code = row["treatment_function"], row["price_code"]
        elective = round_five(int(row["elective"]) * factor)
        emergency = round_five(int(row["non_elective"]) * factor)
        percent = int(row["short_stay_percent"])
        diagnosis, procedure = _DIAGNOSES[code[:2]]
        stay = Dish(
            "EL", tfc, code, "EL", "EL", elective,
            trim_point_days=int(row["trim_point_days"]),
            per_diem=round_five(int(row["per_diem"]) * factor),
            main_specialty=_MAIN_SPECIALTY.get(tfc, tfc),
            diagnosis=diagnosis,
            procedure=procedure,
        )  # fmt: skip
        no_stay = replace(stay, trim_point_days=0, per_diem=Decimal(0))
        if elective < _DAY_CASE_LIMIT:
            out.append(replace(no_stay, kind="DC", pod_code="DC", setting="DC"))
        out.append(stay)
        if tfc != "140":
            short = round_five(emergency * percent / 100)
            out.append(
                replace(
                    stay, kind="NEL", pod_code="NEL", setting="NEL", price=emergency,
                    short_stay_price=short, short_stay_percent=percent, procedure="",
                )
            )  # fmt: skip
        if int(row["outpatient_procedure"]) > 0:
            price = round_five(int(row["outpatient_procedure"]) * factor)
            for pod in ("OPPROCFA", "OPPROCFUP"):
                out.append(
                    replace(no_stay, kind="OPP", pod_code=pod, setting="OPPROC", price=price)
                )
    return out


def _clinics(factor: Decimal) -> list[Dish]:
    out: list[Dish] = []
    for tfc, first, follow_up in _CLINICS:
        main = _MAIN_SPECIALTY.get(tfc, tfc)
        one, two = round_five(first * factor), round_five(follow_up * factor)
        multi, by_phone = (
            round_five(first * factor * 6 / 5),
            round_five(follow_up * factor * 7 / 10),
        )
        out += [
            Dish("OPF", tfc, "WF01B", "OPFASPCL", "OPFA", one, main_specialty=main),
            Dish("OPF", tfc, "WF02B", "OPFAMPCL", "OPFAMP", multi, main_specialty=main),
            Dish("OPU", tfc, "WF01A", "OPFUPSPCL", "OPFUP", two, main_specialty=main),
            Dish(
                "OPU",
                tfc,
                "WF01A",
                "OPFUPSPNCL",
                "OPFUPNCL",
                by_phone,
                main_specialty="950",
                local=True,
            ),
            Dish("OPN", tfc, "WF01C", "NF2FFUP", "NF2F", by_phone, main_specialty=main, local=True),
        ]
    return out


def menu(preset: Preset) -> list[Dish]:
    """Return every dish of the economy with the year's demonstration prices, in fixed order."""
    factor = preset.price_factor
    text = files("comptroller.demo").joinpath("data/demonstration_prices.csv").read_text("utf-8")
    dishes = _spells(list(csv.DictReader(text.splitlines())), factor) + _clinics(factor)
    for code, price in _EMERGENCY:
        dishes.append(Dish("AE", "180", code, "AE", "EC", round_five(price * factor)))
    dishes.append(
        Dish(
            "SDEC",
            "326",
            "VB09Z",
            "AE",
            "EC",
            round_five(240 * factor),
            label="Same day emergency care",
            local=True,
        )
    )
    for pod, code, price in _DIRECT:
        tfc = "812" if pod == "DAIMG" else "822" if pod == "DALAB" else "320"
        dishes.append(
            Dish("DA", tfc, code, pod, pod, Decimal(price), local=not code.startswith("RD"))
        )
    for pod, code, price in _COMMUNITY:
        dishes.append(Dish("COMM", "650", code, pod, pod, Decimal(price), local=True))
    dishes.append(
        Dish(
            "RADAY",
            "361",
            "LD05A",
            "RADAY",
            "RADAY",
            round_five(130 * factor),
            diagnosis="N185",
            procedure="X403",
            main_specialty="361",
            local=True,
        )
    )
    dishes.append(
        Dish(
            "NELNE",
            "501",
            "NZ30C",
            "NELNE",
            "NEL",
            round_five(1900 * factor),
            5,
            round_five(320 * factor),
            diagnosis="O800",
            procedure="R249",
            main_specialty="500",
        )
    )
    dishes.append(
        Dish(
            "BABY",
            "424",
            "PB03Z",
            "NELNE",
            "NEL",
            Decimal(0),
            diagnosis="Z380",
            main_specialty="420",
        )
    )
    return dishes


CRITICAL_CARE = ("UNBACC", "XC06Z", Decimal("1480"))
IMAGING = ("UNBRAD", "RD20A", Decimal("95"))

GENERAL_PRICES = ("RDA", "WARD")
"""Local codes of prices for whatever care is given in a setting."""

# Local prices of care that nobody here has as a rule, but that contracts price.
_SELDOM = (
    ("MATPATHAN", "CN102", "pathway", Decimal(58)), ("MATPATHPN", "CN102", "pathway", Decimal(58)),
    ("UNBCHEMO", "SB12Z", "delivery", Decimal(95)), ("UNBCHEMO", "SB03Z", "delivery", Decimal(95)),
    ("UNBCHEMO", "SB15Z", "delivery", Decimal(95)),
    ("RADAY", "RDA", "attendance", Decimal(210)), ("WAFA", "WARD", "attendance", Decimal(120)),
)  # fmt: skip


def local_schedule(preset: Preset) -> list[tuple[str, str, str | None, str, Decimal]]:
    """Return point of delivery, code, treatment function, unit and price of each local price.

    The treatment function is None where the price is the same in all.
    """
    rows: set[tuple[str, str, str | None, str, Decimal]] = {
        (CRITICAL_CARE[0], CRITICAL_CARE[1], None, "bed day", CRITICAL_CARE[2]),
        *((pod, code, None, unit, price) for pod, code, unit, price in _SELDOM),
    }
    for dish in menu(preset):
        if dish.local:
            tfc = dish.treatment_function if dish.kind in ("OPU", "OPN") else None
            rows.add((dish.pod_code, dish.price_code, tfc, "attendance", dish.price))
    return sorted(rows, key=str)


GUIDE_ONLY = ("LB72A", "OPPROC", Decimal("240"))  # nobody agreed to pay it
