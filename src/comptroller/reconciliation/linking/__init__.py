"""Linking: charged lines to SUS records, and the lines of one version to the next, one to one.

In: payable or current lines, or the lines of two versions. Out: every line of both sides either
linked to one line of the other, with the tier that did it and a match probability (1 for the
exact tiers), or not linked, with why. Nothing is written: linking runs only when asked for.

Tiers, first come first served: 0 (versions only) the very line, carried over, or one without a
patient at the same place; 1 CDS unique identifier; 2 spell or
attendance identifier at the same provider; 3 patient, date and group; 4 patient and group a day
either side; 5 the remainder, weighed by splink with the weights of `probable`.
"""

from comptroller.reconciliation.linking.probable import THRESHOLD
from comptroller.reconciliation.linking.run import (
    TIERS,
    Linking,
    link_charged_to_sus,
    link_versions,
)

__all__ = ["THRESHOLD", "TIERS", "Linking", "link_charged_to_sus", "link_versions"]
