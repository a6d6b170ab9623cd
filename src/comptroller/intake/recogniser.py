"""What a table of a received file is: by a saved layout, else by its words and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from comptroller.intake.evidence import SAMPLE_ROWS, ColumnEvidence, collect
from comptroller.intake.layouts import LayoutBook, SavedLayout
from comptroller.intake.mapping import ACCEPT, ColumnMapping, confirmed, helped, name_scores
from comptroller.intake.organisations import read_code
from comptroller.intake.recognise import (
    Directory,
    Recognised,
    constants_of,
    name_matches,
    recognise_data_set,
    stage_evidence,
)
from comptroller.intake.source import MappedColumn, SourceTable
from comptroller.vocabulary import normalise_header

_Found = tuple[str, float, ColumnMapping, str]
"""Data set, confidence, mapping, why."""


class Recogniser:
    """Recognises tables, remembering what equal headers turned out to be within one load."""

    def __init__(self, directory: Directory, layouts: LayoutBook) -> None:
        self.directory, self.layouts = directory, layouts
        self._by_headers: dict[tuple[object, ...], _Found] = {}

    def recognise(
        self, con: duckdb.DuckDBPyConnection, table: SourceTable, file_name: str
    ) -> tuple[Recognised, SavedLayout | None]:
        """Return what a table is; its data set is '' when it is nothing we know."""
        constants = constants_of(table, file_name, self.directory)
        layout = self.layouts.find(table.fingerprint, constants.get("provider_code", ("", ""))[0])
        names = [name for name in (table.sheet, table.member, file_name) if name]
        if layout is not None and layout.is_confirmed:
            mapping = confirmed(table.headers, layout.columns)
            for element, value in layout.constants.items():
                constants[element] = (value, f"layout {layout.name}")
            found = layout.data_set, 1.0, mapping, f"saved layout {layout.name}"
        elif layout is not None and layout.fits(names):
            mapping = confirmed(table.headers, layout.columns, "remembered layout", 0.95)
            found = layout.data_set, 0.95, mapping, f"remembered layout {layout.name}"
        else:
            found = self._found(con, table, names)
            found = self._as_before(con, table, found, constants)
        data_set, confidence, mapping, why = found
        mapping = _of_one_month(table, mapping)
        return (
            Recognised(data_set, confidence, mapping, constants, stage_evidence(*names), why),
            layout,
        )

    def _found(
        self, con: duckdb.DuckDBPyConnection, table: SourceTable, names: Sequence[str]
    ) -> _Found:
        told = tuple(match for name in names for match in name_matches(name))
        key = (table.headers, told)
        if key not in self._by_headers:
            found = recognise_data_set(table.headers, None, names)
            headed = [c for c in found[2].columns if c.header.strip()]
            known = sum(1 for c in headed if c.element)
            if not found[0] or known < 0.9 * len(headed) or _left_open(found[0], headed):
                evidence = _sampled(con, table)
                found = recognise_data_set(table.headers, evidence, names)
            self._by_headers[key] = found
        return self._by_headers[key]

    def _as_before(
        self,
        con: duckdb.DuckDBPyConnection,
        table: SourceTable,
        found: _Found,
        constants: dict[str, tuple[str, str]],
    ) -> _Found:
        """Keep to what a person confirmed of columns that are still there in a changed layout."""
        data_set, confidence, mapping, why = found
        told = constants.get("provider_code", ("", ""))[0]
        for kin in self.layouts.kin(table.headers):
            if kin.data_set == data_set and _is_of(con, table, kin, told):
                named = f"layout {kin.name}"
                known = {normalise_header(header) for header in kin.headers}
                for element, value in kin.constants.items():
                    constants.setdefault(element, (value, named))
                mapping = helped(mapping, known, kin.columns, named)
                return data_set, confidence, mapping, f"{why}; much as {named}"
        return found


def _left_open(data_set: str, columns: Sequence[MappedColumn]) -> bool:
    """Tell whether the words leave a column open that its values may settle."""
    return any(
        score >= ACCEPT
        for column in columns
        if not column.element
        for score, _ in name_scores(data_set, column.header).values()
    )


def _is_of(
    con: duckdb.DuckDBPyConnection, table: SourceTable, layout: SavedLayout, told: str
) -> bool:
    """Tell whether a table is of the provider of a layout: by its names, or by its rows."""
    if told:
        return told == layout.provider_code
    places = [
        index
        for index, header in enumerate(table.headers)
        if layout.columns.get(normalise_header(header)) == "provider_code"
    ]
    if not places:
        return False
    return providers_in(con, table, places[0]) == {layout.provider_code}


def providers_in(con: duckdb.DuckDBPyConnection, table: SourceTable, index: int) -> set[str | None]:
    """Return the codes that stand in a column, None for what is no code; some, where many."""
    cell = f"c{index}"
    rows = con.execute(
        f"SELECT DISTINCT {cell} FROM {table.relation} WHERE {cell} IS NOT NULL LIMIT 20"
    ).fetchall()
    return {read_code(row[0]) for row in rows}


def _of_one_month(table: SourceTable, mapping: ColumnMapping) -> ColumnMapping:
    """Leave out amounts that stand once in a row whose months go across: they are of no month."""
    return ColumnMapping(
        tuple(
            replace(column, element="", basis="stands once beside several months")
            if table.holds_one_amount_for_all_months(column)
            else column
            for column in mapping.columns
        )
    )


def _sampled(con: duckdb.DuckDBPyConnection, table: SourceTable) -> list[ColumnEvidence]:
    """Collect evidence from the first rows and from rows spread over the table."""
    width = len(table.headers)
    step = max(table.data_rows // (SAMPLE_ROWS // 2), 1)
    order = "row, origin" if table.traced else "row"
    rows = con.execute(
        f"SELECT {', '.join(f'c{i}' for i in range(width))} FROM {table.relation} "
        f"WHERE row % {step} = 0 ORDER BY {order} LIMIT {SAMPLE_ROWS}"
    ).fetchall()
    if len(rows) < SAMPLE_ROWS // 4:
        rows = con.execute(
            f"SELECT {', '.join(f'c{i}' for i in range(width))} FROM {table.relation} "
            f"ORDER BY {order} LIMIT {SAMPLE_ROWS}"
        ).fetchall()
    return collect(rows, width)
