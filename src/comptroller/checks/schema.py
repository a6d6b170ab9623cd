"""The columns that checks may use, with their types: the vocabulary's and those of the facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from comptroller.checks.expressions import type_of
from comptroller.checks.macros import Type
from comptroller.reference import REFERENCE_TABLES
from comptroller.vocabulary import CODE_LISTS, DATA_SETS, column_kind, line_columns

# Columns of `checked` and `slice_facts` that hold a value in every row.
ALWAYS_PRESENT = frozenset(
    {
        *("line_id", "event_key", "data_set", "provider_code", "financial_year", "month"),
        *("submission_id", "slice_version_id"),
    }
)
# Facts have no kind as elements have: a decimal fact with one of these words holds pounds.
_MONEY_WORDS = re.compile(r"(^|_)(cost|price|value|gap|amount|charge|pounds)(_|$)")


@dataclass(frozen=True)
class Schema:
    """What expressions, messages and evidence may name.

    Attributes:
        lines: Columns of ``checked`` and their types.
        slices: Columns of ``slice_facts`` and their types.
        needs: Reference tables or data sets without which a fact is always NULL.
        money: Columns that hold pounds, written with a pound sign in messages.
        code_lists: Name of a code list to its codes.
        known_needs: Names that ``needs`` may hold; empty for any.
    """

    lines: Mapping[str, Type]
    slices: Mapping[str, Type]
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    slice_needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    money: frozenset[str] = frozenset()
    code_lists: Callable[[str], tuple[str, ...] | None] = lambda _: None
    known_needs: frozenset[str] = frozenset()

    def columns(self, check_type: str) -> Mapping[str, Type]:
        """Return the columns of the relation that a check of this type runs over."""
        return self.slices if check_type == "total" else self.lines

    def needs_of(self, check_type: str) -> Mapping[str, tuple[str, ...]]:
        """Return the needs of that relation's facts."""
        return self.slice_needs if check_type == "total" else self.needs


@cache
def product_schema() -> Schema:
    """Return the columns of the product: every line column and every declared fact."""
    from comptroller.checks.facts import fact_columns, slice_fact_columns

    facts, slices = fact_columns(), slice_fact_columns()
    lines = {name: type_of(kind) for name, kind in line_columns().items() if name != "commit_id"}
    money = {name for name in lines if column_kind(name) == "money"}
    for name, fact in [*facts.items(), *slices.items()]:
        if type_of(fact.type) == "decimal" and _MONEY_WORDS.search(name):
            money.add(name)
    return Schema(
        lines={**lines, **{name: type_of(fact.type) for name, fact in facts.items()}},
        slices={name: type_of(fact.type) for name, fact in slices.items()},
        needs={name: fact.needs for name, fact in facts.items() if fact.needs},
        slice_needs={name: fact.needs for name, fact in slices.items() if fact.needs},
        money=frozenset(money),
        code_lists=_codes,
        known_needs=frozenset({*REFERENCE_TABLES, *DATA_SETS}),
    )


def _codes(name: str) -> tuple[str, ...] | None:
    found = CODE_LISTS.get(name)
    return None if found is None else tuple(sorted(found.rows))
