"""Only the key with which a workspace was made is taken, whatever valid key lies in its place."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest

from comptroller.access import keys
from comptroller.errors import ComptrollerError
from comptroller.workspace import SETTINGS_FILE, Workspace
from tests.command import run

NOT_THE_KEY = "not the key of this workspace"


def another_key(workspace: Workspace) -> str:
    """Put another valid key in the place of the workspace's; return the right one's text."""
    right = workspace.key_path.read_text()
    workspace.key_path.write_text(secrets.token_hex(32) + "\n")
    return right


def forget(workspace: Workspace) -> Workspace:
    """Make a workspace as releases without fingerprints left it."""
    file = workspace.path / SETTINGS_FILE
    file.write_text(re.sub(r"(?m)^key_fingerprint.*\n", "", file.read_text()))
    return Workspace.open(workspace.path)


def recorded(workspace: Workspace) -> str | None:
    return Workspace.open(workspace.path).settings.key_fingerprint


def landed(workspace: Workspace, name: str = "a.csv") -> str:
    source = workspace.path.parent / name
    source.write_text(f"{name},b\n")
    return workspace.landing_store.put(source)


def test_a_load_with_another_key_is_refused_and_nothing_lands(workspace: Workspace) -> None:
    right = another_key(workspace)
    file = workspace.path.parent / "in.csv"
    file.write_text("a,b\n1,2\n")
    refused = run("load", file, "--workspace", workspace.path)
    assert refused.code == 1
    assert refused.err.count("\n") == 1
    assert NOT_THE_KEY in refused.err
    assert str(workspace.key_path) in refused.err
    assert not list(workspace.landing.rglob("*.enc"))
    workspace.key_path.write_text(right)
    assert NOT_THE_KEY not in run("load", file, "--workspace", workspace.path).err


def test_verify_with_another_key_is_refused(workspace: Workspace) -> None:
    another_key(workspace)
    refused = run("verify", "--workspace", workspace.path)
    assert refused.code == 1
    assert NOT_THE_KEY in refused.err


def test_the_fingerprint_is_no_key(workspace: Workspace) -> None:
    told = recorded(workspace)
    assert told
    text = workspace.key_path.read_text()
    derived = [keys.read_key(workspace.key_path, use).hex() for use in ("pseudonym", "landing")]
    assert all(told not in secret for secret in [text, *derived])


def test_a_restored_workspace_takes_its_own_key_only(workspace: Workspace, tmp_path: Path) -> None:
    digest = landed(workspace)
    backup = tmp_path / "backup.tar"
    assert run("backup", backup, "--workspace", workspace.path).code == 0
    assert run("restore", backup, tmp_path / "back").code == 0
    back = Workspace.open(tmp_path / "back")
    assert b"".join(back.landing_store.pieces(digest)) == b"a.csv,b\n"
    another_key(workspace)
    with pytest.raises(ComptrollerError, match=NOT_THE_KEY):
        _ = Workspace.open(tmp_path / "back").key


def test_an_older_workspace_without_files_records_its_key(workspace: Workspace) -> None:
    older = forget(workspace)
    assert recorded(older) is None
    _ = older.key
    assert recorded(older)
    another_key(older)
    with pytest.raises(ComptrollerError, match=NOT_THE_KEY):
        _ = Workspace.open(older.path).key


def test_an_older_workspace_is_proved_by_what_landed(workspace: Workspace) -> None:
    landed(workspace)
    older = forget(workspace)
    right = another_key(older)
    with pytest.raises(ComptrollerError, match=NOT_THE_KEY):
        _ = older.key
    assert recorded(older) is None
    older.key_path.write_text(right)
    _ = older.key
    assert recorded(older)


def test_what_was_committed_without_a_landed_file_proves_no_key(workspace: Workspace) -> None:
    with workspace.warehouse.commit("reference", "one"):
        pass
    older = forget(workspace)
    _ = older.key
    assert recorded(older) is None


@pytest.mark.parametrize("settings", ["", "[access]", "access = { }\n", "[access]  # ours\n"])
def test_settings_changed_by_hand_stay_readable(workspace: Workspace, settings: str) -> None:
    older = forget(workspace)
    file = older.path / SETTINGS_FILE
    kept = file.read_text().partition("[access]")[0]
    file.write_text(settings + kept if settings.endswith("}\n") else kept + settings)
    _ = Workspace.open(older.path).key
    assert bool(recorded(older)) is not settings.startswith("access")
