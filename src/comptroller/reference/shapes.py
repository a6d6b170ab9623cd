"""The shape of a reference table: its columns, their kinds, defaults and keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "code",
    "codes",
    "text",
    "date",
    "integer",
    "decimal",
    "money",
    "flag",
    "financial_year",
    "month",
    "period",
    "nhs_number",
]

DECIMAL = "DECIMAL(26,8)"

_DUCKDB_TYPES: dict[str, str] = {
    "date": "DATE",
    "integer": "INTEGER",
    "month": "INTEGER",
    "decimal": DECIMAL,
    "money": DECIMAL,
    "flag": "BOOLEAN",
}


@dataclass(frozen=True)
class Column:
    """One column of a reference file.

    Args:
        name: Canonical name, the header of the file and the column of the view.
        kind: How a value is read; decides the type in the warehouse.
        meaning: What the value says, with its unit.
        required: A row without a value is refused.
        default: Text read in place of an empty cell; an empty default leaves NULL.
        choices: The only values allowed, in their canonical spelling.
        minimum: Least value allowed, for numbers.
        maximum: Greatest value allowed, for numbers.
        aliases: Other headers under which the column is accepted.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    minimum: str = ""
    maximum: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def duckdb_type(self) -> str:
        """The DuckDB type of the column in the warehouse."""
        return _DUCKDB_TYPES.get(self.kind, "VARCHAR")


@dataclass(frozen=True)
class Alternative:
    """A pair of columns of which a row needs one: the first as stored, the second as given."""

    stored: str
    given: str


@dataclass(frozen=True)
class ReferenceTable:
    """One reference table, as a file and as a view.

    Args:
        name: File name without year or ending, view name, and ``reference_<name>`` in the
            warehouse.
        title: What the table holds, for people.
        columns: The columns in the order of the template.
        key: Columns that name a row: a later load of the same key wins.
        about: Columns that name the thing described. Whatever a workspace says about a thing
            hides everything that the starter pack says about it. Empty: same as ``key``.
        about_people: Rows describe patients: extra columns are never kept.
        file_names: Further names under which a file is recognised.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    about: tuple[str, ...] = ()
    about_people: bool = False
    file_names: tuple[str, ...] = ()

    @property
    def warehouse_name(self) -> str:
        """Name of the table in the warehouse."""
        return f"reference_{self.name}"

    @property
    def overlay(self) -> tuple[str, ...]:
        """Columns by which rows of the workspace hide rows of the starter pack."""
        return self.about or self.key

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns as stored: NHS numbers never are."""
        return tuple(column for column in self.columns if column.kind != "nhs_number")

    @property
    def person(self) -> Alternative | None:
        """The pair ``patient_key`` or ``nhs_number``, for a table about people."""
        return Alternative("patient_key", "nhs_number") if self.about_people else None

    def column(self, name: str) -> Column:
        """Return a column by its name; KeyError when the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def headers(self) -> dict[str, str]:
        """Return normalised header to column name, aliases included."""
        found: dict[str, str] = {}
        for column in self.columns:
            for header in (column.name, *column.aliases):
                found[normalise(header)] = column.name
        return found


def normalise(header: str) -> str:
    """Return a header without case, spaces, underscores and punctuation, for comparison."""
    return re.sub(r"[^a-z0-9]", "", header.casefold())
