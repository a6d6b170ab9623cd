"""Values however they are written: money, dates, codes, people; every change counted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptroller.access.pseudonym import patient_key
from comptroller.intake.evidence import is_nhs_number
from comptroller.intake.organisations import read_code, read_pod
from comptroller.intake.periods import month_in, read_month, read_year, year_in
from comptroller.intake.pod_groups import content_hash
from comptroller.intake.promote import staged_slices
from tests.intake.staging import KEY, stage

BASE = [
    "FINANCIAL MONTH",
    "FINANCIAL YEAR",
    "ORGANISATION IDENTIFIER (CODE OF PROVIDER)",
    "ORGANISATION IDENTIFIER (CODE OF COMMISSIONER)",
    "TOTAL COST",
]


def read(header: str, values: list[str | None], column: str) -> list[object]:
    """Return what a column's values become."""
    headers = [*BASE, header] if header != "TOTAL COST" else BASE
    tail = [[value] for value in values]
    rows = [
        [1, "202627", "RX1", "QX1", *([1, *cell] if header != "TOTAL COST" else cell)]
        for cell in tail
    ]
    con, _ = stage(headers, rows)
    return [row[0] for row in con.execute(f"SELECT {column} FROM staged ORDER BY row").fetchall()]


MONEY = {
    "1234.56": "1234.56",
    "1,234.56": "1234.56",
    "£1,234.56": "1234.56",
    " 1,234.56 ": "1234.56",
    "Â£1,234.56": "1234.56",
    "\ufffd1,234.56": "1234.56",
    "(1,234.56)": "-1234.56",
    "(£12.50)": "-12.50",
    "12.50-": "-12.50",
    "-£12.50": "-12.50",
    "12.50CR": "-12.50",
    "12%": "0.12",
    "1E3": "1000",
    "1.2E-05": "0.000012",
    "0.123456785": "0.12345679",
    "GBP 5": "5",
    "TBC": None,
    "-": None,
    "n/a": None,
    "see note": None,
    "": None,
    "1_000": None,
}


def test_money_in_every_spelling() -> None:
    expected = [None if v is None else Decimal(v) for v in MONEY.values()]
    assert read("TOTAL COST", list(MONEY), "activity_cost") == expected


DATES = {
    "2026-05-14": date(2026, 5, 14),
    "2026/05/14 10:22": date(2026, 5, 14),
    "2026-05-14T10:22:31": date(2026, 5, 14),
    "14/05/2026": date(2026, 5, 14),
    "14/05/2026 10:22:31": date(2026, 5, 14),
    "14-05-2026": date(2026, 5, 14),
    "14/5/26": date(2026, 5, 14),
    "14-May-2026": date(2026, 5, 14),
    "14-May-26": date(2026, 5, 14),
    "14 May 2026": date(2026, 5, 14),
    "46156": date(2026, 5, 14),
    "46156.43": date(2026, 5, 14),
    "20260514": date(2026, 5, 14),
    "3/4/2026": date(2026, 4, 3),
    "2026-05-14 00:00 00:00": date(2026, 5, 14),
    "32/13/2026": None,
    "22:31.0": None,
    "TBC": None,
}


def test_dates_in_every_spelling() -> None:
    found = read("ACTIVITY START DATE (CONTRACT MONITORING)", list(DATES), "activity_start_date")
    assert found == list(DATES.values())


def test_the_order_of_days_and_months_is_decided_for_the_column() -> None:
    header = "ACTIVITY START DATE (CONTRACT MONITORING)"
    american = read(header, ["03/04/2026", "05/14/2026 10:22:31 AM"], "activity_start_date")
    assert american == [date(2026, 3, 4), date(2026, 5, 14)]
    british = read(header, ["03/04/2026", "14/05/2026"], "activity_start_date")
    assert british == [date(2026, 4, 3), date(2026, 5, 14)]


