"""Every real published file loads to its ground truth: rows, totals, and what is set aside."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from comptroller.intake.aggregates import AggregateReading, PublishedCost, recognise_aggregates
from comptroller.intake.reading import open_file
from comptroller.intake.table_finder import find_tables
from comptroller.warehouse import connect

# File, sheet, data set, a measure, its dimension, and the sum that ground_truth.csv states.
SUMS = [
    ("ae_by_provider_2019-11.xls", "AE_ATTENDANCES", "attendances", "1", "1366383"),
    ("ae_by_provider_2019-11.xls", "AE_ATTENDANCES", "attendances", "all", "2143505"),
    ("ae_by_provider_2025-06.xlsx", "AE_ATTENDANCES", "attendances", "1", "1428563"),
    ("ae_by_provider_2025-06.xlsx", "AE_ATTENDANCES", "attendances", "all", "2350478"),
    ("ae_monthly_2025-05_thousands.csv", "AE_ATTENDANCES", "attendances", "1", "1453480"),
    ("ae_monthly_2026-03.csv", "AE_ATTENDANCES", "attendances", "1", "1478144"),
    ("nhs_reference_costs_hrg_2014.xlsx", "NSRC", "total_cost", "all", "37971993562.19"),
    ("nhs_reference_costs_hrg_2016.xlsx", "NSRC", "total_cost", "all", "41183073866.94"),
    ("mar_commissioner_2020-05.csv", "MAR", "non_elective_admissions", None, "120181"),
    ("mar_commissioner_2020-05.csv", "MAR", "gp_referrals_made_all_specialties", None, "119045"),
    ("kh03_beds_by_trust_quarterly.csv", "KH03", "beds_available", None, "412480"),
    ("trust_names_delayed_discharges.xlsm", "FFT_AE", "responses", None, "151767"),
]


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(memory_limit="1GB") as engine:
        yield engine


@pytest.fixture(scope="module")
def messy(shared: Path) -> Path:
    folder = shared / "data" / "messy"
    if not folder.exists():
        pytest.skip("the folder of real public data is not beside the project")
    return folder


_readings: dict[Path, AggregateReading | None] = {}


def read(path: Path, con: duckdb.DuckDBPyConnection) -> AggregateReading | None:
    if path not in _readings:
        sheets = open_file(path, con)
        pairs = [(sheet, next(iter(find_tables(sheet)), None)) for sheet in sheets]
        _readings[path] = recognise_aggregates(pairs, file_name=path.name)
    return _readings[path]


def truth() -> list[str]:
    return [
        "ae_by_provider_2019-11.xls",
        "ae_by_provider_2025-06.xlsx",
        "nhs_reference_costs_hrg_2014.xlsx",
        "nhs_reference_costs_hrg_2016.xlsx",
        "mar_commissioner_2020-05.csv",
        "kh03_beds_by_trust_quarterly.csv",
        "rtt_timeseries_waiting_list_interactive.xlsx",
        "trust_names_delayed_discharges.xlsm",
        "rtt_full_extract_2024-11_RBD_slice.csv",
        "ae_monthly_2025-05_thousands.csv",
        "ae_monthly_2026-03.csv",
    ]


@pytest.mark.parametrize("name", truth())
def test_the_named_sheet_is_loaded_with_the_rows_of_the_ground_truth(
    name: str, messy: Path, con: duckdb.DuckDBPyConnection
) -> None:
    with (messy / "ground_truth.csv").open(encoding="utf-8", newline="") as stream:
        expected = next(row for row in csv.DictReader(stream) if row["file"] == name)
    reading = read(messy / name, con)
    assert reading is not None
    assert [part.sheet.sheet for part in reading.loaded] == [expected["sheet"]]
    part = reading.loaded[0]
    table = part.table
    assert table is not None
    first, _, last = expected["header_rows"].partition("-")
    assert table.header_rows[0] == int(first)
    if last:
        assert table.header_rows[-1] == int(last)
    totals_by_code = 112 if name.startswith("rtt_full") else 0
    assert table.data_rows + totals_by_code == int(expected["n_data_rows"])
    assert table.first_data_row == int(expected["first_data_row"])
    if not totals_by_code:
        assert table.last_data_row == int(expected["last_data_row"])
        stated = tuple(int(row) for row in expected["total_rows"].split(",") if row)
        assert table.total_rows == stated
    else:
        assert len(table.total_rows) == totals_by_code
    assert part.unreadable() == []
    assert table.data_rows + table.set_aside_rows == part.sheet.row_count


@pytest.mark.parametrize(("name", "data_set", "measure", "dimension", "total"), SUMS)
def test_the_control_totals_of_the_ground_truth_are_met(
    name: str,
    data_set: str,
    measure: str,
    dimension: str | None,
    total: str,
    messy: Path,
    con: duckdb.DuckDBPyConnection,
) -> None:
    reading = read(messy / name, con)
    assert reading is not None
    assert reading.data_set == data_set
    key = "$.setting" if data_set == "NSRC" else "$.department_type"
    wanted = "dimension = '{}'" if dimension is None else f"dimension->>'{key}' = '{dimension}'"
    row = con.execute(
        f"SELECT round(sum(value), 2) FROM ({reading.loaded[0].rows_sql('s1')}) "
        f"WHERE measure = ? AND {wanted}",
        [measure],
    ).fetchone()
    assert row is not None
    assert row[0] == Decimal(total)


def test_other_sheets_are_set_aside_with_a_reason(
    messy: Path, con: duckdb.DuckDBPyConnection
) -> None:
    reading = read(messy / "ae_by_provider_2025-06.xlsx", con)
    assert reading is not None
    reasons = {part.sheet.sheet: part.reason for part in reading.parts}
    assert reasons["Provider Level Data"] == ""
    assert "the same figures as 'Provider Level Data'" in reasons["System Level Data"]
    assert "count twice" in reasons["Non-Booked Data"]
    assert reasons["System Mapping"].startswith("hidden sheet")


def test_stated_totals_are_compared_with_what_is_loaded(
    messy: Path, con: duckdb.DuckDBPyConnection
) -> None:
    england = read(messy / "ae_by_provider_2019-11.xls", con)
    assert england is not None
    controls = england.loaded[0].controls()
    assert len(controls) == 20
    assert all(control.ties for control in controls)
    # The publication of 2014 states more direct access diagnostics than its rows hold.
    costs = read(messy / "nhs_reference_costs_hrg_2014.xlsx", con)
    assert costs is not None
    wrong = [control for control in costs.loaded[0].controls() if not control.ties]
    assert [control.heading for control in wrong] == [
        "Direct Access Diagnostic Services Activity",
        "Direct Access Diagnostic Services Total Cost",
    ]


def test_pounds_are_counted_once(messy: Path, con: duckdb.DuckDBPyConnection) -> None:
    costs = read(messy / "nhs_reference_costs_hrg_2016.xlsx", con)
    assert costs is not None
    stated = Decimal("41183073866.94")
    assert costs.loaded[0].cost() == PublishedCost(stated, Decimal(0), stated)


def test_sub_totals_by_code_add_up_to_the_detail(
    messy: Path, con: duckdb.DuckDBPyConnection
) -> None:
    reading = read(messy / "rtt_full_extract_2024-11_RBD_slice.csv", con)
    assert reading is not None
    part = reading.loaded[0]
    assert part.data_rows == 400
    total = next(control for control in part.controls() if control.measure == "pathways_total")
    assert total.ties
    row = con.execute(
        f"SELECT count(*), min(period_start)::VARCHAR FROM ({part.rows_sql('s1')}) "
        "WHERE measure = 'pathways_total'"
    ).fetchone()
    assert row == (400, "2024-11-01")


@pytest.mark.parametrize(
    "name",
    ["gp_reg_pat_prac_map_2022-07.xlsx", "ons_england_population_projection_summary.xlsx"],
)
def test_a_file_that_is_no_activity_is_not_taken_for_one(
    name: str, messy: Path, con: duckdb.DuckDBPyConnection
) -> None:
    assert read(messy / name, con) is None


def test_the_series_of_attendances_has_each_month_and_provider(
    shared: Path, con: duckdb.DuckDBPyConnection
) -> None:
    path = shared / "data" / "activity" / "nhsrdatasets" / "ae_attendances.csv"
    if not path.exists():
        pytest.skip("the folder of real public data is not beside the project")
    reading = read(path, con)
    assert reading is not None
    part = reading.loaded[0]
    assert part.data_rows == 12765
    row = con.execute(
        f"SELECT count(*), count(DISTINCT period_start), min(period_start)::VARCHAR, "
        f"max(period_start)::VARCHAR, count(DISTINCT organisation_code) "
        f"FROM ({part.rows_sql('s1')}) WHERE measure = 'attendances'"
    ).fetchone()
    assert row == (12765, 36, "2016-04-01", "2019-03-01", 274)
