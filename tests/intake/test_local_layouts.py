"""Local layouts load by evidence of names and values, without a line of code per provider."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from comptroller.intake import create_slice_views, load
from comptroller.intake.report import FileReport
from comptroller.workspace import Workspace
from tests.intake import layout_files as files

RECEIVED = date(2026, 8, 20)


def one(workspace: Workspace, path: Path) -> FileReport:
    """Load one file and check that its counts tie."""
    (report,) = load(workspace, [path], received=RECEIVED)
    told = report.to_json()
    assert told["rows_read"] == (
        told["rows_loaded"] + told["rows_quarantined"] + told["rows_set_aside"]
    )
    assert told["cost_read"] == told["cost_loaded"] + told["cost_quarantined"]
    return report


def lines(workspace: Workspace, columns: str) -> list[tuple[object, ...]]:
    """Return some columns of the current lines."""
    con = workspace.connect()
    create_slice_views(con, workspace.warehouse)
    return con.execute(f"SELECT {columns} FROM current_lines ORDER BY ALL").fetchall()


LAYOUTS: list[tuple[str, Callable[[Path], Path], str, str, int, Decimal]] = [
    ("RX1 SLAM M02 202627.xlsx", files.titled_workbook, "PLCM", "RX1", 30, Decimal("8857.5")),
    ("rx2 income.txt", files.piped_aggregate, "ACM", "RX2", 30, Decimal("30450")),
    ("Northdale SLAM.xlsx", files.sheets_per_group, "PLCM", "RX3", 40, Decimal("5615")),
    ("rx4_patient_level.csv", files.named_months, "PLCM", "RX4", 24, Decimal("24321")),
    ("RX5 drugs QX1.csv", files.local_drugs, "DrPLCM", "RX5", 15, Decimal("10500")),
]


@pytest.mark.parametrize("case", LAYOUTS, ids=[case[0] for case in LAYOUTS])
def test_a_local_layout_loads_by_evidence(
    workspace: Workspace,
    tmp_path: Path,
    case: tuple[str, Callable[[Path], Path], str, str, int, Decimal],
) -> None:
    name, write, data_set, provider, rows, pounds = case
    report = one(workspace, write(tmp_path / name))
    told = report.to_json()
    assert (told["status"], told["data_set"], told["provider_code"]) == (
        "promoted",
        data_set,
        provider,
    ), told["messages"]
    assert (told["rows_loaded"], told["cost_loaded"]) == (rows, pounds)
    assert told["financial_year"] == "2026/27"
    (total,) = lines(workspace, "sum(activity_cost)")
    assert total == (pounds,)


def test_a_title_block_gives_what_no_column_does(workspace: Workspace, tmp_path: Path) -> None:
    report = one(workspace, files.titled_workbook(tmp_path / "slam.xlsx"))
    told = report.to_json()
    assert told["commissioner_codes"] == ["QX1"]
    assert told["cost_control"] == told["cost_read"]
    found = lines(
        workspace,
        "DISTINCT month, nhs_number_status, person_birth_month, postcode_district, tariff_code",
    )
    assert found == [(2, "valid", date(1980, 2, 1), "LS1", "AA22C")]


def test_sheets_without_lines_are_set_aside_with_the_reason(
    workspace: Workspace, tmp_path: Path
) -> None:
    told = one(workspace, files.sheets_per_group(tmp_path / "slam.xlsx")).to_json()
    status = {part["sheet"]: part["status"] for part in told["parts"]}
    assert status == {
        "Summary": "set_aside",
        "APC": "promoted",
        "OP": "promoted",
        "Notes": "set_aside",
    }
    reasons = [m["text"] for p in told["parts"] if p["sheet"] == "Summary" for m in p["messages"]]
    assert any("summary" in reason for reason in reasons)


def test_values_are_cleaned_and_every_change_is_counted(
    workspace: Workspace, tmp_path: Path
) -> None:
    told = one(workspace, files.named_months(tmp_path / "rx4.csv")).to_json()
    changes = {(item["element"], item["kind"]): item["values"] for item in told["changes"]}
    assert changes["activity_cost", "currency sign removed"] == 24
    assert changes["activity_cost", "brackets read as negative"] == 1
    assert changes["activity_start_date", "UK date read"] == 24
    assert changes["tariff_code", "case changed"] == 24
    found = lines(workspace, "DISTINCT provider_code, commissioner_code, pod_code, tariff_code")
    assert found == [("RX4", "QX1", "OPFASPCL", "WF01A")]


def test_months_come_from_the_dates_where_no_column_tells(
    workspace: Workspace, tmp_path: Path
) -> None:
    one(workspace, files.local_drugs(tmp_path / "RX5 drugs QX1.csv"))
    found = lines(workspace, "DISTINCT month, commissioner_code, pod_code")
    assert found == [(1, "QX1", "DRUG"), (2, "QX1", "DRUG")]


def test_what_is_not_sure_is_held_and_nothing_loaded(workspace: Workspace, tmp_path: Path) -> None:
    rows: list[list[object]] = [["Prov", "Comm", "Yr", "Mth", "Kind", "Thing", "X1", "X2"]]
    rows += [["RX9", "QX1", "2026/27", 1, "EL", "AA22C", 5 + n, 100 + n] for n in range(20)]
    told = one(workspace, files.write_csv(tmp_path / "strange.csv", rows)).to_json()
    assert told["status"] == "held"
    assert told["rows_loaded"] == 0
    assert told["rows_quarantined"] == 20
    assert any("cost" in message["text"] for message in told["messages"])
    assert lines(workspace, "1") == []


def summary(path: Path, money: str, title: str = "") -> Path:
    """Write sums of a provider with the plan and a heading for the pounds."""
    heads = ["Provider", "Commissioner", "Year", "Month", "POD", "TFC", "Plan £", money]
    rows: list[list[object]] = [
        ["RX9", "QX1", "2026/27", n % 3 + 1, ("EL", "DC", "NEL")[n % 3], 100 + n % 2 * 10,
         900 + n, f"{1000 + n}.50"]
        for n in range(20)
    ]  # fmt: skip
    return files.write_csv(path, [*([[title], []] if title else []), heads, *rows])


def test_a_heading_with_a_pound_sign_is_no_activity(workspace: Workspace, tmp_path: Path) -> None:
    told = one(workspace, summary(tmp_path / "RX9 ACM.csv", "Actual £")).to_json()
    found = {item["header"]: item["element"] for item in told["mapping"]}
    assert (found["Plan £"], found["Actual £"]) == ("planned_cost", "activity_cost")
    assert told["cost_loaded"] == sum(Decimal(f"{1000 + n}.50") for n in range(20))


@pytest.mark.parametrize(
    "title", ["Amberley Eye Hospital NHS Trust", "AMBERLEY HOSPITAL AND CLINICS", "Trust ICB pack"]
)
def test_words_of_a_name_are_no_code_of_a_provider(
    workspace: Workspace, tmp_path: Path, title: str
) -> None:
    told = one(workspace, summary(tmp_path / "summary.csv", "Actual Cost", title)).to_json()
    assert (told["status"], told["provider_code"]) == ("promoted", "RX9"), told["messages"]


def test_an_unknown_code_that_a_title_introduces_is_believed(
    workspace: Workspace, tmp_path: Path
) -> None:
    title = "Provider code: XYZ"
    told = one(workspace, summary(tmp_path / "summary.csv", "Actual Cost", title)).to_json()
    assert told["status"] == "held"
    assert any("says provider XYZ" in message["text"] for message in told["messages"])


@pytest.mark.parametrize(("more", "element"), [(0, "activity_unit_price"), (5, None)])
def test_of_one_each_a_price_that_is_the_cost_is_the_price_of_one(
    workspace: Workspace, tmp_path: Path, more: int, element: str | None
) -> None:
    heads = ["Provider", "Commissioner", "Year", "Month", "Patient ID", "Contact Date", "POD",
             "Activity", "Price", "Value"]  # fmt: skip
    rows: list[list[object]] = [
        ["RX9", "QX1", "2026/27", 1, f"P{n}", f"{n + 1:02d}/04/2026", "COMM", 1, 58 + n,
         58 + n + more]
        for n in range(20)
    ]  # fmt: skip
    # A balance without activity says nothing of prices.
    rows += [["RX9", "QX1", "2026/27", 1, "", "", "ADJUSTMENT", 0, 0, 12 + n] for n in range(6)]
    told = one(workspace, files.write_csv(tmp_path / "RX9.csv", [heads, *rows])).to_json()
    found = {item["header"]: item["element"] for item in told["mapping"]}
    assert (found["Price"], found["Value"]) == (element, "activity_cost")


@pytest.mark.parametrize("title", ["", "Northdale contract monitoring\n\n"])
def test_a_file_cut_in_the_middle_says_so_first(
    workspace: Workspace, tmp_path: Path, title: str
) -> None:
    head = ["Provider", "Commissioner", "POD", "HRG", "Month", "Activity", "Actual Cost"]
    rows = [head, *(["RX1", "QX1", "EL", "AA22C", 1, 1, f"{900 + n}.25"] for n in range(200))]
    whole = files.write_csv(tmp_path / "RX1 2026-27.csv", rows)
    assert one(workspace, whole).status == "promoted"
    cut = tmp_path / "RX1 2026-27 again.csv"
    text = title + "\n".join(whole.read_text(encoding="utf-8").splitlines()[:100])
    cut.write_text(text[:-12], encoding="utf-8")
    held = [m.text for m in one(workspace, cut).messages if m.text.startswith("held: ")]
    assert "stops in the middle" in held[0]
    assert "would lose" in held[1]


@pytest.mark.parametrize(
    ("money", "title", "status"),
    [
        ("Actual Cost", "Finance by month £000", "held"),
        ("Actual Cost", "All figures in thousands", "held"),
        ("Actual Cost £'000", "", "held"),
        ("Actual Cost £", "Finance by month", "promoted"),
    ],
)
def test_pounds_in_thousands_are_not_taken_for_pounds(
    workspace: Workspace, tmp_path: Path, money: str, title: str, status: str
) -> None:
    told = one(workspace, summary(tmp_path / "RX9 ACM.csv", money, title))
    assert told.status == status, told.to_json()["messages"]
    if status == "held" and money == "Actual Cost":
        assert any("not whole pounds" in message.text for message in told.messages)
