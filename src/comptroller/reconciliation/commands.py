"""`comptroller reconcile`: tie invoice, ACM, patient level and SUS, version against version."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from comptroller.calendar import FinancialMonth
from comptroller.console import (
    EXIT_NEEDS_A_PERSON,
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    messages,
    open_workspace,
    print_rows,
)
from comptroller.intake.slices import require_loaded
from comptroller.reconciliation.model import STATUSES, TIES
from comptroller.reconciliation.run import COLUMNS, ReconcileRun
from comptroller.reconciliation.run import reconcile as run_reconcile

_SHOWN: tuple[str, ...] = (
    *("tie", "provider_code", "commissioner_code", "financial_year", "month"),
    *("left_value", "right_value", "difference", "reason"),
)


def reconcile(
    workspace: WorkspaceOption = HERE,
    provider: Annotated[str | None, typer.Option(help="Show only this provider.")] = None,
    month: Annotated[
        str | None, typer.Option(help="Show only this month, such as 2025/26-M05.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="List every tie-out, not only those that differ.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Tie what was received, and print what ties and what does not; difference is left less right.

    T1 bridges payable ACM to invoices and payments to date, T2 to T5 tie ACM to the patient-level
    sets, T6 market forces to the provider's factor, SUS patient level to SUS, V each version to
    the one before. As JSON, CSV or Parquet every tie-out is printed, with its bridge in detail.
    Exit code 3: a tie differs or could not run.

    Example: comptroller reconcile --provider RX1 --month 2025/26-M05
    """
    opened = open_workspace(workspace)
    require_loaded(opened, provider=provider)
    run = run_reconcile(opened, provider, FinancialMonth.parse(month) if month else None)
    if form is not Format.TABLE:
        print_rows(COLUMNS, [tuple(row.values()) for row in run.rows], form)
    else:
        _print_for_people(run, every)
    if run.was_done:
        messages.print("Nothing was loaded since the last run: its tie-outs are shown.")
    if run.needs_a_person():
        raise typer.Exit(EXIT_NEEDS_A_PERSON)


def _print_for_people(run: ReconcileRun, every: bool) -> None:
    summary = [
        (TIES[tie].id, TIES[tie].title, *[counts[status] for status in STATUSES])
        for tie, counts in run.counts().items()
        if any(counts.values())
    ]
    print_rows(("tie", "what", *STATUSES), summary, Format.TABLE, title="Tie-outs")
    rows: list[dict[str, Any]] = list(run.rows) if every else run.differing()
    shown = (*_SHOWN, "status") if every else _SHOWN
    if rows:
        title = "Every tie-out" if every else "What differs"
        print_rows(shown, [tuple(row[name] for name in shown) for row in rows], title=title)
    _print_gaps(run)


def _print_gaps(run: ReconcileRun) -> None:
    """Print why ties could not run, as loudly as what differs: once per reason."""
    reasons: dict[tuple[str, str], int] = {}
    for row in run.rows:
        if row["status"] == "could_not_run":
            key = (row["tie"], row["reason"])
            reasons[key] = reasons.get(key, 0) + 1
    if reasons:
        rows = [(tie, count, reason) for (tie, reason), count in reasons.items()]
        print_rows(("tie", "slices", "reason"), rows, title="What could not run")
