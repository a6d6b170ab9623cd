"""A reference load killed anywhere leaves the state before or after; a rerun completes it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comptroller import reference
from comptroller.workspace import Workspace

Ask = Callable[[str], list[tuple[Any, ...]]]
SOURCE = Path(__file__).resolve().parents[2] / "src"
LOAD = """
import sys
from comptroller import reference
from comptroller.workspace import Workspace
reference.load(Workspace.open(sys.argv[1]), [sys.argv[2]])
"""


@pytest.mark.parametrize(
    "failpoint",
    [
        "reference_prices.files_written",
        "reference.after_reference_prices",
        pytest.param("reference.after_reference_loads", marks=pytest.mark.slow),
        pytest.param("reference.before_commit", marks=pytest.mark.slow),
        "reference.after_commit",
    ],
)
def test_killed_and_loaded_again(ws: Workspace, tmp_path: Path, ask: Ask, failpoint: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "prices.csv").write_text(
        "scheme,financial_year,price_code,setting,price\nNHSPS,2026/27,ZZ01A,EL,10\n"
    )
    (folder / "cash_scope.csv").write_text("contract_id,pod_code,scope\nC1,EL,cash\n")
    killed = subprocess.run(
        [sys.executable, "-c", LOAD, str(ws.path), str(folder)],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "COMPTROLLER_FAILPOINT": failpoint},
        check=False,
    )
    assert killed.returncode == -9
    done = failpoint == "reference.after_commit"
    counts = "SELECT (SELECT count(*) FROM prices), (SELECT count(*) FROM cash_scope)"
    assert ask(counts) == [(1, 1) if done else (0, 0)]
    statuses = {report.status for report in reference.load(ws, [folder])}
    assert statuses == {"unchanged" if done else "loaded"}
    assert ask(counts) == [(1, 1)]
    assert len(ws.warehouse.commits("reference")) == 1
