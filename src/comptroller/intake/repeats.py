"""Tables of one file that say again what another one says: a summary, a copy, an extract.

Comes in: the tables of a file that could all become lines. Goes out: those that must not, each
with the reason. Arithmetic decides, never the name of a sheet: where each group of the one (by
provider, commissioner, month, point of delivery and what else both tell) adds up to the same
pounds as in the other, the shorter table repeats the longer one. Where the pounds say so and the
groups do not, a person must decide: to load both could count the pounds twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from comptroller.intake.cell_kinds import STRIPPED, number_sql
from comptroller.intake.organisations import read_code, read_pod
from comptroller.intake.periods import read_month, read_year
from comptroller.intake.source import MappedColumn, SourceTable, column_letters

_CENT, _HALF = Decimal("0.005"), Decimal("0.5")
_LEAST_GROUPS = 2
"""One group that agrees may be chance, or a table of one kind of activity: a person decides."""

_LEAST_EXTRACT = 5
"""Rows that must all stand in another table before a shorter one is taken for an extract."""

_OTHER_FIGURES = re.compile(
    r"\b(?:plan|planned|budget|baseline|forecast|outturn|variance|ytd|year to date|cumulative|"
    r"in[- ]month|(?:last|previous|prior) (?:month|year|version|submission))\b",
    re.IGNORECASE,
)
MOST_GROUPS = 100_000
_MOST_COMPARED = 500_000
"""Longer tables are not compared row by row."""


def _month(text: str) -> str | None:
    found = read_month(text)
    return str(found[0]) if found else None


def _text(text: str) -> str | None:
    return " ".join(text.upper().split()) or None


_KEYS: Mapping[str, Callable[[str], str | None]] = {
    "provider_code": read_code,
    "commissioner_code": read_code,
    "financial_year": read_year,
    "month": _month,
    "pod_code": read_pod,
    "activity_treatment_function_code": _text,
    "tariff_code": _text,
    "drug_name": _text,
    "device_name": _text,
}
_PLACE = ("provider_code", "commissioner_code", "financial_year", "month")
_SLICE = (*_PLACE, "pod_code")


@dataclass(frozen=True)
class Lines:
    """A table that could become lines, with what it was found to be."""

    table: SourceTable
    data_set: str
    columns: Sequence[MappedColumn]
    constants: Mapping[str, str]

    @property
    def name(self) -> str:
        """How to name it in a message."""
        if self.table.first_row:
            return f"the table that begins in row {self.table.first_row}"
        if self.table.first_column:
            return f"the table that begins in column {column_letters(self.table.first_column)}"
        if self.table.sheet:
            return f"sheet {self.table.sheet!r}"
        return self.table.member or "the table"


@dataclass(frozen=True)
class Repeat:
    """A table that repeats others: which, why, its pounds, and whether that is certain."""

    place: int
    reason: str
    pounds: Decimal
    is_certain: bool


_Groups = dict[tuple[str | None, ...], Decimal]


@dataclass(frozen=True)
class _Sums:
    """The pounds of one table by everything that tells its lines apart, in the order of _KEYS."""

    place: int
    lines: Lines
    rows: int
    pounds: Decimal
    whole: bool
    groups: _Groups

    def told(self) -> set[str]:
        """Return the keys that every line has."""
        return {
            name for at, name in enumerate(_KEYS) if all(key[at] is not None for key in self.groups)
        }


def repeats(con: duckdb.DuckDBPyConnection, tables: Sequence[Lines]) -> list[Repeat]:
    """Return the tables of one file that repeat others of the same data set.

    Args:
        con: The connection.
        tables: Those that could become lines, in the order of the file.
    """
    found: list[Repeat] = []
    for data_set in sorted({one.data_set for one in tables}):
        places = [at for at, one in enumerate(tables) if one.data_set == data_set]
        if len(places) < 2:
            continue
        sums = [made for at in places if (made := _sums(con, at, tables[at])) is not None]
        # The shortest and least told first, of equal ones the last: it repeats the others.
        sums.sort(key=lambda one: (one.rows, len(one.told()), -one.place))
        for at, one in enumerate(sums):
            aside = {repeat.place for repeat in found if repeat.is_certain}
            others = [other for other in sums[at + 1 :] if other.place not in aside]
            repeat = _repeat(con, one, others)
            if repeat is not None:
                found.append(repeat)
    return found


def _sums(con: duckdb.DuckDBPyConnection, place: int, lines: Lines) -> _Sums | None:
    """Add up a table; None where it has no pounds, or too many groups to be a summary or detail."""
    columns = {column.element: column for column in lines.columns}
    cost = columns.get("activity_cost")
    if cost is None:
        return None
    columns.setdefault("pod_code", columns.get("local_pod_code", cost))
    cells = []
    for name in _KEYS:
        column = columns.get(name)
        told = column is not None and column is not cost
        cells.append(f"trim({column.cell}, '{STRIPPED}')" if told and column else "NULL")
    number = number_sql(cost.cell)
    found = con.execute(
        f"SELECT {', '.join(cells)}, count(*), coalesce(sum({number}), 0), "
        f"bool_and({number} = trunc({number})) FROM {lines.table.relation} "
        f"GROUP BY ALL LIMIT {MOST_GROUPS + 1}"
    ).fetchall()
    if len(found) > MOST_GROUPS:
        return None
    groups: _Groups = {}
    for *texts, _, pounds, _ in found:
        key = tuple(
            (read(text) if text else None) or lines.constants.get(name)
            for (name, read), text in zip(_KEYS.items(), texts, strict=True)
        )
        groups[key] = groups.get(key, Decimal(0)) + pounds
    total = sum(groups.values(), Decimal(0))
    if not total:
        return None
    whole = all(row[-1] is not False for row in found)
    return _Sums(place, lines, sum(row[-3] for row in found), total, whole, groups)


def _repeat(con: duckdb.DuckDBPyConnection, one: _Sums, others: Sequence[_Sums]) -> Repeat | None:
    """Tell whether a table repeats a longer one, or all longer ones together."""
    sets = [[other] for other in others]
    if len(others) > 1:
        sets.append(list(others))
    doubtful = None
    for details in sets:
        said = _compare(one, details)
        if said is None and len(details) == 1:
            said = _extract(con, one, details[0])
        if said is None:
            continue
        reason, is_certain = said
        repeat = Repeat(one.place, f"{one.lines.name} {reason}", one.pounds, is_certain)
        if is_certain:
            return repeat
        doubtful = doubtful or repeat
    return doubtful


def _compare(one: _Sums, details: Sequence[_Sums]) -> tuple[str, bool] | None:
    names = " and ".join(other.lines.name for other in details)
    shared = one.told().intersection(*(other.told() for other in details))
    mine, theirs = _by(one, shared), _together(details, shared)
    agreed, differ = _agreement(mine, theirs, one)
    place, coarse = shared & set(_PLACE), shared & set(_SLICE)
    over, above = _by(one, place), _together(details, place)
    if differ and not _agreement(over, above, one)[1]:
        # Points of delivery may be called otherwise: the pounds of their groups tell.
        mine, theirs = _by(one, coarse), _together(details, coarse)
        if _same_pounds(mine, theirs, one):
            agreed, differ, shared = len(mine), 0, coarse
    if not differ and agreed >= _LEAST_GROUPS:
        told = ", ".join(name.replace("_code", "") for name in _KEYS if name in shared)
        return (
            f"repeats {names}: each of its {len(mine):,} groups by {told} has the same pounds "
            f"there (£{one.pounds:,.2f}), as in a summary or a copy; to count it too, have it sent "
            "as a file of its own",
            True,
        )
    if not over.keys() & above.keys():
        return None
    if _close(one.pounds, sum((other.pounds for other in details), Decimal(0)), one):
        return (
            f"has the same pounds (£{one.pounds:,.2f}) as {names}: it may be a summary or a "
            "copy of it, and would be counted twice",
            False,
        )
    for other in details:
        mine_said, other_said = _said(one.lines), _said(other.lines)
        if mine_said != other_said:
            return (
                f"({mine_said or 'no such word'}) and {names} ({other_said or 'no such word'}) are "
                "of the same months and commissioners: only one of them can be the actual pounds",
                False,
            )
    agreed, differ = _agreement(_by(one, coarse), _together(details, coarse), one)
    if agreed >= _LEAST_GROUPS and agreed >= differ:
        return (
            f"has the same pounds in {agreed:,} of its {agreed + differ:,} groups as {names}: it "
            "may be a summary of it, and would be counted twice",
            False,
        )
    return None


def _said(lines: Lines) -> str:
    """Return the words by which a name or title says that its figures are not the month's own."""
    texts = (lines.table.sheet, *lines.table.titles)
    found = {match[0].lower() for text in texts for match in _OTHER_FIGURES.finditer(text)}
    return ", ".join(sorted(found))


