"""V: each version against the one before; SUS: patient level against what SUS priced."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comptroller.reconciliation import reconcile
from comptroller.workspace import Workspace
from tests.small_economy import SmallEconomy, line

JUNE, LATE = datetime(2025, 6, 20, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)


def tied(economy: SmallEconomy, tie: str) -> list[dict[str, Any]]:
    rows = [row for row in reconcile(economy.ws).rows if row["tie"] == tie]
    for row in rows:
        row["detail"] = json.loads(row["detail"])
    return rows


def event(key: str, cost: object) -> dict[str, Any]:
    return line("NEL", cost, event_key=key)


def test_a_first_version_has_nothing_to_compare(economy: SmallEconomy) -> None:
    economy.slice("PLCM", [event("a", 1)])
    (row,) = tied(economy, "V")
    assert (row["status"], row["reason"]) == ("not_applicable", "this is the first version")


def test_new_gone_and_changed_events_make_up_the_movement(economy: SmallEconomy) -> None:
    economy.slice("PLCM", [event("a", 10), event("b", 20), event("c", 5)])
    economy.slice(
        "PLCM", [event("a", 10), event("b", 25), event("d", 100)], received=JUNE, stage="freeze"
    )
    (row,) = tied(economy, "V")
    assert (row["status"], row["reason"], row["difference"]) == ("differs", "restated", 100)
    bridge = {b["name"]: Decimal(b["value"]) for b in row["detail"]["bridge"]}
    assert bridge == {
        "events that are new": Decimal(100),
        "events that are gone": Decimal(-5),
        "events whose cost changed": Decimal(5),
        "unexplained": Decimal(0),
    }
    assert row["detail"]["events_new"] == 1


def test_an_unchanged_version_ties(economy: SmallEconomy) -> None:
    economy.slice("PLCM", [event("a", 10)])
    economy.repeat(received=JUNE)
    (row,) = tied(economy, "V")
    assert (row["status"], row["difference"]) == ("ties", 0)


def test_a_change_after_freeze_says_that_what_is_payable_stays(economy: SmallEconomy) -> None:
    economy.slice("PLCM", [event("a", 10)])
    economy.slice("PLCM", [event("a", 11)], received=LATE, stage="post_freeze")
    (row,) = tied(economy, "V")
    assert row["reason"].startswith("restated after freeze")


def test_a_slice_that_lost_all_is_said(economy: SmallEconomy) -> None:
    economy.slice("PLCM", [event("a", 10)])
    economy.slice("PLCM", [], received=JUNE)
    (row,) = tied(economy, "V")
    assert (row["reason"], row["difference"]) == ("all its lines are gone", -10)


costs = st.decimals(-1000, 1000, places=2, allow_nan=False)
versions = st.lists(st.tuples(st.sampled_from("abcde"), costs), max_size=6)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=versions, after=versions)
def test_movements_add_up_whatever_repeats(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[str, Decimal]],
    after: list[tuple[str, Decimal]],
) -> None:
    folder: Path = tmp_path_factory.mktemp("versions")
    economy = SmallEconomy(Workspace.create(folder / "workspace"))
    economy.slice("PLCM", [event(key, cost) for key, cost in before])
    economy.slice("PLCM", [event(key, cost) for key, cost in after], received=JUNE)
    (row,) = tied(economy, "V")
    bridge = [Decimal(part["value"]) for part in row["detail"]["bridge"]]
    assert sum(bridge) == row["difference"]
    assert bridge[-1] == 0


def test_sus_ties_within_two_per_cent_on_the_settings_that_came(economy: SmallEconomy) -> None:
    national = {"national_tariff_indicator": "Y"}
    economy.slice(
        "PLCM", [line("NEL", 1000, **national), line("OPFA", 70, **national), line("DC", 9)]
    )
    (row,) = tied(economy, "SUS")
    assert row["reason"] == "no SUS data set was received for this month"
    economy.slice("SUS_APC", [line("NEL", 985)])
    (row,) = tied(economy, "SUS")
    assert (row["status"], row["left_value"], row["right_value"]) == ("ties", 1000, 985)
    assert row["reason"] == "without SUS_OP, SUS_EC, which did not come"
    economy.slice("SUS_OP", [line(None, 10)])  # type: ignore[arg-type]
    (row,) = tied(economy, "SUS")
    assert (row["status"], row["difference"]) == ("differs", 75)


def test_records_that_the_contract_prices_locally_are_left_out_of_sus(
    economy: SmallEconomy,
) -> None:
    economy.slice(
        "PLCM",
        [
            line("NEL", 1000, national_tariff_indicator="Y", cds_unique_identifier="A"),
            line("NEL", 300, national_tariff_indicator="N", cds_unique_identifier="B"),
        ],
    )
    economy.slice(
        "SUS_APC",
        [line("NEL", 1000, cds_unique_identifier="A"), line("NEL", 900, cds_unique_identifier="B")],
    )
    (row,) = tied(economy, "SUS")
    assert (row["status"], row["right_value"]) == ("ties", 1000)
