"""Reading text as values agrees with the calendar and with the check digit rule."""

from __future__ import annotations

from typing import Any

import nhs_number
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptroller.calendar import FinancialYear
from comptroller.errors import ComptrollerError
from comptroller.reference import typed
from comptroller.reference.files import recognise, year_in_name
from comptroller.warehouse import connect

CON = connect(memory_limit="500MB", threads=1)


def value(sql: str, text: str) -> Any:
    row = CON.execute(f"SELECT {sql} FROM (SELECT ? AS x)", [text]).fetchone()
    assert row is not None
    return row[0]


@given(
    st.integers(2000, 2040),
    st.sampled_from(["{0}/{1:02}", "{0}-{1:02}", "{0}{1:02}", "{0}/20{1:02}", "{0}"]),
    st.integers(0, 1),
)
@settings(max_examples=150, deadline=None)
def test_financial_years_as_the_calendar_reads_them(year: int, form: str, slip: int) -> None:
    text = form.format(year, (year + 1 + slip) % 100)
    try:
        expected: str | None = FinancialYear.parse(text).text
    except ComptrollerError:
        expected = None
    assert value(typed.year_sql("x"), text) == expected


@given(st.from_regex(r"[0-9]{10}", fullmatch=True))
@settings(max_examples=200, deadline=None)
def test_nhs_numbers_as_the_library_reads_them(text: str) -> None:
    expected = text if nhs_number.is_valid(text) else None
    found = value(typed.nhs_number_sql("x"), text)
    # The library also refuses ranges of other countries; the check digit is ours.
    assert found == text if expected else found in (None, text)


@pytest.mark.parametrize(
    ("text", "month"),
    [("1", 1), ("M05", 5), ("13", 13), ("2026/27-M12", 12), ("April", 1), ("mar", 12),
     ("0", None), ("14", None), ("Smarch", None)],
)  # fmt: skip
def test_months(text: str, month: int | None) -> None:
    assert value(typed.month_sql("x"), text) == month


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("plan_2026-27", "plan"),
        ("Local Prices v3 FINAL", "local_prices"),
        ("prior_approvals", "approvals"),
        ("MFF 2026-27", "market_forces"),
        ("payment_terms", "payment_terms"),
        ("TFC", "treatment_functions"),
        ("marketforces", "market_forces"),
        ("slam_m5", None),
    ],
)
def test_files_are_recognised_by_name(name: str, table: str | None) -> None:
    found = recognise(name)
    assert (found.name if found else None) == table


def test_a_year_in_a_name_is_two_years_that_follow() -> None:
    assert year_in_name("plan_2026-27") == "2026/27"
    assert year_in_name("plan 202627 v2") == "2026/27"
    assert year_in_name("plan_2026-05") == ""
