"""Reference tables about organisations, practices, people registered and code sets."""

from __future__ import annotations

from comptroller.reference.shapes import Column, ReferenceTable

FROM_DATE = Column("from_date", "date", "First day on which the row holds; empty: always")
TO_DATE = Column("to_date", "date", "Last day on which the row holds; empty: until further notice")
DATED = (FROM_DATE, TO_DATE)

PATIENT_KEY = Column(
    "patient_key",
    "text",
    "Pseudonym of the patient, as made here or by a regional data service",
)
NHS_NUMBER = Column(
    "nhs_number",
    "nhs_number",
    "NHS number; becomes the patient key at loading and is never stored",
    aliases=("nhs no", "nhs num"),
)

ORGANISATIONS = ReferenceTable(
    "organisations",
    "Commissioners, providers, practices and sites by ODS code",
    (
        Column("org_code", "code", "ODS code", required=True, aliases=("code", "ods_code")),
        Column("name", "text", "Name of the organisation", required=True),
        Column(
            "role",
            "text",
            "What the organisation is to a contract",
            required=True,
            choices=("commissioner", "provider", "practice", "site"),
        ),
        Column(
            "parent_code",
            "code",
            "Organisation it belongs to: the integrated care board of a sub-ICB location, the "
            "trust of a site, the commissioner of a practice",
        ),
        Column("open_date", "date", "First day of its life"),
        Column("close_date", "date", "Last day of its life"),
        Column("postcode", "text", "Postcode of the organisation"),
        Column("successor_code", "code", "Organisation that took it over the day after closing"),
    ),
    key=("org_code",),
    file_names=("organisation",),
)

SUCCESSIONS = ReferenceTable(
    "successions",
    "Which organisation took over from which, and when",
    (
        Column("from_code", "code", "Organisation that ended or gave something up", required=True),
        Column("to_code", "code", "Organisation that took it over", required=True),
        Column("date", "date", "First day of the new order", required=True),
        Column(
            "kind",
            "text",
            "merge: into a body with others; split: into several; rename: same body, new code",
            default="merge",
            choices=("merge", "split", "rename"),
        ),
        Column(
            "rule",
            "text",
            "How a split is decided: by the patient's practice, by site, or by share",
            choices=("practice", "site", "share"),
        ),
        Column("share", "decimal", "Share taken over, 0 to 1", minimum="0", maximum="1"),
    ),
    key=("from_code", "to_code", "date"),
    about=("from_code",),
    file_names=("succession", "successors"),
)

PRACTICES = ReferenceTable(
    "practices",
    "Which commissioner a practice belongs to, dated",
    (
        Column("practice_code", "code", "ODS code of the practice", required=True),
        Column(
            "commissioner_code",
            "code",
            "Commissioner responsible for its patients: sub-ICB location, ICB or CCG",
            required=True,
        ),
        Column("locality", "text", "Locality within the commissioner"),
        Column("practice_group", "text", "Group of practices that works together"),
        Column("pcn_code", "code", "Primary care network"),
        *DATED,
    ),
    key=("practice_code", "from_date"),
    about=("practice_code",),
    file_names=("practice",),
)

POPULATIONS = ReferenceTable(
    "populations",
    "People on the list of each practice",
    (
        Column("practice_code", "code", "ODS code of the practice", required=True),
        Column("period", "period", "Month (2026-04), day or financial year counted", required=True),
        Column("list_size", "integer", "People registered", required=True, minimum="0"),
        Column("weighted_list_size", "decimal", "People weighted for need of care", minimum="0"),
    ),
    key=("practice_code", "period"),
    file_names=("population", "list_sizes"),
)

REGISTRATIONS = ReferenceTable(
    "registrations",
    "Which practice a patient was registered with, dated",
    (
        PATIENT_KEY,
        NHS_NUMBER,
        Column("practice_code", "code", "ODS code of the practice", required=True),
        Column("from_date", "date", "First day of the registration", required=True),
        Column("to_date", "date", "Last day of the registration; empty: still registered"),
    ),
    key=("patient_key", "from_date"),
    about_people=True,
    file_names=("registration",),
)


def _code_set(
    name: str, title: str, groups: tuple[Column, ...], file_names: tuple[str, ...]
) -> ReferenceTable:
    return ReferenceTable(
        name,
        title,
        (
            Column("code", "code", "The code", required=True),
            Column("name", "text", "What the code stands for", required=True),
            *groups,
            *DATED,
        ),
        key=("code", "from_date"),
        about=("code",),
        file_names=file_names,
    )


TREATMENT_FUNCTIONS = _code_set(
    "treatment_functions",
    "Treatment function codes",
    (
        Column("group_name", "text", "Group for reports", aliases=("group",)),
        Column("paediatric", "flag", "Whether the function is for children"),
    ),
    ("treatment_function", "tfc"),
)
POINTS_OF_DELIVERY = _code_set(
    "points_of_delivery",
    "National point of delivery codes",
    (
        Column("pod_group", "text", "Group for reports, such as Elective", aliases=("group",)),
        Column("measure", "text", "What one unit of activity counts"),
        Column("setting", "text", "Where care is given: admitted, outpatient ..."),
        Column("currency", "text", "What is priced: spell, attendance, bed day ..."),
        Column("non_activity", "flag", "Money only, no care counted"),
    ),
    ("point_of_delivery", "pods", "pod"),
)
HRGS = _code_set(
    "hrgs",
    "Healthcare resource groups",
    (
        Column("chapter_code", "code", "Chapter letter"),
        Column("chapter", "text", "Chapter name"),
        Column("subchapter_code", "code", "Sub-chapter, two letters"),
        Column("subchapter", "text", "Sub-chapter name"),
    ),
    ("hrg",),
)
DIAGNOSES = _code_set(
    "diagnoses",
    "Diagnosis codes (ICD-10)",
    (Column("group_name", "text", "Group for reports", aliases=("group",)),),
    ("diagnosis", "icd10"),
)
PROCEDURES = _code_set(
    "procedures",
    "Procedure codes (OPCS-4)",
    (Column("group_name", "text", "Group for reports", aliases=("group",)),),
    ("procedure", "opcs4"),
)

TABLES_OF_ORGANISATIONS = (
    ORGANISATIONS,
    SUCCESSIONS,
    PRACTICES,
    POPULATIONS,
    REGISTRATIONS,
    TREATMENT_FUNCTIONS,
    POINTS_OF_DELIVERY,
    HRGS,
    DIAGNOSES,
    PROCEDURES,
)
