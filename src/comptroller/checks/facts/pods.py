"""What a point of delivery is to the checks: its role, from the vocabulary's code list."""

from __future__ import annotations

import duckdb

from comptroller.vocabulary import code_list
from comptroller.warehouse import create_small_table

ORDINARY_SPELLS = ("EL", "NEL", "NELST", "NELNE")
DAY_CASES = ("DC",)
REGULAR_ATTENDERS = ("RADAY", "RANIGHT")


def pod_role(code: str, group: str, measure: str, setting: str) -> str:
    """Return the role of a national point of delivery in the checks.

    ``spell`` and ``regular`` are charges for a whole admission; ``bed_days`` are charged beside
    one; ``outpatient`` and ``emergency`` are attendances; ``financial`` carries money only.
    """
    if code in ORDINARY_SPELLS or code in DAY_CASES:
        return "spell"
    if code in REGULAR_ATTENDERS:
        return "regular"
    if code.endswith("XBD"):
        return "excess_bed_days"
    if measure in ("occupied bed day", "episode", "hour") and setting == "admitted":
        return "bed_days"
    if setting in ("outpatient", "emergency"):
        return setting
    if code == "DRUG":
        return "drug"
    if code == "DEVICE":
        return "device"
    if code in ("ADJUSTMENT", "BLOCK", "CQUIN", "NAOTHER"):
        return "financial"
    if group == "Critical Care":
        return "critical_care"
    if code.startswith("UNB"):
        return "unbundled"
    if code in ("YOC", "POC", "PATIENT", "IVF") or group == "Maternity":
        return "package"
    return "other"


def create_pod_table(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``facts_pods``: code, group, role and whether it carries money only."""
    create_small_table(
        con,
        "facts_pods",
        {"code": "VARCHAR", "pod_group": "VARCHAR", "role": "VARCHAR", "non_activity": "BOOLEAN"},
        [
            (
                row.code,
                row.attributes["group"],
                pod_role(
                    row.code,
                    row.attributes["group"],
                    row.attributes["measure"],
                    row.attributes["setting"],
                ),
                row.attributes["non_activity"] == "Y",
            )
            for row in code_list("point_of_delivery").rows.values()
        ],
    )
