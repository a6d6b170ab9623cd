"""The rulebook of a workspace: the product's checks and its own, loaded, typed and compiled."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from comptroller.checks.compiler import Rule, compile_rules
from comptroller.checks.definition import Check, Exclusion
from comptroller.checks.expressions import Parameter
from comptroller.checks.loader import Fault, RulebookError, read_rulebook
from comptroller.checks.parameters import (
    FILE,
    ContractLine,
    Override,
    in_force,
    read_overrides,
)
from comptroller.checks.schema import Schema, product_schema
from comptroller.errors import UsageError

if TYPE_CHECKING:
    from comptroller.workspace import Workspace


@dataclass(frozen=True)
class Book:
    """Checks, exclusions and compiled rules, all by id or name."""

    checks: Mapping[str, Check]
    exclusions: Mapping[str, Exclusion]
    rules: Mapping[str, Rule]
    overrides: tuple[Override, ...] = field(default=())
    parameters: Mapping[str, Mapping[str, Parameter]] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """16 hex digits over the fingerprints of all rules."""
        text = "\n".join(f"{name} {self.rules[name].fingerprint}" for name in sorted(self.rules))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def select(self, pattern: str = "*") -> list[Rule]:
        """Return the rules whose id fits a pattern like ``ATT-*``; several joined by commas.

        Raises:
            UsageError: A pattern that no check fits.
        """
        patterns = patterns_in(pattern)
        for part in patterns:
            if not any(fits(name, [part]) for name in self.rules):
                raise UsageError(
                    f"no check is called '{part}'",
                    remedy="See: comptroller rulebook list",
                )
        return [rule for name, rule in sorted(self.rules.items()) if fits(name, patterns)]


def patterns_in(text: str) -> list[str]:
    """Return the patterns of ids that a text joins by commas; one that fits all where it is empty.

    Args:
        text: Such as ``ATT-*, DUP-001``.
    """
    return [part.strip() for part in text.split(",") if part.strip()] or ["*"]


def fits(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether an id fits one of some patterns."""
    return any(fnmatchcase(name, part) for part in patterns)


def product_files() -> list[Path]:
    """Return the rulebook files that come with the product."""
    return sorted((Path(__file__).parent / "rulebook").glob("*.toml"))


def load_book(
    files: Iterable[Path],
    own: Iterable[Path] = (),
    *,
    schema: Schema | None = None,
    workspace: Workspace | None = None,
    contracts: Iterable[ContractLine] = (),
    instead: Path | None = None,
) -> Book:
    """Return the compiled rulebook.

    Args:
        files: Rulebook files of the product.
        own: The workspace's own.
        schema: The columns there are; by default the product's.
        workspace: Whose overrides of parameters hold.
        contracts: What contract ids mean, for overrides by contract.
        instead: A file whose checks take the place of those with the same ids.

    Raises:
        RulebookError: Anything is wrong in any file; every fault is told, with its place.
    """
    rulebook, faults = read_rulebook(files, own, instead)
    schema = schema or product_schema()
    overrides: list[Override] = []
    if workspace is not None:
        overrides, more = read_overrides(
            workspace.section("checks"),
            workspace.path / "comptroller.toml",
            workspace.rules,
            rulebook.checks,
        )
        faults.extend(more)
    parameters = in_force(rulebook.checks.values(), overrides, contracts)
    rules, more = compile_rules(rulebook.checks.values(), rulebook.exclusions, schema, parameters)
    faults.extend(more)
    if faults:
        raise RulebookError(_unique(faults))
    return Book(rulebook.checks, rulebook.exclusions, rules, tuple(overrides), parameters)


def workspace_book(
    ws: Workspace, contracts: Iterable[ContractLine] = (), instead: Path | None = None
) -> Book:
    """Return the rulebook in force in a workspace: the product's checks and its own ``rules``.

    Args:
        ws: The workspace.
        contracts: What contract ids mean, for overrides by contract.
        instead: A file whose checks take the place of those with the same ids.

    Raises:
        RulebookError: A fault in the workspace's own checks or parameters.
    """
    own = [path for path in own_files(ws) if instead is None or not path.samefile(instead)]
    return load_book(product_files(), own, workspace=ws, contracts=contracts, instead=instead)


def own_files(ws: Workspace) -> list[Path]:
    """Return the workspace's own rulebook files."""
    return sorted(path for path in ws.rules.glob("*.toml") if path.name != FILE)


def _unique(faults: Iterable[Fault]) -> list[Fault]:
    """Return the faults without repeats: one bad exclusion is a fault of the exclusion, once."""
    seen: dict[tuple[str, str], Fault] = {}
    for fault in faults:
        seen.setdefault((f"{fault.place}:{fault.place.column}", fault.text), fault)
    return list(seen.values())
