"""Three-valued verdicts, against a plain Python reading of the same rule; and the engine's cage."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comptroller.checks.book import Book
from comptroller.checks.evaluation import sandbox
from comptroller.warehouse import connect
from tests.checks.bench_lines import SAMPLE, Bench, sample_book

maybe = st.sampled_from([None, Decimal(0), Decimal(1), Decimal(5)])
lines = st.lists(
    st.fixed_dictionaries(
        {
            "activity_cost": maybe,
            "activity_count": maybe,
            "pod_code": st.sampled_from([None, "EL", "ADJUSTMENT"]),
            "hospital_provider_spell_identifier": st.sampled_from([None, "S1", "S2"]),
            "month": st.sampled_from([1, 2]),
        }
    ),
    max_size=12,
)
Row = dict[str, object]


def verdict(row: Row) -> bool | None:
    """Return scope AND wrong_when of DQV-902 as SQL reads it; False too where it is excluded."""
    if row["pod_code"] == "ADJUSTMENT":
        return False
    scope = None if row["activity_cost"] is None else row["activity_cost"] != 0
    wrong = None if row["activity_count"] is None else row["activity_count"] == 0
    if scope is False or wrong is False:
        return False
    return None if scope is None or wrong is None else True


def counted(row: Row) -> bool:
    return row["pod_code"] != "ADJUSTMENT" and row["activity_cost"] != 0


@cache
def book_with(on_missing: str) -> Book:
    """Return the sample rulebook with another on_missing for its first check."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        text = (SAMPLE / "sample.toml").read_text(encoding="utf-8")
        text = text.replace('on_missing = "not_applicable"', f'on_missing = "{on_missing}"', 1)
        (folder / "sample.toml").write_text(text, encoding="utf-8")
        (folder / "exclusions.toml").write_text(
            (SAMPLE / "exclusions.toml").read_text(encoding="utf-8"), encoding="utf-8"
        )
        return sample_book(sorted(folder.glob("*.toml")))


@pytest.mark.parametrize("on_missing", ["flag", "pass", "not_applicable"])
@settings(max_examples=12, deadline=None)
@given(rows=lines)
def test_row_verdicts_equal_python(on_missing: str, rows: list[Row]) -> None:
    bench = Bench(rows)
    found = bench.run("DQV-902", book=book_with(on_missing))
    flagged = {True} | ({None} if on_missing == "flag" else set())
    expected = [n for n, row in enumerate(rows, start=1) if verdict(row) in flagged]
    assert sorted(int(item["row"]) for item in found) == expected
    results = {row["month"]: row for row in bench.rows("run_results")}
    for month, result in results.items():
        mine = [row for row in rows if row["month"] == month]
        unknown = sum(1 for row in mine if verdict(row) is None)
        in_scope = sum(1 for row in mine if counted(row))
        assert result["unknown_rows"] == unknown
        aside = unknown if on_missing == "not_applicable" else 0
        assert result["denominator_rows"] == in_scope - aside
        assert result["failed_rows"] == sum(1 for row in mine if verdict(row) in flagged)


@settings(max_examples=12, deadline=None)
@given(rows=lines)
def test_a_group_keeps_one_line_and_loses_none(rows: list[Row]) -> None:
    bench = Bench(rows)
    found = bench.run("DUP-901")
    groups: dict[object, list[Row]] = {}
    for row in rows:
        if row["hospital_provider_spell_identifier"] is not None:
            groups.setdefault(row["hospital_provider_spell_identifier"], []).append(row)
    assert len(found) == sum(len(group) - 1 for group in groups.values())
    missing = sum(1 for row in rows if row["hospital_provider_spell_identifier"] is None)
    assert sum(row["unknown_rows"] for row in bench.rows("run_results")) == missing
    for key, group in groups.items():
        costs = sorted((row["activity_cost"] or Decimal(0) for row in group), reverse=True)
        lost = sum(
            item["gross_value"]
            for item in found
            if item["hospital_provider_spell_identifier"] == key
        )
        assert lost == sum(costs[1:])


def test_nothing_outside_is_reached_while_checks_run(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "x.csv").write_text("a\n1\n", encoding="utf-8")
    con = connect(memory_limit="200MB", threads=1)
    sandbox(con, str(inside))
    assert con.execute(f"SELECT a FROM read_csv('{inside}/x.csv')").fetchall() == [(1,)]
    for statement in (
        f"SELECT * FROM read_csv('{outside}/x.csv')",
        f"COPY (SELECT 1) TO '{outside}/y.csv'",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "INSTALL httpfs",
        f"ATTACH '{outside}/z.db'",
    ):
        with pytest.raises(duckdb.Error):
            con.execute(statement)
