"""Care: what happens to each patient, when, and what is charged for it.

Each patient has one event in a month at most, in months that leave room for a stay: nobody is in
two places at once, and nothing is charged twice unless a fault says so. Blocks of twelve patients
live the same kinds of events in turn, one month apart, so that months are alike.
"""

from __future__ import annotations

import duckdb

from comptroller.demo.presets import Preset

_EVENTS = """
CREATE OR REPLACE TABLE planned AS
WITH turns AS (
    SELECT p.*, j,
        CAST((p.turn + CASE WHEN j < 6 THEN 2 * j ELSE 2 * j - 11 END) % 12 + 1 AS INTEGER) AS m,
        CASE WHEN j < 6 THEN 'any' ELSE 'short' END AS mode, p.block_no * 16 + j AS draw
    FROM patients p, range({max_events}) t(j)
    WHERE j < p.n_events AND p.prov IN ({prov})
), kinded AS (
    SELECT t.*, CASE
        WHEN btype = 'renal' THEN 'RADAY'
        WHEN btype = 'newborn' THEN 'BABY'
        WHEN btype = 'maternity' AND j = 0 THEN 'NELNE'
        WHEN btype = 'anchor' THEN CASE j
            WHEN 0 THEN CASE WHEN has_drugs THEN 'DRUG' ELSE k.kind END
            WHEN 1 THEN CASE WHEN has_devices AND NOT is_hub THEN 'DEV' ELSE k.kind END
            WHEN 2 THEN CASE WHEN prov_kind = 'community' THEN 'COMM' ELSE 'OPF' END
            WHEN 3 THEN CASE WHEN prov_kind = 'community' THEN 'DA' ELSE 'DC' END
            WHEN 4 THEN CASE WHEN has_emergency AND NOT is_hub THEN 'AE' ELSE k.kind END
            ELSE CASE WHEN NOT has_emergency OR is_hub THEN k.kind
                WHEN stratum % 2 = 0 THEN 'OPN' ELSE 'NEL' END END
        ELSE k.kind END AS raw_kind
    FROM turns t JOIN kinds k ON k.prov = t.prov AND k.grp = t.grp AND k.mode = t.mode
        AND rnd(t.draw, 20) >= k.low AND rnd(t.draw, 20) < k.high
), dated AS (
    SELECT *, pid * 256 + j * 16 AS eno,
        CASE WHEN raw_kind = 'SDEC' AND ({sdec} = 0 OR m < {sdec}) THEN 'NEL' ELSE raw_kind END
            AS kind,
        raw_kind = 'SDEC' AS is_sdec,
        CAST({start} + to_months(m - 1) AS DATE) AS month_start,
        day(last_day(CAST({start} + to_months(m - 1) AS DATE))) AS dim
    FROM kinded
), placed AS (
    SELECT *, rnd(eno, 21) AS r_day, rnd(eno, 22) AS r_los,
        kind IN ('NEL', 'EL', 'NELNE', 'BABY') OR (kind = 'DEV') AS is_stay
    FROM dated
    WHERE rnd(eno, 23) >= CASE
        WHEN btype IN ('anchor', 'renal') THEN 0
        WHEN m = 9 AND kind IN ('EL', 'DC', 'OPF', 'OPU', 'OPP') THEN 0.06
        WHEN m IN (4, 5) AND kind IN ('NEL', 'AE') THEN 0.05 ELSE 0 END
), timed AS (
    SELECT *,
        CASE WHEN NOT is_stay THEN 0 WHEN is_sdec THEN 0
            WHEN kind = 'NEL' THEN CASE WHEN r_los < 0.34 THEN CAST(floor(r_los * 6) AS INTEGER)
                ELSE 2 + CAST(floor((r_los - 0.34) * (r_los - 0.34) * 41) AS INTEGER) END
            WHEN kind IN ('NELNE', 'BABY') THEN 1 + CAST(floor(r_los * 2) AS INTEGER)
            ELSE 1 + CAST(floor(r_los * r_los * 12) AS INTEGER) END AS raw_los,
        CASE WHEN is_stay THEN CAST(floor(r_day * dim) AS INTEGER)
            WHEN mode = 'short' THEN CAST(floor(r_day * 5) AS INTEGER)
            ELSE CAST(floor(r_day * (dim - 2)) AS INTEGER) END AS day_no
    FROM placed
), finished AS (
    SELECT *,
        CASE WHEN m = 1 THEN least(raw_los, day_no) ELSE raw_los END AS los,
        CASE WHEN is_stay OR kind IN ('AE', 'SDEC', 'RADAY')
                OR isodow(month_start + day_no) < 6 THEN month_start + day_no
            ELSE month_start + day_no + CAST(8 - isodow(month_start + day_no) AS INTEGER) END
            AS end_date
    FROM timed
)
SELECT * EXCLUDE (raw_kind, raw_los, r_day, r_los), end_date - los AS start_date
FROM finished
"""

