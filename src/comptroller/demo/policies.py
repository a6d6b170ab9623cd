"""The policies of the fictional commissioners: which procedures they pay under conditions.

Most hold for everybody here. One is the host's alone, of which an associate has its own; another
the associate says that it does not have. Codes are OPCS-4 and ICD-10; what each policy says about
them is invented.
"""

from __future__ import annotations

from typing import Any

from comptroller.demo.presets import Preset

ASSOCIATE = "QZ5"
APPROVED_DRUGS = frozenset({"9990000001001108", "9990000001006102", "9990000001008109"})
APPROVED_DEVICES = frozenset({"9990000003004107"})

POLICY_COLUMNS = (
    "policy_id", "title", "kind", "check_id", "commissioner_code", "procedure_codes",
    "other_procedure_codes", "site_codes", "procedure_excluded", "diagnosis_codes",
    "diagnosis_excluded", "age_from", "age_to", "sex", "care", "limit_count", "limit_months",
    "alternative_price",
)  # fmt: skip

_CANCER = "C;D0"
_SKIN_LESIONS = "D17;D22;D23;L72;L82;B07;I781"
# Name, check, title, procedures, and what else the policy says.
_FOR_ALL: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    ("EB-02", "EBI-002", "Dilatation and curettage", "Q103", {"diagnosis_codes": "N92"}),
    ("EB-05", "EBI-005", "Breast reduction", "B311",
     {"diagnosis_excluded": "C50;D05", "sex": "2"}),
    ("EB-06", "EBI-006", "Benign skin lesions", "S05;S06;S08;S09;S10;S11;D02;E09",
     {"diagnosis_codes": _SKIN_LESIONS, "care": "planned_admission"}),
    ("EB-10", "EBI-010", "Hysterectomy for heavy bleeding", "Q07;Q08",
     {"diagnosis_codes": "N92", "diagnosis_excluded": f"D25;{_CANCER}"}),
    ("EB-11", "EBI-011", "Chalazion removal", "C12", {"diagnosis_codes": "H001"}),
    ("EB-13", "EBI-013", "Carpal tunnel release", "A651", {"diagnosis_codes": "G560"}),
    ("EB-24", "EBI-024", "Colonoscopy surveillance", "H22",
     {"diagnosis_excluded": _CANCER, "limit_count": 1, "limit_months": 12}),
    ("EB-25", "EBI-025", "Upper endoscopy under 55", "G45;G55;G65;G80",
     {"diagnosis_excluded": f"R13;R634;K92;D50;{_CANCER}", "age_to": 54}),
    ("EB-33", "EBI-033", "Kidney stones", "M09;M14;M26;M27;M28", {"diagnosis_codes": "N20"}),
    ("EB-34", "EBI-034", "Angiography for stable pain", "K63;K65", {"diagnosis_codes": "R07"}),
    ("EB-35", "EBI-035", "Exercise electrocardiogram", "U194", {"alternative_price": "45.00"}),
    ("EB-36", "EBI-036", "ERCP in gallstone pancreatitis", "J38;J39;J40;J41;J42;J43;J44",
     {"diagnosis_codes": "K851", "diagnosis_excluded": "K830"}),
    ("EB-L3", "", "Reversal of a later list: eyelid surgery for watering eyes", "C25",
     {"kind": "ebi", "diagnosis_codes": "H042"}),
    ("PA-01", "", "Functional surgery of the nasal valve", "E073", {"kind": "prior_approval"}),
    ("PA-02", "", "Repair of the ear drum", "D14", {"kind": "prior_approval"}),
    ("PA-03", "", "Ossicles", "D16", {"kind": "prior_approval"}),
    ("PA-04", "", "Middle ear", "D17", {"kind": "prior_approval"}),
    ("PA-07", "PLC-007", "Body contouring", "S02;S03", {}),
    ("PA-08", "PLC-008", "Facelift and brow lift", "S01", {}),
    ("PA-09", "PLC-009", "Eyelid surgery", "C13;C18", {"diagnosis_excluded": _CANCER}),
    ("PA-11", "PLC-011", "Nose reshaping", "E02", {"diagnosis_excluded": f"S02;{_CANCER}"}),
    ("PA-12", "PLC-012", "Breast enlargement and uplift", "B30;B312;B313",
     {"diagnosis_excluded": "C50;D05;Z853"}),
    ("PA-13", "PLC-013", "Gynaecomastia", "B27;B28;B311", {"diagnosis_codes": "N62", "sex": "1"}),
    ("PA-14", "PLC-014", "Liposuction", "S621;S622", {"diagnosis_excluded": "I89;Q820"}),
    ("PA-15", "PLC-015", "Scars and tattoos", "S60", {"diagnosis_excluded": "T95"}),
    ("PA-16", "PLC-016", "Labiaplasty", "P055;P056;P057;P21", {"diagnosis_excluded": _CANCER}),
    ("PA-17", "PLC-017", "Circumcision", "N303", {"diagnosis_excluded": f"N47;N48;{_CANCER}"}),
    ("PA-18", "PLC-018", "Reversal of sterilisation", "Q29;N181", {}),
    ("PA-19", "PLC-019", "Weight-loss surgery", "G28;G30;G31;G32;G33",
     {"diagnosis_codes": "E66", "diagnosis_excluded": _CANCER}),
    ("PA-20", "PLC-020", "Assisted conception: two cycles", "Q13",
     {"limit_count": 2, "limit_months": 60}),
    ("PA-21", "PLC-021", "Cataract, early", "C71;C72;C74;C75", {"diagnosis_codes": "H250"}),
    ("PA-22", "PLC-022", "Hip and knee replacement", "W37;W38;W39;W40;W41;W42;W93;W94;W95",
     {"diagnosis_codes": "M16;M17"}),
    ("PA-23", "PLC-023", "Hip arthroscopy", "W83;W84", {"site_codes": "Z843"}),
    ("PA-24", "PLC-024", "Bunions and toes", "W15;W59;W79", {"diagnosis_codes": "M20"}),
    ("PA-25", "PLC-025", "Wisdom teeth and implants", "F091;F092;F11;F12", {}),
    ("PA-26", "PLC-026", "Spinal injections: two a year", "A52;A57;V54",
     {"limit_count": 2, "limit_months": 12}),
    ("PA-28", "PLC-028", "Botulinum toxin", "X851", {"diagnosis_excluded": "G24;G51;G80;G81;G82"}),
    ("PA-29", "PLC-029", "Vasectomy in the community", "N17", {"alternative_price": "310.00"}),
    ("PA-30", "PLC-030", "Minor surgery by the practice", "S06;S08;S10;S11",
     {"diagnosis_codes": _SKIN_LESIONS, "care": "outpatient", "alternative_price": "62.00"}),
    ("PA-32", "PLC-032", "Squint surgery in adults", "C31;C32;C33", {"age_from": 18}),
)  # fmt: skip


