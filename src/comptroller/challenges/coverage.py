"""What was tested at a provider and what was not: charges, pounds tested, reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import duckdb

from comptroller.challenges.rules import RuleNote
from comptroller.challenges.selection import Run

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
    """How far one question was put to one data set; pounds."""

    question: str
    data_set: str
    charged: Decimal
    tested: Decimal
    checks_run: int
    checks_not_run: int
    reasons: str

    @property
    def untested(self) -> Decimal:
        """Pounds that no check of the question could look at."""
        return max(self.charged - self.tested, Decimal(0))


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
        "AND (financial_year, month) IN (SELECT (financial_year, month) FROM latest_results "
        "WHERE provider_code = ?) "
        "GROUP BY ALL ORDER BY financial_year, month, data_set",
        [run.basis, provider_code, provider_code],
    ).fetchall()
    return tuple(Charge(row[0], row[1], row[2], int(row[3]), Decimal(row[4])) for row in rows)


def coverage(
    con: duckdb.DuckDBPyConnection,
    provider_code: str,
    rules: Mapping[str, RuleNote],
    charged: Iterable[Charge],
) -> tuple[Coverage, ...]:
    """Return pounds tested and not tested by question and data set.

    A pound counts as tested by a question when at least one check of that question ran over it.
    Per month that is taken to be what the widest of its checks looked at, so the figure never
    claims more than one check proves.
    """
    rows = con.execute(
        "SELECT check_id, data_set, financial_year, month, outcome, reason, denominator_cost "
        "FROM latest_results WHERE provider_code = ? ORDER BY ALL",
        [provider_code],
    ).fetchall()
    costs: dict[str, dict[tuple[str, int], Decimal]] = defaultdict(dict)
    for charge in charged:
        costs[charge.data_set][(charge.financial_year, charge.month)] = charge.cost
    tested: dict[tuple[str, str], dict[tuple[str, int], Decimal]] = defaultdict(dict)
    ran: dict[tuple[str, str], set[str]] = defaultdict(set)
    blocked: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for check_id, data_set, year, month, outcome, reason, cost in rows:
        if data_set not in costs:
            continue
        question = rules[check_id].question if check_id in rules else "Other"
        key = (question, data_set)
        if outcome in ("passed", "failed"):
            ran[key].add(check_id)
            widest = tested[key].get((year, month), Decimal(0))
            tested[key][(year, month)] = max(widest, Decimal(cost or 0))
        elif outcome == "could_not_run":
            blocked[key][reason or "no reason given"].add(check_id)
    result = []
    for question, data_set in sorted({*ran, *blocked}):
        key = (question, data_set)
        months, seen = costs[data_set], tested[key]
        reasons = sorted(blocked[key].items(), key=lambda item: (-len(item[1]), item[0]))
        result.append(
            Coverage(
                question=question,
                data_set=data_set,
                charged=sum(months.values(), Decimal(0)),
                tested=sum(
                    (min(seen.get(month, Decimal(0)), cost) for month, cost in months.items()),
                    Decimal(0),
                ),
                checks_run=len(ran[key]),
                checks_not_run=len({check for checks in blocked[key].values() for check in checks}),
                reasons="; ".join(f"{reason} ({len(checks)})" for reason, checks in reasons),
            )
        )
    return tuple(result)


def not_run(con: duckdb.DuckDBPyConnection, provider_code: str) -> tuple[NotRun, ...]:
    """Return the checks without an answer: could not run first, then not applicable."""
    rows = con.execute(
        "SELECT outcome, check_id, data_set, coalesce(reason, 'no reason given') AS why, "
        "list(DISTINCT (financial_year, month) ORDER BY (financial_year, month)) "
        "FROM latest_results WHERE provider_code = ? "
        "AND outcome IN ('could_not_run', 'not_applicable') "
        "GROUP BY ALL ORDER BY outcome, check_id, data_set, why",
        [provider_code],
    ).fetchall()
    return tuple(NotRun(row[0], row[1], row[2], months_words(row[4]), row[3]) for row in rows)


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
