"""What a table is: its data set, provider, commissioner, year and month, or nothing we know.

Evidence comes from the headers (national and local names), from the names of file, archive member
and sheet, from the titles above the table, and from the values. Each fact keeps where it came
from, so that a person can see why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from comptroller.intake.evidence import ColumnEvidence
from comptroller.intake.mapping import ColumnMapping, exact_share, map_columns
from comptroller.intake.organisations import read_code
from comptroller.intake.periods import month_in, read_month, year_in
from comptroller.intake.source import SourceTable
from comptroller.vocabulary import DATA_SETS, LINE_DATA_SETS, data_set, repair_pod

CONTRACT_DATA_SETS = ("ACM", "PLCM", "DrPLCM", "DePLCM")
SUS_DATA_SETS = ("SUS_APC", "SUS_OP", "SUS_EC")

_PERSON = {
    "nhs_number",
    "local_patient_identifier",
    "hospital_provider_spell_identifier",
    "attendance_identifier",
    "cds_unique_identifier",
    "non_cds_unique_identifier",
    "person_birth_date",
    "activity_start_date",
    "activity_end_date",
    "clinical_intervention_date",
    "age_at_activity_date",
}
_DRUG = {"drug_name", "drug_code", "drug_strength", "therapeutic_indication_code"}
_DEVICE = {
    "device_name",
    "device_code",
    "device_high_level_code",
    "device_manufacturer",
    "device_serial_number",
}
_LABEL = r"(?:commissioner|purchaser|payer|icb|ccg|sub[ -]?icb)"
_COMMISSIONER = re.compile(
    rf"\b{_LABEL}(?:\s+(?:org(?:anisation)?\s+)?(?:code|id))?\s*[:=\-–|(]*\s*([A-Z0-9]{{3,5}})\b",
    re.IGNORECASE,
)
_COMMISSIONER_NAME = re.compile(rf"\b{_LABEL}(?:\s+name)?\s*[:=\-–|]+\s*([^|]+)", re.IGNORECASE)
_PROVIDER = re.compile(
    r"\b(?:provider|trust|hospital)(?:\s+(?:org(?:anisation)?\s+)?(?:code|id))?\s*[:=\-–|(]*\s*([A-Z0-9]{3,6})\b",
    re.IGNORECASE,
)
_PROVIDER_NAME = re.compile(
    r"\b(?:provider|trust)(?:\s+name)?\s*[:=\-–|]+\s*([^|]+)", re.IGNORECASE
)
# What codes look like where no directory knows them: trusts, and integrated care boards.
_SHAPES = {
    "provider": re.compile(r"^R[A-Z]?[0-9][A-Z0-9]?$"),
    "commissioner": re.compile(r"^Q[A-Z0-9]{2}$"),
}
_NO_CODES = ("NHS", "ICB", "CCG")
_INTRODUCED = re.compile(r"[:=\-–|(]|\b(?:code|id)\b", re.IGNORECASE)
_STAGE = re.compile(r"(?<![a-z])(flex|freeze|frozen|post[ _-]?freeze)(?![a-z])", re.IGNORECASE)
_TOLD_BY_LABELS = {
    "month": "month",
    "commissioner_code": "commissioner",
    "provider_code": "provider",
}
_MOST_DOUBTS = 3
_OWN_OF_SUS = 2


@dataclass(frozen=True)
class Directory:
    """Organisations known to the workspace: code to role, and normalised name to code."""

    roles: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def named(self, text: str, role: str) -> str | None:
        """Return the code of the organisation of a role that a text names, or None."""
        code = self.names.get(plain_name(text))
        return code if code and self.roles.get(code, role) == role else None


def plain_name(text: str) -> str:
    """Return an organisation's name as names are compared."""
    words = re.sub(r"[^a-z0-9 ]+", " ", text.lower().replace("&", " and ")).split()
    return " ".join(words)


@dataclass(frozen=True)
class Recognised:
    """What a table was found to be.

    Attributes:
        data_set: Its id, or '' when the table is nothing we know.
        confidence: 0 to 1 that it is that data set.
        mapping: Columns to elements.
        constants: Facts of the whole table (provider_code, commissioner_code, financial_year,
            month, pod_code) that stand outside its columns, with where they were found.
        stage_evidence: flex or freeze, where a name says so.
        why: In a few words.
    """

    data_set: str
    confidence: float
    mapping: ColumnMapping
    constants: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    stage_evidence: str = ""
    why: str = ""


