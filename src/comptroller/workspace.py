"""A workspace: one folder that holds everything of one commissioner's Comptroller.

``comptroller.toml`` (settings), ``landing/`` (received files, encrypted), ``warehouse/`` (tables),
``comptroller.db`` (people's decisions), ``reports/`` and ``rules/`` (the workspace's own checks).
The key that hides patients lies outside it.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from comptroller import __version__
from comptroller.access import keys
from comptroller.access.fingerprint import check_key, fingerprint
from comptroller.access.landing import LandingStore
from comptroller.errors import BusyError, ComptrollerError
from comptroller.warehouse import DEFAULT_MEMORY_LIMIT, Warehouse, connect, present

SETTINGS_FILE = "comptroller.toml"
_LOCK_SECONDS = 600
_KNOWN_SECTIONS = ("workspace", "engine", "access", "intake", "calendar", "checks", "challenges")

_TEMPLATE = """\
# Settings of this Comptroller workspace. Lines that begin with # are explanations or defaults.

[workspace]
name = "{name}"
id = "{id}"              # names the key file; never change it
release = "{release}"    # the release that made or last upgraded this folder

[engine]
# memory_limit = "3GB"   # most memory a query may use before it spills to disk
# threads = 0            # 0 = one per processor

[access]
key_fingerprint = "{fingerprint}"    # tells another key from this workspace's
# key_file = ""          # default: {key_folder}/{id}.key
#                        # Keep a copy of that file somewhere safe: without it nothing can be
#                        # loaded, and no backup of this folder contains it.

[intake]
# When a file waits for a person instead of being promoted:
# shrink_tolerance = 0.25       # it loses more than this share of the pounds loaded so far,
# shrink_floor = 10000          # unless the loss is smaller than this many pounds
# control_tolerance = 1.00      # its own total and its rows differ by more pounds than this
# quarantine_share = 0.5        # more than this share of its rows, or of its pounds, cannot be
#                               # loaded
# other_provider_share = 0.1    # more than this share of its rows are another provider's
# other_year_share = 0.5        # more than this share of its dated rows are of another year
# volume_band = 3.0             # its newest month has more than so many times the lines of the
#                               # largest earlier month of the provider, or the smallest has more
#                               # than so many times its lines; 0 = never
# volume_floor = 50             # unless it is outside that band by no more lines than this
# repeat_floor = 250            # a month of so many lines or more repeats another month

[calendar]
# Flex and freeze days where no `calendar` reference file gives dates; docs/how-to/load-a-month.md

