"""Checks of a file, tried on the lines that are loaded; nothing of it is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comptroller.checks.book import fits, patterns_in
from comptroller.checks.examples import Failure, run_examples
from comptroller.checks.export import findings_query
from comptroller.checks.findings import create_latest_findings
from comptroller.checks.loader import RulebookError, read_rulebook
from comptroller.checks.runner import Clock, Progress, Scope, book_for, look
from comptroller.checks.schema import product_schema
from comptroller.errors import ComptrollerError, UsageError

if TYPE_CHECKING:
    from comptroller.workspace import Workspace

_SUMMARY = """
    SELECT check_id, count(f.finding_id) FILTER (status <> 'fixed') AS findings,
        count(f.finding_id) FILTER (status = 'new') AS new,
        count(f.finding_id) FILTER (status IN ('continuing', 'returned')) AS known,
        count(f.finding_id) FILTER (status = 'fixed') AS gone,
        coalesce(sum(f.gross_value) FILTER (f.net_value > 0), 0) AS gross_value,
        coalesce(sum(f.net_value) FILTER (f.net_value > 0), 0) AS net_value,
        coalesce(sum(f.cash_value) FILTER (f.net_value > 0), 0) AS cash_value,
        coalesce(sum(f.net_value) FILTER (f.net_value < 0), 0) AS undercharge_value,
        any_value(r.lines_decided) AS lines_decided, any_value(r.lines_unknown) AS lines_unknown,
        any_value(r.could_not_run) AS could_not_run
    FROM (
        SELECT check_id, sum(denominator_rows) AS lines_decided, sum(unknown_rows) AS lines_unknown,
            coalesce(max(reason) FILTER (outcome = 'could_not_run'), '') AS could_not_run
        FROM run_results GROUP BY check_id
    ) AS r LEFT JOIN findings_to_write AS f USING (check_id) GROUP BY check_id ORDER BY check_id
"""


@dataclass(frozen=True)
class Trial:
    """What the checks of a file would find.

    Attributes:
        lines: Lines looked at.
        summary: One row per check: ``check_id``, ``findings`` (of them ``new``, and ``known``
            from recorded runs), ``gone`` (recorded, and no longer found), ``gross_value``,
            ``net_value``, ``cash_value`` and ``undercharge_value`` in pounds, ``lines_decided``
            and ``lines_unknown``, ``could_not_run`` (the reason), ``title``.
        columns, findings: The findings that would stand, with the columns of the table.
        failing: Examples of the file that fail.
    """

    lines: int
    summary: list[dict[str, Any]]
    columns: list[str]
    findings: list[tuple[Any, ...]]
    failing: list[Failure]


def try_checks(
    ws: Workspace,
    file: Path,
    scope: Scope,
    basis: str = "payable",
    progress: Progress | None = None,
) -> Trial:
    """Run the checks of a file over a workspace and tell what they would find.

    A check with the id of one in force takes its place for the trial, so that a change can be
    seen before it is made. Net values stand beside what other checks have recorded.

    Args:
        ws: The workspace; nothing in it is changed.
        file: A rulebook file, in the workspace's ``rules`` or elsewhere.
        scope: Which lines, and which of the file's checks.
        basis: ``payable`` or ``current``.
        progress: Called with what is being done, steps done and steps in all.

    Raises:
        RulebookError: A fault in the file.
        ComptrollerError: There is no such file, it declares no check, or there is no line.
        UsageError: No check of the file fits the pattern.
    """
    names = _names_in(file)
    wanted = [name for name in names if fits(name, patterns_in(scope.checks))]
    if not wanted:
        raise UsageError(
            f"no check of {file.name} is called '{scope.checks}'",
            where="--checks",
            remedy=f"It declares {', '.join(names)}",
        )
    with ws.connect() as con:
        book = book_for(ws, con, file)
        failing = run_examples(
            [book.checks[name] for name in wanted], book.exclusions, product_schema()
        )
        clock = Clock(progress, len(wanted) + 2)
        create_latest_findings(con, ws.warehouse, basis)
        rules = [book.rules[name] for name in wanted]
        _, lines = look(ws, con, book, rules, scope, basis, clock)
        told = con.execute(_SUMMARY)
        names_of = [column[0] for column in told.description or ()]
        summary = [
            {**dict(zip(names_of, row, strict=True)), "title": book.checks[row[0]].title}
            for row in told.fetchall()
        ]
        listed = con.execute(findings_query("(FROM findings_to_write WHERE status <> 'fixed')", {}))
        columns = [column[0] for column in listed.description or ()]
        return Trial(lines, summary, columns, listed.fetchall(), failing)


def _names_in(file: Path) -> list[str]:
    """Return the ids of the checks that a file declares."""
    if not file.is_file():
        raise ComptrollerError(
            "there is no such file", where=str(file), remedy="See: comptroller rulebook new"
        )
    rulebook, faults = read_rulebook([], [file])
    if faults and not rulebook.checks:
        raise RulebookError(faults)
    if not rulebook.checks:
        raise ComptrollerError(
            "the file declares no check", where=str(file), remedy="See: comptroller rulebook new"
        )
    return sorted(rulebook.checks)
