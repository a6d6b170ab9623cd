"""A whole run: from lines of a workspace to committed findings, again and again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from comptroller import reference
from comptroller.checks import Scope, run_checks
from comptroller.checks.findings import create_open_findings
from comptroller.checks.loader import RulebookError
from comptroller.errors import ComptrollerError
from comptroller.workspace import Workspace
from tests.small_economy import SmallEconomy

OWN = """
[LOCAL-001]
title = "Charged without activity"
question = "as_agreed"
precedence = 4
type = "row"
data_sets = ["PLCM"]
scope = "activity_cost > 0"
wrong_when = "activity_count = 0"
on_missing = "not_applicable"
value = "V-FULL"
confidence = 0.9
message = "{activity_cost} for {activity_count} units"
action = "Ask"
evidence = ["activity_count"]
next_review = "2030-04-01"

[[LOCAL-001.basis]]
document = "Arithmetic"
[[LOCAL-001.examples]]
wrong = { activity_cost = 1, activity_count = 0 }
[[LOCAL-001.examples]]
right = { activity_cost = 1, activity_count = 1 }
[[LOCAL-001.examples]]
missing = { activity_cost = 1 }
"""


def line(number: int, **values: Any) -> dict[str, Any]:
    return {
        "event_key": f"{number:032d}",
        "patient_key": f"p{number}",
        "pod_code": "EL",
        "activity_cost": Decimal(100 * number),
        "activity_count": Decimal(1),
        "activity_unit_price": Decimal(100 * number),
        "activity_start_date": date(2025, 4, number),
        "activity_end_date": date(2025, 4, number),
        "hospital_provider_spell_identifier": f"S{number}",
        **values,
    }


def findings(ws: Workspace, check: str = "LOCAL-001") -> list[tuple[str, str, Decimal]]:
    con = ws.connect()
    create_open_findings(con, ws.warehouse)
    return con.execute(
        "SELECT event_key[-1:], status, net_value FROM open_findings WHERE check_id = ? "
        "ORDER BY event_key",
        [check],
    ).fetchall()


@pytest.fixture
def ws(workspace: Workspace) -> Workspace:
    (workspace.rules / "local.toml").write_text(OWN, encoding="utf-8")
    return workspace


def test_new_continuing_fixed_returned(ws: Workspace) -> None:
    economy = SmallEconomy(ws)
    none = Decimal(0)
    economy.slice("PLCM", [line(1, activity_count=none), line(2, activity_count=none), line(3)])
    scope = Scope(checks="LOCAL-001")
    first = run_checks(ws, scope)
    assert (first.findings, first.fixed, first.lines) == (2, 0, 3)
    assert findings(ws) == [("1", "new", Decimal(100)), ("2", "new", Decimal(200))]

    again = run_checks(ws, scope)
    assert again.repeated
    assert again.run_id == first.run_id
    assert (again.findings, again.values) == (2, first.values)

    later = datetime(2025, 5, 25, 9, tzinfo=UTC)
    economy.slice("PLCM", [line(1, activity_count=none), line(2), line(3)], received=later)
    second = run_checks(ws, scope)
    assert (second.findings, second.fixed) == (1, 1)
    assert findings(ws) == [("1", "continuing", Decimal(100))]

    latest = datetime(2025, 5, 26, 9, tzinfo=UTC)
    economy.slice("PLCM", [line(1), line(2, activity_count=none), line(3)], received=latest)
    run_checks(ws, scope)
    assert findings(ws) == [("2", "returned", Decimal(200))]


def test_a_run_of_one_provider_leaves_the_others_findings_alone(ws: Workspace) -> None:
    economy = SmallEconomy(ws)
    economy.slice("PLCM", [line(1, activity_count=Decimal(0))], provider="RX1")
    economy.slice("PLCM", [line(2, activity_count=Decimal(0))], provider="RX2")
    run_checks(ws, Scope(checks="LOCAL-001"))
    run = run_checks(ws, Scope(provider_code="RX2", checks="LOCAL-001"))
    assert (run.lines, run.findings, run.fixed) == (1, 1, 0)
    assert [row[:2] for row in findings(ws)] == [("1", "new"), ("2", "continuing")]


def test_the_whole_rulebook_runs_without_reference_data(ws: Workspace) -> None:
    economy = SmallEconomy(ws)
    economy.slice("PLCM", [line(n) for n in range(1, 9)])
    run = run_checks(ws)
    assert run.checks >= 1
    assert run.needs_a_person
    assert not [text for text in run.could_not_run.values() if "engine refused" in text]
    # Where SUS came for one month only, what needs it runs on that month alone.
    economy.slice("SUS_APC", [line(n) for n in range(1, 9)])
    economy.slice("PLCM", [line(n) for n in range(1, 9)], month=2)
    run = run_checks(ws)
    assert not [text for text in run.could_not_run.values() if "engine refused" in text]
    con = ws.connect()
    ws.warehouse.view(con, "results", "coverage", "findings")
    limited = con.execute(
        "SELECT count(DISTINCT check_id) FROM results WHERE outcome = 'could_not_run' "
        "AND reason ILIKE '%SUS_APC%' AND month = 2"
    ).fetchall()
    assert limited[0][0] > 0
    rows = con.execute("SELECT DISTINCT outcome FROM results ORDER BY 1").fetchall()
    assert ("passed",) in rows
    assert ("could_not_run",) in rows
    told = con.execute(
        "SELECT state, cost FROM coverage WHERE question = 'as_agreed' AND data_set = 'PLCM'"
    ).fetchall()
    assert ("tested", Decimal(3600)) in told


def test_nothing_to_check_and_no_such_check_are_told(ws: Workspace) -> None:
    with pytest.raises(ComptrollerError, match="nothing to check"):
        run_checks(ws)
    with pytest.raises(ComptrollerError, match="no check is called 'XYZ-\\*'"):
        run_checks(ws, Scope(checks="XYZ-*"))


def test_a_fault_in_an_own_check_is_told_with_its_place(ws: Workspace, tmp_path: Path) -> None:
    (ws.rules / "local.toml").write_text(OWN.replace('activity_count = 0"', "read_csv('x') = 1\""))
    with pytest.raises(RulebookError, match=r"local.toml, line 9.*READ_CSV.*is not part"):
        run_checks(ws)


def test_parameters_hold_per_contract_and_date(ws: Workspace) -> None:
    text = OWN.replace('"activity_count = 0"', '"activity_count <= :p_least"')
    text = text.replace('value = "V-FULL"', 'value = "V-FULL"\nparameters = { p_least = 0 }')
    (ws.rules / "local.toml").write_text(text, encoding="utf-8")
    economy = SmallEconomy(ws)
    for month in (1, 2, 3):
        economy.slice("PLCM", [line(month)], month=month)
    scope = Scope(checks="LOCAL-001")
    assert run_checks(ws, scope).findings == 0
    (ws.rules / "parameters.toml").write_text(
        '[[override]]\ncheck = "LOCAL-001"\nparameter = "p_least"\nvalue = 1\n'
        'from = "2025-05-01"\nto = "2025-05-31"\n',
        encoding="utf-8",
    )
    run = run_checks(ws, scope)
    assert (run.findings, run.repeated) == (1, False)
    assert [row[0] for row in findings(ws)] == ["2"]


def test_a_run_of_few_checks_claims_nothing_that_others_hold(ws: Workspace) -> None:
    first = OWN.replace("LOCAL-001", "LOCAL-002").replace("precedence = 4", "precedence = 1")
    (ws.rules / "first.toml").write_text(first, encoding="utf-8")
    SmallEconomy(ws).slice("PLCM", [line(1, activity_count=Decimal(0))])
    run_checks(ws, Scope(checks="LOCAL-*"))
    assert findings(ws, "LOCAL-002")[0][2] == Decimal(100)
    assert findings(ws, "LOCAL-001")[0][2] == Decimal(0)
    run_checks(ws, Scope(checks="LOCAL-001"))
    assert findings(ws, "LOCAL-001") == [("1", "continuing", Decimal(0))]


def test_a_check_whose_policy_nobody_loaded_says_so(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "policies.csv").write_text(
        "policy_id,title,kind,check_id,procedure_codes\nP1,Ears,restricted,PLC-010,D033\n"
    )
    (tmp_path / "approvals.csv").write_text(
        "approval_id,policy_id,patient_key,provider_code,status,valid_from\n"
        "A1,P1,p1,RX1,approved,2025-04-01\n"
    )
    reference.load(ws, [tmp_path / "policies.csv", tmp_path / "approvals.csv"])
    economy = SmallEconomy(ws)
    economy.slice("PLCM", [line(1, cds_unique_identifier="C1")])
    economy.slice("SUS_APC", [line(1, cds_unique_identifier="C1", primary_procedure_code="D033")])
    run = run_checks(ws, Scope(checks="PLC-010,PLC-011"))
    assert run.could_not_run == {"PLC-011": "no row of the reference table policies names PLC-011"}
