"""The row-level log: one row per finding, with the columns in which the provider answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import duckdb

from comptroller.challenges.codes import RESPONSE_CODES
from comptroller.challenges.identifiers import (
    evidence_words,
    local_identifier,
    without_identifiers,
)
from comptroller.challenges.rules import RuleNote
from comptroller.challenges.selection import rows
from comptroller.rendering import Column, Kind, Value
from comptroller.rendering.book import Amount, Choice, Day, Input


@dataclass(frozen=True)
class LogColumn:
    """A column of the log: where its value comes from and how it is shown."""

    name: str
    title: str
    kind: Kind = "text"
    source: str = ""
    """The finding's column; the same as `name` where empty."""


LOG_COLUMNS: Final[tuple[LogColumn, ...]] = (
    LogColumn("finding_id", "Challenge reference", "code"),
    LogColumn("check_id", "Check", "code"),
    LogColumn("title", "What is challenged", source="check_id"),
    LogColumn("message", "Reason"),
    LogColumn("status", "Status", "code"),
    LogColumn("contract_id", "Contract", "code"),
    LogColumn("provider_code", "Provider", "code"),
    LogColumn("commissioner_code", "Commissioner", "code"),
    LogColumn("data_set", "Data set", "code"),
    LogColumn("financial_year", "Financial year", "code"),
    LogColumn("month", "Month (1 = April)", "count"),
    LogColumn("stage", "Flex or freeze", "code"),
    LogColumn("file", "Your file"),
    LogColumn("sheet", "Sheet"),
    LogColumn("row", "Row in your file", "count"),
    LogColumn("local_patient_identifier", "Local patient identifier", "code"),
    LogColumn("hospital_provider_spell_identifier", "Spell identifier", "code"),
    LogColumn("attendance_identifier", "Attendance identifier", "code"),
    LogColumn("cds_unique_identifier", "CDS unique identifier", "code"),
    LogColumn("activity_start_date", "Activity start", "date"),
    LogColumn("activity_end_date", "Activity end", "date"),
    LogColumn("pod_code", "Point of delivery", "code"),
    LogColumn("activity_treatment_function_code", "Treatment function", "code"),
    LogColumn("tariff_code", "HRG or tariff code charged", "code"),
    LogColumn("activity_cost", "Cost charged (£)", "money"),
    LogColumn("expected_price", "Price expected (£)", "money"),
    LogColumn("gross_value", "Gross value (£)", "money"),
    LogColumn("net_value", "Net value after overlap (£)", "money"),
    LogColumn("in_alternative", "In the alternative"),
    LogColumn("payment_element", "Payment element", "code"),
    LogColumn("cash_value", "Cash now (£)", "money"),
    LogColumn("baseline_value", "Baseline only (£)", "money"),
    LogColumn("valuation", "Valuation method", source="check_id"),
    LogColumn("confidence", "Confidence", "percent", source="check_id"),
    LogColumn("evidence", "Evidence"),
    LogColumn("basis", "Basis", source="check_id"),
    LogColumn("related_line_ids", "Related rows in your files"),
    LogColumn("submission_id", "Submission", "code"),
    LogColumn("line_id", "Line reference", "code"),
    LogColumn("rule_fingerprint", "Rule version", "code"),
)

RESPONSE_COLUMNS: Final[tuple[Column, ...]] = (
    Column("response_code", "Your response code"),
    Column("amount_accepted", "Amount accepted (£)", "money"),
    Column("response_text", "Your response"),
    Column("response_evidence", "Evidence supplied"),
    Column("credit_period", "Credit period"),
    Column("credit_reference", "Credit reference"),
    Column("responded_by", "Answered by"),
    Column("responded_on", "Answered on", "date"),
)

INPUTS: Final[Mapping[str, Input | None]] = {
    "response_code": Choice(
        tuple(code.choice for code in RESPONSE_CODES),
        "Response code",
        "Choose one; the sheet Response codes says what each means.",
    ),
    "amount_accepted": Amount("Amount accepted", "Pounds and pence, for A1, A2, A3 and A4."),
    "response_text": None,
    "response_evidence": None,
    "credit_period": None,
    "credit_reference": None,
    "responded_by": None,
    "responded_on": Day("Answered on", "The date of the answer, as day month year."),
}

WRAPPED: Final = frozenset(
    {"title", "message", "evidence", "basis", "response_text", "response_evidence"}
)
WIDTHS: Final[dict[str, float]] = {
    "finding_id": 25,
    "title": 34,
    "message": 52,
    "evidence": 48,
    "basis": 30,
    "valuation": 30,
    "file": 30,
    "response_code": 34,
    "response_text": 40,
    "response_evidence": 30,
    "related_line_ids": 26,
}


def log_columns() -> list[Column]:
    """Return the log's columns, those to be filled in last."""
    return [Column(c.name, c.title, c.kind) for c in LOG_COLUMNS] + list(RESPONSE_COLUMNS)


def log_rows(
    con: duckdb.DuckDBPyConnection, rules: Mapping[str, RuleNote], sorts: tuple[str, ...]
) -> Iterator[tuple[Value, ...]]:
    """Return the log's rows without the columns to be filled in, always in one order."""
    sources = tuple(f'"{column.source or column.name}"' for column in LOG_COLUMNS)
    shows = [_shown(column, rules) for column in LOG_COLUMNS]
    for row in rows(con, sources, sorts):
        yield tuple(show(value) for show, value in zip(shows, row, strict=True))


def _shown(column: LogColumn, rules: Mapping[str, RuleNote]) -> Callable[[Any], Value]:
    if column.source == "check_id":
        unknown = RuleNote("")

        def from_rule(check_id: Any) -> Value:
            value: Value = getattr(rules.get(check_id, unknown), column.name)
            return value

        return from_rule
    special: dict[str, Callable[[Any], Value]] = {
        "message": lambda text: without_identifiers(text or ""),
        "evidence": evidence_words,
        "local_patient_identifier": local_identifier,
        "in_alternative": lambda flag: "Yes" if flag else "No",
        "related_line_ids": related_words,
    }
    return special.get(column.name) or _plain(column.kind)


def _plain(kind: Kind) -> Callable[[Any], Value]:
    def number(value: Any) -> Value:
        return value if value is None or isinstance(value, int | Decimal) else Decimal(value)

    def words(value: Any) -> Value:
        return None if value is None else str(value)

    def day(value: Any) -> Value:
        return value if isinstance(value, date) else None

    if kind in ("money", "count", "percent"):
        return number
    return day if kind == "date" else words


def related_words(value: Any) -> str | None:
    """Return related line references as words, whether they come as a list or as text."""
    if not value:
        return None
    items = value if isinstance(value, list | tuple) else str(value).strip("[]").split(",")
    return ", ".join(str(item).strip(" \"'") for item in items if str(item).strip(" \"'")) or None
