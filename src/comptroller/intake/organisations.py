"""Codes that decide where a line belongs, as files write them."""

from __future__ import annotations

import re

from comptroller.intake.values import MISSING_TOKENS
from comptroller.vocabulary import repair_pod

_CODE = re.compile(r"^[A-Z0-9]{3,9}$")


def read_code(text: str) -> str | None:
    """Return an organisation code in its canonical form, or None when there is none.

    Upper case without blanks; a trailing 00 on five characters is stripped (``RX100`` is the
    trust RX1; source: realities of submitted files); ``RX1 - Vale Trust`` gives its code.
    """
    clean = " ".join(text.upper().split())
    if not clean or clean in MISSING_TOKENS:
        return None
    head = re.match(r"^([A-Z0-9]{3,6})\s*[-–:|]\s*\S", clean)
    code = head[1] if head else clean.replace(" ", "")
    if not _CODE.match(code):
        return None
    if len(code) == 5 and code.endswith("00"):
        code = code[:3]
    return code


def read_pod(text: str) -> str | None:
    """Return the national point of delivery, repaired where the list knows it, else as typed."""
    clean = " ".join(text.upper().split())
    if not clean or clean in MISSING_TOKENS:
        return None
    return repair_pod(clean) or clean
