"""A provider with findings of every sort, written straight into the tables that checks own."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from comptroller.challenges.rules import RuleNote
from comptroller.workspace import Workspace

D = Decimal
RUN = "run1"
STARTED = datetime(2026, 7, 1, 9, 0)
KEY = "0123456789abcdef0123456789abcdef"
NHS_NUMBER = "9434765919"

RULES = {
    "ATT-001": RuleNote(
        "ATT-001",
        title="Registered with a practice of another payer",
        question="Is this our patient?",
        category="Attribution",
        precedence=1,
        basis="Who Pays?, 2024",
        action="Credit and re-attribute",
        valuation="V-SHIFT: whole cost, moved to another payer",
        confidence=D("0.8"),
    ),
    "DUP-003": RuleNote(
        "DUP-003",
        title="Spell charged more than once",
        question="Have we paid already?",
        category="Duplicates",
        precedence=2,
        basis="Contract data requirements",
        action="Credit the second charge",
        valuation="V-KEEP1: all but the one kept",
        matching="provider_code, hospital_provider_spell_identifier",
        tolerance=D("0.01"),
        parameters="p_days = 3",
        confidence=D("0.9"),
    ),
    "ANO-001": RuleNote("ANO-001", title="Outlier", question="Was it?", is_estimate=True),
    "DQV-001": RuleNote("DQV-001", title="Code not valid", question="Was it charged as agreed?"),
}


def finding(number: int, check_id: str, gross: str, **more: Any) -> dict[str, Any]:
    value = D(gross)
    row: dict[str, Any] = {
        "run_id": RUN,
        "finding_id": f"f{number:015d}",
        "check_id": check_id,
        "category": check_id[:3],
        "question": "our_patient",
        "status": "new",
        "provider_code": "X01",
        "commissioner_code": "QX1",
        "counterparty_code": "X01",
        "data_set": "PLCM",
        "financial_year": "2026/27",
        "month": 1,
        "stage": "freeze",
        "submission_id": "s1",
        "file": "x01_m2.csv",
        "sheet": "Sheet1",
        "row": number,
        "line_id": f"l1-1-{number}",
        "event_key": KEY,
        "local_patient_identifier": f"H{number}",
        "hospital_provider_spell_identifier": f"SP{number}",
        "activity_start_date": datetime(2026, 4, number).date(),
        "pod_code": "EL",
        "tariff_code": "AB12C",
        "activity_cost": abs(value),
        "gross_value": value,
        "net_value": value,
        "in_alternative": False,
        "payment_element": "variable",
        "cash_value": value,
        "baseline_value": D(0),
        "message": f"Reason {number}",
        "evidence": json.dumps([["registered_practice_code", "A81001"]]),
        "rule_fingerprint": "fp1",
    }
    return {**row, **more}


def result(check_id: str, data_set: str, month: int, outcome: str, **more: Any) -> dict[str, Any]:
    return {
        "run_id": RUN,
        "check_id": check_id,
        "data_set": data_set,
        "provider_code": "X01",
        "financial_year": "2026/27",
        "month": month,
        "outcome": outcome,
        **more,
    }


FINDINGS = [
    finding(1, "ATT-001", "1234.56000000"),
    finding(
        *(2, "ATT-001", "0.10"),
        month=2,
        payment_element="unknown",
        cash_value=D(0),
        baseline_value=D("0.10"),
    ),
    finding(3, "DUP-003", "1234.56", net_value=D(0), cash_value=D(0), in_alternative=True),
    finding(4, "DUP-003", "99.99", evidence=json.dumps([["patient_key", KEY], ["copies", "2"]])),
    finding(5, "DUP-003", "-50.00"),
    finding(6, "ANO-001", "7777.77", net_value=D(0), cash_value=D(0)),
    finding(
        7,
        "DQV-001",
        "0",
        message=f"=cmd Patient {NHS_NUMBER[:3]} {NHS_NUMBER[3:6]} {NHS_NUMBER[6:]} key {KEY}",
        local_patient_identifier=NHS_NUMBER,
        tariff_code="=1+1",
    ),
    finding(8, "ATT-001", "500.00", status="fixed", net_value=D(0), cash_value=D(0)),
    finding(9, "ATT-001", "31.00", provider_code="X02", counterparty_code="X02"),
]
RESULTS = [
    result("ATT-001", "PLCM", 1, "failed", denominator_cost=D("9000"), denominator_rows=10),
    result("ATT-001", "PLCM", 2, "could_not_run", reason="No practices are loaded"),
    result("DUP-003", "PLCM", 1, "failed", denominator_cost=D("10000"), denominator_rows=11),
    result("DUP-003", "PLCM", 2, "passed", denominator_cost=D("5000"), denominator_rows=9),
    result("DUP-003", "DrPLCM", 1, "not_applicable", reason="No spells in this data set"),
    {**result("DUP-003", "PLCM", 1, "passed"), "provider_code": "X02"},
]


def covered(question: str, state: str, cost: str, reason: str = "") -> dict[str, Any]:
    return {
        "run_id": RUN,
        "provider_code": "X01",
        "data_set": "PLCM",
        "question": question,
        "state": state,
        "reason": reason,
        "rows": 1,
        "cost": D(cost),
    }


COVERAGE = [
    covered("paid_already", "tested", "15000"),
    covered("our_patient", "tested", "9000"),
    covered("our_patient", "could_not_run", "5000", "No practices are loaded"),
    covered("our_patient", "missing_data", "1000", "what the checks need is missing on the line"),
]


@pytest.fixture
def checked(workspace: Workspace) -> Workspace:
    """A workspace in which provider X01 has been checked."""
    received = datetime(2026, 6, 15)
    slices = [
        ("PLCM", 1, "10000.00"),
        ("PLCM", 2, "5000.00"),
        ("DrPLCM", 1, "250.50"),
        ("ACM", 1, "10250.50"),
    ]
    with workspace.warehouse.commit("load", "t", at=received) as commit:
        commit.append_rows(
            "submissions",
            [
                {
                    "submission_id": "s1",
                    "sha256": "ab" * 32,
                    "file": "x01_m2.csv",
                    "received_at": received,
                    "loaded_at": received,
                    "status": "promoted",
                    "data_sets": "PLCM",
                    "provider_codes": "X01",
                }
            ],
        )
        commit.append_rows(
            "slice_versions",
            [
                {
                    "slice_version_id": f"v{at}",
                    "content_version_id": f"v{at}",
                    "submission_id": "s1",
                    "data_set": data_set,
                    "provider_code": "X01",
                    "commissioner_code": "QX1",
                    "financial_year": "2026/27",
                    "month": month,
                    "stage": "freeze",
                    "received_at": received,
                    "sequence": at,
                    "action": "new",
                    "rows": 10,
                    "cost": D(cost),
                }
                for at, (data_set, month, cost) in enumerate(slices)
            ],
        )
    with workspace.warehouse.commit("check", RUN, at=STARTED) as commit:
        commit.append_rows(
            "check_runs",
            [
                {
                    "run_id": RUN,
                    "sequence": 1,
                    "started_at": STARTED,
                    "basis": "payable",
                    "scope": "{}",
                    "rulebook_fingerprint": "rb1",
                }
            ],
        )
        commit.append_rows("results", RESULTS)
        commit.append_rows("coverage", COVERAGE)
        commit.append_rows("findings", FINDINGS)
    return workspace


@pytest.fixture
def rules() -> dict[str, RuleNote]:
    return dict(RULES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out" / "challenges-X01.xlsx"
