"""Load reference files into a workspace: all of a file or nothing, and the same bytes once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import duckdb

from comptroller.access.audit import current_actor
from comptroller.access.landing import file_sha256
from comptroller.errors import ComptrollerError
from comptroller.reference.asking import count_of, first_row
from comptroller.reference.files import (
    ENDINGS,
    Sheet,
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
class _File:
    """A file that was opened far enough to know which tables it holds."""

    path: Path
    named: bool
    sheets: list[Sheet]
    passed: list[str]
    sha256: str

    def fingerprint(self, sheet: Sheet) -> str:
        """Return a digest of all that decides the rows: bytes, table, sheet, year in the name."""
        year = year_in_name(self.path.stem)
        text = "\n".join((self.sha256, sheet.table.name, sheet.name, year))
        return hashlib.sha256(text.encode()).hexdigest()

    def report(self, sheet: Sheet, status: Status, rows: int) -> ReferenceLoadReport:
        """Return the report of one of its sheets."""
        name = sheet.name if len(self.sheets) > 1 else ""
        return ReferenceLoadReport(
            self.path.name, name, sheet.table.name, status, rows, named=self.named
        )


@dataclass(frozen=True)
class _Prepared:
    """A sheet that was read without a fault and is to be committed."""

    report: ReferenceLoadReport
    reading: Reading
    sha256: str
    fingerprint: str

    @property
    def table(self) -> ReferenceTable:
        return self.reading.sheet.table


@dataclass(frozen=True)
class _Earlier:
    """The last load of a fingerprint: its number, day and rows."""

    number: int
    day: str
    rows: int


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
    # What spills to disk may hold NHS numbers on their way to becoming keys.
    con.execute("SET temp_file_encryption = true")
    opened = [_open(path, named) for path, named in expand([Path(path) for path in paths])]
    with nullcontext() if dry_run else ws.write_lock():
        ws.warehouse.relation(con, "reference_loads")
        known = _counted_already(ws, con, [file for file in opened if isinstance(file, _File)])
        reports: list[ReferenceLoadReport] = []
        prepared: list[_Prepared] = []
        for file in opened:
            if isinstance(file, ReferenceLoadReport):
                reports.append(file)
                continue
            if progress:
                progress(file.path.name)
            found, new = _read(ws, con, file, known, len(prepared))
            reports.extend(found)
            prepared.extend(new)
            for item in new:
                day = ws.now().date().isoformat()
                known[item.fingerprint] = _Earlier(0, day, item.report.rows)
        if prepared and not dry_run:
            _commit(ws, con, prepared)
    return reports


def _open(path: Path, named: bool) -> _File | ReferenceLoadReport:
    """Open a file far enough to know which tables it holds, or report why it holds none."""
    if path.suffix.casefold() not in ENDINGS:
        return _unknown(path, named)
    try:
        sheets, passed = sheets_of(path)
        if not sheets:
            return _unknown(path, named)
        return _File(path, named, sheets, passed, file_sha256(path))
    except ComptrollerError as problem:
        return _refused(path, named, problem)


def _refused(path: Path, named: bool, problem: ComptrollerError) -> ReferenceLoadReport:
    fault = Fault(problem.where or path.name, 0, "", problem.what, problem.remedy)
    return ReferenceLoadReport(
        path.name, "", _table_name(path), "refused", faults=(fault,), fault_count=1, named=named
    )


def _read(
    ws: Workspace,
    con: duckdb.DuckDBPyConnection,
    file: _File,
    known: dict[str, _Earlier],
    number: int,
) -> tuple[list[ReferenceLoadReport], list[_Prepared]]:
    """Read the sheets of a file that do not count already; a fault in one refuses all of them."""
    reports: list[ReferenceLoadReport] = []
    prepared: list[_Prepared] = []
    for index, sheet in enumerate(file.sheets):
        fingerprint = file.fingerprint(sheet)
        before = known.get(fingerprint)
        if before:
            report = file.report(sheet, "unchanged", before.rows)
            report.messages.append(f"the same bytes were loaded on {before.day}")
            reports.append(report)
            continue
        try:
            reading = read_sheet(con, sheet, f"reference_in_{number}_{index}", _key(ws, sheet))
        except ComptrollerError as problem:
            return [_refused(file.path, file.named, problem)], []
        status: Status = "refused" if reading.fault_count else "loaded"
        report = file.report(sheet, status, 0 if reading.fault_count else reading.rows)
        report.changed_values = reading.changed_values
        report.faults, report.fault_count = reading.faults, reading.fault_count
        report.messages = [*reading.notes]
        reports.append(report)
        if status == "loaded" and not reading.rows:
            report.status = "empty"
            report.messages.append("there are headers and no rows: nothing to load")
        elif status == "loaded":
            prepared.append(_Prepared(report, reading, file.sha256, fingerprint))
    reports[0].messages.extend(file.passed)
    if any(report.status == "refused" for report in reports):
        for item in prepared:
            item.report.status, item.report.rows = "refused", 0
            item.report.messages.append("refused because another sheet of the file has faults")
        return reports, []
    return reports, prepared


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


def _commit(ws: Workspace, con: duckdb.DuckDBPyConnection, prepared: list[_Prepared]) -> None:
    """Make the rows of all sheets visible at once."""
    last = count_of(con, "SELECT max(load_number) FROM reference_loads")
    numbered = list(enumerate(prepared, start=last + 1))
    text = "\n".join(f"{number} {item.fingerprint}" for number, item in numbered)
    moment = ws.now()
    stamp = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    with ws.warehouse.commit(
        "reference",
        hashlib.sha256(text.encode()).hexdigest()[:32],
        {"files": sorted({item.report.file for item in prepared}), "by": current_actor()},
        at=moment,
    ) as commit:
        for table in REFERENCE_TABLES.values():
            parts = [
                _stored_sql(item, number, stamp) for number, item in numbered if item.table is table
            ]
            if parts:
                commit.append_query(con, table.warehouse_name, " UNION ALL ".join(parts))
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


def _counted_already(
    ws: Workspace, con: duckdb.DuckDBPyConnection, files: list[_File]
) -> dict[str, _Earlier]:
    """Return the fingerprints among the files whose rows all count already.

    Those are bytes that were loaded, and of which no later load has overruled a key, but for loads
    of files that come later in this same call: so a folder loaded twice changes nothing, and an
    older file loaded again to go back does.
    """
    earlier = {
        str(fingerprint): _Earlier(int(number), str(at)[:10], int(rows))
        for fingerprint, number, at, rows in con.execute(
            "SELECT fingerprint, max(load_number), max(loaded_at), max(rows) FROM reference_loads "
            "GROUP BY fingerprint"
        ).fetchall()
    }
    wanted = [(file.fingerprint(sheet), sheet.table) for file in files for sheet in file.sheets]
    found = {}
    for index, (fingerprint, table) in enumerate(wanted):
        before = earlier.get(fingerprint)
        later = [earlier[other].number for other, _ in wanted[index + 1 :] if other in earlier]
        if before and not _overruled(ws, con, table, before.number, later):
            found[fingerprint] = before
    return found


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
