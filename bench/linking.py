"""How well linking finds what belongs together: precision and recall by tier.

    python -m bench.linking --lines 200000

Builds the demonstration economy without its planted faults, spoils a stated share of the charged
lines (identifiers missing or written another way, patients missing, dates off, codes changed),
takes some lines and records away altogether, and links. Only this scorer knows the generator's
number of the event behind each line; the workspace that is linked does not hold it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from comptroller.demo.economy import simulate
from comptroller.demo.presets import preset
from comptroller.reconciliation.linking import Linking, link_charged_to_sus, link_versions
from comptroller.warehouse import connect
from comptroller.workspace import Workspace

# What is spoiled, each independently of the others, on one side, in per cent of its lines: as a
# poor return has it, and where no line has an identifier and four in ten have no patient.
SPOILED: dict[str, tuple[float, float]] = {
    "CDS identifier missing": (20, 100),
    "spell and attendance identifiers missing too, of those": (75, 100),
    "identifiers written another way": (10, 0),
    "CDS identifier of another line": (1, 0),
    "NHS number missing": (15, 60),
    "local patient identifier missing": (15, 65),
    "practice missing": (5, 10),
    "date a day off": (8, 15),
    "date 2 to 20 days off": (3, 5),
    "HRG of another line": (15, 20),
    "treatment function of another line": (4, 5),
    "line without its counterpart": (3, 5),
}
_GONE = "line without its counterpart"
KINDS = ("a poor return", "without identifiers")
_VERSION_BEFORE, _VERSION_AFTER = 6, 7  # deliveries

FIRST, SECOND = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)

_SHARED = """
    prov AS provider_code, comm AS commissioner_code, month,
    tfc AS activity_treatment_function_code,
    CASE WHEN nhs IS NOT NULL THEN md5(nhs) END AS patient_key, 'bench' AS patient_key_domain,
    lpid AS local_patient_identifier, spell_id AS hospital_provider_spell_identifier,
    att_id AS attendance_identifier, ec_id AS emergency_care_attendance_identifier,
    cds_id AS cds_unique_identifier, start_date AS activity_start_date,
    end_date AS activity_end_date, tariff AS tariff_code, cost AS activity_cost,
    age AS age_at_activity_date, sex AS person_stated_gender_code,
    practice AS general_medical_practice_code
"""


def spoil(con: duckdb.DuckDBPyConnection, table: str, kind: int) -> None:
    """Spoil a table of the generator's lines, as a column of `SPOILED` says."""
    shares = [share[kind] for share in SPOILED.values()]
    share = dict(zip("abcdefghijkl", shares, strict=True))

    def hit(letter: str) -> str:
        return f"(hash(row_id, '{letter}') % 10000 < {share[letter] * 100:.0f})"

    def other_way(column: str) -> str:
        digits = f"ltrim(regexp_replace({column}, '[^0-9]', '', 'g'), '0')"
        written = f"lower(left({column}, 1)) || '-' || {digits}"
        return f"CASE WHEN {hit('c')} THEN {written} ELSE {column} END"

    lost = f"{hit('a')} AND {hit('b')}"
    move = (
        f"CASE WHEN {hit('h')} THEN CASE WHEN row_id % 2 = 0 THEN 1 ELSE -1 END "
        f"WHEN {hit('i')} THEN CAST(2 + hash(row_id, 'far') % 19 AS INTEGER) ELSE 0 END"
    )
    con.execute(
        f"""
        CREATE OR REPLACE TABLE {table} AS
        WITH beside AS (
            SELECT *, lead(cds_id) OVER (PARTITION BY prov ORDER BY hash(row_id)) AS next_cds,
                lead(tariff) OVER (PARTITION BY prov, pod ORDER BY hash(row_id)) AS next_tariff,
                lead(tfc) OVER (PARTITION BY prov ORDER BY hash(row_id)) AS next_tfc
            FROM {table})
        SELECT * EXCLUDE (next_cds, next_tariff, next_tfc) REPLACE (
            CASE WHEN {hit("a")} THEN NULL
                WHEN {hit("d")} AND cds_id IS NOT NULL THEN coalesce(next_cds, cds_id)
                ELSE {other_way("cds_id")} END AS cds_id,
            CASE WHEN {hit("a")} THEN NULL ELSE {other_way("non_cds_id")} END AS non_cds_id,
            CASE WHEN {lost} THEN NULL ELSE {other_way("spell_id")} END AS spell_id,
            CASE WHEN {lost} THEN NULL ELSE {other_way("att_id")} END AS att_id,
            CASE WHEN {lost} THEN NULL ELSE {other_way("ec_id")} END AS ec_id,
            CASE WHEN {hit("e")} THEN NULL ELSE nhs END AS nhs,
            CASE WHEN {hit("f")} THEN NULL ELSE lpid END AS lpid,
            CASE WHEN {hit("g")} THEN NULL ELSE practice END AS practice,
            start_date + {move} AS start_date, end_date + {move} AS end_date,
            CASE WHEN {hit("j")} THEN coalesce(next_tariff, tariff) ELSE tariff END AS tariff,
            CASE WHEN {hit("k")} THEN coalesce(next_tfc, tfc) ELSE tfc END AS tfc)
        FROM beside WHERE NOT {hit("l")}
        """
    )


