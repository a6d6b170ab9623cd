"""Published activity as monthly series, such as A&E attendances by provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from comptroller.workspace import Workspace


@dataclass(frozen=True)
class SeriesPoint:
    """One value of one organisation in one period."""

    organisation_code: str
    organisation_name: str
    period_start: date
    value: Decimal


def activity_series(
    ws: Workspace,
    *,
    data_set: str = "AE_ATTENDANCES",
    measure: str = "attendances",
    dimension: Mapping[str, str] | None = None,
    add_up: str = "department_type",
    organisation: str | None = None,
    con: duckdb.DuckDBPyConnection | None = None,
) -> list[SeriesPoint]:
    """Return a measure by organisation and period, from the latest submission of each.

    Where several submissions carry the same organisation and period, the one received last wins;
    within it, the sheet that comes first. A total published beside its parts (`all`) is taken as
    it is; where only parts are published they are added up. Organisations without a value in a
    period have no row: not published is not nothing.

    Args:
        ws: The workspace.
        data_set: A published data set of the vocabulary.
        measure: One of its measures.
        dimension: Only rows whose dimension has these values.
        add_up: The dimension whose parts add up to `all`.
        organisation: Only this organisation.
        con: A connection to use, whose temporary views are replaced.

    Returns:
        Points in order of organisation and period.
    """
    con = con or ws.connect()
    ws.warehouse.view(con, "aggregates", "submissions")
    where = ["a.data_set = ?", "a.measure = ?", "a.value IS NOT NULL"]
    values: list[object] = [data_set, measure]
    for key, value in (dimension or {}).items():
        where.append("json_extract_string(a.dimension, ?) = ?")
        values += [f"$.{key}", value]
    if organisation is not None:
        where.append("a.organisation_code = ?")
        values.append(organisation)
    part = f"json_extract_string(dimension, '$.{add_up}')"
    sql = f"""
        WITH received AS (
          SELECT submission_id, max(received_at) AS received_at, max(loaded_at) AS loaded_at
          FROM submissions GROUP BY submission_id
        ), chosen AS (
          SELECT a.*, {part} AS piece FROM aggregates a LEFT JOIN received r USING (submission_id)
          WHERE {" AND ".join(where)}
          QUALIFY dense_rank() OVER (
            PARTITION BY a.organisation_code, a.period_start
            ORDER BY r.received_at DESC NULLS LAST, r.loaded_at DESC NULLS LAST,
                     a.submission_id, a.part, a.sheet) = 1
        ), totals AS (
          SELECT *, bool_or(piece = 'all') OVER (PARTITION BY organisation_code, period_start)
                 AS has_total
          FROM chosen
        )
        SELECT organisation_code, any_value(organisation_name ORDER BY organisation_name),
               period_start, sum(value)
        FROM totals
        WHERE NOT coalesce(has_total, false) OR piece = 'all'
        GROUP BY organisation_code, period_start
        ORDER BY organisation_code, period_start
    """
    return [
        SeriesPoint(str(row[0]), str(row[1] or ""), row[2], row[3])
        for row in con.execute(sql, values).fetchall()
    ]
