"""What the values of a column look like, from a sample, and how well they fit an element."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache

from comptroller.intake.organisations import read_code
from comptroller.intake.periods import read_month, read_year
from comptroller.intake.values import MISSING_TOKENS
from comptroller.vocabulary import Element, code_list, repair_pod

SAMPLE_ROWS = 400
_DATE = re.compile(
    r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}"
    r"|\d{1,2}[- /][A-Za-z]{3,9}[- /]\d{2,4}|(19|20)\d{6})([T ].*)?$"
)
_HRG = re.compile(r"^[A-Z]{2}\d{2}[A-Z](/.*)?$")
_PRACTICE = re.compile(r"^[A-Z]\d{5}$")
_POSTCODE = re.compile(r"^[A-Z]{1,2}\d[A-Z\d]?\s*(\d[A-Z]{2})?$")
_SITE = re.compile(r"^[A-Z0-9]{5,9}$")
_TOKEN = re.compile(r"^[0-9A-Za-z+/=_-]{16,64}$")
_ICD = re.compile(r"^[A-Z]\d{2}")


def read_number(text: str) -> Decimal | None:
    """Return a number however it is written, or None."""
    bare = re.sub(r"[\s£$,Â']|GBP", "", text)
    negative = (bare.startswith("(") and bare.endswith(")")) or bare.endswith("-")
    bare = bare.strip("()").removesuffix("-").removesuffix("%")
    try:
        value = Decimal(bare)
    except InvalidOperation:
        return None
    return (-value if negative else value) if value.is_finite() else None


def is_nhs_number(text: str) -> bool:
    """Tell whether ten digits have a right check digit (modulus 11; NHS Data Dictionary)."""
    if not re.fullmatch(r"\d{10}", text) or len(set(text)) == 1:
        return False
    return (
        sum(int(digit) * (10 - place) for place, digit in enumerate(text[:9])) % 11
        == (11 - int(text[9])) % 11
    )


@dataclass
class ColumnEvidence:
    """The sample of one column: filled values, and which share of them has which shape.

    ``numbers`` has one entry per sampled row, None where the cell is no number.
    """

    filled: int = 0
    distinct: int = 0
    shares: dict[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    numbers: tuple[Decimal | None, ...] = ()

    def share(self, shape: str) -> float:
        """Return the share of filled values that have a shape."""
        return self.shares.get(shape, 0.0)

    def in_list(self, name: str) -> float:
        """Return the share of filled values that are codes of a list, lost zeros forgiven."""
        key = f"list:{name}"
        if key not in self.shares:
            known = _written_codes(name)
            right = sum(count for v, count in self.counts.items() if v.upper() in known)
            self.shares[key] = right / self.filled if self.filled else 0.0
        return self.shares[key]


@cache
def _written_codes(name: str) -> frozenset[str]:
    """Return the codes of a list as they may be written: also without their leading zeros."""
    codes = code_list(name).codes()
    return frozenset(codes) | frozenset(code.lstrip("0") for code in codes)


_SHAPES: dict[str, Callable[[str], bool]] = {
    "number": lambda v: read_number(v) is not None,
    "whole": lambda v: re.fullmatch(r"-?\d+(\.0+)?", v) is not None,
    "pence": lambda v: re.search(r"\.\d", v) is not None and read_number(v) is not None,
    "date": lambda v: _DATE.match(v) is not None,
    "serial": lambda v: re.fullmatch(r"[2-6]\d{4}(\.\d+)?", v) is not None,
    "time": lambda v: _DATE.match(v) is not None and ":" in v,
    "year": lambda v: read_year(v) is not None,
    "month": lambda v: read_month(v) is not None,
    "nhs": lambda v: is_nhs_number(re.sub(r"[\s-]", "", v)),
    "ten": lambda v: re.fullmatch(r"\d{10}", re.sub(r"[\s-]", "", v)) is not None,
    "token": lambda v: _TOKEN.match(v) is not None,
    "hrg": lambda v: _HRG.match(v.upper()) is not None,
    "practice": lambda v: _PRACTICE.match(v.upper()) is not None,
    "postcode": lambda v: _POSTCODE.match(v.upper()) is not None,
    "organisation": lambda v: (code := read_code(v)) is not None and 3 <= len(code) <= 6,
    "site": lambda v: _SITE.match(v.upper()) is not None,
    "pod": lambda v: repair_pod(v) is not None,
    "yes_no": lambda v: v.upper() in ("Y", "N", "YES", "NO", "T", "F", "TRUE", "FALSE", "0", "1"),
    "age": lambda v: re.fullmatch(r"\d{1,3}", v) is not None,
    "icd": lambda v: _ICD.match(v.upper()) is not None,
}


def collect(rows: Sequence[Sequence[str | None]], width: int) -> list[ColumnEvidence]:
    """Return the evidence of every column of some sampled rows."""
    found = []
    for index in range(width):
        cells = [(row[index] or "").strip() for row in rows]
        counts = Counter(v for v in cells if v and v.upper() not in MISSING_TOKENS)
        filled = counts.total()
        shares = {
            name: sum(n for v, n in counts.items() if test(v)) / filled if filled else 0.0
            for name, test in _SHAPES.items()
        }
        numbers = tuple(read_number(v) if v else None for v in cells)
        found.append(ColumnEvidence(filled, len(counts), shares, counts, numbers))
    return found


def fit(element: Element, evidence: ColumnEvidence) -> float:
    """Return how well values fit an element: 0 contradicts, 0.5 says nothing, 1 speaks for it.

    An empty column says nothing.
    """
    if evidence.filled == 0:
        return 0.5
    share = evidence.share
    special = {
        "provider_code": lambda: 0.7 * share("organisation"),
        "commissioner_code": lambda: 0.7 * share("organisation"),
        "general_medical_practice_code": lambda: max(share("practice"), 0.4 * share("site")),
        "organisation_site_identifier_of_treatment": lambda: 0.6 * share("site"),
        "pod_code": lambda: 0.3 + 0.7 * share("pod") if share("pod") > 0.5 else share("pod"),
        "local_pod_code": lambda: 0.5,
        "activity_treatment_function_code": lambda: evidence.in_list("treatment_function"),
        "tariff_code": lambda: 0.55 + 0.4 * share("hrg") if share("date") < 0.2 else 0.0,
        "age_at_activity_date": lambda: 0.6 * share("age"),
        "primary_diagnosis_code": lambda: 0.6 * share("icd"),
        "financial_year": lambda: 0.9 * share("year"),
        "month": lambda: 0.8 * share("month"),
    }
    if element.name in special:
        return special[element.name]()
    return _fit_kind(element, evidence)


def _fit_kind(element: Element, evidence: ColumnEvidence) -> float:
    share, kind = evidence.share, element.kind
    if element.duckdb_type == "BOOLEAN" or kind == "flag":
        return 0.75 * share("yes_no")
    if kind in ("money", "decimal"):
        dated = max(share("date"), 1.0 if share("ten") > 0.8 else 0.0)
        return max(0.6 * share("number") - dated, 0.0)
    if kind == "integer":
        return 0.6 * share("whole")
    if kind in ("date", "birth_date", "timestamp"):
        return max(0.85 * share("date"), 0.7 * share("serial"))
    if kind == "nhs_number":
        return max(share("nhs"), 0.8 * share("token"), 0.6 * share("ten"))
    if kind == "postcode":
        return 0.9 * share("postcode")
    if kind == "code" and element.code_list and element.code_list != "commissioner_default":
        listed = evidence.in_list(element.code_list)
        return 0.5 + 0.3 * listed if listed > 0.5 else 0.45
    if kind == "identifier":
        return 0.1 if share("date") > 0.8 else 0.5
    return 0.5


def product_of(
    evidence: Sequence[ColumnEvidence], count: int, price: int, cost: int, *, of_one: bool = False
) -> float | None:
    """Return the share of rows in which count times price is the cost, None where none tell.

    Rows without activity are adjustments and tell nothing. Rows with a count of one tell little:
    they are left out, or with ``of_one`` nothing else is looked at.
    """
    told = right = 0
    columns = (evidence[count].numbers, evidence[price].numbers, evidence[cost].numbers)
    for a, b, c in zip(*columns, strict=True):
        if not a or b is None or not c or (a == 1) != of_one:
            continue
        told += 1
        right += abs(a * b - c) <= max(Decimal("0.01"), abs(c) * Decimal("0.001"))
    return right / told if told >= 5 else None
