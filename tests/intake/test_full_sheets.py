"""A sheet that ends where Excel cuts off what is longer is told: rows may be missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from comptroller.intake.reading import open_file
from comptroller.warehouse import connect
from comptroller.workspace import Workspace
from tests.intake.layout_files import write_csv
from tests.intake.test_local_layouts import one

HEAD = ["Provider", "Commissioner", "Financial Year", "Month", "POD", "HRG", "Actual Cost"]
ROW = ["RX1", "QX1", "2026/27", 1, "EL", "AA22C", "10.25"]


@pytest.mark.parametrize("rows", [65_536, 65_535])
def test_a_file_as_long_as_an_old_sheet_is_loaded_with_a_warning(
    workspace: Workspace, tmp_path: Path, rows: int
) -> None:
    told = one(workspace, write_csv(tmp_path / "slam.csv", [HEAD, *[ROW] * (rows - 1)])).to_json()
    assert (told["status"], told["rows_read"]) == ("promoted", rows)
    warned = [m for m in told["messages"] if "may be missing" in m["text"]]
    assert len(warned) == (rows == 65_536)
    for message in warned:
        assert (message["severity"], message["row"]) == ("warning", 65_536)
        assert "65,536, the last that a sheet of Excel 97-2003 holds" in message["text"]


def test_a_sheet_of_a_million_rows_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("POD,Cost\n" + "EL,1\n" * 1_048_575, encoding="utf-8")
    with connect(memory_limit="1GB") as con:
        (sheet,) = open_file(path, con)
    assert "1,048,576, the last that a sheet of Excel holds" in sheet.warnings[0]
