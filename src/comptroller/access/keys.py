"""The workspace's secret: made once, kept outside the workspace, readable by its owner only.

Two keys are derived from it, one for pseudonyms and one for the landing area, so that neither
tells anything about the other. Without the key file, loads are refused.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from comptroller.errors import ComptrollerError

_LENGTH = 32


def default_key_folder() -> Path:
    """Return the folder of key files: ``COMPTROLLER_KEYS`` or the user's configuration folder."""
    given = os.environ.get("COMPTROLLER_KEYS")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "comptroller" / "keys"


def create_key(path: Path) -> None:
    """Write a new secret to ``path``, readable and writable by its owner only.

    A key that is there already is kept: replacing it would orphan every pseudonym.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(_LENGTH) + "\n")


def read_key(path: Path, purpose: str) -> bytes:
    """Return the 32-byte key for one purpose (``pseudonym`` or ``landing``).

    Raises:
        ComptrollerError: The file is missing, open to others, or not a key.
    """
    where = f"key file {path}"
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
        secret = bytes.fromhex(text)
    except FileNotFoundError:
        raise ComptrollerError(
            "the key that hides patients' identities is missing, so nothing can be loaded or read",
            where=where,
            remedy="Copy the key file from where it was kept safe, or set key_file in "
            "comptroller.toml. A new key would not match what is loaded",
        ) from None
    except (OSError, ValueError) as problem:
        raise ComptrollerError(
            f"the key cannot be read ({problem})",
            where=where,
            remedy="Restore the file from where it was kept safe",
        ) from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ComptrollerError(
            "the key is open to other users of this computer",
            where=where,
            remedy=f"Run: chmod 600 {path}",
        )
    if len(secret) != _LENGTH:
        raise ComptrollerError(
            "the key does not have 32 bytes",
            where=where,
            remedy="Restore the file from where it was kept safe",
        )
    return HKDF(SHA256(), 32, None, f"comptroller {purpose}".encode()).derive(secret)
