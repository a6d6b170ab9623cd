"""The sheets of a challenge workbook, in the order in which a provider reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb

from comptroller.challenges.codes import RESPONSE_CODES
from comptroller.challenges.coverage import Coverage, NotRun, Uncontested
from comptroller.challenges.log import INPUTS, WIDTHS, WRAPPED, log_columns, log_rows
from comptroller.challenges.method import method
from comptroller.challenges.rules import RuleNote
from comptroller.challenges.selection import CheckTotals, Options, Run, sorts_in_log
from comptroller.rendering import Column, Value
from comptroller.rendering.book import Book, Sheet
from comptroller.rendering.formats import format_moment
from comptroller.warehouse import quote_literals

STREAMED_FROM: Final = 30_000
"""From so many findings on a workbook is written row by row: slower, in less memory."""

OUTCOMES: Final = {"could_not_run": "Could not run", "not_applicable": "Not applicable"}


@dataclass(frozen=True)
class Contents:
    """All that a workbook says but the log's rows, which are read as they are written."""

    workspace: str
    provider_code: str
    provider_name: str
    run: Run
    options: Options
    rules: Mapping[str, RuleNote]
    totals: tuple[CheckTotals, ...]
    without_terms: Decimal
    leads: tuple[CheckTotals, ...]
    fixed: int
    coverage: tuple[Coverage, ...]
    not_run: tuple[NotRun, ...]
    uncontested: tuple[Uncontested, ...]

    @property
    def provider(self) -> str:
        """The provider's code and, where known, its name."""
        return f"{self.provider_code} {self.provider_name}".strip()

    def rule(self, check_id: str) -> RuleNote:
        """Return a rule in words; a rule no longer in the rulebook has only its id."""
        return self.rules.get(check_id, RuleNote(check_id))


def write_workbook(con: duckdb.DuckDBPyConnection, contents: Contents, path: Path) -> None:
    """Write the workbook; the same run and rulebook give the same bytes.

    Raises:
        ComptrollerError: The file cannot be written.
    """
    title = f"Challenges to {contents.provider}"
    count = sum(total.findings for total in contents.totals)
    streaming = count > STREAMED_FROM
    with Book(path, title, contents.run.started_at, streaming=streaming) as book:
        _summary(book, contents, title)
        _log(book, con, contents)
        if contents.leads:
            _leads(book, contents, con)
        _uncontested(book, contents)
        _coverage(book, contents)
        _not_run(book, contents)
        _rules(book, contents)
        _data(book, con, contents)
        _codes(book)
        _method(book, contents)


def _top(book: Book, name: str, heading: str, note: str) -> Sheet:
    sheet = book.sheet(name)
    sheet.line(heading, "heading")
    sheet.line(note, "subtitle")
    sheet.row += 1
    return sheet


_TOTAL_COLUMNS: Final = (
    Column("findings", "Findings", "count"),
    Column("in_alternative", "Of them in the alternative", "count"),
    Column("gross", "Gross value (£)", "money"),
    Column("net", "Net value (£)", "money"),
    Column("cash", "Cash now (£)", "money"),
    Column("baseline", "Baseline only (£)", "money"),
)


def _numbers(total: CheckTotals) -> tuple[Value, ...]:
    return (
        total.findings,
        total.in_alternative,
        total.gross,
        total.net,
        total.cash,
        total.baseline,
    )


def _sum(totals: tuple[CheckTotals, ...]) -> tuple[Value, ...]:
    columns = list(zip(*(_numbers(total) for total in totals), strict=True)) or [(0,)] * 6
    whole: list[Value] = [sum(int(str(cell)) for cell in column) for column in columns[:2]]
    whole += [
        sum((cell for cell in column if isinstance(cell, Decimal)), Decimal(0))
        for column in columns[2:]
    ]
    return tuple(whole)


