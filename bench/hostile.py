"""Files that nobody should send: made from a number, so that each can be made again.

A file is either invented (odd headings over odd cells, in any format) or a real one; most are
damaged afterwards: bytes changed, cut off, doubled or put in.
"""

from __future__ import annotations

import csv
import gzip
import html
import io
import random
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

from comptroller.vocabulary import DATA_SETS

MESSY = Path(__file__).resolve().parents[2] / "shared" / "data" / "messy"
_LARGEST_REAL = 300_000
_SLANG = (
    *("Prov", "Provider", "Commissioner", "Comm Code", "CCG", "Month", "Mth", "Fin Year", "Year"),
    *("POD", "Point of Delivery", "Spec", "TFC", "HRG", "Tariff", "Qty", "Activity", "Cost"),
    *("Total Cost", "Price", "Unit Price", "NHS No", "Hospital No", "Spell", "Admit Date"),
    *("Discharge", "GP Practice", "DOB", "Postcode", "Comments", "", " ", "Cost", "Total"),
)
_ODD = (
    *("", "", " ", "-", "--", "TBC", "n/a", "N/A", "#REF!", "#N/A", "#DIV/0!", "NULL", "nan", "?"),
    *("=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "+44 1234", "\t", "a\nb", 'say "x"', "'", "\u00a0"),
    *(
        "£1,234.50",
        "(12.30)",
        "12.30-",
        "1.5E3",
        "1e400",
        "-0",
        "1,5",
        "0x1F",
        "12%",
        "99999999999",
    ),
    *(
        "1" * 40,
        "x" * 5000,
        "é£ñ",
        "\ufffd",
        "\u202e",
        "日本",
        "<b>",
        "&amp;",
        ";",
        "|",
        ",",
        "\x1f",
    ),
    *("31/02/2026", "2026-13-45", "45000", "01-Apr-26", "04/05/06", "1900-01-00", "20260401"),
)
_USUAL: tuple[Callable[[random.Random], str], ...] = (
    lambda r: r.choice(("RX1", "RX1", "ZN1", "QX1", "R1K04")),
    lambda r: r.choice(("QX1", "QX1", "15N", "Y60")),
    lambda r: str(r.randint(1, 13)),
    lambda r: r.choice(("202627", "2026/27", "2526")),
    lambda r: r.choice(("EL", "NEL", "OPFASPCL", "AandE", "DRUG", "XBD")),
    lambda r: f"{r.randint(0, 99999) / 100:.2f}",
    lambda r: f"2026-{r.randint(4, 12):02d}-{r.randint(1, 28):02d}",
    lambda r: r.choice(("9434765919", "4010232137", "943 476 5919")),
    lambda r: r.choice(("AA22C", "EB07I", "WF01A")),
    lambda r: str(r.choice((100, 110, 300, 812))),
)

Table = list[list[str]]


def make(seed: int, number: int, folder: Path) -> Path:
    """Write the file with a number and return its path; the same numbers give the same bytes."""
    rng = random.Random(f"{seed}/{number}")
    real = [p for p in sorted(MESSY.glob("*.*")) if p.stat().st_size <= _LARGEST_REAL]
    if real and rng.random() < 0.3:
        chosen = rng.choice(real)
        name, content = f"{number}-{chosen.name}", _damaged(rng, chosen.read_bytes())
    else:
        write = rng.choice((_csv, _csv, _workbook, _workbook, _page, _zip, _gz, _printed))
        ending, content = write(rng, _table(rng))
        name = f"{number}{ending}"
        if rng.random() < 0.35:
            content = _damaged(rng, content)
    path = folder / name
    path.write_bytes(content)
    return path


def _table(rng: random.Random) -> Table:
    chosen = DATA_SETS[rng.choice(("ACM", "PLCM", "DrPLCM", "DePLCM"))]
    national = [element.dictionary_name for element in chosen.elements]
    names = national if rng.random() < 0.4 else list(_SLANG)
    width = rng.randint(1, min(len(names), 24))
    headings = rng.sample(names, width) if rng.random() < 0.7 else names[:width]
    if rng.random() < 0.2:
        headings = [_misspelt(rng, name) for name in headings]
    kinds = [rng.choice(_USUAL) for _ in headings]
    oddity = rng.choice((0.0, 0.02, 0.3))
    body = [
        [rng.choice(_ODD) if rng.random() < oddity else kind(rng) for kind in kinds]
        for _ in range(rng.choice((0, 1, 3, 20, 60)))
    ]
    table = [headings, *body]
    for _ in range(rng.choice((0, 0, 1, 3))):
        _disturb(rng, table)
    return table


def _misspelt(rng: random.Random, name: str) -> str:
    at = rng.randint(0, len(name))
    return name[:at] + rng.choice(("", "x", " ", "\n")) + name[at + rng.randint(0, 1) :]


def _disturb(rng: random.Random, table: Table) -> None:
    at = rng.randint(0, len(table))
    width = len(table[0])
    what = rng.randint(0, 6)
    if what == 0:
        table.insert(at, ["Contract monitoring, RX1, April 2026"])
    elif what == 1:
        table.insert(at, [])
    elif what == 2:
        table.append(["Total", *(f"{rng.randint(0, 10**6) / 100:.2f}" for _ in range(width - 1))])
    elif what == 3:
        table.insert(at, list(table[0]))
    elif what == 4:
        for row in table[at:]:
            row.insert(rng.randint(0, len(row)), "")
    elif what == 5:
        table[rng.randrange(len(table))].extend(["x"] * rng.choice((1, 40, 3000)))
    else:
        del table[0]
        table.append(["Notes: drafts only"])


def _csv(rng: random.Random, table: Table) -> tuple[str, bytes]:
    out = io.StringIO(newline="")
    ending = rng.choice(("\n", "\r\n", "\r"))
    writer = csv.writer(out, delimiter=rng.choice(",,,\t|;"), lineterminator=ending)
    writer.writerows(table)
    encoding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"))
    return rng.choice((".csv", ".txt", ".xls")), out.getvalue().encode(encoding, errors="replace")


def _printed(rng: random.Random, table: Table) -> tuple[str, bytes]:
    width = rng.choice((6, 12, 30))
    lines = ("".join(cell.ljust(width) for cell in row) for row in table)
    return ".txt", "\n".join(lines).encode()


def _workbook(rng: random.Random, table: Table) -> tuple[str, bytes]:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2026, 4, 1, tzinfo=UTC)})
        for name in rng.sample(("Data", "Summary", "IP", "Notes"), rng.randint(1, 3)):
            sheet = book.add_worksheet(name)
            down, right = rng.choice((0, 0, 2, 50)), rng.choice((0, 0, 1, 20))
            for row, cells in enumerate(table, start=down):
                for column, cell in enumerate(cells[:200], start=right):
                    if rng.random() < 0.5 and cell.replace(".", "", 1).isdigit() and len(cell) < 15:
                        sheet.write_number(row, column, float(cell))
                    else:
                        sheet.write_string(row, column, cell[:32000])
            if rng.random() < 0.2:
                sheet.merge_range(down, right, down, right + 3, "merged")
            if rng.random() < 0.2:
                sheet.write_formula(down + 1, right, "=SUM(1,2)")
            if rng.random() < 0.2:
                sheet.hide()
    return rng.choice((".xlsx", ".xlsm", ".csv")), out.getvalue()


