"""What a workspace has lost is told, by verify, by backup and by whatever would need it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from comptroller.errors import ComptrollerError
from comptroller.intake import load
from comptroller.refusals import refusal_for
from comptroller.upkeep.archive import back_up
from comptroller.upkeep.verify import verify
from comptroller.workspace import Workspace
from tests.command import run
from tests.intake import layout_files as files


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one file loaded."""
    folder = tmp_path_factory.mktemp("losses")
    made = Workspace.create(folder / "workspace")
    rows = [files.plcm_row(number) for number in range(60)]
    (report,) = load(
        made, [files.national_plcm(folder / "M01 PLCM RX1.csv", rows)], received=date(2026, 5, 20)
    )
    assert report.status == "promoted"
    return made.path


@pytest.fixture
def harmed(loaded: Path, tmp_path: Path) -> Path:
    """A copy of that workspace, to be harmed."""
    shutil.copytree(loaded, tmp_path / "copy")
    return tmp_path / "copy"


def line_file(workspace: Path) -> Path:
    (file,) = (workspace / "warehouse" / "lines").rglob("*.parquet")
    return file


def swap_two_costs(workspace: Path) -> None:
    """Change lines so that their number and their pounds stay what they were."""
    file = line_file(workspace)
    con = duckdb.connect()
    con.execute(f"CREATE TABLE lines AS FROM read_parquet('{file}', hive_partitioning = false)")
    first, second = con.execute(
        "SELECT min(activity_cost), max(activity_cost) FROM lines"
    ).fetchall()[0]
    assert first != second
    con.execute(
        "UPDATE lines SET activity_cost = CASE activity_cost WHEN $1 THEN $2 ELSE $1 END "
        "WHERE activity_cost IN ($1, $2)",
        [first, second],
    )
    con.execute(f"COPY lines TO '{file}' (FORMAT parquet)")


def empty_database(workspace: Path) -> None:
    (workspace / "comptroller.db").unlink()
    sqlite3.connect(workspace / "comptroller.db").close()
    (workspace / "comptroller.db").touch()


def without_loads(workspace: Path) -> None:
    shutil.rmtree(workspace / "warehouse")
    (workspace / "warehouse").mkdir()


HARMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "costs swapped": (swap_two_costs, "it is not what was written"),
    "file gone": (lambda ws: line_file(ws).unlink(), "it is missing"),
    "file cut": (lambda ws: line_file(ws).write_bytes(b"PAR1"), "it is not what was written"),
    "table gone": (lambda ws: shutil.rmtree(ws / "warehouse" / "lines"), "lines"),
    "commits gone": (lambda ws: shutil.rmtree(ws / "warehouse" / "commits"), "commits"),
    "database gone": (lambda ws: (ws / "comptroller.db").unlink(), "comptroller.db"),
    "database empty": (empty_database, "its decisions are gone"),
    "landing gone": (lambda ws: shutil.rmtree(ws / "landing"), "landing"),
    "landed file gone": (lambda ws: next((ws / "landing").rglob("*.enc")).unlink(), "M01 PLCM RX1"),
}


def test_a_whole_workspace_ties_and_is_backed_up(loaded: Path, tmp_path: Path) -> None:
    outcomes = verify(Workspace.open(loaded))
    assert not [one for one in outcomes if one.failures]
    counted = {one.what: one.counted for one in outcomes}
    assert counted["Data files: as they were written"] >= 4
    assert counted["Tables: those that were written are there"] >= 3
    assert counted["Audit trail: each load in it is committed"] == 1
    assert back_up(Workspace.open(loaded), tmp_path / "backup.tar") > 4


@pytest.mark.parametrize("harm", HARMS)
def test_a_loss_is_told_and_never_backed_up(harmed: Path, tmp_path: Path, harm: str) -> None:
    do, told = HARMS[harm]
    do(harmed)
    opened = Workspace.open(harmed, any_state=True)
    faults = [one.example for one in verify(opened) if one.failures]
    assert any(told in fault for fault in faults), faults
    with pytest.raises(ComptrollerError, match="not whole"):
        back_up(opened, tmp_path / "backup.tar")
    assert list(tmp_path.iterdir()) == [harmed]


def test_loads_that_only_the_audit_trail_knows_are_told(harmed: Path) -> None:
    without_loads(harmed)
    faults = [one for one in verify(Workspace.open(harmed)) if one.failures]
    assert "Audit trail: each load in it is committed" in [one.what for one in faults]


@pytest.mark.parametrize("harm", ["table gone", "commits gone", "database gone", "landing gone"])
def test_no_figure_is_given_without_what_it_needs(harmed: Path, harm: str) -> None:
    do, told = HARMS[harm]
    do(harmed)
    refused = run("position", "--workspace", harmed)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.count("\n") == 1
    assert told in refused.err
    assert "backup" in refused.err


@pytest.mark.parametrize("harm", ["file gone", "file cut"])
def test_a_damaged_data_file_is_one_line(harmed: Path, harm: str) -> None:
    HARMS[harm][0](harmed)
    refused = run("position", "--workspace", harmed)
    assert refused.code == 1
    assert refused.err.count("\n") == 1
    assert "missing or damaged" in refused.err
    assert "comptroller verify" in refused.err


def test_an_empty_database_is_one_line(harmed: Path) -> None:
    empty_database(harmed)
    refused = run("layouts", "list", "--workspace", harmed)
    assert refused.code == 1
    assert refused.err.count("\n") == 1
    assert "lacks tables" in refused.err


def test_verify_goes_on_after_a_fault(harmed: Path) -> None:
    line_file(harmed).unlink()
    told = run("verify", "--workspace", harmed)
    assert told.code == 1
    assert "Traceback" not in told.err
    assert "Findings: cash and baseline = net" in told.out
    assert "it is missing" in told.out


def test_a_database_that_may_not_be_written_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "read.db"
    sqlite3.connect(file).execute("CREATE TABLE a (b)").connection.close()
    con = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    with pytest.raises(sqlite3.Error) as problem:
        con.execute("INSERT INTO a VALUES (1)")
    refusal = refusal_for(problem.value)
    assert refusal is not None
    assert "the workspace cannot be written" in str(refusal)
    assert refusal_for(ValueError("a fault of ours")) is None
