"""Reference tables about policies, approvals, drugs, devices, the calendar and quality."""

from __future__ import annotations

from comptroller.reference.declared_money import (
    ANY_COMMISSIONER,
    FINANCIAL_YEAR,
    MONTH,
    PROVIDER,
)
from comptroller.reference.declared_organisations import DATED, NHS_NUMBER, PATIENT_KEY
from comptroller.reference.shapes import Column, ReferenceTable

POLICIES = ReferenceTable(
    "policies",
    "Procedures paid for only under conditions",
    (
        Column("policy_id", "text", "Name of the policy", required=True),
        Column("title", "text", "Title of the policy", required=True),
        Column(
            "kind",
            "text",
            "restricted: criteria in the notes; prior_approval: approval before treatment; "
            "ebi: evidence-based intervention; unrestricted: the commissioner has no such policy, "
            "whatever its host or the national list says",
            required=True,
            choices=("restricted", "prior_approval", "ebi", "unrestricted"),
        ),
        Column("procedure_codes", "codes", "OPCS-4 codes or their beginnings, by ;", required=True),
        ANY_COMMISSIONER,
        Column(
            "check_id",
            "text",
            "Check that finds what breaks it, such as PLC-010; empty: PLC-001, or EBI-042 for ebi",
        ),
        Column(
            "procedure_position",
            "text",
            "Whether the main procedure or any must be one of the codes",
            default="main",
            choices=("main", "any"),
        ),
        Column(
            "other_procedure_codes", "codes", "OPCS-4 codes of which one must stand beside, by ;"
        ),
        Column("site_codes", "codes", "OPCS-4 site codes of which one must stand beside, by ;"),
        Column("procedure_excluded", "codes", "OPCS-4 codes for which it does not hold, by ;"),
        Column("diagnosis_codes", "codes", "ICD-10 codes for which it holds, by ;"),
        Column(
            "diagnosis_position",
            "text",
            "Whether the main diagnosis or any must be one of the codes",
            default="main",
            choices=("main", "any"),
        ),
        Column(
            "other_diagnosis_codes", "codes", "ICD-10 codes of which one must stand beside, by ;"
        ),
        Column("diagnosis_excluded", "codes", "ICD-10 codes for which it does not hold, by ;"),
        Column(
            "care",
            "text",
            "Where it holds: planned admissions, those and outpatients, outpatients, or all care",
            default="planned",
            choices=("planned_admission", "planned", "outpatient", "all"),
        ),
        Column(
            "limit_count",
            "integer",
            "How many a patient may have without approval within limit_months; empty: none",
            minimum="1",
        ),
        Column("limit_months", "integer", "Months over which limit_count counts", minimum="1"),
        Column(
            "alternative_price", "money", "Pounds of the care where the policy sends the patient"
        ),
        Column("age_from", "integer", "Youngest age in years", minimum="0", maximum="130"),
        Column("age_to", "integer", "Oldest age in years", minimum="0", maximum="130"),
        Column("sex", "text", "Person stated gender code for which it holds; empty: all"),
        Column("applies_on", "text", "Date that decides: procedure, admission, referral"),
        Column("criteria", "text", "Criteria in words"),
        Column("exclusions", "text", "Exclusions in words"),
        *DATED,
    ),
    key=(
        "policy_id",
        "commissioner_code",
        "procedure_codes",
        "other_procedure_codes",
        "site_codes",
        "diagnosis_codes",
        "age_from",
        "age_to",
        "sex",
        "from_date",
    ),
    file_names=("policy",),
)

APPROVALS = ReferenceTable(
    "approvals",
    "Approvals given to patients before treatment",
    (
        Column("approval_id", "text", "Number of the approval", required=True),
        Column("policy_id", "text", "Policy under which it was asked", required=True),
        PATIENT_KEY,
        NHS_NUMBER,
        PROVIDER,
        Column("status", "text", "approved, declined, withdrawn ...", required=True),
        Column("valid_from", "date", "First day on which it may be used", required=True),
        Column("valid_to", "date", "Last day on which it may be used"),
        Column(
            "kind",
            "text",
            "What was asked",
            default="prior",
            choices=("prior", "ifr", "initiation", "continuation"),
        ),
        ANY_COMMISSIONER,
        Column("drug_code", "text", "Drug approved"),
        Column("device_code", "text", "Device approved"),
        Column("indication", "text", "Indication approved"),
        Column("procedure_code", "code", "Procedure approved"),
        Column(
            "quantity", "integer", "How many procedures it is good for", default="1", minimum="1"
        ),
        Column("decided_on", "date", "Day of the decision"),
    ),
    key=("approval_id", "drug_code", "device_code", "procedure_code"),
    about_people=True,
    file_names=("approval", "prior_approvals"),
)

