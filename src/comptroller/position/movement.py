"""What changed: each slice's latest version against the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import duckdb

from comptroller.workspace import Workspace

MOVEMENT_COLUMNS: tuple[str, ...] = (
    "data_set",
    "provider_code",
    "commissioner_code",
    "financial_year",
    "month",
    "stage",
    "change",
    "previous_received_at",
    "received_at",
    "previous_rows",
    "rows",
    "previous_cost",
    "cost",
    "change_cost",
)


@dataclass(frozen=True)
class SliceMovement:
    """One slice: its latest version and the one before.

    `change` is `new` (a first version), `changed`, `unchanged` or `nil` (the slice lost all its
    lines). `stage` is that of the latest version: a change with stage `post_freeze` does not move
    what is payable. Costs in pounds.
    """

    data_set: str
    provider_code: str
    commissioner_code: str
    financial_year: str
    month: int
    stage: str
    change: str
    previous_received_at: datetime | None
    received_at: datetime
    previous_rows: int | None
    rows: int
    previous_cost: Decimal | None
    cost: Decimal
    change_cost: Decimal

    def as_tuple(self) -> tuple[object, ...]:
        """Return the values in the order of `MOVEMENT_COLUMNS`."""
        return tuple(getattr(self, column) for column in MOVEMENT_COLUMNS)


def movement(
    ws: Workspace,
    *,
    provider: str | None = None,
    since: datetime | None = None,
    changed_only: bool = True,
    con: duckdb.DuckDBPyConnection | None = None,
) -> list[SliceMovement]:
    """Return what each slice's latest version changed, largest change in pounds first.

    Withdrawn submissions do not count.

    Args:
        ws: The workspace.
        provider: Only this provider.
        since: Only slices whose latest version arrived at or after this moment (UTC).
        changed_only: Leave out slices whose content did not change.
        con: A connection to use, whose temporary views are replaced.
    """
    con = con or ws.connect()
    ws.warehouse.view(con, "slice_versions", "slice_decisions")
    where = ["recent = 1"]
    values: list[object] = []
    if provider is not None:
        where.append("provider_code = ?")
        values.append(provider)
    if since is not None:
        where.append("received_at >= ?")
        values.append(since.replace(tzinfo=None))
    if changed_only:
        where.append("change <> 'unchanged'")
    sql = f"""
        WITH {withdrawn_submissions()}, standing AS (
          SELECT * FROM slice_versions
          WHERE submission_id NOT IN (SELECT submission_id FROM withdrawn)
        ), numbered AS (
          SELECT *, coalesce(rows, 0) AS row_count, coalesce(cost, 0) AS pounds,
                 row_number() OVER (slice ORDER BY received_at DESC, sequence DESC) AS recent
          FROM standing
          WINDOW slice AS
            (PARTITION BY data_set, provider_code, commissioner_code, financial_year, month)
        ), compared AS (
          SELECT n.*, lag(received_at) OVER slice AS previous_received_at,
                 lag(row_count) OVER slice AS previous_rows,
                 lag(pounds) OVER slice AS previous_cost,
                 lag(content_hash) OVER slice AS previous_hash
          FROM numbered n
          WINDOW slice AS
            (PARTITION BY data_set, provider_code, commissioner_code, financial_year, month
             ORDER BY recent DESC)
        ), told AS (
          SELECT *, pounds - coalesce(previous_cost, 0) AS change_cost,
                 CASE WHEN previous_received_at IS NULL THEN 'new'
                      WHEN content_hash = previous_hash OR action = 'unchanged' THEN 'unchanged'
                      WHEN action = 'nil' THEN 'nil' ELSE 'changed' END AS change
          FROM compared
        )
        SELECT data_set, provider_code, commissioner_code, financial_year, month, stage, change,
               previous_received_at, received_at, previous_rows, row_count, previous_cost, pounds,
               change_cost
        FROM told WHERE {" AND ".join(where)}
        ORDER BY abs(change_cost) DESC, data_set, provider_code, commissioner_code,
                 financial_year, month
    """
    return [SliceMovement(*row) for row in con.execute(sql, values).fetchall()]


def withdrawn_submissions() -> str:
    """Return a common table expression `withdrawn(submission_id)`: the latest decision counts."""
    return """withdrawn AS (
          SELECT submission_id FROM slice_decisions
          WHERE kind IN ('withdraw', 'restore') AND submission_id IS NOT NULL
          QUALIFY row_number() OVER
            (PARTITION BY submission_id ORDER BY decided_at DESC, decision_id DESC) = 1
            AND kind = 'withdraw'
        )"""
