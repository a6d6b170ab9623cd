"""The position in a month's report: actual against plan by provider, group, payer and month."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from comptroller.calendar import YEAR_END_MONTH
from comptroller.position import position
from comptroller.rendering import (
    Block,
    Chart,
    ChartSpec,
    Column,
    Notice,
    Section,
    Table,
    Text,
    Value,
    format_money,
    format_money_short,
)
from comptroller.reports.scope import Scope, month_label

_COLUMNS: Final = (
    Column("actual_cost", "Actual (£)", "money"),
    Column("planned_cost", "Plan (£)", "money"),
    Column("variance_cost", "Actual less plan (£)", "money"),
    Column("actual_activity", "Actual activity", "count"),
    Column("planned_activity", "Planned activity", "count"),
)


@dataclass(frozen=True)
class Sums:
    """Actual and plan of some rows; pounds and activity, None where there is none."""

    actual_cost: Decimal | None = None
    planned_cost: Decimal | None = None
    actual_activity: Decimal | None = None
    planned_activity: Decimal | None = None

    @property
    def variance_cost(self) -> Decimal | None:
        """Actual less plan; None where either is missing."""
        if self.actual_cost is None or self.planned_cost is None:
            return None
        return self.actual_cost - self.planned_cost

    def cells(self) -> tuple[Value, ...]:
        """Return the values in the order of the report's columns."""
        return tuple(getattr(self, column.name) for column in _COLUMNS)


@dataclass(frozen=True)
class YearToDate:
    """The position of a year up to the report's month, month by month, by group and payer."""

    rows: tuple[Mapping[str, Any], ...]
    basis: str

    def total(self) -> Sums:
        """Return everything together."""
        return _sums(self.rows)

    def by(self, key: Callable[[Mapping[str, Any]], Any]) -> list[tuple[Any, Sums]]:
        """Return sums by a key of the rows, in order of the key."""
        groups: dict[Any, list[Mapping[str, Any]]] = {}
        for row in self.rows:
            groups.setdefault(key(row), []).append(row)
        return [(value, _sums(groups[value])) for value in sorted(groups)]

    @property
    def months(self) -> list[int]:
        """The months with actuals."""
        return sorted({row["month"] for row in self.rows if row["actual_cost"] is not None})


def _sums(rows: Iterable[Mapping[str, Any]]) -> Sums:
    rows = list(rows)

    def total(name: str) -> Decimal | None:
        values = [row[name] for row in rows if row[name] is not None]
        return sum(values, Decimal(0)) if values else None

    return Sums(
        total("actual_cost"),
        total("planned_cost"),
        total("actual_activity"),
        total("planned_activity"),
    )


def year_to_date(scope: Scope, basis: str = "payable") -> YearToDate:
    """Return the position of the report's year up to its month."""
    found = position(
        scope.ws,
        basis=basis,
        year=scope.month.year.text,
        by=("payer", "provider", "month", "pod_group"),
        con=scope.con,
    )
    rows = [row for row in found.as_dicts() if row["month"] <= scope.month.month]
    return YearToDate(tuple(rows), basis)


def position_section(scope: Scope, ytd: YearToDate) -> Section:
    """Return the section on actual against plan, year to date."""
    total = ytd.total()
    period = f"{scope.month.year} to {scope.month.name}"
    blocks: list[Block] = [
        Text(
            f"Cost of activity in **{period}**, on the {ytd.basis} versions. Actuals are from the "
            "aggregate contract monitoring (ACM) where it was received and from patient level "
            "where it was not. A positive difference means that actual is above plan."
        )
    ]
    if total.planned_cost is None:
        blocks.append(
            Notice(
                "warning",
                "**No plan is loaded** for these contracts, so there is nothing to compare actual "
                "cost with. Load the plan with `comptroller reference load`.",
            )
        )
    blocks.append(_trend(scope, ytd))
    blocks += _year_end(ytd)
    blocks.append(
        _table(
            f"Actual against plan by provider, {period}",
            "Position by provider",
            Column("provider", "Provider"),
            [(scope.named(code), sums) for code, sums in ytd.by(lambda row: row["provider_code"])],
            total,
        )
    )
    groups = ytd.by(lambda row: row["pod_group"] or "Not stated")
    blocks.append(_groups_chart(groups))
    blocks.append(
        _table(
            f"Actual against plan by group of points of delivery, {period}",
            "Position by POD group",
            Column("pod_group", "Group"),
            groups,
            total,
        )
    )
    payers = ytd.by(lambda row: row["payer_code"] or "Not stated")
    blocks.append(
        _table(
            f"Actual against plan by commissioner that pays, {period}",
            "Position by payer",
            Column("payer", "Commissioner"),
            [(scope.named(code), sums) for code, sums in payers],
            total,
        )
    )
    return Section("Position", tuple(blocks))


