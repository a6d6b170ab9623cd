"""Tables of a PDF that holds text: what providers sent as paper-based monitoring.

Ruled tables are read by their lines; where a page has none, columns are told by how the words are
aligned. A table that goes on over pages is one sheet; its headings, printed again on each page,
are recognised later as repeated. A scanned PDF holds no text and is refused.
"""

from __future__ import annotations

import logging
from typing import Any

import duckdb
import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.utils.exceptions import PdfminerException

from comptroller.errors import ComptrollerError
from comptroller.intake.reading.delimited import Source
from comptroller.intake.reading.grid import sheet_of
from comptroller.intake.reading.limits import Limits
from comptroller.intake.reading.raw_sheet import RawSheet
from comptroller.intake.reading.workbook import password_needed

_BY_ALIGNMENT = {"vertical_strategy": "text", "horizontal_strategy": "text", "snap_tolerance": 4}
logging.getLogger("pdfminer").setLevel(logging.ERROR)


def read_pdf(source: Source, con: duckdb.DuckDBPyConnection, limits: Limits) -> list[RawSheet]:
    """Return the tables of a PDF as one raw sheet per run of equally wide tables.

    Raises:
        ComptrollerError: Password, damage, no text (a scan), no table, or too many pages.
    """
    try:
        grids = _grids(source, limits)
    except ComptrollerError:
        raise
    except Exception as error:
        # pdfminer raises whatever its parser met, wrapped or not.
        cause = error.args[0] if isinstance(error, PdfminerException) and error.args else error
        if isinstance(cause, PDFPasswordIncorrect):
            raise password_needed(source.name) from error
        raise ComptrollerError(
            f"the PDF is truncated or damaged ({type(cause).__name__})",
            where=source.name,
            remedy="Ask the sender for the data as CSV or Excel",
        ) from error
    sheets = []
    for index, (pages, rows) in enumerate(grids, start=1):
        name = f"table {index}" if len(grids) > 1 else ""
        made = sheet_of(
            source, con, limits, rows, sheet=name, file_format="pdf",
            notes=(f"Read from {pages} of a PDF: check a few rows against the paper.",),
        )  # fmt: skip
        if made is not None:
            sheets.append(made)
    if not sheets:
        raise ComptrollerError(
            "the PDF holds no table that can be read",
            where=source.name,
            remedy="Ask the sender for the data as CSV or Excel",
        )
    return sheets


def _grids(source: Source, limits: Limits) -> list[tuple[str, list[list[str]]]]:
    """Return (pages, rows) for each run of tables of equal width."""
    runs: list[tuple[int, int, list[list[str]]]] = []
    with pdfplumber.open(source.path) as document:
        if len(document.pages) > limits.pdf_pages:
            raise ComptrollerError(
                f"{len(document.pages):,} pages; at most {limits.pdf_pages:,} are read",
                where=source.name,
                remedy="Ask the sender for the data as CSV or Excel",
            )
        words = False
        for page in document.pages:
            words = words or bool(page.chars)
            for table in _tables(page):
                width = max(len(row) for row in table)
                if runs and max(map(len, runs[-1][2])) == width:
                    first, _, rows = runs[-1]
                    runs[-1] = (first, page.page_number, rows + table)
                else:
                    runs.append((page.page_number, page.page_number, table))
            page.close()
    if not words:
        raise ComptrollerError(
            "the PDF holds no text: it is a scan or a picture",
            where=source.name,
            remedy="Ask the sender for the data as CSV or Excel",
        )
    return [
        (f"page {first}" if first == last else f"pages {first} to {last}", rows)
        for first, last, rows in runs
    ]


def _tables(page: Any) -> list[list[list[str]]]:
    """Return the tables of a page, by ruled lines or else by alignment of the words."""
    found = page.extract_tables() or []
    if not found and page.chars:
        found = page.extract_tables(_BY_ALIGNMENT) or []
    tables = []
    for table in found:
        rows = [[" ".join((cell or "").split()) for cell in row] for row in table]
        if rows and max(len(row) for row in rows) > 1:
            tables.append(rows)
    return tables
