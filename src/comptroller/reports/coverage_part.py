"""What was tested and what was not: coverage in pounds, and checks that could not run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from comptroller.challenges.coverage import Coverage, coverage, months_words, open_coverage
from comptroller.challenges.rules import RuleNote
from comptroller.challenges.selection import Run, providers_of
from comptroller.rendering import Block, Column, Notice, Section, Table, Text
from comptroller.reports.scope import Scope


@dataclass(frozen=True)
class Covered:
    """Coverage of all providers together, by question and data set; pounds."""

    lines: tuple[Coverage, ...]
    charged: Decimal
    """Charged at patient level."""
    tested: Decimal
    """Charged at patient level and tested, in each provider's data set by its widest question."""


def covered(scope: Scope, run: Run, rules: Mapping[str, RuleNote]) -> Covered:
    """Return the coverage of all providers that checks looked at, of the report's months."""
    open_coverage(scope.con, run, scope.within)
    charged = tested = Decimal(0)
    for provider in providers_of(scope.con):
        widest: dict[str, Coverage] = {}
        for line in coverage(scope.con, rules, provider):
            known = widest.get(line.data_set)
            if line.data_set != "ACM" and (known is None or line.tested > known.tested):
                widest[line.data_set] = line
        charged += sum((line.charged for line in widest.values()), Decimal(0))
        tested += sum((line.tested for line in widest.values()), Decimal(0))
    return Covered(coverage(scope.con, rules), charged, tested)


def coverage_section(scope: Scope, rules: Mapping[str, RuleNote], done: Covered) -> Section:
    """Return the section on pounds tested and not tested, and on what could not run."""
    columns = (
        Column("question", "Question"),
        Column("data_set", "Data set", "code"),
        Column("charged", "Charged (£)", "money"),
        Column("tested", "Tested (£)", "money"),
        Column("untested", "Not tested (£)", "money"),
        Column("checks_ran", "Checks that looked", "count"),
        Column("checks_stopped", "Checks that could not run", "count"),
        Column("reasons", "Why not"),
    )
    table = Table(
        columns,
        tuple(
            (
                c.question,
                c.data_set,
                c.charged,
                c.tested,
                c.untested,
                c.checks_ran,
                c.checks_stopped,
                c.reasons or None,
            )
            for c in done.lines
        ),
        "Pounds tested and not tested, by question and data set",
        name="Coverage",
        note="Every charged line counts once per question, as tested where one check of it could "
        "look. ACM is the same money in aggregate: do "
        "not add it to the others.",
        empty="Nothing was checked.",
    )
    blocks: list[Block] = [
        Text("What was looked at, and what was not. What was not tested has not passed."),
        table,
        *_not_run(scope, rules),
    ]
    return Section("Coverage and what could not run", tuple(blocks))


def _not_run(scope: Scope, rules: Mapping[str, RuleNote]) -> list[Block]:
    rows = scope.con.execute(
        "SELECT check_id, coalesce(reason, 'no reason given') AS why, "
        "list(DISTINCT data_set ORDER BY data_set), count(DISTINCT provider_code), "
        "list(DISTINCT (financial_year, month) ORDER BY (financial_year, month)) "
        "FROM standing_results WHERE outcome = 'could_not_run' "
        "GROUP BY ALL ORDER BY check_id, why"
    ).fetchall()
    checks = len({row[0] for row in rows})
    blocks: list[Block] = []
    if checks:
        words = "1 check" if checks == 1 else f"{checks} checks"
        blocks.append(
            Notice("warning", f"**{words} could not run** on all or some of the data, see below.")
        )
    blocks.append(
        Table(
            (
                Column("check_id", "Check", "code"),
                Column("title", "What it looks for"),
                Column("why", "Why it could not run"),
                Column("data_sets", "Data sets"),
                Column("providers", "Providers", "count"),
                Column("months", "Months"),
            ),
            tuple(
                (
                    check,
                    rules[check].title if check in rules else "",
                    why,
                    ", ".join(data_sets),
                    providers,
                    months_words(months),
                )
                for check, why, data_sets, providers, months in rows
            ),
            "Checks that could not run, and why",
            name="Could not run",
            empty="Every check could run.",
        )
    )
    return blocks


def could_not_run(scope: Scope) -> int:
    """Return how many checks could not run somewhere."""
    row = scope.con.execute(
        "SELECT count(DISTINCT check_id) FROM standing_results WHERE outcome = 'could_not_run'"
    ).fetchone()
    return int(row[0]) if row else 0
