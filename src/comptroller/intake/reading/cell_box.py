"""How far the cells of a sheet reach, before a reader makes room for all between them.

The reader of workbooks lays out every cell from the first to the last one. One value in A1 and
one in XFD1048576 make a file of a few kilobytes ask for hundreds of gigabytes, and end the
process. LibreOffice's format has such a limit in the reader itself.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from comptroller.errors import ComptrollerError

# A whole sheet of 78 columns, about 3 GB in the reader.
MOST_CELLS = 90_000_000
MOST_COLUMNS_ASSUMED = 78
BLOCK_BYTES = 8 * 1024 * 1024
OVERLAP_BYTES = 512
# Cells with something in them; <c r="B7" s="3"/> is only formatted.
_FAR_CELL = re.compile(rb'<c r="(?:[A-Z]{3}|[C-Z][A-Z])\d+"[^>/]*>')
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"[^>/]*>')
_ROW = re.compile(rb'<row r="(\d+)"')


def look_over(path: Path, name: str, file_format: str) -> frozenset[str]:
    """Refuse a workbook whose cells reach too far apart; return its sheets with error cells.

    The sheets are told by their names inside the file, only for xlsx and xlsm. Files of other
    formats than xlsx, xlsm and xlsb are not looked at.

    Raises:
        ComptrollerError: Names the part of the workbook and how far it reaches.
    """
    if file_format not in ("xlsx", "xlsm", "xlsb"):
        return frozenset()
    with_errors: set[str] = set()
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if not member.startswith("xl/worksheets/") or member.endswith(".rels"):
                continue
            if file_format == "xlsb":
                with archive.open(member) as stream:
                    rows, columns = _binary_extent(stream)
            else:
                rows, columns, errors = _extent(archive, member)
                if errors:
                    with_errors.add(member)
            if rows * columns > MOST_CELLS:
                raise ComptrollerError(
                    f"its cells reach to row {rows:,} and column {columns:,}, far beyond a table",
                    where=f"{name}, {member.rsplit('/', 1)[-1]}",
                    remedy="Delete what stands far from the table and save it again",
                )
    return frozenset(with_errors)


def _extent(archive: zipfile.ZipFile, member: str) -> tuple[int, int, bool]:
    """Return the last row and column of an XML sheet, and whether it holds error cells.

    Row and column are exact only when they might be too many.
    """
    rows, far, errors = 0, False, False
    for block in _blocks(archive, member):
        last = block.rfind(b'<row r="')
        found = _ROW.match(block, last) if last >= 0 else None
        rows = max(rows, int(found[1])) if found else rows
        errors = errors or b't="e"' in block
        far = far or _FAR_CELL.search(block) is not None
    if not far and rows * MOST_COLUMNS_ASSUMED <= MOST_CELLS:
        return rows, min(MOST_COLUMNS_ASSUMED, MOST_CELLS // max(rows, 1)), errors
    rows = columns = 0
    for block in _blocks(archive, member):
        for cell in _CELL.finditer(block):
            rows = max(rows, int(cell[2]))
            columns = max(columns, _column(cell[1]))
    return rows, columns, errors


def _blocks(archive: zipfile.ZipFile, member: str) -> Iterator[bytes]:
    """Yield the content in blocks that overlap, so that no element is cut in all of them."""
    with archive.open(member) as stream:
        rest = b""
        while block := stream.read(BLOCK_BYTES):
            yield rest + block
            rest = block[-OVERLAP_BYTES:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _binary_extent(stream: IO[bytes]) -> tuple[int, int]:
    """Return the last row and column of a binary sheet by walking its records."""
    content = memoryview(stream.read())
    rows = columns = row = place = 0
    size = len(content)
    while place + 2 <= size:
        kind = content[place]
        place += 1
        if kind & 0x80 and place < size:
            kind = (kind & 0x7F) | (content[place] & 0x7F) << 7
            place += 1
        length = shift = 0
        while place < size:
            byte = content[place]
            place += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift > 21:
                break
        if kind == 0 and length >= 4:
            row = int.from_bytes(content[place : place + 4], "little") + 1
        # Cells from a number (2) to a formula with an error (11); 1 is a blank one.
        elif 2 <= kind <= 11 and length >= 4:
            rows = max(rows, row)
            columns = max(columns, int.from_bytes(content[place : place + 4], "little") + 1)
        place += length
    return rows, columns
