"""A file of checks tried on loaded lines: what it would find is told, and nothing is recorded."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from comptroller.workspace import Workspace
from tests.checks.test_run import OWN, line
from tests.command import Ran, run
from tests.small_economy import SmallEconomy

WIDER = OWN.replace('wrong_when = "activity_count = 0"', 'wrong_when = "activity_count < 2"')


@pytest.fixture
def ws(workspace: Workspace) -> Workspace:
    none = Decimal(0)
    lines = [line(1, activity_count=none), line(2), line(3, activity_count=Decimal(2))]
    SmallEconomy(workspace).slice("PLCM", lines)
    return workspace


def tried(ws: Workspace, file: Path, *more: str) -> dict[str, Any]:
    ran = run("check", "--try", file, "--workspace", ws.path, "--format", "json", *more)
    assert ran.code == 0, ran.err
    assert "nothing was recorded" in ran.err
    return dict(json.loads(ran.out))


def findings(ws: Workspace) -> list[dict[str, Any]]:
    return list(json.loads(run("findings", "list", "-w", ws.path, "--format", "json").out))


def refused(ws: Workspace, file: Path, *more: str) -> Ran:
    ran = run("check", "--try", file, "--workspace", ws.path, *more)
    assert ran.code in (1, 2), ran
    assert "Traceback" not in ran.err
    return ran


def test_what_a_file_would_find_is_shown_and_not_kept(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(OWN, encoding="utf-8")
    told = tried(ws, file)
    (row,) = told["checks"]
    assert (row["check_id"], row["findings"], row["new"]) == ("LOCAL-001", 1, 1)
    assert (row["net_value"], row["lines_decided"]) == ("100.00", 3)
    assert [found["net_value"] for found in told["findings"]] == ["100.00"]
    assert told["failing_examples"] == []
    assert findings(ws) == []
    assert run("results", "list", "-w", ws.path, "--format", "json").out.strip() == "[]"


def test_a_change_is_compared_with_what_is_recorded(ws: Workspace, tmp_path: Path) -> None:
    kept = ws.rules / "local.toml"
    kept.write_text(OWN, encoding="utf-8")
    assert run("check", "--checks", "LOCAL-*", "--workspace", ws.path).code == 0
    before = findings(ws)

    wider, other = tmp_path / "wider.toml", tmp_path / "other.toml"
    wider.write_text(WIDER, encoding="utf-8")
    (row,) = tried(ws, wider)["checks"]
    assert (row["findings"], row["new"], row["known"], row["gone"]) == (2, 1, 1, 0)
    other.write_text(OWN.replace('"activity_count = 0"', '"activity_count > 1"'), encoding="utf-8")
    told = tried(ws, other)
    (row,) = told["checks"]
    assert (row["findings"], row["new"], row["gone"]) == (1, 1, 1)
    assert len(told["failing_examples"]) == 1
    (row,) = tried(ws, kept)["checks"]
    assert (row["findings"], row["known"]) == (1, 1)
    assert findings(ws) == before


def test_a_check_of_the_product_can_be_tried_in_other_words(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "changed.toml"
    file.write_text(OWN.replace("LOCAL-001", "DQV-002"), encoding="utf-8")
    (row,) = tried(ws, file)["checks"]
    assert (row["title"], row["findings"]) == ("Charged without activity", 1)


def test_the_lines_and_checks_tried_can_be_chosen(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "two.toml"
    file.write_text(OWN + WIDER.replace("LOCAL-001", "LOCAL-002"), encoding="utf-8")
    assert [row["check_id"] for row in tried(ws, file)["checks"]] == ["LOCAL-001", "LOCAL-002"]
    (row,) = tried(ws, file, "--checks", "LOCAL-002", "--month", "2025/26-M01")["checks"]
    assert row["check_id"] == "LOCAL-002"
    ran = refused(ws, file, "--checks", "LOCAL-009")
    assert "LOCAL-001, LOCAL-002" in ran.err


def test_a_file_with_a_fault_is_refused_with_its_place(ws: Workspace, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(OWN.replace('"activity_count = 0"', '"activity_kount = 0"'), encoding="utf-8")
    assert "bad.toml, line 9" in refused(ws, bad).err
    bad.write_text("[LOCAL-001\n", encoding="utf-8")
    assert "not valid TOML" in refused(ws, bad).err
    bad.write_text("", encoding="utf-8")
    assert "declares no check" in refused(ws, bad).err
    assert "no such file" in refused(ws, tmp_path / "none.toml").err
    assert "no such file" in refused(ws, tmp_path).err
