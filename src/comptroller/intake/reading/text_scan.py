"""One fast look at a whole delimited file: records, width, quoting, blank lines.

The scan works on bytes with NumPy, never on a Python object per row. It tells how many records a
correct reader must find, so that a reading by DuckDB can be proved complete, and whether the file
needs a slower, exact reading (irregular quotes, stray carriage returns).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

CHUNK_BYTES = 4 * 1024 * 1024
QUOTE, NEWLINE, RETURN = 34, 10, 13
Bytes = npt.NDArray[np.uint8]


@dataclass
class TextScan:
    """What one pass over a delimited UTF-8 file found.

    Attributes:
        records: Records, blank ones too; a newline inside quotes does not end a record.
        trailing_blank: Blank records at the end.
        blank: Blank records before the last filled one.
        width: Most fields in one record.
        irregular: A quote stands inside an unquoted field, or text follows a closing quote.
        multiline: A quoted field holds a newline.
        lone_returns: A carriage return without a newline ends lines.
        open_quote_record: Record number whose quote is never closed, or 0.
        longest_record: Bytes of the longest record.
        longest_at: Its record number.
    """

    records: int = 0
    trailing_blank: int = 0
    blank: int = 0
    width: int = 0
    irregular: bool = False
    multiline: bool = False
    lone_returns: bool = False
    open_quote_record: int = 0
    longest_record: int = 0
    longest_at: int = 0


def whole_lines(stream: BinaryIO, limit: int) -> Iterator[bytes]:
    """Yield the stream in blocks that end with a newline (the last one perhaps not).

    A line longer than `limit` is cut, so that a file without newlines cannot fill memory.
    """
    rest = b""
    while block := stream.read(CHUNK_BYTES):
        cut = block.rfind(b"\n")
        if cut < 0:
            rest += block
            if len(rest) > limit + CHUNK_BYTES:
                yield rest
                rest = b""
            continue
        yield rest + block[: cut + 1]
        rest = block[cut + 1 :]
    if rest:
        yield rest


class Scanner:
    """Carries the state of a scan from block to block."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = ord(delimiter)
        self.scan = TextScan()
        self.inside = 0
        self.fields_open = 0
        self.bytes_open = 0
        self.blank_run = 0
        self.last_byte = NEWLINE

    def feed(self, block: bytes) -> npt.NDArray[np.intp]:
        """Take one block; return the offsets in it of the newlines that end blank records."""
        data: Bytes = np.frombuffer(block, dtype=np.uint8)
        newline = data == NEWLINE
        delimiter = data == self.delimiter
        outside: npt.NDArray[np.bool_] | None = None
        if QUOTE in block or self.inside:
            outside = self._outside(data)
            self.scan.multiline |= bool((newline & ~outside).any())
            newline &= outside
            delimiter &= outside
        if RETURN in block:
            returns = data == RETURN
            if outside is not None:
                returns &= outside
            followed = np.zeros_like(newline)
            followed[:-1] = data[1:] == NEWLINE
            self.scan.lone_returns |= bool((returns & ~followed).any())
        ends = np.flatnonzero(newline)
        blank = self._records(data, ends, np.flatnonzero(delimiter))
        self.last_byte = int(data[-1])
        return blank

    def finish(self) -> TextScan:
        """Close the last record, which need not end with a newline."""
        if self.bytes_open:
            self._count_record(self.bytes_open, self.fields_open + 1)
        if self.inside:
            self.scan.open_quote_record = self.scan.records
        self.scan.trailing_blank = self.blank_run
        return self.scan

    def _outside(self, data: Bytes) -> npt.NDArray[np.bool_]:
        """Return which bytes stand outside quotes, noting quotes in unexpected places."""
        quotes = data == QUOTE
        count = np.cumsum(quotes, dtype=np.int64) + self.inside
        before = (count - quotes) & 1
        at = np.flatnonzero(quotes)
        opening = at[before[at] == 0]
        closing = at[before[at] == 1]
        if opening.size:
            previous = np.where(opening == 0, self.last_byte, data[opening - 1])
            fine = (previous == self.delimiter) | (previous == NEWLINE) | (previous == QUOTE)
            self.scan.irregular |= bool((~fine).any())
        if closing.size:
            following = data[np.minimum(closing + 1, data.size - 1)]
            fine = (following == self.delimiter) | (following == NEWLINE) | (following == RETURN)
            fine |= (following == QUOTE) | (closing == data.size - 1)
            self.scan.irregular |= bool((~fine).any())
        self.inside = int(count[-1]) & 1
        outside: npt.NDArray[np.bool_] = before == 0
        return outside

    def _records(
        self, data: Bytes, ends: npt.NDArray[np.intp], delimiters: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.intp]:
        """Count the records that end in this block and return the newlines of blank ones."""
        if not ends.size:
            self.bytes_open += data.size
            self.fields_open += delimiters.size
            return ends
        lengths = np.diff(ends, prepend=-1) - 1
        lengths[0] += self.bytes_open
        returned = (ends > 0) & (data[np.maximum(ends - 1, 0)] == RETURN)
        content = lengths - returned
        upto = np.searchsorted(delimiters, ends)
        fields = np.diff(upto, prepend=0) + 1
        fields[0] += self.fields_open
        is_blank = content == 0
        scan = self.scan
        longest = int(lengths.argmax())
        if lengths[longest] > scan.longest_record:
            scan.longest_record = int(lengths[longest])
            scan.longest_at = scan.records + longest + 1
        scan.width = max(scan.width, int(fields.max()))
        filled = np.flatnonzero(~is_blank)
        if filled.size:
            scan.blank += self.blank_run + int(is_blank[: filled[-1]].sum())
            self.blank_run = int(ends.size - 1 - filled[-1])
        else:
            self.blank_run += int(ends.size)
        scan.records += int(ends.size)
        self.bytes_open = int(data.size - 1 - ends[-1])
        self.fields_open = int(delimiters.size - upto[-1])
        found: npt.NDArray[np.intp] = ends[is_blank]
        return found

    def _count_record(self, length: int, fields: int) -> None:
        self.scan.records += 1
        self.scan.blank += self.blank_run
        self.blank_run = 0
        self.scan.width = max(self.scan.width, fields)
        if length > self.scan.longest_record:
            self.scan.longest_record, self.scan.longest_at = length, self.scan.records


def scan_file(path: Path, delimiter: str, *, skip_bytes: int, limit: int) -> TextScan:
    """Scan the file from `skip_bytes` on (a byte order mark) and return what it holds."""
    scanner = Scanner(delimiter)
    with path.open("rb") as stream:
        stream.seek(skip_bytes)
        for block in whole_lines(stream, limit):
            scanner.feed(block)
            if scanner.bytes_open > limit:
                break
    return scanner.finish()


def fill_blank_records(
    source: Path, target: Path, delimiter: str, *, skip_bytes: int, limit: int
) -> None:
    """Copy the file with a single delimiter on each blank record, so that no reader skips it."""
    scanner = Scanner(delimiter)
    with source.open("rb") as stream, target.open("wb") as out:
        stream.seek(skip_bytes)
        for block in whole_lines(stream, limit):
            blank = scanner.feed(block)
            if not blank.size:
                out.write(block)
                continue
            data = np.frombuffer(block, dtype=np.uint8)
            # Before the newline, or before the carriage return that goes with it.
            at = np.where(
                (blank > 0) & (data[np.maximum(blank - 1, 0)] == RETURN), blank - 1, blank
            )
            out.write(np.insert(data, at, ord(delimiter)).tobytes())
