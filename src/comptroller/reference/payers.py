"""Which legal body stands behind an organisation's code on a date.

Commissioners merge, split and change their codes; providers do too. A code is followed forward
through the successions in force on the date, then up to the body it is part of: a sub-ICB location
to its integrated care board, a commissioning hub to NHS England, a site to its trust. Two codes are
one payer on a date when they lead to the same body.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import duckdb
import pyarrow as pa

from comptroller.reference.asking import first_row
from comptroller.warehouse import register

ALWAYS = date(1900, 1, 1)
EVER = date(9999, 12, 31)
_DAY = timedelta(days=1)

Basis = Literal["self", "succession", "member", "predecessor", "split"]


@dataclass(frozen=True)
class Succession:
    """One step from a code to the code that took over, from ``day`` on."""

    day: date
    to_code: str
    kind: str


@dataclass(frozen=True)
class Span:
    """The body behind a code from one day to another, both included.

    ``body`` is None when the code was split and the code alone does not tell; ``candidates`` are
    then the bodies it may be.
    """

    from_date: date
    to_date: date
    body: str | None
    basis: Basis
    candidates: tuple[str, ...]


@dataclass
class Lineage:
    """Successions and memberships of organisations, ready to be followed.

    Args:
        successions: Code to the steps away from it.
        parents: Code to the body it is part of.
        opened: Code to the first day of its life, where known.
        closed: Code to the last day of its life, where known.
    """

    successions: dict[str, list[Succession]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    opened: dict[str, date] = field(default_factory=dict)
    closed: dict[str, date] = field(default_factory=dict)
    _arrivals: dict[str, list[tuple[str, Succession]]] = field(default_factory=dict)
    _days: dict[str, list[date]] = field(default_factory=dict)

    def add(self, from_code: str, step: Succession) -> None:
        """Add one step, unless it leads nowhere."""
        if from_code != step.to_code:
            self.successions.setdefault(from_code, []).append(step)
            self._arrivals.setdefault(step.to_code, []).append((from_code, step))
            self._days.clear()

    def bodies(
        self, code: str, on: date, since: date = ALWAYS, seen: frozenset[str] = frozenset()
    ) -> tuple[frozenset[str], Basis]:
        """Return the bodies that a code may stand for on a day, and how that was found.

        Args:
            code: The code.
            on: The day.
            since: Only steps from this day on count: the day on which this code was reached.
            seen: Codes passed on the way, so that a circle in the data ends.
        """
        if code in seen:
            return frozenset({code}), "self"
        seen = seen | {code}
        steps = [s for s in self.successions.get(code, ()) if since <= s.day <= on]
        if steps:
            last = max(step.day for step in steps)
            targets = sorted({step.to_code for step in steps if step.day == last})
            found = frozenset().union(*(self.bodies(t, on, last, seen)[0] for t in targets))
            return found, "succession" if len(found) == 1 else "split"
        parent = self.parents.get(code)
        if parent and self._is_member(code, parent, on):
            found, _ = self.bodies(parent, on, since, seen)
            return found, "member" if len(found) == 1 else "split"
        before = self._only_predecessor(code, on)
        if before and since == ALWAYS:
            found, _ = self.bodies(before, on, ALWAYS, seen)
            return found, "predecessor" if len(found) == 1 else "split"
        return frozenset({code}), "self"

    def _is_member(self, code: str, parent: str, on: date) -> bool:
        """Tell whether a membership holds on a day: not before the parent or the code began."""
        begins = max(self.opened.get(code, ALWAYS), self.opened.get(parent, ALWAYS))
        return on >= begins

    def _only_predecessor(self, code: str, on: date) -> str | None:
        """Return the one code that a code continues, for a day before its life began.

        Files restated after a change bear the new code on old activity; where exactly one body
        went into the new one, the old body paid.
        """
        arrivals = self._arrivals.get(code, [])
        begin = self.opened.get(code)
        if begin is None:
            renames = [(c, s) for c, s in arrivals if s.kind == "rename"]
            begin = min((s.day for _, s in renames), default=None)
        if begin is None or on >= begin:
            return None
        origins = {c for c, step in arrivals if step.day == begin}
        return origins.pop() if len(origins) == 1 else None

    def turning_days(self, code: str) -> list[date]:
        """Return the days on which the body behind a code may change, in order."""
        if not self._days:
            self._gather_days()
        return self._days.get(code, [])

    def _gather_days(self) -> None:
        """Note for every code the days of all codes that it is tied to in any way."""
        near: dict[str, set[str]] = {}
        for code, steps in self.successions.items():
            for step in steps:
                near.setdefault(code, set()).add(step.to_code)
                near.setdefault(step.to_code, set()).add(code)
        for code, parent in self.parents.items():
            near.setdefault(code, set()).add(parent)
            near.setdefault(parent, set()).add(code)
        for first in near:
            if first in self._days:
                continue
            family, waiting = {first}, [first]
            while waiting:
                new = near[waiting.pop()] - family
                family |= new
                waiting.extend(new)
            days = {step.day for code in family for step in self.successions.get(code, ())}
            days |= {self.opened[code] for code in family if code in self.opened}
            ordered = sorted(day for day in days if ALWAYS < day <= EVER)
            for code in family:
                self._days[code] = ordered

    def spans(self, code: str) -> list[Span]:
        """Return who stands behind a code, from ever to ever, without gaps or overlaps."""
        starts = [ALWAYS, *self.turning_days(code)]
        found: list[Span] = []
        for index, start in enumerate(starts):
            end = starts[index + 1] - _DAY if index + 1 < len(starts) else EVER
            bodies, basis = self.bodies(code, start)
            candidates = tuple(sorted(bodies))
            body = candidates[0] if len(candidates) == 1 else None
            last = found[-1] if found else None
            if last and (last.body, last.basis, last.candidates) == (body, basis, candidates):
                found[-1] = Span(last.from_date, end, body, basis, candidates)
            else:
                found.append(Span(start, end, body, basis, candidates))
        return found


def create_payer_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``legal_payers``, ``current_providers`` and ``practice_payers``.

    Reads the views ``organisations``, ``successions``, ``practices`` and ``contracts`` of the same
    connection.
    """
    roles = _roles(con)
    commissioners = _lineage(con, ("commissioner",))
    providers = _lineage(con, ("provider", "site"))
    payer_codes = {code for code, role in roles.items() if role in ("commissioner", "")}
    provider_codes = {code for code, role in roles.items() if role in ("provider", "site", "")}
    _create_table(con, "legal_payers", "legal_payer", commissioners, payer_codes)
    _create_table(con, "current_providers", "provider_code", providers, provider_codes)
    con.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW practice_payers AS
        SELECT p.practice_code,
               greatest(coalesce(p.from_date, DATE '{ALWAYS}'), l.from_date) AS from_date,
               least(coalesce(p.to_date, DATE '{EVER}'), l.to_date) AS to_date,
               p.commissioner_code, l.legal_payer
        FROM practices p JOIN legal_payers l ON l.org_code = p.commissioner_code
          AND l.from_date <= coalesce(p.to_date, DATE '{EVER}')
          AND l.to_date >= coalesce(p.from_date, DATE '{ALWAYS}')
        """
    )


def _roles(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the role of every code that is spoken of; empty text where nothing tells.

    A code that only a succession, a practice or a contract names has the role of what it is tied
    to there.
    """
    known = "SELECT org_code, role FROM organisations WHERE role <> 'practice'"
    roles = dict(con.execute(known).fetchall())
    for sql, role in (
        ("SELECT DISTINCT commissioner_code FROM practices", "commissioner"),
        ("SELECT DISTINCT commissioner_code FROM contracts", "commissioner"),
        ("SELECT DISTINCT provider_code FROM contracts", "provider"),
    ):
        for (code,) in con.execute(sql).fetchall():
            roles.setdefault(code, role)
    steps = con.execute("SELECT from_code, to_code FROM successions ORDER BY date DESC").fetchall()
    practices = {
        row[0]
        for row in con.execute(
            "SELECT org_code FROM organisations WHERE role = 'practice' AND org_code IN "
            "(SELECT from_code FROM successions UNION SELECT to_code FROM successions)"
        ).fetchall()
    }
    told = True
    while told:
        told = False
        for pair in steps:
            for code, other in (pair, pair[::-1]):
                if code not in roles and code not in practices and roles.get(other):
                    roles[code] = roles[other]
                    told = True
    for pair in steps:
        for code in pair:
            if code not in practices:
                roles.setdefault(code, "")
    return roles


