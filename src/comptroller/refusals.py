"""Refusals for what the two stores beneath a command cannot do: one line for their own errors."""

from __future__ import annotations

import re
import sqlite3

import duckdb

from comptroller.errors import ComptrollerError

_PARQUET = re.compile(r"""["']([^"']+\.parquet)["']""")
_RESTORE = "`comptroller verify` lists what is missing or changed; restore it from a backup"
# What SQLite says, in part, and what that means here: fault and remedy.
_DECISIONS = (
    (
        ("readonly", "unable to open"),
        "the workspace cannot be written",
        "Get the right to write in the workspace's folder, or work on a copy of it",
    ),
    (
        ("no such table", "no such column"),
        "the database of decisions lacks tables",
        "Run: comptroller upgrade; if the file was lost, restore it from a backup",
    ),
    (
        ("locked",),
        "another command is writing to the database of decisions",
        "Wait until it has finished, then try again",
    ),
    (("malformed", "not a database"), "the database of decisions is damaged", _RESTORE),
)


def refusal_for(problem: BaseException) -> ComptrollerError | None:
    """Return the refusal that an error of SQLite's or DuckDB's amounts to; None for any other.

    Args:
        problem: What was raised; Django wraps SQLite's errors, so its causes are looked at too.
    """
    cause: BaseException | None = problem
    while cause is not None:
        told = " ".join(str(cause).split())
        if isinstance(cause, sqlite3.Error):
            for words, what, remedy in _DECISIONS:
                if any(word in told for word in words):
                    return ComptrollerError(f"{what} ({told})", remedy=remedy)
        if isinstance(cause, duckdb.Error) and "parquet" in told.lower():
            named = _PARQUET.search(told)
            return ComptrollerError(
                "a data file is missing or damaged",
                where=named[1] if named else "",
                remedy=_RESTORE,
            )
        if isinstance(cause, duckdb.IOException):
            return ComptrollerError(
                f"a file cannot be read or written ({told})",
                remedy="Check that the disk has room and that you may read and write there",
            )
        cause = cause.__cause__
    return None
