"""Reference data: organisations, code sets, prices, contracts, plans, policies; dated and sourced.

In: the reference files that a commissioner keeps (CSV, Excel, Parquet), and a starter pack of
public NHS data inside the package. Out: one view per table, named without prefix, in which the
workspace's rows overlay the pack's; and the legal body behind any organisation's code on any date.
It owns the tables ``reference_<name>`` and ``reference_loads``, all declared in ``tables``.

A file is checked row by row and refused whole when anything in it is wrong. NHS numbers become
keyed pseudonyms on the way in. Loading the same bytes twice changes nothing; a later load of a key
wins. ``python -m comptroller.reference.build_pack`` makes the starter pack from the public files.
"""

from comptroller.reference.loading import ReferenceLoadReport, load
from comptroller.reference.organisations import OrganisationOn, organisation_on
from comptroller.reference.payers import current_provider, legal_payer
from comptroller.reference.tables import REFERENCE_TABLES
from comptroller.reference.views import create_reference_views, has

__all__ = [
    "REFERENCE_TABLES",
    "OrganisationOn",
    "ReferenceLoadReport",
    "create_reference_views",
    "current_provider",
    "has",
    "legal_payer",
    "load",
    "organisation_on",
]
