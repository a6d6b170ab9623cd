"""Values that stand one column beside their headings: a comma without quotes, a cell left out.

Each column that its element gives a shape (numbers, dates, codes) and that fits it at the top is
looked at in every row that something speaks against. A row is shifted when such values, from some
column to the last, fit the headings one column over and not their own. Its file is held with the
row where it begins: moving cells back would be a guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import duckdb

from comptroller.intake.cell_kinds import STRIPPED
from comptroller.intake.incoming import IncomingPart
from comptroller.intake.normalise import COST_FREE_DATA_SETS
from comptroller.intake.pooling import Pooled
from comptroller.intake.profile import UnitProfile, kind_of
from comptroller.vocabulary import code_list
from comptroller.warehouse import quote_literal

MOST_LOOKED_AT = 20_000
_TOP = 20
_NUMBER = r"[-+(]?\s*£?\s*-?[0-9][0-9,]*(\.[0-9]+)?\s*[-)%]*"
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_BY_KIND = {
    "money": _NUMBER,
    "decimal": _NUMBER,
    "integer": _NUMBER,
    **dict.fromkeys(
        ("date", "birth_date", "timestamp"),
        r"[0-9]{1,4}[-/. ]([0-9]{1,2}|[a-z]{3,9})[-/. ][0-9]{2,4}([ t].*)?",
    ),
    "nhs_number": r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}",
}
_BY_ELEMENT = {
    "provider_code": r"[a-z][a-z0-9]{2,5}(\s*[-–:|].*)?",
    "commissioner_code": r"([a-z][a-z0-9]{2,5}|[0-9]{2}[a-z])(\s*[-–:|].*)?",
    "financial_year": r"(fy)?\s*20[0-9]{2}\s*[-/_ ]?\s*(20)?[0-9]{0,2}",
    "month": rf"(m|mth|month|p)?\s?(0?[1-9]|1[0-3])|({_MONTHS})[a-z]*[-/ ']*[0-9]{{0,4}}",
    "tariff_code": r"[a-z]{2}[0-9]{2}[a-z]",
    "activity_treatment_function_code": r"[0-9]{3}[a-z]?",
    "general_medical_practice_code": r"[a-z][0-9]{5}",
}


@dataclass(frozen=True)
class _Shaped:
    """A column of which it is known what its values look like."""

    at: int
    header: str
    pattern: str

    def fits(self, cells: Sequence[str], step: int = 0) -> bool:
        """Tell whether the cell here, or so many columns further, is a value of this column."""
        place = self.at + step
        return 0 <= place < len(cells) and bool(
            re.fullmatch(self.pattern, cells[place].strip(STRIPPED), re.IGNORECASE)
        )


@dataclass(frozen=True)
class _ShiftedRow:
    row: int
    step: int
    unlike: tuple[str, ...]
    fitting: tuple[str, ...]


@cache
def _pattern(element: str) -> str:
    if element == "pod_code":
        return "|".join(re.escape(code) for code in code_list("point_of_delivery").codes())
    return _BY_ELEMENT.get(element) or _BY_KIND.get(kind_of(element), "")


def hold_what_is_shifted(con: duckdb.DuckDBPyConnection, pooled: Pooled) -> None:
    """Hold each file with a table in which values stand beside their headings."""
    for unit, (file, part) in pooled.places.items():
        if not _is_suspect(con, part, pooled.profiles[unit]):
            continue
        shifted = _shifted_rows(con, part)
        if shifted:
            file.hold(_told(con, part, shifted), sheet=part.table.sheet, row=shifted[0].row)


def _is_suspect(con: duckdb.DuckDBPyConnection, part: IncomingPart, one: UnitProfile) -> bool:
    """Tell whether a value cannot be read, a cost is missing, or cells lie beyond the headings.

    Where values stand beside their headings one of these is so; elsewhere no row is looked at.
    """
    if any(kind == "unreadable" for _, kind in one.changes):
        return True
    table = part.table
    if table.figures:
        return True
    tests = [f"coalesce({cell}, '') <> ''" for cell in _beyond(con, part)]
    cost = part.recognised.mapping.element("activity_cost")
    if cost and part.recognised.data_set not in COST_FREE_DATA_SETS:
        tests.append(f"coalesce({cost.cell}, '') = ''")
    if not tests:
        return False
    found = con.execute(f"SELECT 1 FROM {table.rows} WHERE {' OR '.join(tests)} LIMIT 1")
    return found.fetchone() is not None


def _width(con: duckdb.DuckDBPyConnection, part: IncomingPart) -> int:
    if not part.table.figures:
        return len(part.table.headers)
    return len(con.execute(f"SELECT * FROM {part.table.rows} LIMIT 0").description) - 1


def _last_headed(part: IncomingPart) -> int:
    table = part.table
    headed = [table.column_number(i) - 1 for i, h in enumerate(table.headers) if h.strip()]
    return max([*headed, *table.figures], default=-1)


def _beyond(con: duckdb.DuckDBPyConnection, part: IncomingPart) -> list[str]:
    """Return the cell right behind the last heading, if the sheet goes on there."""
    last = _last_headed(part)
    return [f"c{last + 1}"] if last + 1 < _width(con, part) else []


def _shaped(part: IncomingPart, top: Sequence[Sequence[str]]) -> list[_Shaped]:
    """Return the columns whose values at the top have the shape of their element."""
    table = part.table
    columns = {
        table.column_number(c.index) - 1: (c.header, _pattern(c.element))
        for c in part.recognised.mapping.used
        if not (table.figures and table.column_number(c.index) - 1 in table.figures)
    }
    columns |= {at: (f"column {table.first_column + at + 1}", _NUMBER) for at in table.figures}
    found = []
    for at, (header, pattern) in sorted(columns.items()):
        shaped = _Shaped(at, header, pattern)
        filled = [cells for cells in top if cells[at].strip(STRIPPED)]
        fitting = sum(1 for cells in filled if shaped.fits(cells))
        if pattern and filled and fitting * 4 >= 3 * len(filled):
            found.append(shaped)
    return found


def _shifted_rows(con: duckdb.DuckDBPyConnection, part: IncomingPart) -> list[_ShiftedRow]:
    """Return the rows whose values fit the headings one column over, and not their own."""
    table, width = part.table, _width(con, part)
    listed = ", ".join(f"coalesce(c{at}, '')" for at in range(width))
    # Without LIMIT: the engine fails on one that is applied to rows it orders by their number.
    top = con.execute(
        f"SELECT {listed} FROM {table.rows} WHERE row < {_TOP} + (SELECT min(row) FROM "
        f"{table.rows}) ORDER BY row"
    ).fetchall()
    shaped = _shaped(part, top)
    if len(shaped) < 2:
        return []
    tests = [
        f"(coalesce(trim(c{s.at}, '{STRIPPED}'), '') <> '' AND NOT regexp_full_match("
        f"trim(c{s.at}, '{STRIPPED}'), {quote_literal(s.pattern)}, 'i'))"
        for s in shaped
    ]
    rows = con.execute(
        f"SELECT row, {listed} FROM {table.rows} WHERE {' OR '.join(tests)} LIMIT {MOST_LOOKED_AT}"
    ).fetchall()
    last = _last_headed(part)
    found = []
    for row, *cells in sorted(rows):
        for step in (1, -1):
            one = _as_shifted(row, cells, shaped, step, last)
            if one is not None:
                found.append(one)
                break
    return found


def _as_shifted(
    row: int, cells: Sequence[str], shaped: Sequence[_Shaped], step: int, last: int
) -> _ShiftedRow | None:
    """Return how a row is shifted by one column, None when it is not plain that it is."""
    fitting: list[_Shaped] = []
    for column in reversed(shaped):
        if not column.fits(cells, step):
            break
        fitting.append(column)
    rest = list(shaped[: len(shaped) - len(fitting)])
    if step < 0 and rest:
        # Where a cell was left out, its own heading stands over the next one's value.
        rest.pop()
    unlike = [s for s in fitting if cells[s.at].strip(STRIPPED) and not s.fits(cells)]
    if len(fitting) < 2 or not unlike:
        return None
    if any(cells[s.at].strip(STRIPPED) and not s.fits(cells) for s in rest):
        return None
    edge = last + 1 if step > 0 else last
    filled = edge < len(cells) and bool(cells[edge].strip(STRIPPED))
    # The cell that is one too many behind the last heading, or one too few under it, speaks too.
    strength = len(unlike) + (filled if step > 0 else not filled)
    if strength < 2:
        return None
    return _ShiftedRow(
        row,
        step,
        tuple(s.header for s in reversed(unlike)),
        tuple(s.header for s in reversed(fitting)),
    )


def _told(
    con: duckdb.DuckDBPyConnection, part: IncomingPart, shifted: Sequence[_ShiftedRow]
) -> str:
    first = shifted[0]
    (after,) = con.execute(
        f"SELECT count(*) FROM {part.table.rows} WHERE row >= {first.row}"
    ).fetchall()[0]
    side, other = ("right", "left") if first.step > 0 else ("left", "right")
    where = (
        f"from row {first.row:,} on"
        if len(shifted) > 1 and len(shifted) * 5 >= after * 4
        else f"in {len(shifted):,} row{'s' if len(shifted) > 1 else ''}, "
        f"{'the first ' if len(shifted) > 1 else ''}row {first.row:,}"
    )
    return (
        f"{where}, values stand one column to the {side} of their headings: there "
        f"{_listed(first.unlike)} {'does' if len(first.unlike) == 1 else 'do'} not hold what the "
        f"heading says, and what belongs under {_listed(first.fitting)} stands one column to the "
        f"{side}. Ask for the file again with text in quotes, or move the cells back to the {other}"
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:4])
    return shown + (f" and {len(names) - 4} more" if len(names) > 4 else "")
