"""A received file on its way in: its tables, what each was found to be, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import duckdb

from comptroller.errors import ComptrollerError
from comptroller.intake.aggregates import AggregateReading, recognise_aggregates
from comptroller.intake.arranged import source_table
from comptroller.intake.below import sheets_below
from comptroller.intake.beside import tables_beside
from comptroller.intake.fill_down import fill_down
from comptroller.intake.layouts import SavedLayout
from comptroller.intake.mapping import SURE
from comptroller.intake.measures import told_in_thousands
from comptroller.intake.plain_table import plain_table
from comptroller.intake.reading import RawSheet, open_file
from comptroller.intake.recognise import Recognised, labels_that_differ
from comptroller.intake.recogniser import Recogniser
from comptroller.intake.repeats import Lines, repeats
from comptroller.intake.report import HELD, FileReport, Message, PartReport
from comptroller.intake.source import MappedColumn, SourceTable, column_letters
from comptroller.intake.table_finder import FoundTable, find_tables

_DATES = ("activity_end_date", "clinical_intervention_date", "activity_start_date")


@dataclass(frozen=True)
class Waiting:
    """Rows of a table that are in quarantine for one reason, with the column that it lies in."""

    rows: int
    reason: str
    column: str


@dataclass
class IncomingPart:
    """One table of a file that may become lines.

    Attributes:
        unit: Number of the table within the load, -1 until it is pooled.
        table: Where it lies.
        recognised: What it was found to be.
        report: Its part of the file's report.
        layout: The saved layout that was applied, if any.
        waiting: Which of its rows are in quarantine, by reason.
    """

    table: SourceTable
    recognised: Recognised
    report: PartReport
    layout: SavedLayout | None = None
    unit: int = -1
    waiting: list[Waiting] = field(default_factory=list)


@dataclass
class IncomingFile:
    """One received file.

    Attributes:
        path: Where it was found.
        report: What happens to it.
        parts: Tables that may become lines.
        published: What it is when it is a published activity data set.
        sheets, tables: What it holds, and the table found on each sheet.
        holds: Why it is held; empty when nothing speaks against promoting it.
        refused: Why it is refused, or None.
    """

    path: Path
    report: FileReport
    size: int = 0
    parts: list[IncomingPart] = field(default_factory=list)
    published: AggregateReading | None = None
    sheets: list[RawSheet] = field(default_factory=list)
    tables: list[_TableOf] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    refused: bool = False

    def hold(
        self, reason: str, *, sheet: str = "", column: str = "", row: int | None = None
    ) -> None:
        """Keep a reason why the file must wait for a person."""
        placed = f"{sheet}: {reason}" if sheet else reason
        if placed not in self.holds:
            self.holds.append(placed)
            self.report.messages.append(Message("error", f"held: {reason}", sheet, row, column))
        self.report.status = HELD


def open_incoming(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> IncomingFile:
    """Open a file and find its tables; a file that cannot be read is refused."""
    incoming = IncomingFile(path, FileReport(file=name))
    try:
        incoming.size = path.stat().st_size
        incoming.sheets = open_file(path, con, name=path.name)
        incoming.report.messages += [
            Message("warning", warning, sheet.sheet, sheet.last_row)
            for sheet in incoming.sheets
            for warning in sheet.warnings
        ]
        tables = [table for sheet in incoming.sheets for table in _TableOf.find(sheet)]
        if not any(item.is_plain for item in tables):
            incoming.published = recognise_aggregates(
                [(item.sheet, item.found) for item in tables], file_name=path.name
            )
        incoming.tables = tables
    except ComptrollerError as problem:
        return _refuse(incoming, problem)
    except OSError as problem:
        return _refuse(
            incoming, ComptrollerError(f"cannot be read ({problem.strerror})", where=path.name)
        )
    return incoming


def recognise_incoming(
    con: duckdb.DuckDBPyConnection, incoming: IncomingFile, recogniser: Recogniser
) -> None:
    """Recognise what the tables of an opened file are, unless it is published data."""
    if incoming.refused or incoming.published is not None:
        return
    try:
        _recognise_lines(con, incoming, incoming.tables, recogniser)
    except ComptrollerError as problem:
        _refuse(incoming, problem)


def read_incoming(
    con: duckdb.DuckDBPyConnection, path: Path, name: str, recogniser: Recogniser
) -> IncomingFile:
    """Open a file, find its tables and recognise them."""
    incoming = open_incoming(con, path, name)
    recognise_incoming(con, incoming, recogniser)
    return incoming


@dataclass(frozen=True)
class _TableOf:
    """A sheet and its table: found by the finder, or plain headings over plain rows.

    Of tables one below another each has its part of the sheet, and ``first_row`` is where.
    """

    sheet: RawSheet
    found: FoundTable | None
    table: SourceTable | None
    is_plain: bool
    first_row: int = 0

    @classmethod
    def find(cls, sheet: RawSheet) -> list[_TableOf]:
        """Find the table of a sheet, or the tables that lie on it one below another."""
        table = plain_table(sheet)
        if table is not None:
            return [cls(sheet, None, table, True)]
        found = next(iter(find_tables(sheet)), None)
        parts = sheets_below(sheet, found)
        if not parts:
            return [cls._of(sheet, found)]
        own = [(part, next(iter(find_tables(part)), None)) for part in parts]
        tables = [cls._of(part, one, part.first_row) for part, one in own]
        # What stands over the first holds for those below too, where they say nothing of it.
        over = tables[0].table.titles if tables[0].table else ()
        return [
            replace(one, table=replace(one.table, titles_over=over)) if one.table and place else one
            for place, one in enumerate(tables)
        ]

    @classmethod
    def _of(cls, sheet: RawSheet, found: FoundTable | None, first_row: int = 0) -> _TableOf:
        usable = found is not None and found.data_rows and found.header_rows
        if found is None or not usable:
            return cls(sheet, found, None, False, first_row)
        table = replace(source_table(sheet, found), first_row=first_row)
        return cls(sheet, found, table, False, first_row)


def _recognise_lines(
    con: duckdb.DuckDBPyConnection,
    incoming: IncomingFile,
    tables: Sequence[_TableOf],
    recogniser: Recogniser,
) -> None:
    candidates = []
    for item in tables:
        sheet = item.sheet
        incoming.report.messages += [Message("note", note, sheet.sheet) for note in sheet.notes]
        beside = [] if item.is_plain else _lines_beside(con, incoming, sheet, recogniser)
        if beside:
            candidates += [(sheet, part) for part in beside]
            continue
        if item.table is None:
            _set_aside(incoming, sheet, _without_table(item.found))
            continue
        part = _part(con, incoming, item.table, recogniser)
        candidates.append((sheet, part))
        if item.first_row:
            _tell_below(part)
        if sheet.cut_short:
            incoming.hold(
                "the last row stops in the middle, without a line end: the file looks cut short",
                sheet=sheet.sheet,
            )
    _sort_out(con, incoming, candidates)


def _tell_below(part: IncomingPart) -> None:
    """Say that a table is one of several on its sheet."""
    part.report.messages.append(
        Message(
            "note",
            f"the table that begins in row {part.table.first_row} is read by itself",
            part.table.sheet,
            part.table.first_row,
        )
    )


def _part(
    con: duckdb.DuckDBPyConnection,
    incoming: IncomingFile,
    table: SourceTable,
    recogniser: Recogniser,
) -> IncomingPart:
    """Recognise a table and fill its labels down."""
    recognised, layout = recogniser.recognise(con, table, incoming.path.name)
    doubts = labels_that_differ(table, recognised, recogniser.directory)
    table = replace(table, doubts=(*table.doubts, *doubts))
    table = fill_down(con, table, recognised.mapping.used, recognised.data_set)
    part = IncomingPart(table, recognised, _part_report(table), layout)
    part.report.messages += [Message("note", note, table.sheet) for note in table.notes]
    part.report.messages += [Message("warning", text, table.sheet) for text in table.warnings]
    return part


def _lines_beside(
    con: duckdb.DuckDBPyConnection,
    incoming: IncomingFile,
    sheet: RawSheet,
    recogniser: Recogniser,
) -> list[IncomingPart]:
    """Return the tables of lines that lie side by side on a sheet; set aside what else does.

    A row of the sheet is counted once, whatever lies beside: at first all are the first table's,
    and those that only another one uses are given to it when lines are counted.
    """
    tables: list[SourceTable] = []
    for one in tables_beside(sheet):
        table = source_table(one.sheet, one.found, one.first_column)
        letter = column_letters(one.first_column)
        query = table.query or f"SELECT *, '{letter}' AS origin FROM {{rows}}"
        # Titles stand over the first table; they hold for those beside it too.
        over = next((t.titles for t in tables if t.titles), ())
        table = replace(table, query=query, titles_over=over)
        twins = [t for t in tables if _contents(con, t) == _contents(con, table)]
        doubts = [
            f"the tables that begin in columns {column_letters(twin.first_column)} and {letter} "
            "hold the same rows: they may be one table printed twice"
            for twin in twins
        ]
        tables.append(replace(table, doubts=(*table.doubts, *doubts)))
    parts = [_part(con, incoming, table, recogniser) for table in tables]
    able = [part for part in parts if _is_line_table(part)]
    # Where none is complete the file is held, with the pounds of them all.
    lines = [part for part in able if _complete(part)] or able
    for part in parts if lines else []:
        name = f"the table that begins in column {column_letters(part.table.first_column)}"
        if part not in lines:
            reason = f"{name} lies beside another one: {_why_not(part)}"
            _set_aside(incoming, replace(sheet, row_count=0), reason)
            continue
        part.report.messages.append(Message("note", f"{name} is read by itself", sheet.sheet))
        if part is not lines[0]:
            part.table = replace(part.table, rows_read=0)
            part.report.rows_read = 0
    return lines


def _contents(con: duckdb.DuckDBPyConnection, table: SourceTable) -> tuple[object, ...]:
    """Return what two tables have in common when they hold the same headings and rows."""
    cells = ", ".join(f"c{index}" for index in range(len(table.headers)))
    found = con.execute(f"SELECT count(*), sum(hash({cells})) FROM {table.relation}").fetchall()
    return (table.headers, *found[0])


def _refuse(incoming: IncomingFile, problem: ComptrollerError) -> IncomingFile:
    incoming.refused = True
    incoming.report.status = "refused"
    text = f"{problem.what}. {problem.remedy}" if problem.remedy else problem.what
    # The file's name stands before every message already.
    own = incoming.path.name
    place = "" if problem.where == own else problem.where.removeprefix(f"{own}, ")
    incoming.report.messages.append(Message("error", f"{place}: {text}" if place else text))
    return incoming


def _without_table(found: FoundTable | None) -> str:
    if found is not None and found.header_rows and not found.data_rows:
        return "column headings but no rows below them"
    if found is not None and found.data_rows:
        return "rows without column headings"
    return "no table, only text"


def _set_aside(
    incoming: IncomingFile,
    sheet: RawSheet,
    reason: str,
    first_row: int = 0,
    severity: Literal["note", "warning"] = "note",
) -> PartReport:
    """Set a table aside; one that lies below another may be taken for that one's rows: warn."""
    part = PartReport(
        part=sheet.part,
        member=sheet.member,
        sheet=sheet.sheet,
        rows_read=sheet.row_count,
        rows_set_aside=sheet.row_count,
    )
    if first_row:
        text = f"the table that begins in row {first_row} is set aside: {reason}"
        part.messages.append(Message("warning", text, sheet.sheet, first_row))
    else:
        part.messages.append(Message(severity, f"set aside: {reason}", sheet.sheet))
    incoming.report.parts.append(part)
    return part


