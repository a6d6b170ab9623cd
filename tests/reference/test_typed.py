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


def values(sql: str, texts: list[str]) -> list[Any]:
    """Evaluate an expression over the text ``x`` for many texts at once."""
    rows = CON.execute(
        f"SELECT {sql} FROM (SELECT unnest(?) AS x, generate_subscripts(?, 1) AS n) ORDER BY n",
        [texts, texts],
    ).fetchall()
    return [row[0] for row in rows]


def value(sql: str, text: str) -> Any:
    (found,) = values(sql, [text])
    return found


FORMS = ["{0}/{1:02}", "{0}-{1:02}", "{0}{1:02}", "{0}/20{1:02}", "{0}"]
YEARS = st.tuples(st.integers(2000, 2040), st.sampled_from(FORMS), st.integers(0, 1))


@given(st.lists(YEARS, min_size=20, max_size=40))
@settings(max_examples=10, deadline=None)
def test_financial_years_as_the_calendar_reads_them(drawn: list[tuple[int, str, int]]) -> None:
    texts = [form.format(year, (year + 1 + slip) % 100) for year, form, slip in drawn]
    assert values(typed.year_sql("x"), texts) == [_year(text) for text in texts]


def _year(text: str) -> str | None:
    try:
        return FinancialYear.parse(text).text
    except ComptrollerError:
        return None


@given(st.lists(st.from_regex(r"[0-9]{10}", fullmatch=True), min_size=30, max_size=60))
@settings(max_examples=10, deadline=None)
def test_nhs_numbers_as_the_library_reads_them(texts: list[str]) -> None:
    for text, found in zip(texts, values(typed.nhs_number_sql("x"), texts), strict=True):
        # The library also refuses ranges of other countries; the check digit is ours.
        assert found == text if nhs_number.is_valid(text) else found in (None, text)


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
