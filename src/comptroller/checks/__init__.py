"""Checks: what is wrong, line by line, with its evidence and its pounds.

Comes in: the payable (or current) lines of a workspace, the reference data, the tie-outs of
reconciliation, and the rulebook: one TOML file per category under ``checks/rulebook/`` and the
workspace's own ``rules/``. ``checks.facts`` adds derived columns to the lines once per run; a check
is then a predicate over them.

Goes out: results (passed, failed, not applicable, could not run) per check and slice group, and
findings with a stable identity, gross, net, cash and baseline pounds, message and evidence.

Owns the tables ``check_runs``, ``results``, ``coverage`` and ``findings``. DuckDB does the work; no
Python object is ever made per line or per finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comptroller.checks.runner import CheckRun, Scope, run_checks

__all__ = ["CheckRun", "Scope", "run_checks"]


def __getattr__(name: str) -> Any:
    # The warehouse imports `checks.tables` for every command: the engine waits until it is wanted.
    if name in __all__:
        from comptroller.checks import runner

        return getattr(runner, name)
    raise AttributeError(name)
