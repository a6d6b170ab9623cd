"""The national layouts of contract monitoring, and what SUS calls its columns.

A column is a heading, the SQL expression that fills it from the tables of ``lines``, and the
element that it is. Names in braces, such as ``{created}``, are filled per file; ``l`` is the line.
"""

from __future__ import annotations

from typing import NamedTuple

from comptroller.vocabulary import data_set


class Column(NamedTuple):
    """One column of a file; its element is '' where the vocabulary has none for it."""

    heading: str
    expression: str
    element: str = ""


_Pair = tuple[str, str]

_PROVIDER = "ORGANISATION IDENTIFIER (CODE OF PROVIDER)"
_GP = "ORGANISATION IDENTIFIER (GP PRACTICE RESPONSIBILITY)"
_COMMISSIONER = "ORGANISATION IDENTIFIER (CODE OF COMMISSIONER)"
_SITE = "ORGANISATION SITE IDENTIFIER (OF TREATMENT)"
_RESIDENCE = "ORGANISATION IDENTIFIER (RESIDENCE RESPONSIBILITY)"
_DRUG = "(HIGH COST TARIFF EXCLUDED DRUG)"
_DEVICE = "(HIGH COST TARIFF EXCLUDED DEVICE)"
_NOTHING = "NULL"

_HEADER: tuple[_Pair, ...] = (
    ("FINANCIAL MONTH", "month"),
    ("FINANCIAL YEAR", "{year_code}"),
    ("DATE AND TIME DATA SET CREATED", "{created}"),
)
_PERSON: tuple[_Pair, ...] = (
    ("WITHHELD IDENTITY REASON", "withheld"),
    ("NHS NUMBER", "nhs"),
    ("LOCAL PATIENT IDENTIFIER (EXTENDED)", "lpid"),
    ("POSTCODE OF USUAL ADDRESS", "postcode"),
    ("PERSON BIRTH DATE", "dob"),
    ("AGE AT ACTIVITY DATE (CONTRACT MONITORING)", "age"),
    ("PERSON STATED GENDER CODE", "sex"),
)
_POD: tuple[_Pair, ...] = (
    ("POINT OF DELIVERY CODE", "pod"),
    ("POINT OF DELIVERY FURTHER DETAIL CODE", _NOTHING),
    ("POINT OF DELIVERY FURTHER DETAIL DESCRIPTION", _NOTHING),
)
_LOCAL_POD: tuple[_Pair, ...] = (
    ("LOCAL POINT OF DELIVERY CODE", "lpod"),
    ("LOCAL POINT OF DELIVERY DESCRIPTION", "lpod_text"),
)
_DETAILS: tuple[_Pair, ...] = (
    ("CONTRACT MONITORING ADDITIONAL DETAIL (FIRST)", _NOTHING),
    ("CONTRACT MONITORING ADDITIONAL DESCRIPTION (FIRST)", "detail"),
)

_ACM: tuple[_Pair, ...] = (
    *_HEADER,
    (_PROVIDER, "prov"),
    (_GP, "CASE WHEN csc = '12' THEN comm END"),
    (_COMMISSIONER, "comm"),
    ("GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)", _NOTHING),
    ("ACTIVITY TREATMENT FUNCTION CODE", "tfc"),
    ("LOCAL SUB-SPECIALTY CODE", _NOTHING),
    ("WARD CODE", _NOTHING),
    ("COMMISSIONED SERVICE CATEGORY CODE", "csc"),
    ("SPECIALISED SERVICE CODE", "svc"),
    ("SPECIALISED MENTAL HEALTH SERVICE CATEGORY CODE", _NOTHING),
    *_POD,
    *_LOCAL_POD,
    *((name, _NOTHING) for name, _ in _DETAILS),
    ("TARIFF CODE", "tariff"),
    ("NATIONAL TARIFF INDICATOR", "nti"),
    ("CONTRACT MONITORING PLANNED ACTIVITY", "planned_act"),
    ("CONTRACT MONITORING PLANNED PRICE", "planned_cost"),
    ("CONTRACT MONITORING PLANNED MARKET FORCES FACTOR", "planned_mff"),
    ("CONTRACT MONITORING ACTUAL ACTIVITY", "act"),
    ("CONTRACT MONITORING ACTUAL PRICE", "cost"),
    ("CONTRACT MONITORING ACTUAL MARKET FORCES FACTOR", "mff_cost"),
)

