"""The database of people's decisions: Django's models on SQLite, set up for one workspace.

Its rows are decisions (layout confirmations, promotions, audit), never lines or findings.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

_MADE = "SELECT count(*) FROM sqlite_master WHERE name = 'django_migrations'"


class HasDatabase(Protocol):
    """What has a decisions database: a workspace."""

    database: Path


def setup(workspace: HasDatabase, *, migrate: bool = False) -> None:
    """Point Django at a workspace's database; with ``migrate``, bring its tables up to date."""
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "comptroller.access.django_settings")
    if not apps.ready:
        django.setup()
    from django.db import connections

    connection = connections["default"]
    if connection.settings_dict["NAME"] != str(workspace.database):
        connection.close()
        connection.settings_dict["NAME"] = str(workspace.database)
    if migrate:
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)


def fault_of(file: Path) -> str:
    """Return what is wrong with a file of decisions, '' for nothing."""
    if not file.is_file():
        return f"{file.name} is missing"
    try:
        with closing(sqlite3.connect(file)) as con:
            (checked,) = con.execute("PRAGMA quick_check(1)").fetchone()
            (made,) = con.execute(_MADE).fetchone()
    except sqlite3.Error as problem:
        return f"{file.name} cannot be read ({problem})"
    if checked != "ok":
        return f"{file.name} is damaged ({checked})"
    return "" if made else f"{file.name} has no tables: its decisions are gone"


def pending_migrations() -> list[str]:
    """Return the migrations that the database still lacks, as ``room.name``."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