def fill(
    con: duckdb.DuckDBPyConnection, ws: Workspace, year: str, at: datetime, source: str
) -> None:
    """Write the generator's rows of one delivery as slices, each line with its ``line_id``."""
    submission = f"s{at:%m%d}"
    version = f"md5(concat_ws('|', '{submission}', ds, prov, comm, month))"
    place = (
        f"{version} AS slice_version_id, '{submission}' AS submission_id, "
        f"'{year}' AS financial_year"
    )
    with ws.warehouse.commit("load", submission, at=at) as commit:
        commit.append_query(
            con,
            "lines",
            f"SELECT line_id, md5(line_id) AS event_key, ds AS data_set, pod AS pod_code, "
            f"non_cds_id AS non_cds_unique_identifier, {place}, {_SHARED} FROM {source}",
        )
        commit.append_query(
            con,
            "slice_versions",
            f"SELECT DISTINCT {version} AS slice_version_id, {version} AS content_version_id, "
            f"'{submission}' AS submission_id, ds AS data_set, prov AS provider_code, "
            f"comm AS commissioner_code, '{year}' AS financial_year, month, 'flex' AS stage, "
            f"TIMESTAMP '{at:%Y-%m-%d}' AS received_at, {at.month} AS sequence, 'new' AS action "
            f"FROM {source}",
        )


