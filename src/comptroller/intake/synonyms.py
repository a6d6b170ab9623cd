"""Abbreviations and slang of headers, beside the aliases that the vocabulary declares.

Headers are compared after their words have been written out: ``Prov Spell No`` is
``provider spell number``. Add here what a new layout brings; a word has one meaning.
"""

from __future__ import annotations

from functools import cache

from comptroller.vocabulary import normalise_header

WORDS = {
    "act": "activity",
    "actual": "actual",
    "adm": "admission",
    "admn": "admission",
    "admit": "admission",
    "amt": "amount",
    "appt": "appointment",
    "apt": "appointment",
    "att": "attendance",
    "attend": "attendance",
    "cat": "category",
    "cd": "code",
    "chg": "charge",
    "cmr": "commissioner",
    "comm": "commissioner",
    "commr": "commissioner",
    "cnt": "count",
    "ct": "count",
    "del": "delivery",
    "desc": "description",
    "descr": "description",
    "dis": "discharge",
    "disch": "discharge",
    "dt": "date",
    "fin": "financial",
    "fld": "field",
    "fu": "follow up",
    "hosp": "hospital",
    "id": "identifier",
    "ident": "identifier",
    "ind": "indicator",
    "loc": "local",
    "mnth": "month",
    "mth": "month",
    "nat": "national",
    "nbr": "number",
    "no": "number",
    "num": "number",
    "op": "outpatient",
    "org": "organisation",
    "orgn": "organisation",
    "pat": "patient",
    "pct": "percent",
    "pln": "plan",
    "prac": "practice",
    "proc": "procedure",
    "prov": "provider",
    "pt": "patient",
    "purch": "purchaser",
    "qty": "quantity",
    "ref": "reference",
    "reg": "registered",
    "serv": "service",
    "spec": "specialty",
    "svc": "service",
    "tar": "tariff",
    "tot": "total",
    "trf": "tariff",
    "trt": "treatment",
    "typ": "type",
    "val": "value",
    "yr": "year",
}

LOCAL_NAMES: dict[str, tuple[str, ...]] = {
    "activity_cost": (
        "total £",
        "actual £",
        "£",
        "total value",
        "total price",
        "total charge",
        "charge",
        "line value",
        "line cost",
        "income",
        "total income",
        "amount",
        "total amount",
        "net price",
        "price actual",
        "total tariff",
        "final price",
        "value",
        "invoice value",
    ),
    "activity_count": ("quantity", "units", "volume", "actual units", "number of units", "count"),
    "activity_unit_price": (
        "unit cost",
        "unit £",
        "£ per unit",
        "cost per unit",
        "unit tariff",
        "price per unit",
        "tariff",
        "rate",
        "tariff price",
    ),
    "tariff_code": (
        "hrg",
        "hrg code",
        "hrg4",
        "currency",
        "currency code",
        "price code",
        "spell hrg",
    ),
    "pod_code": ("point of delivery", "pod"),
    "local_pod_code": ("local point of delivery", "trust pod", "local pod"),
    "activity_end_date": (
        "discharge date",
        "date discharged",
        "end dt",
        "spell end date",
        "contact end",
        "end",
        "date to",
    ),
    "activity_start_date": (
        "admission date",
        "date admitted",
        "start dt",
        "activity dt",
        "date from",
    ),
    "month": ("month", "period", "slam month", "month name", "act month"),
    "local_patient_identifier": ("hospital number", "patient number", "local number"),
    "general_medical_practice_code": ("gp practice", "practice", "practice code", "gp code"),
    "organisation_identifier_gp_practice_responsibility": (
        "practice icb",
        "gp practice icb",
        "practice ccg",
        "practice commissioner",
    ),
    "organisation_identifier_residence_responsibility": (
        "resident icb",
        "residence icb",
        "icb of residence",
        "resident ccg",
        "ccg of residence",
        "residence commissioner",
    ),
    "commissioner_code": (
        "charged to",
        "billed to",
        "bill to",
        "invoiced to",
        "invoice to",
        "paid by",
        "payer",
        "ccg icb",
        "ccg icb code",
        "icb ccg",
        "icb ccg code",
    ),
    "unbundled_episode_indicator": ("unbundled", "unbundled flag"),
    "vat_charged_indicator": ("vat", "vat flag", "vat charged"),
    "national_tariff_indicator": ("national tariff", "tariff flag"),
    "additional_description_first": ("comments", "comment", "notes", "remarks", "free text"),
    "planned_cost": ("plan £", "plan value", "planned value", "plan income", "planned income"),
    "market_forces_cost": ("mff £", "actual mff £"),
    "planned_market_forces_cost": ("plan mff £", "planned mff £"),
    "planned_activity": ("plan", "plan units", "plan quantity", "planned units"),
}


MAY_BE: dict[str, tuple[str, ...]] = {
    "price": ("activity_unit_price", "activity_cost"),
    "cost": ("activity_cost", "activity_unit_price"),
    "value": ("activity_cost",),
    "amount": ("activity_cost",),
    "charge": ("activity_cost",),
    "tariff": ("activity_unit_price", "activity_cost", "tariff_code"),
    "rate": ("activity_unit_price",),
}
"""Headers that mean one thing in one file and another in the next: the values decide."""


@cache
def written_out(header: str) -> str:
    """Return a header normalised, its abbreviations written out."""
    words = normalise_header(header.replace("£", " £ ").replace("£", " pounds ")).split()
    if words[-2:] == ["y", "n"]:
        words = words[:-2]
    return " ".join(WORDS.get(word, word) for word in words)
