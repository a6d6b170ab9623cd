"""The reference commands, run as a user runs them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from comptroller.reference.commands import app
from comptroller.reference.tables import REFERENCE_TABLES
from comptroller.workspace import Workspace

Write = Callable[[str, str], Path]
MFF = "provider_code,financial_year,mff\nXX1,2026/27,1.1\n"


@pytest.fixture
def run(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("COMPTROLLER_WORKSPACE", str(ws.path))

    def _run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return _run


def test_load_says_what_became_of_each_file(run: Callable[..., Result], write: Write) -> None:
    good = write("market_forces.csv", MFF)
    bad = write("devices.csv", "device_code,category,funded_by,list_price\nD1,Stents,NHSE,dear\n")
    done = run("load", str(good), str(bad), "--format", "json")
    assert done.exit_code == 1
    reports = {report["file"]: report for report in json.loads(done.stdout)}
    assert reports["market_forces.csv"]["status"] == "loaded"
    assert reports["devices.csv"]["status"] == "refused"
    assert reports["devices.csv"]["faults"] == [
        {
            "where": "devices.csv",
            "row": 2,
            "column": "list_price",
            "what": "'dear' is not an amount",
            "remedy": "write pounds such as 1234.56",
        }
    ]
    assert "devices.csv, row 2: list_price 'dear' is not an amount" in done.stderr
    assert run("load", str(good)).exit_code == 0


def test_an_unknown_file_is_not_passed_over_in_silence(
    run: Callable[..., Result], write: Write
) -> None:
    folder = write("market_forces.csv", MFF).parent
    write("README.txt", "notes")
    assert run("load", str(folder)).exit_code == 0
    odd = write("odd.csv", "a\n1\n")
    done = run("load", str(folder))
    assert done.exit_code == 3
    assert "odd.csv: its name is that of no reference table" in done.stderr
    assert run("load", str(odd)).exit_code == 1


def test_templates_are_recognised_and_hold_nothing(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    folder = tmp_path / "templates"
    assert run("templates", str(folder)).exit_code == 0
    assert {p.stem for p in folder.iterdir()} == set(REFERENCE_TABLES)
    reports = json.loads(run("load", str(folder), "--format", "json").stdout)
    assert [(r["file"], r["table"], r["status"]) for r in reports] == [
        (f"{name}.csv", name, "empty") for name in sorted(REFERENCE_TABLES)
    ]


def test_list_and_show(run: Callable[..., Result], write: Write) -> None:
    run("load", str(write("market_forces.csv", MFF)))
    listed = {row["table"]: row for row in json.loads(run("list", "-f", "json").stdout)}
    assert list(listed) == list(REFERENCE_TABLES)
    mff = listed["market_forces"]
    assert (mff["rows"], mff["rows_of_pack"], mff["rows_loaded"]) == (206, 205, 1)
    assert mff["files"] == "market_forces.csv"
    shown = list(csv.DictReader(io.StringIO(
        run("show", "market_forces", "--code", "XX1", "-f", "csv").stdout
    )))  # fmt: skip
    assert [row["mff"] for row in shown] == ["1.10"]
    done = run("show", "organisations", "--code", "07H", "--on", "2026-04-01", "-f", "json")
    (found,) = json.loads(done.stdout)
    assert (found["state"], found["legal_body"]) == ("open", "D7T5G")
    steps = json.loads(run("show", "successions", "--on", "2014-01-01", "-f", "json").stdout)
    assert max(step["date"] for step in steps) <= "2014-01-01"
    refused = run("show", "horoscopes")
    assert refused.exit_code == 1
    assert "there is no reference table horoscopes" in str(refused.exception)
