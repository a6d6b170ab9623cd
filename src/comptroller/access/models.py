"""The audit trail: who did what to which thing, when and why; rows are added, never changed."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models


class AuditEntry(models.Model):
    """One action by one person; the database refuses to change or delete it."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        app_label = "access"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {self.subject}"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: an audit entry stays."""
        raise TypeError("audit entries are never deleted")
