"""Export a provider's challenge workbook from the latest check run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from comptroller.access import audit
from comptroller.challenges import coverage as covering
from comptroller.challenges import selection
from comptroller.challenges.rules import RuleNote, rule_notes
from comptroller.challenges.selection import Options, Run
from comptroller.challenges.sheets import Contents, write_workbook
from comptroller.errors import ComptrollerError
from comptroller.workspace import Workspace


@dataclass(frozen=True)
class ExportedWorkbook:
    """What was written for one provider; pounds over the claims in the log."""

    provider_code: str
    path: Path
    findings: int
    gross: Decimal
    net: Decimal
    cash: Decimal
    baseline: Decimal


def export_workbook(
    ws: Workspace,
    provider_code: str,
    path: Path,
    options: Options = Options(),  # noqa: B008 - frozen
    *,
    rules: Mapping[str, RuleNote] | None = None,
) -> ExportedWorkbook:
    """Write the challenge workbook of one provider from the latest check run.

    Args:
        ws: The workspace.
        provider_code: Who the findings are put to (the counterparty of a finding).
        path: The workbook's path.
        options: What the contract lead decided.
        rules: The rules in words; by default those of the workspace's rulebook.

    Returns:
        What was written: findings and pounds of the log, equal to `findings export`.

    Raises:
        ComptrollerError: Nothing has been checked, the run did not look at the provider, or the
            workbook cannot be written.
    """
    from comptroller.intake.slices import create_slice_state

    notes = rules if rules is not None else rule_notes(ws)
    with ws.connect() as con:
        run = selection.open_run(con, ws.warehouse)
        create_slice_state(con, ws.warehouse)
        checked = selection.providers_of(con)
        if provider_code not in checked:
            known = ", ".join(checked) or "none"
            raise ComptrollerError(
                f"the latest check did not look at provider {provider_code}",
                remedy=f"Providers checked: {known}. Run: comptroller check",
            )
        selection.select(con, provider_code, notes)
        covering.open_coverage(con, run)
        charged = covering.charges(con, run, provider_code)
        contents = Contents(
            workspace=ws.settings.name,
            provider_code=provider_code,
            provider_name=_provider_name(ws, con, provider_code),
            run=run,
            options=options,
            rules=notes,
            totals=selection.totals_by_check(con, selection.sorts_in_log(options)),
            leads=selection.totals_by_check(con, ("lead",)),
            fixed=sum(total.findings for total in selection.totals_by_check(con, ("fixed",))),
            coverage=covering.coverage(con, provider_code),
            not_run=covering.not_run(con, provider_code),
            uncontested=covering.uncontested(con, charged),
        )
        write_workbook(con, contents, path)
    totals = contents.totals
    done = ExportedWorkbook(
        provider_code=provider_code,
        path=path,
        findings=sum(total.findings for total in totals),
        gross=sum((total.gross for total in totals), Decimal(0)),
        net=sum((total.net for total in totals), Decimal(0)),
        cash=sum((total.cash for total in totals), Decimal(0)),
        baseline=sum((total.baseline for total in totals), Decimal(0)),
    )
    _audit(ws, run, done)
    return done


def export_all(
    ws: Workspace,
    folder: Path,
    options: Options = Options(),  # noqa: B008 - frozen
    *,
    providers: tuple[str, ...] = (),
    done: Callable[[ExportedWorkbook], None] = lambda _: None,
) -> tuple[ExportedWorkbook, ...]:
    """Write the workbook of every provider that the latest run looked at.

    Args:
        ws: The workspace.
        folder: Where the workbooks go, one `challenges-PROVIDER.xlsx` each.
        options: What the contract lead decided.
        providers: Only these; all where empty.
        done: Called after each workbook.

    Raises:
        ComptrollerError: As for one workbook.
    """
    notes = rule_notes(ws)
    if not providers:
        with ws.connect() as con:
            selection.open_run(con, ws.warehouse)
            providers = selection.providers_of(con)
    exported = []
    for provider in providers:
        path = folder / f"challenges-{re.sub(r'[^A-Za-z0-9_-]', '_', provider)}.xlsx"
        exported.append(export_workbook(ws, provider, path, options, rules=notes))
        done(exported[-1])
    return tuple(exported)


def _provider_name(ws: Workspace, con: duckdb.DuckDBPyConnection, provider_code: str) -> str:
    from comptroller.reference import create_reference_views

    create_reference_views(con, ws.warehouse)
    row = con.execute(
        "SELECT name FROM organisations WHERE org_code = ? ORDER BY name LIMIT 1", [provider_code]
    ).fetchone()
    return str(row[0]) if row and row[0] else ""


def _audit(ws: Workspace, run: Run, done: ExportedWorkbook) -> None:
    ws.use_database()
    audit.record(
        "challenges.export",
        done.provider_code,
        detail={
            "run_id": run.run_id,
            "file": done.path.name,
            "findings": done.findings,
            "net": str(done.net),
        },
    )
