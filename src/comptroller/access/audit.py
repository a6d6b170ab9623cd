"""Write and read the audit trail."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def current_actor() -> str:
    """Return who is acting: ``COMPTROLLER_USER``, else the account of this process."""
    return os.environ.get("COMPTROLLER_USER") or getpass.getuser()


def record(
    action: str,
    subject: str,
    *,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    actor: str = "",
) -> None:
    """Add one entry to the audit trail; call it in the transaction of what it records.

    Args:
        action: A verb with its room, such as ``layout.confirm``.
        subject: The id of what was acted on; never a patient's identifier.
        reason: Why, in the actor's words.
        detail: Old and new values.
        at: When; by default now.
        actor: Who; by default whoever runs this process.
    """
    from comptroller.access.models import AuditEntry

    AuditEntry.objects.create(
        at=at or datetime.now(UTC),
        actor=actor or current_actor(),
        action=action,
        subject=subject,
        reason=reason,
        detail=dict(detail or {}),
    )
