"""Which key a workspace belongs to: told by a fingerprint, from which no key can be computed.

A workspace keeps the fingerprint of its key in its settings. Another key, however valid, would give
known patients second pseudonyms and lock what it lands away from the right one, so it is refused.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from comptroller.access import keys
from comptroller.access.landing import LandingStore
from comptroller.errors import ComptrollerError

_HEX = 32
_TRIED = 5
_SECTION = re.compile(r"(?m)^\[access\][^\n]*\n")


def fingerprint(key_path: Path) -> str:
    """Return 32 hex digits that tell a key from others: derived from it apart from its uses.

    Raises:
        ComptrollerError: The key file is missing, open to others, or not a key.
    """
    return keys.read_key(key_path, "fingerprint").hex()[:_HEX]


def check_key(
    key_path: Path, recorded: str | None, settings: Path, landing: Path, *, in_use: bool
) -> None:
    """Refuse a key that is not the workspace's; record the fingerprint where there is none yet.

    Args:
        key_path: The key file to be used.
        recorded: The fingerprint that the settings give; None in a workspace made before.
        settings: The settings file, which gets the fingerprint of a key that is known to be right.
        landing: The landing folder, whose files prove a key where no fingerprint does.
        in_use: Whether anything was committed: without a landed file no key is proved then.

    Raises:
        ComptrollerError: The key is missing, unreadable, or another workspace's.
    """
    found = fingerprint(key_path)
    if recorded is not None:
        if found != recorded:
            raise _another(key_path)
        return
    landed = list(islice(_landed(landing), _TRIED))
    if landed and not _opens(landed, LandingStore(landing, keys.read_key(key_path, "landing"))):
        raise _another(key_path)
    if landed or not in_use:
        _record(settings, found)


def _another(key_path: Path) -> ComptrollerError:
    return ComptrollerError(
        "this is not the key of this workspace: what is loaded was made with another one",
        where=f"key file {key_path}",
        remedy="Put the right key file there from where it was kept safe, or name it as key_file "
        "in comptroller.toml; nothing was changed",
    )


def _landed(landing: Path) -> Iterator[str]:
    return (path.stem for path in landing.glob("??/*.enc"))


def _opens(digests: list[str], store: LandingStore) -> bool:
    """Tell whether a key opens any of some files: one alone may be damaged."""
    for digest in digests:
        try:
            next(store.pieces(digest))
        except ComptrollerError:
            continue
        return True
    return False


def _record(settings: Path, found: str) -> None:
    text = settings.read_text(encoding="utf-8").rstrip() + "\n"
    line = f'key_fingerprint = "{found}"\n'
    if _SECTION.search(text):
        text = _SECTION.sub(lambda header: header[0] + line, text, count=1)
    else:
        text += f"\n[access]\n{line}"
    temporary = settings.with_name(f".{settings.name}")
    try:
        tomllib.loads(text)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(settings)
    except (OSError, tomllib.TOMLDecodeError):
        # A folder that may not be written, or settings laid out by hand: the landed files go on
        # to tell the key.
        return
