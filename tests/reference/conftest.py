"""A workspace of its own for each test, and a way to write and read reference files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comptroller import reference
from comptroller.workspace import Workspace


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace that each test copies: making one takes longer than most tests."""
    return Workspace.create(tmp_path_factory.mktemp("made") / "ws").path


@pytest.fixture
def ws(made_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("COMPTROLLER_NOW", "2026-05-20T09:00:00")
    shutil.copytree(made_once, tmp_path / "ws")
    return Workspace.open(tmp_path / "ws")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def _write(name: str, text: str) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return _write


@pytest.fixture
def ask(ws: Workspace) -> Callable[[str], list[tuple[Any, ...]]]:
    def _ask(sql: str) -> list[tuple[Any, ...]]:
        con = ws.connect()
        reference.create_reference_views(con, ws.warehouse)
        return con.execute(sql).fetchall()

    return _ask
