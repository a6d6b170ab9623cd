"""The rulebook's grammar: what is read, and every way of being refused, with its place."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from comptroller.checks.loader import RulebookError, read_rulebook

GOOD = """
[DUP-003]
title = "Spell charged more than once"
question = "paid_already"
precedence = 2
type = "group"
data_sets = ["PLCM"]
exclusions = ["private"]
group_by = ["provider_code", "hospital_provider_spell_identifier"]
aggregates = { charges = "count(*)" }
wrong_when = "charges > :p_allowed"
keep = "dearest"
on_missing = "not_applicable"
value = "V-KEEP1"
confidence = 0.8
parameters = { p_allowed = 1 }
message = "Spell {hospital_provider_spell_identifier} is charged {charges} times"
action = "Ask the provider to credit the second charge"
evidence = ["hospital_provider_spell_identifier", "charges"]
tolerance = "0.50"
next_review = "2027-04-01"
example_defaults = { provider_code = "RZZ", activity_cost = "100.00" }

[[DUP-003.basis]]
document = "Payment Scheme"
edition = "2025/26"
from = 2025-04-01

[[DUP-003.examples]]
wrong = [
  { hospital_provider_spell_identifier = "S1" },
  { hospital_provider_spell_identifier = "S1", activity_cost = "120.00" },
]
flags = [1]
value = "100.00"

[[DUP-003.examples]]
right = { hospital_provider_spell_identifier = "S1" }

[[DUP-003.examples]]
missing = [{}, {}]
"""

EXCLUSIONS = """
[private]
title = "Private patients"
predicate = "administrative_category_code = '02'"
"""


def write(folder: Path, text: str, name: str = "dup.toml") -> list[Path]:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    (folder / "exclusions.toml").write_text(EXCLUSIONS, encoding="utf-8")
    return sorted(folder.glob("*.toml"))


def faults_of(folder: Path, text: str) -> list[str]:
    return [str(fault) for fault in read_rulebook(write(folder, text))[1]]


def test_reads_every_part_of_a_check(tmp_path: Path) -> None:
    rulebook, faults = read_rulebook(write(tmp_path, GOOD))
    assert faults == []
    check = rulebook.checks["DUP-003"]
    assert check.category == "DUP"
    assert check.component == "whole"
    assert check.tolerance == Decimal("0.50")
    assert check.confidence == Decimal("0.8")
    assert check.next_review == dt.date(2027, 4, 1)
    assert check.basis[0].from_date == dt.date(2025, 4, 1)
    wrong, right, missing = check.examples
    assert [row["activity_cost"] for row in wrong.rows] == ["100.00", "120.00"]
    assert wrong.flags == (1,)
    assert wrong.value == Decimal("100.00")
    assert len(right.rows) == 1
    assert missing.rows[0] == {"provider_code": "RZZ", "activity_cost": "100.00"}
    assert rulebook.exclusions["private"].predicate.startswith("administrative")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "keep =",
            "kepe =",
            "line 12, column 9: DUP-003: unknown key 'kepe'; did you mean 'keep'?",
        ),
        ('"paid_already"', '"paid_twice"', "'question' is 'paid_twice'; it must be one of"),
        ("precedence = 2", "precedence = 7", "'precedence' must be a whole number from 1 to 6"),
        ('title = "Spell charged more than once"\n', "", "DUP-003: 'title' is missing"),
        ("confidence = 0.8", "confidence = 80", "'confidence' must be a number from 0 to 1"),
        ('"V-KEEP1"', '"V-DIFF"', "V-DIFF needs a 'value_expression'"),
        ('"V-KEEP1"', '"V-TWICE"', "'value' is 'V-TWICE'"),
        ("[DUP-003]\n", "[DUB003]\n", "'DUB003' is not a check's id"),
        ('["private"]', '["prison"]', "no exclusion is called 'prison' (private)"),
        ("missing = [{}, {}]", "right = {}", "an example of kind 'missing' is missing"),
        ("flags = [1]", "flags = [3]", "'flags' must be a list of row numbers from 1 to 2"),
        ("from = 2025-04-01", 'from = "April"', "'from' must be a date"),
        ('document = "Payment Scheme"', 'dokument = "x"', "did you mean 'document'?"),
        ('keep = "dearest"', 'keep = "majority"', "'keep_by' goes with keep"),
        ('type = "group"', 'type = "row"', "'group_by' is for group checks only"),
        ('tolerance = "0.50"', 'tolerance = "-1"', "'tolerance' must not be negative"),
        ("precedence = 2", "precedence = ", "line 5, column 14: not valid TOML"),
        ("{ p_allowed = 1 }", "{ p_allowed = {} }", "the parameter 'p_allowed' must be"),
    ],
)
def test_refuses_with_place(tmp_path: Path, old: str, new: str, expected: str) -> None:
    text = GOOD.replace(old, new) if old != "[DUP-003]\n" else GOOD.replace("DUP-003", "DUB003")
    assert any(expected in fault for fault in faults_of(tmp_path, text)), faults_of(tmp_path, text)


def test_tells_all_faults_of_all_files_at_once(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("keep =", "kepe =").replace("precedence = 2", "precedence = 9"))
    write(tmp_path, GOOD, "dup2.toml")
    write(tmp_path, "oops", "broken.toml")
    _, faults = read_rulebook(sorted(tmp_path.glob("*.toml")))
    error = RulebookError(faults)
    assert len(error.faults) == 3
    assert str(error).startswith("3 faults in the rulebook: broken.toml, line 1")


def test_the_same_id_in_two_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, GOOD, "dup2.toml")
    _, faults = read_rulebook(sorted(tmp_path.glob("*.toml")))
    assert [str(f) for f in faults] == [
        "dup2.toml, line 2: DUP-003: the id is already used in dup.toml, line 2"
    ]


def test_own_checks_may_have_their_own_prefix(tmp_path: Path) -> None:
    own = tmp_path / "own"
    files = write(own, GOOD.replace("DUP-003", "LOCAL-001").replace('["private"]', "[]"))
    rulebook, faults = read_rulebook([], files)
    assert faults == []
    assert rulebook.checks["LOCAL-001"].own


TYPES = GOOD.replace("[DUP-003]", "[repeated]").replace("DUP-003.", "repeated.")
OF_TYPE = """
[DUP-004]
type = "repeated"
title = "Another"
confidence = 0.4
"""


def test_a_check_of_a_named_type_says_only_what_is_its_own(tmp_path: Path) -> None:
    types = TYPES.replace('"Ask the provider to credit the second charge"', '"See $id"')
    write(tmp_path, types, "types.toml")
    rulebook, faults = read_rulebook(write(tmp_path, OF_TYPE, "dup.toml"))
    assert faults == []
    assert list(rulebook.checks) == ["DUP-004"]
    check = rulebook.checks["DUP-004"]
    assert (check.title, check.confidence, check.type) == ("Another", Decimal("0.4"), "group")
    assert check.action == "See DUP-004"
    assert len(check.examples) == 3


def test_a_fault_in_what_a_type_brings_is_told_at_the_check(tmp_path: Path) -> None:
    write(tmp_path, TYPES.replace("precedence = 2", "precedence = 7"), "types.toml")
    _, faults = read_rulebook(write(tmp_path, "\n\n" + OF_TYPE, "dup.toml"))
    assert [str(fault) for fault in faults] == [
        "dup.toml, line 4: DUP-004: 'precedence' must be a whole number from 1 to 6"
    ]
