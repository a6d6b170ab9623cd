"""What was tested at a provider and what was not: charges, pounds tested, reasons."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import duckdb

from comptroller.challenges.rules import RuleNote
from comptroller.challenges.selection import Run
from comptroller.warehouse import quote_literal

CHARGED_DATA_SETS: Final = ("ACM", "PLCM", "DrPLCM", "DePLCM")
"""Data sets in which a provider charges; SUS says what was done, not what is asked for."""


@dataclass(frozen=True)
class Charge:
    """What a provider charges in one slice group; pounds."""

    data_set: str
    financial_year: str
    month: int
    rows: int
    cost: Decimal


@dataclass(frozen=True)
class Coverage:
    """How far one question was put to one data set; pounds.

    Every charged line is in one state: tested by one check of the question at least; what the
    checks need is missing on the line; the checks could not run; or no check of the question
    applies to it. ``checks_ran`` and ``checks_stopped`` say how many checks of the question gave an
    answer on the data set, and how many could not run on some of it.
    """

    question: str
    data_set: str
    tested: Decimal
    missing_data: Decimal
    could_not_run: Decimal
    no_check: Decimal
    reasons: str
    checks_ran: int = 0
    checks_stopped: int = 0

    @property
    def charged(self) -> Decimal:
        """All charged pounds of the data set."""
        return self.tested + self.untested

    @property
    def untested(self) -> Decimal:
        """Pounds that no check of the question could look at."""
        return self.missing_data + self.could_not_run + self.no_check


@dataclass(frozen=True)
class NotRun:
    """A check that gave no answer on some slices, and why."""

    outcome: str
    check_id: str
    data_set: str
    months: str
    reason: str


@dataclass(frozen=True)
class Uncontested:
    """What is charged in one data set and month, what is contested, what is left; pounds."""

    data_set: str
    financial_year: str
    month: int
    charged: Decimal
    contested: Decimal
    cash: Decimal

    @property
    def uncontested(self) -> Decimal:
        """What the commissioner does not contest: charged less contested."""
        return self.charged - self.contested


def charges(con: duckdb.DuckDBPyConnection, run: Run, provider_code: str) -> tuple[Charge, ...]:
    """Return a provider's charges by data set and month, on the run's basis and months.

    Reads the view `slice_state`, which `comptroller.intake.slices` makes.
    """
    listed = ", ".join(f"'{name}'" for name in CHARGED_DATA_SETS)
    rows = con.execute(
        "SELECT data_set, financial_year, month, coalesce(sum(rows), 0), coalesce(sum(cost), 0) "
        f"FROM slice_state WHERE track = ? AND provider_code = ? AND data_set IN ({listed}) "
        "AND (financial_year, month) IN (SELECT (financial_year, month) FROM standing_results "
        "WHERE provider_code = ?) "
        "GROUP BY ALL ORDER BY financial_year, month, data_set",
        [run.basis, provider_code, provider_code],
    ).fetchall()
    return tuple(Charge(row[0], row[1], row[2], int(row[3]), Decimal(row[4])) for row in rows)


def open_coverage(con: duckdb.DuckDBPyConnection, run: Run, within: str = "TRUE") -> None:
    """Make the view `latest_coverage`: each provider's coverage by its latest whole run.

    A run over some checks, months or commissioners only says little about coverage; it counts
    where there is no whole one.

    Args:
        con: The connection, with the views `check_runs` and `coverage`.
        run: The run whose basis counts.
        within: Predicate over financial_year and month: which months are told.
    """
    con.execute(
        "CREATE OR REPLACE TEMP VIEW latest_coverage AS "
        "WITH runs AS (SELECT run_id, sequence, "
        "coalesce(json_extract_string(scope, '$.checks'), '*') = '*' "
        "AND json_extract_string(scope, '$.month') IS NULL "
        "AND json_extract_string(scope, '$.commissioner_code') IS NULL AS whole "
        f"FROM check_runs WHERE basis = {quote_literal(run.basis)}) "
        ", latest AS (SELECT c.* FROM coverage AS c JOIN runs AS r USING (run_id) "
        "QUALIFY rank() OVER (PARTITION BY c.provider_code ORDER BY r.whole DESC, r.sequence DESC) "
        f"= 1) SELECT * FROM latest WHERE {within}"
    )


def coverage(
    con: duckdb.DuckDBPyConnection,
    rules: Mapping[str, RuleNote],
    provider_code: str | None = None,
) -> tuple[Coverage, ...]:
    """Return pounds tested and not tested by question and data set, from `latest_coverage`.

    Args:
        con: The connection, after `open_coverage` and with `standing_results`.
        rules: The rulebook in words, which knows each check's question.
        provider_code: One provider; all of them together where None.
    """
    from comptroller.checks.definition import QUESTIONS

    rows = con.execute(
        "SELECT question, data_set, "
        + "".join(
            f"coalesce(sum(cost) FILTER (state = '{state}'), 0), "
            for state in ("tested", "missing_data", "could_not_run", "no_check")
        )
        + "list(DISTINCT reason ORDER BY reason) FILTER (reason <> '' AND cost <> 0) "
        "FROM latest_coverage WHERE provider_code = ? OR ? IS NULL GROUP BY ALL",
        [provider_code, provider_code],
    ).fetchall()
    ran, stopped = _checks_by_question(con, rules, provider_code)
    order = {question: number for number, question in enumerate(QUESTIONS)}
    rows.sort(key=lambda row: (order.get(row[0], len(order)), row[1]))
    return tuple(
        Coverage(
            question=QUESTIONS.get(row[0], row[0]),
            data_set=row[1],
            tested=Decimal(row[2]),
            missing_data=Decimal(row[3]),
            could_not_run=Decimal(row[4]),
            no_check=Decimal(row[5]),
            reasons="; ".join(row[6] or ()),
            checks_ran=ran[QUESTIONS.get(row[0], row[0]), row[1]],
            checks_stopped=stopped[QUESTIONS.get(row[0], row[0]), row[1]],
        )
        for row in rows
    )


def _checks_by_question(
    con: duckdb.DuckDBPyConnection, rules: Mapping[str, RuleNote], provider_code: str | None
) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Count, by question and data set, the checks that gave an answer and those that stopped."""
    ran: Counter[tuple[str, str]] = Counter()
    stopped: Counter[tuple[str, str]] = Counter()
    for check_id, data_set, blocked in con.execute(
        "SELECT check_id, data_set, bool_or(outcome = 'could_not_run') FROM standing_results "
        "WHERE provider_code = ? OR ? IS NULL GROUP BY ALL",
        [provider_code, provider_code],
    ).fetchall():
        if check_id in rules:
            (stopped if blocked else ran)[rules[check_id].question, data_set] += 1
    return ran, stopped