def _part_report(table: SourceTable) -> PartReport:
    return PartReport(
        part=table.part, member=table.member, sheet=table.sheet, rows_read=table.rows_read
    )


def _is_line_table(part: IncomingPart) -> bool:
    return bool(part.recognised.data_set) and part.recognised.confidence >= 0.3


def _complete(part: IncomingPart) -> bool:
    return not missing(part.recognised)


def missing(recognised: Recognised) -> list[str]:
    """Return what an honest line needs and the table does not give, in words."""
    found = {c.element for c in recognised.mapping.used} | set(recognised.constants)
    dated = any(element in found for element in _DATES)
    lacking = []
    if "provider_code" not in found:
        lacking.append("provider")
    if "commissioner_code" not in found:
        lacking.append("commissioner")
    if "month" not in found and not dated:
        lacking.append("month")
    if not {"financial_year", "month"} & found and not dated:
        lacking.append("financial year")
    if recognised.data_set in ("ACM", "PLCM") and not {"pod_code", "local_pod_code"} & found:
        lacking.append("point of delivery")
    if recognised.data_set[:3] != "SUS" and "activity_cost" not in {
        c.element for c in recognised.mapping.used
    }:
        lacking.append("cost")
    return lacking


def _sort_out(
    con: duckdb.DuckDBPyConnection,
    incoming: IncomingFile,
    candidates: list[tuple[RawSheet, IncomingPart]],
) -> None:
    """Decide which tables become lines, which are set aside, and whether the file is held."""
    good = [(s, p) for s, p in candidates if _is_line_table(p) and _complete(p)]
    repeated = _repeated(con, incoming, good) if len(good) > 1 else []
    for sheet, part in candidates:
        if part in repeated:
            continue
        if (sheet, part) in good:
            _admit(incoming, part)
            continue
        if good:
            _set_aside(incoming, sheet, _why_not(part), part.table.first_row)
            continue
        _hold_part(incoming, part)
    incoming.report.parts.sort(key=lambda p: p.part)
    if not candidates and not incoming.refused:
        incoming.refused = True
        incoming.report.status = "refused"
        incoming.report.messages.append(
            Message(
                "error", "no table found in the file. Send the data itself, with column headings"
            )
        )


