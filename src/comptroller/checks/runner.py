"""One run of the rulebook over a workspace, from committed lines to committed findings."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from comptroller import __version__
from comptroller.calendar import FinancialMonth
from comptroller.checks.book import Book, workspace_book
from comptroller.checks.cash import value_cash
from comptroller.checks.compiler import Rule, knowing
from comptroller.checks.coverage import create_coverage, ordered_coverage
from comptroller.checks.evaluation import (
    Ran,
    columns_needed,
    create_tables,
    number_slices,
    run_rules,
    sandbox,
)
from comptroller.checks.findings import (
    create_findings,
    create_latest_findings,
    create_statuses,
    ordered_findings,
)
from comptroller.checks.needs import columns_present, create_presence, judge_needs
from comptroller.checks.parameters import ContractLine
from comptroller.checks.reading import require_basis
from comptroller.checks.results import create_results, ordered_results
from comptroller.checks.schema import product_schema
from comptroller.checks.valuation import create_run_checks, create_standing, value_hits
from comptroller.errors import ComptrollerError
from comptroller.warehouse import cursors, processors, quote_literal

if TYPE_CHECKING:
    from comptroller.workspace import Workspace

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Scope:
    """Which part of a workspace is checked; None takes all of it."""

    provider_code: str | None = None
    commissioner_code: str | None = None
    financial_year: str | None = None
    month: int | None = None
    checks: str = "*"

    @classmethod
    def of(
        cls,
        provider: str | None = None,
        commissioner: str | None = None,
        month: str | None = None,
        checks: str = "*",
    ) -> Scope:
        """Return the scope that a command's options name; ``month`` is text like 2025/26-M05."""
        found = FinancialMonth.parse(month) if month else None
        return cls(
            provider or None,
            commissioner or None,
            found.year.text if found else None,
            found.month if found else None,
            checks or "*",
        )

    def to_json(self) -> str:
        """Return the scope as JSON, as it is kept beside the run."""
        content = {name: value for name, value in self.__dict__.items() if value is not None}
        return json.dumps(content, sort_keys=True)

    def sql(self, alias: str) -> str:
        """Return SQL that tells whether a finding of an earlier run lies in this scope."""
        parts = []
        for name in ("provider_code", "commissioner_code", "financial_year"):
            value = getattr(self, name)
            if value is not None:
                parts.append(f"{alias}.{name} = {quote_literal(value)}")
        if self.month is not None:
            parts.append(f"{alias}.month = {self.month}")
        return " AND ".join(parts) or "TRUE"


@dataclass(frozen=True)
class CheckRun:
    """What a run came to.

    Attributes:
        run_id: Its id: equal inputs have the same.
        repeated: Nothing had changed since that run; nothing was written again.
        lines: Lines checked.
        checks: Checks in the run.
        outcomes: Outcome to number of results.
        could_not_run: Check id to the reason why it could not run anywhere.
        findings: Findings that stand (new, continuing, returned).
        fixed: Findings of earlier runs that are gone.
        values: gross, net, cash, baseline and undercharge pounds, as text.
        seconds: Stage to seconds.
    """

    run_id: str
    repeated: bool
    lines: int
    checks: int
    outcomes: Mapping[str, int]
    could_not_run: Mapping[str, str]
    findings: int
    fixed: int
    values: Mapping[str, str]
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def needs_a_person(self) -> bool:
        """Whether anything could not run."""
        return bool(self.outcomes.get("could_not_run"))