def _page(rng: random.Random, table: Table) -> tuple[str, bytes]:
    cell = rng.choice(("<td>{}</td>", "<td colspan=2>{}</td>", "<TD>{}", "<th>{}</th>"))
    rows = "".join(
        f"<tr>{''.join(cell.format(html.escape(one)) for one in row)}</tr>" for row in table
    )
    return ".xls", f"<html><body><table>{rows}</table></body></html>".encode()


def _zip(rng: random.Random, table: Table) -> tuple[str, bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(rng.randint(0, 3)):
            ending, content = rng.choice((_csv, _workbook, _page))(rng, table)
            name = rng.choice(("a", "../b", "c/d", "e\\f")) + f"{number}{ending}"
            # A name alone would be stamped with the present moment.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return ".zip", out.getvalue()


def _gz(rng: random.Random, table: Table) -> tuple[str, bytes]:
    return ".csv.gz", gzip.compress(_csv(rng, table)[1], mtime=0)


def _damaged(rng: random.Random, content: bytes) -> bytes:
    """Return the bytes with something wrong: changed, cut off, doubled, put in."""
    damaged = bytearray(content)
    if not damaged:
        return bytes(damaged)
    for _ in range(rng.choice((1, 1, 5, 50))):
        at = rng.randrange(max(len(damaged), 1))
        what = rng.randint(0, 5)
        if what <= 2 and damaged:
            damaged[at] = rng.choice((0, 10, 34, 255, rng.randrange(256)))
        elif what == 3:
            damaged[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 9)))
        elif what == 4:
            damaged[at:at] = damaged[at : at + rng.randint(1, 400)]
        elif rng.random() < 0.3:
            del damaged[at:]
            break
    return bytes(damaged)


def numbers(start: int, count: int, batch: int) -> Sequence[range]:
    """Return the numbers of some files in batches."""
    return [range(n, min(n + batch, start + count)) for n in range(start, start + count, batch)]
