"""Local layouts: providers' own words, formats and arrangements, and which changed in the year.

Each carries what a commissioner needs to check and reconcile. A column says which element it is:
what intake ought to find is known here, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from comptroller.demo.layouts import NATIONAL, NATIONAL_V3, Column

Columns = tuple[Column, ...]


@dataclass(frozen=True)
class Layout:
    """How one provider arranges one data set.

    Attributes:
        name: What it is called on the page of layouts.
        columns: Its columns in their order.
        form: csv, fixed, workbook, sheets, html, ods, pdf or zip.
        word: What the file is called where the national name is not used.
        suffix: How the name of the file ends.
        delimiter: What separates the cells of text.
        encoding: Of text.
        titles: Rows above the headings.
        total: Whether a row of totals ends the table.
        notes: Rows below it.
        shape: plain, subtotals (one for each label of the first column) or across (months).
        bands: Of two rows of headings, the upper: element of the first column below, and its text.
        gaps: Elements before whose columns an empty one stands.
        labels: How many columns at the left are written once and blank below.
        pounds: Whether pounds are written with sign and thousands, and brackets where negative.
    """

    name: str
    columns: Columns
    form: str = "csv"
    word: str = ""
    suffix: str = ".csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    titles: tuple[str, ...] = ()
    total: bool = False
    notes: tuple[str, ...] = ()
    shape: str = "plain"
    bands: tuple[tuple[str, str], ...] = ()
    gaps: tuple[str, ...] = ()
    labels: int = 0
    pounds: bool = False

    @property
    def headings(self) -> tuple[tuple[str, str], ...]:
        """What a reader sees above each column, with the element that it is ('' for none)."""
        told, band, bands = [], "", dict(self.bands)
        for column in self.columns:
            band = bands.get(column.element, band)
            told.append((f"{band} {column.heading}".strip(), column.element))
        return tuple(told)


def _uk(column: str) -> str:
    return f"strftime({column}, '%d/%m/%Y')"


def _pounds(column: str) -> str:
    pence = f"CAST(abs({column}) * 100 AS BIGINT)"
    return (
        f"'£' || CASE WHEN {column} < 0 THEN '-' ELSE '' END || "
        f"format('{{{{:,d}}}}', {pence} // 100) || '.' || "
        f"lpad(CAST({pence} % 100 AS VARCHAR), 2, '0')"
    )


def _said(
    columns: Columns,
    words: Mapping[str, str | tuple[str, str]],
    first: Sequence[str] = (),
    without: Sequence[str] = (),
) -> Columns:
    """Return columns in other words, by element: another heading, or heading and expression.

    Args:
        columns: The columns.
        words: Element to heading, or to heading and expression.
        first: Elements that come first, in this order.
        without: Elements left out.
    """
    made = []
    for column in columns:
        heading = words.get(column.element, column.heading)
        if isinstance(heading, str):
            made.append(column._replace(heading=heading))
        else:
            made.append(Column(heading[0], heading[1], column.element))
    made = [column for column in made if column.element not in without]
    order = {element: place for place, element in enumerate(first)}
    return tuple(sorted(made, key=lambda column: order.get(column.element, len(order))))


_WORDS: Columns = tuple(
    Column(*column)
    for column in (
        ("Fin Year", "{year_dash}", "financial_year"),
        ("Fin Month", "month", "month"),
        ("Extract Date", "{created_uk}", "date_time_data_set_created"),
        ("Provider", "prov", "provider_code"),
        ("Site", "site", "organisation_site_identifier_of_treatment"),
        ("Purchaser", "comm", "commissioner_code"),
        ("Practice ICB", "gp_resp", "organisation_identifier_gp_practice_responsibility"),
        ("Resident ICB", "res_resp", "organisation_identifier_residence_responsibility"),
        ("GP Practice", "practice", "general_medical_practice_code"),
        ("NHS No", "nhs", "nhs_number"),
        ("Withheld Reason", "withheld", "withheld_identity_reason"),
        ("Hospital No", "lpid", "local_patient_identifier"),
        ("Postcode", "postcode", "postcode_of_usual_address"),
        ("DOB", _uk("dob"), "person_birth_date"),
        ("Age", "age", "age_at_activity_date"),
        ("Sex", "sex", "person_stated_gender_code"),
        ("Ethnicity", "ethnic", "ethnic_category"),
        ("CDS Unique ID", "cds_id", "cds_unique_identifier"),
        ("Non CDS ID", "non_cds_id", "non_cds_unique_identifier"),
        ("Spell No", "spell_id", "hospital_provider_spell_identifier"),
        ("Attendance ID", "att_id", "attendance_identifier"),
        ("ED Attendance ID", "ec_id", "emergency_care_attendance_identifier"),
        ("Start Date", _uk("start_date"), "activity_start_date"),
        ("End Date", _uk("end_date"), "activity_end_date"),
        ("TFC", "tfc", "activity_treatment_function_code"),
        ("POD", "pod", "pod_code"),
        ("Local POD", "lpod", "local_pod_code"),
        ("Local POD Desc", "lpod_text", "local_pod_description"),
        ("HRG", "tariff", "tariff_code"),
        ("Nat Tariff Y/N", "nti", "national_tariff_indicator"),
        ("Unbundled Y/N", "unbundled", "unbundled_episode_indicator"),
        ("Service Category", "csc", "commissioned_service_category_code"),
        ("Spec Service Code", "svc", "service_code"),
        ("Comments", "detail", "additional_description_first"),
        ("Activity", "act", "activity_count"),
        ("Unit Price", "uprice", "activity_unit_price"),
        ("Total Cost", "cost", "activity_cost"),
    )
)
_DRUG_WORDS: Columns = tuple(
    Column(*column)
    for column in (
        ("Fin Year", "{year_dash}", "financial_year"),
        ("Fin Month", "month", "month"),
        ("Extract Date", "{created_uk}", "date_time_data_set_created"),
        ("Provider", "prov", "provider_code"),
        ("Purchaser", "comm", "commissioner_code"),
        ("Practice ICB", "gp_resp", "organisation_identifier_gp_practice_responsibility"),
        ("GP Practice", "practice", "general_medical_practice_code"),
        ("NHS No", "nhs", "nhs_number"),
        ("Withheld Reason", "withheld", "withheld_identity_reason"),
        ("Hospital No", "lpid", "local_patient_identifier"),
        ("Postcode", "postcode", "postcode_of_usual_address"),
        ("DOB", _uk("dob"), "person_birth_date"),
        ("Age", "age", "age_at_activity_date"),
        ("Sex", "sex", "person_stated_gender_code"),
        ("TFC", "tfc", "activity_treatment_function_code"),
        ("Spell No", "spell_id", "hospital_provider_spell_identifier"),
        ("Attendance ID", "att_id", "attendance_identifier"),
        ("Date Dispensed", _uk("start_date"), "clinical_intervention_date"),
        ("Indication", "indication", "therapeutic_indication_code"),
        ("Drug Code", "drug_code", "drug_code"),
        ("Drug Name", "drug_name", "drug_name"),
        ("Pack Size", "drug_unit", "drug_pack_size"),
        ("Quantity", "qty", "drug_quantity"),
        ("Dispensing Route", "drug_route", "dispensing_route_code"),
        ("Service Category", "csc", "commissioned_service_category_code"),
        ("Spec Service Code", "svc", "service_code"),
        ("POD", "pod", "pod_code"),
        ("Supplier Price", "supplier_price", "supplier_unit_price"),
        ("Unit Price", "uprice", "commissioner_unit_price"),
        ("Home Delivery Charge", "home_charge", "home_delivery_charge"),
        ("VAT Y/N", "vat", "vat_charged_indicator"),
        ("Total Cost", "cost", "activity_cost"),
    )
)
_MONTH_WORDS = _said(
    _WORDS,
    {
        "month": ("Month", "strftime({first_day}, '%B %Y')"),
        "activity_unit_price": ("Price", _pounds("uprice")),
        "activity_cost": ("Value", _pounds("cost")),
        "commissioner_code": "Commissioner",
        "local_patient_identifier": "Patient ID",
        "activity_start_date": ("Contact Date", "strftime(start_date, '%d-%b-%y')"),
        "activity_end_date": ("Contact End", "strftime(end_date, '%d-%b-%y')"),
    },
)
_ZIPPED = _said(
    _WORDS,
    {
        "provider_code": "Prov Code",
        "commissioner_code": "Charged To",
        "tariff_code": "Currency Code",
        "activity_treatment_function_code": "Treatment Function",
        "activity_cost": "Amount",
        "activity_count": "Qty",
        "local_patient_identifier": "Pt Number",
    },
)
_DIRECTORATE = Column(
    "Directorate", "CASE WHEN ec_id IS NOT NULL THEN 'Urgent' ELSE 'Planned Care' END"
)
# A new system in the middle of the year: people first, other words, pounds with sign.
_NEW_WORDS = (
    *_said(
        _WORDS,
        {
            "nhs_number": "NHS Number",
            "local_patient_identifier": "MRN",
            "commissioner_code": "Comm Code",
            "provider_code": "Trust Code",
            "tariff_code": "HRG Code",
            "month": "Month No",
            "activity_start_date": ("Date From", "strftime(start_date, '%d-%b-%Y')"),
            "activity_end_date": ("Date To", "strftime(end_date, '%d-%b-%Y')"),
            "activity_cost": ("Total Charge", _pounds("cost")),
        },
        first=("nhs_number", "local_patient_identifier", "person_birth_date"),
    )[:-1],
    _DIRECTORATE,
    Column("Total Charge", _pounds("cost"), "activity_cost"),
)
_CLINIC = _said(
    _WORDS,
    {
        "financial_year": "FY",
        "month": ("Mth", "'M' || lpad(CAST(month AS VARCHAR), 2, '0')"),
        "provider_code": "Prov",
        "commissioner_code": "ICB Code",
        "nhs_number": ("NHS_NUM", "substr(nhs, 1, 3) || ' ' || substr(nhs, 4, 3) || ' ' "
                       "|| substr(nhs, 7)"),
        "local_patient_identifier": "Hosp No",
        "activity_start_date": ("Act Date", _uk("start_date")),
        "activity_end_date": ("Disch Dt", _uk("end_date")),
        "activity_treatment_function_code": "Specialty",
        "pod_code": "Nat POD",
        "tariff_code": "Core HRG",
        "activity_count": "Units",
        "activity_unit_price": "Tariff Price",
        "activity_cost": "Line Value",
    },
    without=("additional_description_first",),
)  # fmt: skip
_CLINIC_PLUS = (*_CLINIC[:10], Column("Self Pay", "'N'"), *_CLINIC[10:])

_SUMMED: Columns = tuple(
    Column(*column)
    for column in (
        ("Fin Year", "{year_dash}", "financial_year"),
        ("Fin Month", "month", "month"),
        ("Extract Date", "{created_uk}", "date_time_data_set_created"),
        ("Provider", "prov", "provider_code"),
        ("Purchaser", "comm", "commissioner_code"),
        (
            "Practice ICB",
            "CASE WHEN csc = '12' THEN comm END",
            "organisation_identifier_gp_practice_responsibility",
        ),
        ("TFC", "tfc", "activity_treatment_function_code"),
        ("Service Category", "csc", "commissioned_service_category_code"),
        ("Spec Service Code", "svc", "service_code"),
        ("POD", "pod", "pod_code"),
        ("Local POD", "lpod", "local_pod_code"),
        ("Local POD Desc", "lpod_text", "local_pod_description"),
        ("HRG", "tariff", "tariff_code"),
        ("Nat Tariff", "nti", "national_tariff_indicator"),
        ("Plan Activity", "planned_act", "planned_activity"),
        ("Plan Cost", "planned_cost", "planned_cost"),
        ("Plan MFF", "planned_mff", "planned_market_forces_cost"),
        ("Activity", "act", "activity_count"),
        ("Total Cost", "cost", "activity_cost"),
        ("MFF", "mff_cost", "market_forces_cost"),
    )
)
_GENERAL = _said(
    _SUMMED,
    {
        "financial_year": ("Year", "{year_slash}"),
        "month": "Period",
        "provider_code": "Trust",
        "commissioner_code": "CCG/ICB Code",
        "activity_treatment_function_code": "Specialty Code",
        "tariff_code": "Currency",
        "activity_cost": "Actual Cost",
        "activity_count": "Actual Activity",
        "market_forces_cost": "Actual MFF",
    },
)
_GENERAL_NEW = (
    *_said(
        _GENERAL,
        {
            "commissioner_code": "Commissioner Code",
            "activity_cost": "Actual Value",
            "planned_cost": "Plan Value",
            "pod_code": "National POD Code",
        },
        first=("commissioner_code", "pod_code", "tariff_code"),
    ),
    Column("Variance", "cost - planned_cost"),
)
_SEMICOLONS = _said(
    _SUMMED,
    {
        "financial_year": "F Year",
        "month": "Mth",
        "planned_cost": ("Plan £", _pounds("planned_cost")),
        "activity_cost": ("Actual £", _pounds("cost")),
        "planned_market_forces_cost": ("Plan MFF £", _pounds("planned_mff")),
        "market_forces_cost": ("Actual MFF £", _pounds("mff_cost")),
        "activity_count": "Actual Activity",
    },
)
_FIXED = _said(
    _SUMMED,
    {
        "financial_year": ("YEAR", "{year_code}"),
        "month": "MTH",
        "provider_code": "PROV",
        "commissioner_code": "COMM",
        "national_tariff_indicator": "NTI",
        "tariff_code": "HRG",
        "commissioned_service_category_code": "CSC",
        "activity_count": "ACTIVITY",
        "activity_cost": "ACTUAL PRICE",
        "planned_activity": "PLAN ACT",
        "planned_cost": "PLAN PRICE",
        "planned_market_forces_cost": "PLAN MFF",
        "organisation_identifier_gp_practice_responsibility": "PRACTICE ICB",
        "local_pod_code": "LOCAL POD",
        "local_pod_description": "POD DESC",
    },
    without=("date_time_data_set_created", "service_code"),  # of a provider without such services
)
_WEB = _said(
    _SUMMED,
    {"commissioner_code": "Payer", "activity_cost": "Income", "activity_count": "Volume",
     "planned_cost": "Planned Income", "planned_activity": "Planned Volume",
     "activity_treatment_function_code": "Treatment Function"},
)  # fmt: skip
_BANDED = _said(
    _SUMMED,
    {"planned_activity": "Activity", "planned_cost": "Price",
     "planned_market_forces_cost": "MFF", "activity_cost": "Price",
     "commissioner_code": "Commissioner"},
    first=("commissioner_code",),
    without=("financial_year", "date_time_data_set_created"),
)  # fmt: skip
_ACROSS = _said(
    _SUMMED,
    {"commissioner_code": "Commissioner", "tariff_code": "Currency Code"},
    first=("commissioner_code", "organisation_identifier_gp_practice_responsibility", "pod_code"),
    without=("financial_year", "date_time_data_set_created", "provider_code"),
)
_PAPER = _said(_ACROSS, {"activity_cost": "Actual Cost"}, first=("month", "commissioner_code"))
_UNICODE = _said(
    _SUMMED,
    {"financial_year": ("Contract Year", "{year_slash}"),
     "month": ("Reporting Period", "strftime({first_day}, '%b-%y')"),
     "commissioner_code": "Sub ICB Code", "activity_cost": "Charge", "activity_count": "Qty",
     "local_pod_code": "Trust POD"},
)  # fmt: skip
_OPEN = _said(
    _SUMMED,
    {"provider_code": "Organisation Code (Code of Provider)", "commissioner_code": "Bill To",
     "month": ("Month", "strftime({first_day}, '%B %Y')"), "activity_count": "Number of Units",
     "activity_cost": "Total Price", "planned_cost": "Contracted Value",
     "planned_activity": "Contracted Activity"},
    without=("financial_year",),
)  # fmt: skip

_TITLES = ("{provider_name}", "Contract activity {year_slash}, months 1 to {month}", "")
_LOCAL_PLCM = Layout(
    "own words under a title, with a total", _WORDS, word="SLAM", titles=_TITLES, total=True
)
_SHEETS_WORDS = "workbook: a sheet for each group of points of delivery, under titles, with totals"


def _national(columns: Mapping[str, Columns], name: str) -> dict[str, Layout]:
    return {ds: Layout(f"{name} {ds}", listed) for ds, listed in columns.items()}


_AS_NATIONAL = _national(NATIONAL, "national")

PATIENT_LEVEL: dict[str, dict[str, Layout]] = {
    "national": _AS_NATIONAL,
    "national_v3": _national(NATIONAL_V3, "national, version 3,"),
    "local_inpatient_words": {
        **_AS_NATIONAL,
        "PLCM": _LOCAL_PLCM,
        "DrPLCM": Layout(
            "drugs in own words under a title, with a total", _DRUG_WORDS, word="HCD",
            titles=_TITLES, total=True,
        ),
    },
    "local_workbook": {
        **_AS_NATIONAL,
        "PLCM": Layout(
            _SHEETS_WORDS, _WORDS, form="sheets", word="SLAM", suffix=".xlsx", total=True,
            titles=("{provider_name} - {sheet}", "Month {month} of {year_slash}", ""),
        ),
        "DrPLCM": Layout("drugs as a sheet of that workbook", _DRUG_WORDS, form="sheets"),
    },
    "local_pipe": {
        **_AS_NATIONAL,
        "PLCM": Layout(
            "pipes, national names in small letters with underscores",
            tuple(
                column._replace(heading=column.heading.lower().replace(" ", "_").replace("/", "_"))
                for column in NATIONAL["PLCM"]
            ),
            word="SLAM", suffix=".txt", delimiter="|",
        ),
    },
    "local_month_words": {
        **_AS_NATIONAL,
        "PLCM": Layout(
            "months and dates in words, pounds with sign and thousands", _MONTH_WORDS,
            word="SLAM", total=True,
            titles=("{provider_name}", "Community contacts", "Produced {created_words}", ""),
        ),
    },
    "local_zip": {
        **_AS_NATIONAL,
        "PLCM": Layout("zipped, own words", _ZIPPED, form="zip", word="SLAM", suffix=".zip"),
    },
    "changed_words": {
        "PLCM": Layout(
            "a new system: people first, other words, a column more, pounds with sign",
            _NEW_WORDS, word="SLAM", titles=_TITLES, total=True,
        ),
    },
    "clinic": {
        "PLCM": Layout(
            "semicolons, slang, months as M05, NHS numbers with spaces", _CLINIC, word="SLAM",
            delimiter=";",
        ),
    },
    "clinic_plus": {
        "PLCM": Layout(
            "the same with a column more", _CLINIC_PLUS, word="SLAM", delimiter=";"
        ),
    },
}  # fmt: skip
"""Layouts of patient-level data by the name that a provider gives; some change one data set."""

SUMMARY: dict[str, Layout] = {
    "general": Layout("commas, own words", _GENERAL, word="Aggregate"),
    "general_new": Layout(
        "other order and words, a column of variances", _GENERAL_NEW, word="Aggregate"
    ),
    "semicolons": Layout(
        "semicolons in Windows letters, pounds with sign and thousands", _SEMICOLONS,
        word="Aggregate", delimiter=";", encoding="cp1252",
    ),
    "fixed": Layout(
        "text of fixed width under a title", _FIXED, form="fixed", word="Aggregate",
        suffix=".txt", titles=("{provider_name}", "CONTRACT MONITORING {year_slash}", ""),
    ),
    "web": Layout(
        "a web page saved as .xls, pounds with sign, brackets and total", _WEB, form="html",
        word="Aggregate", suffix=".xls", total=True, pounds=True,
    ),
    "banded": Layout(
        "workbook: title, two rows of headings, empty column, subtotals, total and notes below",
        _BANDED, form="workbook", word="Aggregate", suffix=".xlsx", shape="subtotals", total=True,
        titles=("{provider_name}", "Contract monitoring {year_slash}: summary by month", ""),
        bands=(("planned_activity", "Plan"), ("activity_count", "Actual")),
        gaps=("planned_activity",),
        notes=("", "Prices include the market forces factor where it is shown.",
               "Prepared by the contracting team."),
    ),
    "paper": Layout(
        "text PDF with ruled cells", _PAPER, form="pdf", word="Aggregate", suffix=".pdf",
        titles=("{provider_name} ({provider_code})", "Contract monitoring {year_slash}"),
    ),
    "across": Layout(
        "workbook: months across the columns, labels written once", _ACROSS, form="workbook",
        word="Aggregate", suffix=".xlsx", shape="across", labels=1,
        titles=("{provider_name} ({provider_code})", "Contract monitoring {year_slash}", ""),
    ),
    "unicode": Layout(
        "tabs in UTF-16, months as Sep-25", _UNICODE, word="Aggregate", suffix=".txt",
        delimiter="\t", encoding="utf-16",
    ),
    "open_document": Layout(
        "OpenDocument sheet, months in words", _OPEN, form="ods", word="Aggregate",
        suffix=".ods", titles=("Activity and income {year_slash}", ""),
    ),
}  # fmt: skip
"""Local layouts of ACM by name."""

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
"""Of a workbook with a sheet for each group: its sheets and which lines are on them."""
