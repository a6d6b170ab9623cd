"""What a workbook says about a rule: its title, its basis, how it values, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comptroller.checks.definition import Basis, Check
    from comptroller.checks.parameters import Override
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
    from comptroller.checks.book import own_files, product_files
    from comptroller.checks.loader import read_rulebook
    from comptroller.checks.parameters import read_overrides

    rulebook, _ = read_rulebook(product_files(), own_files(ws))
    overrides, _ = read_overrides(
        ws.section("checks"), ws.path / "comptroller.toml", ws.rules, rulebook.checks
    )
    notes = {check.id: note_of(check) for check in rulebook.checks.values()}
    for override in overrides:
        note = notes.get(override.check_id)
        if note is None:
            continue
        words = f"{note.parameters}; instead {_override(override)}".lstrip("; ")
        notes[override.check_id] = replace(note, parameters=words)
    return notes


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


def _override(override: Override) -> str:
    limits = (
        f"contract {override.contract_id}" if override.contract_id else "",
        f"from {override.from_date}" if override.from_date else "",
        f"to {override.to_date}" if override.to_date else "",
    )
    where = ", ".join(limit for limit in limits if limit)
    words = f"{override.parameter} = {_plain(override.value)}"
    return f"{words} ({where})" if where else words


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return str(value)
