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
from comptroller.errors import UsageError
from comptroller.workspace import Workspace


@dataclass(frozen=True)
class ExportedWorkbook:
    """What was written for one provider; pounds over the claims in the log.

    ``stale`` says that data changed after the check on which the workbook stands.
    """

    provider_code: str
    path: Path
    findings: int
    gross: Decimal
    net: Decimal
    cash: Decimal
    baseline: Decimal
    stale: bool = False


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
    with ws.connect() as con:
        return _export(_Source.open(ws, con, rules), provider_code, path, options)


@dataclass(frozen=True)
class _Source:
    """What every workbook is made from, opened once."""

    ws: Workspace
    con: duckdb.DuckDBPyConnection
    run: Run
    providers: tuple[str, ...]
    names: Mapping[str, str]
    rules: Mapping[str, RuleNote]

    @classmethod
    def open(
        cls,
        ws: Workspace,
        con: duckdb.DuckDBPyConnection,
        rules: Mapping[str, RuleNote] | None = None,
    ) -> _Source:
        """Read what stands at the latest run.

        Raises:
            ComptrollerError: Nothing has been checked.
        """
        from comptroller.intake.slices import create_slice_state
        from comptroller.reference import create_reference_views

        run = selection.open_run(con, ws.warehouse)
        create_slice_state(con, ws.warehouse)
        create_reference_views(con, ws.warehouse)
        covering.open_coverage(con, run)
        names = con.execute(
            "SELECT org_code, min(name) FROM organisations WHERE name IS NOT NULL GROUP BY ALL"
        ).fetchall()
        notes = rules if rules is not None else rule_notes(ws)
        return cls(ws, con, run, selection.providers_of(con), dict(names), notes)


def _export(source: _Source, provider_code: str, path: Path, options: Options) -> ExportedWorkbook:
    con, run = source.con, source.run
    if provider_code not in source.providers:
        raise UsageError(
            f"the latest check did not look at provider {provider_code}",
            remedy=f"Providers checked: {', '.join(source.providers) or 'none'}. "
            "Run: comptroller check",
        )
    selection.select(con, provider_code, source.rules)
    charged = covering.charges(con, run, provider_code)
    contents = Contents(
        workspace=source.ws.settings.name,
        provider_code=provider_code,
        provider_name=source.names.get(provider_code, ""),
        run=run,
        options=options,
        rules=source.rules,
        totals=selection.totals_by_check(con, selection.sorts_in_log(options)),
        without_terms=selection.net_without_terms(con, selection.sorts_in_log(options)),
        leads=selection.totals_by_check(con, ("lead",)),
        fixed=sum(total.findings for total in selection.totals_by_check(con, ("fixed",))),
        coverage=covering.coverage(con, source.rules, provider_code),
        not_run=covering.not_run(con, source.rules, provider_code),
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
        stale=run.changed_at is not None,
    )
    _audit(source.ws, run, done)
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
    exported = []
    with ws.connect() as con:
        source = _Source.open(ws, con)
        for provider in providers or source.providers:
            path = folder / f"challenges-{re.sub(r'[^A-Za-z0-9_-]', '_', provider)}.xlsx"
            exported.append(_export(source, provider, path, options))
            done(exported[-1])
    return tuple(exported)


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