def name_matches(text: str) -> list[str]:
    """Return the line data sets that a name speaks of, the most telling first."""
    lower = text.lower()
    found = []
    for identifier in ("DrPLCM", "DePLCM", "PLCM", "ACM", *SUS_DATA_SETS):
        patterns = DATA_SETS[identifier].national_name_patterns
        if any(re.search(pattern, lower) for pattern in patterns):
            found.append(identifier)
    return found


def recognise_data_set(
    headers: Sequence[str],
    evidence: Sequence[ColumnEvidence] | None,
    names: Sequence[str],
) -> tuple[str, float, ColumnMapping, str]:
    """Return the data set of a table with confidence, mapping and why; '' for none.

    Args:
        headers: The table's headers.
        evidence: What its values look like; None when the headers are to decide alone.
        names: Names of sheet, member and file, the nearest first.
    """
    tried: list[tuple[float, str, ColumnMapping, str]] = []
    named = [match for name in names for match in name_matches(name)]
    candidates = [
        d for d in LINE_DATA_SETS if d not in SUS_DATA_SETS or _may_be_sus(d, headers, named)
    ]
    mappings = {d: map_columns(d, headers, evidence) for d in candidates}
    person = {c.element for c in mappings["PLCM"].used if c.confidence >= 0.9} & _PERSON
    for identifier, mapping in mappings.items():
        score, why = _score(identifier, mapping, headers, named, bool(person))
        tried.append((score, identifier, mapping, why))
    tried.sort(key=lambda item: -item[0])
    score, identifier, mapping, why = tried[0]
    if score <= 0:
        return "", 0.0, *_closest(mappings)
    return identifier, min(score, 0.99), mapping, why


def _closest(mappings: Mapping[str, ColumnMapping]) -> tuple[ColumnMapping, str]:
    """Return the mapping that knows most columns, and what keeps it from being lines."""
    identifier = max(mappings, key=lambda d: len(mappings[d].used))
    mapping = mappings[identifier]
    used = {c.element for c in mapping.used}
    if len(used) < 3:
        return mapping, "no column names or values of a data set we know"
    lacking = [] if "activity_cost" in used else ["the cost"]
    if not used & _WHAT:
        lacking.append("the kind of activity")
    return mapping, (
        f"closest is {identifier} with {len(used)} columns known, but no column could be told "
        f"to be {' or '.join(lacking) or 'a patient or a total'}"
    )


def _may_be_sus(identifier: str, headers: Sequence[str], named: Sequence[str]) -> bool:
    if identifier in named:
        return True
    chosen, charged = data_set(identifier), data_set("PLCM")
    if exact_share(chosen, headers) <= 0.6:
        return False
    # Most of its headings are those of contract monitoring too, where every line has its pounds:
    # only what nobody but SUS has tells them apart.
    own = [h for h in headers if chosen.match_header(h) and not charged.match_header(h)]
    return len(own) >= _OWN_OF_SUS


def _score(
    identifier: str,
    mapping: ColumnMapping,
    headers: Sequence[str],
    named: Sequence[str],
    person: bool,
) -> tuple[float, str]:
    """Say how well a table fits a data set, 0 for not at all."""
    used = {c.element for c in mapping.used}
    filled = sum(1 for header in headers if header.strip()) or 1
    if not _could_be_lines(identifier, used):
        return 0.0, ""
    score = 0.45 * len(used) / filled + 0.1 * exact_share(data_set(identifier), headers)
    reasons = [f"{len(used)} of {filled} columns are its elements"]
    if identifier in named:
        score += 0.4 if named[0] == identifier else 0.25
        reasons.append("its name says so")
    elif named:
        score -= 0.15
    drug, device = bool(used & _DRUG), bool(used & _DEVICE)
    if identifier == "ACM":
        score += -0.5 if person else 0.25
    elif identifier in CONTRACT_DATA_SETS:
        score += 0.15 if person else -0.35
    if identifier == "DrPLCM":
        score += 0.2 if drug else -0.6
    elif identifier == "DePLCM":
        score += 0.2 if device else -0.6
    if identifier in SUS_DATA_SETS and identifier not in named:
        score -= 0.1
    return round(score, 3), "; ".join(reasons)


_WHAT = {
    "pod_code",
    "local_pod_code",
    "tariff_code",
    "drug_name",
    "device_name",
    "activity_treatment_function_code",
}


def _could_be_lines(identifier: str, used: set[str]) -> bool:
    """Tell whether enough is there to be line data at all: pounds, and what they are for."""
    if identifier in SUS_DATA_SETS:
        return bool(used & _PERSON) and len(used) >= 5
    return "activity_cost" in used and bool(used & _WHAT)