def _lineage(con: duckdb.DuckDBPyConnection, roles: Sequence[str]) -> Lineage:
    found = Lineage()
    listed = ", ".join(f"'{role}'" for role in roles)
    successors: dict[str, str] = {}
    for code, parent, opened, closed, successor in con.execute(
        "SELECT org_code, parent_code, open_date, close_date, successor_code "
        f"FROM organisations WHERE role IN ({listed}) ORDER BY org_code"
    ).fetchall():
        if parent and parent != code:
            found.parents[code] = parent
        if opened:
            found.opened[code] = opened
        if closed:
            found.closed[code] = closed
            if successor:
                successors[code] = successor
    for code, to_code, day, kind in con.execute(
        "SELECT from_code, to_code, date, kind FROM successions ORDER BY date, from_code, to_code"
    ).fetchall():
        found.add(code, Succession(day, to_code, kind))
    for code, successor in successors.items():
        if code not in found.successions and found.closed[code] < EVER:
            found.add(code, Succession(found.closed[code] + _DAY, successor, "merge"))
    return found


def _create_table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    body_column: str,
    lineage: Lineage,
    codes: Iterable[str],
) -> None:
    rows = [(code, span) for code in sorted(codes) for span in lineage.spans(code)]
    data = {
        "org_code": pa.array([code for code, _ in rows], pa.string()),
        "from_date": pa.array([span.from_date for _, span in rows], pa.date32()),
        "to_date": pa.array([span.to_date for _, span in rows], pa.date32()),
        body_column: pa.array([span.body for _, span in rows], pa.string()),
        "basis": pa.array([span.basis for _, span in rows], pa.string()),
        "candidates": pa.array([";".join(span.candidates) for _, span in rows], pa.string()),
    }
    register(con, "lineage_rows", pa.table(data))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM lineage_rows")
    con.unregister("lineage_rows")


