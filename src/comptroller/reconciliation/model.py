"""A tie-out, its statuses and the bridge that explains its difference."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Status = Literal["ties", "differs", "not_applicable", "could_not_run"]
STATUSES: tuple[Status, ...] = ("ties", "differs", "not_applicable", "could_not_run")

# Pounds that may stay unexplained before a tie differs (check REC-001 has the same default).
TOLERANCE = Decimal(1)

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Tie:
    """One kind of tie-out: its id, what it ties and to what."""

    id: str
    title: str
    meaning: str


TIES: dict[str, Tie] = {
    tie.id: tie
    for tie in (
        Tie("T1", "Invoices and payments to ACM", "Payable ACM to date, bridged to what was paid"),
        Tie("T2", "ACM to PLCM", "ACM without drugs and devices equals PLCM"),
        Tie("T3", "ACM drugs to DrPLCM", "ACM lines of POD DRUG equal DrPLCM"),
        Tie("T4", "ACM devices to DePLCM", "ACM lines of POD DEVICE equal DePLCM"),
        Tie("T5", "ACM to all patient level", "ACM equals PLCM, DrPLCM and DePLCM together"),
        Tie("T6", "Market forces inside prices", "Market forces amounts are those of the factor"),
        Tie("SUS", "PLCM to SUS", "Nationally priced lines equal what SUS priced"),
        Tie("V", "Version to version", "This version equals the one before"),
    )
}


@dataclass(frozen=True)
class BridgeLine:
    """One named part of a difference, in pounds."""

    name: str
    value: Decimal


@dataclass(frozen=True)
class TieOut:
    """Two values that should be equal, for one slice, and what became of it.

    The difference is left less right, in pounds. `bridge` adds up to it exactly, its last line
    being what nothing explains. `commissioner_code` is the code charged; for T1 the
    legal payer where invoices name other codes than ACM.
    A tie that could not run or does not apply has values only where they are known.
    """

    tie: str
    data_set: str
    provider_code: str
    commissioner_code: str
    financial_year: str
    month: int
    left_name: str
    right_name: str
    status: Status
    left_value: Decimal | None = None
    right_value: Decimal | None = None
    reason: str = ""
    bridge: tuple[BridgeLine, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def difference(self) -> Decimal | None:
        """Return left less right; None where one of them is not known."""
        if self.left_value is None or self.right_value is None:
            return None
        return self.left_value - self.right_value

    @property
    def unexplained(self) -> Decimal | None:
        """Return what the bridge leaves unexplained; the whole difference without a bridge."""
        return self.bridge[-1].value if self.bridge else self.difference

    def detail(self) -> str:
        """Return bridge and facts as JSON; money as text, so that no digit is lost."""
        data: dict[str, Any] = dict(self.facts)
        if self.bridge:
            data["bridge"] = [{"name": b.name, "value": f"{b.value:f}"} for b in self.bridge]
            data["unexplained"] = f"{self.bridge[-1].value:f}"
        return json.dumps(data, sort_keys=True, default=_json)

    def as_row(self, run_id: str) -> dict[str, Any]:
        """Return the row of the table `tie_outs`."""
        return {
            "run_id": run_id,
            "tie": self.tie,
            "data_set": self.data_set,
            "provider_code": self.provider_code,
            "commissioner_code": self.commissioner_code,
            "financial_year": self.financial_year,
            "month": self.month,
            "left_name": self.left_name,
            "left_value": self.left_value,
            "right_name": self.right_name,
            "right_value": self.right_value,
            "difference": self.difference,
            "status": self.status,
            "reason": self.reason,
            "detail": self.detail(),
        }


def _json(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def bridge(
    difference: Decimal, exact: Sequence[BridgeLine], possible: Sequence[BridgeLine] = ()
) -> tuple[BridgeLine, ...]:
    """Return lines that add up exactly to a difference, ending with what nothing explains.

    Args:
        difference: What is to be explained, in pounds.
        exact: Parts that are known to belong to it, in full.
        possible: Parts that may explain some of what remains, in order: each takes at most what
            remains and only in the same direction, so that no explanation makes a new difference.
    """
    lines = [line for line in exact if line.value]
    remains = difference - sum((line.value for line in lines), NOTHING)
    for line in possible:
        taken = _at_most(line.value, remains)
        if taken:
            lines.append(BridgeLine(line.name, taken))
            remains -= taken
    return (*lines, BridgeLine("unexplained", remains))


def _at_most(value: Decimal, remains: Decimal) -> Decimal:
    if value > 0 < remains:
        return min(value, remains)
    if value < 0 > remains:
        return max(value, remains)
    return NOTHING


def status_of(unexplained: Decimal, tolerance: Decimal = TOLERANCE) -> Status:
    """Return whether what is unexplained stays within the tolerance, in pounds."""
    return "ties" if abs(unexplained) <= tolerance else "differs"