def test_people_become_pseudonyms_months_and_districts() -> None:
    headers = [
        *BASE,
        "NHS NUMBER",
        "PERSON BIRTH DATE",
        "POSTCODE OF USUAL ADDRESS",
        "LOCAL PATIENT IDENTIFIER (EXTENDED)",
        "CONTRACT MONITORING ADDITIONAL DETAIL (FIRST)",
    ]
    token = "a3f5" * 8
    rows = [
        [1, "202627", "RX1", "QX1", 5, "943 476 5919", "14/02/1980", "ls1 4ap", "9434765919", "x"],
        [
            1,
            "202627",
            "RX1",
            "QX1",
            5,
            "9434765918",
            "14/02/45",
            "ZZ993VZ",
            "H2",
            "ring 943 476 5919 after",
        ],
        [1, "202627", "RX1", "QX1", 5, token, None, "LS1", "H3", None],
        [1, "202627", "RX1", "QX1", 5, None, None, "nowhere", "H4", None],
    ]
    con, _ = stage(headers, rows)
    found = con.execute(
        "SELECT patient_key, patient_key_domain, nhs_number_status, person_birth_month, "
        "postcode_district, local_patient_identifier, additional_detail_first, "
        "identifiers_in_text FROM staged ORDER BY row"
    ).fetchall()
    assert found == [
        (
            patient_key("9434765919", KEY),
            "local",
            "valid",
            date(1980, 2, 1),
            "LS1",
            None,
            "x",
            True,
        ),
        (None, None, "invalid", date(1945, 2, 1), "ZZ99", "H2", "ring [removed] after", True),
        (token, "unnamed", "pseudonymised", None, "LS1", "H3", None, False),
        (None, None, "missing", None, None, "H4", None, False),
    ]
    whole = con.execute("SELECT * FROM staged").fetchall()
    assert "9434765919" not in str(whole)


def test_codes_are_tidied_and_lost_zeros_come_back_where_the_list_proves_them() -> None:
    assert read("WITHHELD IDENTITY REASON", ["3", "03", " 97"], "withheld_identity_reason") == [
        "03",
        "03",
        "97",
    ]
    assert read("TARIFF CODE", ["aa22c ", "100.0", "N/A"], "tariff_code") == ["AA22C", "100", None]
    assert read("POINT OF DELIVERY CODE", ["aande", "el ", "ZZZ"], "pod_code") == [
        "AE",
        "EL",
        "ZZZ",
    ]
    assert read("POINT OF DELIVERY CODE", ["aande", "el ", "ZZZ"], "local_pod_code") == [
        "AANDE",
        None,
        None,
    ]


def test_every_change_is_counted() -> None:
    rows = [
        ["M01", "202627", "RX100", "QX1", "£1,000.00"],
        ["1", "2026/27", "RX1", "QX1", "(5.00)"],
        ["1", "2026/27", "RX1", "QX1", "7"],
    ]
    _, found = stage(BASE, rows)
    assert found.changes == {
        ("month", "written in the usual form"): 1,
        ("financial_year", "written in the usual form"): 1,
        ("provider_code", "written in the usual form"): 1,
        ("activity_cost", "thousands comma removed"): 1,
        ("activity_cost", "currency sign removed"): 1,
        ("activity_cost", "brackets read as negative"): 1,
    }


def style(value: Decimal, form: int) -> str:
    """Write an amount as one of the ways that files use."""
    plain = f"{abs(value):,.2f}"
    ways = (
        f"{value:.2f}",
        f"£{plain}" if value >= 0 else f"-£{plain}",
        plain if value >= 0 else f"({plain})",
        plain if value >= 0 else f"{plain}-",
        f"  {value:.2f} ",
    )
    return ways[form % len(ways)]


amounts = st.decimals(min_value=-10_000_000, max_value=10_000_000, places=2)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(amounts, st.integers(0, 4), st.integers(1, 12)), min_size=1, max_size=30))
def test_totals_survive_and_order_does_not_matter(
    rows: list[tuple[Decimal, int, int]],
) -> None:
    """Pounds are exact however they are written; the same rows in another order hash the same."""
    written = [[month, "202627", "RX1", "QX1", style(value, form)] for value, form, month in rows]
    hashes = []
    for order in (written, written[::-1]):
        con, _ = stage(BASE, order)
        total = con.execute(
            "SELECT sum(activity_cost), count(*) FROM staged WHERE quarantine_reason IS NULL"
        ).fetchone()
        assert total == (sum(value for value, _, _ in rows), len(rows))
        hashes.append(
            [(s.key, content_hash(s.groups), s.cost) for s in staged_slices(con, ["staged"])["s1"]]
        )
        con.close()
    assert hashes[0] == hashes[1]


