"""Examples: run on the real predicates, and each part of a predicate decides one."""

from __future__ import annotations

from pathlib import Path

import pytest

from comptroller.checks.examples import run_examples, undecided_atoms
from tests.checks.bench_lines import SAMPLE, sample_book, sample_schema


def failures(folder: Path, old: str, new: str) -> list[str]:
    text = (SAMPLE / "sample.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "sample.toml").write_text(text.replace(old, new), encoding="utf-8")
    (folder / "exclusions.toml").write_text(
        (SAMPLE / "exclusions.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    book = sample_book(sorted(folder.glob("*.toml")))
    found = run_examples(book.checks.values(), book.exclusions, sample_schema())
    return [str(failure) for failure in found]


def test_the_sample_examples_pass_and_every_atom_decides() -> None:
    book = sample_book()
    assert run_examples(book.checks.values(), book.exclusions, sample_schema()) == []
    assert undecided_atoms(book.checks.values(), book.exclusions, sample_schema()) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('wrong_when = "activity_count = 0"', 'wrong_when = "activity_count < 0"',
         "sample.toml, line 25: DQV-902: the example is wrong, but nothing was flagged"),
        ('exclusions = ["adjustment"]', "exclusions = []",
         "DQV-902: the example is right, but these rows were flagged: 1"),
        ("flags = [2]", "flags = [1]", "DUP-901: rows flagged: 2; the example says: 1"),
        ('value = "50.00"', 'value = "51.00"', "PRC-901: worth £50; the example says £51.00"),
        ("missing = [{}, {}]", 'missing = [{hospital_provider_spell_identifier = "S1"}]',
         "something is missing in the example, but the verdict is known"),
        ('{ activity_cost = "10.00", activity_count = 1 }',
         '{ activity_cost = "10.00", activity_kount = 1 }',
         "DQV-902: there is no column 'activity_kount'"),
        ('{ activity_cost = "10.00", activity_count = 1 }',
         '{ activity_cost = "ten", activity_count = 1 }',
         "the column 'activity_cost' takes decimal, not 'ten'"),
    ],
)  # fmt: skip
def test_an_example_that_does_not_hold_is_told(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    found = failures(tmp_path, old, new)
    assert any(expected in text for text in found), found


def test_an_atom_without_an_example_is_told(tmp_path: Path) -> None:
    text = (SAMPLE / "sample.toml").read_text(encoding="utf-8")
    wider = "activity_count = 0 AND (pod_code IS NULL OR pod_code = 'EL')"
    changed = text.replace("activity_count = 0", wider, 1)
    (tmp_path / "s.toml").write_text(changed, encoding="utf-8")
    (tmp_path / "exclusions.toml").write_text(
        (SAMPLE / "exclusions.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    book = sample_book(sorted(tmp_path.glob("*.toml")))
    (found,) = undecided_atoms([book.checks["DQV-902"]], book.exclusions, sample_schema())
    assert found.text == "no example hangs on 'pod_code = 'EL''"