def _agreement(mine: _Groups, theirs: _Groups, one: _Sums) -> tuple[int, int]:
    """Return how many groups have the same pounds in both, and how many differ; noughts apart."""
    told = [key for key, pounds in mine.items() if pounds]
    agreed = sum(1 for key in told if key in theirs and _close(mine[key], theirs[key], one))
    return agreed, len(told) - agreed


def _same_pounds(mine: _Groups, theirs: _Groups, one: _Sums) -> bool:
    """Tell whether the groups of two tables have the same pounds, whatever they are called."""
    left, right = (sorted(p for p in groups.values() if p) for groups in (mine, theirs))
    return len(left) == len(right) and all(map(_close, left, right, [one] * len(left)))


def _by(one: _Sums, names: set[str]) -> _Groups:
    """Return the pounds by some of the keys."""
    places = [at for at, name in enumerate(_KEYS) if name in names]
    made: _Groups = {}
    for key, pounds in one.groups.items():
        short = tuple(key[at] for at in places)
        made[short] = made.get(short, Decimal(0)) + pounds
    return made


def _together(details: Sequence[_Sums], names: set[str]) -> _Groups:
    made: _Groups = {}
    for one in details:
        for key, pounds in _by(one, names).items():
            made[key] = made.get(key, Decimal(0)) + pounds
    return made