def not_run(
    con: duckdb.DuckDBPyConnection, rules: Mapping[str, RuleNote], provider_code: str
) -> tuple[NotRun, ...]:
    """Return the checks without an answer: could not run first, then not applicable.

    A check of the rulebook of which nothing at all is known here is told as well: nothing that it
    looks at was received from the provider, or no run has asked it yet.
    """
    rows = con.execute(
        "SELECT outcome, check_id, data_set, coalesce(reason, 'no reason given') AS why, "
        "list(DISTINCT (financial_year, month) ORDER BY (financial_year, month)) "
        "FROM standing_results WHERE provider_code = ? "
        "AND outcome IN ('could_not_run', 'not_applicable') "
        "GROUP BY ALL ORDER BY outcome, check_id, data_set, why",
        [provider_code],
    ).fetchall()
    told = [NotRun(row[0], row[1], row[2], months_words(row[4]), row[3]) for row in rows]
    known = con.execute(
        "SELECT check_id, bool_or(provider_code = ?) FROM standing_results GROUP BY ALL",
        [provider_code],
    ).fetchall()
    here, asked = {row[0] for row in known if row[1]}, {row[0] for row in known}
    silent = [
        NotRun(
            "could_not_run",
            check_id,
            "",
            "",
            "none of the data sets that it looks at was received from this provider"
            if check_id in asked
            else "no data set that it looks at was received, or no run has asked it yet",
        )
        for check_id in sorted(rules)
        if check_id not in here
    ]
    blocked = [item for item in told if item.outcome == "could_not_run"]
    return (*blocked, *silent, *(item for item in told if item.outcome != "could_not_run"))


def uncontested(
    con: duckdb.DuckDBPyConnection, charged: Iterable[Charge]
) -> tuple[Uncontested, ...]:
    """Return charged, contested (net) and uncontested pounds by data set and month.

    Only claims count as contested; leads and undercharges do not.
    """
    contested = {
        (row[0], row[1], row[2]): (Decimal(row[3]), Decimal(row[4]))
        for row in con.execute(
            "SELECT data_set, financial_year, month, coalesce(sum(net_value), 0), "
            "coalesce(sum(cash_value), 0) FROM chosen WHERE sort = 'claim' GROUP BY ALL"
        ).fetchall()
    }
    nothing = (Decimal(0), Decimal(0))
    result = []
    for charge in charged:
        net, cash = contested.get((charge.data_set, charge.financial_year, charge.month), nothing)
        result.append(
            Uncontested(
                charge.data_set, charge.financial_year, charge.month, charge.cost, net, cash
            )
        )
    return tuple(result)


def months_words(months: Iterable[tuple[str, int] | Mapping[str, object] | None]) -> str:
    """Return months in few words: `2026/27 M1–M3, M5; 2027/28 M1`."""
    by_year: dict[str, list[int]] = defaultdict(list)
    for item in months:
        if item is None:
            continue
        year, month = item.values() if isinstance(item, Mapping) else item
        if year and month is not None:
            by_year[str(year)].append(int(str(month)))
    return "; ".join(
        f"{year} {', '.join(_spans(sorted(set(by_year[year]))))}" for year in sorted(by_year)
    )


def _spans(months: list[int]) -> list[str]:
    spans: list[list[int]] = []
    for month in months:
        if spans and month == spans[-1][-1] + 1:
            spans[-1].append(month)
        else:
            spans.append([month])
    return [f"M{s[0]}" if len(s) == 1 else f"M{s[0]}–M{s[-1]}" for s in spans]
