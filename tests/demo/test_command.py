"""The folder of a demonstration: what it refuses, what it replaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from comptroller.demo import month
from comptroller.demo.economy import build_economy
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


def test_what_stops_the_building_is_what_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise ComptrollerError("the disk is full")

    monkeypatch.setattr(month, "build_economy", stopped)
    with pytest.raises(ComptrollerError, match="the disk is full"):
        month.run_month(tmp_path / "demo", "2018/19", 2000, 1, lambda _: None, lambda _: (0, 0))


@pytest.mark.slow
def test_a_small_economy_of_the_older_preset_is_built(tmp_path: Path) -> None:
    built = build_economy(tmp_path / "economy", "2018/19", 2000)
    assert built.deliveries
    assert (tmp_path / "economy" / "reference").is_dir()
    assert (tmp_path / "economy" / "answer_key.csv").is_file()
