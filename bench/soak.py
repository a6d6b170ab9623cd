"""Kill ``load`` and ``check`` with -9 at random moments and at every failpoint.

After each kill ``comptroller verify`` must pass, and the same command run again must end in the
same state as a run that nobody disturbed. ``make soak`` prints the table that stands in
``docs/reliability.md``; the tests use the same functions with fewer kills.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from comptroller.demo import build_economy
from comptroller.warehouse import Warehouse, connect

ROOT = Path(__file__).resolve().parents[1]
NOW = "2027-06-30T12:00:00"
# What a run leaves, without what may differ between equal runs: times, run and commit ids.
STATE = {
    "lines": "* EXCLUDE (commit_id)",
    "quarantine": "* EXCLUDE (commit_id)",
    "slice_versions": "* EXCLUDE (commit_id, sequence)",
    "findings": "* EXCLUDE (commit_id, run_id)",
    "results": "* EXCLUDE (commit_id, run_id, seconds)",
}


@dataclass(frozen=True)
class Scene:
    """A workspace as it stands before a command, the command, and the state it must lead to."""

    name: str
    before: Path
    arguments: tuple[str, ...]
    expected: str
    seconds: float


@dataclass(frozen=True)
class Kill:
    """One kill: where it struck, whether the process was alive, and what was wrong after it."""

    scene: str
    place: str
    alive: bool
    fault: str


def command(workspace: Path, arguments: Sequence[str]) -> list[str]:
    """Return the command line that runs a Comptroller command on a workspace."""
    return [sys.executable, "-m", "comptroller", *arguments, "--workspace", str(workspace)]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of every command: a fixed moment, and our sources."""
    source = str(ROOT / "src")
    return {**os.environ, "PYTHONPATH": source, "COMPTROLLER_NOW": NOW, **more}


def run(workspace: Path, arguments: Sequence[str], **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(workspace, arguments),
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
    )


def state(workspace: Path) -> str:
    """Return a digest of every committed row that a user could see."""
    con = connect()
    Warehouse(workspace / "warehouse").view(con, *STATE)
    digest = sha256()
    for table, columns in STATE.items():
        rows = con.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()
        digest.update(repr((table, len(rows), rows)).encode())
    return digest.hexdigest()


def scenes(folder: Path, lines: int) -> Iterator[Scene]:
    """Build a small economy and yield a load in the middle of the year and a check after it."""
    economy = folder / "economy"
    build_economy(economy, lines=lines, seed=7)
    workspace = folder / "workspace"
    finish(run_init(workspace))
    finish(run(workspace, ["reference", "load", str(economy / "reference")]))
    deliveries = sorted((economy / "deliveries").iterdir())
    for delivery in deliveries[:2]:
        finish(run(workspace, ["load", str(delivery), "--received", delivery.name]))
    third = deliveries[2]
    load = ("load", str(third), "--received", third.name)
    yield scene("load", workspace, load, folder)
    finish(run(workspace, load))
    # What is killed is the writing: some categories fill every table, and leave time for kills.
    yield scene("check", workspace, ("check", "--checks", "DUP-*,REC-*,TIM-*"), folder)


def scene(name: str, workspace: Path, arguments: tuple[str, ...], folder: Path) -> Scene:
    """Keep the workspace as it is and find out what the undisturbed command leads to."""
    before = folder / f"before-{name}"
    shutil.copytree(workspace, before)
    undisturbed = folder / f"undisturbed-{name}"
    shutil.copytree(workspace, undisturbed)
    started = time.perf_counter()
    finish(run(undisturbed, arguments))
    seconds = time.perf_counter() - started
    return Scene(name, before, arguments, state(undisturbed), seconds)


def run_init(workspace: Path) -> subprocess.CompletedProcess[str]:
    """Make the workspace."""
    return subprocess.run(
        [sys.executable, "-m", "comptroller", "init", str(workspace)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def finish(done: subprocess.CompletedProcess[str]) -> None:
    """Insist that a command ended well; 3 means that a person is needed, which is well."""
    if done.returncode not in (0, 3):
        raise RuntimeError(f"{' '.join(done.args)} ended with {done.returncode}: {done.stderr}")


def failpoints(scene: Scene, folder: Path) -> list[str]:
    """Return every failpoint that a scene's command passes, in order."""
    workspace, log = folder / "log-workspace", folder / "failpoints.log"
    shutil.copytree(scene.before, workspace)
    finish(run(workspace, scene.arguments, COMPTROLLER_FAILPOINT_LOG=str(log)))
    shutil.rmtree(workspace)
    names = list(dict.fromkeys(log.read_text(encoding="utf-8").split()))
    log.unlink()
    return names


def kill_at_failpoint(scene: Scene, name: str, folder: Path) -> Kill:
    """Kill the command at one failpoint and judge what it left."""
    workspace = folder / "killed"
    shutil.copytree(scene.before, workspace)
    done = run(workspace, scene.arguments, COMPTROLLER_FAILPOINT=name)
    alive = done.returncode == -signal.SIGKILL
    return Kill(scene.name, name, alive, judge(scene, workspace))


def kill_after(scene: Scene, seconds: float, folder: Path) -> Kill:
    """Kill the command after so many seconds and judge what it left."""
    workspace = folder / "killed"
    shutil.copytree(scene.before, workspace)
    process = subprocess.Popen(
        command(workspace, scene.arguments),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    alive = process.returncode == -signal.SIGKILL
    return Kill(scene.name, f"{seconds:.2f} s", alive, judge(scene, workspace))


def judge(scene: Scene, workspace: Path) -> str:
    """Return what is wrong after a kill, or nothing: verify, run again, compare, verify."""
    fault = ""
    first = run(workspace, ["verify"])
    again = run(workspace, scene.arguments)
    last = run(workspace, ["verify"])
    if first.returncode:
        fault = f"verify after the kill: {first.stdout}{first.stderr}"
    elif again.returncode not in (0, 3):
        fault = f"the rerun ended with {again.returncode}: {again.stderr}"
    elif last.returncode:
        fault = f"verify after the rerun: {last.stdout}{last.stderr}"
    elif state(workspace) != scene.expected:
        fault = "the rerun led to another state than an undisturbed run"
    shutil.rmtree(workspace)
    return fault


def random_kills(scene: Scene, wanted: int, seed: int, folder: Path) -> Iterator[Kill]:
    """Kill at random moments until so many struck a living process; others do not count."""
    moments = random.Random(seed)
    struck = 0
    while struck < wanted:
        kill = kill_after(scene, moments.uniform(0.05, scene.seconds * 1.05), folder)
        struck += kill.alive
        if kill.alive or kill.fault:
            yield kill


def main() -> None:
    """Run the soak and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="random kills in all")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--lines", type=int, default=3000, help="size of the economy")
    given = parser.parse_args()
    faults = 0
    print("| command | failpoints | kills at them | random kills | faults |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        for scene in scenes(folder, given.lines):
            names = failpoints(scene, folder)
            at_points = [kill_at_failpoint(scene, point, folder) for point in names]
            at_random = list(random_kills(scene, given.kills // 2, given.seed, folder))
            bad = [kill for kill in [*at_points, *at_random] if kill.fault]
            for kill in bad:
                print(f"{kill.scene} killed at {kill.place}: {kill.fault}", file=sys.stderr)
            faults += len(bad)
            struck = sum(kill.alive for kill in at_points)
            print(
                f"| {scene.name} | {len(names)} | {struck} | {len(at_random)} | {len(bad)} |",
                flush=True,
            )
    print(f"\nSeed {given.seed}, {given.lines} lines. Faults: {faults}.")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
