"""`comptroller position`."""

import csv
import io
import json

from comptroller.position import POSITION_COLUMNS
from tests.command import run as comptroller
from tests.small_economy import SmallEconomy, line


def test_every_format_carries_the_same_rows(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", "1000.10", 3), line("DC", 5)])
    where = ("position", "--workspace", economy.ws.path)
    as_json = comptroller(*where, "--format", "json")
    rows = json.loads(as_json.out)
    assert as_json.code == 0
    assert [tuple(row) for row in rows] == [POSITION_COLUMNS] * 2
    assert [row["actual_cost"] for row in rows] == ["5.00", "1000.10"]
    as_csv = comptroller(*where, "--format", "csv")
    assert [row["actual_cost"] for row in csv.DictReader(io.StringIO(as_csv.out))] == [
        "5.00",
        "1000.10",
    ]


def test_a_screen_shows_only_what_was_asked_for(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", "1000.10", 3)])
    shown = comptroller(
        "position", "--workspace", economy.ws.path, "--by", "provider, month", "--to-date"
    )
    assert "RX1" in shown.out
    assert "tariff" not in shown.out


def test_an_unknown_dimension_or_month_is_one_line_with_the_remedy(economy: SmallEconomy) -> None:
    where = ("position", "--workspace", economy.ws.path)
    for arguments in (("--by", "colour"), ("--by", ""), ("--month", "May"), ("--basis", "flex")):
        done = comptroller(*where, *arguments)
        assert done.code == 2
        assert done.out == ""
        assert len(done.err.strip().splitlines()) == 1
