"""From read files to what is promoted: stage, sum up, decide, settle, and have it committed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from hashlib import md5
from typing import Any

import duckdb

from comptroller.intake import published
from comptroller.intake.committing import Batch, commit_batch
from comptroller.intake.correcting import correct
from comptroller.intake.coverage import StagedSlice, decide
from comptroller.intake.incoming import IncomingFile, IncomingPart, Waiting
from comptroller.intake.layouts import LayoutBook, LayoutDraft, SavedLayout, remember
from comptroller.intake.normalise import create_units, normalise, statements
from comptroller.intake.organisations import read_code
from comptroller.intake.pod_groups import GroupContent
from comptroller.intake.pooling import Pooled, judge, pool_parts, register_units
from comptroller.intake.remedies import may_be_promoted, remedy_of
from comptroller.intake.report import (
    HELD,
    PROMOTED,
    REFUSED,
    FileReport,
    Message,
    PartReport,
    counted,
)
from comptroller.intake.shifted import hold_what_is_shifted
from comptroller.intake.surroundings import SliceKey, Surroundings, Version
from comptroller.vocabulary import normalise_header
from comptroller.warehouse import MONEY, side_by_side
from comptroller.workspace import Workspace

_HELD = "held: "
WAIVED = "promoted by decision though: "
"""How messages begin that tell what holds a file, and what it was promoted despite."""

_NOT_LINES = " cannot be read as lines"
_MOST_REASONS = 5

_NO_CONTENT = {
    "commit_id",
    "line_id",
    "event_key",
    "slice_version_id",
    "submission_id",
    "part",
    "sheet",
    "row",
    "data_set",
    "provider_code",
    "commissioner_code",
    "financial_year",
    "month",
    "date_time_data_set_created",
    "unit",
    "origin",
    "pod_group",
    "key_base",
    "quarantine_reason",
    "quarantine_column",
    "quarantine_value",
}
"""Columns that do not make the content of a slice: where it stands, and when its file was made."""


def promote(
    ws: Workspace,
    con: duckdb.DuckDBPyConnection,
    batch: Batch,
    around: Surroundings,
    book: LayoutBook,
    key: bytes,
    *,
    dry_run: bool,
    tell: Callable[[str], None],
) -> None:
    """Complete the reports of a batch and, unless it is a dry run, commit what they say.

    ``tell`` is told each stage as it begins.
    """
    tell("Looking at every value")
    pooled = pool_parts(con, batch.files)
    correct(con, pooled, batch.corrections, around)
    judge(pooled, around)
    hold_what_is_shifted(con, pooled)
    tell("Making lines")
    tables = _stage(con, pooled, around, key)
    tell("Adding up")
    _count_rows(con, pooled)
    _look_at_providers(pooled, around)
    _look_at_totals(batch, pooled, around)
    _look_at_years(con, pooled, around)
    for file in batch.files:
        published.count(con, file)
    _tell_drift(pooled, book)
    versions = _decide_slices(batch, staged_slices(con, tables), around)
    for file in batch.files:
        _settle(file)
    if dry_run:
        return
    tell("Writing")
    commit_batch(ws, con, batch, pooled, around, versions)
    _remember(ws, batch, pooled)


def _stage(
    con: duckdb.DuckDBPyConnection, pooled: Pooled, around: Surroundings, key: bytes
) -> list[str]:
    made = statements(pooled.pools, pooled.profiles, key)
    create_units(con)
    register_units(con, pooled)
    providers = {facts["provider_code"] for facts in pooled.facts.values()}
    for one in pooled.profiles.values():
        providers |= {read_code(raw) for raw in one.distinct.get("provider_code", {})}
    successors = {old: new for old, new in around.successors.items() if old in providers}
    tables = normalise(con, made, successors)
    _free_cells(con, pooled)
    return tables


def _free_cells(con: duckdb.DuckDBPyConnection, pooled: Pooled) -> None:
    """Let go of the cells whose rows are all in ``staged``: nothing asks for them again."""
    for pool in pooled.pools:
        con.execute(f"DROP {pool.kept_as} IF EXISTS {pool.relation}")
    for file in {id(file): file for file, _ in pooled.places.values()}.values():
        if all(part.unit >= 0 for part in file.parts):
            for sheet in file.sheets:
                sheet.drop()


# -- counts ----------------------------------------------------------------------------------


def _count_rows(con: duckdb.DuckDBPyConnection, pooled: Pooled) -> None:
    """Fill the counts, pounds and facts of each part from ``staged``."""
    cost = f"coalesce(activity_cost, CAST(0 AS {MONEY}))"
    good = "quarantine_reason IS NULL"
    found = con.execute(
        f"""SELECT unit, count(*) FILTER ({good}),
            coalesce(sum({cost}) FILTER ({good}), 0), count(*) FILTER (NOT {good}),
            coalesce(sum({cost}) FILTER (NOT {good}), 0),
            coalesce(list(DISTINCT provider_code) FILTER ({good}),
                list(DISTINCT provider_code) FILTER (provider_code IS NOT NULL)),
            list(DISTINCT commissioner_code) FILTER ({good}),
            list(DISTINCT financial_year) FILTER ({good}), list(DISTINCT month) FILTER ({good})
        FROM staged GROUP BY unit"""
    ).fetchall()
    for unit, rows, pounds, bad_rows, bad_pounds, providers, commissioners, years, months in found:
        part = pooled.places[unit][1]
        report = part.report
        report.rows_loaded, report.cost_loaded = rows, pounds
        report.lines_loaded = rows
        report.rows_quarantined, report.cost_quarantined = bad_rows, bad_pounds
        report.cost_read = pounds + bad_pounds
        report.rows_set_aside = report.rows_read - rows - bad_rows
        report.provider_code = providers[0] if providers and len(providers) == 1 else ""
        report.commissioner_codes = sorted(commissioners or [])
        report.financial_year = years[0] if years and len(years) == 1 else ""
        report.months = sorted(months or [])
    _count_rows_once(con, pooled)
    for unit, reason, column, rows, pounds, first in con.execute(
        f"""SELECT unit, quarantine_reason, quarantine_column, count(DISTINCT row), sum({cost}),
            min(row)
        FROM staged WHERE NOT {good} GROUP BY ALL ORDER BY ALL"""
    ).fetchall():
        _, part = pooled.places[unit]
        part.waiting.append(Waiting(rows, reason, column or ""))
        part.report.messages.append(
            Message(
                "warning",
                f"{counted(rows, 'row')} in quarantine (£{pounds:,.2f}): {reason}",
                part.table.sheet,
                first,
                column or "",
            )
        )


def _count_rows_once(con: duckdb.DuckDBPyConnection, pooled: Pooled) -> None:
    """Count each row of a sheet once, however many lines or tables share it.

    It is in quarantine when one of its lines is; where tables lie side by side, a row belongs to
    the first that has it in quarantine, else to the first that has it. What is no data of any
    of them is set aside in the first.
    """
    traced = [unit for unit, (_, part) in pooled.places.items() if part.table.traced]
    if not traced:
        return
    counts = {
        unit: (loaded, bad)
        for unit, loaded, bad in con.execute(
            f"""SELECT unit, count(*) FILTER (bad = 0), count(*) FILTER (bad > 0) FROM (
                SELECT unit, bad FROM (
                    SELECT unit, row, count(quarantine_reason) AS bad FROM staged
                    WHERE unit IN ({", ".join(map(str, traced))}) GROUP BY unit, row)
                JOIN (SELECT unit, submission_id, part FROM units) USING (unit)
                QUALIFY row_number() OVER (
                    PARTITION BY submission_id, part, row ORDER BY bad = 0, unit) = 1)
            GROUP BY unit"""
        ).fetchall()
    }
    beside: dict[tuple[int, int, int], list[PartReport]] = {}
    for unit in traced:
        file, part = pooled.places[unit]
        part.report.rows_loaded, part.report.rows_quarantined = counts.get(unit, (0, 0))
        place = (id(file), part.table.part, part.table.first_row)
        beside.setdefault(place, []).append(part.report)
    for first, *others in beside.values():
        for report in others:
            report.rows_read = report.rows_loaded + report.rows_quarantined
            report.rows_set_aside = 0
            first.rows_read -= report.rows_read
        first.rows_set_aside = first.rows_read - first.rows_loaded - first.rows_quarantined


def _look_at_totals(batch: Batch, pooled: Pooled, around: Surroundings) -> None:
    rules = around.rules
    for file, part in pooled.places.values():
        report = part.report
        if report.status == HELD:
            continue
        columns = part.table.controls
        if report.cost_control is not None and report.cost_control not in (
            control.pounds for control in columns
        ):
            off = report.cost_control - report.cost_read
            if abs(off) > rules.control_tolerance:
                file.hold(
                    f"the file's own total is £{report.cost_control:,.2f}, its rows add up to "
                    f"£{report.cost_read:,.2f} (difference £{off:,.2f})",
                    sheet=part.table.sheet,
                )
        for control in columns:
            off = control.pounds - report.cost_read
            if abs(off) > rules.control_tolerance:
                differs = f", first in row {control.first_row:,}" if control.first_row else ""
                file.hold(
                    f"{control.place} adds up to £{control.pounds:,.2f}, the columns of the "
                    f"months to £{report.cost_read:,.2f} (difference £{off:,.2f}{differs})",
                    sheet=part.table.sheet,
                )
        _look_at_quarantine(file, part, rules.quarantine_share)


def _look_at_quarantine(file: IncomingFile, part: IncomingPart, most: float) -> None:
    """Hold a table of which too many rows, or too many of the pounds, wait in quarantine."""
    report = part.report
    rows = report.rows_loaded + report.rows_quarantined
    # Pounds and credits of either side must not hide each other.
    waiting = abs(report.cost_quarantined)
    pounds = abs(report.cost_loaded) + waiting
    if rows and report.rows_quarantined > rows * most:
        what = f"{report.rows_quarantined:,} of {rows:,} rows{_NOT_LINES}"
    elif waiting > pounds * Decimal(str(most)):
        what = (
            f"£{report.cost_quarantined:,.2f}, against £{report.cost_loaded:,.2f} loaded, stand in "
            f"{report.rows_quarantined:,} rows that{_NOT_LINES}"
        )
    else:
        return
    file.hold(f"{what}: {_reasons(part)}", sheet=part.table.sheet)


def _reasons(part: IncomingPart) -> str:
    """Return why rows of a table are in quarantine, the reason of most rows first."""
    return "; ".join(
        f"{one.reason} ({f'column {one.column!r}, ' if one.column else ''}"
        f"{counted(one.rows, 'row')})"
        for one in sorted(part.waiting, key=lambda one: -one.rows)[:_MOST_REASONS]
    )


def _look_at_providers(pooled: Pooled, around: Surroundings) -> None:
    """Warn of a provider that no reference table knows: it may be a wrong code."""
    for _, part in pooled.places.values():
        code = part.report.provider_code
        if code and around.directory.roles.get(code) != "provider":
            part.report.messages.append(
                Message(
                    "warning",
                    f"{code} is no provider in the reference tables: check the code, or load "
                    "organisations of yours",
                    part.table.sheet,
                )
            )


def _look_at_years(con: duckdb.DuckDBPyConnection, pooled: Pooled, around: Surroundings) -> None:
    """Hold a table whose activity did not happen in the year that its rows name."""
    present = {row[0] for row in con.execute("DESCRIBE staged").fetchall()}
    dates = [
        f'"{name}"'
        for name in ("activity_end_date", "clinical_intervention_date", "activity_start_date")
        if name in present
    ]
    if not dates:
        return
    happened = f"coalesce({', '.join(dates)})"
    start = f"CAST(year({happened}) - CASE WHEN month({happened}) < 4 THEN 1 ELSE 0 END AS VARCHAR)"
    for unit, year, dated, outside in con.execute(
        f"""SELECT unit, financial_year, count({happened}),
            count(*) FILTER ({start} <> left(financial_year, 4))
        FROM staged WHERE quarantine_reason IS NULL GROUP BY ALL ORDER BY ALL"""
    ).fetchall():
        if dated and outside > dated * around.rules.other_year_share:
            file, part = pooled.places[unit]
            file.hold(
                f"{outside:,} of {dated:,} dated rows charged to {year} tell of activity in "
                "another year",
                sheet=part.table.sheet,
            )


# -- slices ----------------------------------------------------------------------------------


def _content_hash(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return SQL of a line's digest over its filled business columns, in a fixed order."""
    columns = [row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()]
    columns = sorted(name for name in columns if name not in _NO_CONTENT)
    filled = ", ".join(f'count("{name}") = count(*)' for name in columns)
    always = con.execute(f"SELECT {filled} FROM {table}").fetchall()[0]
    # Pieces joined by the outer call cost less, but an empty cell must leave no piece at all.
    parts = [
        f"'{mark}', \"{name}\", chr(31)" if full else f"'{mark}' || \"{name}\" || chr(31)"
        for name, mark, full in zip(columns, map(mark_of, columns), always, strict=True)
    ]
    return f"md5_number_lower(concat({', '.join(parts)}))"


