"""Parameters in force: a check's defaults, overridden per workspace and per contract, with dates.

Two places override. ``[checks.parameters."DUP-019"]`` in ``comptroller.toml`` sets a value for the
whole workspace. ``rules/parameters.toml`` holds dated and contract-wise values::

    [[override]]
    check = "DUP-019"
    parameter = "p_minutes"
    value = 90
    contract_id = "C-RZA-2526"     # optional: every contract
    from = "2025-10-01"            # optional: first month it holds for
    to = "2026-03-31"              # optional: last month it holds for
    reason = "Schedule 2, agreed in October"

A value holds for the lines of a reporting month when the month's first day lies between the dates
(month 13 counts as March). A contract-wise value comes before one for all; of two that fit, the one
that begins later.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from comptroller.checks.definition import Check, ParameterValue, Place
from comptroller.checks.expressions import Parameter
from comptroller.checks.loader import Fault, parameter_value
from comptroller.warehouse import quote_literal

FILE = "parameters.toml"
_KEYS = ("check", "parameter", "value", "contract_id", "from", "to", "reason")


@dataclass(frozen=True)
class Override:
    """One value that takes the place of a default."""

    check_id: str
    parameter: str
    value: ParameterValue
    source: str
    contract_id: str = ""
    from_date: dt.date | None = None
    to_date: dt.date | None = None
    reason: str = ""


@dataclass(frozen=True)
class ContractLine:
    """One row of the reference table ``contracts``: who with whom in which year."""

    contract_id: str
    provider_code: str
    commissioner_code: str
    financial_year: str


def read_overrides(
    settings: Mapping[str, Any], settings_file: Path, rules: Path, checks: Mapping[str, Check]
) -> tuple[list[Override], list[Fault]]:
    """Return every override of a workspace and what is wrong with them.

    Args:
        settings: The ``[checks]`` table of the workspace's settings.
        settings_file: Where that table stands.
        rules: The workspace's ``rules`` folder.
        checks: The checks by id.
    """
    found: list[Override] = []
    faults: list[Fault] = []
    tables = settings.get("parameters", {})
    for check_id, values in tables.items() if isinstance(tables, dict) else ():
        for name, value in values.items() if isinstance(values, dict) else ():
            parsed = parameter_value(Decimal(str(value)) if isinstance(value, float) else value)
            item = {"check": check_id, "parameter": name, "value": parsed}
            _take(item, Place(settings_file, 1), settings_file.name, checks, found, faults)
    path = rules / FILE
    if path.exists():
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as error:
            return found, [*faults, Fault(Place(path, 1), "", f"not valid TOML: {error}")]
        for item in content.get("override", []):
            _take(item, Place(path, 1), f"rules/{FILE}", checks, found, faults)
    return found, faults


def _take(
    item: Mapping[str, Any],
    place: Place,
    source: str,
    checks: Mapping[str, Check],
    found: list[Override],
    faults: list[Fault],
) -> None:
    check_id, name = str(item.get("check", "")), str(item.get("parameter", ""))
    unknown = [key for key in item if key not in _KEYS]
    check = checks.get(check_id)
    problem = ""
    value = parameter_value(item.get("value"))
    dates: dict[str, dt.date | None] = {}
    for key in ("from", "to"):
        try:
            dates[key] = dt.date.fromisoformat(str(item[key])) if key in item else None
        except ValueError:
            problem = f"'{key}' must be a date"
    if unknown:
        problem = f"unknown key '{unknown[0]}'"
    elif check is None:
        problem = f"there is no check '{check_id}'"
    elif name not in check.parameters:
        problem = f"the check has no parameter '{name}'"
    elif value is None or not _alike(value, check.parameters[name]):
        problem = f"the value of '{name}' must be of the kind of {check.parameters[name]!r}"
    if problem:
        faults.append(Fault(place, check_id, problem))
        return
    assert value is not None  # noqa: S101 - the branch above refused it
    found.append(
        Override(
            check_id,
            name,
            value,
            source,
            str(item.get("contract_id", "")),
            dates["from"],
            dates["to"],
            str(item.get("reason", "")),
        )
    )


def _alike(value: ParameterValue, default: ParameterValue) -> bool:
    numbers = (int, Decimal)
    if isinstance(value, bool) or isinstance(default, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(value, numbers) and isinstance(default, numbers):
        return True
    return type(value) is type(default)


def in_force(
    checks: Iterable[Check],
    overrides: Iterable[Override],
    contracts: Iterable[ContractLine] = (),
) -> dict[str, dict[str, Parameter]]:
    """Return check id to its parameters, with the conditions under which overrides hold."""
    by_contract: dict[str, list[ContractLine]] = {}
    for line in contracts:
        by_contract.setdefault(line.contract_id, []).append(line)
    listed = list(overrides)
    result: dict[str, dict[str, Parameter]] = {}
    for check in checks:
        mine = [item for item in listed if item.check_id == check.id]
        if mine:
            result[check.id] = {
                name: _parameter(value, [o for o in mine if o.parameter == name], by_contract)
                for name, value in check.parameters.items()
            }
    return result


def _parameter(
    default: ParameterValue,
    overrides: list[Override],
    contracts: Mapping[str, list[ContractLine]],
) -> Parameter:
    conditions: list[tuple[str, ParameterValue]] = []
    ordered = sorted(
        overrides,
        key=lambda o: (o.contract_id == "", -(o.from_date or dt.date.min).toordinal(), o.source),
    )
    for item in ordered:
        condition = _condition(item, contracts)
        if condition == "TRUE":
            return Parameter(item.value, tuple(conditions))
        conditions.append((condition, item.value))
    return Parameter(default, tuple(conditions))


def _condition(item: Override, contracts: Mapping[str, list[ContractLine]]) -> str:
    """Return when an override holds, in SQL that both engines read alike."""
    parts = []
    if item.contract_id:
        lines = sorted(
            contracts.get(item.contract_id, []),
            key=lambda c: (c.financial_year, c.provider_code, c.commissioner_code),
        )
        pairs = [
            f"(provider_code = {quote_literal(c.provider_code)}"
            f" AND commissioner_code = {quote_literal(c.commissioner_code)}"
            f" AND financial_year = {quote_literal(c.financial_year)})"
            for c in lines
        ]
        parts.append(f"({' OR '.join(pairs)})" if pairs else "FALSE")
    if item.from_date:
        parts.append(_not_before(*_month(item.from_date)))
    if item.to_date:
        year, month = _month(item.to_date)
        parts.append(f"(NOT {_not_before(year, month + 1)})")
    return " AND ".join(parts) or "TRUE"


def _month(date: dt.date) -> tuple[str, int]:
    """Return the financial year and month, from April, that a date lies in."""
    first = date.year if date.month >= 4 else date.year - 1
    return f"{first}/{(first + 1) % 100:02d}", (date.month - 4) % 12 + 1


def _not_before(year: str, month: int) -> str:
    text = quote_literal(year)
    return f"(financial_year > {text} OR (financial_year = {text} AND least(month, 12) >= {month}))"
