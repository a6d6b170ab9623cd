"""Archives are unpacked member by member into scratch files, within limits."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from comptroller.errors import ComptrollerError
from comptroller.intake.reading.limits import MEGABYTE, Limits

BLOCK_BYTES = 1024 * 1024
# Left behind by operating systems and editors; never data.
IGNORED_NAMES = (".ds_store", "thumbs.db", "desktop.ini")


def check_zip(path: Path, name: str, limits: Limits) -> list[zipfile.ZipInfo]:
    """Return the files inside a zip (or a zipped workbook) after refusing dangerous ones.

    Raises:
        ComptrollerError: Damaged or truncated, encrypted, too many members, or a zip bomb.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ComptrollerError(
            "the file is truncated or damaged: its zip directory cannot be read",
            where=name,
            remedy="Ask the sender for it again",
        ) from error
    locked = next((info.filename for info in members if info.flag_bits & 0x1), None)
    if locked is not None:
        raise ComptrollerError(
            "protected by a password",
            where=f"{name}, {locked}",
            remedy="Ask the sender for a copy without a password, sent by a secure route",
        )
    if len(members) > limits.members:
        raise ComptrollerError(
            f"{len(members):,} files inside; at most {limits.members:,} are read",
            where=name,
            remedy="Unpack it and load the folder",
        )
    packed = max(path.stat().st_size, 1)
    unpacked = sum(info.file_size for info in members)
    if unpacked > limits.unpacked_bytes:
        raise _bomb(name, f"unpacks to {unpacked / MEGABYTE:,.0f} MB")
    if unpacked > limits.ratio_floor_bytes and unpacked > packed * limits.ratio:
        raise _bomb(name, f"unpacks to {unpacked // packed:,} times its size")
    return members


def _bomb(name: str, what: str) -> ComptrollerError:
    return ComptrollerError(
        f"{what}, as a zip bomb does",
        where=name,
        remedy="If it is genuine, unpack it and load the folder",
    )


def data_members(members: list[zipfile.ZipInfo]) -> Iterator[zipfile.ZipInfo]:
    """Yield the members worth opening, in the order of their names."""
    for info in sorted(members, key=lambda member: member.filename):
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if not parts or parts[0] == "__MACOSX" or parts[-1].lower() in IGNORED_NAMES:
            continue
        if parts[-1].startswith(("._", "~$")) or info.file_size == 0:
            continue
        yield info


def unpack_member(
    path: Path, info: zipfile.ZipInfo, target: Path, name: str, limits: Limits
) -> None:
    """Write one member to `target`, stopping where it grows beyond what it declared."""
    written = 0
    try:
        with (
            zipfile.ZipFile(path) as archive,
            archive.open(info) as source,
            target.open("wb") as out,
        ):
            while block := source.read(BLOCK_BYTES):
                written += len(block)
                if written > min(info.file_size + BLOCK_BYTES, limits.unpacked_bytes):
                    raise _bomb(f"{name}, {info.filename}", "unpacks to more than it declares")
                out.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise ComptrollerError(
            "the archive is damaged or truncated here",
            where=f"{name}, {info.filename}",
            remedy="Ask the sender for it again",
        ) from error


def unpack_gzip(path: Path, target: Path, name: str, limits: Limits) -> None:
    """Write the content of a gzip file to `target`, within the limits of size and ratio."""
    packed, written = max(path.stat().st_size, 1), 0
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as out:
            while block := source.read(BLOCK_BYTES):
                written += len(block)
                if written > limits.unpacked_bytes or (
                    written > limits.ratio_floor_bytes and written > packed * limits.ratio
                ):
                    raise _bomb(name, f"unpacks to more than {written / MEGABYTE:,.0f} MB")
                out.write(block)
    except (gzip.BadGzipFile, zlib.error, EOFError, OSError) as error:
        raise ComptrollerError(
            "the gzip file is damaged or truncated",
            where=name,
            remedy="Ask the sender for it again",
        ) from error