def policies(preset: Preset) -> list[tuple[Any, ...]]:
    """Return the rows of the policies' reference file, in the order of `POLICY_COLUMNS`."""
    rows = [_row(name, check, title, codes, more) for name, check, title, codes, more in _FOR_ALL]
    if not has_associate(preset):
        return [*rows, _row("HO-10", "PLC-010", "Pinnaplasty", "D033", {"age_from": 5})]
    host, own = {"commissioner_code": preset.host}, {"commissioner_code": ASSOCIATE}
    return [
        *rows,
        _row("HO-10", "PLC-010", "Pinnaplasty", "D033", {**host, "age_from": 5}),
        _row("AS-10", "PLC-010", "Pinnaplasty in adults", "D033", {**own, "age_from": 18}),
        _row("AS-24", "PLC-024", "Bunions: no policy", "W15", {**own, "kind": "unrestricted"}),
    ]


def has_associate(preset: Preset) -> bool:
    """Tell whether the associate with policies of its own is in an economy."""
    return ASSOCIATE in {c.code for c in preset.commissioners}


def _row(name: str, check: str, title: str, codes: str, more: dict[str, Any]) -> tuple[Any, ...]:
    said = {
        "policy_id": name, "title": title, "check_id": check or None, "procedure_codes": codes,
        "kind": "ebi" if check.startswith("EBI") else "restricted",
    }  # fmt: skip
    said |= more
    return tuple(said.get(column) for column in POLICY_COLUMNS)
