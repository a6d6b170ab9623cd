from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader

from comptroller.calendar import FinancialMonth
from comptroller.challenges.rules import RuleNote
from comptroller.errors import ComptrollerError
from comptroller.position import position
from comptroller.rendering import (
    Chart,
    Notice,
    Report,
    Suppressed,
    Table,
    Tiles,
    format_value,
    render_html,
    render_pdf,
    render_workbook,
)
from comptroller.reports import month_summary
from comptroller.workspace import Workspace
from tests.small_economy import SmallEconomy, line

Rules = dict[str, RuleNote]
D = Decimal


def tables(report: Report) -> dict[str, Table]:
    return {table.name: table for table in report.tables()}


def tiles(report: Report) -> dict[str, Any]:
    return {
        tile.label: tile.value
        for _, block in report.blocks()
        if isinstance(block, Tiles)
        for tile in block.tiles
    }


def cells(table: Table) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def test_the_headlines_are_those_of_position_and_findings(report: Report, month: Workspace) -> None:
    found = position(month, by=("provider",), period="year_to_date", year="2026/27")
    shown = tiles(report)
    assert shown["Actual cost, year to date"] == found.total("actual_cost")
    assert shown["Plan"] == found.total("planned_cost")
    assert shown["Actual less plan"] == found.total("variance_cost")
    assert shown["Cash now"] == D("1100.10")
    assert shown["Baseline only"] == D("12.34")
    assert shown["Net value of findings"] == D("1112.44")
    assert shown["Undercharges"] == D("-40.00")
    assert shown["Totals that tie"] == "1 of 2"
    assert shown["Checks that could not run"] == 1
    assert report.subtitle == "Test workspace: 2026/27 to June 2026"


def test_the_position_tables_equal_position(report: Report, month: Workspace) -> None:
    for name, by, key in (
        ("Position by provider", "provider", "provider_code"),
        ("Position by POD group", "pod_group", "pod_group"),
        ("Position by payer", "payer", "payer_code"),
    ):
        found = position(month, by=(by,), period="year_to_date", year="2026/27").as_dicts()
        rows = cells(tables(report)[name])
        assert len(rows) == len(found)
        for row, expected in zip(rows, found, strict=True):
            first = next(iter(row.values()))
            assert str(first).startswith(expected[key])
            for measure in ("actual_cost", "planned_cost", "variance_cost", "actual_activity"):
                assert row[measure] == expected[measure]
    assert "Northmoor & Vale Hospitals" in str(tables(report)["Position by provider"].rows[0][0])


def test_the_trend_is_the_monthly_position(report: Report, month: Workspace) -> None:
    found = position(month, by=("month",), year="2026/27").as_dicts()
    trend = tables(report)["Actual and plan by month"]
    assert [row[0] for row in trend.rows] == ["M1 Apr", "M2 May", "M3 Jun"]
    assert [row[1] for row in trend.rows] == [row["actual_cost"] for row in found]
    assert [row[2] for row in trend.rows] == [row["planned_cost"] for row in found]


def test_what_changed_names_the_restatement_after_freeze(report: Report) -> None:
    restated = cells(tables(report)["Largest restatements"])
    assert len(restated) == 1
    assert restated[0]["stage"] == "post_freeze"
    assert restated[0]["change_cost"] == D("4250.88") - D("4050.44")
    waterfall = tables(report)["Movement of ACM in the slices that changed"]
    steps = dict(waterfall.rows)
    assert steps["Cost now"] == sum(
        (v for k, v in steps.items() if k != "Cost now" and isinstance(v, Decimal)), D(0)
    )


def test_findings_stand_by_question_and_check_with_cash_first(report: Report) -> None:
    by_check = {row["check_id"]: row for row in cells(tables(report)["Findings by check"])}
    assert list(by_check) == ["ATT-001", "DUP-003", "DQV-001"]
    assert by_check["ATT-001"]["cash"] == D("1000.11")
    assert by_check["DUP-003"]["new"] == 0
    by_question = cells(tables(report)["Findings by question"])
    assert [row["what"] for row in by_question] == [
        "Is this our patient?",
        "Have we paid already?",
        "Was it charged as agreed?",
    ]
    apart = {row["what"]: row for row in cells(tables(report)["Apart from claims"])}
    assert apart["Undercharges, in the providers' favour"]["gross"] == D("-40")
    assert apart["Statistical leads: no claim, in no total above"]["gross"] == D(5000)


def test_silence_is_told_as_loudly_as_failure(report: Report) -> None:
    rows = cells(tables(report)["Could not run"])
    assert [(row["check_id"], row["why"], row["months"]) for row in rows] == [
        ("ATT-001", "No practices are loaded", "2026/27 M2")
    ]
    warnings = [b.text for _, b in report.blocks() if isinstance(b, Notice) and b.kind == "warning"]
    assert any("1 check could not run" in text for text in warnings)
    covered = {(r["question"], r["data_set"]): r for r in cells(tables(report)["Coverage"])}
    ours = covered[("Is this our patient?", "PLCM")]
    assert ours["untested"] == ours["charged"] - D("4050.44")
    assert "No practices are loaded" in ours["reasons"]


