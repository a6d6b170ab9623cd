"""Apply people's corrections to the cells of a load, before they are read as lines.

A rule touches only values that put their row into quarantine: so the rows are read once without
it, to see which those are, and what is then corrected is read again. Tables without corrections
cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from comptroller.intake.corrections import CORRECTED, CorrectionBook, SavedCorrection
from comptroller.intake.incoming import IncomingFile
from comptroller.intake.normalise import Pool, create_units, statements
from comptroller.intake.pooling import Pooled, judge, main_provider, register_units
from comptroller.intake.profile import profile
from comptroller.intake.report import FileReport, Message, PartReport, counted
from comptroller.intake.source import MappedColumn
from comptroller.intake.surroundings import Surroundings
from comptroller.intake.values import squeezed
from comptroller.vocabulary import normalise_header
from comptroller.warehouse import quote_literal

_UNUSED_KEY = bytes(32)
"""Looking for what is in quarantine computes nobody's pseudonym."""

_Wanted = tuple[SavedCorrection, MappedColumn]


def correct(
    con: duckdb.DuckDBPyConnection, pooled: Pooled, book: CorrectionBook, around: Surroundings
) -> None:
    """Replace the cells that a person has corrected, and look at the values of those tables anew.

    What was replaced is told in the report of each file.
    """
    if not book.corrections:
        return
    for pool in pooled.pools:
        wanted = {unit: found for unit in pool.units if (found := _wanted(pooled, unit, book))}
        if wanted:
            _correct_pool(con, pool, pooled, wanted, around)


def _wanted(pooled: Pooled, unit: int, book: CorrectionBook) -> list[_Wanted]:
    file, part = pooled.places[unit]
    found = book.of(
        file.report.submission_id,
        part.recognised.data_set,
        main_provider(part, pooled.profiles[unit]),
    )
    columns = part.recognised.mapping.used
    wanted = []
    for one in found:
        if one.sheet and one.sheet != part.table.sheet:
            continue
        if one.part is not None and one.part != part.table.part:
            continue
        column = column_of(columns, one.column, one.element)
        if column is not None:
            wanted.append((one, column))
    return wanted


def column_of(
    columns: Sequence[MappedColumn], header: str, element: str = ""
) -> MappedColumn | None:
    """Return the column with this header, or else the one of this element, if any."""
    wanted = normalise_header(header)
    for column in columns:
        if normalise_header(column.header) == wanted:
            return column
    return next((c for c in columns if c.element in (element, header)), None)


def _correct_pool(
    con: duckdb.DuckDBPyConnection,
    pool: Pool,
    pooled: Pooled,
    wanted: Mapping[int, Sequence[_Wanted]],
    around: Surroundings,
) -> None:
    cells = _own_cells(con, pool)
    done = f"{pool.relation}_corrected"
    con.execute(f"CREATE TABLE {done} (unit INTEGER, row BIGINT, cell VARCHAR, number INTEGER)")
    told = [(unit, *one) for unit in sorted(wanted) for one in wanted[unit]]
    where = {column.element: column.cell for column in pool.columns}
    for number, (unit, one, column) in enumerate(told):
        if one.by_hand:
            cell = where[column.element]
            con.execute(
                f"INSERT INTO {done} SELECT unit, row, ?, ? FROM {cells} "
                "WHERE unit = ? AND row = ?",
                [cell, number, unit, one.row],
            )
            _replace(con, cells, done, number, cell, one)
    _look_again(con, pool, pooled)
    # A row tells of one column at a time: a second may come to light when the first is mended.
    for _ in {column.element for _, _, column in told}:
        _find_wrong(con, pool, pooled, around)
        changed = 0
        for number, (unit, one, column) in enumerate(told):
            if one.by_hand:
                continue
            cell = where[column.element]
            changed += _count(
                con,
                f"""INSERT INTO {done} SELECT p.unit, p.row, '{cell}', {number}
                FROM {cells} p JOIN wrong w USING (unit, row)
                WHERE p.unit = {unit} AND w.quarantine_column = {quote_literal(column.header)}
                AND coalesce({squeezed(f"p.{cell}")}, '') = {quote_literal(one.from_text)}
                AND NOT EXISTS (SELECT 1 FROM {done} d WHERE d.unit = p.unit AND d.row = p.row
                                AND d.cell = '{cell}')""",
            )
            _replace(con, cells, done, number, cell, one)
        if not changed:
            break
        _look_again(con, pool, pooled)
    _tell(con, done, pooled, told)


def _own_cells(con: duckdb.DuckDBPyConnection, pool: Pool) -> str:
    """Return a table of the pool's cells that may be changed; the pool is a view of it."""
    if pool.kept_as == "TABLE":
        return pool.relation
    cells = f"{pool.relation}_cells"
    con.execute(f"CREATE TABLE {cells} AS FROM {pool.relation}")
    con.execute(f"CREATE OR REPLACE VIEW {pool.relation} AS FROM {cells}")
    return cells


def _replace(
    con: duckdb.DuckDBPyConnection,
    cells: str,
    done: str,
    number: int,
    cell: str,
    one: SavedCorrection,
) -> None:
    con.execute(
        f"UPDATE {cells} SET {cell} = ? FROM {done} d "
        f"WHERE d.number = ? AND d.unit = {cells}.unit AND d.row = {cells}.row",
        [one.to_text, number],
    )


def _look_again(con: duckdb.DuckDBPyConnection, pool: Pool, pooled: Pooled) -> None:
    pooled.profiles |= profile(con, pool.relation, pool.columns, pool.units)


def _find_wrong(
    con: duckdb.DuckDBPyConnection, pool: Pool, pooled: Pooled, around: Surroundings
) -> None:
    """Make the table ``wrong``: the rows that would go to quarantine, with the column."""
    places = {}
    for unit in pool.units:
        file, part = pooled.places[unit]
        # What would hold the file is judged when everything is corrected, not now.
        aside = IncomingFile(file.path, FileReport(file.report.file))
        places[unit] = (aside, replace(part, report=PartReport()))
    trial = Pooled([pool], {u: pooled.profiles[u] for u in pool.units}, places)
    judge(trial, around)
    create_units(con)
    register_units(con, trial)
    con.execute(
        "CREATE OR REPLACE TABLE wrong (unit INTEGER, row BIGINT, quarantine_column VARCHAR)"
    )
    for made in statements([pool], trial.profiles, _UNUSED_KEY):
        con.execute(
            f"INSERT INTO wrong SELECT unit, row, quarantine_column FROM ({made.sql}) "
            "WHERE quarantine_reason IS NOT NULL"
        )


def _tell(
    con: duckdb.DuckDBPyConnection,
    done: str,
    pooled: Pooled,
    told: Sequence[tuple[int, SavedCorrection, MappedColumn]],
) -> None:
    counts = dict(con.execute(f"SELECT number, count(*) FROM {done} GROUP BY number").fetchall())
    for number, (unit, one, column) in enumerate(told):
        count = counts.get(number, 0)
        if not count:
            continue
        file, part = pooled.places[unit]
        file.report.changes.append(
            {
                "sheet": part.table.sheet,
                "column": column.header,
                "element": column.element,
                "kind": CORRECTED,
                "values": count,
                "correction": one.id,
            }
        )
        part.report.messages.append(
            Message(
                "note",
                f"{counted(count, 'value')} read as {one.to_text!r} by correction {one.id}",
                part.table.sheet,
                one.row,
                column.header,
            )
        )


def _count(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    found = con.execute(statement).fetchone()
    return int(found[0]) if found else 0
