"""How providers arrange their files: the national layouts and five local ones.

A column is a heading and the SQL expression that fills it from the tables of ``lines``.
``{fm}``-like names are filled per file; ``l`` is the line.
"""

from __future__ import annotations

from dataclasses import dataclass

Column = tuple[str, str]

_PROVIDER = "ORGANISATION IDENTIFIER (CODE OF PROVIDER)"
_GP = "ORGANISATION IDENTIFIER (GP PRACTICE RESPONSIBILITY)"
_COMMISSIONER = "ORGANISATION IDENTIFIER (CODE OF COMMISSIONER)"
_SITE = "ORGANISATION SITE IDENTIFIER (OF TREATMENT)"
_RESIDENCE = "ORGANISATION IDENTIFIER (RESIDENCE RESPONSIBILITY)"
_DRUG = "(HIGH COST TARIFF EXCLUDED DRUG)"
_DEVICE = "(HIGH COST TARIFF EXCLUDED DEVICE)"
_NOTHING = "NULL"

_HEADER: tuple[Column, ...] = (
    ("FINANCIAL MONTH", "month"),
    ("FINANCIAL YEAR", "{year_code}"),
    ("DATE AND TIME DATA SET CREATED", "{created}"),
)
_PERSON: tuple[Column, ...] = (
    ("WITHHELD IDENTITY REASON", "withheld"),
    ("NHS NUMBER", "nhs"),
    ("LOCAL PATIENT IDENTIFIER (EXTENDED)", "lpid"),
    ("POSTCODE OF USUAL ADDRESS", "postcode"),
    ("PERSON BIRTH DATE", "dob"),
    ("AGE AT ACTIVITY DATE (CONTRACT MONITORING)", "age"),
    ("PERSON STATED GENDER CODE", "sex"),
)
_POD: tuple[Column, ...] = (
    ("POINT OF DELIVERY CODE", "pod"),
    ("POINT OF DELIVERY FURTHER DETAIL CODE", _NOTHING),
    ("POINT OF DELIVERY FURTHER DETAIL DESCRIPTION", _NOTHING),
)
_LOCAL_POD: tuple[Column, ...] = (
    ("LOCAL POINT OF DELIVERY CODE", "lpod"),
    ("LOCAL POINT OF DELIVERY DESCRIPTION", "lpod_text"),
)
_DETAILS: tuple[Column, ...] = (
    ("CONTRACT MONITORING ADDITIONAL DETAIL (FIRST)", _NOTHING),
    ("CONTRACT MONITORING ADDITIONAL DESCRIPTION (FIRST)", "detail"),
)

