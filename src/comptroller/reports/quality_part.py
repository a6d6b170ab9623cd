"""Files and data quality in a month's report: what was received, held, refused, quarantined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from comptroller.challenges.rules import RuleNote
from comptroller.rendering import Block, Column, Notice, Section, Table, Text
from comptroller.reports.scope import Scope

LISTED: Final = 30


@dataclass(frozen=True)
class Files:
    """How many files carry the report's months, or none that is known, by what became of them."""

    promoted: int
    held: int
    refused: int

    @property
    def all(self) -> int:
        """Every file received."""
        return self.promoted + self.held + self.refused


def files(scope: Scope) -> Files:
    """Return the counts of files, and make the table `latest_submissions`.

    A file counts where it carries one of the report's months, or where its months are not known,
    as of a file that could not be read.
    """
    scope.ws.warehouse.view(scope.con, "submissions", "quarantine", "slice_versions")
    scope.con.execute(
        "CREATE OR REPLACE TEMP TABLE latest_submissions AS WITH latest AS (SELECT * "
        "FROM submissions QUALIFY row_number() OVER (PARTITION BY submission_id "
        "ORDER BY loaded_at DESC, commit_id DESC) = 1), carried AS (SELECT submission_id, "
        "financial_year, month FROM slice_versions UNION ALL SELECT submission_id, "
        "json_extract_string(report, '$.financial_year'), "
        "unnest(CAST(json_extract(report, '$.months') AS INTEGER[])) FROM latest), "
        f"known AS (SELECT submission_id, bool_or({scope.within}) AS reported FROM carried "
        "WHERE financial_year IS NOT NULL AND month IS NOT NULL GROUP BY submission_id) "
        "SELECT latest.* FROM latest LEFT JOIN known USING (submission_id) "
        "WHERE coalesce(reported, TRUE)"
    )
    row = scope.con.execute(
        "SELECT count(*) FILTER (status = 'promoted'), count(*) FILTER (status = 'held'), "
        "count(*) FILTER (status = 'refused') FROM latest_submissions"
    ).fetchone()
    return Files(*(row or (0, 0, 0)))


def quality_section(scope: Scope, received: Files, rules: Mapping[str, RuleNote]) -> Section:
    """Return the section on files and data quality; `files` must have been called.

    Args:
        scope: The report's scope.
        received: The counts of files.
        rules: The rules in words; empty where nothing has been checked.
    """
    blocks: list[Block] = [
        Text(
            f"{received.all:,} files were received that carry months of {scope.months}, or none "
            f"that is known: {received.promoted:,} promoted, {received.held:,} held for a person, "
            f"{received.refused:,} refused."
        )
    ]
    if received.held:
        blocks.append(
            Notice(
                "warning",
                f"**{received.held:,} files are held**; their months are as they were before. "
                "See `comptroller submissions list`.",
            )
        )
    blocks.append(_not_promoted(scope))
    blocks.append(_quarantine(scope))
    if rules:
        blocks.append(_validity(scope, rules))
    return Section("Files and data quality", tuple(blocks))


def _not_promoted(scope: Scope) -> Table:
    rows = scope.con.execute(
        "SELECT file, CAST(received_at AS DATE), status, provider_codes, data_sets "
        "FROM latest_submissions WHERE status <> 'promoted' "
        "ORDER BY received_at DESC, file, submission_id"
    ).fetchall()
    return Table(
        (
            Column("file", "File"),
            Column("received", "Received", "date"),
            Column("status", "Status", "code"),
            Column("providers", "Providers"),
            Column("data_sets", "Data sets"),
        ),
        tuple(rows[:LISTED]),
        "Files held or refused",
        name="Files not promoted",
        empty="Every file was promoted.",
        note=f"The {LISTED} latest of {len(rows)}." if len(rows) > LISTED else None,
    )


def _quarantine(scope: Scope) -> Table:
    rows = scope.con.execute(
        "SELECT reason, coalesce(column_name, ''), "
        "count(DISTINCT (submission_id, part, sheet, row)), coalesce(sum(cost), 0), "
        "count(DISTINCT submission_id) FROM quarantine "
        "WHERE submission_id IN "
        "(SELECT submission_id FROM latest_submissions WHERE status = 'promoted') "
        f"AND coalesce({scope.within}, TRUE) "
        "GROUP BY ALL ORDER BY 4 DESC, 3 DESC, 1, 2"
    ).fetchall()
    return Table(
        (
            Column("reason", "Reason"),
            Column("column_name", "Column", "code"),
            Column("rows", "Rows", "count"),
            Column("cost", "Cost (£)", "money"),
            Column("files", "Files", "count"),
        ),
        tuple((*row[:2], row[2], Decimal(row[3]), row[4]) for row in rows[:LISTED]),
        "Rows in quarantine: kept, but not loaded",
        name="Quarantine",
        empty="No row was quarantined.",
        note=f"The {LISTED} largest of {len(rows)} reasons." if len(rows) > LISTED else None,
    )


def _validity(scope: Scope, rules: Mapping[str, RuleNote]) -> Table:
    rows = scope.con.execute(
        "SELECT provider_code, check_id, count(*), "
        "coalesce(sum(activity_cost), 0) FROM found "
        "WHERE check_id LIKE 'DQV-%' AND sort = 'claim' GROUP BY ALL "
        "ORDER BY 3 DESC, 1, 2"
    ).fetchall()
    return Table(
        (
            Column("provider", "Provider"),
            Column("check_id", "Check", "code"),
            Column("title", "What is wrong"),
            Column("lines", "Findings", "count"),
            Column("cost", "Cost of these lines (£)", "money"),
        ),
        tuple(
            (
                scope.named(provider or ""),
                check,
                rules[check].title if check in rules else "",
                count,
                Decimal(cost),
            )
            for provider, check, count, cost in rows[:LISTED]
        ),
        "Data that is not valid, by provider and check",
        name="Data quality",
        empty="No validity check found anything.",
        note=f"The {LISTED} largest of {len(rows)}." if len(rows) > LISTED else None,
    )
