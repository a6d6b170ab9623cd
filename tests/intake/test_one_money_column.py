"""Tables with one column of money: its pounds are the cost, or a person is asked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from comptroller.intake import decisions, load
from comptroller.workspace import Workspace
from tests.command import run as comptroller
from tests.intake.layout_files import write_csv
from tests.intake.test_local_layouts import one

RECEIVED = date(2026, 5, 19)
TOTAL = Decimal("46181.50")


def listing(path: Path, money: str) -> Path:
    headings = ["Provider", "Commissioner", "Year", "Month", "Discharge", "Spell ID", "POD", "Spec"]
    rows = [
        [
            *("RYR", "QNX", "2627", 1, f"{n % 20 + 1:02d}/04/2026", f"S{n:05d}"),
            *(("EL", "NEL", "DC")[n % 3], ("100", "110", "300")[n % 3]),
            f"{Decimal(1115) + n:,.2f}",
        ]
        for n in range(39)
    ]
    spent = sum(Decimal(row[-1].replace(",", "")) for row in rows)
    rows.append(["RYR", "QNX", "2627", 1, "21/04/2026", "S00099", "EL", "100", f"{TOTAL - spent}"])
    return write_csv(path, [[*headings, money], *rows, ["Total", *[""] * 7, f"{TOTAL:,.2f}"]])


def test_the_only_column_of_money_is_the_cost(workspace: Workspace, tmp_path: Path) -> None:
    (report,) = load(workspace, [listing(tmp_path / "list.csv", "Cost")], received=RECEIVED)
    told = report.to_json()
    assert told["data_set"] == "PLCM"
    assert (told["status"], told["lines_loaded"]) == ("promoted", 40)
    assert told["cost_loaded"] == told["cost_control"] == TOTAL


@pytest.mark.parametrize("heading", ["Price", "Unit Price"])
def test_a_price_alone_is_never_let_in_without_pounds(
    workspace: Workspace, tmp_path: Path, heading: str
) -> None:
    (report,) = load(workspace, [listing(tmp_path / "list.csv", heading)], received=RECEIVED)
    told = report.to_json()
    assert told["status"] == "held" or told["cost_loaded"] == TOTAL


def test_bytes_that_were_withdrawn_are_not_said_to_be_loaded(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = listing(tmp_path / "list.csv", "Cost")
    (report,) = load(workspace, [path], received=RECEIVED)
    decisions.withdraw(workspace, report.submission_id, "sent by mistake")
    again = comptroller("load", path, "--received", "2026-05-20", "-w", workspace.path)
    assert again.code == 3
    assert "nothing of it counts" in again.err
    assert f"submissions promote {report.submission_id}" in again.err


def test_a_table_of_no_known_data_set_is_confirmed_with_one(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = [["RYR", "QNX", 1, f"X{n}", n] for n in range(30)]
    path = write_csv(tmp_path / "odd.csv", [["Aa", "Bb", "Cc", "Dd", "Ee"], *rows])
    (report,) = load(workspace, [path], received=RECEIVED)
    assert report.status == "held"
    confirm = (
        "layouts",
        "confirm",
        report.submission_id,
        "--reason",
        "asked",
        "-w",
        workspace.path,
    )
    said = ("--set", "Aa=provider_code", "--set", "Bb=commissioner_code", "--set", "Cc=month")
    said += ("--set", "Ee=activity_cost", "--constant", "financial_year=2026/27")
    said += ("--set", "Dd=local_pod_code")
    unsaid = comptroller(*confirm, *said)
    assert unsaid.code == 2
    assert "--data-set ACM" in unsaid.err
    settled = comptroller(*confirm, *said, "--data-set", "ACM")
    # The layout is this provider's, though nobody knew it when the file was held.
    assert "Layout 1 (RYR ACM v1) is confirmed" in settled.err


KEYED = ["Provider Code", "Commissioner Code", "Financial Year", "Month", "POD", "HRG", "Activity",
         "Total Cost"]  # fmt: skip


def costs(cells: list[tuple[str, str]]) -> list[list[str]]:
    return [
        KEYED,
        *(["RX1", "QX1", "2026/27", "1", "EL", f"AA2{n}C", *pair] for n, pair in enumerate(cells)),
    ]


def test_a_dash_is_nil_where_no_activity_stands_beside_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    cells = [("1", "100.50"), ("-", "-"), ("0", "–"), ("", "-"), ("4", "-"), ("-", "10.25")]
    told = one(workspace, write_csv(tmp_path / "RX1.csv", costs(cells))).to_json()
    assert (told["status"], told["rows_loaded"], told["rows_quarantined"]) == ("promoted", 5, 1)
    assert told["cost_loaded"] == Decimal("110.75")
    counted = {(c["element"], c["kind"]): c["values"] for c in told["changes"]}
    assert counted["activity_cost", "dash taken as nil"] == 3
    assert counted["activity_cost", "word for missing taken as empty"] == 1
    warned = [m for m in told["messages"] if m["severity"] == "warning" and m["row"] == 6]
    assert warned  # Activity without pounds is not taken for nought.


@pytest.mark.parametrize("written", ["1234,50", "1.234,50", "£1.234,50", "-99,5"])
def test_decimal_commas_are_told_and_never_guessed(
    workspace: Workspace, tmp_path: Path, written: str
) -> None:
    rows = costs([("1", written), ("2", "99,50")])
    told = one(workspace, write_csv(tmp_path / "RX1.csv", rows, delimiter=";")).to_json()
    assert (told["status"], told["rows_loaded"]) == ("held", 0)
    assert any("decimal comma" in m["text"] for m in told["messages"]), told["messages"]
