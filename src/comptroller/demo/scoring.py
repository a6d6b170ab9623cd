"""Compare what the latest check run found with the answer key: recall and precision per check.

The only reader of the answer key. It reads the published tables ``findings``, ``results`` and
``check_runs`` and knows nothing of the checks themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from comptroller.console import print_rows
from comptroller.errors import ComptrollerError
from comptroller.workspace import Workspace

# A key row says who and when; where both sides name one of these, they must agree.
_SLICE = ("data_set", "provider_code", "commissioner_code", "financial_year", "month")
_PERSON = ("local_patient_identifier",)
_RECORD = (
    "hospital_provider_spell_identifier",
    "attendance_identifier",
    "cds_unique_identifier",
)
_KIND = ("pod_code", "tariff_code")
_SHOWN = (*_SLICE, *_PERSON, *_RECORD, "activity_start_date", *_KIND)


@dataclass(frozen=True)
class CheckScore:
    """How one check did: faults planted and found, findings and those the key explains."""

    check_id: str
    question: str
    planted: int
    found: int
    findings: int
    explained: int
    ran: bool

    @property
    def recall(self) -> Fraction:
        """Return the share of planted faults that were found; 1 where none was planted."""
        return Fraction(self.found, self.planted) if self.planted else Fraction(1)

    @property
    def precision(self) -> Fraction:
        """Return the share of findings that the key explains; 1 where there are none."""
        return Fraction(self.explained, self.findings) if self.findings else Fraction(1)


@dataclass(frozen=True)
class Score:
    """How the run did, check by check, with what was missed and what nothing explains."""

    run_id: str
    checks: tuple[CheckScore, ...]
    missed: tuple[dict[str, Any], ...]
    unexplained: tuple[dict[str, Any], ...]

    @property
    def scored(self) -> tuple[CheckScore, ...]:
        """Return the checks that ran."""
        return tuple(check for check in self.checks if check.ran)

    @property
    def recall(self) -> Fraction:
        """Return the share of planted faults found, over the checks that ran."""
        planted = sum(check.planted for check in self.scored)
        return Fraction(sum(c.found for c in self.scored), planted) if planted else Fraction(1)

    @property
    def precision(self) -> Fraction:
        """Return the share of findings explained by the key, over the checks that ran."""
        findings = sum(check.findings for check in self.scored)
        return (
            Fraction(sum(c.explained for c in self.scored), findings) if findings else Fraction(1)
        )

    @property
    def is_perfect(self) -> bool:
        """Return whether what happened equals the answer key."""
        return self.recall == 1 and self.precision == 1

    def grouped(self, attribute: str) -> dict[str, tuple[int, int, int, int]]:
        """Return planted, found, findings, explained by ``category`` or ``question``."""
        out: dict[str, tuple[int, int, int, int]] = {}
        for check in self.scored:
            name = check.check_id[:3] if attribute == "category" else check.question
            old = out.get(name, (0, 0, 0, 0))
            new = (check.planted, check.found, check.findings, check.explained)
            out[name] = (old[0] + new[0], old[1] + new[1], old[2] + new[2], old[3] + new[3])
        return dict(sorted(out.items()))


def score(ws: Workspace, economy_dir: Path) -> Score:
    """Return how the latest check run of a demonstration workspace compares with its answer key.

    Raises:
        ComptrollerError: There is no answer key, or nothing has been checked yet.
    """
    key = economy_dir / "answer_key.csv"
    if not key.is_file():
        raise ComptrollerError(
            "there is no answer key here",
            where=str(economy_dir),
            remedy="Build a demonstration first: comptroller demo",
        )
    con = ws.connect()
    try:
        ws.warehouse.view(con, "findings", "results", "check_runs")
        runs = con.execute(
            "SELECT run_id FROM check_runs ORDER BY started_at DESC, sequence DESC LIMIT 1"
        ).fetchall()
        if not runs:
            raise ComptrollerError(
                "nothing has been checked yet", where=str(ws.path), remedy="Run: comptroller check"
            )
        return _compare(con, str(runs[0][0]), key)
    finally:
        con.close()


def _compare(con: duckdb.DuckDBPyConnection, run_id: str, key: Path) -> Score:
    text = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in _SHOWN)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE key AS SELECT row_number() OVER () AS key_no, *"
        f" FROM read_csv('{key}', all_varchar = true, nullstr = '')"
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE found AS SELECT finding_id, check_id, question, message,
            CAST(gross_value AS VARCHAR) AS gross_value, {text}
        FROM findings WHERE run_id = ? AND status <> 'fixed'""",
        [run_id],
    )
    soft = " AND ".join(
        f"(k.{name} IS NULL OR f.{name} IS NULL OR k.{name} = f.{name})"
        for name in (*_SLICE, *_PERSON, *_KIND)
    )
    same = " OR ".join(f"k.{name} = f.{name}" for name in _RECORD)
    comparable = " OR ".join(f"(k.{name} IS NOT NULL AND f.{name} IS NOT NULL)" for name in _RECORD)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE matched AS
        SELECT k.key_no, k.fault_id, k.check_id, k.expected, k.variant, f.finding_id
        FROM key k JOIN found f ON f.check_id = k.check_id AND k.provider_code = f.provider_code
        WHERE {soft} AND (({same}) OR NOT ({comparable}))"""
    )
    return Score(
        run_id=run_id,
        checks=_by_check(con, run_id),
        missed=_rows(
            con,
            """SELECT k.fault_id, any_value(k.check_id) AS check_id,
                string_agg(DISTINCT k.variant, ' ') AS variant,
                any_value(k.data_set) AS data_set, any_value(k.provider_code) AS provider_code,
                any_value(k.month) AS month,
                any_value(k.local_patient_identifier) AS local_patient_identifier,
                any_value(k.note) AS note
            FROM key k WHERE k.expected = 'flagged' AND k.variant <> 'consequence'
            GROUP BY k.fault_id
            HAVING k.fault_id NOT IN (SELECT fault_id FROM matched
                WHERE expected = 'flagged' AND variant <> 'consequence')
            ORDER BY k.fault_id""",
        ),
        unexplained=_rows(
            con,
            f"""SELECT check_id, {", ".join(_SHOWN)}, gross_value, message,
                (SELECT string_agg(DISTINCT fault_id || ' ' || variant, ', ') FROM matched m
                    WHERE m.finding_id = f.finding_id) AS keyed_clear
            FROM found f WHERE finding_id NOT IN (SELECT finding_id FROM matched
                WHERE expected = 'flagged')
            ORDER BY check_id, provider_code, data_set, month, finding_id""",
        ),
    )


def _by_check(con: duckdb.DuckDBPyConnection, run_id: str) -> tuple[CheckScore, ...]:
    rows = con.execute(
        """WITH planted AS (
            SELECT check_id, count(DISTINCT fault_id) AS planted,
                count(DISTINCT fault_id) FILTER (fault_id IN (SELECT fault_id FROM matched
                    WHERE expected = 'flagged' AND variant <> 'consequence')) AS found
            FROM key WHERE expected = 'flagged' AND variant <> 'consequence' GROUP BY check_id
        ), seen AS (
            SELECT check_id, any_value(question) AS question, count(*) AS findings,
                count(*) FILTER (finding_id IN (SELECT finding_id FROM matched
                    WHERE expected = 'flagged')) AS explained
            FROM found GROUP BY check_id
        ), ran AS (
            SELECT DISTINCT check_id FROM results WHERE run_id = ?
        )
        SELECT coalesce(p.check_id, s.check_id) AS check_id, coalesce(question, ''),
            coalesce(planted, 0), coalesce(found, 0), coalesce(findings, 0),
            coalesce(explained, 0), r.check_id IS NOT NULL
        FROM planted p FULL JOIN seen s USING (check_id)
        LEFT JOIN ran r ON r.check_id = coalesce(p.check_id, s.check_id)
        ORDER BY 1""",
        [run_id],
    ).fetchall()
    return tuple(CheckScore(*row) for row in rows)


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[dict[str, Any], ...]:
    cursor = con.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return tuple(dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def as_share(value: Fraction) -> str:
    """Return a share to three places, rounded down so that only a whole one reads 1.000."""
    thousandths = value.numerator * 1000 // value.denominator
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"


def print_score(result: Score, *, everything: bool = False) -> None:
    """Print recall and precision by check, then what was missed and what nothing explains."""
    columns = ("check", "planted", "found", "recall", "findings", "explained", "precision")
    rows = [
        (c.check_id, c.planted, c.found, as_share(c.recall), c.findings, c.explained,
         as_share(c.precision))
        for c in result.scored
        if everything or c.recall < 1 or c.precision < 1
    ]  # fmt: skip
    if rows:
        print_rows(
            columns, rows, title="Checks" if everything else "Checks that differ from the key"
        )
    silent = [c.check_id for c in result.checks if not c.ran]
    if silent:
        print_rows(["not in the rulebook"], [(", ".join(silent),)], title="Faults nobody looks for")
    if result.missed:
        ran = {c.check_id for c in result.scored}
        names = ("fault_id", "variant", "data_set", "provider_code", "month", "note")
        missed = [tuple(m[n] for n in names) for m in result.missed if m["check_id"] in ran]
        if missed:
            print_rows(names, missed[:40], title=f"Missed ({len(missed)})")
    if result.unexplained:
        shown = (
            "check_id", "data_set", "provider_code", "commissioner_code", "month",
            "local_patient_identifier", "gross_value", "keyed_clear",
        )  # fmt: skip
        extra = [tuple(u[n] for n in shown) for u in result.unexplained[:40]]
        print_rows(shown, extra, title=f"Not explained by the key ({len(result.unexplained)})")
