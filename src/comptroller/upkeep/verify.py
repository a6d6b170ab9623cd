"""Prove that rows and pounds tie, from the landed files to the findings.

Each proof counts what it looked at and what failed, with one example. Nothing is changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress

import duckdb

from comptroller.errors import ComptrollerError
from comptroller.intake.committing import LOAD_ACTION
from comptroller.upkeep.whole import Outcome, holdings, outcome, parts
from comptroller.workspace import Workspace

_TABLES = (
    "submissions",
    "slice_versions",
    "lines",
    "quarantine",
    "aggregates",
    "tie_outs",
    "check_runs",
    "results",
    "findings",
)


# Each query returns one row per thing looked at: a name for it, and whether it ties.
_PROOFS: tuple[tuple[str, str], ...] = (
    (
        "Files: rows read = loaded + quarantined + set aside",
        """SELECT file, rows_read = rows_loaded + rows_quarantined + rows_set_aside
           FROM file_totals""",
    ),
    (
        "Files: pounds read = loaded + quarantined",
        "SELECT file, cost_read = cost_loaded + cost_quarantined FROM file_totals",
    ),
    (
        "Files: rows quarantined are kept with their reason",
        """SELECT file, rows_quarantined = coalesce(kept, 0)
           FROM file_totals LEFT JOIN (
             SELECT submission_id, commit_id,
                    count(DISTINCT (part, coalesce(sheet, ''), row)) AS kept
             FROM quarantine GROUP BY ALL) USING (submission_id, commit_id)""",
    ),
    (
        "Files: pounds loaded = pounds of their slices",
        """SELECT file, cost_loaded = coalesce(slices_cost, 0)
           FROM file_totals LEFT JOIN (
             SELECT submission_id, commit_id, sum(cost - coalesce(carried_cost, 0)) AS slices_cost
             FROM slice_versions WHERE action <> 'nil' GROUP BY ALL)
             USING (submission_id, commit_id)
           WHERE status = 'promoted' AND NOT published""",
    ),
    (
        "Files: lines loaded = lines of their slices",
        """SELECT file, lines_loaded = coalesce(slices_rows, 0)
           FROM file_totals LEFT JOIN (
             SELECT submission_id, commit_id, sum(rows - coalesce(carried_rows, 0)) AS slices_rows
             FROM slice_versions WHERE action <> 'nil' GROUP BY ALL)
             USING (submission_id, commit_id)
           WHERE status = 'promoted' AND NOT published""",
    ),
    (
        "Published files: every figure is kept",
        """SELECT file, lines_loaded = coalesce(kept, 0)
           FROM file_totals LEFT JOIN (
             SELECT submission_id, commit_id, count(*) AS kept FROM aggregates GROUP BY ALL)
             USING (submission_id, commit_id)
           WHERE status = 'promoted' AND published""",
    ),
    (
        "Slices: rows and pounds = their lines",
        """SELECT slice_version_id,
                  rows = coalesce(line_rows, 0) AND cost = coalesce(line_cost, 0)
           FROM slice_versions LEFT JOIN (
             SELECT slice_version_id, count(*) AS line_rows,
                    sum(coalesce(activity_cost, 0)) AS line_cost
             FROM lines GROUP BY ALL) USING (slice_version_id)
           WHERE action IN ('new', 'replaced', 'nil')""",
    ),
    (
        "Slices: an unchanged version leads to lines that were kept",
        """SELECT u.slice_version_id, k.slice_version_id IS NOT NULL
                  AND k.rows = u.rows AND k.cost = u.cost
           FROM slice_versions u LEFT JOIN slice_versions k
             ON k.slice_version_id = u.content_version_id AND k.action IN ('new', 'replaced')
           WHERE u.action = 'unchanged'""",
    ),
    (
        "Lines: each belongs to one slice version",
        """SELECT l.slice_version_id, count(s.slice_version_id) = count(*)
           FROM (SELECT DISTINCT slice_version_id FROM lines) l
           LEFT JOIN (SELECT DISTINCT slice_version_id FROM slice_versions
                      WHERE action IN ('new', 'replaced')) s
             USING (slice_version_id) GROUP BY ALL""",
    ),
    (
        "Lines: no line twice",
        """SELECT slice_version_id, count(*) = count(DISTINCT line_id)
           FROM lines GROUP BY slice_version_id""",
    ),
    (
        "Tie-outs: left - right = difference",
        """SELECT tie || ' ' || coalesce(provider_code, ''),
                  coalesce(left_value - right_value = difference, true)
           FROM tie_outs WHERE status IN ('ties', 'differs')""",
    ),
    (
        "Results: failed rows and pounds = their findings",
        """SELECT r.check_id || ' ' || coalesce(r.provider_code, '') || ' '
                    || coalesce(r.financial_year, '') || '-M' || coalesce(r.month, 0),
                  r.failed_rows = coalesce(found, 0)
                  AND coalesce(r.gross_value, 0) = coalesce(f.gross_value, 0)
                  AND coalesce(r.net_value, 0) = coalesce(f.net_value, 0)
                  AND coalesce(r.cash_value, 0) = coalesce(f.cash_value, 0)
                  AND coalesce(r.baseline_value, 0) = coalesce(f.baseline_value, 0)
           FROM results r LEFT JOIN (
             SELECT run_id, check_id, data_set, provider_code, financial_year, month,
                    count(*) AS found, sum(greatest(gross_value, 0)) AS gross_value,
                    sum(greatest(net_value, 0)) AS net_value,
                    sum(CASE WHEN net_value > 0 THEN cash_value END) AS cash_value,
                    sum(CASE WHEN net_value > 0 THEN baseline_value END) AS baseline_value
             FROM findings WHERE status <> 'fixed' GROUP BY ALL) f
             ON f.run_id = r.run_id AND f.check_id = r.check_id
             AND f.data_set IS NOT DISTINCT FROM r.data_set
             AND f.provider_code IS NOT DISTINCT FROM r.provider_code
             AND f.financial_year IS NOT DISTINCT FROM r.financial_year
             AND f.month IS NOT DISTINCT FROM r.month
           WHERE r.outcome = 'failed'""",
    ),
    (
        "Findings: each on a line that is loaded, or on a slice",
        """SELECT f.finding_id, f.line_id IS NULL OR l.line_id IS NOT NULL
           FROM findings f LEFT JOIN (SELECT DISTINCT line_id FROM lines
             WHERE line_id IN (SELECT line_id FROM findings)) l USING (line_id)
           WHERE f.status <> 'fixed'""",
    ),
    (
        # A cost with fractions of a penny is claimed to the penny, half up.
        "Findings: net of a line is never more than its cost",
        """SELECT run_id || ' ' || line_id,
               sum(net_value) <= greatest(max(activity_cost), 0) + 0.005
           FROM findings WHERE line_id IS NOT NULL AND net_value > 0 GROUP BY run_id, line_id""",
    ),
    (
        "Findings: cash and baseline = net",
        """SELECT finding_id, cash_value + baseline_value = net_value
           FROM findings WHERE cash_value IS NOT NULL AND baseline_value IS NOT NULL""",
    ),
)

_NOT_COUNTED = "not counted: what it needs cannot be read"
_NOTED = """
SELECT json_extract(detail, '$.commit_id'), at FROM access_auditentry WHERE action = ? ORDER BY id
"""
_FILE_TOTALS = """
CREATE OR REPLACE TEMP TABLE file_totals AS
SELECT submission_id, commit_id, file, sha256, status,
       (report ->> 'rows_read')::BIGINT AS rows_read,
       (report ->> 'rows_loaded')::BIGINT AS rows_loaded,
       (report ->> 'rows_quarantined')::BIGINT AS rows_quarantined,
       (report ->> 'rows_set_aside')::BIGINT AS rows_set_aside,
       (report ->> 'lines_loaded')::BIGINT AS lines_loaded,
       coalesce(report ->> 'cost_read', '0')::DECIMAL(26,8) AS cost_read,
       coalesce(report ->> 'cost_loaded', '0')::DECIMAL(26,8) AS cost_loaded,
       coalesce(report ->> 'cost_quarantined', '0')::DECIMAL(26,8) AS cost_quarantined,
       submission_id IN (SELECT submission_id FROM aggregates) AS published
