"""Small tables of lines for the engine's tests: what facts, intake and reference would make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from comptroller.checks.book import Book, load_book
from comptroller.checks.evaluation import create_tables, number_slices, run_rules
from comptroller.checks.runner import evaluate
from comptroller.checks.schema import Schema, product_schema
from comptroller.checks.valuation import create_standing
from comptroller.vocabulary import line_columns
from comptroller.warehouse import connect

SAMPLE = Path(__file__).parent / "sample"
LINE_TYPES = {
    **{name: kind for name, kind in line_columns().items() if name != "commit_id"},
    "charged_payer": "VARCHAR",
    "responsible_payer": "VARCHAR",
}
_SLICE_NAMES = (
    *("data_set", "provider_code", "commissioner_code", "financial_year", "level"),
    *("submission_id", "slice_version_id", "stage"),
)
SLICE_TYPES = {
    **dict.fromkeys(_SLICE_NAMES, "VARCHAR"),
    "month": "INTEGER",
    "rows": "BIGINT",
    "activity_cost": "DECIMAL(26,8)",
    "patient_level_gap": "DECIMAL(26,8)",
}
REFERENCE = {
    "contracts": ("contract_id provider_code commissioner_code financial_year service_category "
                  "from_date:DATE to_date:DATE"),
    "payment_terms": ("contract_id element commissioner_code pod_code "
                      "activity_treatment_function_code tariff_code service_code local_code "
                      "marginal_rate:DECIMAL(26,8) limit_value:DECIMAL(26,8) from_date:DATE "
                      "to_date:DATE"),
    "cash_scope": "contract_id pod_code scope",
    "legal_payers": "org_code from_date:DATE to_date:DATE legal_payer",
    "slice_state": ("data_set provider_code commissioner_code financial_year month:INTEGER stage "
                    "track"),
    "submissions": "submission_id file loaded_at:TIMESTAMP",
}  # fmt: skip
DEFAULTS: dict[str, Any] = {
    "data_set": "PLCM",
    "provider_code": "RZZ",
    "commissioner_code": "QZ1",
    "financial_year": "2025/26",
    "month": 2,
    "slice_version_id": "v1",
    "submission_id": "s1",
    "sheet": "Sheet1",
    "patient_key": "p0",
    "activity_count": Decimal(1),
    "activity_start_date": dt.date(2025, 5, 12),
    "pod_code": "EL",
}


def sample_schema() -> Schema:
    product = product_schema()
    return Schema(product.lines, product.slices, {}, {}, product.money, product.code_lists)


@cache
def _own_book() -> Book:
    return load_book(sorted(SAMPLE.glob("*.toml")), schema=sample_schema())


def sample_book(files: Sequence[Path] | None = None) -> Book:
    return load_book(files, schema=sample_schema()) if files else _own_book()


def write_table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    types: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
    con.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
    unknown = {column for row in rows for column in row} - set(types)
    assert not unknown, unknown
    used = [column for column in types if any(column in row for row in rows)]
    if used:
        listed = ", ".join(f'"{column}"' for column in used)
        marks = ", ".join(f"({', '.join('?' for _ in used)})" for _ in rows)
        values = [row.get(column) for row in rows for column in used]
        con.execute(f"INSERT INTO {name} ({listed}) VALUES {marks}", values)


CONNECTION = connect(memory_limit="400MB", threads=1)


class Bench:
    """A connection with lines, slices and reference rows, on which rules can run."""

    def __init__(
        self,
        lines: Sequence[Mapping[str, Any]] = (),
        slices: Sequence[Mapping[str, Any]] = (),
        **reference: Sequence[Mapping[str, Any]],
    ) -> None:
        # One engine for all: tables are made anew, and a connection costs more than a small run.
        self.con = CONNECTION
        numbered = [
            {
                **DEFAULTS,
                "line_id": f"l{number:04d}",
                "event_key": f"e{number:04d}",
                "row": number,
                **line,
            }
            for number, line in enumerate(lines, start=1)
        ]
        write_table(self.con, "checked", LINE_TYPES, numbered)
        common = {key: DEFAULTS[key] for key in
                  ("provider_code", "commissioner_code", "financial_year", "month")}  # fmt: skip
        write_table(
            self.con,
            "slice_facts",
            SLICE_TYPES,
            [{"data_set": "ACM", "level": "slice", **common, **item} for item in slices],
        )
        for name, columns in REFERENCE.items():
            types = {
                column.split(":")[0]: [*column.split(":"), "VARCHAR"][1]
                for column in columns.split()
            }
            write_table(self.con, name, types, reference.get(name, ()))

    def run(
        self,
        checks: str = "*",
        *,
        book: Book | None = None,
        could_not_run: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Return the findings, in the order of check and line."""
        rules = (book or sample_book()).select(checks)
        create_tables(self.con)
        number_slices(self.con)
        ran = run_rules(self.con, rules, could_not_run=could_not_run)
        self.refusals = {item.rule.check.id: item.could_not_run for item in ran}
        create_standing(self.con)
        evaluate(self.con, ran, {}, {})
        return self.rows("run_findings ORDER BY check_id, line_id, month")

    def rows(self, relation: str) -> list[dict[str, Any]]:
        cursor = self.con.execute(f"SELECT * FROM {relation}")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
