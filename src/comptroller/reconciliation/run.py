"""One reconciliation run: compute every tie, commit it, tell what came of it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from comptroller import __version__
from comptroller.calendar import Calendar, FinancialMonth
from comptroller.intake.slices import create_slice_views
from comptroller.reconciliation.figures import read_figures
from comptroller.reconciliation.invoices import CARRIED, invoice_ties, read_ledger
from comptroller.reconciliation.market_forces import market_forces_ties, read_factors
from comptroller.reconciliation.model import STATUSES, TIES, Status, TieOut
from comptroller.reconciliation.patient_level import patient_level_ties
from comptroller.reconciliation.sus import sus_ties
from comptroller.reconciliation.versions import version_ties
from comptroller.reference import create_reference_views
from comptroller.reference.signed_plan import create_signed_plan
from comptroller.warehouse import Warehouse
from comptroller.workspace import Workspace

# Commits of these kinds read what is loaded and change nothing that a tie is made from.
_READERS = frozenset({"reconcile", "check"})

COLUMNS: tuple[str, ...] = (
    "tie",
    "data_set",
    "provider_code",
    "commissioner_code",
    "financial_year",
    "month",
    "left_name",
    "left_value",
    "right_name",
    "right_value",
    "difference",
    "status",
    "reason",
    "detail",
)


@dataclass(frozen=True)
class ReconcileRun:
    """A run and its tie-outs, as dictionaries with the columns of `tie_outs`, in order.

    `was_done` tells that nothing had changed since, so that the earlier run was read back.
    """

    run_id: str
    was_done: bool
    rows: tuple[dict[str, Any], ...]

    def counts(self) -> dict[str, dict[Status, int]]:
        """Return how many tie-outs of each tie have each status; every tie, every status."""
        found = Counter((row["tie"], row["status"]) for row in self.rows)
        return {tie: {status: found[tie, status] for status in STATUSES} for tie in TIES}

    def differing(self, *, with_versions: bool = False) -> list[dict[str, Any]]:
        """Return what differs, by tie and then largest difference first.

        That a version differs from the one before is ordinary: V is left out unless asked for.
        A difference of T1 that stands since an earlier month is told with that month only.
        """
        rows = [
            row
            for row in self.rows
            if row["status"] == "differs"
            and (with_versions or row["tie"] != "V")
            and row["reason"] != CARRIED
        ]
        order = list(TIES)
        return sorted(
            rows, key=lambda row: (order.index(row["tie"]), -abs(row["difference"] or Decimal()))
        )

    def needs_a_person(self) -> bool:
        """Return whether a tie other than V differs or could not run."""
        return any(
            row["tie"] != "V" and row["status"] in ("differs", "could_not_run") for row in self.rows
        )


def reconcile(
    ws: Workspace, provider: str | None = None, month: FinancialMonth | None = None
) -> ReconcileRun:
    """Tie everything that is loaded and write `tie_outs`; return the run.

    The whole workspace is always reconciled, on the payable track; `provider` and `month` choose
    what the returned run shows. Timing is judged as at the day of the last receipt, so that the
    same loads give the same run, which is then not written twice.

    Args:
        ws: The workspace.
        provider: Show only this provider.
        month: Show only this month.
    """
    run_id = _run_id(ws)
    with ws.write_lock(), ws.warehouse.commit("reconcile", run_id) as commit:
        was_done = commit.already_done
        if not was_done:
            ties = _all_ties(ws)
            commit.detail["ties"] = len(ties)
            commit.append_rows("tie_outs", [tie.as_row(run_id) for tie in ties])
    return ReconcileRun(run_id, was_done, _read(ws, run_id, provider, month))


def create_tie_out_views(con: duckdb.DuckDBPyConnection, wh: Warehouse) -> None:
    """Make the relation `tie_outs` and the view `latest_tie_outs`: those of the latest run."""
    wh.view(con, "commits", "tie_outs")
    con.execute(
        """
        CREATE OR REPLACE TEMP VIEW latest_tie_outs AS
        SELECT t.* FROM tie_outs t
        WHERE t.commit_id = (SELECT arg_max(commit_id, (created_at, commit_id))
                             FROM commits WHERE kind = 'reconcile')
        """
    )


def _run_id(ws: Workspace) -> str:
    """Return a digest of everything that decides the ties."""
    commits = [row[0] for row in ws.warehouse.commits() if row[1] not in _READERS]
    told = {"commits": commits, "calendar": ws.section("calendar"), "release": __version__}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def _all_ties(ws: Workspace) -> list[TieOut]:
    con = ws.connect()
    create_reference_views(con, ws.warehouse)
    create_slice_views(con, ws.warehouse)
    create_signed_plan(con)
    figures = read_figures(con)
    ledger = read_ledger(con, read_calendar(con, ws), _as_at(con))
    ties = [
        *invoice_ties(con, figures, ledger),
        *patient_level_ties(figures),
        *market_forces_ties(figures, read_factors(con)),
        *sus_ties(figures),
        *version_ties(con),
    ]
    order = list(TIES)
    return sorted(
        ties,
        key=lambda tie: (
            order.index(tie.tie),
            tie.provider_code,
            tie.financial_year,
            tie.month,
            tie.commissioner_code,
            tie.data_set,
        ),
    )


def read_calendar(con: duckdb.DuckDBPyConnection, ws: Workspace) -> Calendar:
    """Return the calendar of a workspace: the reference rows over its default timetable."""
    found = con.execute("SELECT * FROM calendar ORDER BY ALL")
    names = [column[0] for column in found.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return Calendar.of(ws, rows)


def _as_at(con: duckdb.DuckDBPyConnection) -> date:
    row = con.execute("SELECT max(received_at)::DATE FROM slice_versions").fetchone()
    return row[0] if row and row[0] else date(1900, 1, 1)


def _read(
    ws: Workspace, run_id: str, provider: str | None, month: FinancialMonth | None
) -> tuple[dict[str, Any], ...]:
    con = ws.connect()
    ws.warehouse.relation(con, "tie_outs")
    where, values = ["run_id = ?"], [run_id]
    if provider is not None:
        where.append("provider_code = ?")
        values.append(provider)
    if month is not None:
        where += ["financial_year = ?", f"month = {month.month}"]
        values.append(month.year.text)
    rows = con.execute(
        f"SELECT {', '.join(COLUMNS)} FROM tie_outs WHERE {' AND '.join(where)} "
        "ORDER BY list_position(?, tie), provider_code, financial_year, month, "
        "commissioner_code, data_set",
        [*values, list(TIES)],
    ).fetchall()
    return tuple(dict(zip(COLUMNS, row, strict=True)) for row in rows)
