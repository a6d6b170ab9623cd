from dataclasses import FrozenInstanceError, replace
from datetime import datetime
from decimal import Decimal

import pytest

from comptroller.rendering import (
    Chart,
    ChartSpec,
    Column,
    Notice,
    Report,
    Section,
    Table,
    chart_table,
)


def test_rows_must_fit_their_columns() -> None:
    columns = (Column("a", "A"), Column("b", "B", "money"))
    with pytest.raises(ValueError, match="a row of 1 cells under 2 columns"):
        Table(columns, (("x",),), caption="C")
    with pytest.raises(TypeError, match=r"column b: 1\.5"):
        Table(columns, (("x", 1.5),), caption="C")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="caption"):
        Table(columns, (), caption=" ")
    with pytest.raises(ValueError, match="repeats"):
        Table((Column("a", "A"), Column("a", "B")), (), caption="C")


def test_a_report_needs_a_title_a_time_zone_and_a_known_audience(report: Report) -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(report, as_at=datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="audience"):
        replace(report, audience="everybody")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="title"):
        replace(report, title="")
    with pytest.raises(ValueError, match="heading"):
        Section("")
    with pytest.raises(ValueError, match="words"):
        Notice("info", "")
    with pytest.raises(FrozenInstanceError):
        report.title = "x"  # type: ignore[misc]


def test_a_chart_must_be_described_and_its_points_be_single(trend: ChartSpec) -> None:
    with pytest.raises(ValueError, match="needs its alt"):
        replace(trend, alt="")
    with pytest.raises(ValueError, match="two points"):
        replace(trend, rows=(*trend.rows, trend.rows[0]))
    with pytest.raises(TypeError, match="Decimal"):
        replace(trend, rows=({"month": "Apr", "kind": "A", "cost": 1.5},))  # type: ignore[dict-item]
    many: tuple[dict[str, str | int], ...] = tuple(
        {"month": "Apr", "kind": str(n), "cost": n} for n in range(9)
    )
    with pytest.raises(ValueError, match="more than 8 series"):
        replace(trend, rows=many)


def test_the_table_of_a_chart_holds_its_numbers(trend: ChartSpec, report: Report) -> None:
    table = chart_table(trend)
    assert [column.title for column in table.columns] == ["Month", "Actual", "Plan"]
    assert table.rows[1] == ("May 2026", Decimal("1010000.36"), Decimal("1110000.61"))
    waterfall = [b.spec for _, b in report.blocks() if isinstance(b, Chart)][1]
    assert chart_table(waterfall).rows[-1] == ("This month", Decimal("-80.25"))
    steps = waterfall.waterfall_steps()
    assert [(low, high) for _, low, high, _ in steps] == [
        (0, 500),
        (500, Decimal("620.50")),
        (Decimal("-80.25"), Decimal("620.50")),
        (Decimal("-80.25"), 0),
    ]


def test_a_missing_point_stays_missing(trend: ChartSpec) -> None:
    gap = replace(
        trend, rows=(*trend.rows[:3], {"month": "May 2026", "kind": "Plan", "cost": None})
    )
    assert chart_table(gap).rows == (
        ("Apr 2026", Decimal("1000000.25"), None),
        ("May 2026", Decimal("1010000.36"), None),
        ("Jun 2026", Decimal("1020000.47"), None),
    )
