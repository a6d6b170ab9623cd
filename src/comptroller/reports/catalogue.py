"""Which reports there are, and how one is written as a page, a PDF or a workbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from comptroller.access import audit
from comptroller.calendar import FinancialMonth
from comptroller.errors import ComptrollerError, UsageError
from comptroller.rendering import Report, render_html, render_pdf, render_workbook
from comptroller.reports.aggregates import aggregates_summary
from comptroller.reports.month import month_summary
from comptroller.workspace import Workspace


@dataclass(frozen=True)
class ReportDefinition:
    """A report by name.

    Args:
        name: What it is called on the command line.
        title: What it shows, in one line.
        build: Makes it from a workspace and a month.
    """

    name: str
    title: str
    build: Callable[[Workspace, FinancialMonth | None], Report]


def _aggregates(ws: Workspace, month: FinancialMonth | None) -> Report:
    if month is not None:
        raise UsageError(
            "the report aggregates-summary shows every month that was published",
            remedy="Leave --month out",
        )
    return aggregates_summary(ws)


REPORTS: Final[Mapping[str, ReportDefinition]] = {
    definition.name: definition
    for definition in (
        ReportDefinition(
            "month-summary",
            "Position, movement, findings, reconciliation, coverage and data quality of a month",
            month_summary,
        ),
        ReportDefinition(
            "aggregates-summary",
            "Published A&E attendances by provider and month, with their trend",
            _aggregates,
        ),
    )
}


def build_report(ws: Workspace, name: str, month: FinancialMonth | None = None) -> Report:
    """Return a report by its name.

    Raises:
        UsageError: There is no such report, or nothing for it to say.
    """
    definition = REPORTS.get(name)
    if definition is None:
        raise UsageError(f"there is no report '{name}'", remedy=f"There are: {', '.join(REPORTS)}")
    return definition.build(ws, month)


def _write_page(report: Report, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(render_html(report), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise ComptrollerError(
            f"the page cannot be written ({error.strerror})",
            where=str(path),
            remedy="Choose a folder that you may write to",
        ) from error


WRITERS: Final[Mapping[str, Callable[[Report, Path], None]]] = {
    ".html": _write_page,
    ".pdf": render_pdf,
    ".xlsx": render_workbook,
}


def check_path(path: Path) -> None:
    """Refuse a path whose ending names no form of a report.

    Raises:
        UsageError: Such a path.
    """
    if path.suffix.lower() not in WRITERS:
        raise UsageError(
            f"a report cannot be written as '{path.suffix or path.name}'",
            where=str(path),
            remedy=f"End the name with one of: {', '.join(WRITERS)}",
        )


def write_report(ws: Workspace, name: str, report: Report, path: Path) -> None:
    """Write a report in the form that the path's ending names, and record the export.

    Raises:
        ComptrollerError: An unknown ending, or the file cannot be written.
    """
    check_path(path)
    WRITERS[path.suffix.lower()](report, path)
    ws.use_database()
    audit.record(
        "report.write",
        name,
        detail={"file": path.name, "audience": report.audience, "as_at": report.as_at.isoformat()},
    )
