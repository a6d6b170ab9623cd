"""Write a page as workbook, web page, OpenDocument sheet, PDF or text of fixed width.

The same page gives the same bytes: no file carries the time at which it was written.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from pathlib import Path

from comptroller.demo.pages import Cell, Page

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_POINTS, _LINE, _MARGIN = 5, 9, 20  # of a PDF: size of letters, height of a row, edge
_LETTER = 0.6 * _POINTS  # width of a letter of Courier


def write_page(form: str, page: Page, target: Path, created: datetime, *, pounds: bool) -> None:
    """Write a page into a file.

    Args:
        form: workbook, html, ods, pdf or fixed.
        page: The page.
        target: The file.
        created: When the provider's system made it, for formats that say so.
        pounds: Whether pounds in text have sign, thousands and brackets where negative.
    """
    if form == "workbook":
        write_workbook(target, [page], created)
    elif form == "ods":
        _write_ods(page, target)
    else:
        texts = [[_text(cell, pounds=pounds) for cell in row] for row in page.rows]
        written = {"html": _html, "pdf": _pdf, "fixed": _fixed}[form](page, texts)
        target.write_bytes(written)


def write_archive(target: Path, entries: Sequence[tuple[str, bytes]]) -> None:
    """Write a zip archive whose entries have no time of their own."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def write_workbook(target: Path, pages: Sequence[Page], created: datetime) -> None:
    """Write pages as the sheets of a workbook."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(target), {"strings_to_numbers": False}) as book:
        book.set_properties({"created": created, "author": "Contracting team"})
        for page in pages:
            sheet = book.add_worksheet(page.title)
            merged = {(row, first): last for row, first, last in page.merged}
            for number, row in enumerate(page.rows):
                for column, value in enumerate(row):
                    if value is None:
                        continue
                    last = merged.get((number, column), column)
                    if last > column:
                        sheet.merge_range(number, column, number, last, str(value))
                    elif isinstance(value, (int, Decimal)):
                        sheet.write_number(number, column, _as_written(value))
                    else:
                        sheet.write_string(number, column, str(value))


def _as_written(value: int | Decimal) -> Decimal:
    """Return a number without the zeros at its end, as a spreadsheet program writes it."""
    number = Decimal(value)
    return number.quantize(Decimal(1)) if number == number.to_integral() else number.normalize()


def _text(cell: Cell, *, pounds: bool) -> str:
    if cell is None:
        return ""
    if pounds and isinstance(cell, Decimal) and cell.as_tuple().exponent == -2:
        return f"(£{-cell:,.2f})" if cell < 0 else f"£{cell:,.2f}"
    return str(cell)


def _html(page: Page, texts: list[list[str]]) -> bytes:
    """Return a web page, as reporting tools save it under the name of a workbook."""
    rows = []
    for number, row in enumerate(texts):
        tag = "th" if number == page.heading else "td"
        rows.append(f"<tr>{''.join(f'<{tag}>{escape(text)}</{tag}>' for text in row)}</tr>")
    head = '<html><head><meta charset="utf-8"></head><body><table border="1">\n'
    return (head + "\n".join(rows) + "\n</table></body></html>\n").encode()


def _fixed(page: Page, texts: list[list[str]]) -> bytes:
    """Return text whose columns are told by their place, titles left as they are."""
    table = texts[page.heading :]
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    lines = ["".join(row) for row in texts[: page.heading]]
    lines += [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def _pdf(page: Page, texts: list[list[str]]) -> bytes:
    """Return a PDF of one page as wide and high as the table, its cells ruled."""
    table = texts[page.heading :]
    widths = [max(len(row[at]) for row in table) * _LETTER + 4 for at in range(len(table[0]))]
    edges = [_MARGIN + sum(widths[:at]) for at in range(len(widths) + 1)]
    height = 2 * _MARGIN + _LINE * (len(texts) + 1)
    wide = edges[-1] + _MARGIN
    drawn = []
    for number, row in enumerate(texts):
        base = height - _MARGIN - _LINE * (number + 1)
        for at, text in enumerate(row):
            if text:
                told = text.translate({40: r"\(", 41: r"\)", 92: r"\\"})
                drawn.append(
                    f"BT /F1 {_POINTS} Tf {edges[at] + 2:.1f} {base + 2:.1f} Td ({told}) Tj ET"
                )
        if number >= page.heading:
            drawn += [
                f"{edges[at]:.1f} {base:.1f} {widths[at]:.1f} {_LINE} re S"
                for at in range(len(row))
            ]
    content = "\n".join(["0.3 w", *drawn]).encode("cp1252")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {wide:.0f} {height:.0f}] /Contents 5 0 R "
        "/Resources << /Font << /F1 4 0 R >> >> >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
        f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, written in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + written + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{place:010d} 00000 n \n" for place in places).encode()
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n".encode()
    return bytes(out + b"%%EOF\n")


_OPEN = 'xmlns:{0}="urn:oasis:names:tc:opendocument:xmlns:{0}:1.0"'
_MIME = "application/vnd.oasis.opendocument.spreadsheet"


def _write_ods(page: Page, target: Path) -> None:
    rows = []
    for row in page.rows:
        cells = "".join(_ods_cell(cell) for cell in row)
        rows.append(f"<table:table-row>{cells or '<table:table-cell/>'}</table:table-row>")
    names = " ".join(_OPEN.format(name) for name in ("office", "table", "text"))
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names} '
        'office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="{escape(page.title)}">{"".join(rows)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
        f'{_OPEN.format("manifest")}><manifest:file-entry manifest:full-path="/" '
        f'manifest:media-type="{_MIME}"/><manifest:file-entry manifest:full-path="content.xml" '
        'manifest:media-type="text/xml"/></manifest:manifest>'
    )
    write_archive(
        target,
        [
            ("mimetype", _MIME.encode()),
            ("META-INF/manifest.xml", manifest.encode()),
            ("content.xml", content.encode()),
        ],
    )


def _ods_cell(cell: Cell) -> str:
    if cell is None:
        return "<table:table-cell/>"
    kind = ""
    if isinstance(cell, (int, Decimal)):
        kind = f' office:value="{_as_written(cell):f}"'
    kind = f'office:value-type="{"float" if kind else "string"}"{kind}'
    return f"<table:table-cell {kind}><text:p>{escape(str(cell))}</text:p></table:table-cell>"
