"""Load reference files into a workspace: all of a file or nothing, and the same bytes once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import duckdb

from comptroller.access.audit import current_actor
from comptroller.errors import ComptrollerError
from comptroller.reference.asking import first_row
from comptroller.reference.files import (
    ENDINGS,
    Sheet,
    digest,
    expand,
    recognise,
    sheets_of,
    year_in_name,
)
from comptroller.reference.reading import Fault, Reading, read_sheet
from comptroller.reference.shapes import ReferenceTable, normalise
from comptroller.reference.tables import REFERENCE_TABLES
from comptroller.warehouse import quote_identifier, quote_literal
from comptroller.workspace import Workspace

Status = Literal["loaded", "unchanged", "empty", "refused", "unknown"]


@dataclass
class ReferenceLoadReport:
    """What became of one file, or one sheet of a workbook with several tables.

    Args:
        file: File name.
        sheet: Sheet name in a workbook, else empty.
        table: Reference table, empty when the file was not recognised.
        status: ``loaded``; ``unchanged`` when the same bytes count already; ``empty`` when there
            are headers and no rows; ``refused`` when something in it is wrong; ``unknown`` when its
            name is that of no reference table.
        rows: Rows loaded (or that would be, in a dry run).
        changed_values: Numbers rounded to eight places.
        faults: The first faults of a refused file.
        fault_count: How many faults it has.
        messages: What else the reader should know.
        named: The file itself was named, not found in a folder.
    """

    file: str
    sheet: str = ""
    table: str = ""
    status: Status = "loaded"
    rows: int = 0
    changed_values: int = 0
    faults: tuple[Fault, ...] = ()
    fault_count: int = 0
    messages: list[str] = field(default_factory=list)
    named: bool = True

    @property
    def looks_like_data(self) -> bool:
        """Whether the file's ending is one under which reference data come."""
        return Path(self.file).suffix.casefold() in ENDINGS and not self.file.endswith(".txt")


@dataclass(frozen=True)
class _Prepared:
    report: ReferenceLoadReport
    reading: Reading
    sha256: str
    fingerprint: str

    @property
    def table(self) -> ReferenceTable:
        return self.reading.sheet.table


def load(
    ws: Workspace,
    paths: Sequence[Path | str],
    *,
    dry_run: bool = False,
    progress: Callable[[str], None] | None = None,
) -> list[ReferenceLoadReport]:
    """Load reference files and folders; every good file of the call becomes visible at once.

    A file with a single bad row is refused whole. Loading the same bytes again changes nothing. A
    later load of a key wins over an earlier one, and over the starter pack.

    Args:
        ws: The workspace.
        paths: Files and folders.
        dry_run: Read and judge everything, write nothing.
        progress: Called with each file's name before it is read.

    Returns:
        One report for each file, or for each sheet of a workbook with several tables.

    Raises:
        ComptrollerError: A path does not exist, or the workspace cannot be written.
    """
    con = ws.connect()
    reports: list[ReferenceLoadReport] = []
    prepared: list[_Prepared] = []
    seen: set[str] = set()
    for path, named in expand([Path(path) for path in paths]):
        if progress:
            progress(path.name)
        for item in _prepare(ws, con, path, named, len(prepared)):
            if isinstance(item, ReferenceLoadReport):
                reports.append(item)
                continue
            reports.append(item.report)
            if item.fingerprint in seen:
                item.report.status = "unchanged"
                item.report.messages.append("the same file stands twice in this load")
                continue
            seen.add(item.fingerprint)
            if not item.report.rows:
                item.report.status = "empty"
                item.report.messages.append("there are headers and no rows: nothing to load")
                continue
            prepared.append(item)
    if dry_run:
        _commit(ws, con, prepared, write=False)
    elif prepared:
        with ws.write_lock():
            _commit(ws, con, prepared, write=True)
    return reports


def _prepare(
    ws: Workspace, con: duckdb.DuckDBPyConnection, path: Path, named: bool, number: int
) -> list[_Prepared | ReferenceLoadReport]:
    """Read one file; a fault anywhere in it refuses every sheet of it."""
    if path.suffix.casefold() not in ENDINGS:
        return [_unknown(path, named)]
    try:
        sheets, passed = sheets_of(path)
        if not sheets:
            return [_unknown(path, named)]
        sha256 = digest(path)
        readings = [
            read_sheet(con, sheet, f"reference_in_{number}_{index}", _key(ws, sheet))
            for index, sheet in enumerate(sheets)
        ]
    except ComptrollerError as problem:
        fault = Fault(problem.where or path.name, 0, "", problem.what, problem.remedy)
        table = _table_name(path)
        return [
            ReferenceLoadReport(
                path.name, "", table, "refused", faults=(fault,), fault_count=1, named=named
            )
        ]
    refused = any(reading.fault_count for reading in readings)
    found: list[_Prepared | ReferenceLoadReport] = []
    for reading in readings:
        report = ReferenceLoadReport(
            path.name,
            reading.sheet.name if len(readings) > 1 else "",
            reading.sheet.table.name,
            "refused" if refused else "loaded",
            0 if refused else reading.rows,
            reading.changed_values,
            reading.faults,
            reading.fault_count,
            [*reading.notes, *passed],
            named,
        )
        if refused:
            if not reading.fault_count:
                report.messages.append("refused because another sheet of the file has faults")
            found.append(report)
        else:
            found.append(_Prepared(report, reading, sha256, _fingerprint(sha256, reading.sheet)))
    return found


