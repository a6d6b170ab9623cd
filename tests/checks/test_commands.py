"""The doors of the room: check, results, findings, rulebook, as a user runs them."""

from __future__ import annotations

import csv
import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import typer
from typer.testing import CliRunner

from comptroller.checks import commands
from comptroller.checks.tables import FINDING_COLUMNS
from comptroller.errors import ComptrollerError
from comptroller.workspace import Workspace
from tests.checks.test_run import OWN, line
from tests.command import run
from tests.small_economy import SmallEconomy

runner = CliRunner()


@pytest.fixture
def ws(workspace: Workspace) -> Workspace:
    (workspace.rules / "local.toml").write_text(OWN, encoding="utf-8")
    economy = SmallEconomy(workspace)
    none = Decimal(0)
    lines = [
        line(1, activity_count=none, local_patient_identifier="=cmd()"),
        line(2, activity_count=none),
        line(3),
    ]
    economy.slice("PLCM", lines)
    return workspace


def in_process(app: typer.Typer, *arguments: object) -> str:
    done = runner.invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_check_then_list_then_export(ws: Workspace, tmp_path: Path) -> None:
    at = ("--workspace", ws.path)
    done = run("check", *at, "--checks", "LOCAL-*", "--format", "json")
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert (summary["findings"], summary["net_value"]) == (2, "300.00")

    rows = json.loads(in_process(commands.findings, "list", *at, "--format", "json"))
    assert list(rows[0]) == list(FINDING_COLUMNS)
    assert sorted(row["net_value"] for row in rows) == ["100.00", "200.00"]

    listed = in_process(commands.results, "list", *at, "--outcome", "failed", "--format", "json")
    (result,) = json.loads(listed)
    assert (result["failed_rows"], result["denominator_rows"]) == (2, 3)

    for name in ("f.csv", "f.parquet", "f.xlsx"):
        in_process(commands.findings, "export", tmp_path / name, *at)
    with (tmp_path / "f.csv").open(encoding="utf-8") as stream:
        exported = list(csv.DictReader(stream))
    assert list(exported[0]) == list(FINDING_COLUMNS)
    first = next(row for row in exported if row["activity_start_date"] == "2025-04-01")
    assert first["local_patient_identifier"] == "'=cmd()"
    sheet = openpyxl.load_workbook(tmp_path / "f.xlsx").active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    column = list(FINDING_COLUMNS).index("net_value") + 1
    assert sorted(sheet.cell(row, column).value for row in (2, 3)) == [100, 200]


def test_exit_code_three_when_something_could_not_run(ws: Workspace) -> None:
    done = run("check", "--workspace", ws.path)
    assert done.code == 3
    assert "could not run" in done.err
    last = f"Next: comptroller challenges export --workspace {ws.path}"
    assert done.err.splitlines()[-1] == last
    again = run("check", "--workspace", ws.path)
    assert again.code == 3
    assert "Nothing has changed since this run" in again.err
    written = run(*last.split()[2:])
    assert written.code == 0, written.err
    assert list((ws.reports / "challenges").glob("*.xlsx"))


def test_check_that_finds_nothing_says_where_to_look(ws: Workspace) -> None:
    (ws.rules / "local.toml").write_text(
        OWN.replace('activity_cost > 0"', 'activity_cost > 99999"'), encoding="utf-8"
    )
    done = run("check", "--checks", "LOCAL-001", "--workspace", ws.path)
    assert "Nothing was found. Next: comptroller results list" in done.err


@pytest.mark.parametrize(
    ("app", "arguments", "told"),
    [
        ("check", ("--engine", "spark"), "the engine 'spark' is not in this release"),
        ("check", ("--basis", "guess"), "'guess' is no basis"),
        ("check", ("--month", "May"), "month"),
        ("check", ("--checks", "NONE-*"), "no check is called"),
        ("results", ("list", "--outcome", "good"), "'good' is none of"),
        ("findings", ("list", "--basis", "foo"), "'foo' is no basis"),
        ("findings", ("export", "out.csv", "--basis", "foo"), "'foo' is no basis"),
        ("results", ("list", "--basis", "foo"), "'foo' is no basis"),
        ("findings", ("export", "out.doc"), "'.doc' is no format"),
        ("findings", ("list", "--check", "NOPE"), "no check is called 'NOPE'"),
        ("results", ("list", "--check", "NOPE"), "no check is called 'NOPE'"),
        ("rulebook", ("show", "NONE-001"), "no check is called"),
    ],
)
def test_refusals_are_told(ws: Workspace, app: str, arguments: tuple[str, ...], told: str) -> None:
    command = getattr(commands, app)
    if not isinstance(command, typer.Typer):
        typed = typer.Typer()
        typed.command()(command)
        command = typed
    done = runner.invoke(command, [*arguments, "--workspace", str(ws.path)])
    assert isinstance(done.exception, ComptrollerError)
    assert told in str(done.exception)
    assert "\n" not in str(done.exception)


def test_a_new_check_loads_and_passes_its_examples(ws: Workspace) -> None:
    at = ["--workspace", str(ws.path)]
    made = runner.invoke(commands.rulebook, ["new", "LOCAL-007", *at])
    assert made.exit_code == 0, made.output
    tested = runner.invoke(commands.rulebook, ["test", "LOCAL-007", *at, "--format", "json"])
    assert tested.exit_code == 0, tested.output
    again = runner.invoke(commands.rulebook, ["new", "LOCAL-007", *at])
    assert isinstance(again.exception, ComptrollerError)


def test_show_tells_parameters_in_force_and_whence(ws: Workspace) -> None:
    at = ["--workspace", str(ws.path)]
    runner.invoke(commands.rulebook, ["new", "LOCAL-007", *at])
    (ws.rules / "parameters.toml").write_text(
        '[[override]]\ncheck = "LOCAL-007"\nparameter = "p_limit"\nvalue = 900\n'
        'contract_id = "C1"\nfrom = "2025-10-01"\n',
        encoding="utf-8",
    )
    shown = runner.invoke(commands.rulebook, ["show", "LOCAL-007", *at])
    assert "p_limit = 900 (rules/parameters.toml, contract C1 from 2025-10-01)" in shown.output
    as_json = runner.invoke(commands.rulebook, ["show", "LOCAL-007", *at, "--format", "json"])
    overrides = json.loads(as_json.output)["parameters"]["p_limit"]["overrides"]
    assert overrides[0]["from"] == "2025-10-01"


def test_the_list_has_no_missing_field(ws: Workspace) -> None:
    at = ["--workspace", str(ws.path)]
    listed = runner.invoke(commands.rulebook, ["list", *at, "--format", "json"])
    rows = json.loads(listed.output)
    assert len(rows) > 1
    for row in rows:
        for key in ("title", "category", "question", "type", "data_sets", "value", "fingerprint"):
            assert row[key], (row["id"], key)
        assert dt.date.fromisoformat(row["next_review"])
