"""Checks: what is wrong, line by line, with its evidence and its pounds.

Comes in: the payable (or current) lines of a workspace, the reference data, the tie-outs of
reconciliation, and the rulebook: one TOML file per category under ``checks/rulebook/`` and the
workspace's own ``rules/``. ``checks.facts`` adds derived columns to the lines once per run; a check
is then a predicate over them.

Goes out: results (passed, failed, not applicable, could not run) per check and slice group, and
findings with a stable identity, gross, net, cash and baseline pounds, message and evidence.

Owns the tables ``check_runs``, ``results`` and ``findings``. DuckDB does the work; no Python object
is ever made per line or per finding.
"""
