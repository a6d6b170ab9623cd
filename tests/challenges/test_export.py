from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from comptroller.challenges import Options, export_workbook
from comptroller.challenges.codes import RESPONSE_CODES
from comptroller.challenges.rules import RuleNote
from comptroller.errors import ComptrollerError
from comptroller.workspace import Workspace

from .conftest import FINDINGS, KEY, NHS_NUMBER

Rules = dict[str, RuleNote]
MONEY = ("activity_cost", "gross_value", "net_value", "cash_value", "baseline_value")
TITLES = {
    "activity_cost": "Cost charged (£)",
    "gross_value": "Gross value (£)",
    "net_value": "Net value after overlap (£)",
    "cash_value": "Cash now (£)",
    "baseline_value": "Baseline only (£)",
}


def number(value: object) -> Decimal:
    assert isinstance(value, int | float)
    return Decimal(format(value, ".15g"))


def table(sheet: Worksheet, first: str) -> list[dict[str, Any]]:
    """Return the rows of the table whose first heading is `first`."""
    rows = list(sheet.iter_rows(values_only=True))
    head = next(at for at, row in enumerate(rows) if row[0] == first)
    return [dict(zip(map(str, rows[head]), row, strict=True)) for row in rows[head + 1 :]]


def claims() -> list[dict[str, Any]]:
    return [
        f
        for f in FINDINGS
        if f["provider_code"] == "X01"
        and f["status"] != "fixed"
        and f["gross_value"] >= 0
        and f["check_id"] != "ANO-001"
    ]


@pytest.fixture
def book(checked: Workspace, rules: Rules, path: Path) -> Workbook:
    export_workbook(checked, "X01", path, rules=rules)
    return openpyxl.load_workbook(path)


def test_the_summary_says_what_has_no_known_payment_terms(book: Workbook) -> None:
    told = {row[0].value: row[1].value for row in book["Summary"].iter_rows(max_col=2)}
    label = "Of the net value, without known payment terms (none of it counts as cash)"
    assert Decimal(str(told[label])) == Decimal("0.10")


def test_sheets_stand_in_reading_order(book: Workbook) -> None:
    shown = [sheet.title for sheet in book if sheet.sheet_state == "visible"]
    assert shown == [
        "Summary",
        "Log",
        "Leads",
        "Uncontested",
        "Coverage",
        "Not run",
        "Rules",
        "Data",
        "Response codes",
        "Method",
    ]


def test_the_log_has_every_claim_once_with_its_pounds(book: Workbook) -> None:
    rows = {row["Challenge reference"]: row for row in table(book["Log"], "Challenge reference")}
    expected = claims()
    assert rows.keys() == {f["finding_id"] for f in expected}
    for f in expected:
        row = rows[f["finding_id"]]
        for name in MONEY:
            assert number(row[TITLES[name]]) == f[name]
        assert row["Spell identifier"] == f["hospital_provider_spell_identifier"]
        assert row["Row in your file"] == f["row"]
        assert row["In the alternative"] == ("Yes" if f["in_alternative"] else "No")
        assert row["Activity start"].date() == f["activity_start_date"]
        assert row["Your response code"] is None


def test_totals_equal_the_findings(book: Workbook, checked: Workspace) -> None:
    rows = table(book["Summary"], "Check")
    total = next(row for row in rows if row["Check"] == "Total")
    for title, name in (
        ("Gross value (£)", "gross_value"),
        ("Net value (£)", "net_value"),
        ("Cash now (£)", "cash_value"),
        ("Baseline only (£)", "baseline_value"),
    ):
        assert number(total[title]) == sum(f[name] for f in claims())
        parts = [number(row[title]) for row in rows if row["Check"] in ("ATT-001", "DUP-003")]
        assert sum(parts) == sum(f[name] for f in claims())
    assert total["Findings"] == len(claims())
    assert total["Of them in the alternative"] == 1
    attribution = next(row for row in rows if row["Check"] == "ATT-001")
    assert attribution["Basis"] == "Who Pays?, 2024"
    assert attribution["Findings"] == 2


def test_leads_stand_apart_and_in_no_total(book: Workbook) -> None:
    leads = table(book["Leads"], "Challenge reference")
    assert [row["Challenge reference"] for row in leads] == ["f000000000000006"]
    assert "Your response code" not in leads[0]


def test_no_patient_is_named_but_by_the_providers_own_identifiers(
    book: Workbook, path: Path
) -> None:
    text = "\n".join(
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row
    )
    assert KEY not in text
    assert NHS_NUMBER not in text
    assert "943 476 5919" not in text
    assert "patient key" not in text
    rows = {row["Check"]: row for row in table(book["Log"], "Challenge reference")}
    assert rows["DQV-001"]["Local patient identifier"] == "(withheld)"
    assert rows["DUP-003"]["Evidence"] == "copies: 2"


def test_nothing_in_the_data_becomes_a_formula(book: Workbook) -> None:
    for sheet in book:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)
    rows = {row["Check"]: row for row in table(book["Log"], "Challenge reference")}
    assert rows["DQV-001"]["HRG or tariff code charged"] == "'=1+1"
    assert str(rows["DQV-001"]["Reason"]).startswith("'=cmd")


def test_undercharges_are_left_out_unless_the_lead_wants_them(
    checked: Workspace, rules: Rules, path: Path
) -> None:
    without = export_workbook(checked, "X01", path, rules=rules)
    assert without.gross == sum(f["gross_value"] for f in claims())
    text = str(list(openpyxl.load_workbook(path)["Log"].iter_rows(values_only=True)))
    assert "f000000000000005" not in text
    with_them = export_workbook(checked, "X01", path, Options(True), rules=rules)
    assert with_them.findings == without.findings + 1
    assert with_them.gross == without.gross - 50