def _repeated(
    con: duckdb.DuckDBPyConnection,
    incoming: IncomingFile,
    good: Sequence[tuple[RawSheet, IncomingPart]],
) -> list[IncomingPart]:
    """Set aside the tables that repeat others, and return them; hold where that is not certain.

    What they add up to is kept as the file's own total, where no other table tells one. Of tables
    side by side the rows are counted together: there a person decides.
    """
    tables = [
        Lines(part.table, part.recognised.data_set, part.recognised.mapping.used, facts_of(part))
        for _, part in good
    ]
    aside = []
    for repeat in repeats(con, tables):
        sheet, part = good[repeat.place]
        beside = sum(
            (other.table.part, other.table.first_row) == (part.table.part, part.table.first_row)
            for _, other in good
        )
        if beside > 1 or not repeat.is_certain:
            part.table = replace(part.table, doubts=(*part.table.doubts, repeat.reason))
            continue
        report = _set_aside(incoming, sheet, repeat.reason, part.table.first_row, "warning")
        report.cost_control = repeat.pounds
        aside.append(part)
    return aside


def _why_not(part: IncomingPart) -> str:
    if not _is_line_table(part):
        return "not a table of lines: " + (part.recognised.why or "nothing we know")
    return f"taken as a summary: it has no {', '.join(missing(part.recognised))}"


