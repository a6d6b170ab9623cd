"""`comptroller links`: which SUS record is a charged line's, which line became which."""

from __future__ import annotations

from typing import Annotated

import typer

from comptroller.calendar import FinancialMonth, FinancialYear
from comptroller.console import (
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    messages,
    open_workspace,
    print_rows,
)
from comptroller.errors import UsageError
from comptroller.intake import decisions
from comptroller.intake.slices import require_loaded
from comptroller.reconciliation.linking import (
    THRESHOLD,
    Linking,
    link_charged_to_sus,
    link_versions,
)

app = typer.Typer(
    help="Link charged lines to SUS, or a version's lines to the next.",
    no_args_is_help=True,
    add_completion=False,
)

ProviderOption = Annotated[str | None, typer.Option(help="Only this provider.")]
MonthOption = Annotated[str | None, typer.Option(help="Only this month, such as 2025/26-M05.")]
YearOption = Annotated[str | None, typer.Option(help="Only this year, such as 2025/26.")]
ThresholdOption = Annotated[
    float,
    typer.Option(help="Least match probability of a link that no exact tier made: 0.5 to 1."),
]
DetailsOption = Annotated[bool, typer.Option("--details", help="One row per link and per line.")]


@app.command("sus")
def sus_command(
    workspace: WorkspaceOption = HERE,
    provider: ProviderOption = None,
    month: MonthOption = None,
    year: YearOption = None,
    basis: Annotated[
        str, typer.Option("--basis", help="payable (default) or current lines.")
    ] = "payable",
    threshold: ThresholdOption = THRESHOLD,
    details: DetailsOption = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Link charged PLCM lines to SUS records one to one, and print lines and pounds by tier.

    Tiers: 1 CDS identifier; 2 spell or attendance identifier; 3 patient and date; 4 a day either
    side; 5 by splink, with a match probability. Every line is linked once or told as unlinked.

    Example: comptroller links sus --provider RX1 --month 2025/26-M05 --details
    """
    opened = open_workspace(workspace)
    require_loaded(opened, provider=provider)
    linking = link_charged_to_sus(
        opened,
        provider=provider,
        month=FinancialMonth.parse(month) if month else None,
        year=FinancialYear.parse(year).text if year else None,
        basis=basis,
        threshold=threshold,
    )
    _print(linking, details, form, "Charged lines and SUS records")


@app.command("versions")
def versions_command(
    before: Annotated[str, typer.Argument(help="The earlier submission.")] = "",
    after: Annotated[str, typer.Argument(help="The later submission.")] = "",
    workspace: WorkspaceOption = HERE,
    provider: ProviderOption = None,
    month: MonthOption = None,
    year: YearOption = None,
    threshold: ThresholdOption = THRESHOLD,
    details: DetailsOption = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Link the patient-level lines of each slice's version before to its latest, one to one.

    Two submissions may be named instead. Unlike `submissions diff`, lines are paired that lost or
    changed their identifiers: --details tells which were recoded, moved or repriced.

    Example: comptroller links versions --provider RX1 --month 2025/26-M05 --details
    """
    opened = open_workspace(workspace)
    require_loaded(opened, provider=provider)
    if bool(before) != bool(after):
        raise UsageError("one submission has nothing to be linked to", remedy="Name two, or none")
    pair = (
        (
            decisions.find(opened, before).submission_id,
            decisions.find(opened, after).submission_id,
        )
        if before
        else None
    )
    linking = link_versions(
        opened,
        provider=provider,
        month=FinancialMonth.parse(month) if month else None,
        year=FinancialYear.parse(year).text if year else None,
        submissions=pair,
        threshold=threshold,
    )
    _print(linking, details, form, "Lines of one version and the next")
    if linking.unchanged:
        messages.print(f"{linking.unchanged:,} slices are the same in both versions: left out.")


def _print(linking: Linking, details: bool, form: Format, title: str) -> None:
    summary = linking.summary()
    if details:
        print_rows(linking.row_columns, linking.rows(), form, title=title)
    else:
        print_rows(linking.summary_columns, summary, form, title=title)
    if not any(row[2] or row[4] for row in summary):
        messages.print("Nothing to link: no patient-level line of either side in this scope.")
    if linking.not_compared:
        messages.print(
            f"{linking.not_compared:,} lines were not compared in the last tier: too many others "
            "of the same provider, day and treatment function, and no identifier or patient."
        )
