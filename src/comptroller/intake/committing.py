"""The one commit of a load: lines, versions of slices, quarantine and submissions together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import md5
from typing import Any

import duckdb
import pyarrow as pa

from comptroller.access import audit
from comptroller.intake import published
from comptroller.intake.corrections import CorrectionBook
from comptroller.intake.coverage import AS_INFERRED
from comptroller.intake.event_key import with_event_keys
from comptroller.intake.incoming import IncomingFile
from comptroller.intake.normalise import staged_of
from comptroller.intake.pod_groups import GROUP_OF_LINE, join_groups, to_text
from comptroller.intake.pooling import Pooled
from comptroller.intake.report import FileReport, dumps
from comptroller.intake.surroundings import SliceKey, Surroundings, Version
from comptroller.vocabulary import line_columns
from comptroller.warehouse import (
    MONEY,
    Partition,
    failpoint,
    quote_literal,
    quote_literals,
    register,
)
from comptroller.workspace import Workspace

LOAD_ACTION = "submission.load"


@dataclass
class Batch:
    """Files that are promoted together, with what the command says about them."""

    files: list[IncomingFile]
    readings: Mapping[str, int]
    received: datetime
    sender: str = ""
    waive: bool = False
    waive_only: frozenset[str] | None = None
    taken: str = AS_INFERRED
    corrections: CorrectionBook = field(default_factory=CorrectionBook)
    earlier: Mapping[str, str] = field(default_factory=dict)


def commit_batch(
    ws: Workspace,
    con: duckdb.DuckDBPyConnection,
    batch: Batch,
    pooled: Pooled,
    around: Surroundings,
    versions: Sequence[tuple[FileReport, SliceKey, Version]],
) -> None:
    """Write what is new; `note_in_audit` says so when the load is over."""
    loaded_at = ws.now().replace(tzinfo=None)
    submissions = [_submission_row(file, batch, loaded_at) for file in batch.files]
    submissions = [row for row in submissions if row["report"] != batch.earlier.get(row["sha256"])]
    if not submissions:
        return
    stored = [
        (report, key, version)
        for report, key, version in versions
        if version.action in ("new", "replaced")
    ]
    _register_versions(con, stored)
    told = [str(around.sequence), batch.received.isoformat()]
    told += [f"{row['sha256']}:{row['status']}:{_digest(row['report'])}" for row in submissions]
    identifier = _digest("|".join(told))
    detail = {
        "files": len(submissions),
        "received_at": batch.received.isoformat(),
        "actor": audit.current_actor(),
        "submissions": {row["submission_id"]: row["status"] for row in submissions},
    }
    with ws.warehouse.commit("load", identifier, detail) as commit:
        if stored:
            parts = {
                (data_set, year): [v for _, k, v in stored if (k[0], k[3]) == (data_set, year)]
                for data_set, year in sorted({(key[0], key[3]) for _, key, _ in stored})
            }
            queries: dict[Partition, str] = {
                part: _lines_query(ws, con, part, made) for part, made in parts.items()
            }
            commit.append_partitions(con, "lines", queries)
        for file in batch.files:
            published.append(commit, con, file)
        _append_quarantine(commit, con, batch, pooled)
        commit.append_rows("slice_versions", _version_rows(versions, around, batch))
        failpoint("load.before_submissions")
        commit.append_rows("submissions", submissions)


def note_in_audit(ws: Workspace) -> None:
    """Add an entry to the audit trail for each load that has none.

    The trail lies in the other store, so a load that was killed right after its commit leaves none:
    the next one adds it with its own, from what the commit itself says.
    """
    from comptroller.access.models import AuditEntry

    ws.use_database()
    noted = AuditEntry.objects.filter(action=LOAD_ACTION)
    known = set(noted.values_list("detail__commit_id", flat=True))
    for commit_id, _, at, detail in ws.warehouse.commits("load"):
        if commit_id not in known:
            audit.record(
                LOAD_ACTION,
                f"{detail.get('files', 0)} files",
                detail={
                    "commit_id": commit_id,
                    "received": detail.get("received_at"),
                    "submissions": detail.get("submissions", {}),
                },
                at=at.replace(tzinfo=UTC),
                actor=detail.get("actor", ""),
            )


def _digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _submission_row(file: IncomingFile, batch: Batch, loaded_at: datetime) -> dict[str, Any]:
    printed = file.report.to_json()
    return {
        "submission_id": file.report.submission_id,
        "sha256": file.report.sha256,
        "file": file.report.file,
        "size_bytes": file.size,
        "received_at": batch.received,
        "loaded_at": loaded_at,
        "sender": batch.sender or None,
        "status": file.report.status,
        "data_sets": ", ".join(printed["data_sets"]) or None,
        "provider_codes": ", ".join(printed["provider_codes"]) or None,
        "report": dumps(printed),
    }


def _register_versions(
    con: duckdb.DuckDBPyConnection,
    stored: Sequence[tuple[FileReport, SliceKey, Version]],
) -> None:
    data = pa.table(
        {
            "submission_id": pa.array([r.submission_id for r, _, _ in stored], pa.string()),
            "data_set": pa.array([k[0] for _, k, _ in stored], pa.string()),
            "provider_code": pa.array([k[1] for _, k, _ in stored], pa.string()),
            "commissioner_code": pa.array([k[2] for _, k, _ in stored], pa.string()),
            "financial_year": pa.array([k[3] for _, k, _ in stored], pa.string()),
            "month": pa.array([k[4] for _, k, _ in stored], pa.int32()),
            "slice_version_id": pa.array([v.slice_version_id for _, _, v in stored], pa.string()),
        }
    )
    register(con, "stored_arrow", data)
    con.execute("CREATE OR REPLACE TABLE stored_versions AS SELECT * FROM stored_arrow")
    con.unregister("stored_arrow")


def _own_lines_query(con: duckdb.DuckDBPyConnection, data_set: str, year: str) -> str:
    """Return the query for this load's lines of a data set and year, with their keys and ids."""
    staged = staged_of(data_set)
    present = {row[0] for row in con.execute(f"DESCRIBE {staged}").fetchall()}
    body = [n for n in line_columns() if n in present and n != "event_key"]
    own = ", ".join(f's."{name}"' for name in body)
    base = (
        f"(SELECT {own}, s.event_key, s.key_base, s.origin, u.submission_id, u.part, u.sheet, "
        "v.slice_version_id, "
        # Lines of one row are told apart by their column; for all others nothing is added.
        "concat(substr(u.submission_id, 2, 12), '-', u.part, '-', s.row, '-' || s.origin) "
        "AS line_id "
        f"FROM {staged} s JOIN units u USING (unit) LEFT JOIN stored_versions v "
        "ON v.submission_id = u.submission_id AND v.data_set = s.data_set "
        "AND v.provider_code = s.provider_code AND v.commissioner_code = s.commissioner_code "
        "AND v.financial_year = s.financial_year AND v.month = s.month "
        "WHERE s.quarantine_reason IS NULL)"
    )
    listed = ", ".join(
        f'"{name}"'
        for name in (*body, "submission_id", "part", "sheet", "slice_version_id", "line_id")
    )
    keyed = with_event_keys(base, listed)
    return (
        f"SELECT * FROM ({keyed}) WHERE slice_version_id IS NOT NULL "
        f"AND financial_year = {quote_literal(year)}"
    )


