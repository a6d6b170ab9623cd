"""`comptroller position`: actual against plan."""

from __future__ import annotations

from typing import Annotated

import typer

from comptroller.calendar import FinancialMonth, FinancialYear
from comptroller.console import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    open_workspace,
    print_rows,
)
from comptroller.intake.slices import require_loaded
from comptroller.position.report import DIMENSIONS
from comptroller.position.report import position as make_position


def position(
    workspace: WorkspaceOption = HERE,
    provider: Annotated[str | None, typer.Option(help="Only this provider (ODS code).")] = None,
    commissioner: Annotated[
        str | None,
        typer.Option(help="Only this commissioner; any code of the same legal body will do."),
    ] = None,
    month: Annotated[
        str | None, typer.Option(help="Only this month, such as 2025/26-M05; with --to-date up to.")
    ] = None,
    year: Annotated[str | None, typer.Option(help="Only this year, such as 2025/26.")] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help=f"Dimensions with commas between: {', '.join(DIMENSIONS)}."
            " By default commissioner, provider, month, pod, tfc, hrg."
        ),
    ] = None,
    to_date: Annotated[
        bool, typer.Option("--to-date", help="Year to date instead of month by month.")
    ] = False,
    basis: Annotated[
        str, typer.Option(help="payable (the version pinned at freeze) or current (the latest).")
    ] = "payable",
    form: FormatOption = Format.TABLE,
) -> None:
    """Print actual against plan, to the penny; variance is actual less planned.

    Actuals come from ACM where it was received for the provider, commissioner and month, and from
    the patient-level sets where it was not: the column basis says which. A month that was not
    received is absent. Plan and variance are empty for a year without a plan.

    Example: comptroller position --by provider,month --format csv
    """
    opened = open_workspace(workspace)
    require_loaded(opened, provider=provider)
    found = make_position(
        opened,
        basis=basis,
        provider=provider,
        commissioner=commissioner,
        month=FinancialMonth.parse(month) if month else None,
        year=FinancialYear.parse(year).text if year else None,
        by=None if by is None else [name.strip() for name in by.split(",")],
        period="year_to_date" if to_date else "month",
    )
    columns, rows = list(found.columns), list(found.rows)
    if form is Format.TABLE and by:
        # On a screen, dimensions that were not asked for would only be empty columns.
        keep = [i for i, _ in enumerate(columns) if any(row[i] is not None for row in rows)]
        columns = [columns[i] for i in keep]
        rows = [tuple(row[i] for i in keep) for row in rows]
    print_rows(columns, rows, form, title="Position")
