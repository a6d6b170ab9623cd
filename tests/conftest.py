"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from comptroller.workspace import Workspace

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first, kills before all: no worker is left with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.parent.name != "killed", item.path not in slow))


@pytest.fixture(scope="session", autouse=True)
def _keys_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the key files of tests out of the home folder."""
    os.environ["COMPTROLLER_KEYS"] = str(tmp_path_factory.mktemp("keys"))
    os.environ.pop("COMPTROLLER_WORKSPACE", None)
    yield
    os.environ.pop("COMPTROLLER_KEYS")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace of its own."""
    return Workspace.create(tmp_path / "workspace", name="Test workspace")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real public data beside the project."""
    return SHARED
