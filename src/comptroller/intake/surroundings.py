"""What a load must know of the workspace: organisations, clocks, contracts, what was loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from comptroller.calendar import Calendar, FinancialMonth, FinancialYear
from comptroller.errors import ComptrollerError
from comptroller.intake.pod_groups import Groups, from_text
from comptroller.intake.recognise import Directory, plain_name
from comptroller.intake.slices import KEY, create_slice_state
from comptroller.reference import create_reference_views
from comptroller.workspace import Workspace

SliceKey = tuple[str, str, str, str, int]
"""Data set, provider, commissioner, financial year, month."""


@dataclass(frozen=True)
class Version:
    """The current version of a slice before this load, or one made by it.

    ``groups`` says what it holds of each group of points of delivery; those in ``carried`` came
    over from the version before, since the file is a part of the return and leaves them alone.
    ``completes`` is the content that it adds groups to and changes nothing of, if so.
    """

    slice_version_id: str
    content_version_id: str
    submission_id: str
    stage: str
    received_at: datetime
    action: str
    content_hash: str
    rows: int
    cost: Decimal
    groups: Groups = field(default_factory=dict)
    carried: tuple[str, ...] = ()
    completes: str = ""


@dataclass(frozen=True)
class HoldRules:
    """When a file waits for a person instead of being promoted; section [intake] of the settings.

    Attributes:
        shrink_tolerance: Share of the pounds so far that a restatement may lose.
        shrink_floor: Pounds below which a loss is never held.
        control_tolerance: Pounds by which the file's own total may differ from its rows.
        quarantine_share: Share of a table's rows, and of its pounds, that may be in quarantine.
        other_provider_share: Share of rows of another provider that go to quarantine; more holds.
        other_year_share: Share of dated rows whose activity may lie outside the year they are
            charged to.
        volume_band: How many times more lines than in the most, or fewer than in the least, of the
            provider's earlier months the newest month may have; 0 for no such rule.
        volume_floor: Lines by which it must be outside that band.
        repeat_floor: Least lines of a month that is compared with the other months.
    """

    shrink_tolerance: float = 0.25
    shrink_floor: Decimal = Decimal("10000")
    control_tolerance: Decimal = Decimal("1.00")
    quarantine_share: float = 0.5
    other_provider_share: float = 0.1
    other_year_share: float = 0.5
    volume_band: float = 3.0
    volume_floor: float = 50
    repeat_floor: float = 250

    @classmethod
    def of(cls, workspace: Workspace) -> HoldRules:
        """Read the rules of a workspace, refusing unknown ones and wrong kinds."""
        given = workspace.section("intake")
        known = {
            "shrink_tolerance",
            "shrink_floor",
            "control_tolerance",
            "quarantine_share",
            "other_provider_share",
            "other_year_share",
            "volume_band",
            "volume_floor",
            "repeat_floor",
        }
        chosen: dict[str, Any] = {}
        for key, value in given.items():
            if key not in known:
                raise ComptrollerError(
                    f"[intake] has an unknown setting {key}",
                    where="comptroller.toml",
                    remedy=f"Known settings: {', '.join(sorted(known))}",
                )
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise ComptrollerError(
                    f"[intake] {key} must be a number of 0 or more, not {value!r}",
                    where="comptroller.toml",
                    remedy="Mend that line",
                )
            chosen[key] = (
                Decimal(str(value))
                if key in ("shrink_floor", "control_tolerance")
                else float(value)
            )
        return cls(**chosen)


@dataclass
class Surroundings:
    """Everything looked up once per command."""

    directory: Directory
    calendar: Calendar
    contracts: dict[tuple[str, str, str], str]
    successors: dict[str, str]
    rules: HoldRules
    versions: dict[SliceKey, Version] = field(default_factory=dict)
    sequence: int = 0

    def stage(self, key: SliceKey, received: date) -> str:
        """Return the stage of a version of a slice received on a day."""
        data_set, provider, commissioner, year, month = key
        return self.calendar.stage(
            received,
            FinancialMonth(FinancialYear.parse(year), month),
            contract_id=self.contracts.get((provider, commissioner, year)),
            data_set=data_set,
        )

    def same_provider(self, left: str, right: str) -> bool:
        """Tell whether two provider codes are one body after mergers and renames."""
        return self.successors.get(left, left) == self.successors.get(right, right)


_NEEDED = ("organisations", "calendar", "contracts", "successions")


def look_round(workspace: Workspace, con: duckdb.DuckDBPyConnection) -> Surroundings:
    """Look up what a load must know; leaves ``slice_state`` on ``con``."""
    create_reference_views(con, workspace.warehouse, only=_NEEDED)
    roles: dict[str, str] = {}
    names: dict[str, str] = {}
    for code, name, role in con.execute(
        "SELECT org_code, name, role FROM organisations "
        "WHERE role IN ('provider', 'commissioner') ORDER BY org_code"
    ).fetchall():
        roles[code] = role
        if name:
            names.setdefault(plain_name(name), code)
    found = con.execute("SELECT * FROM calendar ORDER BY ALL")
    columns = [column[0] for column in found.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    contracts = {
        (provider, commissioner, year): contract
        for provider, commissioner, year, contract in con.execute(
            "SELECT provider_code, commissioner_code, financial_year, min(contract_id) "
            "FROM contracts GROUP BY ALL HAVING count(DISTINCT contract_id) = 1"
        ).fetchall()
    }
    surroundings = Surroundings(
        directory=Directory(roles, names),
        calendar=Calendar.of(workspace, rows),
        contracts=contracts,
        successors=_successors(con),
        rules=HoldRules.of(workspace),
    )
    _load_versions(workspace, con, surroundings)
    return surroundings


def _successors(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return each merged or renamed organisation with the one that stands for it at the end."""
    steps = dict(
        con.execute(
            "SELECT from_code, arg_max(to_code, (date, to_code)) FROM successions "
            "WHERE coalesce(kind, 'merge') IN ('merge', 'rename') GROUP BY from_code"
        ).fetchall()
    )
    final: dict[str, str] = {}
    for start in steps:
        code, seen = start, {start}
        while code in steps and steps[code] not in seen:
            code = steps[code]
            seen.add(code)
        if code != start:
            final[start] = code
    return final


def _load_versions(
    workspace: Workspace, con: duckdb.DuckDBPyConnection, surroundings: Surroundings
) -> None:
    create_slice_state(con, workspace.warehouse)
    keys = ", ".join(KEY)
    for row in con.execute(
        f"SELECT {keys}, slice_version_id, content_version_id, submission_id, stage, received_at, "
        "action, content_hash, rows, cost, pod_groups FROM slice_state WHERE track = 'current'"
    ).fetchall():
        groups = from_text(row[-1], home=row[6])
        found: tuple[Any, ...] = (*row[5:-1], groups)
        surroundings.versions[row[:5]] = Version(*found)
    last = con.execute("SELECT coalesce(max(sequence), 0) FROM slice_versions").fetchone()
    surroundings.sequence = int(last[0]) if last else 0
