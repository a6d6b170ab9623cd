"""Where the table of a sheet stands, and what each of its other rows is.

Every physical row of a sheet is exactly one of title, header, data, total, blank or note, so that
rows read can be shown to equal rows loaded, quarantined and set aside. Headings are found by
`table_header`; totals by words and by arithmetic in `table_totals`. The body of a sheet is looked
at with one query, whatever its length: only the rows that may be something other than data come
to Python.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from comptroller.intake.cell_kinds import STRIPPED, clean, is_code, kind_of
from comptroller.intake.keyed_totals import totals_among_lines
from comptroller.intake.reading import RawSheet
from comptroller.intake.table_header import Header, find_header
from comptroller.intake.table_totals import (
    WORDS_OF_ALL,
    Body,
    Suspect,
    names_total,
    recognise_totals,
)
from comptroller.warehouse import quote_literals

# Up to here each cell is stripped before it counts as filled; beyond, an empty cell is NULL.
EXACT_CELLS = 3_000_000
MOST_SUSPECTS = 20_000
TOTAL_WORD_COLUMNS = 30
_FIGURE_COLUMNS = 4
_SELDOM = 0.3


@dataclass(frozen=True)
class FoundTable:
    """The table of a sheet; all row numbers are physical and 1-based.

    Attributes:
        header_rows: Rows of column headings; empty when the table has none.
        repeated_header_rows: Rows further down that repeat the headings.
        first_data_row: First data row, 0 when there is none.
        last_data_row: Last data row.
        header_columns: (column, heading joined over its rows by a blank) from left to right.
        header_parts: The heading of a column by row, group label first.
        unlabelled_columns: Columns that hold values in the sample but have no heading.
        total_rows: Totals and subtotals before, inside and after the data.
        total_reasons: Why each of them is one.
        blank_rows: Rows without anything.
        note_rows: Notes and footnotes, and section labels between the data.
        title_rows: What stands above the headings and is not blank or a total.
        data_rows: How many rows are data.
        doubts: What a total says that its rows do not: a person must decide.
        warnings: What may be a total, taken for data.
        wordy_rows: Rows below the headings without any of the table's figures, with their cells:
            among them are the headings of a table below this one.
        confidence: 0 to 1 that the headings are the headings.
        reasons: What was seen, as plain sentences.
    """

    header_rows: tuple[int, ...]
    repeated_header_rows: tuple[int, ...]
    first_data_row: int
    last_data_row: int
    header_columns: tuple[tuple[int, str], ...]
    header_parts: dict[int, tuple[str, ...]]
    unlabelled_columns: tuple[int, ...]
    total_rows: tuple[int, ...]
    total_reasons: dict[int, str]
    blank_rows: tuple[int, ...]
    note_rows: tuple[int, ...]
    title_rows: tuple[int, ...]
    data_rows: int
    wordy_rows: tuple[tuple[int, tuple[str, ...]], ...]
    doubts: tuple[str, ...]
    warnings: tuple[str, ...]
    confidence: float
    reasons: tuple[str, ...]

    @property
    def set_aside_rows(self) -> int:
        """Return how many rows are not data."""
        return (
            len(self.header_rows)
            + len(self.repeated_header_rows)
            + len(self.total_rows)
            + len(self.blank_rows)
            + len(self.note_rows)
            + len(self.title_rows)
        )

    @property
    def rows_between_data(self) -> tuple[int, ...]:
        """Return the rows from the first to the last data row that are not data."""
        others = (
            *self.repeated_header_rows,
            *self.total_rows,
            *self.blank_rows,
            *self.note_rows,
        )
        inside = [row for row in others if self.first_data_row <= row <= self.last_data_row]
        return tuple(sorted(inside))

    def data_condition(self) -> str:
        """Return the SQL condition on `row` that keeps exactly the data rows."""
        if not self.data_rows:
            return "false"
        condition = f"row BETWEEN {self.first_data_row} AND {self.last_data_row}"
        if self.rows_between_data:
            condition += f" AND row NOT IN ({', '.join(map(str, self.rows_between_data))})"
        return condition


def find_tables(sheet: RawSheet) -> list[FoundTable]:
    """Return the table of the sheet in a list, or an empty list when it holds no table.

    A sheet without headings but with steady columns gives a table with `header_rows` empty and
    a low confidence.
    """
    sample = sheet.sample()
    header = find_header(sample, sheet.first_row, sheet.merged)
    if header is None and not _looks_tabular(sample):
        return []
    body_from = sheet.first_row + (header.last + 1 if header else 0)
    below = sample[header.last + 1 if header else 0 :]
    shape = _shape(below, sheet.width)
    blank, suspects = _suspects(sheet, header, body_from, shape)
    return [_assemble(sheet, sample, header, body_from, shape, blank, suspects)]


def _looks_tabular(sample: Sequence[Sequence[str]]) -> bool:
    """Tell whether most rows are equally wide and hold values, as a table without headings."""
    fills = [sum(1 for cell in row if clean(cell)) for row in sample]
    fills = [fill for fill in fills if fill]
    if len(fills) < 2:
        return False
    common, count = Counter(fills).most_common(1)[0]
    return common >= 2 and count >= 0.5 * len(fills)


@dataclass(frozen=True)
class _Shape:
    """What data rows of this table look like, from the sample below the headings.

    Attributes:
        fill: Cells filled in a typical row.
        numbers: Columns of numbers.
        keys: Columns of text or codes that are filled in almost every row.
        words: Columns of text in which a total may announce itself.
        used: Columns that hold anything.
        seldom_all: Columns of text in which few rows, if any, say All.
    """

    fill: int
    numbers: tuple[int, ...]
    keys: tuple[int, ...]
    words: tuple[int, ...]
    used: tuple[int, ...]
    seldom_all: tuple[int, ...]


def _shape(below: Sequence[Sequence[str]], width: int) -> _Shape:
    fills = sorted(sum(1 for cell in row if clean(cell)) for row in below)
    dense = [fill for fill in fills if fill > 1] or [max(width, 1)]
    typical = dense[len(dense) // 2]
    rows = [row for row in below if sum(1 for cell in row if clean(cell)) > 0.4 * typical]
    # Totals are emptier than data: what keys data rows have is told by the fullest rows.
    full = [row for row in rows if sum(1 for cell in row if clean(cell)) >= 0.75 * typical]
    untold = [row for row in full if not any(names_total(clean(cell)) for cell in row)]
    full = untold if 2 * len(untold) > len(full) else full
    numbers, keys, words, used = [], [], [], []
    for at in range(width):
        kinds = Counter(kind_of(row[at]) for row in rows)
        filled = len(rows) - kinds["empty"]
        if not filled:
            continue
        used.append(at)
        if kinds["number"] >= 0.6 * (filled - kinds["marker"]) and kinds["number"]:
            numbers.append(at)
        if kinds["number"] < filled:
            words.append(at)
        if _is_key(full, at):
            keys.append(at)
    seldom = [
        at
        for at in words[:TOTAL_WORD_COLUMNS]
        if sum(clean(row[at]) in WORDS_OF_ALL for row in rows) <= max(_SELDOM * len(rows), 3)
    ]
    return _Shape(typical, tuple(numbers), tuple(keys), tuple(words), tuple(used), tuple(seldom))


def _is_key(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Tell whether almost every row holds a word or code in the column."""
    filled = [row[at] for row in rows if kind_of(row[at]) not in ("empty", "marker")]
    texts = sum(1 for cell in filled if kind_of(cell) == "text" or is_code(cell))
    return bool(filled) and len(filled) >= 0.9 * len(rows) and texts >= 0.8 * len(filled)