def _admit(incoming: IncomingFile, part: IncomingPart) -> None:
    report = part.report
    report.status = "promoted"
    report.data_set = part.recognised.data_set
    report.mapping = [_mapping_json(part, c) for c in part.recognised.mapping.columns if c.header]
    cost = part.recognised.mapping.element("activity_cost")
    report.cost_control = part.table.totals.get(cost.index) if cost else None
    if report.cost_control is None and part.table.controls:
        report.cost_control = part.table.controls[0].pounds
    incoming.parts.append(part)
    incoming.report.parts.append(report)
    incoming.report.stage_evidence = part.recognised.stage_evidence
    scale = told_in_thousands(
        [cost.header if cost else "", *part.table.titles, *part.table.titles_over]
    )
    if scale:
        incoming.hold(
            f"{scale!r} says that the figures are not whole pounds, which is how they would be "
            "read. Ask for the file in pounds and pence",
            sheet=part.table.sheet,
        )
    for doubt in part.table.doubts:
        incoming.hold(doubt, sheet=part.table.sheet)
    for name in (
        "provider_code",
        "commissioner_code",
        "month",
        "financial_year",
        "pod_code",
        "local_pod_code",
        "activity_cost",
    ):
        column = part.recognised.mapping.element(name)
        if column and column.confidence < SURE:
            incoming.hold(
                f"not sure that column {column.header!r} is {name} ({column.confidence:.2f}"
                f"{', else ' + column.runner_up if column.runner_up else ''})",
                sheet=part.table.sheet,
                column=column.header,
            )


def _hold_part(incoming: IncomingFile, part: IncomingPart) -> None:
    recognised, report = part.recognised, part.report
    report.status = HELD
    report.data_set = recognised.data_set
    report.mapping = [_mapping_json(part, c) for c in recognised.mapping.columns if c.header]
    incoming.parts.append(part)
    incoming.report.parts.append(report)
    if not _is_line_table(part):
        reason = f"not recognised as any data set ({recognised.why})"
    else:
        lacking = ", ".join(missing(recognised))
        unsure = [
            f"{c.header!r} may be {c.runner_up}"
            for c in recognised.mapping.columns
            if not c.element and c.runner_up
        ]
        reason = f"read as {recognised.data_set}, but no {lacking} found"
        if unsure:
            reason += f"; not sure enough: {'; '.join(unsure[:5])}"
    if part.table.member and not part.table.sheet:
        reason = f"{part.table.member}: {reason}"
    for doubt in part.table.doubts:
        incoming.hold(doubt, sheet=part.table.sheet)
    incoming.hold(reason, sheet=part.table.sheet)


def _mapping_json(part: IncomingPart, column: MappedColumn) -> dict[str, object]:
    return {
        "sheet": part.table.sheet,
        "column": part.table.first_column + part.table.column_number(column.index),
        "header": column.header,
        "element": column.element or None,
        "confidence": column.confidence,
        "basis": column.basis,
        "runner_up": column.runner_up or None,
    }


def facts_of(part: IncomingPart) -> Mapping[str, str]:
    """Return the facts that hold for all rows of a part, without where they were found."""
    return {element: value for element, (value, _) in part.recognised.constants.items()}
