"""Slices and their versions: which lines are payable, which are current.

A slice is data set, provider, commissioner, financial year and month. Every file that covers it
makes a version; a version with the same content as the one before points to its lines and stores
none. *Payable* is the last version received up to the freeze date (where none was, the first
received; with the parts of the return that came still later and only add to it), unless a person
pinned another; *current* is the last received. Versions of withdrawn submissions count for neither.
"""

from __future__ import annotations

import duckdb

from comptroller.errors import UsageError
from comptroller.vocabulary import line_columns
from comptroller.warehouse import Warehouse, quote_identifier, quote_literal
from comptroller.workspace import Workspace

KEY = ("data_set", "provider_code", "commissioner_code", "financial_year", "month")
_KEYS = ", ".join(KEY)

LAST_DECISIONS = """(
    SELECT submission_id, arg_max(kind, (decided_at, decision_id)) AS kind,
           arg_max(reason, (decided_at, decision_id)) AS reason
    FROM slice_decisions WHERE kind IN ('withdraw', 'restore') GROUP BY submission_id)"""
"""SQL of the last decision on each submission that was ever taken out: kind and reason."""

_STATE = f"""
CREATE OR REPLACE TEMP TABLE slice_state AS
WITH RECURSIVE decided AS {LAST_DECISIONS}, pins AS (
    SELECT slice_version_id, max((decided_at, decision_id)) AS pinned
    FROM slice_decisions WHERE kind = 'pin' GROUP BY slice_version_id
), live AS (
    SELECT v.*, p.pinned FROM slice_versions v
    LEFT JOIN decided d USING (submission_id)
    LEFT JOIN pins p USING (slice_version_id)
    WHERE d.kind IS DISTINCT FROM 'withdraw'
), received AS (
    SELECT * FROM live
    QUALIFY row_number() OVER (
        PARTITION BY {_KEYS}
        ORDER BY pinned IS NULL, pinned DESC, stage = 'post_freeze',
                 CASE WHEN stage <> 'post_freeze' THEN received_at END DESC,
                 CASE WHEN stage <> 'post_freeze' THEN sequence END DESC,
                 received_at, sequence) = 1
), completed AS (
    -- A part of the return that came after the freeze and only adds to what is payable: of its
    -- groups of points of delivery it is the first version received.
    SELECT *, 0 AS step FROM received
    UNION ALL
    SELECT v.*, c.step + 1 FROM completed c JOIN live v
        ON v.completes_content_id = c.content_version_id AND c.pinned IS NULL
        AND v.stage = 'post_freeze'
), payable AS (
    SELECT * EXCLUDE (step), 'payable' AS track FROM completed
    QUALIFY row_number() OVER (PARTITION BY {_KEYS} ORDER BY step DESC, sequence) = 1
), current AS (
    SELECT *, 'current' AS track FROM live
    QUALIFY row_number() OVER (
        PARTITION BY {_KEYS} ORDER BY received_at DESC, sequence DESC) = 1
)
SELECT {_KEYS}, track, slice_version_id, content_version_id, submission_id, stage, received_at,
       sequence, action, content_hash, rows, cost, pod_groups
FROM (SELECT * FROM payable UNION ALL SELECT * FROM current)
ORDER BY {_KEYS}, track
"""


def create_slice_views(con: duckdb.DuckDBPyConnection, wh: Warehouse) -> None:
    """Make ``slice_state``, ``payable_lines`` and ``current_lines`` on a connection.

    ``slice_state`` has one row per slice and track (``payable``, ``current``). The two views have
    the columns of ``lines``. The relations ``slice_versions``, ``slice_decisions`` and ``lines``
    are made too.

    Args:
        con: The connection that gets them.
        wh: The workspace's warehouse.
    """
    wh.view(con, "slice_versions", "slice_decisions", "lines")
    con.execute(_STATE)
    columns = ", ".join(f"l.{quote_identifier(name)}" for name in line_columns())
    for track in ("payable", "current"):
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {track}_lines AS SELECT {columns} FROM lines l "
            f"WHERE l.slice_version_id IN (SELECT content_version_id FROM slice_state "
            f"WHERE track = {quote_literal(track)} AND action <> 'nil')"
        )


def create_slice_state(con: duckdb.DuckDBPyConnection, wh: Warehouse) -> None:
    """Make ``slice_state`` alone, without the relation over lines."""
    wh.view(con, "slice_versions", "slice_decisions")
    con.execute(_STATE)


def require_loaded(
    ws: Workspace, *, provider: str | None = None, commissioner: str | None = None
) -> None:
    """Refuse a code of which nothing was ever loaded: an empty answer would read as good news.

    Raises:
        UsageError: Such a code; the message names those that were loaded.
    """
    wanted = (("provider", provider), ("commissioner", commissioner))
    if not any(code for _, code in wanted):
        return
    con = ws.connect()
    ws.warehouse.view(con, "slice_versions")
    for what, code in wanted:
        if code is None:
            continue
        rows = con.execute(f"SELECT DISTINCT {what}_code FROM slice_versions ORDER BY 1").fetchall()
        known = [row[0] for row in rows]
        if code not in known:
            raise UsageError(
                f"nothing of {what} '{code}' is loaded",
                where=f"--{what}",
                remedy=f"Loaded: {', '.join(known) or 'nothing yet'}",
            )
    con.close()