def _table(
    caption: str, name: str, first: Column, rows: list[tuple[Any, Sums]], total: Sums
) -> Table:
    return Table(
        (first, *_COLUMNS),
        tuple((str(key), *sums.cells()) for key, sums in rows),
        caption,
        total_row=("Total", *total.cells()),
        name=name,
    )


def _year_end(ytd: YearToDate) -> list[Block]:
    """Return words on month 13, which is no month of the trend."""
    for month, sums in ytd.by(lambda row: row["month"]):
        if month == YEAR_END_MONTH and sums.actual_cost is not None:
            plan = f", plan {format_money(sums.planned_cost)}" if sums.planned_cost else ""
            return [
                Text(
                    f"Year-end adjustments (month 13) are not in the chart: actual "
                    f"{format_money(sums.actual_cost)}{plan}. They are in every total."
                )
            ]
    return []


def _trend(scope: Scope, ytd: YearToDate) -> Chart:
    by_month = ytd.by(lambda row: row["month"])
    months = [(month, sums) for month, sums in by_month if month != YEAR_END_MONTH]
    rows: list[dict[str, str | Decimal | None]] = []
    planned = any(sums.planned_cost is not None for _, sums in months)
    for kind, name in (("Actual", "actual_cost"), ("Plan", "planned_cost")):
        if kind == "Plan" and not planned:
            continue
        for month, sums in months:
            rows.append({"month": month_label(month), "kind": kind, "cost": getattr(sums, name)})
    alt = "No months were received."
    known = [(m, s.actual_cost) for m, s in months if s.actual_cost is not None]
    if known:
        high = max(known, key=lambda item: (item[1], -item[0]))
        alt = (
            f"Line chart of monthly cost in {scope.month.year}: actual goes from "
            f"{format_money_short(known[0][1])} in {month_label(known[0][0])} to "
            f"{format_money_short(known[-1][1])} in {month_label(known[-1][0])}, highest "
            f"{format_money_short(high[1])} in {month_label(high[0])}"
            + ("; plan is drawn beside it." if planned else "; no plan is loaded.")
        )
    return Chart(
        ChartSpec(
            kind="line",
            title="Actual and plan by month" if planned else "Actual by month",
            x="month",
            y="cost",
            series="kind",
            rows=tuple(rows),
            x_title=f"Month of {scope.month.year}",
            y_title="Cost (£)",
            alt=alt,
        )
    )


def _groups_chart(groups: list[tuple[Any, Sums]]) -> Chart:
    largest = sorted(groups, key=lambda item: (-(item[1].actual_cost or Decimal(0)), item[0]))[:8]
    rows = tuple(
        {"group": str(group), "kind": kind, "cost": getattr(sums, name)}
        for kind, name in (("Actual", "actual_cost"), ("Plan", "planned_cost"))
        for group, sums in largest
        if name == "actual_cost" or any(s.planned_cost is not None for _, s in largest)
    )
    top = ", ".join(
        f"{group} {format_money_short(sums.actual_cost or 0)}" for group, sums in largest[:3]
    )
    return Chart(
        ChartSpec(
            kind="grouped_bar",
            title="Actual and plan by group of points of delivery",
            x="group",
            y="cost",
            series="kind",
            rows=rows,
            x_title="Group of points of delivery",
            y_title="Cost, year to date (£)",
            alt=f"Bar chart of the largest groups by actual cost: {top or 'none'}.",
        )
    )
