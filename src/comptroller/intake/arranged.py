"""A found table as the upper half of intake needs it: headings, titles, rows, what totals say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from comptroller.intake.cell_kinds import clean
from comptroller.intake.evidence import read_number
from comptroller.intake.in_turn import InTurn, rows_in_turn
from comptroller.intake.keyed_totals import OF_ITS_ROWS
from comptroller.intake.months_across import month_columns, unpivot
from comptroller.intake.reading import RawSheet
from comptroller.intake.source import SourceTable
from comptroller.intake.table_finder import FoundTable

_MOST_LABELS = 200


def source_table(sheet: RawSheet, found: FoundTable, first_column: int = 0) -> SourceTable:
    """Return a found table as the upper half of intake needs it, its months one below the other."""
    headers = ["" for _ in range(sheet.width)]
    for index, header in found.header_columns:
        headers[index] = header
    titles = []
    for row in found.title_rows:
        cells = [cell.strip() for cell in sheet.rows(row, row)[0] if cell.strip()]
        if cells:
            titles.append(" ".join(cells))
    months = month_columns(sheet, found)
    placed = [column.index for column in months]
    turn = rows_in_turn(sheet, found, placed, first_column)
    table = SourceTable(
        part=sheet.part,
        member=sheet.member,
        sheet=sheet.sheet,
        rows=f"(SELECT * FROM {sheet.relation} WHERE {found.data_condition()})",
        headers=tuple(headers),
        titles=tuple(titles),
        rows_read=sheet.row_count,
        data_rows=found.data_rows,
        totals=_totals(sheet, found, turn),
        hidden=sheet.hidden,
        breaks=_breaks(sheet, found),
        first_column=first_column,
        labels=_labels(sheet, found),
        merged=tuple(
            (top, left, bottom)
            for top, left, bottom, _ in sheet.merged
            if found.first_data_row <= top < bottom and left < sheet.width
        ),
        doubts=found.doubts,
        warnings=found.warnings,
    )
    if turn is not None:
        table = _put_together(table, turn, placed)
    if not months:
        return table
    texts = [*titles, sheet.sheet]
    across = unpivot(sheet, found, months, table.totals, texts, first_column, turn)
    if across is None:
        return table
    return replace(
        table,
        query=across.query,
        figures=across.figures,
        headers=across.headers,
        data_rows=across.data_rows,
        totals=across.totals,
        notes=(*table.notes, *across.notes),
        doubts=(*table.doubts, *across.doubts),
        columns=across.columns,
        controls=across.controls,
    )


def _put_together(table: SourceTable, turn: InTurn, months: Sequence[int]) -> SourceTable:
    """Return a table whose rows of activity and of pounds come in turn, one row for each turn.

    The figures of the other measures get columns of their own behind the table's; where months go
    across, those are told apart when the table is unpivoted.
    """
    if turn.doubt:
        return replace(table, doubts=(*table.doubts, turn.doubt))
    headers = [*table.headers, *[""] * (turn.width * (len(turn.measures) - 1))]
    headers[turn.column] = ""
    doubts = table.doubts
    if not months:
        for at in turn.figures:
            for number, measure in enumerate(turn.measures):
                headers[number * turn.width + at] = measure
        if len(turn.figures) != 1:
            named = ", ".join(repr(table.headers[at]) for at in turn.figures) or "no column"
            doubts = (
                *doubts,
                f"rows of {' and '.join(turn.written)} come in turn, but not one column holds "
                f"their figures: {named}",
            )
    return replace(
        table,
        rows=turn.rows,
        headers=tuple(headers),
        data_rows=turn.turns,
        notes=(*table.notes, turn.note),
        doubts=doubts,
    )


def _totals(sheet: RawSheet, found: FoundTable, turn: InTurn | None) -> dict[int, Decimal]:
    """Return what the file itself says its columns add up to.

    A row that says it is the grand total, or that equals the sum of all data rows, speaks for the
    table; without one, a single total row does; several subtotals are added up.
    """
    if not found.total_rows:
        return {}
    # What is a total of some lines alone says nothing of the table.
    told = [row for row in found.total_rows if OF_ITS_ROWS not in found.total_reasons.get(row, "")]
    rows = {row: sheet.rows(row, row)[0] for row in told[:200]}
    if turn is not None:
        # Only what says that it is of the pounds; the relation's first measure.
        pounds = turn.written[:1]
        rows = {
            row: cells
            for row, cells in rows.items()
            if " ".join(cells[turn.column].lower().split()) in pounds
        }
    grand = [
        row
        for row in rows
        if "sum of all data rows" in found.total_reasons.get(row, "")
        or any(word in " ".join(rows[row]).lower() for word in ("grand", "overall"))
    ]
    chosen = grand[-1:] or list(rows)
    totals: dict[int, Decimal] = {}
    for row in chosen:
        for index, cell in enumerate(rows[row]):
            value = read_number(cell) if cell else None
            if value is not None:
                totals[index] = totals.get(index, Decimal(0)) + value
    return totals


def _labels(sheet: RawSheet, found: FoundTable) -> tuple[tuple[int, str], ...]:
    """Return the rows of a lone text between the data rows, with the text."""
    inside = [row for row in found.note_rows if found.first_data_row < row < found.last_data_row]
    made = []
    for row in inside[:_MOST_LABELS]:
        filled = [text for cell in sheet.rows(row, row)[0] if (text := clean(cell))]
        made.append((row, " ".join(filled)))
    return tuple(made)


def _breaks(sheet: RawSheet, found: FoundTable) -> tuple[tuple[int, int], ...]:
    """Return the totals between the data rows, each with the first column that names it."""
    inside = [row for row in found.total_rows if found.first_data_row < row < found.last_data_row]
    if not inside:
        return ()
    rows = sheet.con.execute(
        f"SELECT row, {', '.join(sheet.columns)} FROM {sheet.relation} "
        f"WHERE row IN ({', '.join(map(str, inside))}) ORDER BY row"
    ).fetchall()
    named = [
        next((at for at, cell in enumerate(cells) if cell and "total" in cell.lower()), 0)
        for _, *cells in rows
    ]
    return tuple((row[0], at) for row, at in zip(rows, named, strict=True))
