"""Flex and freeze: which dates hold for a contract, a data set and a month."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal, Protocol

from comptroller.calendar.periods import YEAR_END_MONTH, FinancialMonth, FinancialYear
from comptroller.calendar.working_days import add_working_days
from comptroller.errors import ComptrollerError

Stage = Literal["flex", "freeze", "post_freeze"]

_DATES = (
    "flex_date",
    "freeze_date",
    "submission_due",
    "flex_challenge_due",
    "flex_response_due",
    "freeze_challenge_due",
    "freeze_response_due",
    "contest_due",
)


@dataclass(frozen=True, slots=True)
class Offset:
    """How a date is found where nobody stated it: so many working days after another date."""

    after: str
    working_days: int
    means: str


@dataclass(frozen=True, slots=True)
class DefaultOffsets:
    """The default timetable, with its status (`unconfirmed` until somebody confirms it)."""

    status: str
    month_13_later_by_months: int
    dates: Mapping[str, Offset]

    def with_settings(self, section: Mapping[str, Any]) -> DefaultOffsets:
        """Return the timetable as a workspace's settings section `calendar` changes it.

        A date is changed by its name with `_working_days` behind it: `flex_date_working_days = 13`.

        Raises:
            ComptrollerError: An unknown setting, or one that is not a whole number of days.
        """
        dates = dict(self.dates)
        for setting, value in section.items():
            name = setting.removesuffix("_working_days")
            where = f"comptroller.toml, [calendar] {setting}"
            if name == setting or name not in dates:
                raise ComptrollerError(
                    "there is no such setting",
                    where=where,
                    remedy=f"Known: {', '.join(f'{known}_working_days' for known in dates)}.",
                )
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ComptrollerError(
                    f"{value!r} is not a number of working days", where=where, remedy="Mend it."
                )
            dates[name] = replace(dates[name], working_days=value)
        status = "workspace settings" if section else self.status
        return replace(self, status=status, dates=dates)


@cache
def default_offsets() -> DefaultOffsets:
    """Return the default timetable shipped with the package."""
    raw = tomllib.loads(files("comptroller.calendar").joinpath("defaults.toml").read_text("utf-8"))
    return DefaultOffsets(
        status=raw["status"],
        month_13_later_by_months=raw["month_13_later_by_months"],
        dates={name: Offset(**raw["dates"][name]) for name in _DATES},
    )


@dataclass(frozen=True, slots=True)
class Clocks:
    """The dates of one month; `source` says where they come from.

    A version received up to `flex_date` is flex, up to `freeze_date` freeze, later post-freeze:
    two clocks, because challenges on flex and on freeze run apart.
    """

    flex_date: date
    freeze_date: date
    submission_due: date
    flex_challenge_due: date
    flex_response_due: date
    freeze_challenge_due: date
    freeze_response_due: date
    contest_due: date
    source: str

    def stage(self, received: date) -> Stage:
        """Return the stage of a version received on a day (a time of day does not count)."""
        day = received.date() if isinstance(received, datetime) else received
        if day <= self.flex_date:
            return "flex"
        if day <= self.freeze_date:
            return "freeze"
        return "post_freeze"


class HasSettings(Protocol):
    """Something with a settings table per room, as a workspace is."""

    def section(self, room: str) -> dict[str, Any]:
        """Return a room's settings table; empty where there is none."""


class Calendar:
    """The rows of the reference table `calendar`, asked by contract, data set and month.

    The most specific row wins: contract and data set, contract, data set, neither. Among equals
    the last one wins. A date that the row leaves out is counted from the row's own flex and freeze
    dates by the default timetable.

    Args:
        rows: Mappings with the columns of the reference table `calendar`; dates as dates.
        defaults: The timetable where no row holds.

    Raises:
        ComptrollerError: A row whose freeze date lies before its flex date, or without a date.
    """

    def __init__(
        self, rows: Iterable[Mapping[str, Any]] = (), defaults: DefaultOffsets | None = None
    ) -> None:
        self._defaults = defaults or default_offsets()
        self._rows: dict[tuple[str, str, str, int], Mapping[str, Any]] = {}
        self._found: dict[tuple[str, str, FinancialMonth], Clocks] = {}
        for row in rows:
            year = FinancialYear.parse(str(row["financial_year"]))
            month = FinancialMonth(year, int(row["month"]))
            _refuse_bad_row(row, month)
            contract, data_set = row.get("contract_id") or "", row.get("data_set") or ""
            self._rows[contract, data_set, year.text, month.month] = row

    @classmethod
    def of(cls, workspace: HasSettings, rows: Iterable[Mapping[str, Any]]) -> Calendar:
        """Return a workspace's calendar: its reference rows over the timetable it has set."""
        return cls(rows, default_offsets().with_settings(workspace.section("calendar")))

    def clocks(
        self, contract_id: str | None, data_set: str | None, month: FinancialMonth
    ) -> Clocks:
        """Return the dates that hold for a contract, a data set and a month (None: any)."""
        key = (contract_id or "", data_set or "", month)
        if key not in self._found:
            self._found[key] = self._clocks(*key)
        return self._found[key]

    def stage(
        self,
        received: date,
        month: FinancialMonth,
        *,
        contract_id: str | None = None,
        data_set: str | None = None,
    ) -> Stage:
        """Return the stage, for a month, of a version received on a day."""
        return self.clocks(contract_id, data_set, month).stage(received)

    def _clocks(self, contract_id: str, data_set: str, month: FinancialMonth) -> Clocks:
        for contract, of_set in dict.fromkeys(
            ((contract_id, data_set), (contract_id, ""), ("", data_set), ("", ""))
        ):
            row = self._rows.get((contract, of_set, month.year.text, month.month))
            if row is not None:
                stated = {name: _day(row[name]) for name in _DATES if row.get(name) is not None}
                return self._complete(month, stated, _source(contract, of_set, month))
        return self._complete(month, {}, f"default timetable ({self._defaults.status})")

    def _complete(self, month: FinancialMonth, stated: Mapping[str, date], source: str) -> Clocks:
        ends = self._month_ends(month)
        known: dict[str, date] = {**ends, **stated}

        def find(name: str) -> date:
            if name not in known:
                offset = self._defaults.dates[name]
                known[name] = add_working_days(find(offset.after), offset.working_days)
            return known[name]

        return Clocks(**{name: find(name) for name in _DATES}, source=source)

    def _month_ends(self, month: FinancialMonth) -> dict[str, date]:
        base = month
        if month.month == YEAR_END_MONTH:
            for _ in range(self._defaults.month_13_later_by_months):
                base = base.next()
        return {"month_end": base.end, "next_month_end": base.next().end}


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _source(contract: str, data_set: str, month: FinancialMonth) -> str:
    scope = [f"contract {contract}"] if contract else []
    scope += [f"data set {data_set}"] if data_set else []
    return f"calendar, {month.text}" + (f", {', '.join(scope)}" if scope else "")


def _refuse_bad_row(row: Mapping[str, Any], month: FinancialMonth) -> None:
    where = f"calendar, {month.text}"
    for name in ("flex_date", "freeze_date"):
        if not isinstance(row.get(name), date):
            raise ComptrollerError(
                f"{name} is missing or not a date", where=where, remedy="Write it as 2025-05-20."
            )
    if _day(row["freeze_date"]) < _day(row["flex_date"]):
        raise ComptrollerError(
            f"the freeze date {_day(row['freeze_date'])} lies before"
            f" the flex date {_day(row['flex_date'])}",
            where=where,
            remedy="Correct the row and load the calendar again.",
        )
