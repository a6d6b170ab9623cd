"""The engine benchmark: from committed lines to committed findings, against a floor.

Run with ``python -m bench.engine --lines 1000000``. It makes a workspace of synthetic lines and
prints a Markdown table of its stages. The floor is reading and hashing every column of every
committed line once; ratios are to that floor, measured in the same run. ``--checks N`` widens the
rulebook by copies of its own checks, under other ids, until there are N.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from comptroller.checks import CheckRun, run_checks
from comptroller.checks.book import product_files
from comptroller.reference import create_reference_views
from comptroller.vocabulary import line_columns
from comptroller.warehouse import quote_identifier
from comptroller.workspace import Workspace

BATCH = 2_000_000
PROVIDERS, COMMISSIONERS, MONTHS = 16, 18, 12
YEAR = "2025/26"
RECEIVED = datetime(2026, 5, 20, 9, tzinfo=UTC)

# Of a hundred lines: 47 PLCM, 4 DrPLCM, 1 DePLCM, 3 ACM, 16 APC, 23 OP, 6 EC; a SUS line shares
# the event of the charge that it stands behind.
_EVENTS = """
    SELECT i, hash(i) AS h,
        CASE WHEN i % 100 < 47 THEN 'PLCM' WHEN i % 100 < 51 THEN 'DrPLCM'
            WHEN i % 100 < 52 THEN 'DePLCM' WHEN i % 100 < 55 THEN 'ACM'
            WHEN i % 100 < 71 THEN 'SUS_APC' WHEN i % 100 BETWEEN 89 AND 94 THEN 'SUS_EC'
            ELSE 'SUS_OP' END AS data_set,
        CASE WHEN i % 100 >= 55 THEN i - 55 ELSE i END AS event
    FROM range({first}, {last}) AS r(i)