def constants_of(
    table: SourceTable, file_name: str, directory: Directory
) -> dict[str, tuple[str, str]]:
    """Return what titles and names say of the whole table: element to value and place.

    The titles above the table come first, then those over the tables of its sheet, then the
    sheet's name, the member's, the file's.
    """
    sources = [
        ("title", " | ".join(table.titles)),
        ("title of the sheet", " | ".join(table.titles_over)),
        ("sheet name", table.sheet),
        ("archive member", table.member),
        ("file name", file_name),
    ]
    found: dict[str, tuple[str, str]] = {}
    for place, text in sources:
        if not text:
            continue
        spaced = re.sub(r"[_]+", " ", text)
        for element, value in facts_in(spaced, directory, titled="title" in place).items():
            found.setdefault(element, (value, place))
    pod = repair_pod(table.sheet) if table.sheet else None
    if pod:
        found.setdefault("pod_code", (pod, "sheet name"))
    return found


def facts_in(text: str, directory: Directory, *, titled: bool) -> dict[str, str]:
    """Return what a text says of a whole table: element to value.

    Args:
        text: A title or a name.
        directory: Organisations that are known.
        titled: Whether it is a title, which may name an organisation in words.
    """
    facts: dict[str, str] = {}
    month = month_in(text)
    year = (month[1] if month else None) or year_in(text)
    if year:
        facts["financial_year"] = year
    if month:
        facts["month"] = str(month[0])
    for element, role, code_pattern, name_pattern in (
        ("commissioner_code", "commissioner", _COMMISSIONER, _COMMISSIONER_NAME),
        ("provider_code", "provider", _PROVIDER, _PROVIDER_NAME),
    ):
        code = _labelled_code(text, code_pattern, directory, role)
        if code is None and titled:
            code = _labelled_name(text, name_pattern, directory, role)
        if code is None:
            code = _bare_code(text, directory, role)
        if code:
            facts[element] = code
    return facts


def labels_that_differ(
    table: SourceTable, recognised: Recognised, directory: Directory
) -> list[str]:
    """Return doubts about lone texts between the rows that name another month or organisation.

    Only where no column tells it: then nothing says of which rows the text speaks.
    """
    mapped = {column.element for column in recognised.mapping.used}
    doubts = []
    for row, text in table.labels:
        facts = facts_in(text, directory, titled=True)
        month = read_month(text)
        if month is not None:
            facts |= {"month": str(month[0])}
        elif "financial_year" not in facts:
            facts.pop("month", None)  # The word may be a verb: a month alone is no label.
        for element, word in _TOLD_BY_LABELS.items():
            value = facts.get(element)
            known = recognised.constants.get(element, ("", ""))[0]
            if value and element not in mapped and value != known:
                doubts.append(
                    f"row {row:,} says {text!r}, but the rows below would be read as of "
                    f"{word} {known or 'unknown'}: have it sent with the {word} in a column"
                )
                break
    return doubts[:_MOST_DOUBTS]


def _labelled_code(
    text: str, pattern: re.Pattern[str], directory: Directory, role: str
) -> str | None:
    for match in pattern.finditer(text):
        written = match[1]
        code = read_code(written)
        if code is None or (not written.isupper() and not any(c.isdigit() for c in written)):
            continue
        known = directory.roles.get(code)
        if known == role or (
            known is None and _may_be_code(code, text[match.start() : match.start(1)])
        ):
            return code
    return None


def _may_be_code(word: str, before: str) -> bool:
    """Tell whether a word that no directory knows is a code: Hospital NHS Trust names none."""
    if any(letter.isdigit() for letter in word):
        return True
    return len(word) == 3 and word not in _NO_CODES and bool(_INTRODUCED.search(before))


def _labelled_name(
    text: str, pattern: re.Pattern[str], directory: Directory, role: str
) -> str | None:
    for match in pattern.finditer(text):
        code = directory.named(match[1], role)
        if code:
            return code
    return None


def _bare_code(text: str, directory: Directory, role: str) -> str | None:
    """Return the one organisation of a role that stands as a word in a text."""
    words = dict.fromkeys(re.findall(r"(?<![A-Za-z0-9])[A-Z0-9]{3,6}(?![A-Za-z0-9])", text))
    known = [w for w in words if directory.roles.get(w) == role]
    if not known:
        shape = _SHAPES[role]
        known = [w for w in words if len(w) == 3 and shape.match(w) and w not in directory.roles]
    return known[0] if len(known) == 1 else None


def stage_evidence(*names: str) -> str:
    """Return flex, freeze or post_freeze where a name says so, else ''."""
    for name in names:
        match = _STAGE.search(name.replace("_", " "))
        if match:
            word = match[1].lower()
            return "flex" if word == "flex" else "post_freeze" if "post" in word else "freeze"
    return ""
