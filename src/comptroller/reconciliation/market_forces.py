"""T6: market forces amounts inside prices are pounds, and those of the provider's factor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

import duckdb

from comptroller.reconciliation.figures import Figures, PodSum, SliceMonth
from comptroller.reconciliation.model import TOLERANCE, TieOut, bridge, status_of

_PENNY = Decimal("0.01")
_SETS = ("ACM", "PLCM")


def read_factors(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Decimal]:
    """Return the payment factor of each provider and year; needs the reference views."""
    rows = con.execute(
        """
        SELECT provider_code, financial_year, mff FROM market_forces
        WHERE kind = 'payment' AND site_code IS NULL AND mff > 0
        ORDER BY provider_code, financial_year, from_date NULLS FIRST
        """
    ).fetchall()
    return {(provider, year): factor for provider, year, factor in rows}


def market_forces_ties(
    figures: Figures, factors: Mapping[tuple[str, str], Decimal]
) -> Iterator[TieOut]:
    """Yield T6 for every ACM and PLCM slice.

    With factor f, a price of p pounds has p × (f - 1) / f pounds of market forces inside. Only
    nationally priced lines are compared. The tolerance is a pound and a penny per unit, because
    each price is rounded by itself.
    """
    for data_set in _SETS:
        for place in figures.slices((data_set,)):
            yield _tie(figures, data_set, place, factors)


def _tie(
    figures: Figures,
    data_set: str,
    place: SliceMonth,
    factors: Mapping[tuple[str, str], Decimal],
) -> TieOut:
    whole = _total(figures.pods(data_set, place))
    factor = factors.get((place.provider_code, place.financial_year))

    make = partial(
        TieOut,
        tie="T6",
        data_set=data_set,
        **place._asdict(),
        left_name="market forces amounts of nationally priced lines",
        right_name="market forces by the provider's factor",
    )

    if not whole.national_rows:
        return make(status="not_applicable", reason="no line is marked as nationally priced")
    if whole.national_rows_without_market_forces == whole.national_rows:
        # PLCM has no element for market forces: providers may add one, but need not.
        return make(
            status="could_not_run" if data_set == "ACM" else "not_applicable",
            reason=f"{data_set} carries no market forces amounts here",
        )
    if factor is None:
        return make(
            left_value=whole.national_market_forces,
            status="could_not_run",
            reason=f"no market forces factor of {place.provider_code} for {place.financial_year}",
        )
    share = whole.national_cost * (factor - 1) / factor
    right = share.quantize(_PENNY, rounding=ROUND_HALF_UP)
    left = whole.national_market_forces
    tolerance = TOLERANCE + _PENNY * whole.national_units
    status = status_of(left - right, tolerance)
    reason = ""
    if status == "differs" and whole.index_like_rows:
        reason = f"{whole.index_like_rows} lines seem to hold the factor in place of pounds"
    return make(
        left_value=left,
        right_value=right,
        status=status,
        reason=reason,
        bridge=bridge(left - right, ()),
        facts={
            "factor": factor,
            "tolerance": tolerance,
            "lines_without_amount": whole.national_rows_without_market_forces,
            "lines_like_a_factor": whole.index_like_rows,
        },
    )


def _total(pods: Mapping[str, PodSum]) -> PodSum:
    total = PodSum()
    for item in pods.values():
        total.national_cost += item.national_cost
        total.national_market_forces += item.national_market_forces
        total.national_units += item.national_units
        total.national_rows += item.national_rows
        total.national_rows_without_market_forces += item.national_rows_without_market_forces
        total.index_like_rows += item.index_like_rows
    return total