[checks]
# [checks.parameters."DUP-019"]
# p_minutes = 120        # override a check's parameter in this workspace
"""


@dataclass(frozen=True)
class Settings:
    """What ``comptroller.toml`` says, with defaults filled in.

    ``sections`` holds the tables of the rooms (intake, calendar, checks ...), which each room
    reads and validates itself.
    """

    name: str
    id: str
    release: str
    memory_limit: str = DEFAULT_MEMORY_LIMIT
    threads: int = 0
    key_file: Path | None = None
    key_fingerprint: str | None = None
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)


class Workspace:
    """An opened workspace; make one with ``Workspace.open`` or ``Workspace.create``."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        self.landing = path / "landing"
        self.reports = path / "reports"
        self.rules = path / "rules"
        self.database = path / "comptroller.db"
        self.warehouse = Warehouse(path / "warehouse")

    @classmethod
    def open(
        cls, path: Path | str, *, any_release: bool = False, any_state: bool = False
    ) -> Workspace:
        """Open a workspace folder.

        Args:
            path: The folder.
            any_release: Open one of another release too, as ``upgrade`` does.
            any_state: Open one that has lost parts too, as ``verify`` does.

        Raises:
            ComptrollerError: It is not a workspace, its settings have a fault, another release
                made it, or a part of it is missing.
        """
        folder = Path(path).resolve()
        settings = _read_settings(folder)
        if settings.release != __version__ and not any_release:
            raise ComptrollerError(
                f"this workspace is of release {settings.release}, the program of {__version__}",
                where=str(folder),
                remedy="Run: comptroller upgrade --dry-run, then comptroller upgrade",
            )
        opened = cls(folder, settings)
        missing = opened.missing_parts()
        if missing and not any_state:
            raise ComptrollerError(
                f"the workspace has lost {', '.join(part.name for part in missing)}",
                where=str(folder),
                remedy="Put it back, or restore the workspace from a backup",
            )
        return opened

    @classmethod
    def create(cls, path: Path | str, *, name: str = "") -> Workspace:
        """Make a new workspace in a folder that is missing or has none yet.

        Raises:
            ComptrollerError: The folder is a workspace already, or cannot be written.
        """
        folder = Path(path).resolve()
        if (folder / SETTINGS_FILE).exists():
            raise ComptrollerError(
                "there is a workspace here already",
                where=str(folder),
                remedy="Choose another folder, or use this one as it is",
            )
        identifier = secrets.token_hex(8)
        settings = Settings(name=name or folder.name, id=identifier, release=__version__)
        made = cls(folder, settings)
        try:
            for part in ("landing", "warehouse", "reports", "rules"):
                (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
            keys.create_key(made.key_path)
        except OSError as problem:
            raise ComptrollerError(
                f"the workspace cannot be made ({problem.strerror})",
                where=str(problem.filename or folder),
                remedy="Choose a folder that you may write to",
            ) from None
        text = _TEMPLATE.format(
            name=settings.name.replace("\\", " ").replace('"', "'"),
            id=identifier,
            release=__version__,
            fingerprint=fingerprint(made.key_path),
            key_folder=keys.default_key_folder().as_posix(),
        )
        made.use_database(migrate=True)
        # The settings file comes last: a folder without it is not a workspace.
        temporary = folder / f".{SETTINGS_FILE}"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(folder / SETTINGS_FILE)
        return cls.open(folder)

    @property
    def parts(self) -> tuple[Path, ...]:
        """The parts without which a workspace is not whole, beside its settings."""
        return (self.database, self.landing, self.warehouse.root)

    def missing_parts(self) -> list[Path]:
        """Return the parts that are not there."""
        return [part for part in self.parts if not part.exists()]

    @property
    def key_path(self) -> Path:
        """Where the key file lies, outside the workspace."""
        given = os.environ.get("COMPTROLLER_KEY_FILE")
        if given:
            return Path(given)
        return self.settings.key_file or keys.default_key_folder() / f"{self.settings.id}.key"

    @cached_property
    def key(self) -> bytes:
        """The pseudonym key; refused when it is missing, open to others, or another workspace's."""
        self._check_key()
        return keys.read_key(self.key_path, "pseudonym")

    @cached_property
    def landing_store(self) -> LandingStore:
        """The encrypted originals; refused as the key is."""
        self._check_key()
        return LandingStore(self.landing, keys.read_key(self.key_path, "landing"))

    def _check_key(self) -> None:
        check_key(
            self.key_path,
            self.settings.key_fingerprint,
            self.path / SETTINGS_FILE,
            self.landing,
            in_use=self.settings.key_fingerprint is None and self.warehouse.in_use(),
        )

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open an engine with this workspace's limits; it spills inside the workspace."""
        return connect(
            memory_limit=self.settings.memory_limit,
            threads=self.settings.threads or None,
            temp_directory=self.path / "warehouse" / ".spill",
        )

    def use_database(self, *, migrate: bool = False) -> None:
        """Point Django's models at this workspace's decisions."""
        from comptroller.access import database

        database.setup(self, migrate=migrate)

    def section(self, room: str) -> dict[str, Any]:
        """Return a room's own settings table; empty where the file has none."""
        return self.settings.sections.get(room, {})

    def now(self) -> datetime:
        """Return the present moment, UTC; ``COMPTROLLER_NOW`` (ISO) sets it for demonstrations."""
        return present()

    @contextmanager
    def write_lock(self, wait: float = _LOCK_SECONDS) -> Iterator[None]:
        """Hold the workspace for one writer; a killed writer's lock is free at once.

        Args:
            wait: How many seconds to wait for another writer; by default ten minutes.

        Raises:
            BusyError: Another command was writing all that time.
        """
        lock = FileLock(self.path / "warehouse" / ".lock")
        try:
            with lock.acquire(timeout=wait):
                yield
        except Timeout:
            raise BusyError(
                "another command is writing to this workspace",
                where=str(self.path),
                remedy="Wait until it has finished, then try again",
            ) from None


def _read_settings(folder: Path) -> Settings:
    file = folder / SETTINGS_FILE
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ComptrollerError(
            "this folder is not a Comptroller workspace",
            where=str(folder),
            remedy=f"Make one with: comptroller init {folder.name}, or name one with --workspace",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ComptrollerError(
            f"the settings cannot be read: {problem}", where=str(file), remedy="Mend that line"
        ) from None
    unknown = sorted(set(data) - set(_KNOWN_SECTIONS))
    if unknown:
        raise ComptrollerError(
            f"unknown section [{unknown[0]}]",
            where=str(file),
            remedy=f"Known sections: {', '.join(_KNOWN_SECTIONS)}",
        )
    workspace = _table(file, data, "workspace", {"name": str, "id": str, "release": str})
    engine = _table(file, data, "engine", {"memory_limit": str, "threads": int})
    access = _table(file, data, "access", {"key_file": str, "key_fingerprint": str})
    for key in ("id", "release"):
        if key not in workspace:
            raise ComptrollerError(f"[workspace] lacks {key}", where=str(file), remedy="Restore it")
    key_file = access.get("key_file")
    return Settings(
        name=workspace.get("name", folder.name),
        id=workspace["id"],
        release=workspace["release"],
        memory_limit=engine.get("memory_limit", DEFAULT_MEMORY_LIMIT),
        threads=engine.get("threads", 0),
        key_file=Path(key_file).expanduser() if key_file else None,
        key_fingerprint=access.get("key_fingerprint"),
        sections={name: data[name] for name in _KNOWN_SECTIONS[3:] if name in data},
    )


def _table(
    file: Path, data: dict[str, Any], section: str, known: dict[str, type]
) -> dict[str, Any]:
    table: dict[str, Any] = data.get(section, {})
    for key, value in table.items():
        if key not in known:
            raise ComptrollerError(
                f"[{section}] has an unknown setting {key}",
                where=str(file),
                remedy=f"Known settings: {', '.join(known)}",
            )
        if type(value) is not known[key]:
            raise ComptrollerError(
                f"[{section}] {key} must be a {known[key].__name__}, not {value!r}",
                where=str(file),
                remedy="Mend that line",
            )
    return table
