"""T2 to T5: ACM against the patient-level sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial

from comptroller.reconciliation.figures import (
    CONTRACT_SETS,
    DEVICE,
    DRUG,
    FINANCIAL_PODS,
    Figures,
    SliceMonth,
)
from comptroller.reconciliation.model import (
    NOTHING,
    BridgeLine,
    TieOut,
    bridge,
    status_of,
)
from comptroller.vocabulary import pod_group

_SPECIAL_GROUPS = {pod_group(DRUG), pod_group(DEVICE)}
_FINANCIAL_GROUPS = {pod_group(pod) for pod in FINANCIAL_PODS}
ONLY_IN_ACM = "adjustments, blocks and incentives that only ACM carries"


def patient_level_ties(figures: Figures) -> Iterator[TieOut]:
    """Yield T2 to T5 for every slice in which ACM or a patient-level set was received."""
    for place in figures.slices(CONTRACT_SETS):
        yield _care(figures, place)
        yield _special(figures, place, "T3", "DrPLCM", DRUG, "drugs")
        yield _special(figures, place, "T4", "DePLCM", DEVICE, "devices")
        yield _everything(figures, place)


def _tie(
    tie: str, data_set: str, place: SliceMonth, left: str, right: str
) -> Callable[..., TieOut]:
    return partial(
        TieOut,
        tie=tie,
        data_set=data_set,
        **place._asdict(),
        left_name=left,
        right_name=right,
    )


def _missing(figures: Figures, place: SliceMonth, data_set: str) -> str:
    """Return why two sides cannot be compared, empty where they can."""
    absent = [name for name in ("ACM", data_set) if not figures.has(name, place)]
    return f"no {' and no '.join(absent)} was received for this month" if absent else ""


def _acm_care(figures: Figures, place: SliceMonth) -> Decimal:
    return figures.cost("ACM", place) - figures.cost("ACM", place, (DRUG, DEVICE))


def _care(figures: Figures, place: SliceMonth) -> TieOut:
    make = _tie("T2", "PLCM", place, "ACM without drugs and devices", "PLCM")
    left = _acm_care(figures, place) if figures.has("ACM", place) else None
    right = figures.cost("PLCM", place) if figures.has("PLCM", place) else None
    if left is None or right is None:
        return make(
            left_value=left,
            right_value=right,
            status="could_not_run",
            reason=_missing(figures, place, "PLCM"),
        )
    lines = _care_bridge(figures, place, left - right)
    apart = [line.name for line in lines[:-1] if line.name != ONLY_IN_ACM]
    rest = sum((line.value for line in lines if line.name != ONLY_IN_ACM), NOTHING)
    status = status_of(rest)
    return make(
        left_value=left,
        right_value=right,
        status=status,
        reason=f"they differ in: {', '.join(apart)}" if status == "differs" and apart else "",
        bridge=lines,
    )


def _care_bridge(
    figures: Figures, place: SliceMonth, difference: Decimal
) -> tuple[BridgeLine, ...]:
    """Return the difference by reporting group; financial lines apart where PLCM has none."""
    acm, plcm = figures.by_group("ACM", place), figures.by_group("PLCM", place)
    exact = []
    if not figures.rows("PLCM", place, FINANCIAL_PODS):
        only_acm = figures.cost("ACM", place, FINANCIAL_PODS)
        exact.append(BridgeLine(ONLY_IN_ACM, only_acm))
        acm = {group: value for group, value in acm.items() if group not in _FINANCIAL_GROUPS}
    for group in sorted((acm.keys() | plcm.keys()) - _SPECIAL_GROUPS):
        exact.append(BridgeLine(group, acm.get(group, NOTHING) - plcm.get(group, NOTHING)))
    # Drug and device lines in PLCM have no place there: they show under their own name.
    for pod in (DRUG, DEVICE):
        strayed = figures.cost("PLCM", place, (pod,))
        exact.append(BridgeLine(f"{pod_group(pod)} lines in PLCM", -strayed))
    return bridge(difference, exact)


def _special(
    figures: Figures, place: SliceMonth, tie: str, data_set: str, pod: str, word: str
) -> TieOut:
    make = _tie(tie, data_set, place, f"ACM {word}", data_set)
    left = figures.cost("ACM", place, (pod,)) if figures.has("ACM", place) else None
    right = figures.cost(data_set, place) if figures.has(data_set, place) else None
    if right is None and left is not None and not figures.rows("ACM", place, (pod,)):
        return make(
            left_value=left,
            status="not_applicable",
            reason=f"ACM charges no {word} for this month, and no {data_set} came",
        )
    if left is None and right is None:
        return make(
            status="not_applicable",
            reason=f"neither ACM nor {data_set} came for this month",
        )
    if left is None or right is None:
        return make(
            left_value=left,
            right_value=right,
            status="could_not_run",
            reason=_missing(figures, place, data_set),
        )
    return make(
        left_value=left,
        right_value=right,
        status=status_of(left - right),
        bridge=bridge(left - right, ()),
    )


def _everything(figures: Figures, place: SliceMonth) -> TieOut:
    make = _tie("T5", "ACM", place, "ACM", "PLCM, DrPLCM and DePLCM together")
    left = figures.cost("ACM", place) if figures.has("ACM", place) else None
    parts = {name: figures.cost(name, place) for name in CONTRACT_SETS[1:]}
    needed = ["PLCM"]
    needed += ["DrPLCM"] if figures.rows("ACM", place, (DRUG,)) else []
    needed += ["DePLCM"] if figures.rows("ACM", place, (DEVICE,)) else []
    absent = [name for name in ("ACM", *needed) if not figures.has(name, place)]
    right = sum(parts.values(), NOTHING)
    if left is None or absent:
        return make(
            left_value=left,
            status="could_not_run",
            reason=f"no {' and no '.join(absent)} was received for this month",
        )
    exact = [
        BridgeLine(
            "ACM without drugs and devices less PLCM", _acm_care(figures, place) - parts["PLCM"]
        ),
        BridgeLine("ACM drugs less DrPLCM", figures.cost("ACM", place, (DRUG,)) - parts["DrPLCM"]),
        BridgeLine(
            "ACM devices less DePLCM", figures.cost("ACM", place, (DEVICE,)) - parts["DePLCM"]
        ),
    ]
    only_acm = NOTHING
    if not figures.rows("PLCM", place, FINANCIAL_PODS):
        only_acm = figures.cost("ACM", place, FINANCIAL_PODS)
    apart = [line.name for line in exact if line.value]
    status = status_of(left - right - only_acm)
    return make(
        left_value=left,
        right_value=right,
        status=status,
        reason=f"they differ in: {'; '.join(apart)}" if status == "differs" else "",
        bridge=bridge(left - right, exact),
        facts={ONLY_IN_ACM: only_acm} if only_acm else {},
    )
