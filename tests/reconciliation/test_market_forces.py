"""T6: market forces amounts inside prices."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from comptroller.reconciliation import reconcile
from tests.small_economy import YEAR, SmallEconomy, line


def national(cost: object, amount: object, units: int = 1) -> dict[str, Any]:
    return line(
        "NEL",
        cost,
        units,
        national_tariff_indicator="Y",
        market_forces_cost=None if amount is None else Decimal(str(amount)),
    )


def t6(economy: SmallEconomy) -> dict[str, Any]:
    return next(row for row in reconcile(economy.ws).rows if row["tie"] == "T6")


@pytest.fixture
def factor(economy: SmallEconomy, tmp_path: Path) -> SmallEconomy:
    """An economy in which RX1 has a factor of 1.1."""
    economy.reference(
        tmp_path,
        "market_forces",
        [{"financial_year": YEAR, "provider_code": "RX1", "mff": "1.1"}],
    )
    return economy


def test_pounds_of_the_factor_tie(factor: SmallEconomy) -> None:
    factor.slice("ACM", [national(1100, 100), line("DC", 999)])
    row = t6(factor)
    assert (row["status"], row["left_value"], row["right_value"]) == ("ties", 100, 100)


def test_another_factor_differs(factor: SmallEconomy) -> None:
    factor.slice("ACM", [national(1100, 150)])
    row = t6(factor)
    assert (row["status"], row["difference"]) == ("differs", 50)


def test_the_factor_typed_in_place_of_pounds_is_recognised(factor: SmallEconomy) -> None:
    factor.slice("ACM", [national(1100, "1.1"), national(2200, "1.1")])
    row = t6(factor)
    assert row["status"] == "differs"
    assert row["reason"] == "2 lines seem to hold the factor in place of pounds"


def test_pennies_of_rounding_are_tolerated_by_unit(factor: SmallEconomy) -> None:
    factor.slice("ACM", [national(11000, 1005, 500)])
    assert t6(factor)["status"] == "ties"


def test_without_amounts_or_factor_it_could_not_run(
    economy: SmallEconomy, factor: SmallEconomy
) -> None:
    factor.slice("ACM", [national(1100, None)])
    assert t6(factor)["reason"] == "ACM carries no market forces amounts here"
    assert t6(factor)["status"] == "could_not_run"
    factor.slice("PLCM", [national(1100, None)])
    rows = [row for row in reconcile(economy.ws).rows if row["tie"] == "T6"]
    assert [(row["data_set"], row["status"]) for row in rows] == [
        ("ACM", "could_not_run"),
        ("PLCM", "not_applicable"),
    ]
    factor.slice("ACM", [national(1100, 100)], provider="RA1")
    other = [row for row in reconcile(economy.ws, "RA1").rows if row["tie"] == "T6"]
    assert other[0]["status"] == "could_not_run"
    assert "no market forces factor of RA1" in other[0]["reason"]


def test_local_prices_have_nothing_to_compare(factor: SmallEconomy) -> None:
    factor.slice("PLCM", [line("NEL", 10)])
    assert t6(factor)["status"] == "not_applicable"
