"""Facts: what a check may know of a line besides the line itself, computed once per run.

In: committed lines of a workspace (payable or current), its slices and versions, reference data
and tie-outs. Out: two native DuckDB tables on the caller's connection. ``checked`` has one row per
line of the scope (contract monitoring and SUS) with the line's columns and the facts of
`fact_columns`. ``slice_facts`` has one row per data set, provider, commissioner, year and month,
and one per data set, provider and month for what concerns a whole feed (`slice_fact_columns`).

Windows and joins look at every line of the workspace, whatever the scope, because what is wrong
with a line may lie in another month, provider or data set. A fact whose reference data is missing
is NULL, and the column's ``needs`` says why. Owns no table of the warehouse.
"""

from comptroller.checks.facts.base import LINES_TO_COMPRESS
from comptroller.checks.facts.build import FactScope, build, missing_needs
from comptroller.checks.facts.columns import FactColumn, fact_columns, slice_fact_columns

__all__ = [
    "LINES_TO_COMPRESS",
    "FactColumn",
    "FactScope",
    "build",
    "fact_columns",
    "missing_needs",
    "slice_fact_columns",
]
