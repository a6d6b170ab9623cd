"""The folder of a demonstration: what it refuses, what it replaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from comptroller.demo.month import MARK, prepare_folder
from comptroller.errors import ComptrollerError
from comptroller.workspace import Workspace


def test_a_folder_with_anything_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(ComptrollerError, match="not empty and holds no demonstration"):
        prepare_folder(tmp_path)
    assert (tmp_path / "thesis.docx").exists()


def test_a_real_workspace_is_refused(workspace: Workspace) -> None:
    with pytest.raises(ComptrollerError, match="holds no demonstration"):
        prepare_folder(workspace.path)
    assert workspace.key_path.exists()


def test_an_earlier_demonstration_makes_room_with_its_key(workspace: Workspace) -> None:
    mark = workspace.path / MARK
    mark.parent.mkdir()
    mark.write_text("A fictional health economy")
    key = workspace.key_path
    assert prepare_folder(workspace.path)
    assert not workspace.path.exists()
    assert not key.exists()


def test_a_demonstration_that_was_stopped_while_building_makes_room(tmp_path: Path) -> None:
    (tmp_path / "economy").mkdir()
    (tmp_path / MARK).write_text("An economy is being built here.")
    assert prepare_folder(tmp_path)


def test_a_missing_folder_is_fine(tmp_path: Path) -> None:
    assert not prepare_folder(tmp_path / "new")
