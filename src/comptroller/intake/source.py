"""One table on its way to become lines: where it lies, its headers, what stood around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from comptroller.vocabulary import normalise_header

ACROSS = "Month"
"""Heading of the column that months across the columns become."""

UNTOLD_FIGURES = "Figure"
"""Heading of the months' figures where nothing tells whether they are pounds or activity."""

FIGURES_IN_TURN = "Activity and pounds in turn"
"""Heading of the months' figures where rows of activity and of pounds come in turn, untold."""

# Amounts of a period: of a table with months across, only the months' own columns hold them.
_AMOUNTS = (
    "activity_cost",
    "activity_count",
    "market_forces_cost",
    "planned_activity",
    "planned_cost",
    "planned_market_forces_cost",
)


def column_letters(index: int) -> str:
    """Return the name of a 0-based column as spreadsheets print it: A, B ... Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@dataclass(frozen=True)
class Control:
    """What a file itself says its pounds add up to: where, how much, and where it first differs."""

    place: str
    pounds: Decimal
    first_row: int | None = None


@dataclass(frozen=True)
class Blank:
    """A column of labels with blanks that nothing proves to mean the label above.

    Attributes:
        index: The column.
        blank: Rows that are blank in it.
        rows: Rows in all.
        is_doubtful: Whether so many are that the file must be held, as long as they are blank.
    """

    index: int
    blank: int
    rows: int
    is_doubtful: bool


@dataclass(frozen=True)
class SourceTable:
    """A found table, as the upper half of intake needs it.

    Attributes:
        part: Part of the file, 0 where the file holds one table.
        member: Name inside an archive, or ''.
        sheet: Sheet name, or ''.
        rows: DuckDB relation ``row BIGINT, c0..cN VARCHAR`` with the data rows only.
        headers: Header text of each column, '' where a column has none.
        titles: Texts that stand above the table, in reading order.
        titles_over: Those above the first of several tables on its sheet, which hold for this one
            too where its own say nothing.
        merged: Cells of ``rows`` merged downwards: first row, column, last row.
        labels: Rows of a lone text between its data, with the text.
        rows_read: Physical rows from the first to the last non-empty one.
        data_rows: Physical rows in the relation.
        totals: Column index to what the total rows say of it (the grand total where there is
            one); empty where the table has no total row.
        notes: What a person should know about the finding of the table.
        hidden: Whether its sheet is hidden.
        warnings: What may be wrong with what was found.
        doubts: What must be settled by a person before its lines count.
        query: What makes the lines from the rows, ``{rows}`` their name, where one row makes
            several; '' where each row is a line.
        figures: Physical columns of months across.
        breaks: Rows of totals between the data, each with the column that says so.
        blanks: Columns of labels with blanks that are not filled.
        filled: Columns whose labels are filled down, each with how many cells.
        columns: The column of ``rows`` of each column; empty where they are the same.
        first_column: The column of the sheet in which ``rows`` begin, of tables side by side.
        first_row: The row of the sheet in which it begins, of tables one below another; else 0.
        controls: What columns of totals say of the pounds.
        top: Its first rows, '' for an empty cell, where they are at hand; otherwise empty.
    """

    part: int
    member: str
    sheet: str
    rows: str
    headers: tuple[str, ...]
    titles: tuple[str, ...]
    rows_read: int
    data_rows: int
    totals: dict[int, Decimal] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    hidden: bool = False
    warnings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    titles_over: tuple[str, ...] = ()
    merged: tuple[tuple[int, int, int], ...] = ()
    labels: tuple[tuple[int, str], ...] = ()
    query: str = ""
    columns: tuple[int, ...] = ()
    first_column: int = 0
    first_row: int = 0
    controls: tuple[Control, ...] = ()
    figures: tuple[int, ...] = ()
    breaks: tuple[tuple[int, int], ...] = ()
    blanks: tuple[Blank, ...] = ()
    filled: tuple[tuple[int, int], ...] = ()
    top: Sequence[Sequence[str]] = field(default=(), repr=False, compare=False)

    @property
    def relation(self) -> str:
        """The lines: ``row`` and cells, and ``origin VARCHAR``, their column, if `traced`."""
        return f"({self.query.format(rows=self.rows)})" if self.query else self.rows

    @property
    def traced(self) -> bool:
        """Whether a row may make several lines, told apart by ``origin``."""
        return bool(self.query)

    def column_number(self, index: int) -> int:
        """Return the 1-based number that a column has among the columns of ``rows``."""
        return (self.columns[index] if self.columns else index) + 1

    def holds_one_amount_for_all_months(self, column: MappedColumn) -> bool:
        """Tell whether a column stands once beside months across: its amount is of no month."""
        return (
            bool(self.figures)
            and column.element in _AMOUNTS
            and column.index < self.headers.index(ACROSS)
        )

    @property
    def rows_set_aside(self) -> int:
        """Rows that are no data: titles, headers, blanks, totals, notes."""
        return self.rows_read - self.data_rows

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """The headers as they are compared between files of one layout."""
        return tuple(normalise_header(header) for header in self.headers)


@dataclass(frozen=True)
class MappedColumn:
    """One column of a table and the element it was found to be.

    Attributes:
        index: 0-based column; its cells are ``c{index}``.
        header: Header as written.
        element: Name of the element, or '' where the column is not used.
        confidence: 0 to 1.
        basis: Why: header, alias, similar words, values, confirmed ...
        runner_up: The next best element with its confidence, or ''.
    """

    index: int
    header: str
    element: str
    confidence: float
    basis: str
    runner_up: str = ""

    @property
    def cell(self) -> str:
        """SQL name of the column's cells."""
        return f"c{self.index}"
