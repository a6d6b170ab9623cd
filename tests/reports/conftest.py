"""A small month: two providers, three months, a plan, findings, tie-outs, published activity."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from comptroller.challenges.rules import RuleNote
from comptroller.rendering import Report
from comptroller.reports import month_summary
from comptroller.workspace import Workspace
from tests.challenges.conftest import RULES, covered, finding, result
from tests.small_economy import SmallEconomy, line

D = Decimal
YEAR = "2026/27"


def load_slices(economy: SmallEconomy) -> None:
    for month in (1, 2, 3):
        received = datetime(2026, 4 + month, 20, 9, tzinfo=UTC)
        for provider, scale in (("X01", D("1000.11")), ("X02", D("400.07"))):
            lines = [line("EL", scale * month, 2), line("NEL", scale * 3, 1), line("OPFA", 50)]
            patient = [
                {**item, "local_patient_identifier": f"H{number}"}
                for number, item in enumerate(lines)
            ]
            for data_set, rows in (("ACM", lines), ("PLCM", patient)):
                economy.slice(
                    data_set,
                    rows,
                    provider=provider,
                    commissioner="QX1",
                    year=YEAR,
                    month=month,
                    received=received,
                )
    economy.slice(
        "ACM",
        [line("EL", "1200.55", 2), line("NEL", "3000.33", 1), line("OPFA", 50)],
        provider="X01",
        commissioner="QX1",
        year=YEAR,
        month=1,
        stage="post_freeze",
        received=datetime(2026, 7, 20, 9, tzinfo=UTC),
        action="replaced",
    )


def load_reference(economy: SmallEconomy, folder: Path) -> None:
    economy.reference(
        folder,
        "organisations",
        [
            {"org_code": "X01", "name": "Northmoor & Vale Hospitals", "role": "provider"},
            {"org_code": "X02", "name": "Saltmarsh Infirmary", "role": "provider"},
            {"org_code": "QX1", "name": "Northmoor Integrated Care Board", "role": "commissioner"},
        ],
    )
    economy.reference(
        folder,
        "contracts",
        [
            {
                "contract_id": f"K{code}",
                "provider_code": f"X0{code}",
                "commissioner_code": "QX1",
                "financial_year": YEAR,
            }
            for code in (1, 2)
        ],
    )
    economy.reference(
        folder,
        "plan",
        [
            {
                "contract_id": f"K{code}",
                "month": month,
                "pod_code": pod,
                "planned_activity": 2,
                "planned_cost": cost,
                "financial_year": YEAR,
                "commissioner_code": "QX1",
                "stage": "agreed",
            }
            for code, cost in ((1, "2000.25"), (2, "600.10"))
            for month in range(1, 13)
            for pod in ("EL", "NEL")
        ],
    )


def load_findings(ws: Workspace) -> None:
    started = datetime(2026, 8, 1, 9, 30)
    with ws.warehouse.commit("check", "run1", at=started) as commit:
        commit.append_rows(
            "check_runs",
            [
                {
                    "run_id": "run1",
                    "sequence": 1,
                    "started_at": started,
                    "basis": "payable",
                    "scope": "{}",
                    "rulebook_fingerprint": "rb1",
                }
            ],
        )
        commit.append_rows(
            "results",
            [
                result("ATT-001", "PLCM", 1, "failed", denominator_cost=D("4050.44")),
                result("ATT-001", "PLCM", 2, "could_not_run", reason="No practices are loaded"),
                result("DUP-003", "PLCM", 1, "passed", denominator_cost=D("4050.44")),
                result("DUP-003", "PLCM", 2, "failed", denominator_cost=D("5050.55")),
            ],
        )
        commit.append_rows(
            "coverage",
            [
                {**row, "run_id": "run1", "financial_year": YEAR, "month": at}
                for at, row in (
                    (1, covered("our_patient", "tested", "4050.44")),
                    (
                        2,
                        covered(
                            *("our_patient", "could_not_run", "5050.55"), "No practices are loaded"
                        ),
                    ),
                    (1, covered("paid_already", "tested", "4050.44")),
                    (2, covered("paid_already", "tested", "5050.55")),
                )
            ],
        )
        commit.append_rows(
            "findings",
            [
                finding(1, "ATT-001", "1000.11"),
                finding(2, "ATT-001", "12.34", cash_value=D(0), baseline_value=D("12.34")),
                finding(
                    3, "DUP-003", "99.99", question="paid_already", status="continuing", month=2
                ),
                finding(4, "DUP-003", "-40.00", question="paid_already"),
                finding(5, "DQV-001", "0", question="as_agreed", activity_cost=D("77.70")),
                finding(6, "ANO-001", "5000", net_value=D(0), cash_value=D(0)),
            ],
        )
    with ws.warehouse.commit("reconcile", "tie1", at=datetime(2026, 8, 1, 9)) as commit:
        commit.append_rows(
            "tie_outs",
            [
                {
                    "run_id": "tie1",
                    "tie": "T2",
                    "data_set": "PLCM",
                    "provider_code": provider,
                    "commissioner_code": "QX1",
                    "financial_year": YEAR,
                    "month": 1,
                    "left_name": "ACM",
                    "left_value": left,
                    "right_name": "PLCM",
                    "right_value": D("4050.44"),
                    "difference": left - D("4050.44"),
                    "status": status,
                    "reason": "",
                }
                for provider, left, status in (
                    ("X01", D("4050.44"), "ties"),
                    ("X02", D("4150.44"), "differs"),
                )
            ],
        )
        commit.append_rows(
            "tie_outs",
            [
                {
                    "run_id": "tie1",
                    "tie": "T1",
                    "provider_code": "X01",
                    "financial_year": YEAR,
                    "month": 3,
                    "status": "could_not_run",
                    "reason": "No payments are loaded",
                }
            ],
        )


@pytest.fixture(scope="package")
def month(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which everything that the summary tells of has happened; not to be changed."""
    folder = tmp_path_factory.mktemp("month")
    economy = SmallEconomy(Workspace.create(folder / "workspace", name="Test workspace"))
    load_slices(economy)
    load_reference(economy, folder / "reference")
    load_findings(economy.ws)
    return economy.ws


@pytest.fixture(scope="package")
def report(month: Workspace) -> Report:
    """Its summary."""
    return month_summary(month, rules=dict(RULES))


@pytest.fixture
def rules() -> dict[str, RuleNote]:
    return dict(RULES)
