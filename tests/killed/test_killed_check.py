"""A killed ``comptroller check`` leaves the state before or after; run again, it completes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import Scene, scenes
from tests.killed.judging import LINES, survives_every_failpoint, survives_random_moments

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The workspace before the command, and what an undisturbed run leads to."""
    made = scenes(tmp_path_factory.mktemp("killed"), lines=LINES)
    return next(one for one in made if one.name == "check")


def test_every_failpoint(scene: Scene, tmp_path: Path) -> None:
    assert survives_every_failpoint(scene, tmp_path)


def test_random_moments(scene: Scene, tmp_path: Path) -> None:
    assert survives_random_moments(scene, tmp_path)
