"""A provider against its peers and against its own months before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

WHERE = "level = 'comparison' AND indicator = '{}'"


def _emergencies(
    economy: Any, provider: str, two_nights: int, one_night: int, function: str = "300"
) -> None:
    for end, count in (("2026-04-17", two_nights), ("2026-04-16", one_night)):
        for number in range(count):
            economy.line(
                provider_code=provider,
                pod_code="NEL",
                activity_treatment_function_code=function,
                age_at_activity_date=50,
                activity_end_date=end,
                hospital_provider_spell_identifier=f"{provider}{function}{end}{number}",
                activity_cost="800.00" if end == "2026-04-17" else "2000.00",
            )


def test_stays_beyond_those_of_the_peers_are_valued_at_their_own_average(economy: Any) -> None:
    for provider in ("RA1", "RA2", "RA3", "RA4"):
        _emergencies(economy, provider, 10, 10)
    _emergencies(economy, "RA5", 30, 10)
    (found,) = [
        row[1:]
        for row in economy.build().slice(
            "provider_code, opportunities, observed, expected, leading_stratum, excess_value",
            WHERE.format("second_nights"),
        )
        if row[0] == "RA5"
    ]
    assert found == (40, Decimal(30), Decimal(20), "300", Decimal("8000.00"))


def test_who_does_as_the_peers_do_has_no_excess(economy: Any) -> None:
    for provider in ("RA1", "RA2", "RA3", "RA4", "RA5"):
        _emergencies(economy, provider, 10, 10)
    rows = economy.build().slice("deviation, excess_value", WHERE.format("second_nights"))
    assert rows == [(Decimal(0), Decimal(0))] * 5


def test_another_mix_of_patients_is_no_deviation(economy: Any) -> None:
    for provider in ("RA1", "RA2", "RA3", "RA4"):
        _emergencies(economy, provider, 10, 10)
        _emergencies(economy, provider, 36, 4, "340")
    _emergencies(economy, "RA5", 36, 4, "340")
    rows = economy.build().slice("provider_code, deviation", WHERE.format("second_nights"))
    assert ("RA5", Decimal(0)) in rows


def test_fewer_than_four_peers_say_nothing(economy: Any) -> None:
    for provider in ("RA1", "RA2", "RA3"):
        _emergencies(economy, provider, 10, 10)
    _emergencies(economy, "RA4", 30, 10)
    assert economy.build().slice("deviation", WHERE.format("second_nights")) == []


def _stays(economy: Any, month: int, *costs: str) -> None:
    day = f"2026-{3 + month:02d}-15"
    for number, cost in enumerate(costs):
        economy.line(
            month=month, pod_code="DC", activity_start_date=day, activity_cost=cost,
            hospital_provider_spell_identifier=f"S{month}-{number}",
        )  # fmt: skip


def test_the_latest_three_months_are_set_against_those_before(economy: Any) -> None:
    for month in range(1, 7):
        _stays(economy, month, "390.00", "400.00", "410.00", "395.00", "405.00")
    for month in range(7, 10):
        _stays(economy, month, "490.00", "500.00", "510.00")
    ((opportunities, observed, expected, deviation, month),) = economy.build().slice(
        "opportunities, observed, expected, deviation, month", WHERE.format("cost_of_stays")
    )
    assert (opportunities, observed, month) == (9, Decimal(4500), 9)
    assert expected == Decimal(3600)
    assert deviation > 3


def test_too_few_months_before_say_nothing(economy: Any) -> None:
    for month in range(1, 6):
        _stays(economy, month, "390.00", "400.00", "410.00")
    assert economy.build().slice("deviation", WHERE.format("cost_of_stays")) == []