FROM (SELECT *, row_number() OVER (PARTITION BY submission_id ORDER BY loaded_at DESC,
             commit_id DESC) AS reading FROM submissions)
WHERE reading = 1 AND status IN ('promoted', 'held')
"""


def verify(
    workspace: Workspace, *, quick: bool = False, describe: Callable[[str], None] = lambda _: None
) -> list[Outcome]:
    """Run every proof on a workspace and return the outcomes, in the order of the data's way.

    Args:
        workspace: What to prove.
        quick: Leave out decrypting the landed files and counting their rows again.
        describe: Told what is being proved now.
    """
    outcomes = [parts(workspace)]
    if outcomes[0].failures:
        return outcomes
    describe("Data files")
    outcomes += holdings(workspace)
    outcomes.append(_noted_loads(workspace))
    con = workspace.connect()
    for name in _TABLES:
        # A table that cannot be read was told above; the proofs that need it fail below.
        with suppress(duckdb.Error, ComptrollerError):
            workspace.warehouse.view(con, name)
    with suppress(duckdb.Error):
        con.execute(_FILE_TOTALS)
    if not quick:
        describe("Landed files")
        outcomes.append(_landed_bytes(workspace, con))
    for what, sql in _PROOFS:
        describe(what)
        outcomes.append(_prove(con, what, sql))
    return outcomes


def _prove(con: duckdb.DuckDBPyConnection, what: str, sql: str) -> Outcome:
    try:
        row = con.execute(
            f"""SELECT count(*), count(*) FILTER (ties IS NOT TRUE),
                       min(thing) FILTER (ties IS NOT TRUE)
                FROM ({sql}) AS proof(thing, ties)"""
        ).fetchone()
    except duckdb.Error:
        return Outcome(what, 0, 1, _NOT_COUNTED)
    counted, failures, example = row or (0, 0, None)
    return Outcome(what, counted, failures, example or "")


def _landed_bytes(workspace: Workspace, con: duckdb.DuckDBPyConnection) -> Outcome:
    """Decrypt every landed file: its bytes must have the hash under which it was received."""
    from hashlib import sha256

    store = workspace.landing_store  # refused here, once, when the key is missing
    what = "Landed files: the bytes are those received"
    try:
        received = con.execute("SELECT DISTINCT file, sha256 FROM submissions ORDER BY ALL")
        listed = received.fetchall()
    except duckdb.Error:
        return Outcome(what, 0, 1, _NOT_COUNTED)
    failed = []
    for file, expected in listed:
        digest = sha256()
        try:
            for piece in store.pieces(expected):
                digest.update(piece)
        except ComptrollerError as problem:
            failed.append(f"{file}: {problem.what}")
            continue
        if digest.hexdigest() != expected:
            failed.append(f"{file}: its bytes have changed")
    return outcome(what, len(listed), failed)


def _noted_loads(workspace: Workspace) -> Outcome:
    """Look in the warehouse for every load that the audit trail tells of: it is noted last."""
    what = "Audit trail: each load in it is committed"
    try:
        committed = {commit_id for commit_id, *_ in workspace.warehouse.commits("load")}
        with closing(sqlite3.connect(workspace.database)) as con:
            noted = con.execute(_NOTED, [LOAD_ACTION]).fetchall()
    except (duckdb.Error, sqlite3.Error, ComptrollerError):
        return Outcome(what, 0, 1, _NOT_COUNTED)
    lost = [f"the load of {at}" for commit_id, at in noted if commit_id not in committed]
    return outcome(what, len(noted), lost)
