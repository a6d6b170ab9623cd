"""Delimited text becomes a raw sheet through DuckDB, with every record accounted for.

The file is scanned once (`text_scan`). A plain UTF-8 file goes to DuckDB as it is; another
encoding, blank lines in the middle and irregular quotes go through a rewritten copy. In each case
the number of records that DuckDB returns must be the number that the scan counted, else the exact
reading by Python's csv module takes over, so that a row is never lost or moved in silence.
"""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass
from pathlib import Path

import duckdb

from comptroller.errors import ComptrollerError
from comptroller.intake.reading import fixed_width, raw_sheet, text_encoding, text_scan
from comptroller.intake.reading.dialect import SAMPLE_BYTES, Dialect, detect_dialect
from comptroller.intake.reading.limits import Limits
from comptroller.intake.reading.raw_sheet import RawSheet

FIELD_LIMIT = 16 * 1024 * 1024
CONTROL_SHARE = 0.02


@dataclass(frozen=True)
class Source:
    """A file to read: where its bytes lie, what to call it, and where copies may be made."""

    path: Path
    name: str
    scratch: Path
    part: int = 0
    member: str = ""


def read_delimited(
    source: Source, con: duckdb.DuckDBPyConnection, limits: Limits
) -> list[RawSheet]:
    """Return the one raw sheet of a delimited text file.

    Raises:
        ComptrollerError: NUL bytes, binary content, a quote that is never closed, too many
            columns or nothing but white space.
    """
    notes: list[str] = []
    encoding = text_encoding.detect_encoding(source.path)
    _refuse_binary(source, encoding)
    path, skip = source.path, encoding.mark_bytes
    if encoding.name != "utf-8":
        path = source.scratch / f"text-{source.part}.utf8"
        lost = text_encoding.copy_as_utf8(source.path, path, encoding)
        skip = 0
        if encoding.name == "cp1252":
            notes.append("Not UTF-8: read as Windows text (cp1252).")
        if lost:
            notes.append(f"{lost:,} characters could not be read and stand as \ufffd.")
    head = _head(path, skip)
    dialect = detect_dialect(head)
    # Thousands have commas, as steady as those of a delimited file.
    spans = fixed_width.ruled_spans(head)
    if spans is None and not dialect.is_steady:
        spans = fixed_width.find_spans(head)
    if spans is not None:
        rewritten = source.scratch / f"text-{source.part}.cut"
        astray = fixed_width.rewrite(path, rewritten, spans)
        path, skip, dialect = rewritten, 0, Dialect(",")
        head = _head(path, skip)
        notes.append(f"Cut into {len(spans)} columns by their places in the line.")
        if astray:
            notes.append(f"{astray:,} lines do not keep to the columns: each is left whole.")
    name = raw_sheet.fresh_name()
    width, records = _load(source, con, name, path, skip, dialect, head, limits)
    found = raw_sheet.bounds(con, f"{name}_cells", records, width)
    if found is None:
        con.execute(f"DROP TABLE {name}_cells")
        raise ComptrollerError(
            "the file holds nothing but white space",
            where=source.name,
            remedy="Ask the sender for the file again",
        )
    raw_sheet.expose(con, name, width, *found)
    return [
        RawSheet(
            part=source.part,
            member=source.member,
            sheet="",
            hidden=False,
            width=width,
            row_count=found[1] - found[0] + 1,
            first_row=found[0] + 1,
            relation=name,
            con=con,
            file_format="csv" if spans is None else "fixed width",
            encoding=encoding.name,
            delimiter=dialect.delimiter if spans is None else "",
            notes=tuple(notes),
            cut_short=spans is None and _is_cut_short(path, dialect.delimiter, width),
        )
    ]


def _is_cut_short(path: Path, delimiter: str, width: int) -> bool:
    """Tell whether the text stops in the middle of a row: cells missing, and no line end."""
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - SAMPLE_BYTES, 0))
        tail = stream.read()
    if tail.endswith((b"\n", b"\r")):
        return False
    cells = tail.rsplit(b"\n", 1)[-1].count(delimiter.encode()) + 1
    return 1 < cells < width


def _head(path: Path, skip: int) -> str:
    """Return the beginning of a UTF-8 file, cut at a line end."""
    with path.open("rb") as stream:
        stream.seek(skip)
        block = stream.read(SAMPLE_BYTES)
    if len(block) == SAMPLE_BYTES and b"\n" in block:
        block = block[: block.rfind(b"\n") + 1]
    return block.decode("utf-8", errors="replace")


def _refuse_binary(source: Source, encoding: text_encoding.Encoding) -> None:
    """Refuse what is not text: NUL bytes, or control characters all over."""
    if encoding.nul_at >= 0:
        with source.path.open("rb") as stream:
            lines = stream.read(encoding.nul_at).count(b"\n") + 1
        raise ComptrollerError(
            f"NUL byte at byte {encoding.nul_at + 1:,}, so this is damaged or not a text file",
            where=f"{source.name}, line {lines:,}",
            remedy="Ask the sender to export it again as CSV or Excel",
        )
    with source.path.open("rb") as stream:
        head = stream.read(8192)
    if encoding.name.startswith("utf-16") or encoding.name.startswith("utf-32"):
        return
    control = sum(1 for byte in head if byte < 32 and byte not in (9, 10, 12, 13, 26))
    if head and control > CONTROL_SHARE * len(head):
        raise ComptrollerError(
            "not a table file: its bytes are neither text nor a known workbook",
            where=source.name,
            remedy="Send CSV, Excel, OpenDocument, or a zip of these",
        )


