"""Files of one data set in different layouts, loaded together, are read as each alone is."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from comptroller.intake import create_slice_views, load
from comptroller.workspace import Workspace
from tests.command import run
from tests.intake import layout_files as files

RECEIVED = date(2026, 5, 20)
OWN_WORDS = {
    "FINANCIAL MONTH": "Month",
    "FINANCIAL YEAR": "Fin Year",
    "ORGANISATION IDENTIFIER (CODE OF PROVIDER)": "Prov Code",
    "ORGANISATION IDENTIFIER (CODE OF COMMISSIONER)": "Purchaser",
    "NHS NUMBER": "NHS No",
    "LOCAL PATIENT IDENTIFIER (EXTENDED)": "Hospital No",
    "HOSPITAL PROVIDER SPELL NUMBER": "Spell No",
    "ACTIVITY START DATE (CONTRACT MONITORING)": "Adm Date",
    "ACTIVITY END DATE (CONTRACT MONITORING)": "Disch Date",
    "ACTIVITY TREATMENT FUNCTION CODE": "TFC",
    "POINT OF DELIVERY CODE": "POD",
    "TARIFF CODE": "HRG",
    "ACTIVITY COUNT (POINT OF DELIVERY)": "Activity",
    "TOTAL COST": "Total Cost",
}


def national(path: Path) -> Path:
    """Provider RX1, national layout: one cost unreadable, one patient named by NHS number twice."""
    rows = [files.plcm_row(n) for n in range(12)]
    rows[3][-1] = "see note"
    rows[4][6] = rows[4][5]
    return files.national_plcm(path, rows)


def own_words(path: Path) -> Path:
    """Provider RX2, fewer columns, the last first, UK dates; it numbers its patients in ten digits.

    One of its numbers has the check digit of an NHS number by chance, and one cost is unreadable.
    """
    rows = [files.plcm_row(n, provider="RX2", commissioner="QX2") for n in range(12)]
    made: list[list[Any]] = [list(reversed(OWN_WORDS.values()))]
    for number, row in enumerate(rows):
        told = dict(zip(files.PLCM_HEADERS, row, strict=True))
        told["LOCAL PATIENT IDENTIFIER (EXTENDED)"] = str(1_000_000_000 + number)
        for name in (
            "ACTIVITY START DATE (CONTRACT MONITORING)",
            "ACTIVITY END DATE (CONTRACT MONITORING)",
        ):
            told[name] = date.fromisoformat(told[name]).strftime("%d/%m/%Y")
        if number == 7:
            told["TOTAL COST"] = "tbc later"
        made.append([told[name] for name in reversed(OWN_WORDS)])
    return files.write_csv(path, made)


def content(workspace: Workspace) -> list[tuple[Any, ...]]:
    con = workspace.connect()
    create_slice_views(con, workspace.warehouse)
    return con.execute(
        "SELECT * EXCLUDE (slice_version_id, commit_id) FROM current_lines ORDER BY line_id"
    ).fetchall()


def quarantine(workspace: Workspace) -> list[tuple[Any, ...]]:
    told = json.loads(
        run("quarantine", "list", "--workspace", workspace.path, "--format", "json").out
    )
    return sorted((q["file"], q["reason"], q["column_name"]) for q in told)


def test_together_or_apart_is_the_same(workspace: Workspace, tmp_path: Path) -> None:
    sent = [national(tmp_path / "in" / "a.csv"), own_words(tmp_path / "in" / "b.csv")]
    shutil.copytree(workspace.path, tmp_path / "apart")
    apart = Workspace.open(tmp_path / "apart")
    together = [report.to_json() for report in load(workspace, sent, received=RECEIVED)]
    alone = [load(apart, [path], received=RECEIVED)[0].to_json() for path in sent]

    assert [told["status"] for told in together] == ["promoted", "promoted"]
    assert [(told["rows_loaded"], told["rows_quarantined"]) for told in together] == [(11, 1)] * 2
    assert together == alone
    assert content(workspace) == content(apart)
    assert [column for _, _, column in quarantine(workspace)] == ["TOTAL COST", "Total Cost"]
    assert quarantine(workspace) == quarantine(apart)


def test_each_table_is_corrected_by_its_own_heading(workspace: Workspace, tmp_path: Path) -> None:
    sent = [national(tmp_path / "in" / "a.csv"), own_words(tmp_path / "in" / "b.csv")]
    first, second = load(workspace, sent, received=RECEIVED)
    for report, header, wrong in (
        (first, "TOTAL COST", "see note"),
        (second, "Total Cost", "tbc later"),
    ):
        done = run(
            "quarantine", "correct", report.submission_id, "--workspace", workspace.path,
            "--column", header, "--from", wrong, "--to", "55.50", "--reason", "told by telephone",
        )  # fmt: skip
        assert done.code == 0, done
    con = workspace.connect()
    create_slice_views(con, workspace.warehouse)
    assert con.execute(
        "SELECT provider_code, count(*) FROM current_lines WHERE activity_cost = 55.5 GROUP BY 1 "
        "ORDER BY 1"
    ).fetchall() == [("RX1", 1), ("RX2", 1)]