def _close(mine: Decimal, theirs: Decimal, one: _Sums) -> bool:
    """Tell whether pounds agree: to the penny, or to the pound where the table has no pence."""
    near = _HALF * one.rows if one.whole and theirs != theirs.to_integral_value() else _CENT
    return abs(mine - theirs) <= near


def _extract(con: duckdb.DuckDBPyConnection, one: _Sums, other: _Sums) -> tuple[str, bool] | None:
    """Tell whether every row of a table stands in another one, as in a list of the dearest."""
    if not _LEAST_EXTRACT <= one.rows < other.rows <= _MOST_COMPARED:
        return None
    mine = {column.element: column.cell for column in one.lines.columns}
    theirs = {column.element: column.cell for column in other.lines.columns}
    shared = sorted(mine.keys() & theirs.keys())
    if any(
        one.lines.constants.get(name) != other.lines.constants.get(name)
        for name in _SLICE
        if name not in shared
    ):
        return None
    rows = [
        f"SELECT {', '.join(cells[name] for name in shared)} FROM {lines.table.relation}"
        for cells, lines in ((mine, one.lines), (theirs, other.lines))
    ]
    found = con.execute(f"SELECT count(*) FROM ({' EXCEPT ALL '.join(rows)})").fetchall()
    if found[0][0]:
        return None
    return (
        f"has {one.rows:,} rows (£{one.pounds:,.2f}) that all stand in {other.lines.name} too: it "
        "may be an extract of it, and would be counted twice",
        False,
    )