# A dialysis patient attends every other day; most emergency admissions come through A&E.
_COMPOUND = """
CREATE OR REPLACE TABLE events_all AS
SELECT * EXCLUDE (j), j, 0 AS sub, FALSE AS is_front_door FROM planned WHERE kind <> 'RADAY'
UNION ALL BY NAME
SELECT * REPLACE (eno + s AS eno, month_start + CAST(s * 2 AS INTEGER) AS end_date,
        month_start + CAST(s * 2 AS INTEGER) AS start_date),
    s AS sub, FALSE AS is_front_door
FROM planned, range(12) t(s) WHERE kind = 'RADAY'
UNION ALL BY NAME
SELECT * REPLACE (eno + 1 AS eno, 'AE' AS kind, start_date AS end_date, 0 AS los),
    1 AS sub, TRUE AS is_front_door
FROM planned WHERE kind = 'NEL' AND has_emergency AND NOT is_hub AND rnd(eno, 24) < 0.7
"""

_PRICED = """
CREATE OR REPLACE TABLE events AS
WITH dishes AS (
    SELECT e.*, d.* EXCLUDE (prov, grp, kind),
        date_diff('year', coalesce(dob, end_date), end_date)
            - CASE WHEN strftime(coalesce(dob, end_date), '%m%d') > strftime(end_date, '%m%d')
                THEN 1 ELSE 0 END AS age
    FROM events_all e
    JOIN menu d ON d.prov = e.prov AND d.grp = e.grp
        AND d.kind = CASE e.kind WHEN 'DRUG' THEN 'OPU' WHEN 'DEV' THEN 'EL' ELSE e.kind END
        AND d.idx = CAST(floor(rnd(e.draw + e.turn % 3, 25) * rnd(e.draw + e.turn % 3, 26)
            * d.n_kind) AS INTEGER)
), sexed AS (
    -- Who has care that only women, or only men, can have is one.
    SELECT * REPLACE (CASE WHEN bool_or(tfc IN ('501', '502')) OVER (PARTITION BY pid) THEN '2'
        WHEN bool_or(code LIKE 'LB%') OVER (PARTITION BY pid) THEN '1' ELSE sex END AS sex)
    FROM dishes
), podded AS (
    SELECT *,
        CASE WHEN kind = 'NEL' AND los < 2 AND age >= 19 AND short_price > 0 THEN 'NELST'
            ELSE menu_pod END AS pod,
        CASE WHEN kind = 'NEL' AND los < 2 AND age >= 19 AND short_price > 0 THEN short_price
            ELSE price END AS base_price
    FROM sexed
    WHERE NOT (code LIKE 'LB%' AND sex = '2')
), owned AS (
    SELECT *,
        CASE WHEN moved_on IS NOT NULL AND start_date >= moved_on THEN practice_two
            ELSE practice_one END AS practice,
        month_of(end_date) AS fin_month,
        CASE WHEN is_hub THEN '21' WHEN dish_svc <> '' THEN '25' ELSE '12' END AS csc,
        CASE WHEN is_local THEN 1.0::DECIMAL(9,6) ELSE mff END AS factor,
        CASE WHEN kind IN ('EL', 'NEL', 'DEV') AND los >= 3 AND rnd(eno, 27) < 0.06
            THEN 1 + CAST(floor(rnd(eno, 28) * 3) AS INTEGER) ELSE 0 END AS cc_days
    FROM podded
)
SELECT * REPLACE (CASE WHEN btype = 'newborn' THEN start_date ELSE dob END AS dob),
    CASE WHEN is_hub THEN comm
        WHEN fin_month <= legacy_until AND former <> '' AND comm = responsible THEN former
        ELSE comm END AS charged,
    CASE WHEN kind NOT IN ('EL', 'NEL', 'NELNE', 'DEV') OR pod = 'NELST' THEN 0
        ELSE greatest(0, los - cc_days - trim) END AS xbd,
    CAST(round(base_price * factor, 2) AS DECIMAL(18,2)) AS unit_price,
    CASE WHEN kind IN ('DC', 'EL', 'NEL', 'NELNE', 'BABY', 'RADAY', 'DEV') THEN 'APC'
        WHEN kind IN ('AE', 'SDEC') THEN 'EC'
        WHEN kind IN ('DA', 'COMM') THEN '' ELSE 'OP' END AS sus_set,
    CASE WHEN rnd(eno, 29) < 0.03 AND btype <> 'anchor' THEN fin_month + 1 ELSE fin_month END
        AS seen_from,
    kind IN ('NEL', 'EL', 'DC') AND rnd(eno, 30) < 0.05 AS is_late_coded
FROM owned
ORDER BY eno
"""


def make_events(
    con: duckdb.DuckDBPyConnection, preset: Preset, providers: list[str], max_events: int
) -> None:
    """Create ``events``: one row per thing that happened at these providers, priced and owned."""
    names = {
        "prov": ", ".join(f"'{code}'" for code in providers),
        "start": f"DATE '{preset.start.isoformat()}'",
        "sdec": preset.same_day_emergency_from_month,
        "max_events": max_events,
    }
    con.execute(_EVENTS.format(**names))
    con.execute(_COMPOUND)
    con.execute(_PRICED)
