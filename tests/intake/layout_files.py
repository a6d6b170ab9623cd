"""Files as five invented trusts would send them, written by the tests; codes are fictional."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from openpyxl import Workbook

NHS_NUMBERS = ("9434765919", "4010232137", "9876543210", "4505577104")
PLCM_HEADERS = (
    "FINANCIAL MONTH",
    "FINANCIAL YEAR",
    "DATE AND TIME DATA SET CREATED",
    "ORGANISATION IDENTIFIER (CODE OF PROVIDER)",
    "ORGANISATION IDENTIFIER (CODE OF COMMISSIONER)",
    "NHS NUMBER",
    "LOCAL PATIENT IDENTIFIER (EXTENDED)",
    "PERSON BIRTH DATE",
    "POSTCODE OF USUAL ADDRESS",
    "HOSPITAL PROVIDER SPELL NUMBER",
    "ACTIVITY START DATE (CONTRACT MONITORING)",
    "ACTIVITY END DATE (CONTRACT MONITORING)",
    "ACTIVITY TREATMENT FUNCTION CODE",
    "POINT OF DELIVERY CODE",
    "TARIFF CODE",
    "ACTIVITY COUNT (POINT OF DELIVERY)",
    "ACTIVITY UNIT PRICE",
    "TOTAL COST",
)


def write_csv(path: Path, rows: list[list[Any]], delimiter: str = ",") -> Path:
    """Write rows as delimited text and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return path


def plcm_row(
    number: int, month: int = 1, commissioner: str = "QX1", provider: str = "RX1", cost: str = ""
) -> list[Any]:
    """Return a row of a national PLCM file; the number makes it another patient and spell."""
    calendar = month + 3 if month <= 9 else month - 9
    year = 2026 if month <= 9 else 2027
    price = cost or f"{100 + number}.10"
    return [
        month,
        "202627",
        f"{year}-{calendar:02d}-28T08:00:00",
        provider,
        commissioner,
        NHS_NUMBERS[number % 2],
        f"H{number:05d}",
        "1980-02-14",
        "ZZ99 3VZ",
        f"SP{number:06d}",
        f"{year}-{calendar:02d}-03",
        f"{year}-{calendar:02d}-05",
        "100",
        "EL",
        "AA22C",
        1,
        price,
        price,
    ]


def national_plcm(path: Path, rows: list[list[Any]]) -> Path:
    """Write a national PLCM file."""
    return write_csv(path, [list(PLCM_HEADERS), *rows])


