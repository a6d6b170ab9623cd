"""Which encoding a delimited file has, and a plain UTF-8 copy of any that is not UTF-8."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK_BYTES = 4 * 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
FALLBACK = "comptroller-cp1252"


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a text file are to be read.

    Attributes:
        name: utf-8, cp1252, utf-16-le ...
        mark_bytes: Length of the byte order mark to skip.
        nul_at: Offset of the first NUL byte of a file that should have none, or -1.
        other_bytes: Bytes that are not UTF-8 and were read as Windows text (cp1252).
    """

    name: str
    mark_bytes: int = 0
    nul_at: int = -1
    other_bytes: int = 0


def _windows_byte(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that UTF-8 cannot be as Windows-1252, the few undefined ones as Latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    raw = error.object[error.start : error.end]
    text = "".join(
        bytes([byte]).decode("cp1252", errors="ignore") or bytes([byte]).decode("latin-1")
        for byte in raw
    )
    return text, error.end


codecs.register_error(FALLBACK, _windows_byte)


def detect_encoding(path: Path) -> Encoding:
    """Return how to read the text of `path`: by its mark, by its NULs, else UTF-8 or cp1252.

    A file with some bytes that are not UTF-8 is called cp1252: those bytes alone are read as
    Windows text, so that a file pasted together from both kinds comes out right as well.
    """
    with path.open("rb") as stream:
        head = stream.read(4096)
        for mark, name in _MARKS:
            if head.startswith(mark):
                if name == "utf-8":
                    break
                return Encoding(name, len(mark))
        skip = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
        unmarked = _utf16_without_mark(head)
        if unmarked:
            return Encoding(unmarked)
        stream.seek(skip)
        return _check_bytes(stream, skip)


def _utf16_without_mark(head: bytes) -> str:
    """Return utf-16-le or -be when every other byte of the beginning is NUL, else ''."""
    if len(head) < 8:
        return ""
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.9 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.9 * half and odd < 0.05 * half:
        return "utf-16-be"
    return ""


def _check_bytes(stream: BinaryIO, skip: int) -> Encoding:
    """Read on to the end: NUL bytes, and whether everything is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    offset, broken = skip, False
    while block := stream.read(BLOCK_BYTES):
        nul = block.find(0)
        if nul >= 0:
            return Encoding("utf-8", skip, nul_at=offset + nul)
        if not broken and not (block.isascii() and decoder.getstate()[0] == b""):
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                broken = True
        offset += len(block)
    if not broken and decoder.getstate()[0]:
        broken = True
    return Encoding("cp1252" if broken else "utf-8", skip)


def copy_as_utf8(source: Path, target: Path, encoding: Encoding) -> int:
    """Write the text of `source` to `target` in UTF-8 without a mark.

    Returns:
        How many characters could not be read as they stood (cp1252 bytes, broken UTF-16).
    """
    if encoding.name == "cp1252":
        codec, errors = "utf-8", FALLBACK
    else:
        codec, errors = encoding.name, "replace"
    decoder = codecs.getincrementaldecoder(codec)(errors)
    changed = 0
    with source.open("rb") as stream, target.open("wb") as out:
        stream.seek(encoding.mark_bytes)
        while True:
            block = stream.read(BLOCK_BYTES)
            text = decoder.decode(block, final=not block)
            changed += text.count("\ufffd")
            out.write(text.encode("utf-8", errors="replace"))
            if not block:
                return changed
