"""The engine on a handful of lines: verdicts, findings, results, messages."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal

from comptroller.checks.compiler import compile_rules
from tests.checks.bench_lines import Bench, sample_book, sample_schema


def test_a_row_check_finds_counts_and_explains() -> None:
    bench = Bench(
        [
            {"activity_cost": Decimal("1234.5"), "activity_count": Decimal(0)},
            {"activity_cost": Decimal(10)},
            {"activity_cost": Decimal(20), "activity_count": None},
            {"activity_cost": Decimal(30), "activity_count": Decimal(0), "pod_code": "ADJUSTMENT"},
            {"activity_cost": None, "activity_count": Decimal(0)},
        ]
    )
    (finding,) = bench.run("DQV-902")
    assert finding["line_id"] == "l0001"
    assert finding["message"] == "£1,234.50 charged for 0 units on 12 May 2025"
    assert json.loads(finding["evidence"]) == [
        ["activity_cost", "1234.5"],
        ["activity_count", "0"],
        ["activity_start_date", "2025-05-12"],
        ["pod_code", "EL"],
    ]
    assert finding["gross_value"] == finding["net_value"] == Decimal("1234.5")
    assert finding["category"] == "DQV"
    assert finding["question"] == "as_agreed"
    (result,) = bench.rows("run_results")
    assert result["outcome"] == "failed"
    # In scope: the wrong one, the right one, and two of unknown verdict (count, and cost, missing).
    assert (result["denominator_rows"], result["unknown_rows"]) == (2, 2)
    assert result["denominator_cost"] == Decimal("1244.5")
    assert result["unknown_cost"] == Decimal(20)
    assert result["reason"] == "what the check needs is missing on 2 of 4 lines"


def test_outcomes_of_four_kinds() -> None:
    bench = Bench(
        [
            {"activity_cost": Decimal(10), "month": 1},
            {"activity_cost": Decimal(0), "month": 2},
            {"activity_cost": Decimal(10), "activity_count": None, "month": 3},
            {"activity_cost": Decimal(10), "activity_count": Decimal(0), "month": 4},
        ]
    )
    bench.run("DQV-90*", could_not_run={"DQV-901": "no patients today"})
    outcomes = {
        (row["check_id"], row["month"]): (row["outcome"], row["reason"])
        for row in bench.rows("run_results")
    }
    assert outcomes["DQV-902", 1] == ("passed", "")
    assert outcomes["DQV-902", 2] == ("not_applicable", "no line in scope")
    assert outcomes["DQV-902", 3][0] == "not_applicable"
    assert outcomes["DQV-902", 4][0] == "failed"
    assert outcomes["DQV-901", 1] == ("could_not_run", "no patients today")


def test_a_group_check_keeps_the_dearest_and_counts_unknown_keys() -> None:
    bench = Bench(
        [
            {"hospital_provider_spell_identifier": "S1", "activity_cost": Decimal(100)},
            {"hospital_provider_spell_identifier": "S1", "activity_cost": Decimal(300)},
            {"hospital_provider_spell_identifier": "S1", "activity_cost": Decimal(200)},
            {"hospital_provider_spell_identifier": "S2", "activity_cost": Decimal(5)},
            {"activity_cost": Decimal(7)},
        ]
    )
    found = bench.run("DUP-901")
    assert [row["line_id"] for row in found] == ["l0001", "l0003"]
    assert [row["gross_value"] for row in found] == [Decimal(100), Decimal(200)]
    assert found[0]["message"] == "Spell S1 is charged 3 times, £600.00"
    assert found[0]["related_line_ids"] == "l0002 l0003"
    assert json.loads(found[0]["evidence"])[2] == ["p_allowed", "1"]
    (result,) = bench.rows("run_results")
    assert (result["denominator_rows"], result["unknown_rows"]) == (4, 1)


def test_a_group_finding_shares_its_pounds_over_the_lines() -> None:
    day = dt.date(2025, 5, 1)
    bench = Bench(
        [
            {"patient_key": "a", "activity_start_date": day, "activity_cost": Decimal(cost)}
            for cost in (100, 80, 40)
        ]
    )
    (found,) = bench.run("PRC-901")
    assert found["line_id"] == "l0001"
    assert found["gross_value"] == found["net_value"] == Decimal(70)
    shares = {row["line_no"]: row["gross"] for row in bench.rows("shares")}
    assert sorted(shares.values()) == [Decimal(0), Decimal(0), Decimal(70)]


def test_a_total_check_finds_on_the_slice() -> None:
    bench = Bench(
        [{"activity_cost": Decimal(10)}],
        [
            {"patient_level_gap": Decimal("12.34"), "activity_cost": Decimal(100), "rows": 3},
            {"patient_level_gap": Decimal("0.90"), "month": 3},
            {"patient_level_gap": None, "month": 4},
            {"patient_level_gap": Decimal("-50"), "month": 5},
        ],
    )
    found = bench.run("REC-901")
    assert [row["month"] for row in found] == [2, 5]
    assert found[0]["line_id"] is None
    assert found[0]["message"] == "ACM says £12.34 more than the patient-level data"
    assert [row["net_value"] for row in found] == [Decimal("12.34"), Decimal(-50)]
    outcomes = {row["month"]: row["outcome"] for row in bench.rows("run_results")}
    assert outcomes == {2: "failed", 3: "passed", 4: "not_applicable", 5: "failed"}


def test_findings_keep_their_identity_when_price_and_file_change() -> None:
    line = {"event_key": "same", "activity_count": Decimal(0), "activity_cost": Decimal(10)}
    twice = {**line, "row": 50}
    first = Bench([line, twice]).run("DQV-902")
    later = Bench(
        [
            {**line, "activity_cost": Decimal(99), "line_id": "zz", "submission_id": "s2"},
            {**twice, "activity_cost": Decimal(98), "line_id": "yy", "row": 70},
        ]
    ).run("DQV-902")
    assert {row["finding_id"] for row in first} == {row["finding_id"] for row in later}
    assert len({row["finding_id"] for row in first}) == 2


def test_a_failing_check_does_not_stop_the_others() -> None:
    bench = Bench([{"activity_cost": Decimal(10), "activity_count": Decimal(0)}])
    bench.con.execute("ALTER TABLE checked DROP COLUMN hospital_provider_spell_identifier")
    bench.con.execute("ALTER TABLE checked ADD COLUMN hospital_provider_spell_identifier DATE[]")
    bench.con.execute("ALTER TABLE checked DROP COLUMN patient_key")
    found = bench.run("DQV*")
    assert bench.refusals["DQV-901"].startswith("the engine refused it")
    assert [row["check_id"] for row in found] == ["DQV-902"]


def test_a_check_needs_what_its_exclusions_need() -> None:
    book = sample_book()
    needy = {
        name: replace(exclusion, needs=("practices",))
        for name, exclusion in book.exclusions.items()
    }
    rules, faults = compile_rules(book.checks.values(), needy, sample_schema())
    assert faults == []
    excluding = {check.id for check in book.checks.values() if check.exclusions}
    assert excluding
    assert {name for name, rule in rules.items() if "practices" in rule.needs} >= excluding
