"""What kind of file it is, by its bytes rather than by its name, and the reader for it."""

from __future__ import annotations

import dataclasses
import re
import tempfile
import zipfile
from pathlib import Path

import duckdb

from comptroller.errors import ComptrollerError
from comptroller.intake.reading import archive, markup
from comptroller.intake.reading.delimited import Source, read_delimited
from comptroller.intake.reading.limits import Limits
from comptroller.intake.reading.raw_sheet import RawSheet
from comptroller.intake.reading.workbook import password_needed, read_workbook

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FULL_SHEETS = {65_536: "Excel 97-2003", 1_048_576: "Excel"}
NOT_A_TABLE = "not a table file"
# What people send by mistake, by its first bytes.
OTHER_KINDS = (
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"{\\rtf", "a rich text document"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a database"),
    (b"\x00\x01\x00\x00Standard", "an Access database"),
    (b"PAR1", "a Parquet file"),
)


def open_file(
    path: Path,
    con: duckdb.DuckDBPyConnection,
    *,
    name: str | None = None,
    limits: Limits | None = None,
) -> list[RawSheet]:
    """Return every table-like part of a file as raw sheets, cells as text in DuckDB.

    The kind is told by the bytes: a workbook called .csv is read as a workbook. `part` of the
    sheets is 0 when the file holds a single one, else 1..n in order. The relations are temporary
    in `con`; nothing is left on disk.

    Args:
        path: The file.
        con: The engine that will hold the cells.
        name: What to call the file in messages, by default its name.
        limits: Sizes beyond which the file is refused.

    Raises:
        ComptrollerError: Unreadable, empty, encrypted, truncated, a zip bomb, too many columns,
            or not a table file. Says where and what to do.
    """
    called = name or path.name
    try:
        size = path.stat().st_size
        with tempfile.TemporaryDirectory(prefix="comptroller-reading-") as scratch:
            if size == 0:
                raise ComptrollerError(
                    "the file is empty (0 bytes)",
                    where=called,
                    remedy="Ask the sender for it again",
                )
            source = Source(path, called, Path(scratch))
            sheets = _read(source, con, limits or Limits(), depth=0)
    except OSError as error:
        raise ComptrollerError(
            f"the file cannot be read ({error.strerror or error})",
            where=called,
            remedy="Check that it exists and that you may read it",
        ) from error
    single = len(sheets) == 1
    return [
        dataclasses.replace(sheet, part=0 if single else index, warnings=_full_sheet(sheet))
        for index, sheet in enumerate(sheets, start=1)
    ]


def _full_sheet(sheet: RawSheet) -> tuple[str, ...]:
    """Warn of a sheet that ends where Excel cuts off what is longer."""
    program = FULL_SHEETS.get(sheet.last_row)
    if program is None:
        return ()
    return (
        f"ends at row {sheet.last_row:,}, the last that a sheet of {program} holds: rows may be "
        "missing. Ask whether there are more, and for a text file of all of them",
    )


def _read(
    source: Source, con: duckdb.DuckDBPyConnection, limits: Limits, depth: int
) -> list[RawSheet]:
    """Choose the reader by the first bytes of the file."""
    with source.path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _read_zip(source, con, limits, depth)
    if head.startswith(b"\x1f\x8b"):
        return _read_gzip(source, con, limits, depth)
    if head.startswith(OLE_MAGIC):
        return _read_ole(source, con, limits)
    if head[:8] in _BARE_BIFF or head[:4] in _BARE_BIFF:
        return read_workbook(source, con, limits, "xls")
    for magic, kind in OTHER_KINDS:
        if head.startswith(magic):
            raise _not_a_table(source, kind)
    if head.startswith(b"%PDF"):
        # pdfplumber takes half a second to import, and few files are PDFs.
        from comptroller.intake.reading.pdf import read_pdf

        return read_pdf(source, con, limits)
    kind = markup.is_markup(head)
    if kind == "html":
        return markup.read_html(source, con, limits)
    if kind == "xml":
        return markup.read_xml_workbook(source, con, limits)
    if kind:
        raise _not_a_table(source, "XML")
    if _is_json(head):
        raise _not_a_table(source, "JSON")
    return read_delimited(source, con, limits)


def _not_a_table(source: Source, kind: str) -> ComptrollerError:
    return ComptrollerError(
        f"{NOT_A_TABLE}: this is {kind}",
        where=source.name,
        remedy="Send CSV, Excel, OpenDocument, or a zip of these",
    )


