"""The commands that make and keep a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from comptroller.console import (
    EXIT_REFUSED,
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    messages,
    open_workspace,
    print_rows,
    progress,
)
from comptroller.errors import UsageError
from comptroller.workspace import Workspace


def init(
    directory: Annotated[str, typer.Argument(help="The folder to make.")],
    name: Annotated[str, typer.Option(help="What reports call this workspace.")] = "",
) -> None:
    """Make a workspace: one folder with commented settings, and a key outside it.

    Example: comptroller init north-ics --name "North ICS contracts"
    """
    if not directory.strip():
        # An empty name would be the current folder, which nobody named.
        raise UsageError(
            "no folder was named",
            remedy="Run: comptroller init my-contracts; for the current folder: comptroller init .",
        )
    workspace = Workspace.create(directory, name=name)
    messages.print(f"Made the workspace {workspace.path}")
    messages.print(f"Its key is {workspace.key_path}: keep a copy somewhere safe and apart.")
    messages.print(f"Next: comptroller load FILES --workspace {directory}")


def verify(
    workspace: WorkspaceOption = HERE,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out reading the landed files again.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Recount rows and pounds from the landed files to the findings, and say what does not tie.

    Exit code 0 when everything ties, 1 when something does not.

    Example: comptroller verify --workspace demo-workspace
    """
    from comptroller.upkeep.verify import verify as verify_workspace

    opened = Workspace.open(workspace, any_state=True)
    with progress("Verifying") as bar:
        outcomes = verify_workspace(opened, quick=quick, describe=bar.describe)
    print_rows(
        ["what", "counted", "does_not_tie", "first_example"],
        [(o.what, o.counted, o.failures, o.example) for o in outcomes],
        form,
        title="Verification",
    )
    if any(outcome.failures for outcome in outcomes):
        messages.print("Something does not tie: see the rows above.")
        raise typer.Exit(EXIT_REFUSED)
    messages.print("Everything ties.")


def backup(
    file: Annotated[Path, typer.Argument(help="The backup file to write.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Keep a copy of the whole workspace in one file, without its key.

    Example: comptroller backup north-2026-11-22.tar --workspace north-ics
    """
    from comptroller.upkeep.archive import back_up

    opened = open_workspace(workspace)
    with progress("Backing up") as bar:
        count = back_up(opened, file, step=bar.advance)
    messages.print(f"Backed up {count:,} files into {file}.")
    messages.print(f"The key is not in it. Keep a copy of {opened.key_path} apart from the backup.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `comptroller backup` wrote.")],
    directory: Annotated[Path, typer.Argument(help="A new folder for the workspace.")],
) -> None:
    """Bring a workspace back from a backup into a new folder.

    Example: comptroller restore north-2026-11-22.tar north-restored
    """
    from comptroller.upkeep.archive import restore as restore_workspace

    with progress("Restoring") as bar:
        opened = restore_workspace(file, directory, step=bar.advance)
    messages.print(f"Restored into {opened.path}.")
    if not opened.key_path.exists():
        messages.print(f"Its key is missing: put your copy at {opened.key_path}.")
    messages.print(f"Next: comptroller verify --workspace {directory}")


def upgrade(
    workspace: WorkspaceOption = HERE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
) -> None:
    """Bring a workspace of an older release up to date.

    Example: comptroller upgrade --dry-run --workspace north-ics
    """
    from comptroller.upkeep.upgrade import planned_steps
    from comptroller.upkeep.upgrade import upgrade as upgrade_workspace

    opened = Workspace.open(workspace, any_release=True)
    steps = planned_steps(opened) if dry_run else upgrade_workspace(opened)
    for step in steps:
        messages.print(f"{'Would' if dry_run else 'Done:'} {step}")
    if not steps:
        messages.print("The workspace is up to date; nothing to do.")