DRUGS = ReferenceTable(
    "drugs",
    "High-cost drugs: who funds them and the most that is paid",
    (
        Column("drug_code", "text", "National or local drug code", required=True),
        Column("name", "text", "Name of the drug", required=True),
        Column("funded_by", "text", "Who funds it: NHSE, ICB, tariff ...", required=True),
        Column("indication", "text", "Indication for which this holds; empty: all"),
        Column("dmd_code", "text", "dm+d code (SNOMED CT)"),
        Column("service_code", "code", "Specialised service line"),
        ANY_COMMISSIONER,
        Column("nice_reference", "text", "NICE appraisal or guideline"),
        Column("maximum_price", "money", "Most paid for one unit, in pounds"),
        Column("price_unit", "text", "What one unit is: pack, vial, mg ..."),
        Column("vat", "flag", "Whether VAT is charged"),
        Column("biosimilar_group", "text", "Group of biosimilar products"),
        Column("minimum_interval_days", "integer", "Fewest days between two supplies", minimum="0"),
        Column("confidential", "flag", "The price must never leave the commissioner"),
        Column("approval_required", "flag", "Whether a patient needs a funding approval"),
        Column("framework_price", "money", "Contract or framework price of one unit, in pounds"),
        Column("discount_percent", "decimal", "Agreed discount off the most paid, in per cent"),
        Column("best_value", "flag", "The product agreed as best value of its biosimilar group"),
        Column("switch_by", "date", "Day from which the best-value product is to be used"),
        Column("therapy_class", "text", "Class whose products are not given together"),
        Column("most_units", "decimal", "Most units in one supply", minimum="0"),
        Column("age_from", "integer", "Youngest age funded, in years", minimum="0"),
        Column("age_to", "integer", "Oldest age funded, in years", minimum="0"),
        Column("available_from", "date", "First day on which the appraisal requires funding"),
        Column("free_from", "date", "First day of a scheme that supplies it free of charge"),
        Column("free_to", "date", "Last day of that scheme"),
        *DATED,
    ),
    key=("drug_code", "indication", "commissioner_code", "from_date"),
    file_names=("drug",),
)

DEVICES = ReferenceTable(
    "devices",
    "High-cost devices: who funds them and their list price",
    (
        Column("device_code", "text", "National or local device code", required=True),
        Column("category", "text", "High-cost device category", required=True),
        Column("funded_by", "text", "Who funds it: NHSE, ICB, tariff ...", required=True),
        Column("list_price", "money", "List price in pounds"),
        Column("approval_required", "flag", "Whether a patient needs a funding approval"),
        Column("vat", "flag", "Whether VAT is charged"),
        Column("zero_cost_from", "date", "First day on which the national route supplies it free"),
        Column("expected_life_months", "integer", "Months that one lasts", minimum="0"),
        Column("monthly_allowance", "decimal", "Most units for a patient in a month", minimum="0"),
        *DATED,
    ),
    key=("device_code", "category", "from_date"),
    file_names=("device",),
)

CALENDAR = ReferenceTable(
    "calendar",
    "Flex and freeze dates and the contract's clocks, by month",
    (
        FINANCIAL_YEAR,
        MONTH,
        Column("flex_date", "date", "Last day for the first version", required=True),
        Column("freeze_date", "date", "Last day for the corrected version", required=True),
        Column("contract_id", "text", "Contract for which the row holds; empty: for all"),
        Column("data_set", "text", "Data set for which the row holds; empty: for all"),
        Column("submission_due", "date", "Day by which the file is due"),
        Column("flex_challenge_due", "date", "Day by which flex challenges go out"),
        Column("flex_response_due", "date", "Day by which the provider answers them"),
        Column("freeze_challenge_due", "date", "Day by which freeze challenges go out"),
        Column("freeze_response_due", "date", "Day by which the provider answers them"),
        Column("contest_due", "date", "Day by which a reconciliation account is contested"),
    ),
    key=("financial_year", "month", "contract_id", "data_set"),
    file_names=("timetable", "flex_freeze"),
)

QUALITY = ReferenceTable(
    "quality",
    "Quality indicators by provider and period",
    (
        PROVIDER,
        Column("period", "period", "Month (2026-04), day or financial year", required=True),
        Column("indicator", "text", "Name of the indicator", required=True),
        Column("value", "decimal", "Value of the indicator", required=True),
        ANY_COMMISSIONER,
        Column("numerator", "decimal", "Numerator of the value"),
        Column("denominator", "decimal", "Denominator of the value"),
        Column(
            "basis",
            "text",
            "How the value belongs to the commissioner",
            choices=("apportioned", "assigned", "self_certified"),
        ),
        Column("status", "text", "Met, breached, not reported ..."),
    ),
    key=("provider_code", "period", "indicator", "commissioner_code", "basis"),
)

TABLES_OF_CARE = (POLICIES, APPROVALS, DRUGS, DEVICES, CALENDAR, QUALITY)
