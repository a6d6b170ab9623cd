from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from comptroller.rendering import (
    SUPPRESSED,
    Chart,
    ChartSpec,
    Column,
    Notice,
    Report,
    Section,
    Table,
    Text,
    Tile,
    Tiles,
)

AS_AT = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def trend() -> ChartSpec:
    months = ("Apr 2026", "May 2026", "Jun 2026")
    rows: list[dict[str, str | Decimal]] = [
        {"month": month, "kind": kind, "cost": Decimal(base) + Decimal(at) * Decimal("10000.11")}
        for kind, base in (("Actual", "1000000.25"), ("Plan", "1100000.50"))
        for at, month in enumerate(months)
    ]
    return ChartSpec(
        kind="line",
        title="Actual and plan by month",
        x="month",
        y="cost",
        series="kind",
        rows=tuple(rows),
        x_title="Month",
        y_title="Cost (£)",
        alt='Actual rises by £10,000 a month and stays "below" plan',
    )


@pytest.fixture
def report(trend: ChartSpec) -> Report:
    columns = (
        Column("provider_code", "Provider", "code"),
        Column("name", "Name"),
        Column("actual", "Actual (£)", "money"),
        Column("lines", "Lines", "count"),
        Column("share", "Share", "percent"),
        Column("received", "Received", "date"),
    )
    day = date(2026, 5, 21)
    table = Table(
        columns,
        (
            ("X01", "Northmoor & Vale <Trust>", Decimal("1234567.89"), 1204, Decimal("0.5"), day),
            ("X02", '=HYPERLINK("http://evil","x")', Decimal("-0.01"), 0, Decimal("-0.05"), None),
            ("X03", "Ślęża Klinik 東京 \x07", Decimal("98765432.10"), SUPPRESSED, None, day),
        ),
        caption="Actual by provider",
        total_row=("Total", None, Decimal("99999999.98"), 1204, None, None),
        note="Actual is payable cost.",
        name="Providers",
    )
    empty = Table((Column("a", "Anything"),), (), caption="What could not run")
    waterfall = ChartSpec(
        kind="waterfall",
        title="What moved",
        x="step",
        y="cost",
        rows=(
            {"step": "Last month", "cost": Decimal("500.00")},
            {"step": "New", "cost": Decimal("120.50")},
            {"step": "Gone", "cost": Decimal("-700.75")},
        ),
        x_title="Step",
        y_title="Cost (£)",
        alt="Cost falls below nil",
        end_label="This month",
    )
    return Report(
        title="Month summary",
        subtitle="Northmoor ICB, 2026/27 month 3",
        sections=(
            Section(
                "Headlines",
                (
                    Tiles(
                        (
                            Tile("Cost to date", Decimal("3090001.41"), "money", "3 months"),
                            Tile("Findings", 1234, "count"),
                            Tile("Tested", Decimal("0.934"), "percent"),
                        )
                    ),
                    Notice("warning", "**Two checks** could not run."),
                    Text('First "words" with `code` and #typst $math$ \\ back.\n\n- one\n- two'),
                ),
            ),
            Section("Position", (Chart(trend), table, Chart(waterfall), empty)),
        ),
        as_at=AS_AT,
        audience="internal",
    )
