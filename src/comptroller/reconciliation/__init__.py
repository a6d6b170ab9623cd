"""Reconciliation: invoice, ACM, patient level and SUS tied together, version against version.

In: the payable lines of every slice, slice versions, and the reference tables `payments`, `plan`,
`payment_terms`, `market_forces` and `calendar`. Out: one tie-out per tie and slice, with both
values, the difference, the lines that bridge it exactly, and one of four statuses: ties, differs,
not applicable, could not run (the last two with their reason). It owns the table `tie_outs`.

T1 is a bridge to date from payable ACM to what was invoiced and paid; T2 to T5 tie ACM to the
patient-level sets; T6 ties the market forces inside prices to the provider's factor; SUS ties
nationally priced patient-level lines to what SUS priced; V ties each version to the one before.

`linking` links charged lines to SUS records, and a version's lines to the next, one to one, when
asked; it stores nothing.
"""

from comptroller.reconciliation.model import TIES, Tie, TieOut
from comptroller.reconciliation.run import (
    ReconcileRun,
    create_tie_out_views,
    reconcile,
)

__all__ = [
    "TIES",
    "ReconcileRun",
    "Tie",
    "TieOut",
    "create_tie_out_views",
    "reconcile",
]
