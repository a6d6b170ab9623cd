"""SUS: nationally priced patient-level lines against what SUS priced."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from comptroller.reconciliation.figures import SUS_SETS, Figures, SliceMonth
from comptroller.reconciliation.model import (
    NOTHING,
    TOLERANCE,
    BridgeLine,
    TieOut,
    bridge,
    status_of,
)
from comptroller.vocabulary import code_list

# Share of the larger side within which the two systems are taken to agree (check REC-010).
_SHARE = Decimal("0.02")
_SETTING_OF = {"SUS_APC": "admitted", "SUS_OP": "outpatient", "SUS_EC": "emergency"}


def sus_ties(figures: Figures) -> Iterator[TieOut]:
    """Yield SUS for every PLCM slice; settings whose SUS set did not come are left out."""
    for place in figures.slices(("PLCM",)):
        yield _tie(figures, place)


def _tie(figures: Figures, place: SliceMonth) -> TieOut:
    here = [name for name in SUS_SETS if figures.has(name, place)]

    make = partial(
        TieOut,
        tie="SUS",
        data_set="PLCM",
        **place._asdict(),
        left_name="PLCM lines at national prices",
        right_name="prices of SUS but for locally priced records",
    )

    national = _national_by_setting(figures, place)
    if not any(national.values()):
        return make(status="not_applicable", reason="no line is marked as nationally priced")
    if not here:
        return make(
            left_value=sum(national.values(), NOTHING),
            status="could_not_run",
            reason="no SUS data set was received for this month",
        )
    beside = figures.sus_beside_local_prices
    sides = {
        name: (
            national[_SETTING_OF[name]],
            figures.cost(name, place) - beside.get((name, place), NOTHING),
        )
        for name in here
    }
    left = sum((pair[0] for pair in sides.values()), NOTHING)
    right = sum((pair[1] for pair in sides.values()), NOTHING)
    if not right:
        return make(
            left_value=left, status="could_not_run", reason="the SUS records carry no prices"
        )
    tolerance = max(TOLERANCE, _SHARE * max(abs(left), abs(right)))
    absent = [name for name in SUS_SETS if name not in here]
    return make(
        left_value=left,
        right_value=right,
        status=status_of(left - right, tolerance),
        reason=f"without {', '.join(absent)}, which did not come" if absent else "",
        bridge=bridge(
            left - right, [BridgeLine(f"PLCM less {name}", a - b) for name, (a, b) in sides.items()]
        ),
        facts={"tolerance": tolerance},
    )


def _national_by_setting(figures: Figures, place: SliceMonth) -> dict[str, Decimal]:
    pods = code_list("point_of_delivery")
    totals = dict.fromkeys(_SETTING_OF.values(), NOTHING)
    for pod, item in figures.pods("PLCM", place).items():
        known = pods.get(pod)
        setting = known.attributes["setting"] if known else ""
        if setting in totals:
            totals[setting] += item.national_cost
    return totals