_PLCM: tuple[_Pair, ...] = (
    *_HEADER,
    (_PROVIDER, "prov"),
    (_SITE, "site"),
    (_GP, "gp_resp"),
    (_COMMISSIONER, "comm"),
    ("GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)", "practice"),
    *_PERSON,
    ("ETHNIC CATEGORY", "ethnic"),
    ("CDS UNIQUE IDENTIFIER", "cds_id"),
    ("NON CDS UNIQUE IDENTIFIER", "non_cds_id"),
    ("ACTIVITY TREATMENT FUNCTION CODE", "tfc"),
    ("LOCAL SUB-SPECIALTY CODE", _NOTHING),
    ("HOSPITAL PROVIDER SPELL NUMBER", "spell_id"),
    ("ATTENDANCE IDENTIFIER", "att_id"),
    ("EMERGENCY CARE ATTENDANCE IDENTIFIER", "ec_id"),
    ("ACTIVITY START DATE (CONTRACT MONITORING)", "start_date"),
    ("ACTIVITY END DATE (CONTRACT MONITORING)", "end_date"),
    ("PACKAGE OF CARE OR YEAR OF CARE START DATE (CONTRACT MONITORING)", _NOTHING),
    ("UNBUNDLED EPISODE INDICATOR", "unbundled"),
    ("PROVIDER REFERENCE NUMBER", _NOTHING),
    ("NHS SERVICE AGREEMENT LINE NUMBER", _NOTHING),
    ("COMMISSIONED SERVICE CATEGORY CODE", "csc"),
    ("SPECIALISED SERVICE CODE", "svc"),
    *_POD,
    *_LOCAL_POD,
    *_DETAILS,
    ("TARIFF CODE", "tariff"),
    ("NATIONAL TARIFF INDICATOR", "nti"),
    ("ACTIVITY COUNT (POINT OF DELIVERY)", "act"),
    ("ACTIVITY UNIT PRICE", "uprice"),
    ("TOTAL COST", "cost"),
)

_DRPLCM: tuple[_Pair, ...] = (
    *_HEADER,
    (_PROVIDER, "prov"),
    (_GP, "gp_resp"),
    (_COMMISSIONER, "comm"),
    ("GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)", "practice"),
    *_PERSON,
    ("ACTIVITY TREATMENT FUNCTION CODE", "tfc"),
    ("HOSPITAL PROVIDER SPELL NUMBER", "spell_id"),
    ("ATTENDANCE IDENTIFIER", "att_id"),
    ("CLINICAL INTERVENTION DATE (DRUG ADMINISTERED)", "start_date"),
    ("THERAPEUTIC INDICATION CODE (SNOMED CT)", "indication"),
    ("HIGH COST TARIFF EXCLUDED DRUG CODE (SNOMED CT DM+D)", "drug_code"),
    (f"DM+D TAXONOMY CODE {_DRUG}", "CASE WHEN drug_code <> '' THEN '20' END"),
    (f"DRUG NAME {_DRUG}", "drug_name"),
    ("ROUTE OF ADMINISTRATION (SNOMED CT DM+D)", _NOTHING),
    (f"DRUG STRENGTH {_DRUG}", _NOTHING),
    (f"DRUG VOLUME {_DRUG}", _NOTHING),
    (f"DRUG PACK SIZE {_DRUG}", "drug_unit"),
    (f"DRUG QUANTITY OR WEIGHT PROPORTION {_DRUG}", "qty"),
    ("UNIT OF MEASUREMENT (SNOMED CT DM+D)", _NOTHING),
    (f"DISPENSING ROUTE {_DRUG}", "drug_route"),
    ("PROVIDER REFERENCE NUMBER", _NOTHING),
    ("COMMISSIONED SERVICE CATEGORY CODE", "csc"),
    ("SPECIALISED SERVICE CODE", "svc"),
    *_POD,
    *_DETAILS,
    ("UNIT PRICE (SUPPLIER)", "supplier_price"),
    ("UNIT PRICE (COMMISSIONER)", "uprice"),
    (f"HOME DELIVERY CHARGE {_DRUG}", "home_charge"),
    ("VALUE ADDED TAX CHARGED INDICATOR (CONTRACT MONITORING)", "vat"),
    ("TOTAL COST", "cost"),
)  # fmt: skip

