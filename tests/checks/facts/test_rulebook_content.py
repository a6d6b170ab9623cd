"""What the rulebook holds: the checks that run, each once, with basis and prior."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from comptroller.checks.compiler import compile_rules
from comptroller.checks.loader import Rulebook, read_rulebook
from comptroller.checks.schema import product_schema

CORE = """
ATT-001 003 005 007 008 011 017 023 033 038
DUP-001 002 003 004 005 006 007 009 010 011 013 015 019 024 030
DQV-001 002 004 005 006 007 008 010 011 012 013 014 015 020 021 023 025 029
PRC-017 035 036 037 038
TIM-001 002 003 004 005 012
REC-001 002 003 004 005 006 007 008 011 017 024
"""
FURTHER = """
ATT-021 028 032
DUP-023 027 032
DQV-009 022 028
PRC-049
TIM-007 011
REC-010 018 020 021
"""
THIRD = """
AED-003 008 015 017
ATT-018 019 029 030 037 040
COD-001 003 007 010 012 014
CRC-001 002 006
DEV-001 003 006 007 008 009 010
DUP-016 018 021 022 025
EBI-001 003 004 007 008 009 014 015 016 017 020 026 027 028 030
HCD-001 002 005 007 009 012 013 014 015 018
MAT-001 002 006 007 008
OPC-004 009 010 011 012 013 018 019 023 026 028 029 030 032
PRC-007 012 015 031 047 050
REC-013
SPL-001 003 017 021 023 024 030 036 037 038 039 040
UNB-001 002 004 006
"""
APPROVALS = """
DEV-015
EBI-002 005 006 010 011 012 013 018 019 021 024 025 029 031 032 033 034 035 036 039 042
HCD-003 004
PLC-001 002 003 004 005 006 007 008 009 010 011 012 013 014 015 016
PLC-017 018 019 020 021 022 023 024 025 026 027 028 029 030 031 032
"""
AGREED = """
AED-020
ATT-034
CON-001 003 004 005 008 009 010 011 015 016 017 021 022
DUP-029
HCD-032
MAT-011
NCA-001 002 003 005 007 008 009
OPC-005 033
PRC-033 034
REC-009 019
SPL-015 018 022
"""


def ids(text: str) -> set[str]:
    found = set()
    for line in text.split("\n"):
        first, *rest = line.split() or [""]
        category = first.split("-")[0]
        found |= {first, *(f"{category}-{number}" for number in rest)} - {""}
    return found


@pytest.fixture(scope="module")
def book() -> Rulebook:
    folder = Path(str(files("comptroller.checks") / "rulebook"))
    found, faults = read_rulebook(sorted(folder.glob("*.toml")))
    assert [str(fault) for fault in faults] == []
    return found


def test_every_check_that_is_promised_is_there(book: Rulebook) -> None:
    assert set(book.checks) == ids(CORE + FURTHER + THIRD + APPROVALS + AGREED)


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
