"""Backup and restore: a workspace in one file, whole or not at all, never with its key.

The file is an uncompressed tar (its content is encrypted or compressed already). Its first member
is a manifest with the SHA-256 of every other, so that a damaged backup is refused before anything
is put back.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path, PurePosixPath

from comptroller import __version__
from comptroller.access.landing import file_sha256
from comptroller.errors import ComptrollerError
from comptroller.upkeep.whole import refuse_losses
from comptroller.workspace import SETTINGS_FILE, Workspace

MANIFEST = "manifest.json"
_LEFT_OUT = {".spill", ".lock"}
_PIECE = 1024 * 1024

Step = Callable[[], None]


def back_up(workspace: Workspace, target: Path, *, step: Step = lambda: None) -> int:
    """Write a workspace into one file and return the number of files in it.

    No writer works on the workspace meanwhile. The key file is not in the backup: keep it apart.

    Raises:
        ComptrollerError: ``target`` exists or cannot be written, or the workspace lacks something.
    """
    if target.exists():
        raise ComptrollerError(
            "there is a file of that name already",
            where=str(target),
            remedy="Choose another name; a backup is never overwritten",
        )
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with workspace.write_lock(), tempfile.TemporaryDirectory() as folder:
            refuse_losses(workspace, target)
            database = Path(folder) / "comptroller.db"
            _copy_database(workspace.database, database)
            members = _members(workspace, database)
            manifest = {
                "release": __version__,
                "workspace": workspace.settings.id,
                "files": {name: file_sha256(path) for name, path in members},
            }
            with tarfile.open(temporary, "w") as archive:
                _add_bytes(archive, MANIFEST, json.dumps(manifest, indent=1).encode())
                for name, path in members:
                    archive.add(path, arcname=name, recursive=False)
                    step()
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as problem:
        raise ComptrollerError(
            f"the backup cannot be written ({problem.strerror})",
            where=str(target),
            remedy="Choose a place with room that you may write to",
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
    return len(members)


def restore(source: Path, target: Path, *, step: Step = lambda: None) -> Workspace:
    """Bring a workspace back from a backup into a folder that is missing or empty.

    Raises:
        ComptrollerError: The backup is damaged or not one of ours, the folder holds something, or
            another release made the backup.
    """
    if not source.is_file():
        raise ComptrollerError(
            "there is no such backup", where=str(source), remedy="Check the path of the file"
        )
    if target.exists() and any(target.iterdir()):
        raise ComptrollerError(
            "the folder is not empty",
            where=str(target),
            remedy="Restore into a new folder; nothing is ever overwritten",
        )
    staging = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with tarfile.open(source, "r:") as archive:
            manifest = _read_manifest(archive, source)
            expected: dict[str, str] = dict(manifest["files"])
            for member in archive:
                if member.name == MANIFEST:
                    continue
                _extract(archive, member, staging, expected, source)
                step()
        if expected:
            raise _damaged(source, f"{len(expected)} files are missing, such as {min(expected)}")
        if target.exists():
            target.rmdir()
        # A backup holds files: a folder that had none is made again.
        for part in ("landing", "warehouse", "reports", "rules"):
            (staging / part).mkdir(exist_ok=True, mode=0o700)
        staging.replace(target)
    except (OSError, tarfile.TarError) as problem:
        raise _damaged(source, str(problem)) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Workspace.open(target, any_release=True)


def _members(workspace: Workspace, database: Path) -> list[tuple[str, Path]]:
    members = [("comptroller.db", database), (SETTINGS_FILE, workspace.path / SETTINGS_FILE)]
    for part in ("landing", "warehouse", "reports", "rules"):
        for path in sorted((workspace.path / part).rglob("*")):
            relative = path.relative_to(workspace.path)
            hidden = _LEFT_OUT & set(relative.parts) or path.suffix == ".part"
            if path.is_file() and not hidden and ".clear-" not in str(relative):
                members.append((relative.as_posix(), path))
    return members


def _copy_database(source: Path, target: Path) -> None:
    # SQLite's own backup takes a consistent picture even while somebody reads.
    origin, copy = sqlite3.connect(source), sqlite3.connect(target)
    try:
        origin.backup(copy)
    finally:
        origin.close()
        copy.close()


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def _read_manifest(archive: tarfile.TarFile, source: Path) -> dict[str, dict[str, str]]:
    first = archive.next()
    stream = archive.extractfile(first) if first and first.name == MANIFEST else None
    if stream is None:
        raise _damaged(source, "it has no manifest")
    try:
        manifest: dict[str, dict[str, str]] = json.load(stream)
        manifest["files"].items()
    except (ValueError, KeyError, AttributeError):
        raise _damaged(source, "its manifest cannot be read") from None
    return manifest


def _extract(
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    staging: Path,
    expected: dict[str, str],
    source: Path,
) -> None:
    parts = PurePosixPath(member.name).parts
    stream = archive.extractfile(member) if member.isreg() else None
    if stream is None or ".." in parts or member.name.startswith("/"):
        raise _damaged(source, f"it holds {member.name!r}, which no backup of ours holds")
    wanted = expected.pop(member.name, None)
    path = staging.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = sha256()
    with path.open("wb") as out:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            out.write(piece)
    if digest.hexdigest() != wanted:
        raise _damaged(source, f"{member.name} is not what was backed up")


def _damaged(source: Path, why: str) -> ComptrollerError:
    return ComptrollerError(
        f"this is not a whole backup: {why}",
        where=str(source),
        remedy="Use another backup; nothing was restored",
    )