def _lines_query(
    ws: Workspace,
    con: duckdb.DuckDBPyConnection,
    part: tuple[str, str],
    versions: Sequence[Version],
) -> str:
    """Return the query for the lines of stored slices, those that part files leave alone too.

    They are taken from where they lie: from this load, or from the lines that were committed.

    Args:
        ws: The workspace.
        con: The connection with what was staged.
        part: Data set and financial year.
        versions: The versions of their slices.
    """
    query = _own_lines_query(con, *part)
    carried = [
        (version.groups[name].home, name, version.slice_version_id)
        for version in versions
        for name in version.carried
    ]
    if not carried:
        return query
    data_set, year = part
    wanted = {"data_set": [data_set], "financial_year": [year]}
    committed = ws.warehouse.rows_sql("lines", partitions=wanted)
    rows = ", ".join(f"({quote_literals(row)})" for row in carried)
    moved = (
        f"JOIN (SELECT l.line_id, l.slice_version_id, c.to_version FROM {{source}} l "
        f"{join_groups('l')} JOIN (VALUES {rows}) c(home, pods, to_version) "
        f"ON c.home = l.slice_version_id AND c.pods = {GROUP_OF_LINE}) m "
        "USING (line_id, slice_version_id)"
    )
    return (
        f"WITH own AS MATERIALIZED ({query}), committed AS ({committed}) SELECT * FROM own "
        "UNION ALL BY NAME SELECT l.* REPLACE (m.to_version AS slice_version_id) FROM own l "
        f"{moved.format(source='own')} "
        "UNION ALL BY NAME SELECT l.* EXCLUDE (commit_id) REPLACE (m.to_version AS "
        f"slice_version_id) FROM committed l {moved.format(source='committed')}"
    )


