"""The shape of a warehouse table, and the one table that the warehouse itself owns.

Every table gets ``commit_id`` as its first column: a row is seen only when that id stands in
``commits``, which is written last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_DECIMAL = re.compile(r"^DECIMAL\((\d+),\s*(\d+)\)$")
_PRIMITIVES = {
    "VARCHAR": "string",
    "BIGINT": "long",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp_ntz",
    "DOUBLE": "double",
}

MONEY = "DECIMAL(26,8)"


@dataclass(frozen=True)
class Table:
    """One durable table: its columns in order and how its files are laid out.

    Args:
        name: Table and folder name.
        columns: Column name to DuckDB type, without ``commit_id``.
        partition_by: Columns that become folders; they must be text.
        sort_by: Columns by which rows are ordered inside a file, for pruning.
    """

    name: str
    columns: dict[str, str]
    partition_by: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = ()
    all_columns: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "all_columns", {"commit_id": "VARCHAR", **self.columns})
        for name, kind in self.columns.items():
            delta_type(kind)
            if name in self.partition_by and kind != "VARCHAR":
                raise ValueError(f"{self.name}.{name}: a partition column must be text")


def delta_type(duckdb_type: str) -> str:
    """Return the Delta primitive type for a DuckDB type, or raise ValueError for others."""
    decimal = _DECIMAL.match(duckdb_type)
    if decimal:
        return f"decimal({decimal[1]},{decimal[2]})"
    try:
        return _PRIMITIVES[duckdb_type]
    except KeyError:
        raise ValueError(f"no warehouse type for {duckdb_type}") from None


COMMITS = Table(
    "commits",
    {"kind": "VARCHAR", "created_at": "TIMESTAMP", "detail": "VARCHAR"},
)

TABLES: tuple[Table, ...] = (COMMITS,)