ACM: tuple[Column, ...] = (
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

PLCM: tuple[Column, ...] = (
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

DRPLCM: tuple[Column, ...] = (
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

DEPLCM: tuple[Column, ...] = (
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


def _version_three(columns: tuple[Column, ...], *, patient_level: bool) -> tuple[Column, ...]:
    out: list[Column] = []
    for name, expression in columns:
        out.append((_V3_NAMES.get(name, name), expression))
        if name == "DATE AND TIME DATA SET CREATED":
            out.append(("REPORTING TYPE INDICATOR", "'1'"))
        if name == _GP:
            out.append((_RESIDENCE, "res_resp" if patient_level else _NOTHING))
        if name == "ACTIVITY END DATE (CONTRACT MONITORING)":
            out.append(("ADJUSTED LENGTH OF STAY", "adj_los"))
    return tuple(out)


NATIONAL = {"ACM": ACM, "PLCM": PLCM, "DrPLCM": DRPLCM, "DePLCM": DEPLCM}
NATIONAL_V3 = {
    name: _version_three(columns, patient_level=name != "ACM") for name, columns in NATIONAL.items()
}

_UK = "strftime({}, '%d/%m/%Y')"


def _uk(column: str) -> str:
    return _UK.format(column)


# Five providers' own words. Each carries what a commissioner needs to check and reconcile.
_WORDS: tuple[Column, ...] = (
    ("Fin Year", "{year_dash}"),
    ("Fin Month", "month"),
    ("Extract Date", "{created_uk}"),
    ("Provider", "prov"),
    ("Site", "site"),
    ("Purchaser", "comm"),
    ("Practice ICB", "gp_resp"),
    ("Resident ICB", "res_resp"),
    ("GP Practice", "practice"),
    ("NHS No", "nhs"),
    ("Withheld Reason", "withheld"),
    ("Hospital No", "lpid"),
    ("Postcode", "postcode"),
    ("DOB", _uk("dob")),
    ("Age", "age"),
    ("Sex", "sex"),
    ("Ethnicity", "ethnic"),
    ("CDS Unique ID", "cds_id"),
    ("Non CDS ID", "non_cds_id"),
    ("Spell No", "spell_id"),
    ("Attendance ID", "att_id"),
    ("ED Attendance ID", "ec_id"),
    ("Start Date", _uk("start_date")),
    ("End Date", _uk("end_date")),
    ("TFC", "tfc"),
    ("POD", "pod"),
    ("Local POD", "lpod"),
    ("Local POD Desc", "lpod_text"),
    ("HRG", "tariff"),
    ("Nat Tariff Y/N", "nti"),
    ("Unbundled Y/N", "unbundled"),
    ("Service Category", "csc"),
    ("Spec Service Code", "svc"),
    ("Comments", "detail"),
    ("Activity", "act"),
    ("Unit Price", "uprice"),
    ("Total Cost", "cost"),
)
_PIPE: tuple[Column, ...] = tuple(
    (name.lower().replace(" ", "_").replace("/", "_"), expression) for name, expression in PLCM
)
_DRUG_WORDS: tuple[Column, ...] = (
    ("Fin Year", "{year_dash}"),
    ("Fin Month", "month"),
    ("Extract Date", "{created_uk}"),
    ("Provider", "prov"),
    ("Purchaser", "comm"),
    ("Practice ICB", "gp_resp"),
    ("GP Practice", "practice"),
    ("NHS No", "nhs"),
    ("Withheld Reason", "withheld"),
    ("Hospital No", "lpid"),
    ("Postcode", "postcode"),
    ("DOB", _uk("dob")),
    ("Age", "age"),
    ("Sex", "sex"),
    ("TFC", "tfc"),
    ("Spell No", "spell_id"),
    ("Attendance ID", "att_id"),
    ("Date Dispensed", _uk("start_date")),
    ("Indication", "indication"),
    ("Drug Code", "drug_code"),
    ("Drug Name", "drug_name"),
    ("Pack Size", "drug_unit"),
    ("Quantity", "qty"),
    ("Dispensing Route", "drug_route"),
    ("Service Category", "csc"),
    ("Spec Service Code", "svc"),
    ("POD", "pod"),
    ("Supplier Price", "supplier_price"),
    ("Unit Price", "uprice"),
    ("Home Delivery Charge", "home_charge"),
    ("VAT Y/N", "vat"),
    ("Total Cost", "cost"),
)

_POUNDS = "'£' || format('{{{{:,.2f}}}}', CAST({} AS DOUBLE))"
_SPELT: dict[str, Column] = {
    "Fin Month": ("Month", "strftime({first_day}, '%B %Y')"),
    "Unit Price": ("Price", _POUNDS.format("uprice")),
    "Total Cost": ("Value", _POUNDS.format("cost")),
    "Purchaser": ("Commissioner", "comm"),
    "Hospital No": ("Patient ID", "lpid"),
    "Start Date": ("Contact Date", "strftime(start_date, '%d-%b-%y')"),
    "End Date": ("Contact End", "strftime(end_date, '%d-%b-%y')"),
}
_MONTH_WORDS = tuple(_SPELT.get(name, (name, expression)) for name, expression in _WORDS)
_ZIPPED = tuple(
    {
        "Provider": ("Prov Code", "prov"),
        "Purchaser": ("Charged To", "comm"),
        "HRG": ("Currency Code", "tariff"),
        "TFC": ("Treatment Function", "tfc"),
        "Total Cost": ("Amount", "cost"),
        "Activity": ("Qty", "act"),
        "Hospital No": ("Pt Number", "lpid"),
    }.get(name, (name, expression))
    for name, expression in _WORDS
)


@dataclass(frozen=True)
class Layout:
    """How one provider writes its patient-level files.

    ``form`` is csv, pipe, workbook or zip. ``titles`` are rows above the header; ``total`` adds a
    row of totals at the end. ``national`` names the data sets sent in the national layout anyway.
    """

    name: str
    columns: dict[str, tuple[Column, ...]]
    form: str = "csv"
    titles: tuple[str, ...] = ()
    total: bool = False


LAYOUTS = {
    "national": Layout("national", NATIONAL),
    "national_v3": Layout("national_v3", NATIONAL_V3),
    "local_inpatient_words": Layout(
        "local_inpatient_words",
        {**NATIONAL, "PLCM": _WORDS, "DrPLCM": _DRUG_WORDS},
        titles=("{provider_name}", "Contract activity {year_slash}, months 1 to {month}", ""),
        total=True,
    ),
    "local_workbook": Layout(
        "local_workbook",
        {**NATIONAL, "PLCM": _WORDS, "DrPLCM": _DRUG_WORDS},
        form="workbook",
        titles=("{provider_name} - {sheet}", "Month {month} of {year_slash}", ""),
        total=True,
    ),
    "local_pipe": Layout("local_pipe", {**NATIONAL, "PLCM": _PIPE}, form="pipe"),
    "local_month_words": Layout(
        "local_month_words",
        {**NATIONAL, "PLCM": _MONTH_WORDS},
        titles=("{provider_name}", "Community contacts", "Produced {created_words}", ""),
        total=True,
    ),
    "local_zip": Layout("local_zip", {**NATIONAL, "PLCM": _ZIPPED}, form="zip"),
}

SHEETS = (
    ("Inpatients", "ds = 'PLCM' AND spell_id IS NOT NULL"),
    ("Outpatients", "ds = 'PLCM' AND att_id <> '' AND spell_id IS NULL AND pod NOT LIKE 'DA%'"),
    ("A&E", "ds = 'PLCM' AND ec_id IS NOT NULL"),
    (
        "Other",
        "ds = 'PLCM' AND spell_id IS NULL AND ec_id IS NULL AND (att_id IS NULL OR pod LIKE 'DA%')",
    ),
    ("Drugs", "ds = 'DrPLCM'"),
)  # fmt: skip

# What SUS calls each column, by the element's name in the vocabulary.
SUS: dict[str, tuple[Column, ...]] = {
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
        ("primary_procedure_code", "proc"),
        ("length_of_stay_days", "los"),
        ("excess_bed_days", "xbd"),
        ("trim_point_days", "trim_point"),
        ("critical_care_days", "cc_days"),
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
        ("primary_procedure_code", "proc"),
    ),
    "SUS_EC": (
        ("cds_unique_identifier", "cds_id"),
        ("emergency_care_attendance_identifier", "ec_id"),
        ("activity_start_date", "start_date"),
        ("activity_end_date", "end_date"),
        ("arrival_time", "arrived"),
        ("departure_time", "departed"),
        ("emergency_care_department_type_code", "department"),
        ("overseas_visitor_status_code", "overseas"),
    ),
}
SUS_FIRST: tuple[Column, ...] = (
    ("financial_year", "{year_slash}"),
    ("month", "month"),
    ("provider_code", "prov"),
    ("organisation_site_identifier_of_treatment", "site"),
    ("commissioner_code", "comm"),
    ("sus_assigned_commissioner_code", "assigned_comm"),
    ("general_medical_practice_code", "practice"),
    ("pds_practice_code", "pds_practice"),
    ("nhs_number", "nhs"),
    ("nhs_number_status_indicator", "nhs_status"),
    ("withheld_identity_reason", "withheld"),
    ("local_patient_identifier", "lpid"),
    ("postcode_of_usual_address", "postcode"),
    ("person_birth_date", "dob"),
    ("age_at_activity_date", "age"),
    ("person_stated_gender_code", "sex"),
    ("ethnic_category", "ethnic"),
)
SUS_LAST: tuple[Column, ...] = (
    ("prescribed_service_line_code", "service_line"),
    ("tariff_code", "tariff"),
    ("market_forces_factor", "mff"),
    ("activity_cost", "cost"),
    ("person_death_date", "died_on"),
)
