"""What was done stays done: audit entries can be added, not changed or removed."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from comptroller.access.audit import record
from comptroller.workspace import Workspace


def test_an_entry_says_who_what_and_why(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPTROLLER_USER", "a.lead")
    workspace.use_database()
    record("layout.confirm", "RXA PLCM v1", reason="looked at it", detail={"old": 1})
    from comptroller.access.models import AuditEntry

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.reason) == ("a.lead", "layout.confirm", "looked at it")
    with pytest.raises(IntegrityError, match="never changed"):
        AuditEntry.objects.update(actor="somebody else")
    with pytest.raises(IntegrityError, match="never deleted"):
        AuditEntry.objects.all().delete()
    with pytest.raises(TypeError, match="never deleted"):
        entry.delete()


def test_each_workspace_has_its_own_trail(workspace: Workspace) -> None:
    from comptroller.access.models import AuditEntry

    workspace.use_database()
    record("one", "x")
    other = Workspace.create(workspace.path.parent / "other")
    other.use_database()
    assert AuditEntry.objects.count() == 0
    workspace.use_database()
    assert AuditEntry.objects.count() == 1