def mark_of(column: str) -> str:
    """Return what stands for a column in a digest: its long name would take most of the time."""
    return md5(column.encode(), usedforsecurity=False).hexdigest()[:6]


def staged_slices(
    con: duckdb.DuckDBPyConnection, tables: Sequence[str]
) -> dict[str, list[StagedSlice]]:
    """Return the slices of each submission in the staged tables, with what each group holds."""

    def groups(cursor: duckdb.DuckDBPyConnection, table: str) -> list[Any]:
        return cursor.execute(
            f"""SELECT submission_id, s.data_set, s.provider_code, s.commissioner_code,
                s.financial_year, s.month, s.pod_group, count(*), coalesce(sum(activity_cost), 0),
                CAST(sum({_content_hash(cursor, table)}) AS VARCHAR)
            FROM {table} s JOIN (SELECT unit, submission_id FROM units) USING (unit)
            WHERE quarantine_reason IS NULL GROUP BY ALL"""
        ).fetchall()

    slices: dict[str, dict[SliceKey, dict[str, GroupContent]]] = {}
    found = sorted(row for rows in side_by_side(con, groups, tables) for row in rows)
    for submission, *key, pods, rows, cost, total in found:
        held = slices.setdefault(submission, {}).setdefault(tuple(key), {})
        one = GroupContent(rows, cost, total)
        held[pods] = held[pods].with_more(one) if pods in held else one
    return {
        submission: [StagedSlice(key, held) for key, held in of.items()]
        for submission, of in slices.items()
    }