def _summary(book: Book, contents: Contents, title: str) -> None:
    sheet = book.sheet("Summary")
    sheet.width(0, 44)
    sheet.width(1, 46)
    sheet.line(title, "title")
    sheet.line(f"From {contents.workspace}. For the controlled route only.", "subtitle")
    if contents.run.changed_at is not None:
        sheet.line(
            "ATTENTION: what is loaded changed on "
            f"{format_moment(contents.run.changed_at)}, after the check on which the findings "
            "stand; what is charged and uncontested is of the new state. Check again before this "
            "is sent.",
            "heading",
        )
    sheet.row += 1
    findings = _sum(contents.totals)
    uncontested = _patient_level(contents.uncontested)
    sheet.pair("Provider", contents.provider)
    sheet.pair("Check run", f"{format_moment(contents.run.started_at)}, {contents.run.run_id}")
    sheet.pair("Basis", _basis_words(contents.run.basis))
    sheet.pair("Findings in the log", findings[0], "count")
    sheet.pair("Gross value", findings[2], "money")
    sheet.pair("Net value after overlap", findings[3], "money")
    sheet.pair("Of the net value, cash now", findings[4], "money")
    sheet.pair("Of the net value, baseline only", findings[5], "money")
    if contents.without_terms:
        words = "Of the net value, without known payment terms (none of it counts as cash)"
        sheet.pair(words, contents.without_terms, "money")
    sheet.pair("Charged, patient level", sum((u.charged for u in uncontested), Decimal(0)), "money")
    sheet.pair("Uncontested", sum((u.uncontested for u in uncontested), Decimal(0)), "money")
    if contents.fixed:
        sheet.pair("Gone since the last check (not in the log)", contents.fixed, "count")
    blocked = len({item.check_id for item in contents.not_run if item.outcome == "could_not_run"})
    sheet.pair("Checks that could not run (see Not run)", blocked, "count")
    sheet.row += 1
    _how_to(sheet)
    sheet.row += 1
    columns = (
        Column("check_id", "Check", "code"),
        Column("title", "What is challenged"),
        Column("question", "Question"),
        *_TOTAL_COLUMNS,
        Column("basis", "Basis"),
        Column("action", "What we ask for"),
    )
    rows = []
    for total in contents.totals:
        rule = contents.rule(total.check_id)
        rows.append(
            (
                total.check_id,
                rule.title,
                rule.question,
                *_numbers(total),
                rule.basis,
                rule.action,
            )
        )
    sheet.table(
        columns,
        rows,
        total=("Total", None, None, *findings, None, None),
        freeze=False,
        wrap=frozenset({"title", "question", "basis", "action"}),
        widths={"check_id": 44, "title": 46, "question": 24, "basis": 44, "action": 44},
    )


def _how_to(sheet: Sheet) -> None:
    for words in (
        "How to answer: go to the sheet Log and fill in the yellow columns, one row per finding.",
        "Choose a code from the list; the sheet Response codes says what each code means.",
        "Please also tell us of anything that was charged too low or not at all.",
        "Patients are named by your own identifiers. Do not send this workbook with an invoice or "
        "by ordinary mail.",
    ):
        sheet.line(words)


def _basis_words(basis: str) -> str:
    if basis == "payable":
        return "Payable: the version of each month that stood at its freeze date"
    return "Current: the latest version of each month"


def _log(book: Book, con: duckdb.DuckDBPyConnection, contents: Contents) -> None:
    sorts = sorts_in_log(contents.options)
    note = "One row per finding. Yellow columns are for your answer."
    if contents.options.include_undercharges:
        note += " Negative values are undercharges, in your favour."
    sheet = _top(book, "Log", f"Findings put to {contents.provider}", note)
    count = sheet.table(
        log_columns(),
        log_rows(con, contents.rules, sorts),
        inputs=INPUTS,
        freeze_columns=3,
        wrap=WRAPPED,
        widths=WIDTHS,
    )
    if not count:
        sheet.line("No findings.", "muted")


def _leads(book: Book, contents: Contents, con: duckdb.DuckDBPyConnection) -> None:
    sheet = _top(
        book,
        "Leads",
        "Leads: statistical estimates",
        "These are questions for a joint look. They are not claims and not in any total.",
    )
    columns = [column for column in log_columns() if column.name not in INPUTS]
    rows = log_rows(con, contents.rules, ("lead",))
    sheet.table(columns, rows, freeze_columns=3, wrap=WRAPPED, widths=WIDTHS)


def _patient_level(items: tuple[Uncontested, ...]) -> list[Uncontested]:
    # ACM carries the same money again in aggregate; lines are contested at patient level
    return [item for item in items if item.data_set != "ACM"]


def _uncontested(book: Book, contents: Contents) -> None:
    sheet = _top(
        book,
        "Uncontested",
        "What is contested and what is not, by data set and month",
        "Charged less net value contested. ACM is the same money in aggregate: do not add it. "
        "Credits lower what is charged, not what is contested: a month with large credits may be "
        "contested for more than its total.",
    )
    columns = (
        Column("data_set", "Data set", "code"),
        Column("financial_year", "Financial year", "code"),
        Column("month", "Month (1 = April)", "count"),
        Column("charged", "Charged (£)", "money"),
        Column("contested", "Contested, net (£)", "money"),
        Column("cash", "Of it cash now (£)", "money"),
        Column("uncontested", "Uncontested (£)", "money"),
    )
    items = contents.uncontested
    rows = [
        (u.data_set, u.financial_year, u.month, u.charged, u.contested, u.cash, u.uncontested)
        for u in items
    ]
    level = _patient_level(items)
    sums = [
        sum((getattr(item, name) for item in level), Decimal(0))
        for name in ("charged", "contested", "cash", "uncontested")
    ]
    sheet.table(columns, rows, total=("Patient level together", None, None, *sums))


