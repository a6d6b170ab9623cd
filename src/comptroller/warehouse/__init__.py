"""Durable tables and the engine that queries them.

In: rows as DuckDB queries or small lists, from the rooms that own the tables. Out: relations over
committed rows only. Tables are Delta Lake tables in ``warehouse/`` of a workspace; each room
declares its own in ``<room>/tables.py``, and only that room writes them. This room owns
``commits``: every load, check run or settlement writes its rows first and one row into ``commits``
last, so a command killed anywhere leaves what was there before or what comes after, never between.
"""

from comptroller.warehouse.data_files import fault_of
from comptroller.warehouse.engine import (
    DEFAULT_MEMORY_LIMIT,
    avoid_optimizers,
    connect,
    cursors,
    present,
    processors,
    quote_identifier,
    quote_literal,
    quote_literals,
    register,
    side_by_side,
)
from comptroller.warehouse.failpoints import failpoint
from comptroller.warehouse.small_tables import create_small_table
from comptroller.warehouse.store import Commit, Partition, Warehouse
from comptroller.warehouse.tables import MONEY, Table

__all__ = [
    "DEFAULT_MEMORY_LIMIT",
    "MONEY",
    "Commit",
    "Partition",
    "Table",
    "Warehouse",
    "avoid_optimizers",
    "connect",
    "create_small_table",
    "cursors",
    "failpoint",
    "fault_of",
    "present",
    "processors",
    "quote_identifier",
    "quote_literal",
    "quote_literals",
    "register",
    "side_by_side",
]