def _decide_slices(
    batch: Batch, staged: dict[str, list[StagedSlice]], around: Surroundings
) -> list[tuple[FileReport, SliceKey, Version]]:
    """Decide every file's slices in order, each seeing what the ones before it promoted."""
    promoted: list[tuple[FileReport, SliceKey, Version]] = []
    for file in batch.files:
        report = file.report
        if file.refused or file.published is not None or report.submission_id not in staged:
            continue
        verdict = decide(
            report.submission_id,
            staged[report.submission_id],
            around,
            batch.received,
            only_commissioner=_only_commissioner(file),
            stage_said=report.stage_evidence,
            reading=batch.readings.get(report.sha256, 1),
            names=_names(file),
            taken=batch.taken,
        )
        for reason in verdict.holds:
            file.hold(reason)
        report.messages += [Message("note", note) for note in verdict.notes]
        report.slices = verdict.slices
        if batch.waive and not _cannot_be_waived(file, batch.waive_only):
            _waive(file)
        if file.holds:
            continue
        for key, version in verdict.versions:
            around.versions[key] = version
            promoted.append((report, key, version))
    return promoted


def _names(file: IncomingFile) -> list[str]:
    """Return the names under which rows came: the file's, or those of its one member or sheet."""
    parts = {(p.table.member, p.table.sheet) for p in file.parts}
    return [file.report.file, *(name for pair in parts for name in pair if len(parts) == 1)]


