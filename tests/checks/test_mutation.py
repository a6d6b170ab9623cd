"""Spoiled predicates: what is spoiled, and whether the examples notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.mutation import caught_by_examples, mutants
from comptroller.checks.book import Book, load_book
from tests.checks.test_run import OWN

BOUND = OWN.replace('"activity_count = 0"', '"activity_count < :p_few AND is_day_case"').replace(
    "confidence", "parameters = { p_few = 1 }\nconfidence"
)


def book_of(tmp_path: Path, text: str) -> Book:
    file = tmp_path / "local.toml"
    file.write_text(text, encoding="utf-8")
    return load_book([], [file])


def test_each_place_is_spoiled_once(tmp_path: Path) -> None:
    (check,) = book_of(tmp_path, BOUND).checks.values()
    made = {(m.place, m.kind, m.text) for m in mutants(check)}
    assert made >= {
        ("wrong_when", "AND for OR, OR for AND", "((activity_count < $p_few) OR (is_day_case))"),
        ("wrong_when", "bound moved", "activity_count < ($p_few + 1) AND is_day_case"),
        ("wrong_when", "comparison turned", "((activity_count) <= ($p_few)) AND is_day_case"),
        ("wrong_when", "part left out", "(activity_count < $p_few)"),
        ("wrong_when", "part negated", "activity_count < $p_few AND NOT (is_day_case)"),
        ("scope", "comparison turned", "((activity_cost) >= (0))"),
    }
    assert len(made) == len({(place, text) for place, _, text in made})


@pytest.mark.parametrize(("spoiled", "caught"), [("<>", True), (">=", False)])
def test_examples_notice_what_they_pin_and_nothing_else(
    tmp_path: Path, spoiled: str, caught: bool
) -> None:
    book = book_of(tmp_path, OWN)
    (check,) = book.checks.values()
    found = {
        mutant.text: caught_by_examples(mutant, book)
        for mutant in mutants(check)
        if mutant.kind == "comparison turned"
    }
    text = {"<>": "((activity_count) <> (0))", ">=": "((activity_cost) >= (0))"}[spoiled]
    # No example of the check has a cost of nought, so its bound is not held by one.
    assert found[text] is caught