def test_responses_are_chosen_from_the_codes(book: Workbook) -> None:
    log = book["Log"]
    head = next(row for row in log.iter_rows() if row[0].value == "Challenge reference")
    answer = next(cell for cell in head if cell.value == "Your response code")
    rules = {str(rule.sqref).split(":")[0]: rule for rule in log.data_validations.dataValidation}
    rule = rules[f"{answer.column_letter}{answer.row + 1}"]
    assert rule.type == "list"
    hidden = book[str(rule.formula1).split("'")[1]]
    choices = [str(row[0]) for row in hidden.iter_rows(values_only=True)]
    assert [choice.split(" ")[0] for choice in choices] == [code.code for code in RESPONSE_CODES]
    assert choices[0] == "A1 – Accept, credit in next period"
    assert {rule.type for rule in rules.values()} == {"list", "decimal", "date"}
    assert log.freeze_panes == f"D{answer.row + 1}"
    assert log.auto_filter.ref
    codes = table(book["Response codes"], "Code")
    assert [row["Code"] for row in codes] == [code.code for code in RESPONSE_CODES]


def test_what_could_not_run_is_said_first(book: Workbook) -> None:
    rows = table(book["Not run"], "Outcome")
    never_asked = "no data set that it looks at was received, or no run has asked it yet"
    assert [(r["Outcome"], r["Check"], r["Months"], r["Why"]) for r in rows] == [
        ("Could not run", "ATT-001", "2026/27 M2", "No practices are loaded"),
        *(("Could not run", check, "", never_asked) for check in ("ANO-001", "DQV-001")),
        ("Not applicable", "DUP-003", "2026/27 M1", "No spells in this data set"),
    ]


def test_coverage_says_pounds_tested_and_why_not(book: Workbook) -> None:
    rows = {(r["Question"], r["Data set"]): r for r in table(book["Coverage"], "Question")}
    ours = rows[("Is this our patient?", "PLCM")]
    assert number(ours["Charged (£)"]) == 15000
    assert number(ours["Tested (£)"]) == 9000
    assert number(ours["Not tested (£)"]) == 6000
    assert number(ours["Could not run (£)"]) == 5000
    assert ours["Why not"] == (
        "No practices are loaded; what the checks need is missing on the line"
    )
    paid = rows[("Have we paid already?", "PLCM")]
    assert number(paid["Tested (£)"]) == 15000


def test_the_uncontested_amount_is_charged_less_net(book: Workbook) -> None:
    rows = table(book["Uncontested"], "Data set")
    by = {(r["Data set"], r["Month (1 = April)"]): r for r in rows}
    first = by[("PLCM", 1)]
    net = sum(f["net_value"] for f in claims() if f["month"] == 1)
    assert number(first["Contested, net (£)"]) == net
    assert number(first["Uncontested (£)"]) == Decimal(10000) - net
    total = by[("Patient level together", None)]
    assert number(total["Charged (£)"]) == Decimal("15250.50")
    assert number(total["Uncontested (£)"]) == Decimal("15250.50") - sum(
        f["net_value"] for f in claims()
    )


def test_rules_and_data_are_named(book: Workbook) -> None:
    rules = {row["Check"]: row for row in table(book["Rules"], "Check")}
    assert rules["DUP-003"]["Parameters"] == "p_days = 3"
    assert number(rules["DUP-003"]["Tolerance (£)"]) == Decimal("0.01")
    data = table(book["Data"], "Submission")
    assert data[0]["File"] == "x01_m2.csv"
    assert data[0]["Findings in the log"] == len(claims())
    method = {row[0] for row in book["Method"].iter_rows(values_only=True)}
    assert {"Matching", "Net value", "In the alternative", "Cash now and baseline only"} <= method


def test_the_same_run_gives_the_same_bytes(
    checked: Workspace, rules: Rules, tmp_path: Path
) -> None:
    export_workbook(checked, "X01", tmp_path / "a.xlsx", rules=rules)
    export_workbook(checked, "X01", tmp_path / "b.xlsx", rules=rules)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_provider_without_findings_gets_a_workbook_that_says_so(
    checked: Workspace, rules: Rules, path: Path
) -> None:
    checked_rules = {**rules, "ATT-001": RuleNote("ATT-001", is_estimate=True)}
    done = export_workbook(checked, "X02", path, rules=checked_rules)
    assert done.findings == 0
    words = [row[0] for row in openpyxl.load_workbook(path)["Log"].iter_rows(values_only=True)]
    assert "No findings." in words


def test_refusals_name_the_remedy(checked: Workspace, rules: Rules, path: Path) -> None:
    with pytest.raises(ComptrollerError, match=r"did not look at provider X99.*X01, X02"):
        export_workbook(checked, "X99", path, rules=rules)
    assert not path.exists()


def test_without_a_check_run_there_is_nothing_to_challenge(
    workspace: Workspace, rules: Rules, path: Path
) -> None:
    with pytest.raises(ComptrollerError, match="Run: comptroller check"):
        export_workbook(workspace, "X01", path, rules=rules)


def test_the_export_is_audited(checked: Workspace, rules: Rules, path: Path) -> None:
    export_workbook(checked, "X01", path, rules=rules)
    from comptroller.access.models import AuditEntry

    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.subject) == ("challenges.export", "X01")
    assert entry.detail["file"] == "challenges-X01.xlsx"
