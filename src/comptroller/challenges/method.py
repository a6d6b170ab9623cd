"""The method note of a challenge workbook: how findings are matched, valued and netted."""

from __future__ import annotations

from typing import Final

_METHOD: Final[tuple[tuple[str, str], ...]] = (
    (
        "What was checked",
        "The lines of your contract-monitoring files, month by month, in the version that the "
        "summary names: payable is the last version received up to the freeze date of the month.",
    ),
    (
        "Matching",
        "A finding keeps its reference from version to version as long as it is the same event: "
        "the same data set and provider and the same CDS unique identifier or, where there is "
        "none, spell, attendance, or patient with date, treatment function and point of delivery. "
        "Never by price, HRG, month, commissioner or row. The sheet Rules says on what each group "
        "check matches.",
    ),
    (
        "Tolerances and parameters",
        "In the sheet Rules, check by check. Values up to the tolerance are no findings.",
    ),
    (
        "Gross value",
        "What the finding is worth alone. Gross values of different checks overlap: never add "
        "them up to a claim.",
    ),
    (
        "Net value",
        "Each line's money is given to one finding only, in this order: not our patient; not "
        "provided, or a duplicate; not permitted; wrong setting or count; wrong price; "
        "statistical. Parts of a price that have nothing to do with one another (market forces, "
        "excess bed days) are netted apart. Net values may be added up. Cells hold the exact "
        "amount and show pennies: totals are of the exact amounts.",
    ),
    (
        "In the alternative",
        "A finding whose line is claimed already on an earlier ground. It has no net value now "
        "and takes it over if the earlier ground fails.",
    ),
    (
        "Cash now and baseline only",
        "Cash is what the payment terms of the contract would move now: net value times the "
        "marginal rate of the element, within its limit. The rest concerns the baseline of a "
        "fixed payment. Where no term is known the element is unknown and nothing counts as cash.",
    ),
    (
        "Uncontested amount",
        "What you charge less the net value contested, by data set and month.",
    ),
    (
        "Patients",
        "Only your own identifiers are shown. NHS numbers and the keys that stand for them are "
        "left out; a local identifier that is an NHS number is withheld.",
    ),
)

_LEADS: Final = (
    "Leads",
    "Statistical estimates are kept apart in the sheet Leads. They are not claimed.",
)
_UNDERCHARGES_IN: Final = (
    "Undercharges",
    "Findings in your favour stand in the log with negative values. They are never set off against "
    "claims without being shown.",
)
_UNDERCHARGES_OUT: Final = (
    "Undercharges",
    "Findings in your favour are not in this workbook and are set off against no claim in it.",
)


def method(*, leads: bool, undercharges: bool) -> tuple[tuple[str, str], ...]:
    """Return headings and words of the note, as they hold for one workbook.

    Args:
        leads: Whether the workbook has a sheet of statistical leads.
        undercharges: Whether findings in the provider's favour stand in its log.
    """
    return (
        *_METHOD,
        *((_LEADS,) if leads else ()),
        _UNDERCHARGES_IN if undercharges else _UNDERCHARGES_OUT,
    )
