"""Published activity tables on their way through a load: counts, control totals, rows."""

from __future__ import annotations

import duckdb

from comptroller.intake.aggregates import AggregatePart
from comptroller.intake.incoming import IncomingFile
from comptroller.intake.report import PROMOTED, SET_ASIDE, Message, PartReport
from comptroller.vocabulary import DATA_SETS
from comptroller.warehouse import Commit


def count(con: duckdb.DuckDBPyConnection, file: IncomingFile) -> None:
    """Fill the report of a file that holds a published data set; others are left alone."""
    if file.published is None:
        return
    for item in file.published.parts:
        sheet = item.sheet
        report = PartReport(
            part=sheet.part,
            member=sheet.member,
            sheet=sheet.sheet,
            rows_read=item.rows_read,
        )
        file.report.parts.append(report)
        if item.match is None:
            report.status, report.rows_set_aside = SET_ASIDE, item.rows_read
            report.messages.append(Message("note", f"set aside: {item.reason}", sheet.sheet))
            continue
        report.status, report.data_set = PROMOTED, item.match.data_set
        bad = item.unreadable()
        report.rows_quarantined = len(bad)
        report.rows_loaded = item.data_rows - len(bad)
        report.rows_set_aside = item.rows_read - item.data_rows
        found = con.execute(
            f"SELECT count(*) FROM ({item.rows_sql(file.report.submission_id)})"
        ).fetchone()
        report.lines_loaded = int(found[0]) if found else 0
        report.messages += [
            Message("warning", f"in quarantine: {reason}", sheet.sheet, row) for row, reason in bad
        ]
        _controls(item, report)


def _controls(item: AggregatePart, report: PartReport) -> None:
    told = item.controls()
    off = [control for control in told if not control.ties]
    for control in off[:20]:
        report.messages.append(
            Message(
                "warning",
                f"its total says {control.stated:,} for {control.heading}, the rows add up to "
                f"{control.loaded:,}",
                report.sheet,
                control.row,
                control.heading,
            )
        )
    if told and not off:
        report.messages.append(
            Message("note", f"{len(told)} control totals tie with the rows", report.sheet)
        )
    cost = item.cost()
    if cost is not None:
        report.cost_read = cost.loaded + cost.quarantined
        report.cost_loaded, report.cost_quarantined = cost.loaded, cost.quarantined
        report.cost_control = cost.stated
    title = DATA_SETS[report.data_set].title
    report.messages.append(Message("note", f"published data set: {title}", report.sheet))


def append(commit: Commit, con: duckdb.DuckDBPyConnection, file: IncomingFile) -> None:
    """Append the figures of a published file, and its rows in quarantine, within a commit."""
    if file.published is None or file.holds:
        return
    for item in file.published.loaded:
        commit.append_query(con, "aggregates", item.rows_sql(file.report.submission_id))
        bad = item.unreadable()
        if bad and item.match is not None:
            commit.append_rows(
                "quarantine",
                [
                    {
                        "submission_id": file.report.submission_id,
                        "data_set": item.match.data_set,
                        "part": item.sheet.part,
                        "sheet": item.sheet.sheet or None,
                        "row": row,
                        "reason": reason,
                    }
                    for row, reason in bad
                ],
            )
