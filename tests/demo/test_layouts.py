"""The layouts of the demonstration load with every column right and every pound tied."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from comptroller import intake, reference
from comptroller.demo import Economy
from comptroller.demo.local_layouts import Layout
from comptroller.demo.presets import preset
from comptroller.demo.sending import layout_of, sendings
from comptroller.intake import FileReport
from comptroller.workspace import Workspace
from tests.demo.conftest import round_of

DOCS = Path(__file__).parents[2] / "docs"
LEAST_LAYOUTS = 20
# Provider and month of the layouts that share most of their headings with the one before.
DRIFT = {("ZN2", 8), ("ZN4", 7), ("ZNB", 2), ("ZPX01", 9)}
WORLD = preset("2026/27")
PROVIDERS = {provider.code: provider for provider in WORLD.providers}


def differing(layout: Layout, report: FileReport, data_set: str) -> list[tuple[str, str, str]]:
    """Return the columns that were found to be something else: heading, what it is, what was found.

    Of months across, where a heading of the file stands over many columns, the elements alone.
    """
    found = [
        (item["header"], item["element"] or "")
        for part in report.parts
        if part.data_set == data_set and part.status != "set_aside"
        for item in part.mapping
    ]
    declared = dict(layout.headings)
    if layout.shape == "across":
        lacking = set(declared.values()) ^ {element for _, element in found}
        return [("", element, "") for element in sorted(lacking)]
    missing = [(heading, declared[heading], "") for heading in declared.keys() - dict(found).keys()]
    return missing + [
        (heading, declared.get(heading, "no such column"), element)
        for heading, element in found
        if declared.get(heading) != element
    ]


def ties(report: FileReport) -> bool:
    """Whether each row and pound that was read is accounted for, also by the file's own total."""
    told = report.to_json()
    rows = told["rows_loaded"] + told["rows_quarantined"] + told["rows_set_aside"]
    pounds = told["cost_loaded"] + told["cost_quarantined"]
    control = told["cost_control"]
    return (
        rows == told["rows_read"]
        and pounds == told["cost_read"]
        and (control is None or control == told["cost_read"])
    )


def load_files(workspace: Workspace, day: Path, files: Iterable[Path]) -> list[FileReport]:
    return intake.load(workspace, sorted(files), received=date.fromisoformat(day.name))


def provider_and_round(path: Path) -> tuple[str, int]:
    return path.name.split("_")[0], int(path.stem.rsplit("_M", 1)[1])


def wrong(report: FileReport) -> list[object]:
    """Return what is wrong with the report of a provider's file."""
    provider, number = provider_and_round(Path(report.file))
    told = report.to_json()
    found: list[object] = []
    if told["status"] != "promoted" or told["rows_quarantined"]:
        found += [report.file, told["status"], *(m["text"] for m in told["messages"])]
    if not ties(report):
        found.append((report.file, "does not tie"))
    for data_set in told["data_sets"]:
        layout = layout_of(PROVIDERS[provider], data_set, number)
        found += [(report.file, *column) for column in differing(layout, report, data_set)]
    return found


@pytest.fixture
def stocked(workspace: Workspace, economy: Economy) -> Workspace:
    """A workspace with the reference data of the economy."""
    loaded = reference.load(workspace, [economy.directory / "reference"])
    assert {report.status for report in loaded} == {"loaded"}
    return workspace


def test_there_are_twenty_layouts_and_some_change_in_the_year() -> None:
    listed = list(sendings(WORLD))
    shapes = {(s.data_set, s.layout.headings, s.layout.form, s.layout.delimiter) for s in listed}
    assert len(shapes) >= LEAST_LAYOUTS
    assert len({s.layout.name for s in listed if s.is_drift}) >= 2
    forms = {(s.layout.form, s.layout.encoding, s.layout.shape) for s in listed}
    assert {form for form, _, _ in forms} == {
        "csv", "fixed", "workbook", "sheets", "html", "ods", "pdf", "zip",
    }  # fmt: skip
    assert {"cp1252", "utf-16"} <= {encoding for _, encoding, _ in forms}
    assert {"plain", "subtotals", "across"} == {shape for _, _, shape in forms}


def test_every_layout_loads_with_every_column_right_and_every_pound_tied(
    stocked: Workspace, economy: Economy, files: duckdb.DuckDBPyConnection
) -> None:
    seen: set[tuple[str, str]] = set()
    changed: set[tuple[str, int]] = set()
    pounds: dict[str, dict[bool, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for day in economy.deliveries:
        number = round_of(day)
        # All files of the first month; later those whose layout has not been seen.
        due = [
            path
            for path in day.iterdir()
            if not path.name.startswith("SUS") and (number == 1 or _is_first(path, number))
        ]
        for report in load_files(stocked, day, due):
            assert wrong(report) == []
            provider, number = provider_and_round(Path(report.file))
            for part in report.parts:
                if part.data_set:
                    layout = layout_of(PROVIDERS[provider], part.data_set, number)
                    seen.add((part.data_set, layout.name))
                if number == 1:
                    pounds[provider][part.data_set == "ACM"] += part.cost_loaded
            if any("the layout changed since" in m["text"] for m in report.to_json()["messages"]):
                changed.add((provider, number))
    assert changed >= DRIFT
    assert seen == {(s.data_set, s.layout.name) for s in sendings(WORLD)}
    planted = {
        code
        for (code,) in files.execute(
            "SELECT DISTINCT provider_code FROM key WHERE check_id LIKE 'REC-00%' AND month = 1"
        ).fetchall()
    }
    assert len(pounds) == len(PROVIDERS)
    differ = {code for code, one in pounds.items() if one[True] != one[False]}
    assert differ <= planted, pounds


def _is_first(path: Path, number: int) -> bool:
    """Whether a provider's file comes in a layout that it did not use the month before."""
    provider = PROVIDERS[path.name.split("_")[0]]
    data_set = "ACM" if "_Aggregate_" in path.name else "PLCM"
    known = {layout_of(provider, data_set, earlier).name for earlier in range(1, number)}
    own = "_Aggregate_" in path.name or "_SLAM_" in path.name
    return own and number > 1 and layout_of(provider, data_set, number).name not in known


@pytest.mark.slow
def test_a_whole_year_of_layouts_loads_without_a_question(
    stocked: Workspace, economy: Economy
) -> None:
    loaded = 0
    for day in economy.deliveries:
        for report in load_files(stocked, day, day.iterdir()):
            if not Path(report.file).name.startswith("SUS"):
                assert wrong(report) == []
                loaded += 1
    assert loaded > 300


def test_the_page_of_layouts_is_current() -> None:
    sys.path.insert(0, str(DOCS))
    from layouts_page import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"
