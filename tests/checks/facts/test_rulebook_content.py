"""What the rulebook holds: the checks that run, each once, with basis and prior."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from comptroller.checks.compiler import compile_rules
from comptroller.checks.definition import CATEGORIES
from comptroller.checks.loader import Rulebook, read_rulebook
from comptroller.checks.schema import product_schema


@pytest.fixture(scope="module")
def book() -> Rulebook:
    folder = Path(str(files("comptroller.checks") / "rulebook"))
    found, faults = read_rulebook(sorted(folder.glob("*.toml")))
    assert [str(fault) for fault in faults] == []
    return found


def test_checks_of_every_category_run(book: Rulebook) -> None:
    # That none is lost without a word is seen to by `tests/checks/test_waiting.py`.
    assert len(book.checks) > 300
    assert {check.category for check in book.checks.values()} == set(CATEGORIES)


def test_every_check_compiles(book: Rulebook) -> None:
    _, faults = compile_rules(book.checks.values(), book.exclusions, product_schema())
    assert [str(fault) for fault in faults] == []


def test_no_two_checks_ask_the_same(book: Rulebook) -> None:
    asked = Counter(
        (
            check.data_sets,
            check.scope,
            check.wrong_when,
            check.group_by,
            tuple(check.aggregates.items()),
        )
        for check in book.checks.values()
    )
    assert [question for question, times in asked.items() if times > 1] == []


def test_every_exclusion_is_used(book: Rulebook) -> None:
    used = {name for check in book.checks.values() for name in check.exclusions}
    unused = set(book.exclusions) - used
    assert unused <= {"specialised"}


def test_every_check_names_its_basis_and_claims_no_paragraph_unproven(book: Rulebook) -> None:
    for check in book.checks.values():
        assert check.basis, check.id
        for basis in check.basis:
            assert not basis.paragraph or basis.status == "confirmed", check.id


def test_confidence_is_the_prior_of_the_catalogue(book: Rulebook) -> None:
    assert {str(check.confidence) for check in book.checks.values()} <= {"0.8", "0.6", "0.4"}