def legal_payer(
    con: duckdb.DuckDBPyConnection, code: str, on: date, *, practice_code: str | None = None
) -> str | None:
    """Return the statutory body that pays behind a commissioner's code on a day.

    Args:
        con: A connection with the reference views.
        code: Any commissioner's code: CCG, sub-ICB location, ICB, commissioning hub.
        on: The attribution date.
        practice_code: The patient's practice: decides where the code was split.

    Returns:
        The body's code; the code itself where nothing is known of it; None where it was split and
        the practice does not tell which part.
    """
    row = first_row(
        con,
        "SELECT legal_payer, candidates FROM legal_payers "
        "WHERE org_code = ? AND ? BETWEEN from_date AND to_date",
        [code, on],
    )
    if row is None:
        return code
    if row[0] is not None or practice_code is None:
        return None if row[0] is None else str(row[0])
    by_practice = first_row(
        con,
        "SELECT legal_payer FROM practice_payers "
        "WHERE practice_code = ? AND ? BETWEEN from_date AND to_date",
        [practice_code, on],
    )
    if by_practice and by_practice[0] in str(row[1]).split(";"):
        return str(by_practice[0])
    return None


def current_provider(con: duckdb.DuckDBPyConnection, code: str, on: date) -> str | None:
    """Return the provider that stands behind a provider's or site's code on a day.

    A site code that nobody has declared is read as its trust's: an NHS site code begins with the
    three characters of the trust. None where a provider was split and the code does not tell.
    """
    for known in (code, code[:3] if len(code) > 3 else code):
        row = first_row(
            con,
            "SELECT provider_code FROM current_providers "
            "WHERE org_code = ? AND ? BETWEEN from_date AND to_date",
            [known, on],
        )
        if row is not None:
            return None if row[0] is None else str(row[0])
    return code
