"""Bring a workspace of an older release up to date, or say what that would do."""

from __future__ import annotations

import re

from comptroller import __version__
from comptroller.errors import ComptrollerError
from comptroller.warehouse.registry import declared_tables
from comptroller.workspace import SETTINGS_FILE, Workspace


def planned_steps(workspace: Workspace) -> list[str]:
    """Return, in order, what an upgrade would do to this workspace; empty when it is current.

    Raises:
        ComptrollerError: A newer release made the workspace.
    """
    made_by = workspace.settings.release
    if _version(made_by) > _version(__version__):
        raise ComptrollerError(
            f"release {made_by} made this workspace, and this program is older ({__version__})",
            where=str(workspace.path),
            remedy="Install that release or a later one",
        )
    workspace.use_database()
    from comptroller.access.database import pending_migrations

    steps = [f"decisions: apply {name}" for name in pending_migrations()]
    for table in declared_tables().values():
        missing = workspace.warehouse.missing_columns(table)
        if missing:
            steps.append(f"table {table.name}: add {', '.join(missing)}")
    if made_by != __version__:
        steps.append(f"settings: release {made_by} becomes {__version__}")
    return steps


def upgrade(workspace: Workspace) -> list[str]:
    """Carry out the planned steps and return them; killed half-way, a rerun does the rest."""
    steps = planned_steps(workspace)
    with workspace.write_lock():
        workspace.use_database(migrate=True)
        for table in declared_tables().values():
            workspace.warehouse.add_missing_columns(table)
        file = workspace.path / SETTINGS_FILE
        text = file.read_text(encoding="utf-8")
        stamped = re.sub(r'(?m)^(release\s*=\s*)"[^"]*"', rf'\1"{__version__}"', text, count=1)
        # The stamp comes last: until then the workspace still asks to be upgraded.
        temporary = file.with_name(f".{SETTINGS_FILE}")
        temporary.write_text(stamped, encoding="utf-8")
        temporary.replace(file)
    return steps


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))