def _table_name(path: Path) -> str:
    """Return the table that a file's name speaks of, or empty text."""
    table = recognise(path.stem)
    return table.name if table else ""


def _key(ws: Workspace, sheet: Sheet) -> bytes | None:
    """Return the pseudonym key where a sheet has NHS numbers; refuse without one."""
    person = sheet.table.person
    known = sheet.table.headers()
    has_numbers = person and person.given in {known.get(normalise(h)) for h in sheet.header}
    return ws.key if has_numbers else None


def _unknown(path: Path, named: bool) -> ReferenceLoadReport:
    names = ", ".join(REFERENCE_TABLES)
    if path.suffix.casefold() not in ENDINGS:
        text = f"not a reference file: {path.suffix or 'no ending'} is none of {', '.join(ENDINGS)}"
    else:
        text = f"its name is that of no reference table; name it after one of: {names}"
    return ReferenceLoadReport(path.name, status="unknown", messages=[text], named=named)


def _fingerprint(sha256: str, sheet: Sheet) -> str:
    """Return a digest of all that decides the rows: bytes, sheet, table, year in the name."""
    year = year_in_name(sheet.path.stem)
    text = "\n".join((sha256, sheet.table.name, sheet.name, year))
    return hashlib.sha256(text.encode()).hexdigest()


def _commit(
    ws: Workspace, con: duckdb.DuckDBPyConnection, prepared: list[_Prepared], *, write: bool
) -> None:
    wh = ws.warehouse
    wh.relation(con, "reference_loads")
    changed = _set_unchanged_aside(ws, con, prepared)
    if not changed or not write:
        return
    row = first_row(con, "SELECT coalesce(max(load_number), 0) FROM reference_loads")
    first = int(row[0]) + 1 if row else 1
    numbered = list(enumerate(changed, start=first))
    text = "\n".join(f"{number} {item.fingerprint}" for number, item in numbered)
    moment = ws.now()
    stamp = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    with wh.commit(
        "reference",
        hashlib.sha256(text.encode()).hexdigest()[:32],
        {"files": sorted({item.report.file for item in changed}), "by": current_actor()},
        at=moment,
    ) as commit:
        for name in REFERENCE_TABLES:
            parts = [
                _stored_sql(item, number, stamp)
                for number, item in numbered
                if item.table.name == name
            ]
            if parts:
                query = " UNION ALL ".join(parts)
                commit.append_query(con, REFERENCE_TABLES[name].warehouse_name, query)
        commit.append_rows(
            "reference_loads",
            [
                {
                    "load_number": number,
                    "table_name": item.table.name,
                    "source_file": item.report.file,
                    "sheet": item.reading.sheet.name,
                    "sha256": item.sha256,
                    "fingerprint": item.fingerprint,
                    "rows": item.report.rows,
                    "changed_values": item.report.changed_values,
                    "loaded_at": moment,
                }
                for number, item in numbered
            ],
        )


def _stored_sql(item: _Prepared, number: int, stamp: str) -> str:
    columns = ", ".join(quote_identifier(column.name) for column in item.table.stored)
    return (
        f"(SELECT {columns}, extra, {quote_literal(item.report.file)} AS source_file, "
        f"TIMESTAMP {quote_literal(stamp)} AS loaded_at, CAST({number} AS BIGINT) AS load_number "
        f"FROM {item.reading.relation} ORDER BY row)"
    )


def _set_unchanged_aside(
    ws: Workspace, con: duckdb.DuckDBPyConnection, prepared: list[_Prepared]
) -> list[_Prepared]:
    """Mark the files whose rows all count already; return the others, in order.

    A file counts already when its bytes were loaded and no later load has overruled one of its
    keys, but for loads of files that come later in this same call: so a folder loaded twice
    changes nothing, and an older file loaded again to go back does.
    """
    changed = []
    earlier = {
        fingerprint: (int(number), str(at)[:10])
        for fingerprint, number, at in con.execute(
            "SELECT fingerprint, max(load_number), max(loaded_at) FROM reference_loads "
            "GROUP BY fingerprint"
        ).fetchall()
    }
    for index, item in enumerate(prepared):
        before = earlier.get(item.fingerprint)
        later = [
            earlier[other.fingerprint][0]
            for other in prepared[index + 1 :]
            if other.fingerprint in earlier
        ]
        if before and not _overruled(ws, con, item.table, before[0], later):
            item.report.status = "unchanged"
            item.report.messages.append(f"the same bytes were loaded on {before[1]}")
        else:
            changed.append(item)
    return changed


def _overruled(
    ws: Workspace,
    con: duckdb.DuckDBPyConnection,
    table: ReferenceTable,
    number: int,
    allowed: list[int],
) -> bool:
    """Tell whether a load after ``number``, not among those allowed, gave one of its keys."""
    rows = con.execute(
        "SELECT DISTINCT load_number FROM reference_loads "
        "WHERE table_name = ? AND load_number > ? ORDER BY 1",
        [table.name, number],
    ).fetchall()
    rivals = [str(row[0]) for row in rows if row[0] not in allowed]
    if not rivals:
        return False
    ws.warehouse.relation(con, table.warehouse_name)
    same = " AND ".join(
        f"a.{quote_identifier(key)} IS NOT DISTINCT FROM b.{quote_identifier(key)}"
        for key in table.key
    )
    found = first_row(
        con,
        f"SELECT 1 FROM {table.warehouse_name} a JOIN {table.warehouse_name} b ON {same} "
        f"WHERE a.load_number = {number} AND b.load_number IN ({', '.join(rivals)}) LIMIT 1",
    )
    return found is not None
