"""What happened to a file: what ``load --format json`` prints and the warehouse keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

PROMOTED, HELD, REFUSED, DUPLICATE = "promoted", "held", "refused", "duplicate"
SET_ASIDE = "set_aside"
_ZERO = Decimal(0)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, as in `1 row` or `1,200 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


@dataclass(frozen=True)
class Message:
    """One thing a person should know: ``error``, ``warning`` or ``note``, with its place."""

    severity: str
    text: str
    sheet: str = ""
    row: int | None = None
    column: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the message as it is printed."""
        return {
            "severity": self.severity,
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "text": self.text,
        }


@dataclass(frozen=True)
class SliceReport:
    """One slice of a file: what it holds and what became of it."""

    data_set: str
    provider_code: str
    commissioner_code: str
    financial_year: str
    month: int
    stage: str
    rows: int
    cost: Decimal
    action: str
    cost_before: Decimal | None = None
    rows_before: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the slice as it is printed; ``*_before`` only where it replaces something."""
        printed: dict[str, Any] = {
            "data_set": self.data_set,
            "provider_code": self.provider_code,
            "commissioner_code": self.commissioner_code,
            "financial_year": self.financial_year,
            "month": self.month,
            "stage": self.stage,
            "rows": self.rows,
            "cost": self.cost,
            "action": self.action,
        }
        if self.cost_before is not None:
            printed |= {"rows_before": self.rows_before, "cost_before": self.cost_before}
        return printed


@dataclass
class PartReport:
    """One table of a file: a sheet, an archive's member, or the file itself."""

    part: int = 0
    member: str = ""
    sheet: str = ""
    data_set: str = ""
    provider_code: str = ""
    commissioner_codes: list[str] = field(default_factory=list)
    financial_year: str = ""
    months: list[int] = field(default_factory=list)
    status: str = SET_ASIDE
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_set_aside: int = 0
    lines_loaded: int = 0
    cost_read: Decimal = _ZERO
    cost_loaded: Decimal = _ZERO
    cost_quarantined: Decimal = _ZERO
    cost_control: Decimal | None = None
    mapping: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the part as it is printed."""
        return {
            "part": self.part,
            "member": self.member,
            "sheet": self.sheet,
            "data_set": self.data_set or None,
            "provider_code": self.provider_code or None,
            "commissioner_codes": self.commissioner_codes,
            "financial_year": self.financial_year or None,
            "months": self.months,
            "status": self.status,
            **_counts(self),
            "mapping": self.mapping,
            "messages": [message.to_json() for message in self.messages],
        }


@dataclass
class FileReport:
    """One file: where it came from, what it was found to be, counts and pounds that tie."""

    file: str
    sha256: str = ""
    submission_id: str = ""
    status: str = PROMOTED
    parts: list[PartReport] = field(default_factory=list)
    slices: list[SliceReport] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    stage_evidence: str = ""
    remedy: str = ""
    """Of a held file: what a person may do about it, in a sentence."""

    def _sum(self, name: str) -> Any:
        return sum(getattr(part, name) for part in self.parts)

    @property
    def cost_control(self) -> Decimal | None:
        """What the total rows of the file's data tables say together, None where none speaks.

        Without one, a single table that was set aside as a summary of the others speaks.
        """
        told = [p for p in self.parts if p.cost_control is not None]
        data = [p.cost_control for p in told if p.status != SET_ASIDE]
        if not data and len(told) == 1:
            return told[0].cost_control
        return sum((pounds for pounds in data if pounds is not None), _ZERO) if data else None

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``load --format json`` prints for this file."""
        data = [part for part in self.parts if part.status != SET_ASIDE] or self.parts
        slices = sorted(
            self.slices,
            key=lambda s: (
                s.data_set,
                s.provider_code,
                s.commissioner_code,
                s.financial_year,
                s.month,
            ),
        )
        printed: dict[str, Any] = {
            "file": self.file,
            "sha256": self.sha256,
            "submission_id": self.submission_id,
            "data_set": _one(p.data_set for p in data),
            "data_sets": sorted({p.data_set for p in data if p.data_set}),
            "provider_code": _one(p.provider_code for p in data),
            "provider_codes": sorted(
                {s.provider_code for s in slices}
                | {p.provider_code for p in data if p.provider_code}
            ),
            "commissioner_codes": sorted({c for p in data for c in p.commissioner_codes}),
            "financial_year": _one(p.financial_year for p in data),
            "months": sorted({m for p in data for m in p.months}),
            "status": self.status,
            **{
                name: self._sum(name)
                for name in (
                    "rows_read",
                    "rows_loaded",
                    "rows_quarantined",
                    "rows_set_aside",
                    "lines_loaded",
                    "cost_read",
                    "cost_loaded",
                    "cost_quarantined",
                )
            },
            "cost_control": self.cost_control,
            "stage_evidence": self.stage_evidence or None,
            "remedy": self.remedy or None,
            "slices": [item.to_json() for item in slices],
            "mapping": [item for part in data for item in part.mapping],
            "changes": self.changes,
            "messages": [m.to_json() for m in self.messages]
            + [m.to_json() for part in self.parts for m in part.messages],
        }
        if len(self.parts) > 1:
            printed["parts"] = [part.to_json() for part in self.parts]
        return printed

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look: held, or rows in quarantine."""
        taken_out = self.status == DUPLICATE and any(m.severity != "note" for m in self.messages)
        return self.status == HELD or taken_out or self._sum("rows_quarantined") > 0


def _counts(part: PartReport) -> dict[str, Any]:
    return {
        "rows_read": part.rows_read,
        "rows_loaded": part.rows_loaded,
        "rows_quarantined": part.rows_quarantined,
        "rows_set_aside": part.rows_set_aside,
        "lines_loaded": part.lines_loaded,
        "cost_read": part.cost_read,
        "cost_loaded": part.cost_loaded,
        "cost_quarantined": part.cost_quarantined,
        "cost_control": part.cost_control,
    }


def _one(values: Iterable[str]) -> str | None:
    """Return the one value there is, or None where there are several or none."""
    found = {value for value in values if value}
    return found.pop() if len(found) == 1 else None


_DECIMAL = re.compile(r'"\\u0000(-?[0-9.]+)"')


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Return JSON text in which decimals are numbers with all their digits."""

    def plain(item: Any) -> Any:
        if isinstance(item, Decimal):
            text = f"{item:f}"
            if "." in text:
                text = text.rstrip("0").rstrip(".")
            return "\0" + (text if text not in ("-0", "") else "0")
        raise TypeError(type(item).__name__)

    text = json.dumps(value, default=plain, ensure_ascii=False, indent=indent)
    return _DECIMAL.sub(r"\1", text)


def dump_reports(reports: Sequence[FileReport]) -> str:
    """Return the JSON array that ``load --format json`` prints."""
    return dumps([report.to_json() for report in reports], indent=2)