def test_a_line_twice_is_another_content() -> None:
    row = [1, "202627", "RX1", "QX1", "5"]
    once = staged_slices(stage(BASE, [row, [1, "202627", "RX1", "QX1", "0"]])[0], ["staged"])["s1"][
        0
    ]
    twice = staged_slices(stage(BASE, [row, row])[0], ["staged"])["s1"][0]
    assert content_hash(once.groups) != content_hash(twice.groups)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("202526", "2025/26"),
        ("2025/26", "2025/26"),
        ("2025-2026", "2025/26"),
        ("25/26", "2025/26"),
        ("2025", "2025/26"),
        ("2025 26", "2025/26"),
        ("215551", None),
        ("Trauma", None),
    ],
)
def test_years(text: str, expected: str | None) -> None:
    assert read_year(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", (1, None)),
        ("M01", (1, None)),
        ("Month 12", (12, None)),
        ("Apr-26", (1, "2026/27")),
        ("March 2027", (12, "2026/27")),
        ("2026-04-01 00:00:00", (1, "2026/27")),
        ("13", (13, None)),
        ("2026/27-M05", (5, "2026/27")),
        ("5.5", None),
        ("110", None),
        ("400", None),
        ("0", None),
    ],
)
def test_months(text: str, expected: tuple[int, str | None] | None) -> None:
    assert read_month(text) == expected


def test_names_tell_periods() -> None:
    assert year_in("PLCM_202627_M05_flex") == "2026/27"
    assert year_in("PLCM_2627_InformationStandard") == "2026/27"
    assert month_in("PLCM_202627_M05_flex") == (5, None)
    assert month_in("Activity for August 2026") == (5, "2026/27")
    assert month_in("RXA PLCM 2026-27 M01 M05") is None


def test_codes() -> None:
    assert read_code("rx100") == "RX1"
    assert read_code("RX1 - Vale Trust") == "RX1"
    assert read_code("N/A") is None
    assert read_pod(" opfup ") == "OPFUP"
    assert is_nhs_number("9434765919")
    assert not is_nhs_number("9434765918")


def test_nhs_numbers_in_the_wrong_columns_are_not_kept() -> None:
    """In a code or an identifier they are removed, and the line says that something was."""
    headers = [*BASE, "LOCAL PATIENT IDENTIFIER (EXTENDED)", "ACTIVITY TREATMENT FUNCTION CODE"]
    row = [1, "202627", "RX1", "QX1", "5"]
    rows = [
        [*row, "H000001", "100"],
        [*row, "9434765919", "100"],
        [*row, "H000003", "943 476 5919"],
    ]
    con, _ = stage(headers, rows)
    kept = con.execute(
        "SELECT local_patient_identifier, activity_treatment_function_code, identifiers_in_text "
        "FROM staged ORDER BY row"
    ).fetchall()
    assert kept == [("H000001", "100", False), (None, "100", True), ("H000003", None, True)]


def test_a_provider_that_numbers_its_patients_with_ten_digits_keeps_them() -> None:
    headers = [*BASE, "LOCAL PATIENT IDENTIFIER (EXTENDED)"]
    numbers = [f"10000{n:05d}" for n in range(40)]
    con, _ = stage(headers, [[1, "202627", "RX1", "QX1", "5", number] for number in numbers])
    found = con.execute("SELECT local_patient_identifier FROM staged ORDER BY row").fetchall()
    assert [value for (value,) in found] == numbers


@pytest.mark.parametrize("text", ["1,5", "12,50", "1,23,456", ",5"])
def test_a_comma_that_marks_no_thousands_makes_no_number(text: str) -> None:
    assert read("TOTAL COST", [text], "activity_cost") == [None]
