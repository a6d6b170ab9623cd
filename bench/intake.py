"""Time a load beside DuckDB's plain copy of the same file, and Excel beside reading its cells.

    python -m bench.intake --rows 5000000 --excel-rows 50000

Both sides of a ratio run in this process, one after the other, on the same bytes.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import xlsxwriter
from python_calamine import CalamineWorkbook

from comptroller.intake import load
from comptroller.warehouse import connect
from comptroller.workspace import Workspace

# One provider's patient-level file in the national layout; NHS numbers are in the test range and
# carry a right check digit, since that is the work that the load has to do.
_PATIENTS = """
CREATE TABLE patients AS
WITH numbers AS (
  SELECT range AS n, 999000000 + (range * 7919) % 900000 AS stem FROM range(60000)),
digits AS (
  SELECT n, stem, 11 - list_sum([CAST(substr(CAST(stem AS VARCHAR), i, 1) AS INTEGER) * (11 - i)
                        FOR i IN range(1, 10)]) % 11 AS digit FROM numbers)
SELECT row_number() OVER (ORDER BY n) - 1 AS p,
       CAST(stem AS VARCHAR) || CAST(digit % 11 AS VARCHAR) AS nhs_number
FROM digits WHERE digit <> 10
"""
_ROWS = """
SELECT CAST(1 + r.range % 3 AS VARCHAR) AS "FINANCIAL MONTH", '202627' AS "FINANCIAL YEAR",
       '2026-07-15T09:00:00' AS "DATE AND TIME DATA SET CREATED",
       'RZ9' AS "ORGANISATION IDENTIFIER (CODE OF PROVIDER)",
       'RZ901' AS "ORGANISATION SITE IDENTIFIER (OF TREATMENT)",
       'QZ9' AS "ORGANISATION IDENTIFIER (GP PRACTICE RESPONSIBILITY)",
       'QZ9' AS "ORGANISATION IDENTIFIER (CODE OF COMMISSIONER)",
       'Z' || lpad(CAST(r.range % 90 AS VARCHAR), 5, '0')
         AS "GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)",
       p.nhs_number AS "NHS NUMBER",
       'L' || lpad(CAST(p.p AS VARCHAR), 8, '0') AS "LOCAL PATIENT IDENTIFIER (EXTENDED)",
       '1970-01-01' AS "PERSON BIRTH DATE", '56' AS "AGE AT ACTIVITY DATE (CONTRACT MONITORING)",
       '1' AS "PERSON STATED GENDER CODE",
       'CDS' || lpad(CAST(r.range AS VARCHAR), 20, '0') AS "CDS UNIQUE IDENTIFIER",
       '110' AS "ACTIVITY TREATMENT FUNCTION CODE",
       'A' || lpad(CAST(r.range AS VARCHAR), 10, '0') AS "ATTENDANCE IDENTIFIER",
       strftime(DATE '2026-04-01' + CAST(30 * (r.range % 3) + r.range % 28 AS INTEGER), '%Y-%m-%d')
         AS "ACTIVITY START DATE (CONTRACT MONITORING)",
       strftime(DATE '2026-04-01' + CAST(30 * (r.range % 3) + r.range % 28 AS INTEGER), '%Y-%m-%d')
         AS "ACTIVITY END DATE (CONTRACT MONITORING)",
       'N' AS "UNBUNDLED EPISODE INDICATOR", '12' AS "COMMISSIONED SERVICE CATEGORY CODE",
       'OPFUPSPCL' AS "POINT OF DELIVERY CODE", 'WF01A' AS "TARIFF CODE",
       'Y' AS "NATIONAL TARIFF INDICATOR", '1' AS "ACTIVITY COUNT (POINT OF DELIVERY)",
       CAST(CAST(60 + r.range % 400 AS DECIMAL(18, 2)) / 1 AS DECIMAL(18, 2))
         AS "ACTIVITY UNIT PRICE",
       CAST(60 + r.range % 400 AS DECIMAL(18, 2)) AS "TOTAL COST"
FROM (SELECT range, range % 50000 AS patient FROM range({rows})) r
JOIN patients p ON p.p = r.patient
"""


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def write_csv(rows: int, path: Path) -> None:
    """Write the file to load."""
    con = connect()
    con.execute(_PATIENTS)
    options = "HEADER, DELIMITER ','"
    con.execute(f"COPY ({_ROWS.format(rows=rows)}) TO '{path}' (FORMAT csv, {options})")


def write_excel(source: Path, path: Path) -> None:
    """Write the same rows as one sheet of text cells."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("PLCM")
        for number, line in enumerate(source.read_text(encoding="utf-8").splitlines()):
            for column, cell in enumerate(line.split(",")):
                sheet.write_string(number, column, cell)


def plain_copy(source: Path, target: Path) -> None:
    """Copy a CSV file to Parquet as DuckDB does it by itself, every column as text."""
    read = f"read_csv('{source}', header = true, all_varchar = true)"
    connect().execute(f"COPY (FROM {read}) TO '{target}' (FORMAT parquet)")


class Stages:
    """The progress of a load, which keeps the seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "Making ready", time.perf_counter()

    def advance(self, steps: int = 1) -> None:
        """Files are not counted."""

    def describe(self, description: str, *, total: int | None = None) -> None:
        """End one stage and begin the next."""
        del total
        now = time.perf_counter()
        self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = description, now


def load_once(workspace: Workspace, source: Path) -> Stages:
    """Load a file, everything included, and insist that it was promoted."""
    stages = Stages()
    report = load(workspace, [source], received=date(2026, 7, 20), progress=stages)[0].to_json()
    stages.describe("")
    if report["status"] != "promoted":
        raise RuntimeError(f"{source.name}: {report['status']}: {report['messages']}")
    return stages


def main() -> None:
    """Measure and print the table for docs/performance.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--excel-rows", type=int, default=50_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-intake-") as name:
        folder = Path(name)
        os.environ["COMPTROLLER_KEYS"] = str(folder / "keys")
        csv = folder / "PLCM_202627_M03_RZ9.csv"
        write_csv(given.rows, csv)
        new = [Workspace.create(folder / name) for name in ("csv-workspace", "xlsx-workspace")]
        copy = timed(lambda: plain_copy(csv, folder / "plain.parquet"))
        of_csv = load_once(new[0], csv).seconds
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        small = folder / "PLCM_202627_M03_RZ9_small.csv"
        write_csv(given.excel_rows, small)
        excel = folder / "PLCM_202627_M03_RZ9.xlsx"
        write_excel(small, excel)
        cells = timed(lambda: CalamineWorkbook.from_path(excel).get_sheet_by_index(0).to_python())
        of_book = load_once(new[1], excel).seconds
    whole, book = sum(of_csv.values()), sum(of_book.values())
    print("| what | rows | seconds | beside | seconds | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    print(
        f"| load a CSV file | {given.rows:,} | {whole:.1f} | DuckDB's plain CSV to Parquet | "
        f"{copy:.1f} | {whole / copy:.1f} |"
    )
    print(
        f"| load a workbook | {given.excel_rows:,} | {book:.1f} | reading its cells (calamine) | "
        f"{cells:.1f} | {book / cells:.1f} |"
    )
    print("\n| stage | CSV, seconds | workbook, seconds |")
    print("| --- | --- | --- |")
    for stage, seconds in of_csv.items():
        print(f"| {stage.lower()} | {seconds:.1f} | {of_book.get(stage, 0.0):.1f} |")
    print(f"\nPeak memory of the process after the CSV load: {peak:,} MB.")


if __name__ == "__main__":
    main()
