"""Published activity tables become rows of the table `aggregates`: one figure per row.

Comes in: the raw sheets of a workbook or CSV with their found tables. Goes out: which sheet is
which data set of the vocabulary (A&E attendances, monthly activity return, referral to treatment,
national schedule of reference costs ...), why each other sheet is set aside, and the query that
unpivots the measures, with control totals. It writes nothing: the load that owns the submission
appends the rows in its commit.
"""

from comptroller.intake.aggregates.choice import (
    AggregatePart,
    AggregateReading,
    recognise_aggregates,
)
from comptroller.intake.aggregates.figures import (
    ControlTotal,
    PublishedCost,
    aggregate_rows_sql,
    control_totals,
    unreadable_rows,
)
from comptroller.intake.aggregates.recognition import (
    AggregateMatch,
    MeasureColumn,
    recognise_aggregate,
)

__all__ = [
    "AggregateMatch",
    "AggregatePart",
    "AggregateReading",
    "ControlTotal",
    "MeasureColumn",
    "PublishedCost",
    "aggregate_rows_sql",
    "control_totals",
    "recognise_aggregate",
    "recognise_aggregates",
    "unreadable_rows",
]
