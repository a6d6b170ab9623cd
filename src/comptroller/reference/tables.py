"""Every reference table, declared once; and the warehouse tables that hold them.

A reference table ``market_forces`` is stored as ``reference_market_forces``: the columns of its
file, then ``extra`` (JSON text of columns that nobody asked for), ``source_file``, ``loaded_at``
and ``load_number``, which rises with every load so that the later load of a key wins.
``reference_loads`` has one row per file loaded.
"""

from __future__ import annotations

from comptroller.reference.declared_care import TABLES_OF_CARE
from comptroller.reference.declared_money import TABLES_OF_MONEY
from comptroller.reference.declared_organisations import TABLES_OF_ORGANISATIONS
from comptroller.reference.declared_registers import TABLES_OF_REGISTERS
from comptroller.reference.shapes import ReferenceTable
from comptroller.warehouse import Table

REFERENCE_TABLES: dict[str, ReferenceTable] = {
    table.name: table
    for table in (
        *TABLES_OF_ORGANISATIONS,
        *TABLES_OF_MONEY,
        *TABLES_OF_REGISTERS,
        *TABLES_OF_CARE,
    )
}

SYSTEM_COLUMNS: dict[str, str] = {
    "extra": "VARCHAR",
    "source_file": "VARCHAR",
    "loaded_at": "TIMESTAMP",
    "load_number": "BIGINT",
}

LOADS = Table(
    "reference_loads",
    {
        "load_number": "BIGINT",
        "table_name": "VARCHAR",
        "source_file": "VARCHAR",
        "sheet": "VARCHAR",
        "sha256": "VARCHAR",
        "fingerprint": "VARCHAR",
        "rows": "BIGINT",
        "changed_values": "BIGINT",
        "loaded_at": "TIMESTAMP",
    },
)


def warehouse_table(table: ReferenceTable) -> Table:
    """Return the warehouse table that holds a reference table's loaded rows."""
    columns = {column.name: column.duckdb_type for column in table.stored}
    return Table(table.warehouse_name, {**columns, **SYSTEM_COLUMNS})


TABLES: tuple[Table, ...] = (
    *(warehouse_table(table) for table in REFERENCE_TABLES.values()),
    LOADS,
)
