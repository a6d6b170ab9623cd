"""Recall and precision against a key of a few rows."""

from __future__ import annotations

import csv
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from comptroller.demo import score
from comptroller.demo.faults import KEY_COLUMNS
from comptroller.demo.scoring import as_share
from comptroller.errors import ComptrollerError
from comptroller.workspace import Workspace


def write_key(folder: Path, *rows: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / "answer_key.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, KEY_COLUMNS)
        writer.writeheader()
        writer.writerows({"provider_code": "ZN1", "financial_year": "2025/26", **r} for r in rows)


def write_run(ws: Workspace, *findings: dict[str, Any], checks: tuple[str, ...] = ()) -> None:
    moment = datetime(2026, 7, 1, 12)
    with ws.warehouse.commit("check", "run-1") as commit:
        commit.append_rows(
            "check_runs", [{"run_id": "run-1", "sequence": 1, "started_at": moment, "checks": 2}]
        )
        commit.append_rows(
            "results",
            [{"run_id": "run-1", "check_id": check, "outcome": "passed"} for check in checks],
        )
        commit.append_rows(
            "findings",
            [
                {
                    "run_id": "run-1", "finding_id": f"f{number}", "status": "new",
                    "question": "paid_already", "provider_code": "ZN1", "data_set": "PLCM",
                    "financial_year": "2025/26", "gross_value": Decimal("10"), **finding,
                }
                for number, finding in enumerate(findings)
            ],
        )  # fmt: skip


def planted(fault: str, check: str = "DUP-002", **values: Any) -> dict[str, Any]:
    return {
        "fault_id": fault, "check_id": check, "variant": "plain", "expected": "flagged", **values,
    }  # fmt: skip


def test_a_found_fault_and_a_missed_one_and_a_false_alarm(workspace: Workspace) -> None:
    economy = workspace.path / "economy"
    write_key(
        economy,
        planted("DUP-002/01", local_patient_identifier="P1"),
        planted("DUP-002/02", local_patient_identifier="P2"),
    )
    write_run(
        workspace,
        {"check_id": "DUP-002", "month": 3, "local_patient_identifier": "P1"},
        {"check_id": "DUP-002", "month": 3, "local_patient_identifier": "P9"},
        checks=("DUP-002",),
    )
    result = score(workspace, economy)
    assert result.recall == Fraction(1, 2)
    assert result.precision == Fraction(1, 2)
    assert [missed["fault_id"] for missed in result.missed] == ["DUP-002/02"]
    assert [u["local_patient_identifier"] for u in result.unexplained] == ["P9"]
    assert not result.is_perfect
    assert result.grouped("question") == {"paid_already": (2, 1, 2, 1)}


def test_a_fault_of_a_group_is_found_by_any_of_its_records(workspace: Workspace) -> None:
    economy = workspace.path / "economy"
    write_key(
        economy,
        planted("DUP-002/01", local_patient_identifier="P1"),
        planted("DUP-002/01", local_patient_identifier="P2"),
    )
    write_run(
        workspace,
        {"check_id": "DUP-002", "month": 3, "local_patient_identifier": "P2"},
        checks=("DUP-002",),
    )
    assert score(workspace, economy).is_perfect


def test_a_finding_of_a_slice_answers_a_fault_of_a_line_in_it(workspace: Workspace) -> None:
    economy = workspace.path / "economy"
    write_key(
        economy,
        planted("TIM-001/01", "TIM-001", data_set="PLCM", month=5, local_patient_identifier="P1"),
    )
    write_run(workspace, {"check_id": "TIM-001", "month": 5}, checks=("TIM-001",))
    assert score(workspace, economy).is_perfect


def test_a_consequence_explains_but_need_not_be_found(workspace: Workspace) -> None:
    economy = workspace.path / "economy"
    write_key(
        economy,
        planted("DUP-002/01", "DQV-013", local_patient_identifier="P1")
        | {"variant": "consequence"},
        planted("DUP-002/01", "DUP-003", local_patient_identifier="P1")
        | {"variant": "consequence"},
    )
    write_run(
        workspace,
        {"check_id": "DQV-013", "local_patient_identifier": "P1"},
        checks=("DQV-013", "DUP-003"),
    )
    assert score(workspace, economy).is_perfect


def test_a_look_alike_that_is_flagged_spoils_precision(workspace: Workspace) -> None:
    economy = workspace.path / "economy"
    twin = planted("DUP-001/01", "DUP-001", local_patient_identifier="P1")
    write_key(economy, twin | {"variant": "look_alike", "expected": "clear"})
    write_run(
        workspace,
        {"check_id": "DUP-001", "local_patient_identifier": "P1"},
        checks=("DUP-001",),
    )
    result = score(workspace, economy)
    assert result.precision == 0
    assert result.unexplained[0]["keyed_clear"] == "DUP-001/01 look_alike"


def test_a_check_that_did_not_run_is_not_scored(workspace: Workspace) -> None:
    economy = workspace.path / "economy"
    write_key(economy, planted("EBI-001/01", "EBI-001", local_patient_identifier="P1"))
    write_run(workspace, checks=("DUP-002",))
    result = score(workspace, economy)
    assert result.is_perfect
    assert [check.check_id for check in result.checks if not check.ran] == ["EBI-001"]


def test_without_a_key_or_a_run_it_says_what_to_do(workspace: Workspace) -> None:
    with pytest.raises(ComptrollerError, match="no answer key"):
        score(workspace, workspace.path)
    write_key(workspace.path / "economy", planted("DUP-002/01"))
    with pytest.raises(ComptrollerError, match="nothing has been checked"):
        score(workspace, workspace.path / "economy")


def test_only_a_whole_share_reads_as_whole() -> None:
    assert as_share(Fraction(1)) == "1.000"
    assert as_share(Fraction(9999, 10000)) == "0.999"
