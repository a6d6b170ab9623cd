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
Places = npt.NDArray[np.intp]
_NONE: Places = np.empty(0, dtype=np.intp)


@dataclass
class TextScan:
    """What one pass over a delimited UTF-8 file found.

    Attributes:
        records: Records, blank ones too; a newline inside quotes does not end a record.
        trailing_blank: Blank records at the end.
        blank: Blank records before the last filled one.
        width: Most fields in one record; 0 unless asked for.
        irregular: A quote stands inside an unquoted field, or text follows a closing quote.
        multiline: A quoted field holds a newline.
        lone_returns: A carriage return without a newline ends lines.
        open_quote_record: Record number whose quote is never closed, or 0.
        longest_record: Bytes of the longest record; 0 unless asked for.
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
    """Carries the state of a scan from block to block.

    Args:
        delimiter: The field delimiter.
        measure: Whether to count fields and bytes of each record, which takes longer.
    """

    def __init__(self, delimiter: str, *, measure: bool) -> None:
        self.measure = measure
        self.delimiter = ord(delimiter)
        self.scan = TextScan()
        self.inside = 0
        self.fields_open = 0
        self.bytes_open = 0
        self.blank_run = 0
        self.last_byte = NEWLINE

    def feed(self, block: bytes) -> Places:
        """Take one block; return the offsets in it of the newlines that end blank records."""
        quoted = b'"' in block or bool(self.inside)
        blanks = block.startswith((b"\n", b"\r\n")) or b"\n\n" in block or b"\n\r\n" in block
        if not (quoted or blanks or self.measure):
            self._count_plain(block)
            return _NONE
        data: Bytes = np.frombuffer(block, dtype=np.uint8)
        quotes = np.flatnonzero(data == QUOTE) if quoted else _NONE
        inside = self.inside
        if quotes.size:
            self._check_quotes(data, quotes)

        def outside(places: Places) -> Places:
            """Keep the places that stand outside quotes."""
            if not quotes.size and not inside:
                return places
            kept: Places = places[(np.searchsorted(quotes, places) + inside) % 2 == 0]
            return kept

        newlines = np.flatnonzero(data == NEWLINE)
        ends = outside(newlines)
        self.scan.multiline |= ends.size != newlines.size
        if RETURN in block:
            returns = np.flatnonzero(data == RETURN)
            real = outside(returns)
            self.scan.multiline |= real.size != returns.size
            after = data[np.minimum(real + 1, data.size - 1)]
            self.scan.lone_returns |= bool((after != NEWLINE).any())
        delimiters = outside(np.flatnonzero(data == self.delimiter)) if self.measure else _NONE
        blank = self._records(data, ends, delimiters)
        self.last_byte = int(data[-1])
        return blank

    def _count_plain(self, block: bytes) -> None:
        """Count the records of a block without quotes and blank lines."""
        newlines = block.count(b"\n")
        self.scan.records += newlines
        self.scan.blank += self.blank_run
        self.blank_run = 0
        last = block.rfind(b"\n")
        self.bytes_open = len(block) - 1 - last + (0 if newlines else self.bytes_open)
        if b"\r" in block:
            self.scan.lone_returns |= block.count(b"\r") != block.count(b"\r\n")
        self.last_byte = block[-1]

    def finish(self) -> TextScan:
        """Close the last record, which need not end with a newline."""
        if self.bytes_open:
            self._count_record(self.bytes_open, self.fields_open + 1)
        if self.inside:
            self.scan.open_quote_record = self.scan.records
        self.scan.trailing_blank = self.blank_run
        return self.scan

    def _check_quotes(self, data: Bytes, quotes: Places) -> None:
        """Note quotes in unexpected places, and whether the block ends inside a quoted value."""
        opening, closing = quotes[self.inside :: 2], quotes[1 - self.inside :: 2]
        if opening.size:
            previous = np.where(opening == 0, self.last_byte, data[opening - 1])
            fine = (previous == self.delimiter) | (previous == NEWLINE) | (previous == QUOTE)
            self.scan.irregular |= bool((~fine).any())
        if closing.size:
            following = data[np.minimum(closing + 1, data.size - 1)]
            fine = (following == self.delimiter) | (following == NEWLINE) | (following == RETURN)
            fine |= (following == QUOTE) | (closing == data.size - 1)
            self.scan.irregular |= bool((~fine).any())
        self.inside = (self.inside + quotes.size) % 2

    def _records(self, data: Bytes, ends: Places, delimiters: Places) -> Places:
        """Count the records that end in this block and return the newlines of blank ones."""
        if not ends.size:
            self.bytes_open += data.size
            self.fields_open += delimiters.size
            return ends
        lengths = np.diff(ends, prepend=-1) - 1
        lengths[0] += self.bytes_open
        returned = (ends > 0) & (data[np.maximum(ends - 1, 0)] == RETURN)
        is_blank = lengths == returned
        if self.measure:
            self._measure(ends, lengths, delimiters)
        filled = np.flatnonzero(~is_blank)
        scan = self.scan
        if filled.size:
            scan.blank += self.blank_run + int(is_blank[: filled[-1]].sum())
            self.blank_run = int(ends.size - 1 - filled[-1])
        else:
            self.blank_run += int(ends.size)
        scan.records += int(ends.size)
        self.bytes_open = int(data.size - 1 - ends[-1])
        found: Places = ends[is_blank]
        return found

    def _measure(self, ends: Places, lengths: Places, delimiters: Places) -> None:
        """Take note of the widest and the longest of the records that end in this block."""
        upto = np.searchsorted(delimiters, ends)
        fields = np.diff(upto, prepend=0) + 1
        fields[0] += self.fields_open
        self.fields_open = int(delimiters.size - upto[-1])
        scan, longest = self.scan, int(lengths.argmax())
        if lengths[longest] > scan.longest_record:
            scan.longest_record = int(lengths[longest])
            scan.longest_at = scan.records + longest + 1
        scan.width = max(scan.width, int(fields.max()))

    def _count_record(self, length: int, fields: int) -> None:
        self.scan.records += 1
        self.scan.blank += self.blank_run
        self.blank_run = 0
        self.scan.width = max(self.scan.width, fields)
        if length > self.scan.longest_record:
            self.scan.longest_record, self.scan.longest_at = length, self.scan.records


def scan_file(
    path: Path, delimiter: str, *, skip_bytes: int, limit: int, measure: bool
) -> TextScan:
    """Scan the file from `skip_bytes` on (a byte order mark) and return what it holds."""
    scanner = Scanner(delimiter, measure=measure)
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
    scanner = Scanner(delimiter, measure=False)
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
