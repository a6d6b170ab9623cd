"""Planted faults, one kind for each title of the check catalogue, and the answers to them.

Each fault befalls a simulated patient of its own: an event of the economy is lived once more by
somebody new, and then corrupted. The rest of the economy stays clean, so that every finding on the
demonstration is explained by the answer key.
"""

from comptroller.demo.faults.agreed import explain_agreements, plan_ahead, plant_agreed
from comptroller.demo.faults.book import KEY_COLUMNS, Book
from comptroller.demo.faults.care import plant_care
from comptroller.demo.faults.components import explain_components, plant_components
from comptroller.demo.faults.course import plant_course
from comptroller.demo.faults.documents import plant_document_faults
from comptroller.demo.faults.groups import plant_groups
from comptroller.demo.faults.listed import plant_listed
from comptroller.demo.faults.policies import plant_policies
from comptroller.demo.faults.rows import plant_rows
from comptroller.demo.faults.several import plant_several
from comptroller.demo.faults.statistics import explain_volumes, plant_statistics
from comptroller.demo.faults.totals import (
    note_mergers,
    plant_contract_faults,
    plant_invoice_faults,
    plant_plan_faults,
    plant_totals,
)
from comptroller.demo.faults.versions import plant_versions

__all__ = [
    "KEY_COLUMNS",
    "Book",
    "explain_agreements",
    "explain_components",
    "explain_volumes",
    "note_mergers",
    "plan_ahead",
    "plant_agreed",
    "plant_care",
    "plant_components",
    "plant_contract_faults",
    "plant_course",
    "plant_document_faults",
    "plant_groups",
    "plant_invoice_faults",
    "plant_listed",
    "plant_plan_faults",
    "plant_policies",
    "plant_rows",
    "plant_several",
    "plant_statistics",
    "plant_totals",
    "plant_versions",
]