def test_tie_outs_are_counted_and_differences_listed(report: Report) -> None:
    rows = {(row["tie"], row["status"]): row for row in cells(tables(report)["Ties"])}
    assert rows[("T2", "Differs")]["difference"] == D(100)
    assert rows[("T1", "Could not run")]["reason"] == "No payments are loaded"
    differs = cells(tables(report)["Differences"])
    assert [row["provider"] for row in differs] == ["X02 Saltmarsh Infirmary"]


def test_all_three_forms_say_every_number(report: Report, tmp_path: Path) -> None:
    render_workbook(report, tmp_path / "r.xlsx")
    render_pdf(report, tmp_path / "r.pdf")
    page = render_html(report)
    pdf = "\n".join(p.extract_text() for p in PdfReader(tmp_path / "r.pdf").pages)
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    written = {
        Decimal(format(cell, ".15g"))
        for sheet in book
        for row in sheet.iter_rows(values_only=True)
        for cell in row
        if isinstance(cell, int | float)
    }
    count = 0
    for table in report.tables():
        for row in (*table.rows, *([table.total_row] if table.total_row else [])):
            for value, column in zip(row, table.columns, strict=True):
                if isinstance(value, str | Suppressed) or value is None:
                    continue
                words = format_value(value, column.kind)
                assert words in page
                assert words in pdf
                assert not isinstance(value, int | Decimal) or Decimal(value) in written
                count += 1
    assert count > 100


def test_charts_are_described_and_in_pounds(report: Report) -> None:
    charts = [block.spec for _, block in report.blocks() if isinstance(block, Chart)]
    assert len(charts) >= 4
    for spec in charts:
        assert "£" in spec.alt
        assert "£" in spec.y_title


def test_the_same_workspace_gives_the_same_files(
    month: Workspace, rules: Rules, tmp_path: Path
) -> None:
    for name in ("a.pdf", "b.pdf"):
        render_pdf(month_summary(month, rules=rules), tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_an_earlier_month_sums_up_to_it(month: Workspace, rules: Rules) -> None:
    report = month_summary(month, FinancialMonth.parse("2026/27-M01"), rules=rules)
    found = position(month, by=("provider",), month=FinancialMonth.parse("2026/27-M01")).total(
        "actual_cost"
    )
    assert tiles(report)["Actual cost, year to date"] == found


def test_every_section_is_of_the_months_up_to_the_month(
    month: Workspace, rules: Rules, report: Report
) -> None:
    early = month_summary(month, FinancialMonth.parse("2026/27-M01"), rules=rules)
    told, whole = tables(early), tables(report)
    assert [row["check_id"] for row in cells(told["Findings by check"])] == ["ATT-001", "DQV-001"]
    assert tiles(early)["Checks that could not run"] == 0
    assert not told["Could not run"].rows
    covered = {row["question"]: row for row in cells(told["Coverage"])}
    assert {row["charged"] for row in covered.values()} == {D("4050.44")}
    assert not any(row["untested"] for row in covered.values())
    assert {row["tie"] for row in cells(told["Ties"])} == {"T2"}
    slices = [sum(row[3] for row in t["Movement by stage"].rows) for t in (told, whole)]
    assert slices == [1, 5]
    words = render_html(early)
    assert "5 files were received that carry months of 2026/27 M1," in words
    assert "13 files were received that carry months of 2026/27 M1 to M3," in render_html(report)
    assert "of 2026/27 M1 as every section of this report" in words


def test_one_file_alone_gives_a_summary_that_says_what_is_missing(workspace: Workspace) -> None:
    economy = SmallEconomy(workspace)
    economy.slice("PLCM", [line("EL", "100.10")], provider="X01", year="2026/27", month=2)
    report = month_summary(economy.ws)
    assert tiles(report)["Actual cost, year to date"] == D("100.10")
    assert tiles(report)["Plan"] is None
    words = " ".join(b.text for _, b in report.blocks() if isinstance(b, Notice))
    assert "Nothing has been checked yet" in words
    assert "No plan is loaded" in words
    assert "Nothing has been reconciled yet" in words
    assert render_html(report)


def test_a_workspace_without_data_is_told_what_to_do(workspace: Workspace) -> None:
    with pytest.raises(ComptrollerError, match="comptroller load"):
        month_summary(workspace)


def test_a_month_without_data_is_refused(month: Workspace, rules: Rules) -> None:
    with pytest.raises(ComptrollerError, match="2026/27-M01"):
        month_summary(month, FinancialMonth.parse("2024/25-M03"), rules=rules)
