"""V: each slice's latest version against the one before, event by event."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import duckdb

from comptroller.reconciliation.model import BridgeLine, TieOut, bridge

_LATEST = """
CREATE OR REPLACE TEMP TABLE version_pairs AS
WITH decided AS (
  SELECT submission_id, arg_max(kind, (decided_at, decision_id)) AS kind
  FROM slice_decisions WHERE kind IN ('withdraw', 'restore') GROUP BY submission_id
), standing AS (
  SELECT v.* FROM slice_versions v LEFT JOIN decided d USING (submission_id)
  WHERE d.kind IS DISTINCT FROM 'withdraw'
), numbered AS (
  SELECT data_set, provider_code, commissioner_code, financial_year, month, stage, action,
         received_at, coalesce(rows, 0) AS row_count, coalesce(cost, 0) AS pounds,
         CASE WHEN action <> 'nil' THEN content_version_id END AS content,
         row_number() OVER (slice ORDER BY received_at DESC, sequence DESC) AS recent
  FROM standing
  WINDOW slice AS
    (PARTITION BY data_set, provider_code, commissioner_code, financial_year, month)
)
SELECT a.*, b.received_at AS previous_received_at, b.row_count AS previous_rows,
       b.pounds AS previous_pounds, b.content AS previous_content, b.stage AS previous_stage,
       row_number() OVER (ORDER BY a.data_set, a.provider_code, a.commissioner_code,
                          a.financial_year, a.month) AS pair
FROM (FROM numbered WHERE recent = 1) a
LEFT JOIN (FROM numbered WHERE recent = 2) b
  USING (data_set, provider_code, commissioner_code, financial_year, month)
"""

# Lines are compared by event; lines of one event are added up first, so that the three movements
# (new, gone, changed) add up exactly to the difference whatever repeats.
_MOVED = """
WITH differing AS (
  SELECT pair, content, previous_content FROM version_pairs
  WHERE previous_received_at IS NOT NULL AND content IS DISTINCT FROM previous_content
), sides AS (
  SELECT d.pair, l.event_key, coalesce(l.activity_cost, 0) AS cost, 1 AS side
  FROM differing d JOIN lines l ON l.slice_version_id = d.content
  UNION ALL
  SELECT d.pair, l.event_key, coalesce(l.activity_cost, 0) AS cost, -1 AS side
  FROM differing d JOIN lines l ON l.slice_version_id = d.previous_content
), events AS (
  SELECT pair, event_key, sum(cost * side) AS moved,
         count(*) FILTER (side = 1) AS now_rows, count(*) FILTER (side = -1) AS before_rows
  FROM sides GROUP BY pair, event_key
)
SELECT pair,
       coalesce(sum(moved) FILTER (before_rows = 0), 0), count(*) FILTER (before_rows = 0),
       coalesce(sum(moved) FILTER (now_rows = 0), 0), count(*) FILTER (now_rows = 0),
       coalesce(sum(moved) FILTER (before_rows > 0 AND now_rows > 0), 0),
       count(*) FILTER (before_rows > 0 AND now_rows > 0 AND moved <> 0)
FROM events GROUP BY pair ORDER BY pair
"""

_PAIRS = """
SELECT pair, data_set, provider_code, commissioner_code, financial_year, month, stage, action,
       received_at, row_count, pounds, previous_received_at, previous_rows, previous_pounds,
       content IS DISTINCT FROM previous_content AS is_changed
FROM version_pairs ORDER BY pair
"""


def create_version_pairs(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``version_pairs``: each slice's latest version with the one before, if there is one.

    Needs the slice views on the connection.
    """
    con.execute(_LATEST)


def version_ties(con: duckdb.DuckDBPyConnection) -> Iterator[TieOut]:
    """Yield V for every slice of every data set; needs the slice views on the connection."""
    create_version_pairs(con)
    moved: dict[int, tuple[Decimal, int, Decimal, int, Decimal, int]] = {
        row[0]: row[1:] for row in con.execute(_MOVED).fetchall()
    }
    for row in con.execute(_PAIRS).fetchall():
        pair, data_set, provider, commissioner, year, month, stage, action = row[:8]
        received, rows, pounds, before_at, before_rows, before_pounds, is_changed = row[8:]

        make = partial(
            TieOut,
            "V",
            data_set,
            provider,
            commissioner,
            year,
            month,
            left_name="this version",
            right_name="the version before",
        )
        if before_at is None:
            yield make(
                left_value=pounds,
                status="not_applicable",
                reason="this is the first version",
                facts={"received": received, "rows": rows, "stage": stage},
            )
            continue
        yield make(
            left_value=pounds,
            right_value=before_pounds,
            status="differs" if is_changed else "ties",
            reason=_reason(stage, action) if is_changed else "",
            bridge=_bridge(pounds - before_pounds, moved.get(pair)),
            facts={
                "received": received,
                "received_before": before_at,
                "rows": rows,
                "rows_before": before_rows,
                "stage": stage,
                **_counts(moved.get(pair)),
            },
        )


def _reason(stage: str, action: str) -> str:
    if action == "nil":
        return "all its lines are gone"
    if stage == "post_freeze":
        return "restated after freeze: what is payable does not move"
    return "restated"


def _bridge(
    difference: Decimal, moved: tuple[Decimal, int, Decimal, int, Decimal, int] | None
) -> tuple[BridgeLine, ...]:
    exact = []
    if moved:
        names = ("events that are new", "events that are gone", "events whose cost changed")
        exact = [BridgeLine(name, value) for name, value in zip(names, moved[::2], strict=True)]
    return bridge(difference, exact)


def _counts(moved: tuple[Decimal, int, Decimal, int, Decimal, int] | None) -> dict[str, int]:
    if not moved:
        return {}
    return dict(zip(("events_new", "events_gone", "events_changed"), moved[1::2], strict=True))