def _version_rows(
    versions: Sequence[tuple[FileReport, SliceKey, Version]], around: Surroundings, batch: Batch
) -> list[dict[str, Any]]:
    rows = []
    for number, (report, key, version) in enumerate(versions, start=around.sequence + 1):
        data_set, provider, commissioner, year, month = key
        rows.append(
            {
                "slice_version_id": version.slice_version_id,
                "content_version_id": version.content_version_id,
                "submission_id": version.submission_id,
                "data_set": data_set,
                "provider_code": provider,
                "commissioner_code": commissioner,
                "financial_year": year,
                "month": month,
                "stage": version.stage,
                "received_at": batch.received,
                "sequence": number,
                "action": version.action,
                "content_hash": version.content_hash,
                "rows": version.rows,
                "cost": version.cost,
                "pod_groups": to_text(version.groups) if version.groups else None,
                "completes_content_id": version.completes or None,
                "carried_rows": sum(version.groups[name].rows for name in version.carried),
                "carried_cost": sum(
                    (version.groups[name].cost for name in version.carried), Decimal(0)
                ),
                "file_stage_evidence": report.stage_evidence or None,
            }
        )
    return rows


def _append_quarantine(
    commit: Any, con: duckdb.DuckDBPyConnection, batch: Batch, pooled: Pooled
) -> None:
    """Keep every row in quarantine with its reason; of a held file, all its rows."""
    queries = []
    held_units = [u for u, (file, _) in pooled.places.items() if file.holds]
    listed = ", ".join(str(u) for u in held_units) or "-1"
    reasons = {u: "; ".join(file.holds) for u, (file, _) in pooled.places.items() if file.holds}
    why = " ".join(f"WHEN {u} THEN {quote_literal('file held: ' + r)}" for u, r in reasons.items())
    held = f"CASE unit {why} END" if why else "NULL"
    if pooled.places:
        queries.append(
            f"""SELECT u.submission_id, s.data_set, u.part, u.sheet, s.row,
            coalesce(quarantine_reason, {held}) AS reason,
            coalesce(quarantine_column || ', column ' || origin, quarantine_column) AS column_name,
            quarantine_value AS value_shown, activity_cost AS cost, s.provider_code,
            s.financial_year, s.month FROM staged s JOIN units u USING (unit)
            WHERE quarantine_reason IS NOT NULL OR unit IN ({listed})"""
        )
    for file in batch.files:
        for part in file.parts:
            if part.unit >= 0 or not file.holds:
                continue
            reason = quote_literal("file held: " + "; ".join(file.holds))
            queries.append(
                f"""SELECT {quote_literal(file.report.submission_id)} AS submission_id,
                {quote_literal(part.recognised.data_set)} AS data_set, {part.table.part} AS part,
                {quote_literal(part.table.sheet)} AS sheet, row, {reason} AS reason,
                NULL AS column_name, NULL AS value_shown, CAST(NULL AS {MONEY}) AS cost,
                NULL AS provider_code, NULL AS financial_year, CAST(NULL AS INTEGER) AS month
                FROM {part.table.relation}"""
            )
    if queries:
        commit.append_query(
            con, "quarantine", " UNION ALL ".join(queries) + " ORDER BY submission_id, part, row"
        )
