"""Labels written once and blank below: filled from above where the column's pattern proves it.

Cells merged downwards prove it by themselves: their label stands for every row that they cover.
Otherwise a column proves it when its first row has a label, at least half of its rows are blank,
no label comes back within the group of the column to its left, every group of that column and
every row after one of its totals begins with a label of its own. Only labels are ever filled:
never money, never anything of a patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from comptroller.intake.cell_kinds import STRIPPED
from comptroller.intake.source import ACROSS, Blank, MappedColumn, SourceTable

FILLED_DOWN = "filled down from above"
_IN_EVERY_ROW = ("provider_code", "commissioner_code", "financial_year", "month")
"""Without one of these there is no line: a single label at the top speaks for all rows."""

_LABELS = (
    *_IN_EVERY_ROW,
    "pod_code",
    "local_pod_code",
    "local_pod_description",
    "activity_treatment_function_code",
    "local_sub_specialty_code",
    "organisation_site_identifier_of_treatment",
    "service_code",
)
_BY_POINT_OF_DELIVERY = ("ACM", "PLCM")
_LEAST_LABELS = 3
MOST_LABELS = 100_000
MOST_STRIPPED = 200_000


@dataclass(frozen=True)
class _Labels:
    """The labels of one column: physical rows and what stands in them, in order."""

    column: MappedColumn
    at: int
    rows: tuple[int, ...]
    texts: tuple[str, ...]
    blank: int


def fill_down(
    con: duckdb.DuckDBPyConnection,
    table: SourceTable,
    columns: Sequence[MappedColumn],
    data_set: str,
) -> SourceTable:
    """Return the table with its labels filled down, itself where there is nothing to fill.

    Args:
        con: The connection.
        table: The table; ``rows`` says where its rows lie.
        columns: Its mapped columns.
        data_set: What it is: only some lines are worth little without a point of delivery.
    """
    across = table.headers.index(ACROSS) if table.figures else -1
    labels = [c for c in columns if c.element in _LABELS and c.index != across]
    if not labels or not table.rows or table.data_rows < 2 or _plainly_full(table, labels):
        return table
    table = _fill_merged(con, table, labels)
    proven: list[_Labels] = []
    blanks: list[Blank] = []
    for one in _sparse(con, table, labels):
        rows = one.blank + len(one.rows)
        always = one.column.element in _IN_EVERY_ROW
        if one.blank < len(one.rows):
            if always:
                blanks.append(Blank(one.column.index, one.blank, rows, is_doubtful=False))
        elif _is_proven(con, table, one, proven):
            proven.append(one)
        elif always or (one.column.element == "pod_code" and data_set in _BY_POINT_OF_DELIVERY):
            blanks.append(Blank(one.column.index, one.blank, rows, is_doubtful=True))
    table = replace(table, blanks=tuple(blanks))
    if not proven:
        return table
    filled = ", ".join(
        f"last_value({_text(f'c{one.at}')} IGNORE NULLS) OVER above AS c{one.at}" for one in proven
    )
    return replace(
        table,
        rows=f"(SELECT * REPLACE ({filled}) FROM {table.rows} WINDOW above AS "
        "(ORDER BY row ROWS UNBOUNDED PRECEDING))",
        filled=(*table.filled, *((one.column.index, one.blank) for one in proven)),
    )


def told_of(blank: Blank, header: str, element: str, submission_id: str) -> str:
    """Say that blanks below labels prove nothing, and what a person may do."""
    text = (
        f"{header!r} is blank in {blank.blank:,} of {blank.rows:,} rows, and nothing "
        f"proves that what stands above holds for them: have it sent with {header!r} in every row"
    )
    if element == "pod_code":
        # A line without one is a line: no row of it waits in quarantine to be corrected.
        return f"{text}, or promote it as it is: those lines then have no point of delivery"
    return (
        f"{text}, or say what an empty cell means (comptroller quarantine correct {submission_id} "
        f"--column {header!r} --from '' --to CODE --reason ...)"
    )


def _fill_merged(
    con: duckdb.DuckDBPyConnection, table: SourceTable, columns: Sequence[MappedColumn]
) -> SourceTable:
    """Return the table with the labels of cells merged downwards in every row they cover."""
    for column in columns:
        at = table.column_number(column.index) - 1
        spans = [(top, bottom) for top, left, bottom in table.merged if left == at]
        if not spans:
            continue
        listed = ", ".join(f"({top}, {bottom})" for top, bottom in spans)
        # A span begins with its label; where a total took the first row, nothing is filled.
        rows = (
            f"(SELECT r.* REPLACE (coalesce({_text(f'r.c{at}')}, {_text(f'm.c{at}')}) AS c{at}) "
            f"FROM {table.rows} r LEFT JOIN (VALUES {listed}) spans(span_first, span_last) "
            f"ON r.row > span_first AND r.row <= span_last "
            f"LEFT JOIN {table.rows} m ON m.row = span_first)"
        )
        counts = [
            con.execute(f"SELECT count({_text(f'c{at}')}) FROM {relation}").fetchall()[0][0]
            for relation in (table.rows, rows)
        ]
        table = replace(
            table, rows=rows, filled=(*table.filled, (column.index, counts[1] - counts[0]))
        )
    return table


def _plainly_full(table: SourceTable, columns: Sequence[MappedColumn]) -> bool:
    """Tell from the top rows, where they are at hand, that nothing is to be filled or doubted.

    The first column that is filled down has a label in the first row and none comes back; a point
    of delivery is in doubt where it is blank below one.
    """
    if not table.top:
        return False
    for column in columns:
        cells = [row[table.column_number(column.index) - 1].strip(STRIPPED) for row in table.top]
        texts = [text for text in cells if text]
        blank = len(texts) < len(cells)
        doubtful = blank and column.element in ("pod_code", *_IN_EVERY_ROW)
        if cells[0] and (len(set(texts)) == len(texts) or doubtful):
            return False
    return True


def _text(cell: str) -> str:
    """Return SQL of a cell that holds something, else NULL."""
    return f"CASE WHEN trim({cell}, '{STRIPPED}') <> '' THEN {cell} END"


def _sparse(
    con: duckdb.DuckDBPyConnection, table: SourceTable, columns: Sequence[MappedColumn]
) -> list[_Labels]:
    """Return the columns that are blank below a label, from left to right.

    Of those less than half blank only such as every line needs.
    """
    placed = sorted((table.column_number(c.index) - 1, c) for c in columns)
    # Of a long table, cells of white space count as filled: to strip them all would take longer.
    exact = table.data_rows <= MOST_STRIPPED
    counts = ", ".join(f"count({_text(f'c{at}') if exact else f'c{at}'})" for at, _ in placed)
    rows, *filled = con.execute(f"SELECT count(*), {counts} FROM {table.rows}").fetchall()[0]
    found = []
    for (at, column), count in zip(placed, filled, strict=True):
        few = count * 2 > rows and (column.element not in _IN_EVERY_ROW or count == rows)
        if not count or few or count > MOST_LABELS:
            continue
        labels = con.execute(
            f"SELECT row, {_text(f'c{at}')} AS label FROM {table.rows} WHERE label IS NOT NULL "
            "ORDER BY row"
        ).fetchall()
        first = con.execute(f"SELECT min(row) FROM {table.rows}").fetchall()[0][0]
        if labels[0][0] == first:
            texts = tuple(" ".join(text.upper().split()) for _, text in labels)
            found.append(_Labels(column, at, tuple(r for r, _ in labels), texts, rows - count))
    return found


def _is_proven(
    con: duckdb.DuckDBPyConnection, table: SourceTable, one: _Labels, outer: Sequence[_Labels]
) -> bool:
    """Tell whether the blanks below each label can only mean the label."""
    starts = set(one.rows)
    groups = {row for other in outer for row in other.rows}
    if not groups <= starts:
        return False
    seen: set[str] = set()
    for row, text in zip(one.rows, one.texts, strict=True):
        if row in groups:
            seen = set()
        if text in seen:
            return False
        seen.add(text)
    if one.column.element not in _IN_EVERY_ROW and len(starts) < _LEAST_LABELS and not groups:
        return False
    ends = [row for row, at in table.breaks if at <= one.at]
    if not ends:
        return True
    cuts = ", ".join(f"({row})" for row in ends)
    after = con.execute(
        f"SELECT DISTINCT (SELECT min(row) FROM {table.rows} WHERE row > cut) "
        f"FROM (VALUES {cuts}) ends(cut)"
    ).fetchall()
    return {row for (row,) in after if row is not None} <= starts
