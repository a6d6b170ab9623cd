"""Position: actual against plan, what moved, and published activity as a series.

In: the lines of the slices that count (views of `intake.slices`), the signed plan and the legal
payers (views of `reference`), the published activity in `aggregates`. Out: rows of position by any
of its dimensions, month by month or year to date, exact to the penny; the movement of each slice
since its version before; monthly series of published activity. It owns no table.

Actuals come from ACM for every slice (provider, commissioner, month) where ACM was received, and
from the patient-level sets where it was not: never from both. A month that was not received is
absent, and so is its plan.
"""

from comptroller.position.actual import create_position_views
from comptroller.position.movement import MOVEMENT_COLUMNS, movement
from comptroller.position.report import (
    DIMENSIONS,
    POSITION_COLUMNS,
    Position,
    position,
)
from comptroller.position.series import SeriesPoint, activity_series

__all__ = [
    "DIMENSIONS",
    "MOVEMENT_COLUMNS",
    "POSITION_COLUMNS",
    "Position",
    "SeriesPoint",
    "activity_series",
    "create_position_views",
    "movement",
    "position",
]
