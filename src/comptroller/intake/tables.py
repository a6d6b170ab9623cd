"""The tables that intake owns: lines, submissions, slice versions and decisions, quarantine."""

from __future__ import annotations

from comptroller.vocabulary import line_columns
from comptroller.warehouse import MONEY, Table

LINES = Table(
    "lines",
    {name: kind for name, kind in line_columns().items() if name != "commit_id"},
    partition_by=("data_set", "financial_year"),
    sort_by=("provider_code", "month", "slice_version_id", "part", "row"),
)

SUBMISSIONS = Table(
    "submissions",
    {
        "submission_id": "VARCHAR",
        "sha256": "VARCHAR",
        "file": "VARCHAR",
        "size_bytes": "BIGINT",
        "received_at": "TIMESTAMP",
        "loaded_at": "TIMESTAMP",
        "sender": "VARCHAR",
        "status": "VARCHAR",
        "data_sets": "VARCHAR",
        "provider_codes": "VARCHAR",
        "report": "VARCHAR",
    },
)

SLICE_VERSIONS = Table(
    "slice_versions",
    {
        "slice_version_id": "VARCHAR",
        "content_version_id": "VARCHAR",
        "submission_id": "VARCHAR",
        "data_set": "VARCHAR",
        "provider_code": "VARCHAR",
        "commissioner_code": "VARCHAR",
        "financial_year": "VARCHAR",
        "month": "INTEGER",
        "stage": "VARCHAR",
        "received_at": "TIMESTAMP",
        "sequence": "BIGINT",
        "action": "VARCHAR",
        "content_hash": "VARCHAR",
        "rows": "BIGINT",
        "cost": MONEY,
        "pod_groups": "VARCHAR",
        "completes_content_id": "VARCHAR",
        "carried_rows": "BIGINT",
        "carried_cost": MONEY,
        "file_stage_evidence": "VARCHAR",
    },
)

SLICE_DECISIONS = Table(
    "slice_decisions",
    {
        "decision_id": "VARCHAR",
        "kind": "VARCHAR",
        "submission_id": "VARCHAR",
        "slice_version_id": "VARCHAR",
        "decided_at": "TIMESTAMP",
        "decided_by": "VARCHAR",
        "reason": "VARCHAR",
    },
)

QUARANTINE = Table(
    "quarantine",
    {
        "submission_id": "VARCHAR",
        "data_set": "VARCHAR",
        "part": "INTEGER",
        "sheet": "VARCHAR",
        "row": "BIGINT",
        "reason": "VARCHAR",
        "column_name": "VARCHAR",
        "value_shown": "VARCHAR",
        "cost": MONEY,
        "provider_code": "VARCHAR",
        "financial_year": "VARCHAR",
        "month": "INTEGER",
    },
)

AGGREGATES = Table(
    "aggregates",
    {
        "submission_id": "VARCHAR",
        "part": "INTEGER",
        "sheet": "VARCHAR",
        "row": "BIGINT",
        "data_set": "VARCHAR",
        "organisation_code": "VARCHAR",
        "organisation_name": "VARCHAR",
        "period_start": "DATE",
        "period_kind": "VARCHAR",
        "dimension": "VARCHAR",
        "measure": "VARCHAR",
        "value": MONEY,
    },
    sort_by=("data_set", "organisation_code", "period_start"),
)

TABLES: tuple[Table, ...] = (
    LINES,
    SUBMISSIONS,
    SLICE_VERSIONS,
    SLICE_DECISIONS,
    QUARANTINE,
    AGGREGATES,
)