class Clock:
    """Stages of a run and their seconds, and the progress told about them."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0
        self.stages: dict[str, float] = {}
        self.started = time.perf_counter()
        self.stage = ""

    def begin(self, stage: str) -> None:
        """End the stage before and begin this one; '' only ends."""
        now = time.perf_counter()
        if self.stage:
            self.stages[self.stage] = self.stages.get(self.stage, 0.0) + now - self.started
        self.stage, self.started = stage, now

    def tell(self, text: str, steps: int = 0) -> None:
        """Say what is being done, after so many more steps."""
        self.done += steps
        if self.progress is not None:
            self.progress(text, self.done, self.total)


def run_checks(
    ws: Workspace,
    scope: Scope | None = None,
    basis: str = "payable",
    progress: Progress | None = None,
) -> CheckRun:
    """Run the rulebook over a workspace and commit what it finds.

    Args:
        ws: The workspace.
        scope: Which part of it; by default everything.
        basis: ``payable`` lines (what the contract pays on) or ``current`` ones.
        progress: Called with what is being done, steps done and steps in all.

    Raises:
        ComptrollerError: The rulebook has a fault, no check fits the scope, or there is no line.
    """
    scope = scope or Scope()
    require_basis(basis)
    with ws.write_lock():
        con = ws.connect()
        try:
            return _run(ws, con, scope, basis, progress)
        finally:
            con.close()


def _run(
    ws: Workspace,
    con: duckdb.DuckDBPyConnection,
    scope: Scope,
    basis: str,
    progress: Progress | None,
) -> CheckRun:
    book = book_for(ws, con)
    rules = book.select(scope.checks)
    clock = Clock(progress, len(rules) + 4)
    run_id = _run_id(ws, book, rules, scope, basis)
    create_latest_findings(con, ws.warehouse, basis)
    if ws.warehouse.is_committed(f"check:{run_id}"):
        return _stored(con, ws, run_id)
    ran, lines = look(ws, con, book, rules, scope, basis, clock)
    clock.begin("writing")
    clock.tell("writing findings", 2)
    _write(ws, con, run_id, scope, basis, book, ran, lines, clock)
    return _summary(con, run_id, ran, lines, clock)


def book_for(ws: Workspace, con: duckdb.DuckDBPyConnection, instead: Path | None = None) -> Book:
    """Return the rulebook in force, with parameters by contract where a person has set any.

    Args:
        ws: The workspace.
        con: A connection to it.
        instead: A file whose checks take the place of those with the same ids.
    """
    book = workspace_book(ws, instead=instead)
    if any(override.contract_id for override in book.overrides):
        book = workspace_book(ws, _contracts(ws, con), instead)
    return book


def look(
    ws: Workspace,
    con: duckdb.DuckDBPyConnection,
    book: Book,
    rules: list[Rule],
    scope: Scope,
    basis: str,
    clock: Clock,
) -> tuple[list[Ran], int]:
    """Run rules over a scope and leave what they find in ``findings_to_write``; write nothing.

    Args:
        ws: The workspace.
        con: A connection to it, with the view ``latest_findings``.
        book: The rulebook; its other checks have a part in what a finding is worth net.
        rules: The rules to run.
        scope: Which lines.
        basis: ``payable`` or ``current``.
        clock: Told of each stage.

    Returns:
        What came of each rule, and how many lines were looked at.

    Raises:
        ComptrollerError: There is no line.
    """
    found = hit(ws, con, book, rules, scope, basis, clock)
    chosen = {rule.check.id for rule in rules}
    others = [item for name, item in book.checks.items() if name not in chosen]
    create_standing(con, others, scope.sql("p"))
    evaluate(con, found.ran, found.limits, found.lacking, clock.begin, basis)
    create_statuses(con, scope.sql("p"), [item.rule.check.id for item in found.ran])
    return found.ran, found.lines


@dataclass(frozen=True)
class Hits:
    """What `hit` leaves besides its tables.

    Attributes:
        ran: What came of each rule.
        lines: How many lines were looked at.
        limits: Check id to a predicate over the slice groups that it could run on.
        lacking: Check id to the reason given elsewhere.
    """

    ran: list[Ran]
    lines: int
    limits: Mapping[str, str]
    lacking: Mapping[str, str]


def hit(
    ws: Workspace,
    con: duckdb.DuckDBPyConnection,
    book: Book,
    rules: list[Rule],
    scope: Scope,
    basis: str,
    clock: Clock,
) -> Hits:
    """Compute the facts of a scope, run rules over them and leave ``hits``, before any overlap.

    The arguments are those of `look`. The connection is shut off from files afterwards.

    Raises:
        ComptrollerError: There is no line.
    """
    from comptroller.checks import facts

    clock.begin("facts")
    clock.tell("computing facts", 1)
    facts.build(con, ws.warehouse, ws, scope, basis, columns=_columns(rules), progress=None)
    lines = _count(con, "checked")
    if not lines and not _count(con, "slice_facts"):
        raise ComptrollerError(
            "there is nothing to check", where=str(ws.path), remedy="First: comptroller load FILE"
        )
    clock.begin("checks")
    create_presence(con, basis)
    missing = facts.missing_needs(con)
    # Few lines leave an engine idle that plans one statement after the other; many need its memory.
    beside = cursors(con, processors()) if lines < facts.LINES_TO_COMPRESS else []
    sandbox(con, str(ws.path / "warehouse"))
    reasons, limits, lacking = judge_needs(con, rules, missing)
    rules = knowing(
        rules, columns_present(con, rules), book.exclusions, product_schema(), book.parameters
    )
    create_tables(con)
    number_slices(con)
    ran = run_rules(
        con,
        rules,
        could_not_run=reasons,
        limits=limits,
        progress=_steps(clock, rules),
        beside=beside,
    )
    return Hits(ran, lines, limits, lacking)


def evaluate(
    con: duckdb.DuckDBPyConnection,
    ran: list[Ran],
    limits: Mapping[str, str],
    lacking: Mapping[str, str],
    begin: Callable[[str], None] = lambda _: None,
    basis: str = "payable",
) -> None:
    """Turn ``hits`` into ``run_findings`` and ``run_results``: net, cash, identity, outcomes.

    Args:
        con: Connection on which `run_rules` and `create_standing` ran, with the views of reference
            and intake.
        ran: What it returned.
        limits: Check id to a predicate over the slice groups that it could run on.
        lacking: Check id to the reason given elsewhere.
        begin: Called with the name of each stage.
        basis: ``payable`` or ``current``.
    """
    begin("net")
    create_run_checks(con, ran)
    value_hits(con)
    begin("cash")
    value_cash(con)
    begin("evidence")
    named = {item.number: item.rule.counterparty for item in ran if item.rule.check.counterparty}
    create_findings(con, named, basis)
    begin("results")
    numbers = {item.rule.check.id: item.number for item in ran}
    create_results(
        con,
        {numbers[check_id]: limit for check_id, limit in limits.items()},
        {numbers[check_id]: reason for check_id, reason in lacking.items()},
    )
    begin("coverage")
    create_coverage(con, ran, limits)


def _columns(rules: Iterable[Rule]) -> frozenset[str]:
    found = set(columns_needed(rules))
    for rule in rules:
        if rule.check.type == "total":
            continue
        found |= set(rule.check.evidence) - set(rule.aggregates) - set(rule.check.parameters)
    return frozenset(found)


def _steps(clock: Clock, rules: list[Rule]) -> Iterable[None]:
    for rule in rules:
        clock.tell(f"{rule.check.id} {rule.check.title}", 1)
        yield None


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0


def _contracts(ws: Workspace, con: duckdb.DuckDBPyConnection) -> list[ContractLine]:
    from comptroller.reference import create_reference_views

    create_reference_views(con, ws.warehouse)
    rows = con.execute(
        "SELECT DISTINCT contract_id, provider_code, commissioner_code, financial_year "
        "FROM contracts WHERE contract_id IS NOT NULL ORDER BY ALL"
    ).fetchall()
    return [ContractLine(*(str(value or "") for value in row)) for row in rows]


def _run_id(ws: Workspace, book: Book, rules: list[Rule], scope: Scope, basis: str) -> str:
    """Return a digest of everything that decides a run's findings.

    The day counts too, because some facts look at what is due by today.
    """
    commits = [
        commit_id for commit_id, kind, _, _ in ws.warehouse.commits() if kind not in ("check",)
    ]
    content: dict[str, Any] = {
        "release": __version__,
        "commits": commits,
        "rules": [f"{rule.check.id} {rule.fingerprint}" for rule in rules],
        "scope": scope.to_json(),
        "basis": basis,
        "day": ws.now().date().isoformat(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _write(
    ws: Workspace,
    con: duckdb.DuckDBPyConnection,
    run_id: str,
    scope: Scope,
    basis: str,
    book: Book,
    ran: list[Ran],
    lines: int,
    clock: Clock,
) -> None:
    """Commit results, findings and the run, in that order, under one commit."""
    sequence = con.execute("SELECT coalesce(max(sequence), 0) + 1 FROM check_runs").fetchone()
    run = {
        "run_id": run_id,
        "sequence": int(sequence[0]) if sequence else 1,
        "started_at": ws.now(),
        "basis": basis,
        "scope": scope.to_json(),
        "engine": "duckdb",
        "rulebook_fingerprint": book.fingerprint,
        "checks": len(ran),
        "lines": lines,
        "findings": _count(con, "run_findings"),
        "seconds": round(sum(clock.stages.values()), 3),
    }
    with ws.warehouse.commit("check", run_id, detail={"scope": scope.to_json()}) as commit:
        if commit.already_done:
            return
        commit.append_query(con, "results", ordered_results(run_id))
        commit.append_query(con, "coverage", ordered_coverage(run_id))
        commit.append_query(con, "findings", ordered_findings(run_id))
        commit.append_rows("check_runs", [run])


_VALUES = ("gross", "net", "cash", "baseline", "undercharge")


def _summary(
    con: duckdb.DuckDBPyConnection, run_id: str, ran: list[Ran], lines: int, clock: Clock
) -> CheckRun:
    clock.begin("")
    outcomes = con.execute(
        "SELECT outcome, count(*) FROM run_results GROUP BY outcome ORDER BY outcome"
    ).fetchall()
    return CheckRun(
        run_id=run_id,
        repeated=False,
        lines=lines,
        checks=len(ran),
        outcomes=dict(outcomes),
        could_not_run=_stopped(con, "run_results"),
        findings=_count(con, "findings_to_write WHERE status <> 'fixed'"),
        fixed=_count(con, "findings_to_write WHERE status = 'fixed'"),
        values=_sums(con, "run_results"),
        seconds=clock.stages,
    )


def _sums(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    columns = ", ".join(
        f"CAST(coalesce(sum({name}_value), 0) AS DECIMAL(26,2))" for name in _VALUES
    )
    row = con.execute(f"SELECT {columns} FROM {relation}").fetchone()
    return {name: f"{value:f}" for name, value in zip(_VALUES, row or (), strict=True)}


def _stopped(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Return the checks that had lines to look at and could not run on any, with the reason."""
    return dict(
        con.execute(
            f"SELECT check_id, min(reason) FILTER (outcome = 'could_not_run') FROM {relation} "
            "GROUP BY check_id HAVING bool_or(outcome = 'could_not_run') "
            "AND NOT bool_or(outcome IN ('passed', 'failed')) ORDER BY check_id"
        ).fetchall()
    )


def _stored(con: duckdb.DuckDBPyConnection, ws: Workspace, run_id: str) -> CheckRun:
    """Return the summary of a run that was committed before."""
    ws.warehouse.view(con, "results")
    mine = quote_literal(run_id)
    outcomes = con.execute(
        f"SELECT outcome, count(*) FROM results WHERE run_id = {mine} GROUP BY outcome ORDER BY 1"
    ).fetchall()
    row = con.execute(f"SELECT checks, lines FROM check_runs WHERE run_id = {mine}").fetchone()
    return CheckRun(
        run_id=run_id,
        repeated=True,
        lines=int(row[1]) if row else 0,
        checks=int(row[0]) if row else 0,
        outcomes=dict(outcomes),
        could_not_run=_stopped(con, f"results WHERE run_id = {mine}"),
        findings=_count(con, f"findings WHERE run_id = {mine} AND status <> 'fixed'"),
        fixed=_count(con, f"findings WHERE run_id = {mine} AND status = 'fixed'"),
        values=_sums(con, f"results WHERE run_id = {mine}"),
    )
