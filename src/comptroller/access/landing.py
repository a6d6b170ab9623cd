"""The landing area: every received file's original bytes, encrypted, named by their hash.

A file is AES-256-GCM in pieces of 4 MiB. Each piece is bound to its place and to whether it is the
last, so that a truncated or reordered file is noticed.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comptroller.errors import ComptrollerError

_MAGIC = b"CMPTLND1"
_PIECE = 4 * 1024 * 1024
_TAG = 16


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hex digits."""
    digest = sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def landed_path(folder: Path, digest: str) -> Path:
    """Return where a landing folder keeps the bytes with this SHA-256."""
    return folder / digest[:2] / f"{digest}.enc"


class LandingStore:
    """Original files of a workspace.

    Args:
        folder: The workspace's ``landing`` folder.
        key: The landing key.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder = folder
        self._cipher = AESGCM(key)

    def path(self, digest: str) -> Path:
        """Return where the bytes with this SHA-256 are kept."""
        return landed_path(self.folder, digest)

    def holds(self, digest: str) -> bool:
        """Tell whether these bytes have landed."""
        return self.path(digest).exists()

    def put(self, source: Path) -> str:
        """Keep a file's bytes and return their SHA-256; the same bytes are kept once.

        The encrypted copy gets its name only when it is complete and on disk.
        """
        digest = file_sha256(source)
        target = self.path(digest)
        if target.exists():
            return digest
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = target.with_suffix(f".{secrets.token_hex(4)}.part")
        check = sha256()
        with source.open("rb") as stream, temporary.open("wb") as out:
            prefix = secrets.token_bytes(8)
            out.write(_MAGIC + prefix)
            piece, number = stream.read(_PIECE), 0
            while True:
                following = stream.read(_PIECE)
                check.update(piece)
                nonce, last = prefix + number.to_bytes(4, "big"), b"\1" if not following else b"\0"
                out.write(self._cipher.encrypt(nonce, piece, last))
                if not following:
                    break
                piece, number = following, number + 1
            out.flush()
            os.fsync(out.fileno())
        if check.hexdigest() != digest:
            temporary.unlink()
            raise ComptrollerError(
                "the file changed while it was being read",
                where=str(source),
                remedy="Load it again when it has arrived completely",
            )
        temporary.replace(target)
        return digest

    @contextmanager
    def clear_copy(self, digest: str, name: str) -> Iterator[Path]:
        """Give a temporary clear-text copy, named ``name``, that is gone afterwards.

        Raises:
            ComptrollerError: The bytes are not here, were damaged, or belong to another key.
        """
        with tempfile.TemporaryDirectory(prefix=".clear-", dir=self.folder) as folder:
            clear = Path(folder) / Path(name).name
            with clear.open("wb") as out:
                for piece in self.pieces(digest):
                    out.write(piece)
            yield clear

    def pieces(self, digest: str) -> Iterator[bytes]:
        """Yield a landed file's clear bytes, piece by piece."""
        path = self.path(digest)
        if not path.exists():
            raise ComptrollerError(
                f"the original file {digest[:16]} is not in the landing area",
                where=str(self.folder),
                remedy="Restore the landing folder from a backup",
            )
        with path.open("rb") as stream:
            header = stream.read(len(_MAGIC) + 8)
            prefix, number = header[len(_MAGIC) :], 0
            piece = stream.read(_PIECE + _TAG)
            while True:
                following = stream.read(_PIECE + _TAG)
                nonce, last = prefix + number.to_bytes(4, "big"), b"\1" if not following else b"\0"
                try:
                    yield self._cipher.decrypt(nonce, piece, last)
                except InvalidTag:
                    raise ComptrollerError(
                        "a landed file is damaged or was encrypted with another key",
                        where=str(path),
                        remedy="Check the key file, or restore the landing folder from a backup",
                    ) from None
                if not following:
                    return
                piece, number = following, number + 1
