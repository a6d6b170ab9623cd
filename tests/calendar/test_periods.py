"""Financial years and months."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptroller.calendar import FinancialMonth, FinancialYear
from comptroller.errors import ComptrollerError

days = st.dates(date(1960, 1, 1), date(2090, 12, 31))
years = st.integers(1950, 2090).map(FinancialYear)


@pytest.mark.parametrize(
    "text",
    [
        "2025/26",
        "202526",
        "2025-26",
        "2025 26",
        "2025-2026",
        "2025/2026",
        "2025",
        "25/26",
        " 2025/26 ",
    ],
)
def test_every_known_way_of_writing_a_year_is_understood(text: str) -> None:
    assert FinancialYear.parse(text).text == "2025/26"


@pytest.mark.parametrize(
    "text",
    ["215551", "2025/27", "2025-2027", "", "Cardiology", "20252", "2526", "1899/00", "25/27"],
)
def test_what_is_no_year_is_refused_with_the_remedy(text: str) -> None:
    assert FinancialYear.try_parse(text) is None
    with pytest.raises(ComptrollerError, match="2025/26"):
        FinancialYear.parse(text)


def test_the_turn_of_the_century_is_a_year() -> None:
    assert FinancialYear.parse("1999/00").end == date(2000, 3, 31)


@given(days)
def test_a_day_lies_in_its_month_and_its_year(day: date) -> None:
    month = FinancialMonth.of(day)
    assert month.start <= day <= month.end
    assert month.year == FinancialYear.of(day)
    assert month.year.start <= day <= month.year.end
    assert 1 <= month.month <= 12


@given(years, st.integers(1, 13))
def test_a_month_reads_back_as_written(year: FinancialYear, number: int) -> None:
    month = FinancialMonth(year, number)
    assert FinancialMonth.parse(month.text) == month
    assert FinancialYear.parse(year.text) == year
    assert month.next().previous() == (month if number < 13 else FinancialMonth(year, 12))
    assert month < month.next()


@given(years)
def test_the_twelve_months_tile_the_year(year: FinancialYear) -> None:
    months = year.months()
    assert len(months) == 12
    assert months[0].start == year.start
    assert months[-1].end == year.end
    for before, after in pairwise(months):
        assert (after.start - before.end).days == 1
        assert before.next() == after


def test_month_13_is_the_last_day_of_the_year() -> None:
    month = FinancialMonth.parse("2025/26-M13")
    assert month.start == month.end == date(2026, 3, 31)
    assert month.name == "year-end 2025/26"
    assert FinancialMonth.parse("2025/26-M05").name == "August 2025"


@pytest.mark.parametrize("text", ["2025/26-M14", "2025/26-M0", "2025/26", "M05", "nonsense"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ComptrollerError):
        FinancialMonth.parse(text)
