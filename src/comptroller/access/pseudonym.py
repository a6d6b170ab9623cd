"""Keyed pseudonyms of NHS numbers: the same in Python and in SQL."""

from __future__ import annotations

import hmac
from hashlib import sha256

_BLOCK = 64
_HEX = 32


def patient_key(nhs_number: str, key: bytes) -> str:
    """Return the pseudonym of an NHS number: 32 hex digits of its HMAC-SHA256.

    Args:
        nhs_number: Ten digits, without spaces.
        key: The workspace's pseudonym key.
    """
    return hmac.new(key, nhs_number.encode("ascii"), sha256).hexdigest()[:_HEX]


def patient_key_sql(expression: str, key: bytes) -> str:
    """Return DuckDB SQL that computes ``patient_key`` of a text expression.

    The SQL holds key material: it must never be logged or shown.
    """
    block = key.ljust(_BLOCK, b"\0")
    inner = bytes(byte ^ 0x36 for byte in block).hex()
    outer = bytes(byte ^ 0x5C for byte in block).hex()
    first = f"sha256(unhex('{inner}') || CAST({expression} AS BLOB))"
    return f"left(sha256(unhex('{outer}') || unhex({first})), {_HEX})"