_DEPLCM: tuple[_Pair, ...] = (
    *_HEADER,
    (_PROVIDER, "prov"),
    (_GP, "gp_resp"),
    (_COMMISSIONER, "comm"),
    ("GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)", "practice"),
    *_PERSON,
    ("HOSPITAL PROVIDER SPELL NUMBER", "spell_id"),
    ("ATTENDANCE IDENTIFIER", "att_id"),
    ("CLINICAL INTERVENTION DATE (MEDICAL DEVICE IMPLEMENTATION)", "start_date"),
    (f"{_DEVICE[1:-1]} CODE (SNOMED CT DM+D)", "dev_code"),
    (f"HIGH LEVEL CODE {_DEVICE}", "dev_level"),
    (f"SUBSIDIARY LEVEL CODE {_DEVICE}", _NOTHING),
    (f"LOCAL CODE {_DEVICE}", _NOTHING),
    (f"MEDICAL DEVICE PROCUREMENT ROUTE {_DEVICE}", "'20'"),
    (f"MEDICAL DEVICE MANUFACTURER {_DEVICE}", "dev_maker"),
    (f"MEDICAL DEVICE NAME {_DEVICE}", "dev_name"),
    (f"MEDICAL DEVICE SERIAL NUMBER {_DEVICE}", "dev_serial"),
    (f"MEDICAL DEVICE SIZE {_DEVICE}", _NOTHING),
    (f"MEDICAL DEVICE QUANTITY {_DEVICE}", "CAST(qty AS INTEGER)"),
    ("PROVIDER REFERENCE NUMBER", _NOTHING),
    ("COMMISSIONED SERVICE CATEGORY CODE", "csc"),
    ("SPECIALISED SERVICE CODE", "svc"),
    *_POD,
    *_DETAILS,
    ("UNIT PRICE (SUPPLIER)", "supplier_price"),
    ("UNIT PRICE (COMMISSIONER)", "uprice"),
    ("VALUE ADDED TAX CHARGED INDICATOR (CONTRACT MONITORING)", "vat"),
    ("TOTAL COST", "cost"),
)

_V3_NAMES = {
    "HOSPITAL PROVIDER SPELL NUMBER": "HOSPITAL PROVIDER SPELL IDENTIFIER",
    "ATTENDANCE IDENTIFIER": "OUTPATIENT ATTENDANCE IDENTIFIER",
    "SPECIALISED SERVICE CODE": "SERVICE CODE",
    "CLINICAL INTERVENTION DATE (DRUG ADMINISTERED)": "CLINICAL INTERVENTION DATE (DRUG DISPENSED)",
    "PROVIDER REFERENCE NUMBER": "PROVIDER REFERENCE IDENTIFIER",
}


def _known(name: str, pairs: tuple[_Pair, ...]) -> tuple[Column, ...]:
    elements = {element.dictionary_name: element.name for element in data_set(name).elements}
    return tuple(Column(heading, expression, elements[heading]) for heading, expression in pairs)


def _version_three(name: str) -> tuple[Column, ...]:
    pairs: list[_Pair] = []
    for heading, expression in _NATIONAL[name]:
        pairs.append((heading, expression))
        if heading == "DATE AND TIME DATA SET CREATED":
            pairs.append(("REPORTING TYPE INDICATOR", "'1'"))
        if heading == _GP:
            pairs.append((_RESIDENCE, _NOTHING if name == "ACM" else "res_resp"))
        if heading == "ACTIVITY END DATE (CONTRACT MONITORING)":
            pairs.append(("ADJUSTED LENGTH OF STAY", "adj_los"))
    return tuple(
        column._replace(heading=_V3_NAMES.get(column.heading, column.heading))
        for column in _known(name, tuple(pairs))
    )


_NATIONAL = {"ACM": _ACM, "PLCM": _PLCM, "DrPLCM": _DRPLCM, "DePLCM": _DEPLCM}
NATIONAL = {name: _known(name, pairs) for name, pairs in _NATIONAL.items()}
NATIONAL_V3 = {name: _version_three(name) for name in _NATIONAL}

