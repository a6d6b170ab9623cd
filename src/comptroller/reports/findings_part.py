"""Findings in a month's report: by question, by check, by provider, with cash before gross."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import duckdb

from comptroller.challenges.rules import RuleNote
from comptroller.rendering import (
    Block,
    Chart,
    ChartSpec,
    Column,
    Section,
    Table,
    Text,
    Value,
    format_money_short,
)
from comptroller.reports.scope import Scope
from comptroller.warehouse import quote_literals

QUESTIONS: Final = {
    "our_patient": "Is this our patient?",
    "care_given": "Was this care given?",
    "paid_already": "Have we paid already?",
    "someone_else_pays": "Does someone else pay?",
    "as_agreed": "Was it charged as agreed?",
}

_COLUMNS: Final = (
    Column("findings", "Findings", "count"),
    Column("new", "New", "count"),
    Column("cash", "Cash now (£)", "money"),
    Column("baseline", "Baseline only (£)", "money"),
    Column("net", "Net (£)", "money"),
    Column("gross", "Gross (£)", "money"),
)

_SUMS: Final = (
    "count(*), count(*) FILTER (status = 'new'), coalesce(sum(cash_value), 0), "
    "coalesce(sum(baseline_value), 0), coalesce(sum(net_value), 0), coalesce(sum(gross_value), 0)"
)


@dataclass(frozen=True)
class FoundTotals:
    """All claims of a run together; pounds."""

    findings: int
    new: int
    cash: Decimal
    baseline: Decimal
    net: Decimal
    gross: Decimal

    def cells(self) -> tuple[Value, ...]:
        """Return the values in the order of the report's columns."""
        return (self.findings, self.new, self.cash, self.baseline, self.net, self.gross)


def sort_findings(con: duckdb.DuckDBPyConnection, rules: Mapping[str, RuleNote]) -> None:
    """Make the table `found`: standing findings, each a claim, lead, undercharge or fixed."""
    estimates = sorted(note.check_id for note in rules.values() if note.is_estimate)
    listed = quote_literals(estimates) or "''"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE found AS SELECT *, "
        "CASE WHEN status = 'fixed' THEN 'fixed' "
        f"WHEN check_id IN ({listed}) THEN 'lead' "
        "WHEN gross_value < 0 THEN 'undercharge' ELSE 'claim' END AS sort "
        "FROM standing_findings"
    )


def claim_totals(con: duckdb.DuckDBPyConnection, sort: str = "claim") -> FoundTotals:
    """Return counts and pounds over the findings of one sort."""
    row = con.execute(f"SELECT {_SUMS} FROM found WHERE sort = ?", [sort]).fetchone()
    return _totals(row or (0, 0, 0, 0, 0, 0))


def _totals(row: tuple[Any, ...]) -> FoundTotals:
    return FoundTotals(int(row[0]), int(row[1]), *(Decimal(cell) for cell in row[2:6]))


def _grouped(con: duckdb.DuckDBPyConnection, key: str) -> list[tuple[str, FoundTotals]]:
    rows = con.execute(
        f"SELECT coalesce({key}, ''), {_SUMS} FROM found WHERE sort = 'claim' "
        "GROUP BY ALL ORDER BY 1"
    ).fetchall()
    return [(row[0], _totals(row[1:])) for row in rows]


def findings_section(scope: Scope, rules: Mapping[str, RuleNote]) -> Section:
    """Return the section on findings; `sort_findings` must have been called."""
    con = scope.con
    total = claim_totals(con)
    by_question = dict(_grouped(con, "question"))
    questions = [(QUESTIONS[key], by_question[key]) for key in QUESTIONS if key in by_question]
    questions += [(key, found) for key, found in by_question.items() if key not in QUESTIONS]
    blocks: list[Block] = [
        Text(
            "**Cash** is what the payment terms would move now; **baseline** what they would move "
            "at the next rebase of a fixed payment. **Net** gives each line's money to one "
            "finding, so net values add up; **gross** values of different checks overlap."
        ),
        _chart(questions),
        _table("Findings by question", "Findings by question", "Question", questions, total),
        _by_check(con, rules, total),
        _table(
            "Findings by provider",
            "Findings by provider",
            "Provider",
            [
                (scope.named(code), found)
                for code, found in _grouped(con, "coalesce(counterparty_code, provider_code)")
            ],
            total,
        ),
        _apart(con),
    ]
    return Section("Findings", tuple(blocks))


def _table(
    caption: str,
    name: str,
    first: str,
    rows: list[tuple[str, FoundTotals]],
    total: FoundTotals,
) -> Table:
    return Table(
        (Column("what", first), *_COLUMNS),
        tuple((key, *found.cells()) for key, found in rows),
        caption,
        total_row=("Total", *total.cells()),
        name=name,
        empty="No findings.",
    )


def _by_check(
    con: duckdb.DuckDBPyConnection, rules: Mapping[str, RuleNote], total: FoundTotals
) -> Table:
    rows = sorted(
        _grouped(con, "check_id"), key=lambda item: (-item[1].cash, -item[1].net, item[0])
    )
    return Table(
        (Column("check_id", "Check", "code"), Column("title", "What is wrong"), *_COLUMNS),
        tuple(
            (check, rules[check].title if check in rules else "", *found.cells())
            for check, found in rows
        ),
        "Findings by check, most cash first",
        total_row=("Total", None, *total.cells()),
        name="Findings by check",
        empty="No findings.",
    )


def _apart(con: duckdb.DuckDBPyConnection) -> Table:
    kinds = (
        ("lead", "Statistical leads: no claim, in no total above"),
        ("undercharge", "Undercharges, in the providers' favour"),
        ("fixed", "Gone since the last check"),
    )
    return Table(
        (Column("what", "What"), *_COLUMNS),
        tuple((words, *claim_totals(con, sort).cells()) for sort, words in kinds),
        "What stands apart from the claims",
        name="Apart from claims",
        note="Undercharges are never set off against claims.",
    )


def _chart(questions: list[tuple[str, FoundTotals]]) -> Chart:
    told = "; ".join(
        f"{question} cash {format_money_short(found.cash)}, "
        f"baseline {format_money_short(found.baseline)}"
        for question, found in questions
    )
    rows = tuple(
        {"question": question, "kind": kind, "value": getattr(found, name)}
        for kind, name in (("Cash now", "cash"), ("Baseline only", "baseline"))
        for question, found in questions
    )
    return Chart(
        ChartSpec(
            kind="stacked_bar",
            title="Net value of findings by question",
            x="question",
            y="value",
            series="kind",
            rows=rows,
            x_title="Question",
            y_title="Net value (£)",
            alt=f"Stacked bars of net value. {told or 'No findings'}.",
        )
    )
