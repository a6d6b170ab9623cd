"""Which tables exist: collected from the ``tables`` module of every room that owns some."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache

from comptroller.warehouse.tables import Table

ROOMS_WITH_TABLES = ("warehouse", "intake", "reference", "reconciliation", "checks")


@cache
def declared_tables() -> dict[str, Table]:
    """Return every table of the warehouse by name, in the order of the rooms that own them."""
    tables: dict[str, Table] = {}
    for room in ROOMS_WITH_TABLES:
        name = f"comptroller.{room}.tables"
        if importlib.util.find_spec(f"comptroller.{room}") is None:
            continue
        if importlib.util.find_spec(name) is None:
            continue
        for table in importlib.import_module(name).TABLES:
            if table.name in tables:
                raise ValueError(f"table {table.name} is declared twice")
            tables[table.name] = table
    return tables


def declared_table(name: str) -> Table:
    """Return one declared table; a name that no room declares is a programming error."""
    return declared_tables()[name]
