"""The exact tiers: each pass joins what is still open on some columns, one to one.

Within a tier the finest agreement goes first (date, treatment function, HRG, cost), so that of
several candidates the one that agrees best is taken. Where the finest columns agree for several
lines at once, they are paired in the order of their ids: equal lines are as good as each other.
Where only the coarse key agrees, a link is made for a single line and a single record; anything
else is left to the next tier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

# Lines of one coarse key beyond which it is no identifier, but a word such as UNKNOWN.
_FEW = 20


@dataclass(frozen=True)
class Pass:
    """One join of what is open.

    Attributes:
        tier: The tier its links show.
        keys: Columns that must be present and equal.
        finer: Columns that must be equal, empty or not.
        alone: Link only where line and record are each other's only candidate.
        days: Days that the two dates are apart, where ``day`` is no key.
    """

    tier: int
    keys: tuple[str, ...]
    finer: tuple[str, ...] = ()
    alone: bool = False
    days: int = 0


_WHOLE = ("tfc", "hrg", "cost")


def _of_patient(step: Pass) -> tuple[Pass, Pass]:
    """Return a pass for the national patient key, then for the provider's own number."""
    return (
        replace(step, keys=(*step.keys, "person")),
        replace(step, keys=(*step.keys, "local_person")),
    )


def _of_identifier(tier: int, *keys: str) -> tuple[Pass, ...]:
    dated = (*keys, "day")
    return (
        *_of_patient(Pass(tier, dated, _WHOLE)),
        *_of_patient(Pass(tier, dated, ("tfc",))),
        *_of_patient(Pass(tier, dated)),
        Pass(tier, dated, alone=True),
    )


PASSES: tuple[Pass, ...] = (
    # Between versions only: a part of the return that another file carried over, and lines without
    # a patient, such as adjustments, which are the same where their codes and month are.
    Pass(0, ("line_id",)),
    Pass(0, ("place",)),
    *_of_identifier(1, "cds"),
    *_of_identifier(2, "reference", "kind"),
    # An identifier that leads to another day is believed only after those that lead to the same:
    # it may be mistyped, or used twice.
    Pass(1, ("cds",), alone=True),
    Pass(2, ("reference", "kind"), alone=True),
    *_of_patient(Pass(3, ("kind", "day"), _WHOLE)),
    *_of_patient(Pass(3, ("kind", "day"), ("tfc",))),
    *_of_patient(Pass(3, ("kind", "day"), alone=True)),
    *_of_patient(Pass(4, ("kind",), _WHOLE, alone=True, days=1)),
    *_of_patient(Pass(4, ("kind",), ("tfc",), alone=True, days=1)),
    *_of_patient(Pass(4, ("kind",), alone=True, days=1)),
)

# Two different patients, unless the provider's own number or both identifiers say otherwise.
_CONTRADICTED = """(a.person <> b.person AND a.person_domain = b.person_domain
    AND NOT coalesce(a.local_person = b.local_person, false)
    AND NOT coalesce(a.cds = b.cds AND a.reference = b.reference, false)) IS TRUE"""


def link_exactly(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``links`` (``left_n``, ``right_n``, ``tier``, ``probability``) by the exact tiers.

    Reads ``link_left`` and ``link_right`` and makes the views ``open_left`` and ``open_right``:
    what no link holds yet.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE links "
        "(left_n BIGINT, right_n BIGINT, tier INTEGER, probability DOUBLE)"
    )
    for side in ("left", "right"):
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW open_{side} AS SELECT * FROM link_{side} "
            f"WHERE n NOT IN (SELECT {side}_n FROM links)"
        )
    for step in PASSES:
        if not something_open(con):
            return
        con.execute(
            f"INSERT INTO links SELECT left_n, right_n, {step.tier}, 1.0 "
            f"FROM ({_alone(step) if step.alone else _in_order(step)}) ORDER BY left_n"
        )


def something_open(con: duckdb.DuckDBPyConnection) -> bool:
    """Return whether both sides have lines that no link holds."""
    rows = con.execute(
        "SELECT EXISTS (SELECT 1 FROM open_left) AND EXISTS (SELECT 1 FROM open_right)"
    ).fetchall()
    return bool(rows[0][0])


def _in_order(step: Pass) -> str:
    """Return SQL that pairs lines of equal columns in order: first with first, and so on.

    A charge comes before its reversal, which has no care behind it.
    """
    equal = ("provider_code", *step.keys, *step.finer)
    present = " AND ".join(f"{key} IS NOT NULL" for key in step.keys)

    def numbered(side: str) -> str:
        return (
            f"SELECT *, row_number() OVER (PARTITION BY {', '.join(equal)} "
            f"ORDER BY cost < 0, tfc, hrg, cost, n) AS turn FROM open_{side} WHERE {present}"
        )

    return (
        f"SELECT a.n AS left_n, b.n AS right_n FROM ({numbered('left')}) a "
        f"JOIN ({numbered('right')}) b ON {_same(equal)} AND a.turn = b.turn "
        f"WHERE NOT {_CONTRADICTED}"
    )


def _alone(step: Pass) -> str:
    """Return SQL that links lines and records which are each other's only candidate."""
    equal = ("provider_code", *step.keys, *step.finer)
    present = " AND ".join(f"{key} IS NOT NULL" for key in step.keys)
    near = f" AND abs(date_diff('day', a.day, b.day)) = {step.days}" if step.days else ""

    def few(side: str) -> str:
        return (
            f"SELECT * FROM open_{side} WHERE {present} "
            f"QUALIFY count(*) OVER (PARTITION BY {', '.join(equal)}) <= {_FEW}"
        )

    return (
        f"SELECT a.n AS left_n, b.n AS right_n FROM ({few('left')}) a "
        f"JOIN ({few('right')}) b ON {_same(equal)}{near} WHERE NOT {_CONTRADICTED} "
        "QUALIFY count(*) OVER (PARTITION BY a.n) = 1 AND count(*) OVER (PARTITION BY b.n) = 1"
    )


def _same(columns: tuple[str, ...]) -> str:
    return " AND ".join(f"a.{column} = b.{column}" for column in columns)
