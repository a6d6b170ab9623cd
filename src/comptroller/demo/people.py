"""Patients: valid fictional NHS numbers in the 999 test range, homes, practices, births."""

from __future__ import annotations

import duckdb

from comptroller.demo.presets import Preset

FIRST_CASE = 900_000  # persons from here on are the planted cases
_CASES_FROM = 988_000  # bodies from here on are theirs

# Ten-digit numbers 999dddddd + check digit by modulus 11; a remainder that asks for ten is unused,
# and so is 9999999999, which is no number though its check digit is right.
_NUMBERS = """
CREATE OR REPLACE TABLE nhs_numbers AS
WITH bodies AS (
    SELECT i, (i * 387420489) % 1000000 AS body, i >= {cases_from} AS for_case
    FROM range(1000000) t(i) WHERE i < {enough} OR i >= {cases_from}
), checked AS (
    SELECT i, body, for_case,
        (11 - (243 + (body // 100000) * 7 + (body // 10000 % 10) * 6 + (body // 1000 % 10) * 5
        + (body // 100 % 10) * 4 + (body // 10 % 10) * 3 + (body % 10) * 2) % 11) % 11 AS digit
    FROM bodies
)
SELECT CAST(row_number() OVER (PARTITION BY for_case ORDER BY i) - 1
        + CASE WHEN for_case THEN {first_case} ELSE 0 END AS BIGINT) AS person,
    '999' || lpad(CAST(body AS VARCHAR), 6, '0') || CAST(digit AS VARCHAR) AS nhs
FROM checked WHERE digit < 10 AND body <> 999999 ORDER BY person
"""

_PATIENTS = """
CREATE OR REPLACE TABLE patients AS
WITH people AS (
    SELECT s.*, s.first_pid + i AS pid, i // 12 AS block, i % 12 AS turn,
        s.stratum * 100000 + i // 12 AS block_no
    FROM strata s, range(s.blocks * 12) t(i)
), typed AS (
    SELECT *, rnd(block_no, 1) AS r,
        CASE
            WHEN block = 0 THEN 'anchor'
            WHEN is_hub OR prov_kind NOT IN ('acute', 'tertiary') THEN 'adult'
            WHEN rnd(block_no, 1) < 0.010 THEN 'renal'
            WHEN rnd(block_no, 1) < 0.035 THEN 'maternity'
            WHEN rnd(block_no, 1) < 0.050 THEN 'newborn'
            WHEN rnd(block_no, 1) < 0.140 THEN 'child'
            ELSE 'adult'
        END AS btype
    FROM people
), shaped AS (
    SELECT *,
        CASE
            WHEN btype IN ('renal', 'newborn') THEN 1
            WHEN btype = 'anchor' THEN 6
            ELSE CAST(least({max_events}, 1 + floor(rnd(block_no, 2) * {spread})) AS INTEGER)
        END AS n_events,
        CASE WHEN is_hub THEN 'hub' WHEN btype = 'child' THEN 'child'
            WHEN btype = 'maternity' THEN 'maternity' ELSE 'general' END AS grp,
        CASE WHEN btype = 'maternity' THEN '2' WHEN rnd(pid, 3) < 0.52 THEN '2' ELSE '1' END AS sex,
        CASE
            WHEN btype = 'child' THEN {start} - CAST(400 + rnd(pid, 4) * 5000 AS INTEGER)
            WHEN btype = 'maternity' THEN {start} - CAST(7400 + rnd(pid, 4) * 7300 AS INTEGER)
            WHEN btype = 'newborn' THEN NULL
            ELSE CAST({start} - CAST(7100 + rnd(pid, 4) * rnd(pid, 44) * 14000
                + rnd(pid, 45) * 12600 AS INTEGER) AS DATE)
        END AS dob
    FROM typed
)
SELECT p.*, n.nhs, o.owner, o.former,
    list_extract(l.codes, CAST(floor(rnd(p.pid, 5) * len(l.codes)) AS INTEGER) + 1) AS practice_one,
    list_extract(l.codes, CAST(floor(rnd(p.pid, 6) * len(l.codes)) AS INTEGER) + 1) AS practice_two,
    CASE WHEN rnd(p.pid, 7) < 0.02
        THEN CAST({start} + CAST(40 + rnd(p.pid, 8) * 280 AS INTEGER) AS DATE) END AS moved_on,
    p.prov || lpad(CAST(p.pid AS VARCHAR), 7, '0') AS lpid,
    'ZX' || CAST(1 + (p.stratum * 7 + p.turn) % 60 AS VARCHAR) || ' '
        || CAST(CAST(floor(rnd(p.pid, 9) * 9) AS INTEGER) + 1 AS VARCHAR)
        || chr(CAST(65 + floor(rnd(p.pid, 10) * 8) AS INTEGER))
        || chr(CAST(76 + floor(rnd(p.pid, 11) * 10) AS INTEGER)) AS postcode,
    list_extract(['A','A','A','A','A','A','A','B','C','G','H','J','K','M','N','R','S','Z'],
        CAST(floor(rnd(p.pid, 12) * 18) AS INTEGER) + 1) AS ethnic,
    rnd(p.pid, 13) < 0.003 AND p.btype = 'adult' AS is_withheld
FROM shaped p
JOIN nhs_numbers n ON n.person = p.pid
JOIN owners o ON o.stratum = p.stratum
    AND o.owner_place = CAST(floor(rnd(p.pid, 14) * o.n_owners) AS INTEGER)
JOIN (SELECT owner, list(practice ORDER BY practice) AS codes FROM practice_list GROUP BY owner) l
    ON l.owner = o.owner
ORDER BY p.pid
"""


def _spread(mean: float, most: int) -> float:
    """Return the top of an even spread from 1 whose mean is given, cut off at the most."""
    even = 2 * (mean - 1) + 1
    if even <= most:
        return even
    return most * (most - 1) / 2 / (most - min(mean, most - 0.1))


def make_people(
    con: duckdb.DuckDBPyConnection, preset: Preset, events_per_patient: float, max_events: int
) -> None:
    """Create ``nhs_numbers`` (every valid fictional number, scrambled) and ``patients``."""
    sizes = con.execute("SELECT sum(blocks) * 12 FROM strata").fetchall()
    con.execute(
        _NUMBERS.format(
            enough=int(sizes[0][0]) * 23 // 20 + 1000,
            cases_from=_CASES_FROM,
            first_case=FIRST_CASE,
        )
    )
    con.execute(
        _PATIENTS.format(
            start=f"DATE '{preset.start.isoformat()}'",
            max_events=max_events,
            spread=_spread(events_per_patient, max_events),
        )
    )
