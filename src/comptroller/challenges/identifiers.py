"""What a provider's workbook may show of a patient: the provider's own identifiers, no others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from nhs_number.validate import is_valid

WITHHELD: Final = "(withheld)"

_TEN_DIGITS: Final = re.compile(
    r"(?<![0-9A-Za-z])[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}(?![0-9A-Za-z])"
)
_KEY: Final = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{32,64}(?![0-9A-Za-z])")
_HIDDEN_NAMES: Final = re.compile(
    r"(^|_)(patient_key|event_key|nhs_number|key|birth_month|birth_date)$"
)
_OWN_IDENTIFIERS: Final = frozenset(
    {
        "hospital_provider_spell_identifier",
        "attendance_identifier",
        "emergency_care_attendance_identifier",
        "cds_unique_identifier",
        "non_cds_unique_identifier",
    }
)


def without_identifiers(text: str) -> str:
    """Return words without NHS numbers and without keys that stand for a patient."""
    text = _KEY.sub(WITHHELD, text)
    return _TEN_DIGITS.sub(lambda found: _hidden_if_valid(found[0]), text)


def _hidden_if_valid(text: str) -> str:
    digits = re.sub(r"[ -]", "", text)
    return WITHHELD if is_valid(digits) else text


def local_identifier(text: str | None) -> str | None:
    """Return a local patient identifier, withheld where it is an NHS number or a key."""
    return without_identifiers(text) if text else text


def evidence_words(evidence: str | None) -> str:
    """Return evidence (JSON) as `name: value; name: value`, keys and NHS numbers left out."""
    if not evidence:
        return ""
    parts = []
    for name, value in _pairs(evidence):
        if _HIDDEN_NAMES.search(name) or value is None:
            continue
        shown = str(value)
        if name not in _OWN_IDENTIFIERS:
            shown = without_identifiers(shown)
        parts.append(f"{name.replace('_', ' ')}: {shown}")
    return "; ".join(parts)


def _pairs(evidence: str) -> Iterator[tuple[str, object]]:
    try:
        data = json.loads(evidence)
    except ValueError:
        yield "evidence", evidence
        return
    if isinstance(data, dict):
        yield from data.items()
    elif isinstance(data, list):
        for item in data:
            if isinstance(item, dict) and "name" in item:
                yield str(item["name"]), item.get("value", item.get("text"))
            elif isinstance(item, dict):
                yield from item.items()
            elif isinstance(item, list) and len(item) == 2:
                yield str(item[0]), item[1]