"""
_PODS = """CASE WHEN event % 100 < 5 THEN 'EL' WHEN event % 100 < 11 THEN 'DC'
    WHEN event % 100 < 15 THEN 'NEL' WHEN event % 100 < 16 THEN 'NELXBD'
    WHEN event % 100 < 24 THEN 'OPFASPCL' WHEN event % 100 < 34 THEN 'OPFUPSPCL'
    WHEN event % 100 < 40 THEN 'AE' ELSE 'OPPROC' END"""
_LINES = f"""
    WITH events AS ({_EVENTS}), people AS (
        SELECT *, CAST(hash(event) >> 1 AS BIGINT) AS e, event % {PROVIDERS} AS provider,
            CAST((hash(event) >> 8) % {COMMISSIONERS} AS BIGINT) AS commissioner,
            CAST(1 + (event // 16) % {MONTHS} AS INTEGER) AS month, {_PODS} AS pod
        FROM events
    ), dated AS (
        SELECT *, CAST(DATE '2025-04-01' + to_months(month - 1) AS DATE)
            + CAST((e >> 16) % 27 AS INTEGER) AS day
        FROM people
    )
    SELECT md5(concat(data_set, event)) AS event_key, concat('b{{batch}}-1-', i) AS line_id,
        concat('v', data_set, provider, '-', commissioner, '-', month) AS slice_version_id,
        's{{batch}}' AS submission_id, 1 AS part, 'Sheet1' AS sheet, i AS row,
        data_set, (SELECT codes FROM provider_codes)[provider + 1] AS provider_code,
        (SELECT codes FROM commissioner_codes)[commissioner + 1] AS commissioner_code,
        '{YEAR}' AS financial_year, month,
        md5(CAST(e % 3000000 AS VARCHAR)) AS patient_key, 'local' AS patient_key_domain,
        'valid' AS nhs_number_status,
        (SELECT codes FROM practice_codes)[1 + e % 90 + 90 * commissioner]
            AS general_medical_practice_code,
        (SELECT codes FROM practice_codes)[1 + e % 90 + 90 * commissioner]
            AS organisation_identifier_gp_practice_responsibility,
        CAST(20 + e % 70 AS INTEGER) AS age_at_activity_date,
        CAST(1 + e % 2 AS VARCHAR) AS person_stated_gender_code,
        printf('C%d', event) AS cds_unique_identifier,
        printf('L%d', e % 3000000) AS local_patient_identifier,
        (SELECT codes FROM function_codes)[1 + e % 40] AS activity_treatment_function_code,
        CASE WHEN event % 100 < 15 THEN printf('SP%d', event)
            WHEN event % 100 < 16 THEN printf('SP%d', event - 1) END
            AS hospital_provider_spell_identifier,
        CASE WHEN event % 100 >= 16 AND event % 100 NOT BETWEEN 34 AND 39
            THEN printf('AT%d', event) END
            AS attendance_identifier,
        CASE WHEN event % 100 >= 34 AND event % 100 < 40 THEN printf('EC%d', event) END
            AS emergency_care_attendance_identifier,
        day AS activity_start_date,
        day + CASE WHEN event % 100 < 16 THEN CAST((e >> 24) % 6 AS INTEGER) ELSE 0 END
            AS activity_end_date,
        CASE data_set WHEN 'DrPLCM' THEN 'DRUG' WHEN 'DePLCM' THEN 'DEVICE' ELSE pod END
            AS pod_code,
        '12' AS commissioned_service_category_code,
        (SELECT codes FROM group_codes)[1 + e % 900] AS tariff_code,
        '01' AS national_tariff_indicator,
        CAST(1 AS DECIMAL(26,8)) AS activity_count,
        CAST(100 + e % 4000 AS DECIMAL(26,8)) AS activity_unit_price,
        CAST(100 + e % 4000 + CASE WHEN h % 211 = 0 THEN 7 ELSE 0 END AS DECIMAL(26,8))
            AS activity_cost,
        CASE WHEN data_set = 'SUS_APC' THEN '1' END AS patient_classification_code,
        CASE WHEN data_set LIKE 'SUS%'
            THEN (SELECT codes FROM commissioner_codes)[commissioner + 1] END
            AS sus_assigned_commissioner_code,
        CASE WHEN data_set = 'DrPLCM' THEN printf('D%d', e % 200) END AS drug_code,
        CASE WHEN data_set = 'DrPLCM' THEN CAST(1 AS DECIMAL(26,8)) END AS drug_quantity,
        CASE WHEN data_set IN ('DrPLCM', 'DePLCM')
            THEN CAST(100 + e % 4000 AS DECIMAL(26,8)) END AS commissioner_unit_price
    FROM dated
"""


# Codes that exist, so that most lines are right and the checks have to look twice.
_CODES = {
    "provider_codes": "SELECT org_code AS code FROM organisations "
    "WHERE role = 'provider' AND close_date IS NULL AND length(org_code) = 3",
    "commissioner_codes": "SELECT DISTINCT commissioner_code AS code FROM practice_payers "
    "WHERE to_date > DATE '2026-04-01' AND commissioner_code NOT LIKE '13%' GROUP BY 1 "
    "HAVING count(DISTINCT practice_code) >= 90",
    "function_codes": "SELECT code FROM treatment_functions WHERE to_date IS NULL",
    "group_codes": "SELECT code FROM hrgs",
}
_PRACTICES = """
    CREATE OR REPLACE TEMP TABLE practice_codes AS
    SELECT list(practice_code ORDER BY place, practice_code) AS codes FROM (
        SELECT DISTINCT c.place, p.practice_code FROM practice_payers AS p
        JOIN (SELECT unnest(codes) AS code, generate_subscripts(codes, 1) AS place
              FROM commissioner_codes) AS c ON c.code = p.commissioner_code
        WHERE p.to_date > DATE '2026-04-01'
        QUALIFY dense_rank() OVER (PARTITION BY c.place ORDER BY p.practice_code) <= 90)
"""


def make_codes(ws: Workspace, con: duckdb.DuckDBPyConnection) -> None:
    """Create lists of codes that the starter pack knows."""
    create_reference_views(con, ws.warehouse)
    for name, sql in _CODES.items():
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT list(code ORDER BY code)[1:1000] "
            f"AS codes FROM (SELECT DISTINCT code FROM ({sql}))"
        )
    con.execute(f"UPDATE commissioner_codes SET codes = codes[1:{COMMISSIONERS}]")
    con.execute(_PRACTICES)


def make_lines(ws: Workspace, lines: int) -> None:
    """Commit synthetic lines, their slices and submissions, in batches that fit in memory."""
    con = ws.connect()
    make_codes(ws, con)
    for batch, first in enumerate(range(0, lines, BATCH)):
        last = min(first + BATCH, lines)
        sql = _LINES.format(batch=batch, first=first, last=last)
        with ws.warehouse.commit("load", f"bench{batch}") as commit:
            commit.append_query(con, "lines", sql)
            commit.append_rows(
                "submissions",
                [{"submission_id": f"s{batch}", "file": f"bench{batch}.csv",
                  "received_at": RECEIVED, "loaded_at": RECEIVED, "status": "promoted"}],
            )  # fmt: skip
    ws.warehouse.view(con, "lines")
    with ws.warehouse.commit("load", "bench-slices") as commit:
        commit.append_query(
            con,
            "slice_versions",
            "SELECT slice_version_id, slice_version_id AS content_version_id, "
            "min(submission_id) AS submission_id, data_set, provider_code, commissioner_code, "
            "financial_year, month, 'freeze' AS stage, TIMESTAMP '2026-05-20' AS received_at, "
            "1 AS sequence, 'new' AS action, slice_version_id AS content_hash, "
            "count(*) AS rows, sum(activity_cost) AS cost FROM lines GROUP BY ALL",
        )


def floor(ws: Workspace) -> float:
    """Return the seconds of reading and hashing every column of every line once."""
    con = ws.connect()
    ws.warehouse.view(con, "lines")
    columns = ", ".join(quote_identifier(name) for name in line_columns())
    started = time.perf_counter()
    con.execute(f"SELECT bit_xor(hash({columns})) FROM lines").fetchall()
    return time.perf_counter() - started


def widen(ws: Workspace, wanted: int) -> int:
    """Copy the product's checks into the workspace under other ids until there are enough."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in product_files()
        if path.name != "exclusions.toml"
    ]
    own = len(re.findall(r"(?m)^\[[A-Z]{3}-\d{3}[A-Z]?\]", "\n".join(texts)))
    count = own
    for letter in "ABCDEFGHIJ":
        for number, text in enumerate(texts):
            if count >= wanted:
                return count
            copied = re.sub(r"(?m)^(\[\[?)([A-Z]{3})-", rf"\g<1>\g<2>{letter}-", text)
            (ws.rules / f"copy-{letter}-{number}.toml").write_text(copied, encoding="utf-8")
            count += len(re.findall(r"(?m)^\[[A-Z]{4}-\d{3}[A-Z]?\]", copied))
    return count


def report(lines: int, loading: float, least: float, run: CheckRun, ws: Workspace) -> str:
    """Return the Markdown table of a run."""
    con = ws.connect()
    ws.warehouse.view(con, "results")
    seconds = [
        row[0]
        for row in con.execute(
            "SELECT max(seconds) FROM results WHERE outcome <> 'could_not_run' GROUP BY check_id"
        ).fetchall()
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    stages = [(name, value) for name, value in run.seconds.items() if name]
    total = sum(value for _, value in stages)
    rows = [
        f"{lines:,} lines, {run.checks} checks, {run.findings:,} findings, "
        f"peak memory {peak:.1f} GB.",
        "",
        "| stage | seconds | times the floor |",
        "|---|---:|---:|",
        f"| floor: hash every column of every committed line | {least:.2f} | 1.0 |",
        *(f"| {name} | {value:.2f} | {value / least:.1f} |" for name, value in stages),
        f"| **from committed lines to committed findings** | **{total:.2f}** "
        f"| **{total / least:.1f}** |",
    ]
    if seconds:
        middle, slowest = statistics.median(seconds), max(seconds)
        rows.append(f"| one more check, median | {middle:.3f} | {middle / least:.3f} |")
        rows.append(f"| one more check, slowest | {slowest:.3f} | {slowest / least:.3f} |")
    rows.append("")
    rows.append(f"Writing the synthetic lines took {loading:.1f} s and is not part of it.")
    return "\n".join(rows)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--checks", type=int, default=0, help="copies of checks up to this many")
    parser.add_argument("--memory", default="", help="memory_limit of the engine, such as 4GB")
    parser.add_argument("--keep", type=Path, help="use and keep this workspace")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="comptroller-bench-")) / "ws"
    try:
        fresh = not (folder / "comptroller.toml").exists()
        ws = Workspace.create(folder, name="Benchmark") if fresh else Workspace.open(folder)
        if options.memory and fresh:
            settings = ws.path / "comptroller.toml"
            text = settings.read_text(encoding="utf-8")
            line = f'memory_limit = "{options.memory}"'
            settings.write_text(re.sub(r"(?m)^# memory_limit.*$", line, text), encoding="utf-8")
            ws = Workspace.open(folder)
        started = time.perf_counter()
        if fresh:
            make_lines(ws, options.lines)
        loading = time.perf_counter() - started
        if options.checks:
            widen(ws, options.checks)
        least = min(floor(ws), floor(ws))
        print(report(options.lines, loading, least, run_checks(ws), ws))
    finally:
        if not options.keep:
            shutil.rmtree(folder.parent, ignore_errors=True)


if __name__ == "__main__":
    main()