def _is_json(head: bytes) -> bool:
    """Tell whether the bytes begin as a JSON object or list of objects does."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return re.match(rb'(\[\s*)?\{\s*("[^"]*"\s*:|\})', start) is not None


# A very old xls has no container and begins with its BOF record.
_BARE_BIFF = (b"\x09\x08\x10\x00", b"\x09\x04\x06\x00", b"\x09\x02\x06\x00")


def _read_ole(source: Source, con: duckdb.DuckDBPyConnection, limits: Limits) -> list[RawSheet]:
    """Read an xls workbook; an encrypted xlsx and a Word document use the same container."""
    content = source.path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise password_needed(source.name)
    if "Workbook".encode("utf-16-le") not in content and "Book".encode("utf-16-le") not in content:
        raise ComptrollerError(
            "truncated, or an old Office file without a workbook inside",
            where=source.name,
            remedy="Open it in Excel and save it again, or ask the sender for it again",
        )
    return read_workbook(source, con, limits, "xls")


def _read_zip(
    source: Source, con: duckdb.DuckDBPyConnection, limits: Limits, depth: int
) -> list[RawSheet]:
    """Read a zipped workbook, or each member of an archive in the order of names."""
    members = archive.check_zip(source.path, source.name, limits)
    names = {info.filename for info in members}
    kind = _zipped_kind(source.path, names)
    if kind in ("xlsx", "xlsm", "xlsb", "ods"):
        return read_workbook(source, con, limits, kind)
    if kind:
        raise _not_a_table(source, kind)
    if depth >= limits.nesting:
        raise ComptrollerError(
            "archives inside archives inside archives are not opened",
            where=source.name,
            remedy="Unpack it and load the folder",
        )
    return _read_members(source, con, limits, depth, members)


def _read_members(
    source: Source,
    con: duckdb.DuckDBPyConnection,
    limits: Limits,
    depth: int,
    members: list[zipfile.ZipInfo],
) -> list[RawSheet]:
    sheets: list[RawSheet] = []
    aside: list[str] = []
    first_problem: ComptrollerError | None = None
    for number, info in enumerate(archive.data_members(members)):
        folder = source.scratch / f"{depth}-{number}"
        folder.mkdir()
        target = folder / "member"
        archive.unpack_member(source.path, info, target, source.name, limits)
        inside = f"{source.member}/{info.filename}" if source.member else info.filename
        member = Source(target, f"{source.name}, {info.filename}", folder, 0, inside)
        try:
            sheets.extend(_read(member, con, limits, depth + 1))
        except ComptrollerError as problem:
            # A letter or picture beside the data is set aside; damaged data refuses the archive.
            if not problem.what.startswith(NOT_A_TABLE):
                raise
            aside.append(f"{inside} is set aside: {problem.what}.")
            first_problem = first_problem or problem
        target.unlink()
    if not sheets:
        raise first_problem or ComptrollerError(
            "the archive holds no file with anything in it",
            where=source.name,
            remedy="Ask the sender for it again",
        )
    sheets[0] = dataclasses.replace(sheets[0], notes=(*sheets[0].notes, *aside))
    return sheets


def _zipped_kind(path: Path, names: set[str]) -> str:
    """Return xlsx, xlsm, xlsb, ods, the name of another document kind, or '' for an archive."""
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "xl/workbook.xml" in names:
        return "xlsm" if "xl/vbaProject.bin" in names else "xlsx"
    if "word/document.xml" in names:
        return "a Word document"
    if any(name.startswith("ppt/") for name in names):
        return "a PowerPoint presentation"
    if "mimetype" in names and "content.xml" in names:
        with zipfile.ZipFile(path) as container:
            mime = container.read("mimetype").decode("ascii", errors="replace")
        return "ods" if "spreadsheet" in mime else "an OpenDocument text or drawing"
    if "[Content_Types].xml" in names and "xl/" in {name[:3] for name in names}:
        return "xlsx"
    return ""


def _read_gzip(
    source: Source, con: duckdb.DuckDBPyConnection, limits: Limits, depth: int
) -> list[RawSheet]:
    if depth >= limits.nesting:
        raise ComptrollerError(
            "archives inside archives inside archives are not opened",
            where=source.name,
            remedy="Unpack it and load the folder",
        )
    folder = source.scratch / f"{depth}-gz"
    folder.mkdir()
    target = folder / "member"
    archive.unpack_gzip(source.path, target, source.name, limits)
    if target.stat().st_size == 0:
        raise ComptrollerError(
            "the gzip file is empty", where=source.name, remedy="Ask the sender for it again"
        )
    return _read(dataclasses.replace(source, path=target, scratch=folder), con, limits, depth + 1)