def _only_commissioner(file: IncomingFile) -> str:
    told = {p.recognised.constants.get("commissioner_code", ("", ""))[0] for p in file.parts}
    return told.pop() if len(told) == 1 else ""


def _cannot_be_waived(file: IncomingFile, only: frozenset[str] | None) -> bool:
    """Without a data set or without what a line needs there is nothing to promote.

    Where a decision was about certain holds only, another one stands.
    """
    told = {hold_kind(m.text) for m in file.report.messages if m.text.startswith(_HELD)}
    if only is not None and not told <= only:
        return True
    return not may_be_promoted(file)


def hold_kind(text: str) -> str:
    """Return why a file is held without what differs from reading to reading.

    That is figures, and why the rows in quarantine are there.
    """
    kind, not_lines, _ = text.removeprefix(_HELD).partition(_NOT_LINES)
    return re.sub(r"£?[0-9][0-9,.]*%?", "#", kind) + not_lines


def _waive(file: IncomingFile) -> None:
    file.holds.clear()
    file.report.status = PROMOTED
    file.report.messages = [
        Message(
            "note",
            m.text.replace(_HELD, WAIVED),
            m.sheet,
            m.row,
            m.column,
        )
        if m.text.startswith(_HELD)
        else m
        for m in file.report.messages
    ]


