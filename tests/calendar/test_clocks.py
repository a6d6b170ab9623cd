"""Flex and freeze."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comptroller.calendar import Calendar, FinancialMonth, FinancialYear, default_offsets
from comptroller.errors import ComptrollerError

APRIL = FinancialMonth.parse("2026/27-M01")
months = st.builds(FinancialMonth, st.integers(2005, 2035).map(FinancialYear), st.integers(1, 13))


def row(flex: date, freeze: date, **more: Any) -> dict[str, Any]:
    return {
        "financial_year": "2026/27",
        "month": 1,
        "flex_date": flex,
        "freeze_date": freeze,
        "contract_id": None,
        "data_set": None,
        **more,
    }


def test_the_default_timetable_says_that_it_is_unconfirmed() -> None:
    clocks = Calendar().clocks(None, None, APRIL)
    assert "unconfirmed" in clocks.source
    assert clocks.flex_date == date(2026, 6, 1)
    assert clocks.freeze_date == date(2026, 6, 26)
    assert all(offset.means for offset in default_offsets().dates.values())


@given(months)
def test_default_dates_follow_the_month_in_order(month: FinancialMonth) -> None:
    clocks = Calendar().clocks(None, None, month)
    assert month.end < clocks.flex_date < clocks.freeze_date
    assert clocks.flex_date < clocks.flex_challenge_due < clocks.flex_response_due
    assert clocks.freeze_date < clocks.freeze_challenge_due < clocks.freeze_response_due
    assert clocks.freeze_date < clocks.contest_due


@given(months.filter(lambda month: month.month < 12))
def test_freeze_of_a_month_is_flex_of_the_next(month: FinancialMonth) -> None:
    calendar = Calendar()
    assert (
        calendar.clocks(None, None, month).freeze_date
        == calendar.clocks(None, None, month.next()).flex_date
    )


@given(months, st.integers(-40, 120))
def test_the_stage_turns_on_the_day_after_each_clock(month: FinancialMonth, offset: int) -> None:
    calendar = Calendar()
    clocks = calendar.clocks(None, None, month)
    day = date.fromordinal(month.end.toordinal() + offset)
    expected = (
        "flex"
        if day <= clocks.flex_date
        else "freeze"
        if day <= clocks.freeze_date
        else "post_freeze"
    )
    assert calendar.stage(day, month) == expected


def test_one_file_is_flex_freeze_and_post_freeze_at_once() -> None:
    calendar = Calendar()
    received = date(2026, 9, 15)
    stages = [
        calendar.stage(received, FinancialMonth.parse(f"2026/27-M0{number}"))
        for number in (5, 4, 3)
    ]
    assert stages == ["flex", "freeze", "post_freeze"]


def test_the_time_of_day_does_not_count() -> None:
    clocks = Calendar().clocks(None, None, APRIL)
    late = datetime(2026, 6, 1, 23, 59)
    assert clocks.stage(late) == "flex"


def test_the_most_specific_row_wins_and_missing_dates_are_counted_from_it() -> None:
    calendar = Calendar(
        [
            row(date(2026, 5, 20), date(2026, 6, 18)),
            row(date(2026, 5, 21), date(2026, 6, 19), data_set="SUS_APC"),
            row(date(2026, 5, 22), date(2026, 6, 22), contract_id="C1"),
            row(
                date(2026, 5, 26),
                date(2026, 6, 23),
                contract_id="C1",
                data_set="SUS_APC",
                contest_due=date(2026, 7, 1),
            ),
        ]
    )
    flex = {
        (contract, data_set): calendar.clocks(contract, data_set, APRIL).flex_date
        for contract in (None, "C1", "C2")
        for data_set in (None, "SUS_APC", "PLCM")
    }
    assert flex == {
        (None, None): date(2026, 5, 20),
        (None, "SUS_APC"): date(2026, 5, 21),
        (None, "PLCM"): date(2026, 5, 20),
        ("C1", None): date(2026, 5, 22),
        ("C1", "SUS_APC"): date(2026, 5, 26),
        ("C1", "PLCM"): date(2026, 5, 22),
        ("C2", None): date(2026, 5, 20),
        ("C2", "SUS_APC"): date(2026, 5, 21),
        ("C2", "PLCM"): date(2026, 5, 20),
    }
    clocks = calendar.clocks("C1", "SUS_APC", APRIL)
    assert clocks.contest_due == date(2026, 7, 1)
    assert clocks.flex_challenge_due == date(2026, 6, 9)
    assert clocks.source == "calendar, 2026/27-M01, contract C1, data set SUS_APC"


def test_another_month_keeps_the_default() -> None:
    calendar = Calendar([row(date(2026, 5, 20), date(2026, 6, 18))])
    assert "default" in calendar.clocks(None, None, APRIL.next()).source


def test_a_row_that_freezes_before_it_flexes_is_refused() -> None:
    with pytest.raises(ComptrollerError, match=r"2026/27-M01.*before"):
        Calendar([row(date(2026, 6, 20), date(2026, 5, 20))])
    with pytest.raises(ComptrollerError, match="freeze_date"):
        Calendar([row(date(2026, 6, 20), None)])  # type: ignore[arg-type]


def test_year_end_adjustments_are_timed_after_month_12() -> None:
    calendar = Calendar()
    last = calendar.clocks(None, None, FinancialMonth.parse("2025/26-M12"))
    adjustments = calendar.clocks(None, None, FinancialMonth.parse("2025/26-M13"))
    assert adjustments.flex_date == last.freeze_date


class Settings:
    """As a workspace with a [calendar] section."""

    def section(self, room: str) -> dict[str, Any]:
        return {"flex_date_working_days": 13} if room == "calendar" else {}


def test_a_workspace_may_set_its_own_timetable() -> None:
    offsets = default_offsets().with_settings({"flex_date_working_days": 13})
    clocks = Calendar(defaults=offsets).clocks(None, None, APRIL)
    assert clocks == Calendar.of(Settings(), []).clocks(None, None, APRIL)
    assert clocks.flex_date == date(2026, 5, 20)
    assert clocks.source == "default timetable (workspace settings)"


@pytest.mark.parametrize(
    "section", [{"flex": 3}, {"flex_date_working_days": "soon"}, {"flex_date_working_days": -1}]
)
def test_a_timetable_setting_that_makes_no_sense_is_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ComptrollerError, match="calendar"):
        default_offsets().with_settings(section)


def test_the_reference_page_tells_the_default_timetable() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "calendar.md"
    text = page.read_text(encoding="utf-8")
    for name, offset in default_offsets().dates.items():
        assert f"| `{name}` | {offset.working_days} working days after" in text
