from pathlib import Path

import pytest

from comptroller.errors import ComptrollerError
from comptroller.rendering import Report
from comptroller.reports import build_report, catalogue, write_report
from comptroller.reports.commands import report as report_command
from comptroller.workspace import Workspace


def test_each_ending_is_a_form(month: Workspace, tmp_path: Path) -> None:
    made: Report = build_report(month, "month-summary")
    starts = {"html": b"<!DOCTYPE html>", "pdf": b"%PDF", "xlsx": b"PK"}
    for ending, start in starts.items():
        path = tmp_path / "out" / f"r.{ending}"
        write_report(month, "month-summary", made, path)
        assert path.read_bytes().startswith(start)
    assert not list((tmp_path / "out").glob("*.part"))


def test_refusals(month: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ComptrollerError, match="There are: month-summary"):
        build_report(month, "nonsense")
    with pytest.raises(ComptrollerError, match=r"End the name with one of: \.html"):
        catalogue.check_path(tmp_path / "r.docx")
    with pytest.raises(ComptrollerError, match="no file was named"):
        report_command("month-summary", None, "", month.path)


def test_list_names_every_report(capsys: pytest.CaptureFixture[str]) -> None:
    report_command("list", None, "", Path())
    shown = capsys.readouterr().out
    assert "month-summary" in shown
    assert "aggregates-summary" in shown
