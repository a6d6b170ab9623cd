"""The columns of the wide table `lines`: the only source of their names and types."""

from __future__ import annotations

from functools import cache

from comptroller.vocabulary.declarations import elements
from comptroller.vocabulary.model import DUCKDB_TYPES

SYSTEM_COLUMNS: dict[str, str] = {
    "commit_id": "VARCHAR",
    "line_id": "VARCHAR",
    "event_key": "VARCHAR",
    "data_set": "VARCHAR",
    "provider_code": "VARCHAR",
    "commissioner_code": "VARCHAR",
    "financial_year": "VARCHAR",
    "month": "INTEGER",
    "slice_version_id": "VARCHAR",
    "submission_id": "VARCHAR",
    "part": "INTEGER",
    "sheet": "VARCHAR",
    "row": "BIGINT",
}

# What an element becomes when it may not be stored as it came.
_DERIVED_TYPES: dict[str, str] = {
    "patient_key": "VARCHAR",
    "patient_key_domain": "VARCHAR",
    "nhs_number_status": "VARCHAR",
    "postcode_district": "VARCHAR",
    "person_birth_month": "DATE",
    "activity_start_date": "DATE",
    "activity_end_date": "DATE",
}

# Found out at intake, filled by no element.
_INTAKE_COLUMNS: dict[str, str] = {"identifiers_in_text": "BOOLEAN"}


@cache
def _line_columns() -> dict[str, str]:
    columns = dict(SYSTEM_COLUMNS)
    for element in elements().values():
        for column in element.columns:
            if column not in columns:
                columns[column] = (
                    element.duckdb_type
                    if column == element.name
                    else _DERIVED_TYPES.get(column, DUCKDB_TYPES[element.kind])
                )
        if element.name == "ethnic_category":
            columns.update(_INTAKE_COLUMNS)
    return columns


def line_columns() -> dict[str, str]:
    """Return ordered column name to DuckDB type, every column of `lines`, system columns first."""
    return dict(_line_columns())


def column_kind(column: str) -> str:
    """Return the kind of the element that fills a column of `lines`; `system` for the others."""
    for element in elements().values():
        if column in element.columns:
            return element.kind if element.name == column else "text"
    return "system"
