"""The month's summary: position, movement, findings, reconciliation, coverage, data quality."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from comptroller.calendar import FinancialMonth
from comptroller.challenges.rules import RuleNote, rule_notes
from comptroller.challenges.selection import Run, open_run
from comptroller.errors import ComptrollerError
from comptroller.rendering import Block, Notice, Report, Section, Tile, Tiles
from comptroller.rendering.formats import format_count, format_moment, format_money
from comptroller.reports.coverage_part import Covered, could_not_run, coverage_section, covered
from comptroller.reports.findings_part import (
    FoundTotals,
    claim_totals,
    findings_section,
    sort_findings,
)
from comptroller.reports.movement_part import movement_section
from comptroller.reports.position_part import YearToDate, position_section, year_to_date
from comptroller.reports.quality_part import Files, files, quality_section
from comptroller.reports.scope import Scope, open_scope
from comptroller.reports.ties_part import TieCounts, tie_counts, ties_section
from comptroller.workspace import Workspace


def month_summary(
    ws: Workspace,
    month: FinancialMonth | None = None,
    *,
    rules: Mapping[str, RuleNote] | None = None,
) -> Report:
    """Return the summary of a month: every section is of its year to date, as it stands now.

    Args:
        ws: The workspace.
        month: The last month to sum; the last month received where none is named.
        rules: The rules in words; by default those of the workspace's rulebook.

    Returns:
        The report. Parts that have nothing yet are left out, and it says so.

    Raises:
        ComptrollerError: Nothing has been loaded for the month's year.
    """
    scope = open_scope(ws, month)
    run = _run(scope)
    notes: Mapping[str, RuleNote] = {}
    if run is not None:
        notes = rules if rules is not None else rule_notes(ws)
        for standing in ("standing_findings", "standing_results"):
            scope.con.execute(f"DELETE FROM {standing} WHERE ({scope.within}) IS NOT TRUE")
        sort_findings(scope.con, notes)
    ytd = year_to_date(scope, run.basis if run else "payable")
    ties = tie_counts(scope)
    received = files(scope)
    done = covered(scope, run, notes) if run else None
    sections = [
        _headlines(scope, ytd, run, ties, received, done),
        position_section(scope, ytd),
        movement_section(scope),
    ]
    if run is not None and done is not None:
        sections += [findings_section(scope, notes), coverage_section(scope, notes, done)]
    sections += [ties_section(scope, ties), quality_section(scope, received, notes)]
    return Report(
        title="Month summary",
        subtitle=f"{ws.settings.name}: {scope.month.year} to {scope.month.name}",
        sections=tuple(sections),
        as_at=scope.as_at,
        audience="internal",
    )


def _run(scope: Scope) -> Run | None:
    try:
        return open_run(scope.con, scope.ws.warehouse)
    except ComptrollerError:
        return None


def _headlines(
    scope: Scope,
    ytd: YearToDate,
    run: Run | None,
    ties: TieCounts,
    received: Files,
    done: Covered | None,
) -> Section:
    total = ytd.total()
    lines = scope.con.execute(
        "SELECT coalesce(sum(rows), 0) FROM slice_state WHERE track = ? AND financial_year = ? "
        "AND month <= ?",
        [ytd.basis, scope.month.year.text, scope.month.month],
    ).fetchone()
    tiles = [
        Tile("Actual cost, year to date", total.actual_cost, "money", _months(ytd)),
        Tile("Plan", total.planned_cost, "money", "" if total.planned_cost else "No plan loaded"),
        Tile("Actual less plan", total.variance_cost, "money", "Above plan is positive"),
        Tile("Lines", int(lines[0]) if lines else 0, "count", f"from {received.promoted:,} files"),
    ]
    blocks: list[Block] = []
    if run is not None and done is not None:
        claims = claim_totals(scope.con)
        tiles += _found(scope, claims, done)
    tiles.append(
        Tile(
            "Totals that tie",
            f"{ties.ties:,} of {ties.compared:,}" if ties.run_id else None,
            "text",
            "" if ties.run_id else "Not reconciled yet",
        )
    )
    blocks.append(Tiles(tuple(tiles)))
    if run is None:
        blocks.append(
            Notice("warning", "**Nothing has been checked yet.** Run `comptroller check`.")
        )
    else:
        if run.changed_at is not None:
            blocks.append(
                Notice(
                    "warning",
                    f"**What is loaded changed on {format_moment(run.changed_at)}**, after the "
                    "check on which these findings stand. Run `comptroller check` again.",
                )
            )
        blocks.append(
            Notice(
                "info",
                f"Findings are those of the check of {format_moment(run.started_at)} on the "
                f"{run.basis} versions, of {scope.months} as every section of this report.",
            )
        )
    return Section("Headlines", tuple(blocks))


def _months(ytd: YearToDate) -> str:
    months = ytd.months
    if not months:
        return "No month received"
    span = f"M{months[0]}" if len(months) == 1 else f"M{months[0]} to M{months[-1]}"
    return f"{span}, {ytd.basis} versions"


def _findings(count: int) -> str:
    return "1 finding" if count == 1 else f"{format_count(count)} findings"


def _found(scope: Scope, claims: FoundTotals, done: Covered) -> list[Tile]:
    undercharges = claim_totals(scope.con, "undercharge")
    tested = done.tested / done.charged if done.charged else None
    blocked = could_not_run(scope)
    return [
        Tile("Cash now", claims.cash, "money", _findings(claims.findings)),
        Tile("Baseline only", claims.baseline, "money", "Moves at the next rebase"),
        Tile("Net value of findings", claims.net, "money", f"gross {format_money(claims.gross)}"),
        Tile(
            "Undercharges",
            undercharges.gross or Decimal(0),
            "money",
            f"{_findings(undercharges.findings)}, kept apart",
        ),
        Tile(
            "Patient-level cost tested",
            tested,
            "percent",
            f"{format_money(done.tested)}, by one question at least",
        ),
        Tile("Checks that could not run", blocked, "count", "on all or some of the data"),
    ]
