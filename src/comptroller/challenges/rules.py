"""What a workbook says about a rule: its title, its basis, how it values, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comptroller.checks.definition import Basis, Check
    from comptroller.workspace import Workspace


@dataclass(frozen=True)
class RuleNote:
    """A rule in words.

    Args:
        check_id: The catalogue's id.
        title: What is wrong, in one line.
        question: Which of the five questions it answers, in words.
        category: The category, in words.
        precedence: Its place in the order in which a line's money is consumed, 1 to 6.
        basis: Where the rule comes from; a paragraph only where it is confirmed.
        action: What the commissioner asks for.
        valuation: The value code and its meaning.
        is_estimate: Whether its value is a statistical lead and no claim (V-EST).
        matching: The columns a group is matched on; empty for other rules.
        tolerance: Pounds up to which a difference is no finding.
        minimum_value: Pounds below which a value is no finding.
        parameters: Parameters and values.
        confidence: The chance that the provider accepts, a prior.
    """

    check_id: str
    title: str = ""
    question: str = ""
    category: str = ""
    precedence: int = 0
    basis: str = ""
    action: str = ""
    valuation: str = ""
    is_estimate: bool = False
    matching: str = ""
    tolerance: Decimal = Decimal(0)
    minimum_value: Decimal = Decimal(0)
    parameters: str = ""
    confidence: Decimal | None = None


def rule_notes(ws: Workspace) -> Mapping[str, RuleNote]:
    """Return every rule of the workspace's rulebook in words, by id."""
    from comptroller.checks.loader import load_rulebook

    return {check.id: note_of(check) for check in load_rulebook(ws).checks.values()}


def note_of(check: Check) -> RuleNote:
    """Return one rule in words."""
    from comptroller.checks.definition import CATEGORIES, QUESTIONS, VALUES

    value = VALUES.get(check.value)
    return RuleNote(
        check_id=check.id,
        title=check.title,
        question=QUESTIONS.get(check.question, check.question),
        category=CATEGORIES.get(check.category, check.category),
        precedence=check.precedence,
        basis="; ".join(_basis(basis) for basis in check.basis) or "Contract data requirements",
        action=check.action,
        valuation=f"{check.value}: {value.meaning}" if value else check.value,
        is_estimate=check.value == "V-EST",
        matching=", ".join(check.group_by),
        tolerance=check.tolerance,
        minimum_value=check.minimum_value,
        parameters="; ".join(
            f"{name} = {_plain(value)}" for name, value in sorted(check.parameters.items())
        ),
        confidence=check.confidence,
    )


def _basis(basis: Basis) -> str:
    # A paragraph that nobody has confirmed is left out of what a provider reads.
    words = [basis.document, basis.edition]
    if basis.paragraph and basis.status == "confirmed":
        words.append(basis.paragraph)
    return ", ".join(word for word in words if word)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return str(value)
