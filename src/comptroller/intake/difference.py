"""What changed between two submissions: lines added, gone, repriced, recoded, with pounds."""

from __future__ import annotations

from typing import Any

import duckdb

from comptroller.intake.slices import KEY
from comptroller.warehouse import quote_literal
from comptroller.workspace import Workspace

SUMMARY_COLUMNS = ("change", *KEY, "lines", "cost_before", "cost_after", "difference")
ROW_COLUMNS = (
    "change",
    *KEY,
    "event_key",
    "pod_before",
    "pod_after",
    "tariff_before",
    "tariff_after",
    "cost_before",
    "cost_after",
    "line_before",
    "line_after",
)

CHANGE = """CASE
    WHEN a.line_id IS NULL THEN 'added' WHEN b.line_id IS NULL THEN 'gone'
    WHEN a.pod_code IS DISTINCT FROM b.pod_code OR a.tariff_code IS DISTINCT FROM b.tariff_code
      OR a.tfc IS DISTINCT FROM b.tfc THEN 'recoded'
    WHEN a.commissioner_code <> b.commissioner_code OR a.month <> b.month
      OR a.financial_year <> b.financial_year THEN 'moved'
    WHEN a.cost <> b.cost THEN 'repriced' ELSE 'same' END"""
"""SQL of what changed between a line ``a`` and the line ``b`` that it became."""


def _prepare(ws: Workspace, before: str, after: str) -> duckdb.DuckDBPyConnection:
    """Make ``changes``: one row per event that differs between two submissions.

    Events are matched by event key and ordinal in the slices that both submissions cover; a
    slice that only one covers is compared with nothing.
    """
    con = ws.connect()
    ws.warehouse.view(con, "slice_versions", "lines")
    keys = ", ".join(f"coalesce(a.{k}, b.{k}) AS {k}" for k in KEY)
    for name, submission in (("a", before), ("b", after)):
        con.execute(
            f"""CREATE TEMP TABLE {name} AS SELECT v.data_set, v.provider_code,
            v.commissioner_code, v.financial_year, v.month, l.event_key, l.pod_code,
            l.tariff_code, l.activity_treatment_function_code AS tfc, l.line_id,
            coalesce(l.activity_cost, 0) AS cost,
            row_number() OVER (PARTITION BY l.event_key ORDER BY l.activity_cost, l.line_id) AS n
            FROM slice_versions v JOIN lines l ON l.slice_version_id = v.content_version_id
            WHERE v.submission_id = {quote_literal(submission)} AND v.action <> 'nil'"""
        )
    con.execute(
        f"""CREATE TEMP TABLE changes AS SELECT {CHANGE} AS change,
        {keys}, coalesce(a.event_key, b.event_key) AS event_key, a.pod_code AS pod_before,
        b.pod_code AS pod_after, a.tariff_code AS tariff_before, b.tariff_code AS tariff_after,
        a.cost AS cost_before, b.cost AS cost_after, a.line_id AS line_before,
        b.line_id AS line_after FROM a FULL JOIN b ON a.event_key = b.event_key AND a.n = b.n"""
    )
    return con


def summary(ws: Workspace, before: str, after: str) -> list[tuple[Any, ...]]:
    """Return the changes by kind and slice with lines and pounds; see ``SUMMARY_COLUMNS``."""
    con = _prepare(ws, before, after)
    keys = ", ".join(KEY)
    return con.execute(
        f"SELECT change, {keys}, count(*), coalesce(sum(cost_before), 0), "
        "coalesce(sum(cost_after), 0), "
        "coalesce(sum(cost_after), 0) - coalesce(sum(cost_before), 0) "
        f"FROM changes WHERE change <> 'same' GROUP BY change, {keys} ORDER BY ALL"
    ).fetchall()


def rows(ws: Workspace, before: str, after: str) -> list[tuple[Any, ...]]:
    """Return each changed event; see ``ROW_COLUMNS``."""
    con = _prepare(ws, before, after)
    return con.execute(
        f"SELECT {', '.join(ROW_COLUMNS)} FROM changes WHERE change <> 'same' ORDER BY ALL"
    ).fetchall()
