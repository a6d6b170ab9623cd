"""How a slice moved between its versions: added, raised, restated, dropped and back again."""

from __future__ import annotations

import duckdb

_KEY = "data_set, provider_code, commissioner_code, financial_year, month"


def create_version_facts(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_versions``: one row per slice.

    Reads ``slice_state`` (both tracks), ``slice_versions``, ``lines``, ``payable_lines``,
    ``current_lines``. Only slices whose versions differ have their lines compared, by event key
    and place among equal keys.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_moved AS
        SELECT {_KEY} FROM (SELECT * FROM slice_state WHERE track = 'payable') AS p
        JOIN (SELECT {_KEY}, content_version_id AS now_id, stage AS now_stage FROM slice_state
            WHERE track = 'current') AS c USING ({_KEY})
        WHERE c.now_id <> p.content_version_id AND c.now_stage = 'post_freeze'
            AND p.stage IN ('flex', 'freeze')
        """
    )
    for name, view in (("facts_frozen", "payable_lines"), ("facts_now", "current_lines")):
        con.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE {name} AS
            SELECT {_KEY}, event_key, activity_cost, row_number() OVER (
                PARTITION BY {_KEY}, event_key ORDER BY activity_cost, line_id) AS place
            FROM {view} SEMI JOIN facts_moved USING ({_KEY})
            """
        )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_movements AS
        SELECT {_KEY},
            count(*) FILTER (WHERE NOT in_frozen) AS rows_added_after_freeze,
            coalesce(sum(now_cost) FILTER (WHERE NOT in_frozen), 0) AS cost_added_after_freeze,
            coalesce(sum(now_cost - frozen_cost) FILTER (WHERE in_frozen AND in_now), 0)
                AS cost_increase_after_freeze,
            coalesce(sum(now_cost), 0) - coalesce(sum(frozen_cost), 0)
                AS cost_movement_after_freeze
        FROM (
            SELECT {_KEY}, event_key, place, n.activity_cost AS now_cost,
                f.activity_cost AS frozen_cost, n.here IS NOT NULL AS in_now,
                f.here IS NOT NULL AS in_frozen
            FROM (SELECT *, true AS here FROM facts_now) AS n
            FULL JOIN (SELECT *, true AS here FROM facts_frozen) AS f
                USING ({_KEY}, event_key, place))
        GROUP BY ALL
        """
    )
    _create_reappeared(con)
    _create_plans_before(con)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_versions AS
        SELECT s.data_set, s.provider_code, s.commissioner_code, s.financial_year, s.month,
            coalesce(m.rows_added_after_freeze, 0) AS rows_added_after_freeze,
            coalesce(m.cost_added_after_freeze, 0) AS cost_added_after_freeze,
            coalesce(m.cost_increase_after_freeze, 0) AS cost_increase_after_freeze,
            coalesce(m.cost_movement_after_freeze, 0) AS cost_movement_after_freeze,
            CAST(c.received_at AS DATE) AS current_received_date,
            CAST(c.received_at AS DATE) - make_date(CAST(left(s.financial_year, 4) AS INTEGER) + 1,
                3, 31) AS days_after_year_end,
            coalesce(r.rows_reappeared, 0) AS rows_reappeared,
            coalesce(r.cost_reappeared, 0) AS cost_reappeared,
            b.planned_cost_before
        FROM facts_slices AS s
        LEFT JOIN (SELECT * FROM slice_state WHERE track = 'current') AS c USING ({_KEY})
        LEFT JOIN facts_movements AS m USING ({_KEY})
        LEFT JOIN facts_reappeared AS r USING ({_KEY})
        LEFT JOIN facts_plans_before AS b USING ({_KEY})
        """
    )
    for name in ("facts_moved", "facts_frozen", "facts_now", "facts_movements"):
        con.execute(f"DROP TABLE {name}")


# The versions of each slice that differ in content, in the order in which they came.
_STEPS = f"""
    SELECT {_KEY}, content_version_id, row_number() OVER (
        PARTITION BY {_KEY} ORDER BY min(received_at), min(sequence)) AS step,
        count(*) OVER (PARTITION BY {_KEY}) AS steps
    FROM slice_versions GROUP BY {_KEY}, content_version_id"""


def _create_reappeared(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_reappeared AS
        WITH steps AS ({_STEPS}),
        several AS (SELECT * FROM steps WHERE steps >= 3),
        seen AS (
            SELECT s.data_set, s.provider_code, s.commissioner_code, s.financial_year, s.month,
                s.step, l.event_key, min(l.activity_cost) AS activity_cost
            FROM several AS s JOIN lines AS l ON l.slice_version_id = s.content_version_id
            WHERE s.data_set <> 'ACM' GROUP BY ALL),
        gaps AS (
            SELECT {_KEY}, event_key, arg_max(activity_cost, step) AS activity_cost
            FROM seen GROUP BY {_KEY}, event_key
            HAVING max(step) - min(step) + 1 > count(*))
        SELECT {_KEY}, count(*) AS rows_reappeared, sum(activity_cost) AS cost_reappeared
        FROM gaps GROUP BY {_KEY}
        """
    )


def _create_plans_before(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE facts_plans_before AS
        WITH steps AS ({_STEPS}),
        several AS (SELECT * FROM steps WHERE steps >= 2 AND data_set = 'ACM'),
        plans AS (
            SELECT s.data_set, s.provider_code, s.commissioner_code, s.financial_year, s.month,
                s.step, s.content_version_id, sum(l.planned_cost) AS planned_cost
            FROM several AS s JOIN lines AS l ON l.slice_version_id = s.content_version_id
            GROUP BY ALL)
        SELECT {_KEY}, b.planned_cost AS planned_cost_before
        FROM plans AS b JOIN plans AS a USING ({_KEY})
        JOIN facts_slices AS s USING ({_KEY})
        JOIN slice_state AS t USING ({_KEY})
        WHERE t.track = 'current' AND a.content_version_id = t.content_version_id
            AND b.step = a.step - 1
        """
    )
