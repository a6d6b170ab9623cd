"""Killed anywhere, load and check leave the state before or after; run again, they complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import Scene, failpoints, kill_at_failpoint, random_kills, scenes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[0, 1], ids=["load", "check"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    made = list(scenes(tmp_path_factory.mktemp("soak"), lines=1500))
    return made[request.param]


def test_every_failpoint(scene: Scene, tmp_path: Path) -> None:
    names = failpoints(scene, tmp_path)
    assert len(names) >= 4
    kills = [kill_at_failpoint(scene, name, tmp_path) for name in names]
    assert [kill for kill in kills if not kill.alive or kill.fault] == []


def test_random_moments(scene: Scene, tmp_path: Path) -> None:
    kills = list(random_kills(scene, 5, 20261122, tmp_path))
    assert [kill for kill in kills if kill.fault] == []
