"""Which groups of points of delivery a file covers: all of its slices', or a part of them.

Some providers send one file for inpatients and another for outpatients. Such a part file replaces
the groups that it covers and leaves the others as they were: their lines are carried over into
the new version of the slice, which is whole by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import md5

import duckdb

from comptroller.vocabulary import code_list, pod_group
from comptroller.warehouse import quote_literal

UNKNOWN_GROUP = "Other"
"""The group of lines without a point of delivery that is known."""

GROUP_OF_LINE = f"coalesce(pod_groups.pod_group, '{UNKNOWN_GROUP}')"
"""SQL of a line's group, where `join_groups` is joined."""

# What the names of part files speak of. Lower case, against names with blanks for marks.
_NAMED: Mapping[str, tuple[str, ...]] = {
    r"inpatients?|in patients?|admitted|ip|apc|spells?": (
        *("Elective", "Non-elective", "Excess Bed Days", "Occupied Bed Days"),
        "Regular Attenders",
    ),
    r"elective|day ?cases?": ("Elective", "Regular Attenders"),
    r"non ?elective": ("Non-elective",),
    r"excess bed ?days|xbd": ("Excess Bed Days",),
    r"outpatients?|out patients?|op": ("Outpatients",),
    r"a ?and ?e|a ?& ?e|ae|ed|ecds|emergency care": ("Accident and Emergency",),
    r"critical care|itu|hdu": ("Critical Care",),
    r"imaging|radiology": ("Diagnostic Imaging",),
    r"direct access|pathology": ("Direct Access",),
    r"maternity": ("Maternity",),
    r"community": ("Community",),
    r"chemo(?:therapy)?": ("Chemotherapy",),
    r"radiotherapy": ("Radiotherapy",),
    r"rehab(?:ilitation)?": ("Rehabilitation",),
    r"renal|dialysis": ("Renal Dialysis",),
}


@dataclass(frozen=True)
class GroupContent:
    """The lines of one group in one version of a slice.

    Attributes:
        rows: How many.
        cost: Their pounds.
        total: The sum of their digests, as text: equal lines, equal total.
        submission_id: Who supplied them.
        home: The slice version under whose id the lines are found.
    """

    rows: int
    cost: Decimal
    total: str
    submission_id: str = ""
    home: str = ""

    def with_more(self, more: GroupContent) -> GroupContent:
        """Return this with further lines of the same group, not yet stored."""
        total = str(int(self.total) + int(more.total))
        return GroupContent(self.rows + more.rows, self.cost + more.cost, total)


Groups = Mapping[str, GroupContent]


def content_hash(groups: Groups) -> str:
    """Return the digest of a slice's content, the same however it was put together."""
    told = [f"{name}|{one.rows}|{one.total}" for name, one in sorted(groups.items())]
    return md5("\n".join(told).encode(), usedforsecurity=False).hexdigest()


def to_text(groups: Groups) -> str:
    """Return the groups as they stand in ``slice_versions``."""
    return json.dumps(
        {
            name: [one.rows, f"{one.cost:f}", one.total, one.submission_id]
            for name, one in sorted(groups.items())
        }
    )


def from_text(text: str | None, home: str) -> dict[str, GroupContent]:
    """Return what `to_text` wrote; nothing for a version of an older release."""
    found = json.loads(text) if text else {}
    return {
        name: GroupContent(rows, Decimal(cost), total, submission, home)
        for name, (rows, cost, total, submission) in found.items()
    }


def create_groups(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table ``pod_groups``: ``code`` and ``pod_group``, one row per point of delivery."""
    rows = ", ".join(
        f"({quote_literal(code)}, {quote_literal(pod_group(code))})"
        for code in code_list("point_of_delivery").codes()
    )
    con.execute(
        "CREATE OR REPLACE TABLE pod_groups AS "
        f"SELECT * FROM (VALUES {rows}) listed(code, pod_group)"
    )


def join_groups(lines: str) -> str:
    """Return the SQL join that gives each of some lines the group of its point of delivery."""
    return f"LEFT JOIN pod_groups ON pod_groups.code = {lines}.pod_code"


def named_groups(names: Iterable[str]) -> set[str]:
    """Return the groups that names of file, archive member or sheet speak of."""
    found: set[str] = set()
    for name in names:
        words = re.sub(r"[^a-z0-9&]+", " ", name.lower())
        for pattern, groups in _NAMED.items():
            if re.search(rf"(?<![a-z])(?:{pattern})(?![a-z])", words):
                found.update(groups)
    return found


def left_as_they_were(mine: Groups, before: Iterable[Groups], named: set[str]) -> set[str]:
    """Return the groups that a part file leaves alone; none where it is a whole restatement.

    A file is a part when its names say so; when it has no group in common with what is loaded; or
    when the groups that it leaves out were always supplied by other files than those it has.

    Args:
        mine: Groups of the file, over all its slices.
        before: Groups of each slice that it covers, as they are loaded.
        named: Groups that the file's names speak of.
    """
    suppliers: dict[str, set[str]] = {}
    for groups in before:
        for name, one in groups.items():
            suppliers.setdefault(name, set()).add(one.submission_id)
    absent = set(suppliers) - set(mine)
    shared = set(suppliers) & set(mine)
    if not absent:
        return set()
    own = {supplier for name in shared for supplier in suppliers[name]}
    others = {supplier for name in absent for supplier in suppliers[name]}
    is_part = (named and set(mine) <= named) or not shared or not own & others
    return absent - named if is_part else set()
