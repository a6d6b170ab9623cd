from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptroller.rendering import (
    SUPPRESSED,
    format_count,
    format_money,
    format_money_short,
    format_percent,
    format_value,
)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("1234.56", "£1,234.56"),
        ("-1234.56", "-£1,234.56"),
        ("0.005", "£0.01"),
        ("-0.005", "-£0.01"),
        ("-0.004", "£0.00"),
        ("0", "£0.00"),
        ("123456789012345678.12345678", "£123,456,789,012,345,678.12"),
    ],
)
def test_money_has_one_form(value: str, words: str) -> None:
    assert format_money(Decimal(value)) == words


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=2, min_value=-(10**15), max_value=10**15
    )
)
def test_money_reads_back_to_the_penny(value: Decimal) -> None:
    assert Decimal(format_money(value).replace("£", "").replace(",", "")) == value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("949.6", "£950"),
        ("-0.2", "£0"),
        ("999.6", "£1,000"),
        ("12345", "£12.3k"),
        ("999960", "£1.0m"),
        ("-4500000", "-£4.5m"),
        ("1230000000", "£1.2bn"),
    ],
)
def test_short_money_rounds_before_it_chooses_its_unit(value: str, words: str) -> None:
    assert format_money_short(Decimal(value)) == words


def test_counts_and_percentages() -> None:
    assert format_count(1234567) == "1,234,567"
    assert format_count(Decimal("1234.50000000")) == "1,234.5"
    assert format_count(Decimal("1E+3")) == "1,000"
    assert format_count(Decimal("-0.00")) == "0"
    assert format_percent(Decimal("0.1235")) == "12.4%"


def test_no_value_is_not_nil_and_suppressed_is_neither() -> None:
    assert format_value(None, "money") == "–"
    assert format_value(Decimal(0), "money") == "£0.00"
    assert format_value(SUPPRESSED, "count") == "*"
    assert format_value(date(2026, 5, 1), "date") == "1 May 2026"
    moment = datetime(2026, 5, 1, 9, 5, tzinfo=UTC)
    assert format_value(moment, "date") == "1 May 2026, 09:05 UTC"


@pytest.mark.parametrize(
    ("value", "kind"),
    [(1.5, "money"), ("5", "count"), (True, "count"), (Decimal("NaN"), "money"), (5, "text")],
)
def test_a_value_of_another_kind_is_refused(value: object, kind: str) -> None:
    with pytest.raises(TypeError, match="is not a value of kind"):
        format_value(value, kind)  # type: ignore[arg-type]