def score(con: duckdb.DuckDBPyConnection, linking: Linking, title: str, seconds: float) -> None:
    """Print precision and recall by tier, against the tables ``truth_left`` and ``truth_right``."""
    found = linking.rows()
    columns = linking.row_columns
    left, right = (columns.index(f"{side}_line_id") for side in (linking.left, linking.right))
    con.execute("CREATE OR REPLACE TABLE found (tier VARCHAR, l VARCHAR, r VARCHAR)")
    con.executemany(
        "INSERT INTO found VALUES (?, ?, ?)",
        [(row[0], row[left], row[right]) for row in found if row[left] and row[right]],
    )
    (pairs, lefts, rights) = con.execute(
        """SELECT (SELECT count(*) FROM truth_left JOIN truth_right USING (event)),
            (SELECT count(*) FROM truth_left), (SELECT count(*) FROM truth_right)"""
    ).fetchall()[0]
    rows = con.execute(
        """SELECT coalesce(tier, 'all'), count(*), count(*) FILTER (a.event = b.event)
        FROM found LEFT JOIN truth_left a ON a.line_id = l LEFT JOIN truth_right b ON b.line_id = r
        GROUP BY ROLLUP (tier) ORDER BY 1"""
    ).fetchall()
    print(f"\n{title}: {lefts:,} and {rights:,} lines, {pairs:,} true pairs, {seconds:.1f} s\n")
    print("| tier | links | right | precision | recall | recall with the tiers above |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    so_far = 0
    for tier, links, good in rows:
        so_far = good if tier == "all" else so_far + good
        print(
            f"| {tier} | {links:,} | {good:,} | {good / links:.4f} | {good / pairs:.4f} "
            f"| {so_far / pairs:.4f} |"
        )


def sus(
    con: duckdb.DuckDBPyConnection, folder: Path, year: str, kind: int, threshold: float
) -> None:
    """Link charged lines, spoiled in one of the two kinds, to SUS."""
    con.execute(
        """
        CREATE OR REPLACE TABLE side_left AS
        SELECT *, 'L' || lpad(CAST(row_id AS VARCHAR), 9, '0') AS line_id FROM (
            SELECT *, row_number() OVER (ORDER BY ds, event_no, pod, non_cds_id) AS row_id
            FROM lines WHERE ds = 'PLCM' AND seen_to = 99 AND event_no IS NOT NULL)
        """
    )
    con.execute(
        """
        CREATE OR REPLACE TABLE truth_left AS
        SELECT line_id, concat_ws('|', event_no, 'record') AS event FROM side_left
        WHERE cds_id IS NOT NULL
        """
    )
    spoil(con, "side_left", kind)
    con.execute("DELETE FROM truth_left WHERE line_id NOT IN (SELECT line_id FROM side_left)")
    con.execute(
        f"""
        CREATE OR REPLACE TABLE side_right AS
        SELECT *, 'R' || lpad(CAST(row_number() OVER (ORDER BY hash(event_no)) AS VARCHAR), 9, '0')
            AS line_id, NULL AS pod, NULL AS non_cds_id
        FROM sus WHERE seen_to = 99 AND hash(event_no, 'gone') % 10000
            >= {SPOILED[_GONE][kind] * 100:.0f}
        """
    )
    con.execute(
        """CREATE OR REPLACE TABLE truth_right AS
        SELECT line_id, concat_ws('|', event_no, 'record') AS event FROM side_right"""
    )
    ws = Workspace.create(folder, name="Linking to SUS")
    fill(con, ws, year, FIRST, "side_left")
    fill(con, ws, year, SECOND, "side_right")
    begun = time.perf_counter()
    linking = link_charged_to_sus(ws, threshold=threshold)
    score(con, linking, f"Charged lines to SUS, {KINDS[kind]}", time.perf_counter() - begun)


def versions(
    con: duckdb.DuckDBPyConnection, folder: Path, year: str, kind: int, threshold: float
) -> None:
    """Link the lines of one delivery to those of the next, which are spoiled."""
    ws = Workspace.create(folder, name="Linking versions")
    for side, delivery in (("left", _VERSION_BEFORE), ("right", _VERSION_AFTER)):
        con.execute(
            f"""
            CREATE OR REPLACE TABLE side_{side} AS
            SELECT *, '{side[0].upper()}' || lpad(CAST(row_id AS VARCHAR), 9, '0') AS line_id,
                concat_ws('|', ds, event_no, left(non_cds_id, 1), coalesce(non_cds_id, pod[-3:]))
                    AS event
            FROM (SELECT *, row_number() OVER (ORDER BY hash(event_no, ds, pod, non_cds_id,
                    '{side}'), event_no, ds, pod) AS row_id
                FROM lines WHERE ds IN ('PLCM', 'DrPLCM', 'DePLCM') AND event_no IS NOT NULL
                    AND month <= {_VERSION_BEFORE}
                    AND {delivery} BETWEEN seen_from AND seen_to)
            """
        )
        if side == "right":
            spoil(con, "side_right", kind)
        else:
            con.execute(
                "DELETE FROM side_left WHERE hash(row_id, 'gone') % 10000 < "
                f"{SPOILED[_GONE][kind] * 100:.0f}"
            )
        con.execute(
            f"CREATE OR REPLACE TABLE truth_{side} AS SELECT line_id, event FROM side_{side}"
        )
        con.execute(f"ALTER TABLE side_{side} DROP COLUMN event")
        fill(con, ws, year, FIRST if side == "left" else SECOND, f"side_{side}")
    begun = time.perf_counter()
    linking = link_versions(ws, threshold=threshold)
    score(con, linking, f"A version to the next, {KINDS[kind]}", time.perf_counter() - begun)


def main() -> None:
    """Measure and print the tables for docs/performance.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--threshold", type=float, default=0.9)
    given = parser.parse_args()
    world = preset("2026/27")
    with tempfile.TemporaryDirectory(prefix="bench-linking-") as name:
        folder = Path(name)
        os.environ["COMPTROLLER_KEYS"] = str(folder / "keys")
        con = connect()
        simulate(con, world, given.lines, given.seed)
        print(f"| spoiled, in per cent of one side's lines | {' | '.join(KINDS)} |")
        print("| --- | ---: | ---: |")
        for what, shares in SPOILED.items():
            print(f"| {what} | {shares[0]} | {shares[1]} |")
        for kind in range(len(KINDS)):
            sus(con, folder / f"sus-{kind}", world.financial_year, kind, given.threshold)
            versions(con, folder / f"versions-{kind}", world.financial_year, kind, given.threshold)


if __name__ == "__main__":
    main()
