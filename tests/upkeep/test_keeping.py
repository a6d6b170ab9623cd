"""Make, back up, restore and upgrade a workspace, through the command line."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from comptroller import __version__
from comptroller.errors import ComptrollerError
from comptroller.upkeep.archive import back_up, restore
from comptroller.workspace import SETTINGS_FILE, Workspace
from tests.command import run


def test_init_makes_a_workspace_once(tmp_path: Path) -> None:
    made = run("init", tmp_path / "north", "--name", "North ICS")
    assert made.code == 0
    assert "keep a copy" in made.err
    assert Workspace.open(tmp_path / "north").settings.name == "North ICS"
    unnamed = run("init", "")
    assert unnamed.code == 2
    assert "no folder was named" in unnamed.err
    again = run("init", tmp_path / "north")
    assert again.code == 1
    assert again.err.count("\n") == 1
    assert "there is a workspace here already" in again.err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[engine]\nmemory = '1GB'", "unknown setting memory"),
        ("[engine]\nthreads = 'two'", "must be a int"),
        ("[motor]", r"unknown section \[motor\]"),
        ("[engine", "cannot be read"),
    ],
)
def test_a_fault_in_the_settings_is_named(workspace: Workspace, line: str, message: str) -> None:
    file = workspace.path / SETTINGS_FILE
    text = file.read_text().replace("[engine]", "").replace("[access]", f"{line}\n[access]")
    file.write_text(text)
    with pytest.raises(ComptrollerError, match=message) as problem:
        Workspace.open(workspace.path)
    assert str(file) in str(problem.value)


def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path) -> None:
    refused = run("verify", "--workspace", tmp_path)
    assert refused.code == 1
    assert "not a Comptroller workspace" in refused.err
    assert "comptroller init" in refused.err


def test_an_empty_workspace_verifies(workspace: Workspace) -> None:
    assert run("verify", "--workspace", workspace.path).code == 0


def test_verify_without_the_key_says_so(workspace: Workspace) -> None:
    workspace.key_path.unlink()
    refused = run("verify", "--workspace", workspace.path)
    assert refused.code == 1
    assert "key that hides" in refused.err
    assert "tie" not in refused.out


def test_backup_and_restore(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.rules / "own.toml").write_text("# ours\n")
    source = tmp_path / "in.csv"
    source.write_text("a,b\n")
    digest = workspace.landing_store.put(source)
    backup = tmp_path / "backup.tar"
    assert run("backup", backup, "--workspace", workspace.path).code == 0
    assert run("backup", backup, "--workspace", workspace.path).code == 1
    assert run("restore", backup, tmp_path / "back").code == 0
    back = Workspace.open(tmp_path / "back")
    assert (back.rules / "own.toml").read_text() == "# ours\n"
    assert b"".join(back.landing_store.pieces(digest)) == b"a,b\n"
    with tarfile.open(backup) as archive:
        names = archive.getnames()
    assert not [name for name in names if name.endswith(".key")]
    assert run("restore", backup, tmp_path / "back").code == 1


def test_a_damaged_backup_restores_nothing(workspace: Workspace, tmp_path: Path) -> None:
    backup = tmp_path / "backup.tar"
    back_up(workspace, backup)
    content = backup.read_bytes()
    at = content.index(b"[workspace]")
    backup.write_bytes(content[:at] + b"[workspaze]" + content[at + 11 :])
    with pytest.raises(ComptrollerError, match="not a whole backup"):
        restore(backup, tmp_path / "back")
    assert not (tmp_path / "back").exists()
    backup.write_bytes(content[: len(content) // 2])
    with pytest.raises(ComptrollerError, match="not a whole backup"):
        restore(backup, tmp_path / "back")
    backup.write_bytes(b"not a tar at all")
    with pytest.raises(ComptrollerError, match="not a whole backup"):
        restore(backup, tmp_path / "back")


def test_an_older_workspace_is_upgraded(workspace: Workspace) -> None:
    file = workspace.path / SETTINGS_FILE
    file.write_text(file.read_text().replace(f'"{__version__}"', '"0.0.9"'))
    refused = run("verify", "--workspace", workspace.path)
    assert refused.code == 1
    assert "comptroller upgrade" in refused.err
    dry = run("upgrade", "--dry-run", "--workspace", workspace.path)
    assert "0.0.9 becomes" in dry.err
    assert run("upgrade", "--workspace", workspace.path).code == 0
    assert run("verify", "--workspace", workspace.path).code == 0
    assert "nothing to do" in run("upgrade", "--workspace", workspace.path).err


def test_a_newer_workspace_is_refused(workspace: Workspace) -> None:
    file = workspace.path / SETTINGS_FILE
    file.write_text(file.read_text().replace(f'"{__version__}"', '"99.0"'))
    refused = run("upgrade", "--workspace", workspace.path)
    assert refused.code == 1
    assert "older" in refused.err
