"""What each slice's latest version changed."""

from datetime import UTC, datetime
from decimal import Decimal

from comptroller.position import movement
from tests.small_economy import SmallEconomy, line

MAY, JUNE, JULY = (datetime(2025, month, 20, tzinfo=UTC) for month in (5, 6, 7))


def test_a_first_version_is_new_and_a_restatement_is_the_difference(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 100)], month=1, received=MAY)
    economy.slice("ACM", [line("NEL", 70), line("DC", 5)], month=1, received=JUNE, stage="freeze")
    economy.slice("ACM", [line("NEL", 10)], month=2, received=JUNE)
    found = movement(economy.ws)
    assert [(m.month, m.change, m.change_cost, m.previous_rows, m.rows) for m in found] == [
        (1, "changed", Decimal(-25), 1, 2),
        (2, "new", Decimal(10), None, 1),
    ]
    assert found[0].stage == "freeze"


def test_unchanged_slices_are_left_out_unless_asked_for(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 100)], received=MAY)
    economy.slice("ACM", [line("NEL", 100)], received=JUNE, action="unchanged")
    assert movement(economy.ws) == []
    (only,) = movement(economy.ws, changed_only=False)
    assert (only.change, only.change_cost) == ("unchanged", Decimal(0))


def test_a_slice_that_lost_all_its_lines_is_nil(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 100)], received=MAY)
    economy.slice("ACM", [], received=JUNE, action="nil")
    (only,) = movement(economy.ws)
    assert (only.change, only.change_cost) == ("nil", Decimal(-100))


def test_withdrawn_submissions_do_not_count(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 100)], received=MAY)
    wrong = economy.slice("ACM", [line("NEL", 999)], received=JUNE)
    economy.slice("ACM", [line("NEL", 110)], received=JULY)
    economy.withdraw(wrong)
    (only,) = movement(economy.ws)
    assert only.change_cost == Decimal(10)


def test_only_what_arrived_since_a_moment(economy: SmallEconomy) -> None:
    economy.slice("ACM", [line("NEL", 100)], month=1, received=MAY)
    economy.slice("ACM", [line("NEL", 100)], month=2, received=JUNE)
    assert [m.month for m in movement(economy.ws, since=JUNE)] == [2]
    assert movement(economy.ws, provider="RX2") == []
