"""The commands of this room, run as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

from comptroller.workspace import Workspace
from tests.command import run
from tests.intake import layout_files as files


def test_load_show_confirm_and_decide(workspace: Workspace, tmp_path: Path) -> None:
    """A held file becomes a remembered layout, recognised again next month."""
    home = ("--workspace", workspace.path)
    rows: list[list[object]] = [["Prov", "Comm", "Yr", "Mth", "Kind", "Grp", "N", "X2"]]
    rows += [["RX9", "QX1", "2026/27", 1, "EL", "AA22C", 1, 100 + n] for n in range(20)]
    strange = files.write_csv(tmp_path / "strange.csv", rows)

    undated = run("load", strange, *home, "--received", "")
    assert undated.code == 2
    assert "--received: '' is no date" in undated.err
    ran = run("load", strange, *home, "--received", "2026-06-20", "--format", "json")
    assert ran.code == 3, ran.err
    (told,) = json.loads(ran.out)
    assert told["status"] == "held"
    name = told["submission_id"]

    shown = run("submissions", "show", name[:8], *home)
    assert shown.code == 0
    assert "held" in shown.out

    ran = run(
        "layouts",
        "confirm",
        name,
        *home,
        "--set",
        "X2=activity_cost",
        "--set",
        "Kind=pod_code",
        "--set",
        "Grp=tariff_code",
        "--set",
        "N=activity_count",
        "--data-set",
        "ACM",
        "--reason",
        "told by the trust",
        "--format",
        "json",
    )
    assert ran.code == 0, ran.err
    (told,) = json.loads(ran.out)
    assert (told["status"], told["rows_loaded"], told["cost_loaded"]) == ("promoted", 20, 2190)
    assert {item["basis"] for item in told["mapping"]} == {"saved layout"}

    rows += [["RX9", "QX1", "2026/27", 2, "EL", "AA22C", 1, 50]]
    following = files.write_csv(tmp_path / "next.csv", rows)
    ran = run("load", following, *home, "--received", "2026-07-20", "--format", "json")
    assert ran.code == 0, ran.err
    (told,) = json.loads(ran.out)
    assert [s["action"] for s in told["slices"]] == ["unchanged", "new"]

    rows[0][7] = "X3"
    drifted = files.write_csv(tmp_path / "drift.csv", rows)
    ran = run("load", drifted, *home, "--received", "2026-08-20", "--format", "json")
    assert ran.code == 3

    listed = run("layouts", "list", *home, "--format", "csv")
    assert "confirmed" in listed.out
    ran = run("submissions", "withdraw", told["submission_id"], *home)
    assert ran.code == 2
    assert "needs a reason" in ran.err
    ran = run("submissions", "withdraw", told["submission_id"], *home, "--reason", "in error")
    assert ran.code == 0
    listed = run("submissions", "list", *home, "--format", "json")
    assert sorted(row["status"] for row in json.loads(listed.out)) == [
        "held",
        "promoted",
        "withdrawn",
    ]
    assert run("verify", *home).code == 0


def test_refusals_are_one_line_and_exit_1(workspace: Workspace, tmp_path: Path) -> None:
    home = ("--workspace", workspace.path)
    missing = run("load", tmp_path / "nothing.csv", *home)
    assert missing.code == 1
    assert missing.err.count("\n") == 1
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    ran = run("load", tmp_path / "picture.csv", *home, "--format", "json")
    assert ran.code == 1
    (told,) = json.loads(ran.out)
    assert told["status"] == "refused"
    assert "picture" in told["messages"][0]["text"]


def test_a_dry_run_writes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    path = files.national_plcm(tmp_path / "a.csv", [files.plcm_row(n) for n in range(5)])
    ran = run(
        "load",
        path,
        "--workspace",
        workspace.path,
        "--dry-run",
        "--format",
        "json",
        "--received",
        "2026-06-20",
    )
    assert ran.code == 0
    assert json.loads(ran.out)[0]["rows_loaded"] == 5
    assert workspace.warehouse.commits() == []
    assert not list(workspace.landing.rglob("*.enc"))


def test_rows_that_are_no_honest_line_go_to_quarantine(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = [files.plcm_row(n) for n in range(20)]
    rows[3][-1] = "see note"
    rows[4][0] = "110"
    rows[5][4] = "?"
    rows[6][3] = "RX8"
    path = files.national_plcm(tmp_path / "a.csv", rows)
    home = ("--workspace", workspace.path)
    ran = run("load", path, *home, "--format", "json", "--received", "2026-06-20")
    assert ran.code == 3
    (told,) = json.loads(ran.out)
    assert (told["rows_read"], told["rows_loaded"], told["rows_quarantined"]) == (21, 16, 4)
    assert told["cost_read"] == told["cost_loaded"] + told["cost_quarantined"]
    words = [message["text"] for message in told["messages"]]
    assert sum(text.startswith("1 row in quarantine") for text in words) == 4
    ran = run("quarantine", "show", told["submission_id"], *home, "--format", "json")
    found = {row["row"]: (row["reason"], row["value_shown"]) for row in json.loads(ran.out)}
    assert found == {
        5: ("cost not readable", "see note"),
        6: ("month missing or unreadable", "110"),
        7: ("commissioner missing or unreadable", "?"),
        8: ("another provider's row", "RX8"),
    }
    assert run("verify", *home).code == 0


def test_what_looks_like_reference_data_is_told_its_own_command(
    workspace: Workspace, tmp_path: Path
) -> None:
    """By the name of the file, or by the headings of a table under any name; nothing else is."""
    rates: list[list[object]] = [["financial_year", "provider_code", "mff"]]
    rates += [["2026/27", f"RX{n}", f"1.0{n}"] for n in range(1, 6)]
    others: list[list[object]] = [["Colour", "Number"], ["red", 1], ["blue", 2], ["green", 3]]
    told = {}
    for name, rows in (
        ("market_forces.csv", rates),
        ("from the region.csv", [rates[0], *reversed(rates[1:])]),
        ("colours.csv", others),
    ):
        path = files.write_csv(tmp_path / name, rows)
        ran = run("load", path, "--workspace", workspace.path, "--dry-run")
        assert ran.code != 0
        told[name] = "as the reference table market_forces" in ran.err
        assert ("comptroller reference load FILE" in ran.err) == told[name]
    assert told == {"market_forces.csv": True, "from the region.csv": True, "colours.csv": False}
    loaded = run(
        *("reference", "load", tmp_path / "market_forces.csv", "--workspace", workspace.path)
    )
    assert loaded.code == 0, loaded.err


def test_a_refused_file_is_named_once(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "nul.csv"
    path.write_bytes(b"a,b\n1,\x002\n")
    ran = run("load", path, "--workspace", workspace.path)
    assert ran.code == 1
    assert "nul.csv: line 2: NUL byte" in ran.err
