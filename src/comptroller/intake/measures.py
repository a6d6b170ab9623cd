"""How files call what their figures are: pounds or activity, planned or actual."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

COST, ACTIVITY = "Actual Cost", "Activity"
PLANNED = {COST: "Planned Cost", ACTIVITY: "Planned Activity"}
POUNDS = re.compile(r"£|\b(?:costs?|pounds|spend|income|values?|gbp)\b", re.I)
COUNTS = re.compile(r"\b(?:activity|units|volumes?|counts?|attendances|spells|episodes)\b", re.I)
_PLAN = re.compile(r"\b(?:plan(?:ned)?|budget)\b", re.I)
_OTHER = re.compile(r"\b(?:variance|var|diff(?:erence)?|unit|average|tariff|rate)\b|%", re.I)
_THOUSANDS = re.compile(
    r"£\s*['\u2019]?\s*(?:000s?|k|m)\b|['\u2019]000s?\b|"
    r"\b(?:in|of) (?:£ ?)?(?:thousands|millions)\b",
    re.I,
)
OPEN = re.compile(r"(?:actuals?|plan(?:ned)?|budget)?", re.I)
MEASURE_NAMES = re.compile(
    r"(?:(?:actuals?|act|plan(?:ned)?|budget|activity|costs?|price|value|income|spend|finance|£|gbp|"
    r"variance|units|volume|count|total|attendances|spells)[\s()/-]*)+"
)


def meaning(measure: str, hint: str) -> str:
    """Return the heading of a column of what is measured; as written where nothing tells."""
    if _OTHER.search(measure):
        return measure
    pounds, counts = bool(POUNDS.search(measure)), bool(COUNTS.search(measure))
    if pounds == counts:
        if pounds or not hint or not OPEN.fullmatch(measure):
            return measure
        kind = hint
    else:
        kind = COST if pounds else ACTIVITY
    return PLANNED[kind] if _PLAN.search(measure) else kind


def in_full(words: Sequence[str]) -> list[str]:
    """Return the names of measures with Act as activity where the others are pounds."""
    others = [word for word in words if word != "act"]
    if others and all(POUNDS.search(word) and not COUNTS.search(word) for word in others):
        return ["activity" if word == "act" else word for word in words]
    return list(words)


def told_in_thousands(texts: Iterable[str]) -> str:
    """Return the text that says that pounds are in thousands or millions, '' where none does."""
    return next((text for text in texts if _THOUSANDS.search(text)), "")
