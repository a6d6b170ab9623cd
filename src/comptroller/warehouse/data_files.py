"""Data files named by their content, so that one that was changed or exchanged is told.

The name of a file stands in its table's Delta log, written with the commit: what was committed and
what lies there can be compared without another record.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

_NAMED = re.compile(r"\.([0-9a-f]{64})\.parquet$")


def name_by_content(path: Path) -> Path:
    """Give a file that was just written its SHA-256 as part of its name; return its new path."""
    named = path.with_name(f"{path.stem}.{_digest(path)}.parquet")
    path.replace(named)
    return named


def fault_of(path: Path) -> str:
    """Return what is wrong with a committed file, '' for nothing.

    A file of a release that did not name files so is only looked for.
    """
    if not path.is_file():
        return "it is missing"
    named = _NAMED.search(path.name)
    if named is None:
        return ""
    try:
        return "" if _digest(path) == named[1] else "it is not what was written"
    except OSError as problem:
        return f"it cannot be read ({problem.strerror})"


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
