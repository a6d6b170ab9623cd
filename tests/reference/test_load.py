"""Loading reference files: what is accepted, what is refused, what it says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from comptroller import reference
from comptroller.access.pseudonym import patient_key
from comptroller.errors import ComptrollerError
from comptroller.workspace import Workspace

Write = Callable[[str, str], Path]
Ask = Callable[[str], list[tuple[Any, ...]]]

PRICES = (
    "scheme,financial_year,price_code,setting,price\n"
    "NHSPS,2026/27,ZZ01A,EL,1234.56\n"
    'NHSPS,2026/27,ZZ01A,DC,"1,000.10"\n'
)


def faults(ws: Workspace, path: Path) -> list[str]:
    (report,) = reference.load(ws, [path])
    assert report.status == "refused"
    assert report.rows == 0
    return [str(fault) for fault in report.faults]


def test_a_csv_becomes_a_view_with_defaults_and_exact_money(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    (report,) = reference.load(ws, [write("prices.csv", PRICES)])
    assert (report.table, report.status, report.rows) == ("prices", "loaded", 2)
    assert ask(
        "SELECT setting, price, basis, version, source_file, loaded_at FROM prices ORDER BY setting"
    ) == [
        ("DC", Decimal("1000.10000000"), "unit", "1", "prices.csv", datetime(2026, 5, 20, 9)),
        ("EL", Decimal("1234.56000000"), "unit", "1", "prices.csv", datetime(2026, 5, 20, 9)),
    ]


def test_headers_may_differ_in_case_spaces_and_underscores_and_stand_below_a_title(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    path = write(
        "MFF list 2031-32.csv",
        "Market forces as published,,\n\nProvider Code;FINANCIAL-YEAR;Mff\nxx1;2031-32;1.05\n",
    )
    (report,) = reference.load(ws, [path])
    assert (report.table, report.status, report.faults) == ("market_forces", "loaded", ())
    assert ask("SELECT financial_year, provider_code, mff, kind FROM market_forces "
               "WHERE provider_code = 'XX1'") == [
        ("2031/32", "XX1", Decimal("1.05"), "payment")
    ]  # fmt: skip


def test_an_excel_workbook_with_several_tables_and_numbers_as_excel_keeps_them(
    ws: Workspace, tmp_path: Path, ask: Ask
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "contracts"
    sheet.append(["contract_id", "provider_code", "commissioner_code", "financial_year", "value"])
    sheet.append(["C1", "XX1", "ZZ9", "2026/27", 0.1 + 0.2])
    plan = book.create_sheet("plan")
    plan.append(["contract_id", "month", "pod_code", "planned_activity", "planned_price", "ward",
                 "planned_cost"])  # fmt: skip
    plan.append(["C1", 1, "EL", 10, 99.99, "Ward 3", 999.9])
    book.create_sheet("notes").append(["nothing to see"])
    path = tmp_path / "agreement.xlsx"
    book.save(path)
    reports = reference.load(ws, [path])
    assert [(r.table, r.sheet, r.status) for r in reports] == [
        ("contracts", "contracts", "loaded"),
        ("plan", "plan", "loaded"),
    ]
    assert "sheet notes was passed over" in reports[0].messages[0]
    assert ask("SELECT value FROM contracts") == [(Decimal("0.30000000"),)]
    assert ask(
        "SELECT financial_year, commissioner_code, planned_unit_price, planned_cost, extra "
        "FROM plan"
    ) == [("2026/27", "ZZ9", Decimal("99.99"), Decimal("999.9"), '{"ward":"Ward 3"}')]


def test_a_real_excel_date_and_a_year_in_the_file_name(
    ws: Workspace, tmp_path: Path, ask: Ask
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["month", "flex_date", "freeze_date", "financial_year"])
    sheet.append([1, datetime(2026, 5, 20), datetime(2026, 6, 18), None])
    path = tmp_path / "calendar_2026-27.xlsx"
    book.save(path)
    (report,) = reference.load(ws, [path])
    assert report.status == "loaded", report
    assert ask("SELECT financial_year, month, flex_date, freeze_date FROM calendar") == [
        ("2026/27", 1, date(2026, 5, 20), date(2026, 6, 18))
    ]


def test_parquet_and_windows_text(ws: Workspace, tmp_path: Path, ask: Ask) -> None:
    pq.write_table(
        pa.table({"org_code": ["ZZ9"], "name": ["Mereshire ICB"], "role": ["Commissioner"]}),
        tmp_path / "organisations.parquet",
    )
    text = "device_code,category,funded_by,list_price\nD1,Stents – café,NHSE,£12.50\n"
    (tmp_path / "devices.csv").write_bytes(text.encode("cp1252"))
    reports = reference.load(ws, [tmp_path / "organisations.parquet", tmp_path / "devices.csv"])
    assert [r.status for r in reports] == ["loaded", "loaded"]
    assert ask("SELECT name, role FROM organisations WHERE org_code = 'ZZ9'") == [
        ("Mereshire ICB", "commissioner")
    ]
    assert ask("SELECT category, list_price FROM devices") == [("Stents – café", Decimal("12.5"))]


def test_bad_rows_refuse_the_whole_file_and_say_where_what_and_what_to_do(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    text = (
        "provider_code,financial_year,mff,from_date,to_date\n"
        "XX1,2026/27,1.05,,\n"
        "\n"
        "XX2,2026/28,one,2026-13-01,\n"
        ",2026/27,5,2026-05-01,2026-04-01\n"
    )
    told = faults(ws, write("market_forces.csv", text))
    assert told == [
        "market_forces.csv, row 4: financial_year '2026/28' is not a financial year; "
        "write the year as 2025/26",
        "market_forces.csv, row 4: mff 'one' is not a number; write a number such as 1234.56",
        "market_forces.csv, row 4: from_date '2026-13-01' is not a date; write dates as YYYY-MM-DD",
        "market_forces.csv, row 5: provider_code is empty; every row needs a value",
        "market_forces.csv, row 5: mff '5' is out of range; the most allowed is 2",
        "market_forces.csv, row 5: to_date is before from_date; change one of the two",
    ]
    assert ask("SELECT count(*) FROM market_forces WHERE provider_code = 'XX1'") == [(0,)]


def test_many_faults_are_counted_and_only_the_first_are_told(ws: Workspace, write: Write) -> None:
    rows = "".join(f"XX{i},2026/27,bad\n" for i in range(500))
    (report,) = reference.load(ws, [write("mff.csv", "provider_code,financial_year,mff\n" + rows)])
    assert (report.fault_count, len(report.faults)) == (500, 20)


def test_uk_dates_are_read_only_when_they_can_be_told(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    head = "practice_code,commissioner_code,from_date\n"
    (good,) = reference.load(
        ws, [write("practices.csv", head + "Y00001,ZZ9,31/03/2026\nY00002,ZZ9,01/04/2026\n")]
    )
    assert good.status == "loaded"
    assert ask("SELECT from_date FROM practices WHERE commissioner_code = 'ZZ9' "
               "ORDER BY practice_code") == [(date(2026, 3, 31),), (date(2026, 4, 1),)]  # fmt: skip
    told = faults(ws, write("practices_2.csv", head + "Y00003,ZZ9,01/04/2026\n"))
    assert told == [
        "practices_2.csv, row 2: from_date '01/04/2026' is not a date; day and month cannot be "
        "told apart in this column; write dates as YYYY-MM-DD"
    ]
    assert faults(ws, write("practices_3.csv", head + "Y00003,ZZ9,04/13/2026\n"))


def test_two_rows_of_one_key_that_disagree_are_refused_and_equal_ones_are_one(
    ws: Workspace, write: Write
) -> None:
    again = "NHSPS,2026/27,ZZ01A,EL,1234.56\n"
    (report,) = reference.load(ws, [write("prices.csv", PRICES + again)])
    assert (report.status, report.rows) == ("loaded", 2)
    told = faults(ws, write("prices_b.csv", PRICES + "NHSPS,2026/27,ZZ01A,EL,1\n"))
    assert "row 4: the row has the same scheme, financial_year" in told[0]
    assert "as row 2, but says something else" in told[0]


def test_the_same_bytes_twice_change_nothing_and_a_later_load_of_a_key_wins(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    first = write("prices.csv", PRICES)
    assert reference.load(ws, [first])[0].status == "loaded"
    assert reference.load(ws, [first])[0].status == "unchanged"
    second = write("prices_corrected.csv", PRICES.replace("1234.56", "1300"))
    assert reference.load(ws, [second])[0].status == "loaded"
    price = "SELECT price FROM prices WHERE setting = 'EL'"
    assert ask(price) == [(Decimal("1300"),)]
    assert reference.load(ws, [first, second])[1].status == "unchanged"
    assert ask(price) == [(Decimal("1300"),)]
    # Going back to the older file is a wish of its own, not the same load again.
    assert reference.load(ws, [first])[0].status == "loaded"
    assert ask(price) == [(Decimal("1234.56"),)]
    assert len(ask("SELECT * FROM prices")) == 2


def test_a_folder_is_loaded_in_one_commit_and_unknown_files_are_reported(
    ws: Workspace, write: Write
) -> None:
    write("prices.csv", PRICES)
    write("README.md", "about these files")
    write("mystery.csv", "a,b\n1,2\n")
    folder = write("cash_scope.csv", "contract_id,pod_code,scope\nC1,EL,cash\n").parent
    reports = {r.file: r for r in reference.load(ws, [folder])}
    assert {name: r.status for name, r in reports.items()} == {
        "README.md": "unknown",
        "cash_scope.csv": "loaded",
        "mystery.csv": "unknown",
        "prices.csv": "loaded",
    }
    assert "is that of no reference table" in reports["mystery.csv"].messages[0]
    assert len(ws.warehouse.commits("reference")) == 1
    assert [r.status for r in reference.load(ws, [folder]) if r.table] == ["unchanged"] * 2
    assert len(ws.warehouse.commits("reference")) == 1


def test_a_dry_run_judges_and_writes_nothing(ws: Workspace, write: Write, ask: Ask) -> None:
    (report,) = reference.load(ws, [write("prices.csv", PRICES)], dry_run=True)
    assert (report.status, report.rows) == ("loaded", 2)
    assert ask("SELECT * FROM prices") == []


def test_nhs_numbers_become_patient_keys_and_are_stored_nowhere(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    number = "9434765919"
    path = write(
        "registrations.csv",
        "NHS Number,practice_code,from_date,surname\n943 476 5919,Y00001,2020-01-01,Testperson\n",
    )
    (report,) = reference.load(ws, [path])
    assert report.status == "loaded"
    assert report.messages == ["not kept, because these rows are about patients: surname"]
    assert ask("SELECT patient_key, practice_code, extra FROM registrations") == [
        (patient_key(number, ws.key), "Y00001", None)
    ]
    stored = b"".join(p.read_bytes() for p in ws.path.rglob("*") if p.is_file())
    for secret in (number, "943 476 5919", "Testperson"):
        assert secret.encode() not in stored


def test_a_wrong_nhs_number_is_refused_without_being_shown(ws: Workspace, write: Write) -> None:
    head = "nhs_number,practice_code,from_date\n"
    (told,) = faults(ws, write("registrations.csv", head + "9434765918,Y1,2020-01-01\n"))
    assert told == (
        "registrations.csv, row 2: nhs_number is not a valid NHS number; "
        "write ten digits whose check digit is right"
    )
    head = "patient_key,practice_code,from_date\n"
    (told,) = faults(ws, write("registrations_b.csv", head + "9434765919,Y1,2020-01-01\n"))
    assert "patient_key holds what looks like an NHS number" in told
    assert "9434765919" not in told


def test_files_that_cannot_be_read_say_why(ws: Workspace, write: Write, tmp_path: Path) -> None:
    (told,) = faults(ws, write("prices.csv", "scheme,price\nA,1\n"))
    assert "has the headers that prices needs" in told
    (told,) = faults(ws, write("plan.xlsx", "not a workbook"))
    assert "the workbook cannot be opened" in told
    (told,) = faults(ws, write("plan.csv", ""))
    assert "the file is empty" in told
    assert (
        "beyond the last header" in faults(ws, write("prices_w.csv", PRICES + "a,b,c,d,1,2\n"))[0]
    )
    with pytest.raises(ComptrollerError, match="no such file or folder"):
        reference.load(ws, [tmp_path / "absent.csv"])


def test_payment_terms_get_the_rate_of_their_element(ws: Workspace, write: Write, ask: Ask) -> None:
    head = "contract_id,element,pod_code,marginal_rate\n"
    (report,) = reference.load(
        ws,
        [write("payment_terms.csv", head + "C1,Fixed,NEL,\nC1,variable,EL,\nC1,blended,AE,0.2\n")],
    )
    assert report.status == "loaded"
    assert ask("SELECT pod_code, marginal_rate FROM payment_terms ORDER BY pod_code") == [
        ("AE", Decimal("0.2")),
        ("EL", Decimal("1")),
        ("NEL", Decimal("0")),
    ]
    (told,) = faults(ws, write("payment_terms_b.csv", head + "C1,blended,AE,\n"))
    assert "a blended element needs its marginal rate" in told


def test_more_than_eight_places_are_rounded_and_counted(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    text = PRICES.replace("1234.56", "1234.123456785")
    (report,) = reference.load(ws, [write("prices.csv", text)])
    assert report.changed_values == 1
    assert ask("SELECT price FROM prices WHERE setting = 'EL'") == [(Decimal("1234.12345679"),)]


def test_a_big_file_goes_through_the_engine_with_right_row_numbers(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    rows = [f"{i:032x},Y{i % 90000:05d},2020-01-01\n" for i in range(100_000)]
    head = "patient_key,practice_code,from_date\n"
    (report,) = reference.load(ws, [write("registrations.csv", head + "".join(rows))])
    assert (report.status, report.rows) == ("loaded", 100_000)
    assert ask("SELECT count(*) FROM registrations") == [(100_000,)]
    rows[77_000] = f"{'f' * 32},Y1,soon\n"
    (told,) = faults(ws, write("registrations_b.csv", head + "".join(rows)))
    assert told.startswith("registrations_b.csv, row 77002: from_date 'soon' is not a date")


def test_the_same_file_twice_in_one_call_is_loaded_once(ws: Workspace, write: Write) -> None:
    first, again = write("prices.csv", PRICES), write("prices_copy.csv", PRICES)
    assert [r.status for r in reference.load(ws, [first, again])] == ["loaded", "unchanged"]


def test_a_workbook_with_one_bad_sheet_is_refused_whole(
    ws: Workspace, tmp_path: Path, ask: Ask
) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    devices = book.create_sheet("devices")
    devices.append(["device_code", "category", "funded_by"])
    devices.append(["D1", "Stents", "NHSE"])
    scope = book.create_sheet("cash_scope")
    scope.append(["contract_id", "pod_code", "scope"])
    scope.append(["C1", "EL", "perhaps"])
    path = tmp_path / "terms.xlsx"
    book.save(path)
    reports = reference.load(ws, [path])
    assert [r.status for r in reports] == ["refused", "refused"]
    assert reports[0].messages == ["refused because another sheet of the file has faults"]
    assert str(reports[1].faults[0]) == (
        "terms.xlsx, sheet cash_scope, row 2: scope 'perhaps' is not one of the values allowed; "
        "write cash or information"
    )
    assert ask("SELECT * FROM devices") == []


def test_a_published_list_loads_with_the_year_of_its_name(
    ws: Workspace, ask: Ask, shared: Path
) -> None:
    path = shared / "data/tariff/mff_provider_2026_27.csv"
    if not path.exists():
        pytest.skip("the public data are not beside the project")
    (report,) = reference.load(ws, [path])
    assert (report.table, report.status, report.rows) == ("market_forces", "loaded", 205)
    assert ask(
        "SELECT financial_year, mff, extra FROM market_forces WHERE provider_code = 'RCF'"
    ) == [("2026/27", Decimal("1.012977"), '{"provider_name":"Airedale NHS Foundation Trust"}')]


def test_a_table_without_required_columns_still_finds_its_header_below_a_title(
    ws: Workspace, write: Write, ask: Ask
) -> None:
    text = "What is cash,,\n\n,,\nContract ID,POD code,Scope\nC1,EL,information\n"
    (report,) = reference.load(ws, [write("cash_scope.csv", text)])
    assert (report.status, report.rows) == ("loaded", 1)
    assert ask("SELECT contract_id, pod_code, scope FROM cash_scope") == [
        ("C1", "EL", "information")
    ]
