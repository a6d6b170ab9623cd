"""What is asked of a command that was killed, the same for load and for check."""

from __future__ import annotations

from pathlib import Path

from bench.soak import Scene, failpoints, kill_at_failpoint, random_kills

LINES, RANDOM_KILLS, SEED = 1500, 5, 20261122


def survives_every_failpoint(scene: Scene, folder: Path) -> bool:
    """Kill at each point that the command passes: verify passes, a rerun ends in the same state."""
    names = failpoints(scene, folder)
    kills = [kill_at_failpoint(scene, name, folder) for name in names]
    bad = [kill for kill in kills if not kill.alive or kill.fault]
    assert not bad, bad
    return len(names) >= 4


def survives_random_moments(scene: Scene, folder: Path) -> bool:
    """Kill at random moments, counted only where the process was alive."""
    kills = list(random_kills(scene, RANDOM_KILLS, SEED, folder))
    bad = [kill for kill in kills if kill.fault]
    assert not bad, bad
    return sum(kill.alive for kill in kills) == RANDOM_KILLS
