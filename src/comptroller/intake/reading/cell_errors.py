"""Error cells of a workbook (#N/A, #DIV/0!), which the reader of values leaves empty."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

_RELATION = re.compile(rb"<Relationship\b[^>]*>")
_SHEET = re.compile(rb"<sheet\b[^>]*>")
_CELL = re.compile(rb'<c\b([^>]*\bt="e"[^>]*)>(.*?)</c>', re.DOTALL)
_VALUE = re.compile(rb"<v>([^<]*)</v>")
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')


def find(path: Path, index: int, with_errors: frozenset[str]) -> dict[tuple[int, int], str]:
    """Return the text of each error cell of a sheet of an xlsx file by 0-based (row, column).

    Args:
        path: The workbook.
        index: Place of the sheet in the workbook.
        with_errors: Names inside the file of the sheets that hold errors; empty for formats other
            than xlsx and xlsm, where an error cell is read as empty.
    """
    if not with_errors:
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            part = _sheet_part(archive, index)
            content = archive.read(part) if part in with_errors else b""
    except (KeyError, zipfile.BadZipFile, OSError, RuntimeError):
        return {}
    errors: dict[tuple[int, int], str] = {}
    for match in _CELL.finditer(content):
        place, value = _PLACE.search(match.group(1)), _VALUE.search(match.group(2))
        if place and value:
            column = 0
            for letter in place.group(1):
                column = column * 26 + letter - 64
            key = (int(place.group(2)) - 1, column - 1)
            errors[key] = value.group(1).decode("utf-8", errors="replace")
    return errors


def _attribute(element: bytes, name: bytes) -> bytes:
    match = re.search(rb"\b" + name + rb'="([^"]*)"', element)
    return match.group(1) if match else b""


def _sheet_part(archive: zipfile.ZipFile, index: int) -> str:
    """Return the name inside the archive of the sheet at `index` of the workbook."""
    sheets = _SHEET.findall(archive.read("xl/workbook.xml"))
    if index >= len(sheets):
        return ""
    wanted = _attribute(sheets[index], rb"r:id")
    for relation in _RELATION.findall(archive.read("xl/_rels/workbook.xml.rels")):
        if _attribute(relation, rb"Id") == wanted:
            target = _attribute(relation, rb"Target").decode("utf-8", errors="replace")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return ""
