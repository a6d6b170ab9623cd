"""What changed since last month: how the slices moved against their versions before."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Final

from comptroller.position import movement
from comptroller.position.movement import SliceMovement
from comptroller.rendering import (
    Block,
    Chart,
    ChartSpec,
    Column,
    Section,
    Table,
    Text,
    Value,
    format_date,
    format_money_short,
)
from comptroller.reports.scope import Scope

WINDOW: Final = timedelta(days=21)
"""Deliveries within so many days of the last one that changed anything are this month's."""

LISTED: Final = 25

_CHANGES: Final = {
    "new": "New months",
    "changed": "Restated",
    "nil": "Now nil",
}
_STAGES: Final = {
    "flex": "Flex: before the reconciliation point",
    "freeze": "Freeze: the month is fixed",
    "post_freeze": "After freeze: does not change what is payable",
}


def movement_section(scope: Scope) -> Section:
    """Return the section on what the latest deliveries changed."""
    moved = [
        move
        for move in movement(scope.ws, con=scope.con)
        if move.financial_year == scope.month.year.text and move.month <= scope.month.month
    ]
    if not moved:
        return Section("What changed since last month", (Text("Nothing has been received."),))
    latest = max(move.received_at for move in moved)
    since = (latest - WINDOW).replace(hour=0, minute=0, second=0, microsecond=0)
    moves = [move for move in moved if move.received_at >= since]
    blocks: list[Block] = [
        Text(
            f"Deliveries from {format_date(since.date())} to {format_date(latest.date())}, each "
            f"slice (data set, provider, commissioner, month) of {scope.months} against its "
            "version before."
        )
    ]
    blocks.append(_chart(moves))
    blocks.append(_by_stage(moves))
    blocks.append(_by_provider(scope, moves))
    blocks.append(_largest(scope, moves))
    return Section("What changed since last month", tuple(blocks))


def _counts(moves: list[SliceMovement]) -> tuple[Value, ...]:
    previous = sum((m.previous_cost or Decimal(0) for m in moves), Decimal(0))
    return (
        len(moves),
        previous,
        sum((m.cost for m in moves), Decimal(0)),
        sum((m.change_cost for m in moves), Decimal(0)),
    )


_COLUMNS: Final = (
    Column("slices", "Slices", "count"),
    Column("previous_cost", "Cost before (£)", "money"),
    Column("cost", "Cost now (£)", "money"),
    Column("change_cost", "Change (£)", "money"),
)


def _by_stage(moves: list[SliceMovement]) -> Table:
    groups: dict[tuple[str, str, str], list[SliceMovement]] = defaultdict(list)
    for move in moves:
        groups[(move.data_set, move.stage, move.change)].append(move)
    rows = [
        (
            data_set,
            _STAGES.get(stage, stage),
            _CHANGES.get(change, change),
            *_counts(groups[(data_set, stage, change)]),
        )
        for data_set, stage, change in sorted(groups)
    ]
    return Table(
        (
            Column("data_set", "Data set", "code"),
            Column("stage", "Stage of the new version"),
            Column("change", "Change"),
            *_COLUMNS,
        ),
        tuple(rows),
        "Movement by data set, stage and kind of change",
        name="Movement by stage",
        note="Data sets carry the same care in different form: do not add them to one another.",
    )


def _by_provider(scope: Scope, moves: list[SliceMovement]) -> Table:
    groups: dict[tuple[str, str], list[SliceMovement]] = defaultdict(list)
    for move in moves:
        groups[(move.provider_code, move.data_set)].append(move)
    rows = [
        (scope.named(provider), data_set, *_counts(groups[(provider, data_set)]))
        for provider, data_set in sorted(groups)
    ]
    return Table(
        (Column("provider", "Provider"), Column("data_set", "Data set", "code"), *_COLUMNS),
        tuple(rows),
        "Movement by provider and data set",
        name="Movement by provider",
    )


def _largest(scope: Scope, moves: list[SliceMovement]) -> Table:
    restated = [move for move in moves if move.change != "new"]
    rows = [
        (
            scope.named(move.provider_code),
            move.commissioner_code,
            move.data_set,
            f"{move.financial_year} M{move.month}",
            move.stage,
            move.previous_cost,
            move.cost,
            move.change_cost,
        )
        for move in restated[:LISTED]
    ]
    return Table(
        (
            Column("provider", "Provider"),
            Column("commissioner_code", "Commissioner", "code"),
            Column("data_set", "Data set", "code"),
            Column("month", "Month", "code"),
            Column("stage", "Stage", "code"),
            *_COLUMNS[1:],
        ),
        tuple(rows),
        "Largest restatements",
        name="Largest restatements",
        empty="No month that had been received before was restated.",
        note=f"The {LISTED} largest of {len(restated)}." if len(restated) > LISTED else None,
    )


def _chart(moves: list[SliceMovement]) -> Chart:
    """Draw the movement of the data set that carries most money, so that nothing counts twice."""
    weight: dict[str, Decimal] = defaultdict(Decimal)
    for move in moves:
        weight[move.data_set] += abs(move.cost)
    data_set = min(weight, key=lambda name: (name != "ACM", -weight[name], name))
    own = [move for move in moves if move.data_set == data_set]
    start = sum((m.previous_cost or Decimal(0) for m in own), Decimal(0))
    steps: list[tuple[str, Decimal]] = [("Cost before", start)]
    for change, label in _CHANGES.items():
        for late in (False, True):
            chosen = [m for m in own if m.change == change and (m.stage == "post_freeze") == late]
            if chosen:
                words = f"{label}, after freeze" if late else label
                steps.append((words, sum((m.change_cost for m in chosen), Decimal(0))))
    end = sum((value for _, value in steps), Decimal(0))
    told = "; ".join(f"{label} {format_money_short(value)}" for label, value in steps)
    return Chart(
        ChartSpec(
            kind="waterfall",
            title=f"Movement of {data_set} in the slices that changed",
            x="step",
            y="cost",
            rows=tuple({"step": label, "cost": value} for label, value in steps),
            x_title="Kind of change",
            y_title="Cost (£)",
            alt=f"Waterfall of {data_set} cost: {told}; cost now {format_money_short(end)}.",
            end_label="Cost now",
        )
    )
