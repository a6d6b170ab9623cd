"""The columns that checks may read besides those of a line: names, types, meanings, needs."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class FactColumn:
    """One derived column.

    Args:
        name: Its name in ``checked`` or ``slice_facts``.
        type: DuckDB type.
        meaning: What it says, with its unit, and when it is NULL.
        needs: Reference tables or data sets without which it is always NULL; alternatives are
            joined by ``|``.
    """

    name: str
    type: str
    meaning: str
    needs: tuple[str, ...] = ()


@cache
def _declared(file: str) -> tuple[FactColumn, ...]:
    text = files("comptroller.checks.facts").joinpath(file).read_text("utf-8")
    return tuple(
        FactColumn(
            name=row["name"],
            type=row["type"],
            meaning=row["meaning"],
            needs=tuple(row["needs"].split()),
        )
        for row in csv.DictReader(text.splitlines())
    )


def fact_columns() -> dict[str, FactColumn]:
    """Return the facts of a line by name, in the order of ``checked``."""
    return {column.name: column for column in _declared("line_facts.csv")}


def slice_fact_columns() -> dict[str, FactColumn]:
    """Return the columns of ``slice_facts`` by name, in their order."""
    return {column.name: column for column in _declared("slice_facts.csv")}
