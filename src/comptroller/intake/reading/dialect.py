"""Which character separates the fields of a delimited file."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from dataclasses import dataclass

CANDIDATES = (",", "\t", "|", ";")
SAMPLE_BYTES = 256 * 1024
_STEADY = 1.0


@dataclass(frozen=True)
class Dialect:
    """The delimiter, and whether blanks stand between it and an opening quote.

    ``is_steady`` tells whether it cuts the text into columns at all.
    """

    delimiter: str
    skip_initial_space: bool = False
    is_steady: bool = True


def detect_dialect(head: str) -> Dialect:
    """Return the delimiter that cuts the beginning of the text into the steadiest columns.

    A `sep=` line that Excel writes decides by itself. Text without any delimiter counts as
    comma separated, with one column.
    """
    declared = re.match(r"\s*sep=(.)\r?\n", head)
    if declared:
        return Dialect(declared.group(1))
    best, best_score = ",", 0.0
    for delimiter in CANDIDATES:
        score = _steadiness(head, delimiter)
        if score > best_score:
            best, best_score = delimiter, score
    return Dialect(best, _spaced(head, best), is_steady=best_score >= _STEADY)


def _spaced(head: str, delimiter: str) -> bool:
    """Tell whether quotes stand after a blank, as in `1, "two, 3"`."""
    if re.search(re.escape(delimiter) + ' +"', head) is None:
        return False
    try:
        records = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
        return any(
            re.match(' +"', field) and delimiter + field in head
            for record in itertools.islice(records, 500)
            for field in record
        )
    except csv.Error:
        return False


def _steadiness(head: str, delimiter: str) -> float:
    """Score a delimiter: records that share the most common width above one, times its root."""
    widths: Counter[int] = Counter()
    try:
        for record in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
            if record:
                widths[len(record)] += 1
            if widths.total() >= 500:
                break
    except csv.Error:
        pass
    several = {width: count for width, count in widths.items() if width > 1}
    if not several:
        return 0.0
    width, count = max(several.items(), key=lambda item: (item[1], item[0]))
    share = count / widths.total()
    return float(share * (min(width, 100) ** 0.5) + share * 0.5)