def _suspects(
    sheet: RawSheet, header: Header | None, body_from: int, shape: _Shape
) -> tuple[list[int], list[Suspect]]:
    """Return the blank rows below the headings, and the rows that may be other than data."""
    exact = sheet.row_count * sheet.width <= EXACT_CELLS
    cells = [f"nullif(trim({name}, '{STRIPPED}'), '')" if exact else name for name in sheet.columns]
    fill = " + ".join(f"({cell} IS NOT NULL)::INTEGER" for cell in cells)
    sparse = max(1, int(0.4 * shape.fill))
    where = [f"filled <= {sparse}"]
    # In any case of letters, without the cost of folding millions of cells.
    if exact:
        said = ", ".join(f"c{at}" for at in shape.words[:TOTAL_WORD_COLUMNS])
        words = f"concat('|', concat_ws('|', {said}), '|')" if said else "''"
        wanted = ("otal", "OTAL", "|England|", "|ENGLAND|")
        where += [f"contains({words}, '{word}')" for word in wanted]
    else:
        for at in shape.words[: TOTAL_WORD_COLUMNS // 4]:
            where.append(f"contains(c{at}, 'otal') OR contains(c{at}, 'OTAL')")
            where.append(f"c{at} IN ('England', 'ENGLAND')")
    where += [f"{cells[at]} IN ({quote_literals(WORDS_OF_ALL)})" for at in shape.seldom_all]
    if shape.numbers:
        # No figure: nothing, or words, in every column of figures that is looked at.
        no_figure = [f"({at} IS NULL OR {at} BETWEEN 'A' AND 'zz')" for at in _figures(shape)]
        where.append("(" + " AND ".join(no_figure) + ")")
    missing = [f"({cells[at]} IS NULL OR {cells[at]} IN ('-', '–', '*'))" for at in shape.keys[:3]]
    if missing:
        where.append("(" + (" OR " if exact else " AND ").join(missing) + ")")
    parameters: list[str] = []
    if header is not None:
        repeat = [at for at, _ in header.columns if at < sheet.width][:2]
        lowest = sheet.rows(sheet.first_row + header.last, sheet.first_row + header.last)[0]
        parameters = [lowest[at] for at in repeat if lowest[at]]
        if parameters:
            same = [f"c{at} = ?" for at in repeat if lowest[at]]
            where.append("(" + " AND ".join(same) + ")")
    edge = f"row < {body_from + 3} OR row > {sheet.last_row - 4}"
    # Kept apart, or the engine would put the long sum into every condition.
    told = (
        f"WITH counted AS {'MATERIALIZED' if exact else 'NOT MATERIALIZED'} (SELECT *, {fill} AS "
        f"filled FROM {sheet.relation} WHERE row >= {body_from}) "
        f"SELECT row, filled, {', '.join(sheet.columns)} FROM counted"
    )
    other = f"filled > 0 AND ({' OR '.join(where)} OR {edge})"
    found = sheet.con.execute(
        f"{told} WHERE filled = 0 OR {other} ORDER BY row LIMIT {MOST_SUSPECTS}", parameters
    ).fetchall()
    blank = [int(row[0]) for row in found if not row[1]]
    if len(found) == MOST_SUSPECTS:
        found = sheet.con.execute(
            f"{told} WHERE {other} ORDER BY row LIMIT {MOST_SUSPECTS}", parameters
        ).fetchall()
        blank = [
            int(row[0])
            for row in sheet.con.execute(f"{told} WHERE filled = 0 ORDER BY row").fetchall()
        ]
    suspects = [
        Suspect(int(row[0]), tuple("" if cell is None else clean(cell) for cell in row[2:]))
        for row in found
        if row[1]
    ]
    return blank, suspects


def _figures(shape: _Shape) -> list[str]:
    return [f"c{at}" for at in shape.numbers[-_FIGURE_COLUMNS:]]


def _assemble(
    sheet: RawSheet,
    sample: Sequence[Sequence[str]],
    header: Header | None,
    body_from: int,
    shape: _Shape,
    blank: list[int],
    suspects: list[Suspect],
) -> FoundTable:
    """Give every row its kind and put the table together."""
    header_rows = (
        tuple(range(sheet.first_row + header.first, body_from)) if header is not None else ()
    )
    above = [
        Suspect(sheet.first_row + index, tuple(clean(cell) for cell in row))
        for index, row in enumerate(sample[: header.first if header else 0])
    ]
    repeated = _repeated(sheet, header, suspects)
    suspects = [suspect for suspect in suspects if suspect.row not in repeated]
    body = Body(
        sheet, body_from, shape.fill, shape.numbers, shape.keys, shape.words, frozenset(repeated)
    )
    totals = recognise_totals(body, above, suspects)
    keyed = totals_among_lines(body, suspects, totals)
    totals |= keyed.totals
    notes = _notes(sheet, shape, suspects, totals, blank)
    titles = tuple(s.row for s in above if any(s.cells) and s.row not in totals)
    blank_rows = tuple(sorted([s.row for s in above if not any(s.cells)] + blank))
    outside = {*totals, *notes, *repeated, *blank}
    data_rows = sheet.last_row - body_from + 1 - len({row for row in outside if row >= body_from})
    first = _edge(body_from, sheet.last_row, outside, 1) if data_rows else 0
    last = _edge(sheet.last_row, body_from, outside, -1) if data_rows else 0
    labelled = {at for at, _ in header.columns} if header else set()
    reasons = list(header.reasons) if header else ["no row looks like column headings"]
    if totals:
        reasons.append(f"{len(totals)} total rows")
    if len(suspects) + len(repeated) >= MOST_SUSPECTS:
        reasons.append(
            f"more than {MOST_SUSPECTS:,} rows may be other than data: those after row "
            f"{suspects[-1].row if suspects else body_from:,} were not looked at one by one"
        )
    if repeated:
        reasons.append(f"the headings come again in {len(repeated)} rows")
    return FoundTable(
        header_rows=header_rows,
        repeated_header_rows=tuple(sorted(repeated)),
        first_data_row=first,
        last_data_row=last,
        header_columns=header.columns if header else (),
        header_parts=header.parts if header else {},
        unlabelled_columns=tuple(at for at in shape.used if at not in labelled),
        total_rows=tuple(sorted(totals)),
        total_reasons=dict(sorted(totals.items())),
        blank_rows=blank_rows,
        note_rows=tuple(sorted(notes)),
        title_rows=titles,
        data_rows=data_rows,
        wordy_rows=tuple(
            (s.row, s.cells)
            for s in suspects
            if not any(kind_of(s.cells[at]) == "number" for at in shape.numbers)
        ),
        doubts=keyed.doubts,
        warnings=keyed.warnings,
        confidence=_confidence(header, data_rows),
        reasons=tuple(reasons),
    )


def _confidence(header: Header | None, data_rows: int) -> float:
    if header is None:
        return 0.2
    certain = 0.55 + 0.6 * (header.score - 0.45)
    return round(min(certain, 0.99) * (1.0 if data_rows else 0.6), 2)


def _edge(start: int, stop: int, outside: set[int], step: int) -> int:
    """Return the first row from `start` towards `stop` that is not in `outside`."""
    row = start
    while row != stop and row in outside:
        row += step
    return row


def _repeated(sheet: RawSheet, header: Header | None, suspects: Sequence[Suspect]) -> set[int]:
    """Return the rows that say again what a heading row says."""
    if header is None:
        return set()
    first = sheet.first_row + header.first
    heads = [
        [clean(cell) for cell in row] for row in sheet.rows(first, sheet.first_row + header.last)
    ]
    repeated: set[int] = set()
    for suspect in suspects:
        filled = [(at, cell) for at, cell in enumerate(suspect.cells) if cell]
        for head in heads:
            width = sum(1 for cell in head if cell)
            same = sum(1 for at, cell in filled if at < len(head) and head[at] == cell)
            if same >= 2 and same >= 0.6 * width and same >= 0.8 * len(filled):
                repeated.add(suspect.row)
    return repeated


def _notes(
    sheet: RawSheet,
    shape: _Shape,
    suspects: Sequence[Suspect],
    totals: dict[int, str],
    blank: Sequence[int],
) -> set[int]:
    """Return the rows of notes: what trails the data, and lone labels between the data."""
    sparse = max(1, int(0.4 * shape.fill))
    notes: set[int] = set()
    by_row = {suspect.row: suspect for suspect in suspects}
    # From the bottom up: everything that is no data row, until the first that is.
    row, empty = sheet.last_row, set(blank)
    while row in empty or row in totals or _is_note(by_row.get(row), shape, sparse, trailing=True):
        if row not in empty and row not in totals:
            notes.add(row)
        row -= 1
    for suspect in suspects:
        if suspect.row not in totals and _is_note(suspect, shape, sparse, trailing=False):
            notes.add(suspect.row)
    return notes


def _is_note(suspect: Suspect | None, shape: _Shape, sparse: int, *, trailing: bool) -> bool:
    """Tell whether the row says something about the data rather than being data."""
    if suspect is None:
        return False
    filled = [(at, cell) for at, cell in enumerate(suspect.cells) if cell]
    if len(filled) > sparse or shape.fill < 2:
        return False
    if any(at in shape.numbers and kind_of(cell) == "number" for at, cell in filled):
        return False
    # A lone date is what a title says: the month of the rows below.
    words = [
        cell
        for _, cell in filled
        if kind_of(cell) == "date" or (kind_of(cell) == "text" and not is_code(cell))
    ]
    if not words:
        return False
    if trailing:
        return len(words) == len(filled) or any(len(cell) > 25 for cell in words)
    return len(filled) == 1 and shape.fill >= 4