def _coverage(book: Book, contents: Contents) -> None:
    sheet = _top(
        book,
        "Coverage",
        "Pounds tested and not tested, by question and data set",
        "Every charged line counts once per question, as tested where one check of it could look. "
        "ACM is the same money in aggregate.",
    )
    columns = (
        Column("question", "Question"),
        Column("data_set", "Data set", "code"),
        Column("charged", "Charged (£)", "money"),
        Column("tested", "Tested (£)", "money"),
        Column("untested", "Not tested (£)", "money"),
        Column("missing_data", "Missing on the line (£)", "money"),
        Column("could_not_run", "Could not run (£)", "money"),
        Column("no_check", "No check applies (£)", "money"),
        Column("checks_ran", "Checks that looked", "count"),
        Column("checks_stopped", "Checks that could not run (see Not run)", "count"),
        Column("reasons", "Why not"),
    )
    rows = [tuple(getattr(line, column.name) for column in columns) for line in contents.coverage]
    sheet.table(columns, rows, wrap=frozenset({"reasons"}), widths={"question": 30})


def _not_run(book: Book, contents: Contents) -> None:
    sheet = _top(
        book,
        "Not run",
        "Checks that gave no answer, and why",
        "A check that could not run says nothing about the months named; it has not passed them.",
    )
    columns = (
        Column("outcome", "Outcome"),
        Column("check_id", "Check", "code"),
        Column("title", "What it looks for"),
        Column("data_set", "Data set", "code"),
        Column("months", "Months"),
        Column("reason", "Why"),
    )
    rows = [
        (
            OUTCOMES.get(item.outcome, item.outcome),
            item.check_id,
            contents.rule(item.check_id).title,
            item.data_set,
            item.months,
            item.reason,
        )
        for item in contents.not_run
    ]
    count = sheet.table(columns, rows, freeze_columns=2, wrap=frozenset({"title", "reason"}))
    if not count:
        sheet.line("Every check gave an answer.", "muted")


def _rules(book: Book, contents: Contents) -> None:
    sheet = _top(
        book,
        "Rules",
        "The rules behind the findings",
        f"Rulebook {contents.run.fingerprint}. A paragraph is given only where it is confirmed.",
    )
    columns = (
        Column("check_id", "Check", "code"),
        Column("title", "What is wrong"),
        Column("category", "Category"),
        Column("basis", "Basis"),
        Column("valuation", "How it is valued"),
        Column("matching", "Matched on"),
        Column("parameters", "Parameters"),
        Column("tolerance", "Tolerance (£)", "money"),
        Column("minimum_value", "Least value (£)", "money"),
        Column("confidence", "Confidence", "percent"),
        Column("action", "What we ask for"),
    )
    rules = [contents.rule(t.check_id) for t in (*contents.totals, *contents.leads)]
    rows = [tuple(getattr(rule, column.name) for column in columns) for rule in rules]
    wrap = frozenset({"title", "basis", "valuation", "matching", "parameters", "action"})
    sheet.table(columns, rows, freeze_columns=2, wrap=wrap)


def _data(book: Book, con: duckdb.DuckDBPyConnection, contents: Contents) -> None:
    sheet = _top(
        book,
        "Data",
        "The files that the findings stand on",
        "Your files as we received them. The fingerprint tells whether two files are the same.",
    )
    columns = (
        Column("submission_id", "Submission", "code"),
        Column("file", "File"),
        Column("received", "Received", "date"),
        Column("data_sets", "Data sets"),
        Column("findings", "Findings in the log", "count"),
        Column("sha256", "SHA-256 fingerprint", "code"),
    )
    in_log = quote_literals(sorts_in_log(contents.options))
    rows = con.execute(
        "WITH latest AS (SELECT * FROM submissions QUALIFY row_number() OVER "
        "(PARTITION BY submission_id ORDER BY loaded_at DESC, commit_id DESC) = 1), "
        f"used AS (SELECT submission_id, count(*) FILTER (sort IN ({in_log})) AS n "
        "FROM chosen GROUP BY ALL) "
        "SELECT used.submission_id, latest.file, CAST(latest.received_at AS DATE), "
        "latest.data_sets, used.n, latest.sha256 FROM used LEFT JOIN latest USING (submission_id) "
        "WHERE used.submission_id IS NOT NULL ORDER BY 3, 1"
    ).fetchall()
    sheet.table(columns, rows, freeze_columns=1, widths={"file": 48, "sha256": 66})


def _codes(book: Book) -> None:
    sheet = _top(
        book, "Response codes", "Response codes", "Choose one of these for each row of the log."
    )
    columns = (
        Column("code", "Code", "code"),
        Column("meaning", "Meaning"),
        Column("effect", "What follows by default"),
    )
    rows = [(code.code, code.meaning, code.effect) for code in RESPONSE_CODES]
    sheet.table(columns, rows, filters=False)


def _method(book: Book, contents: Contents) -> None:
    sheet = _top(book, "Method", "How the findings were made and valued", contents.provider)
    sheet.width(0, 30)
    sheet.width(1, 110)
    for heading, words in method(
        leads=bool(contents.leads), undercharges=contents.options.include_undercharges
    ):
        sheet.pair(heading, words)
    sheet.pair("Rulebook", contents.run.fingerprint)
    sheet.pair("Check run", contents.run.run_id)