def _refuse_scan(source: Source, scan: text_scan.TextScan, limits: Limits) -> None:
    if scan.longest_record > limits.record_bytes:
        raise ComptrollerError(
            f"one record is longer than {limits.record_bytes:,} bytes, as happens when a quote "
            "is not closed",
            where=f"{source.name}, row {scan.longest_at:,}",
            remedy="Ask the sender to export it again",
        )
    if scan.open_quote_record and not scan.irregular:
        raise ComptrollerError(
            "a quoted value is opened and never closed: the file looks truncated",
            where=f"{source.name}, row {scan.open_quote_record:,}",
            remedy="Ask the sender for the whole file again",
        )


def _refuse_width(source: Source, width: int, limits: Limits) -> None:
    if width > limits.columns:
        raise ComptrollerError(
            f"{width:,} columns; at most {limits.columns:,} are read",
            where=source.name,
            remedy="Check that it is the right file and that its delimiter is not doubled",
        )


def _load(
    source: Source,
    con: duckdb.DuckDBPyConnection,
    name: str,
    path: Path,
    skip: int,
    dialect: Dialect,
    head: str,
    limits: Limits,
) -> tuple[int, int]:
    """Fill `{name}_cells`; return its width and number of rows.

    The first try takes the width of the beginning; where the text turns out wider, or DuckDB
    returns another number of records than were counted, the file is measured record by record.
    """
    scan = _scan(source, path, skip, dialect, limits, measure=False)
    width = max(head_width(head, dialect), 2)
    for measured in (False, True):
        if measured:
            scan = _scan(source, path, skip, dialect, limits, measure=True)
            width = max(scan.width, 2)
        _refuse_width(source, width, limits)
        if scan.irregular or scan.lone_returns:
            break
        expected, text = scan.records - scan.trailing_blank, path
        if scan.blank:
            text, expected = source.scratch / f"text-{source.part}.filled", scan.records
            if not text.exists():
                text_scan.fill_blank_records(
                    path, text, dialect.delimiter, skip_bytes=skip, limit=limits.record_bytes
                )
        try:
            rows = _into_duckdb(con, name, text, dialect.delimiter, width, scan.multiline)
        except duckdb.Error:
            rows = -1
        if rows == expected:
            return width, rows
    rewritten = source.scratch / f"text-{source.part}.exact"
    width, expected = _rewrite(source, path, rewritten, skip, dialect, limits)
    try:
        rows = _into_duckdb(con, name, rewritten, ",", width, True, new_line="\\n")
    except duckdb.Error as error:
        raise ComptrollerError(
            "the text cannot be cut into rows and columns",
            where=source.name,
            remedy="Ask the sender to export it again as CSV or Excel",
        ) from error
    if rows != expected:
        raise ComptrollerError(
            f"{expected:,} records were counted but {rows:,} could be read",
            where=source.name,
            remedy="Ask the sender to export it again, with every text value in quotes",
        )
    return width, rows


def head_width(head: str, dialect: Dialect) -> int:
    """Return the most fields of a record in the beginning of the text, 0 when it is irregular."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=dialect.delimiter)
    try:
        return max((len(record) for record in itertools.islice(reader, 2000)), default=0)
    except csv.Error:
        return 0


def _scan(
    source: Source, path: Path, skip: int, dialect: Dialect, limits: Limits, *, measure: bool
) -> text_scan.TextScan:
    scan = text_scan.scan_file(
        path,
        dialect.delimiter,
        skip_bytes=skip,
        limit=limits.record_bytes,
        measure=measure,
    )
    _refuse_scan(source, scan, limits)
    return scan


def _into_duckdb(
    con: duckdb.DuckDBPyConnection,
    name: str,
    path: Path,
    delimiter: str,
    width: int,
    multiline: bool,
    *,
    new_line: str = "",
) -> int:
    """Read a UTF-8 file of known width into `{name}_cells` and return how many rows came.

    Strict mode, because DuckDB otherwise drops cells beyond the width without a word.
    """
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(width))
    parallel = "false" if multiline else "true"
    # Else told from the text, which a carriage return inside a value misleads.
    ending = f", new_line = '{new_line}'" if new_line else ""
    made = con.execute(
        f"CREATE OR REPLACE TABLE {name}_cells AS SELECT * FROM read_csv(?, "
        f"auto_detect = false, header = false, delim = ?, quote = '\"', escape = '\"', "
        f"columns = {{{columns}}}, null_padding = true, strict_mode = true, nullstr = '', "
        f"allow_quoted_nulls = true, encoding = 'utf-8', parallel = {parallel}{ending})",
        [str(path), delimiter],
    )
    return int(made.fetchall()[0][0])


def _rewrite(
    source: Source, path: Path, target: Path, skip: int, dialect: Dialect, limits: Limits
) -> tuple[int, int]:
    """Copy the file with every value quoted, record by record; return width and records."""
    csv.field_size_limit(FIELD_LIMIT)
    width, records = 2, 0
    with (
        path.open("r", encoding="utf-8", errors="replace", newline="") as stream,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        if skip:
            stream.read(1)
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        reader = csv.reader(
            stream,
            delimiter=dialect.delimiter,
            skipinitialspace=dialect.skip_initial_space,
        )
        try:
            for record in reader:
                width = max(width, len(record))
                if width > limits.columns:
                    break
                records += 1
                writer.writerow(itertools.chain(record or ("",), ("",) * (2 - len(record))))
        except csv.Error as error:
            raise ComptrollerError(
                f"the text cannot be cut into columns ({error})",
                where=f"{source.name}, line {reader.line_num:,}",
                remedy="Ask the sender to export it again as CSV",
            ) from error
    if width > limits.columns:
        raise ComptrollerError(
            f"more than {limits.columns:,} columns",
            where=f"{source.name}, row {records + 1:,}",
            remedy="Check that it is the right file",
        )
    return width, records
