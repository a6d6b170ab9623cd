"""The product's rulebook: its examples, what is poor about it, and the pages made from it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from comptroller.checks.book import Book, load_book, product_files
from comptroller.checks.definition import CATEGORIES
from comptroller.checks.examples import run_examples
from comptroller.checks.lint import lint
from comptroller.checks.pages import pages
from comptroller.checks.schema import product_schema
from comptroller.vocabulary import DATA_SETS

ROOT = Path(__file__).resolve().parents[2]
BOOK: Book = load_book(product_files())
REVIEWED = dt.date(2026, 11, 1)


@pytest.mark.parametrize("check_id", sorted(BOOK.checks))
def test_examples(check_id: str) -> None:
    failures = run_examples([BOOK.checks[check_id]], BOOK.exclusions, product_schema())
    assert [str(failure) for failure in failures] == []


@pytest.mark.slow
def test_nothing_is_poor() -> None:
    found = lint(BOOK.checks.values(), BOOK.exclusions, product_schema(), REVIEWED)
    assert [str(item) for item in found] == []


def test_categories_and_data_sets_exist() -> None:
    for check in BOOK.checks.values():
        assert check.category in CATEGORIES
        assert set(check.data_sets) <= set(DATA_SETS), check.id


def test_the_pages_are_made_from_the_rulebook() -> None:
    folder = ROOT / "docs" / "reference" / "checks"
    made = pages(BOOK.checks.values(), BOOK.exclusions)
    kept = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert kept == made, "run: comptroller rulebook pages docs/reference/checks"