# -- the outcome -----------------------------------------------------------------------------


def _settle(file: IncomingFile) -> None:
    """Make the report say what was decided: a held file loads nothing, all its rows wait."""
    report = file.report
    if file.refused:
        report.status = REFUSED
        return
    if not file.holds:
        report.status = PROMOTED
        for part in file.parts:
            part.report.status = PROMOTED
        return
    report.status = HELD
    report.remedy = remedy_of(file, promotable=may_be_promoted(file))
    for part in file.parts:
        mine = part.report
        mine.status = HELD
        # Rows that tables or lines share were counted once already.
        counted_once = part.table.traced and part.unit >= 0
        data_rows = (
            mine.rows_loaded + mine.rows_quarantined if counted_once else part.table.data_rows
        )
        mine.rows_quarantined, mine.rows_loaded, mine.lines_loaded = data_rows, 0, 0
        mine.rows_set_aside = mine.rows_read - data_rows
        mine.cost_quarantined, mine.cost_loaded = mine.cost_read, Decimal(0)
    report.slices = []


def _tell_drift(pooled: Pooled, book: LayoutBook) -> None:
    for file, part in pooled.places.values():
        provider = part.report.provider_code
        if not provider:
            continue
        changed = book.drift(
            provider,
            part.recognised.data_set,
            part.table.sheet,
            {column.element: column.header for column in part.recognised.mapping.used},
            part.table.headers,
            others_known=any(other.layout is not None for other in file.parts),
        )
        if changed is None:
            continue
        last, told = changed.last, changed.told()
        if lost := _lost(last, part):
            file.hold(
                f"the layout changed since {last.name}, which a person confirmed: no column could "
                f"be told to be {', '.join(lost)}; {told}",
                sheet=part.table.sheet,
            )
            continue
        what = (
            f"the layout is none of those remembered of {provider}; against {last.name}"
            if changed.is_other
            else f"the layout changed since {last.name}"
        )
        message = Message("warning", f"{what}: {told}", part.table.sheet)
        if message not in file.report.messages:
            file.report.messages.append(message)


def _lost(last: SavedLayout, part: IncomingPart) -> list[str]:
    """Return what a confirmed layout had and a changed one lacks, with the heading it had."""
    if not last.is_confirmed:
        return []
    used = {column.element for column in part.recognised.mapping.used}
    headers = {normalise_header(header): header for header in last.headers}
    return [
        f"{element} ({headers.get(header, header)!r} before)"
        for header, element in sorted(last.columns.items())
        if element not in used
    ]


def _remember(ws: Workspace, batch: Batch, pooled: Pooled) -> None:
    drafts = []
    for file, part in pooled.places.values():
        if file.report.status != PROMOTED or part.layout is not None:
            continue
        if not part.report.provider_code:
            continue
        used = [normalise_header(c.header) for c in part.recognised.mapping.columns if c.header]
        if len(set(used)) < len(used):
            continue
        drafts.append(
            LayoutDraft(
                provider_code=part.report.provider_code,
                data_set=part.recognised.data_set,
                sheet=part.table.sheet,
                headers=part.table.headers,
                columns={
                    normalise_header(c.header): c.element for c in part.recognised.mapping.used
                },
                submission_id=file.report.submission_id,
            )
        )
    if drafts:
        remember(ws, drafts, ws.now())