# What SUS calls each column, by the element's name in the vocabulary.
SUS: dict[str, tuple[_Pair, ...]] = {
    "SUS_APC": (
        ("cds_unique_identifier", "cds_id"),
        ("hospital_provider_spell_identifier", "spell_id"),
        ("activity_start_date", "start_date"),
        ("activity_end_date", "end_date"),
        ("admission_method_code", "admission_method"),
        ("discharge_method_code", "discharge_method"),
        ("patient_classification_code", "patient_class"),
        ("source_of_admission_code", "admission_source"),
        ("discharge_destination_code", "discharge_to"),
        ("intended_management_code", "intended"),
        ("administrative_category_code", "admin_cat"),
        ("overseas_visitor_status_code", "overseas"),
        ("activity_treatment_function_code", "tfc"),
        ("main_specialty_code", "main_spec"),
        ("primary_diagnosis_code", "diag"),
        ("secondary_diagnosis_codes", "diags"),
        ("primary_procedure_code", "proc"),
        ("secondary_procedure_codes", "procs"),
        ("length_of_stay_days", "los"),
        ("excess_bed_days", "xbd"),
        ("trim_point_days", "trim_point"),
        ("critical_care_days", "cc_days"),
        ("procedure_date", "proc_on"),
        ("decided_to_admit_date", "decided_on"),
        ("discharge_ready_date", "ready_on"),
        ("spell_start_time", "admitted_at"),
        ("spell_end_time", "left_at"),
        ("episodes_in_spell", "episodes"),
        ("home_leave_days", "leave_days"),
        ("code_cleaning_applied", "cleaned"),
    ),
    "SUS_OP": (
        ("cds_unique_identifier", "cds_id"),
        ("attendance_identifier", "att_id"),
        ("activity_start_date", "start_date"),
        ("activity_end_date", "end_date"),
        ("attended_or_did_not_attend_code", "attended"),
        ("first_attendance_code", "first_att"),
        ("source_of_referral_code", "referral_source"),
        ("priority_type_code", "priority"),
        ("referral_request_received_date", "referred_on"),
        ("administrative_category_code", "admin_cat"),
        ("overseas_visitor_status_code", "overseas"),
        ("activity_treatment_function_code", "tfc"),
        ("main_specialty_code", "main_spec"),
        ("primary_diagnosis_code", "diag"),
        ("primary_procedure_code", "proc"),
        ("secondary_procedure_codes", "procs"),
        ("multi_professional_indication_code", "multi"),
        ("patient_pathway_identifier", "pathway"),
    ),
    "SUS_EC": (
        ("cds_unique_identifier", "cds_id"),
        ("emergency_care_attendance_identifier", "ec_id"),
        ("activity_start_date", "start_date"),
        ("activity_end_date", "end_date"),
        ("arrival_time", "arrived"),
        ("departure_time", "departed"),
        ("emergency_care_department_type_code", "department"),
        ("emergency_care_attendance_category_code", "category"),
        ("emergency_care_discharge_status_code", "ec_status"),
        ("consultation_mechanism_code", "mechanism"),
        ("seen_for_treatment_time", "seen_at"),
        ("emergency_care_chief_complaint_code", "complaint"),
        ("overseas_visitor_status_code", "overseas"),
    ),
}
SUS_FIRST: tuple[_Pair, ...] = (
    ("financial_year", "{year_slash}"),
    ("month", "month"),
    ("provider_code", "prov"),
    ("organisation_site_identifier_of_treatment", "site"),
    ("commissioner_code", "comm"),
    ("sus_assigned_commissioner_code", "assigned_comm"),
    ("general_medical_practice_code", "practice"),
    ("pds_practice_code", "pds_practice"),
    ("nhs_number", "nhs"),
    ("nhs_number_status_indicator_code", "nhs_status"),
    ("withheld_identity_reason", "withheld"),
    ("local_patient_identifier", "lpid"),
    ("postcode_of_usual_address", "postcode"),
    ("person_birth_date", "dob"),
    ("age_at_activity_date", "age"),
    ("person_stated_gender_code", "sex"),
    ("ethnic_category", "ethnic"),
)
SUS_LAST: tuple[_Pair, ...] = (
    ("prescribed_service_line_code", "service_line"),
    ("tariff_code", "tariff"),
    ("market_forces_factor", "mff"),
    ("activity_cost", "cost"),
    ("person_death_date", "died_on"),
    ("has_data_quality_error", "dq_error"),
)
