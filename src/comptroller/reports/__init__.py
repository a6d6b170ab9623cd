"""Reports: what the month looks like, as one report object for page, PDF and workbook.

What comes in: the position, the movement since the last version, tie-outs, results and findings of
the latest check run, quarantine, published activity; all read through the rooms' own doors and
published tables. What goes out: `month_summary` and `aggregates_summary`, each a
`rendering.Report`, and the command that writes one as a page, a PDF or a workbook. A part that has
nothing yet (no plan, no check run) is left out and the report says so. It owns no tables.
"""

from comptroller.reports.aggregates import aggregates_summary
from comptroller.reports.catalogue import REPORTS, ReportDefinition, build_report, write_report
from comptroller.reports.month import month_summary

__all__ = [
    "REPORTS",
    "ReportDefinition",
    "aggregates_summary",
    "build_report",
    "month_summary",
    "write_report",
]
