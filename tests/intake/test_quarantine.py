"""Quarantine through the commands: listed, shown, corrected by rule and by hand, withdrawn."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from comptroller.errors import ComptrollerError, UsageError
from comptroller.intake import create_slice_views, decisions, load, quarantine
from comptroller.intake.confirming import Changes, confirm_submission
from comptroller.intake.quarantine import Ask
from comptroller.workspace import Workspace
from tests.command import run
from tests.intake import layout_files as files

MONTH, COST, COMMISSIONER, PROVIDER = 0, -1, 4, 3
MONTH_HEADER = files.PLCM_HEADERS[MONTH]
COST_HEADER = files.PLCM_HEADERS[COST]
COMMISSIONER_HEADER = files.PLCM_HEADERS[COMMISSIONER]


def faulty(first: int = 0, count: int = 20) -> list[list[Any]]:
    """Return rows of which four are no honest lines; two have the same unreadable month."""
    rows = [files.plcm_row(first + n) for n in range(count)]
    rows[3][MONTH] = rows[4][MONTH] = "first one"
    rows[4][COMMISSIONER] = "?"
    rows[5][COST] = "see note"
    rows[6][COST] = ""
    return rows


def sent(workspace: Workspace, path: Path, rows: list[list[Any]], day: date) -> dict[str, Any]:
    (report,) = load(workspace, [files.national_plcm(path, rows)], received=day)
    return report.to_json()


def lines(workspace: Workspace) -> dict[int, tuple[Any, ...]]:
    """Return the current lines by row: month, commissioner, cost."""
    con = workspace.connect()
    create_slice_views(con, workspace.warehouse)
    return {
        row[0]: row[1:]
        for row in con.execute(
            "SELECT row, month, commissioner_code, activity_cost FROM current_lines"
        ).fetchall()
    }


def test_from_quarantine_to_lines_and_back(workspace: Workspace, tmp_path: Path) -> None:
    home = ("--workspace", workspace.path)
    told = sent(workspace, tmp_path / "a.csv", faulty(), date(2026, 5, 20))
    name = told["submission_id"]
    assert (told["rows_loaded"], told["rows_quarantined"]) == (16, 4)

    listed = json.loads(run("quarantine", "list", *home, "--format", "json").out)
    assert {(row["reason"], row["column_name"], row["rows"]) for row in listed} == {
        ("month missing or unreadable", MONTH_HEADER, 1),
        ("commissioner missing or unreadable", COMMISSIONER_HEADER, 1),
        ("cost not readable", COST_HEADER, 1),
        ("cost missing", COST_HEADER, 1),
    }
    for filters, count in (
        (("--provider", "RX1"), 4),
        (("--provider", "RX2"), 0),
        (("--reason", "COST"), 2),
        (("--submission", name[:9]), 4),
    ):
        ran = run("quarantine", "list", *home, *filters, "--format", "json")
        assert len(json.loads(ran.out)) == count, filters
    shown = json.loads(run("quarantine", "show", name, *home, "--format", "json").out)
    assert [(row["row"], row["value_shown"]) for row in shown] == [
        (5, "first one"),
        (6, "?"),
        (7, "see note"),
        (8, None),
    ]

    # Tried first: nothing is kept.
    by_rule = ("quarantine", "correct", name, *home, "--column", MONTH_HEADER)
    by_rule = (*by_rule, "--from", "first one", "--to", "1")
    ran = run(*by_rule, "--dry-run", "--format", "json")
    assert ran.code == 0, ran.err
    tried = {row["what"]: (row["now"], row["corrected"]) for row in json.loads(ran.out)}
    assert tried["rows_quarantined"] == (4, 3)
    assert tried["rows_loaded"] == (16, 17)
    assert tried["values_corrected"] == (0, 1)
    assert len(lines(workspace)) == 16
    assert quarantine.list_corrections(workspace) == []

    # The commissioner hides a second fault of its row: the month's rule mends that one too.
    ran = run(*by_rule, "--reason", "told by the trust", "--format", "json")
    assert ran.code == 3, ran.err
    (told,) = json.loads(ran.out)
    assert (told["rows_loaded"], told["rows_quarantined"]) == (17, 3)
    assert told["cost_read"] == told["cost_loaded"] + told["cost_quarantined"]
    ask = Ask(COMMISSIONER_HEADER, "qx1", "?")
    outcome = quarantine.correct(workspace, name, ask, "one commissioner only")
    assert outcome.values == 1
    mended = outcome.report.to_json()
    assert (mended["rows_loaded"], mended["rows_quarantined"]) == (18, 2)
    assert {
        (item["element"], item["values"])
        for item in mended["changes"]
        if item["kind"] == "corrected by decision"
    } == {("month", 2), ("commissioner_code", 1)}

    # By hand, and an empty cell by rule; the element's name will do for the column.
    by_hand = Ask("activity_cost", "£1,500.25", row=7)
    assert quarantine.correct(workspace, name, by_hand, "invoice 17").values == 1
    empty = Ask(COST_HEADER, "0", "")
    last = quarantine.correct(workspace, name, empty, "no charge").report
    assert last.to_json()["rows_quarantined"] == 0
    assert not last.needs_a_person
    found = lines(workspace)
    assert len(found) == 20
    assert found[6][:2] == (1, "QX1")
    assert [str(found[row][2]) for row in (7, 8)] == ["1500.25000000", "0E-8"]
    assert run("quarantine", "list", *home, "--format", "json").out.strip() == "[]"
    assert run("verify", *home).code == 0

    # The bytes are the ones that came, and the same file again is the same submission.
    (again,) = load(workspace, [tmp_path / "a.csv"], received=date(2026, 5, 21))
    assert again.status == "duplicate"

    # Withdrawn, the row goes back; who decided what stays on record.
    made = quarantine.list_corrections(workspace)
    assert [row[1] for row in made] == ["in force"] * 4
    hand = next(row[0] for row in made if row[6] == 7)
    ran = run("quarantine", "withdraw", hand, *home, "--reason", "wrong row", "--format", "json")
    assert ran.code == 3, ran.err
    (told,) = json.loads(ran.out)
    assert (told["rows_loaded"], told["rows_quarantined"]) == (19, 1)
    assert 7 not in lines(workspace)
    listed = json.loads(run("quarantine", "corrections", *home, "--format", "json").out)
    assert [row["status"] for row in listed].count("withdrawn") == 1
    from comptroller.access.models import AuditEntry

    actions = list(AuditEntry.objects.values_list("action", flat=True))
    assert actions.count("quarantine.correct") == 4
    assert actions.count("quarantine.withdraw") == 1
    assert run("verify", *home).code == 0


def test_the_same_again_changes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    name = sent(workspace, tmp_path / "a.csv", faulty(), date(2026, 5, 20))["submission_id"]
    ask = Ask(MONTH_HEADER, "1", "first one")
    first = quarantine.correct(workspace, name, ask, "why")
    commits = len(workspace.warehouse.commits("load"))
    second = quarantine.correct(workspace, name, ask, "why")
    assert second.correction == first.correction
    assert len(workspace.warehouse.commits("load")) == commits
    # Decided otherwise, the earlier decision steps back.
    third = quarantine.correct(workspace, name, Ask(MONTH_HEADER, "2", "first one"), "why")
    assert [row[1] for row in quarantine.list_corrections(workspace)] == ["superseded", "in force"]
    assert lines(workspace)[5][0] == 2
    assert third.values == 1


def test_killed_between_decision_and_reading_it_completes(
    workspace: Workspace, tmp_path: Path
) -> None:
    name = sent(workspace, tmp_path / "a.csv", faulty(), date(2026, 5, 20))["submission_id"]
    command = ("quarantine", "correct", name, "--workspace", workspace.path, "--reason", "why")
    command = (*command, "--column", MONTH_HEADER, "--from", "first one", "--to", "1")
    assert run(*command, COMPTROLLER_FAILPOINT="quarantine.after_decision").code < 0
    assert len(lines(workspace)) == 16
    assert run("verify", "--workspace", workspace.path).code == 0
    assert run(*command).code == 3
    assert len(lines(workspace)) == 17
    assert len(quarantine.list_corrections(workspace)) == 1


def test_a_rule_kept_for_the_provider(workspace: Workspace, tmp_path: Path) -> None:
    """It mends the provider's next file as it is loaded, and nobody else's."""
    name = sent(workspace, tmp_path / "a.csv", faulty(), date(2026, 5, 20))["submission_id"]
    ask = Ask(MONTH_HEADER, "1", "first one", for_provider=True)
    made = quarantine.correct(workspace, name, ask, "their system writes it so").correction
    following = faulty(count=22)
    following[4][COMMISSIONER] = "QX1"
    told = sent(workspace, tmp_path / "b.csv", following, date(2026, 6, 20))
    assert (told["rows_loaded"], told["rows_quarantined"]) == (20, 2)
    others = [[*row[:PROVIDER], "RX2", *row[PROVIDER + 1 :]] for row in faulty(100)]
    told = sent(workspace, tmp_path / "c.csv", others, date(2026, 6, 20))
    assert told["rows_quarantined"] == 4
    reports, kept = quarantine.withdraw(workspace, str(made.id), "they have mended it")
    assert [(r.file, r.to_json()["rows_quarantined"]) for r in reports] == [("b.csv", 4)]
    # The first file would come after the one that replaced it: it stays as it is, and is told.
    assert len(kept) == 1
    assert "a.csv" in kept[0]
    assert "older than what it would replace" in kept[0]


def test_a_rule_of_one_file_goes_before_the_providers(workspace: Workspace, tmp_path: Path) -> None:
    name = sent(workspace, tmp_path / "a.csv", faulty(), date(2026, 5, 20))["submission_id"]
    own = quarantine.correct(workspace, name, Ask(MONTH_HEADER, "1", "first one"), "why").correction
    shared = Ask(MONTH_HEADER, "2", "first one", for_provider=True)
    with pytest.raises(ComptrollerError, match=f"correction {own.id} .* goes before"):
        quarantine.correct(workspace, name, shared, "their system writes it so")
    following = sent(workspace, tmp_path / "b.csv", faulty(count=21), date(2026, 6, 20))
    quarantine.correct(workspace, following["submission_id"], shared, "their system writes it so")
    listed = [
        dict(zip(quarantine.CORRECTION_COLUMNS, row, strict=True))
        for row in quarantine.list_corrections(workspace)
    ]
    assert [row["gives_way_to"] for row in listed] == [None, f"{own.id} ({name})"]


def test_what_came_after_the_freeze_is_not_paid_and_that_is_told(
    workspace: Workspace, tmp_path: Path
) -> None:
    home = ("--workspace", workspace.path)
    name = sent(workspace, tmp_path / "a.csv", faulty(), date(2026, 11, 20))["submission_id"]
    given = ("--column", MONTH_HEADER, "--from", "first one", "--to", "1")
    for more in (("--dry-run",), ("--reason", "told by phone")):
        ran = run("quarantine", "correct", name, *given, *more, *home)
        assert "2026/27-M01: received after the freeze" in ran.err
    con = workspace.connect()
    create_slice_views(con, workspace.warehouse)
    counts = "SELECT (SELECT count(*) FROM payable_lines), (SELECT count(*) FROM current_lines)"
    assert con.execute(counts).fetchone() == (16, 17)
    listed = run("quarantine", "list", *home, "--format", "csv").out.splitlines()
    assert listed[0].endswith("rows,lines,cost")
    assert not [row for row in listed[1:] if len(row.rpartition(".")[2]) != 2]


def test_most_pounds_in_few_rows_hold_the_file(workspace: Workspace, tmp_path: Path) -> None:
    rows = faulty()
    rows[3][COST] = "9000000"
    told = sent(workspace, tmp_path / "a.csv", rows, date(2026, 5, 20))
    assert told["status"] == "held"
    (why,) = [m["text"] for m in told["messages"] if m["severity"] == "error"]
    assert "in 4 rows that cannot be read as lines" in why
    assert "month missing or unreadable" in why
    assert "submissions promote" in told["remedy"]
    decisions.promote(workspace, told["submission_id"], "their old debt")
    assert len(lines(workspace)) == 16
    quarantine.correct(workspace, told["submission_id"], Ask(COST_HEADER, "10", "see note"), "why")
    assert len(lines(workspace)) == 17


def test_what_has_no_line_cannot_be_promoted_and_is_not_offered(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = [files.plcm_row(n) for n in range(12)]
    for row in rows:
        row[COMMISSIONER] = "??"
    told = sent(workspace, tmp_path / "a.csv", rows, date(2026, 5, 20))
    assert told["status"] == "held"
    assert "submissions promote" not in told["remedy"]
    with pytest.raises(ComptrollerError, match="12 of 12 rows cannot be read as lines"):
        decisions.promote(workspace, told["submission_id"], "let it in")


def test_only_values_in_quarantine_are_touched(workspace: Workspace, tmp_path: Path) -> None:
    """An empty month that a date tells is no fault, and a rule for empty months leaves it."""
    rows = [files.plcm_row(n, month=2) for n in range(10)]
    for row in rows[:4]:
        row[MONTH] = ""
    rows[1][10] = rows[1][11] = ""
    name = sent(workspace, tmp_path / "a.csv", rows, date(2026, 6, 20))["submission_id"]
    outcome = quarantine.correct(workspace, name, Ask(MONTH_HEADER, "1", ""), "told by phone")
    assert outcome.values == 1
    assert {row: found[0] for row, found in lines(workspace).items() if found[0] != 2} == {3: 1}


def test_one_sheet_of_several_and_another_providers_row(
    workspace: Workspace, tmp_path: Path
) -> None:
    book = Workbook()
    for number, title in enumerate(("APC", "OP")):
        sheet = book.active if number == 0 else book.create_sheet()
        assert sheet is not None
        sheet.title = title
        sheet.append(list(files.PLCM_HEADERS))
        rows = [files.plcm_row(100 * number + n) for n in range(30)]
        rows[2][PROVIDER] = "RX8"
        rows[3][COMMISSIONER] = "??"
        for row in rows:
            sheet.append(row)
    path = tmp_path / "book.xlsx"
    book.save(path)
    (report,) = load(workspace, [path], received=date(2026, 5, 20))
    assert report.to_json()["rows_quarantined"] == 4
    name = report.submission_id
    with pytest.raises(UsageError, match="several tables"):
        quarantine.correct(workspace, name, Ask(COMMISSIONER_HEADER, "QX1", row=5), "why")
    ask = Ask(COMMISSIONER_HEADER, "QX1", row=5, sheet="OP")
    assert quarantine.correct(workspace, name, ask, "why").report.to_json()["rows_quarantined"] == (
        3
    )
    ask = Ask(files.PLCM_HEADERS[PROVIDER], "RX1", "RX8", sheet="APC")
    outcome = quarantine.correct(workspace, name, ask, "their site code")
    assert (outcome.values, outcome.report.to_json()["rows_quarantined"]) == (1, 2)
    assert run("verify", "--workspace", workspace.path).code == 0


def test_a_file_promoted_by_decision_stays_promoted(workspace: Workspace, tmp_path: Path) -> None:
    """What a person has waived is not held again, and a new ground is."""
    rows = [*faulty(), ["Grand Total", *[None] * 16, "1.00"]]
    told = sent(workspace, tmp_path / "a.csv", rows, date(2026, 5, 20))
    assert told["status"] == "held"
    name = told["submission_id"]
    decisions.promote(workspace, name, "the total is of another table")
    outcome = quarantine.correct(workspace, name, Ask(MONTH_HEADER, "1", "first one"), "why")
    assert outcome.report.status == "promoted"
    assert len(lines(workspace)) == 17
    quarantine.correct(workspace, name, Ask(COST_HEADER, "10", "see note"), "why")
    with pytest.raises(ComptrollerError, match="have not begun"):
        quarantine.correct(workspace, name, Ask(MONTH_HEADER, "12", "first one"), "why")
    assert [row[9] for row in quarantine.list_corrections(workspace)] == ["1", "10"]


def test_a_layout_confirmed_later_keeps_the_decision(workspace: Workspace, tmp_path: Path) -> None:
    rows = [*faulty(), ["Grand Total", *[None] * 16, "1.00"]]
    name = sent(workspace, tmp_path / "a.csv", rows, date(2026, 5, 20))["submission_id"]
    decisions.promote(workspace, name, "the total is of another table")
    changes = Changes({"LOCAL PATIENT IDENTIFIER (EXTENDED)": ""}, {})
    _, report = confirm_submission(workspace, name, changes, "their own numbers")
    assert report.status == "promoted"


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (Ask(MONTH_HEADER, "1", "Mayish"), "no value in quarantine .* There is 'first one'"),
        (Ask(MONTH_HEADER, "soon", "first one"), "'soon' is no month"),
        (Ask(MONTH_HEADER, "", "first one"), "--to is empty"),
        (Ask("Mnth", "1", "first one"), "no column 'Mnth'.* submissions show"),
        (Ask(MONTH_HEADER, "1"), "by rule .* or by hand"),
        (Ask(MONTH_HEADER, "1", row=2), "row 2 is not in quarantine"),
        (Ask(MONTH_HEADER, "1", row=5, for_provider=True), "keeps a rule"),
        (Ask("NHS NUMBER", "9434765919", row=5), "identify a patient"),
        (Ask(MONTH_HEADER, "943 476 5919", "first one"), "identify a patient"),
        (Ask("TARIFF CODE", "AA22C", "AA22D"), "no value of tariff_code puts a row"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    workspace: Workspace, tmp_path: Path, ask: Ask, said: str
) -> None:
    name = sent(workspace, tmp_path / "a.csv", faulty(), date(2026, 5, 20))["submission_id"]
    with pytest.raises(ComptrollerError, match=said):
        quarantine.correct(workspace, name, ask, "why")
    with pytest.raises(ComptrollerError, match="needs a reason"):
        quarantine.correct(workspace, name, ask, " ")
    assert quarantine.list_corrections(workspace) == []
    assert len(workspace.warehouse.commits("load")) == 1


def test_a_cell_of_a_table_with_months_across_is_corrected(
    workspace: Workspace, tmp_path: Path
) -> None:
    heads = ["Provider", "Commissioner", "POD", "TFC", "Apr 2026 £", "May 2026 £", "Jun 2026 £"]
    rows = [heads] + [
        ["RX1", "" if n == 7 else "QX1", ("EL", "DC", "NEL")[n % 3], 100 + n, 10, 20, 30]
        for n in range(12)
    ]
    path = files.write_csv(tmp_path / "RX1 ACM 2026-27.csv", rows)
    (report,) = load(workspace, [path], received=date(2026, 7, 20))
    told = report.to_json()
    assert (told["rows_quarantined"], told["cost_quarantined"]) == (1, 60)
    outcome = quarantine.correct(
        workspace, told["submission_id"], Ask("Commissioner", "QX1", ""), "told by phone"
    )
    assert outcome.report.to_json()["cost_loaded"] == 12 * 60