def titled_workbook(path: Path) -> Path:
    """Layout 1: a title block names provider, commissioner and month; UK dates; a total row."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "SLAM"
    sheet.append(["Eastvale Hospitals - Service Level Agreement Monitoring"])
    sheet.append(["Provider Code:", "RX1"])
    sheet.append(["Commissioner Code:", "QX1"])
    sheet.append(["Period:", "Month 2 2026-27"])
    sheet.append([])
    sheet.append(
        [
            "Prov Spell No",
            "Hosp No",
            "NHS No",
            "DOB",
            "Pcode",
            "Adm Dt",
            "Disch Dt",
            "Spec",
            "POD",
            "HRG Code",
            "Qty",
            "Unit £",
            "Total £",
        ]
    )
    total = 0.0
    for number in range(30):
        cost = round(150.25 + number * 10, 2)
        total += cost
        sheet.append(
            [
                f"SP{number:06d}",
                f"H{number}",
                NHS_NUMBERS[number % 2],
                "14/02/1980",
                "LS1 4AP",
                f"{number % 27 + 1:02d}/05/2026",
                f"{number % 27 + 2:02d}/05/2026",
                "100",
                "EL" if number % 3 else "DC",
                "AA22C",
                1,
                cost,
                cost,
            ]
        )
    sheet.append(["Grand Total", *[None] * 9, 30, None, round(total, 2)])
    book.save(path)
    return path


def piped_aggregate(path: Path) -> Path:
    """Layout 2: pipes, underscores, month as M01, purchaser for commissioner."""
    rows: list[list[Any]] = [
        [
            "PROV_CD",
            "PURCHASER",
            "FIN_YR",
            "FIN_MTH",
            "NAT_POD",
            "TFC",
            "CURRENCY",
            "ACT_UNITS",
            "INCOME",
        ]
    ]
    for month in (1, 2, 3):
        for commissioner in ("QX1", "QX2"):
            for number, pod in enumerate(("EL", "DC", "NEL", "OPFASPCL", "AE")):
                rows.append(
                    [
                        "RX2",
                        commissioner,
                        "2026/27",
                        f"M{month:02d}",
                        pod,
                        "100",
                        f"AA2{number}C",
                        3 + number,
                        f"{1000 + number * 7.5:.2f}",
                    ]
                )
    return write_csv(path, rows, "|")


def sheets_per_group(path: Path) -> Path:
    """Layout 3: a workbook with a sheet per group of points of delivery, a summary and notes."""
    book = Workbook()
    summary = book.active
    assert summary is not None
    summary.title = "Summary"
    summary.append(["Northdale NHS Trust - summary"])
    summary.append(["Point of Delivery", "Activity", "Price"])
    summary.append(["Elective", 20, 4000])
    summary.append(["Outpatient", 20, 1600])
    for name, pod, price in (("APC", "EL", 200.5), ("OP", "OPFASPCL", 80.25)):
        sheet = book.create_sheet(name)
        sheet.append(
            [
                "Trust",
                "ICB",
                "Financial Year",
                "Month",
                "Local Patient Id",
                "Spell No",
                "Activity Date",
                "Treatment Function",
                "Point of Delivery",
                "HRG",
                "Activity",
                "Total Price",
            ]
        )
        for number in range(20):
            sheet.append(
                [
                    "RX3",
                    "QX1",
                    "2026/27",
                    number % 2 + 1,
                    f"N{number}",
                    f"{name}{number:04d}",
                    f"{number % 27 + 1:02d}-{'May' if number % 2 else 'Apr'}-26",
                    110,
                    pod,
                    "WF01A" if pod != "EL" else "AA22C",
                    1,
                    price,
                ]
            )
    notes = book.create_sheet("Notes")
    notes.append(["Prepared by the contracting team. Flex position."])
    book.save(path)
    return path


def named_months(path: Path) -> Path:
    """Layout 4: months as Apr-26, pounds with sign, thousands and brackets, codes in lower case."""
    rows: list[list[Any]] = [
        [
            "Provider",
            "Commissioner",
            "Month",
            "Patient Ref",
            "Attendance Id",
            "Appt Date",
            "Specialty Code",
            "Point Of Delivery Code",
            "Tariff Code",
            "Count",
            "Tariff Price",
            "Charge",
        ]
    ]
    for number in range(24):
        month = ("Apr-26", "May-26", "Jun-26")[number % 3]
        charge = "(£1,250.00)" if number == 5 else f"£{1100 + number:,.2f}"
        rows.append(
            [
                "rx4",
                "qx1",
                month,
                f"P{number}",
                f"A{number:05d}",
                f"{number % 27 + 1:02d}/{number % 3 + 4:02d}/2026",
                "130",
                "opfaspcl",
                "wf01a",
                1,
                f"£{1100 + number:,.2f}",
                charge,
            ]
        )
    return write_csv(path, rows)


def local_drugs(path: Path) -> Path:
    """Layout 5: high-cost drugs, the commissioner in the file name, no month column."""
    rows: list[list[Any]] = [
        [
            "Trust Code",
            "NHS Number",
            "Hospital Number",
            "Drug Name",
            "Date Administered",
            "Strength",
            "Quantity",
            "Indication Code",
            "Unit Cost",
            "Total Cost",
        ]
    ]
    for number in range(15):
        rows.append(
            [
                "RX5",
                NHS_NUMBERS[number % 2],
                f"D{number}",
                ("Adalimumab", "Infliximab")[number % 2],
                f"2026-0{number % 2 + 4}-1{number % 9}",
                "40mg",
                2,
                "24700007",
                "350.00",
                "700.00",
            ]
        )
    return write_csv(path, rows)
