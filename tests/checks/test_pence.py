"""Findings are whole pence, so that what is printed adds up to the totals below it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from comptroller.workspace import Workspace
from tests.checks.test_run import OWN, line
from tests.command import run
from tests.small_economy import SmallEconomy

PAIRS = """
[LOCAL-002]
title = "Charged twice"
question = "paid_already"
precedence = 2
type = "group"
finding = "group"
group_by = ["local_patient_identifier"]
keep = "dearest"
data_sets = ["PLCM"]
aggregates = { lines = "count(activity_cost)" }
wrong_when = "lines > 1"
on_missing = "not_applicable"
value = "V-KEEP1"
confidence = 0.9
message = "{lines} lines"
action = "Ask"
evidence = ["lines"]
next_review = "2030-04-01"

[[LOCAL-002.basis]]
document = "Arithmetic"
[[LOCAL-002.examples]]
wrong = [
    { local_patient_identifier = "A", activity_cost = 1 },
    { local_patient_identifier = "A", activity_cost = 1 },
]
[[LOCAL-002.examples]]
right = [{ local_patient_identifier = "A", activity_cost = 1 }]
[[LOCAL-002.examples]]
missing = [{ activity_cost = 1 }, { activity_cost = 1 }]
"""
VALUES = ("gross_value", "net_value", "cash_value", "baseline_value")


def test_shares_of_a_penny_end_in_the_finding(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.rules / "local.toml").write_text(OWN + PAIRS, encoding="utf-8")
    economy = SmallEconomy(workspace)
    costs = ("109.304", "109.305", "0.004", "405581.73003828")
    lines = [
        line(n, activity_count=Decimal(0), activity_cost=Decimal(cost))
        for n, cost in enumerate(costs, 1)
    ]
    lines += [
        line(n, activity_cost=Decimal("33.315"), local_patient_identifier="A") for n in (5, 6, 7)
    ]
    economy.slice("PLCM", lines)
    contract = {
        "contract_id": "C1",
        "provider_code": "RX1",
        "commissioner_code": "QZ1",
        "financial_year": "2025/26",
    }
    terms = {"contract_id": "C1", "element": "blended", "marginal_rate": "0.333"}
    economy.reference(tmp_path, "contracts", [contract])
    economy.reference(tmp_path, "payment_terms", [terms])

    at = ("--workspace", workspace.path)
    checked = run("check", *at, "--checks", "LOCAL-*", "--format", "json")
    assert checked.code == 0, checked.err
    told = run("findings", "list", *at, "--format", "json")
    rows = json.loads(told.out)
    found = sorted(tuple(Decimal(row[name]) for name in VALUES) for row in rows)
    assert found == [
        # A cost below half a penny is no money, but the finding stands.
        (Decimal("0.00"), Decimal("0.00"), Decimal("0.00"), Decimal("0.00")),
        # Two lines of 33.32 each; cash is rounded once, from 22.19112, not twice to 11.10.
        (Decimal("66.64"), Decimal("66.64"), Decimal("22.19"), Decimal("44.45")),
        (Decimal("109.30"), Decimal("109.30"), Decimal("36.40"), Decimal("72.90")),
        (Decimal("109.31"), Decimal("109.31"), Decimal("36.40"), Decimal("72.91")),
        (
            Decimal("405581.73"),
            Decimal("405581.73"),
            Decimal("135058.72"),
            Decimal("270523.01"),
        ),
    ]
    assert all(cell == round(cell, 2) for row in found for cell in row)
    summary = json.loads(checked.out)
    for name, column in zip(VALUES, zip(*found, strict=True), strict=True):
        assert Decimal(summary[name]) == sum(column)
