"""What a person may have meant by a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 5


def did_you_mean(word: str, names: Iterable[str], otherwise: str) -> str:
    """Return a remedy: the names that are near, or else how to see all of them.

    Args:
        word: What was given.
        names: What there is.
        otherwise: What to say where nothing is near.
    """
    known = {name.lower(): name for name in names if name.strip()}
    given = word.lower().strip()
    near = get_close_matches(given, known, n=_MOST)
    near += [name for name in known if len(given) > 2 and given in name and name not in near]
    if not near:
        return otherwise
    return "Did you mean " + " or ".join(repr(known[name]) for name in near[:_MOST])
