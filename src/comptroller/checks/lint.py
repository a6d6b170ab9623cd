"""What is poor about a rulebook, though it loads: told, never refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from comptroller.checks.definition import Check, Exclusion
from comptroller.checks.examples import Failure, undecided_atoms
from comptroller.checks.expressions import ExpressionError
from comptroller.checks.language import parse
from comptroller.checks.schema import Schema


def lint(
    checks: Iterable[Check],
    exclusions: Mapping[str, Exclusion],
    schema: Schema,
    today: dt.date,
) -> list[Failure]:
    """Return what is poor: no basis, past review, an undecided part, the same said twice.

    Args:
        checks: Checks that load and compile.
        exclusions: The shared sets.
        schema: The columns there are.
        today: The day against which reviews are due.
    """
    listed = list(checks)
    found = [*_no_basis(listed), *past_review(listed, today), *_same(listed)]
    found.extend(undecided_atoms(listed, exclusions, schema))
    return sorted(found, key=lambda item: (item.check_id, item.text))


def past_review(checks: Iterable[Check], today: dt.date) -> list[Failure]:
    """Return the checks whose next review is over; they still run."""
    return [
        Failure(
            check.id, str(check.place_of("next_review")), f"its review was due {check.next_review}"
        )
        for check in checks
        if check.next_review < today
    ]


def _no_basis(checks: Iterable[Check]) -> list[Failure]:
    return [
        Failure(check.id, str(check.place), "it cites no basis")
        for check in checks
        if not check.basis
    ]


def _same(checks: Iterable[Check]) -> list[Failure]:
    """Return checks that say what another says in other words of the same tree."""
    seen: dict[tuple[object, ...], Check] = {}
    found = []
    for check in checks:
        key = (
            check.type,
            frozenset(check.data_sets),
            _canonical(check.scope),
            frozenset(check.exclusions),
            frozenset(check.group_by),
            tuple(sorted((name, _canonical(text)) for name, text in check.aggregates.items())),
            _canonical(check.wrong_when),
            tuple(sorted((name, str(value)) for name, value in check.parameters.items())),
        )
        first = seen.setdefault(key, check)
        if first is not check:
            text = f"it finds exactly what {first.id} finds"
            found.append(Failure(check.id, str(check.place_of("wrong_when")), text))
    return found


def _canonical(text: str) -> str:
    """Return an expression with its AND and OR parts in a fixed order."""
    from sqlglot import exp

    if not text:
        return ""
    try:
        tree = parse(text)
    except ExpressionError:
        return text

    def ordered(node: exp.Expr) -> str:
        while isinstance(node, exp.Paren):
            node = node.this
        if isinstance(node, exp.And | exp.Or):
            parts = sorted(ordered(part) for part in node.flatten())
            return f"({type(node).__name__} {' '.join(parts)})"
        if isinstance(node, exp.EQ | exp.NEQ):
            sides = sorted([ordered(node.this), ordered(node.expression)])
            return f"({type(node).__name__} {' '.join(sides)})"
        return node.sql(dialect="duckdb", normalize=True)

    return ordered(tree)
