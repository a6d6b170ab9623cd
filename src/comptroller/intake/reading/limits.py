"""The sizes beyond which a file is refused rather than read."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Bounds of one reading; the defaults fit every real submission met so far.

    Attributes:
        columns: Most columns of one table. The widest real extracts have about 500.
        members: Most files inside one archive.
        unpacked_bytes: Most bytes that an archive or a workbook may unpack to.
        ratio: Most unpacked bytes per packed byte, looked at above `ratio_floor_bytes`. Sheets
            of workbooks reach 60, CSV of repeated values about 120.
        ratio_floor_bytes: Unpacked size below which the ratio is not looked at.
        nesting: How many archives may lie inside one another; 2 is a zip in a zip.
        record_bytes: Longest single record of a delimited file.
        pdf_pages: Most pages read of a PDF.
    """

    columns: int = 2000
    members: int = 1000
    unpacked_bytes: int = 20 * 1024 * MEGABYTE
    ratio: int = 250
    ratio_floor_bytes: int = 50 * MEGABYTE
    nesting: int = 2
    record_bytes: int = 2_000_000
    pdf_pages: int = 2000
