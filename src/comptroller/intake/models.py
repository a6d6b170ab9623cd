"""People's decisions about layouts: kept, versioned, never changed in place."""

from __future__ import annotations

from django.db import models


class Layout(models.Model):
    """How one provider arranges one data set, in one version.

    A layout is recognised by the fingerprint of its headers. ``columns`` maps normalised headers
    to elements, ``constants`` holds facts that stand in no column. ``status`` is ``inferred``
    (found by evidence), ``confirmed`` (by a person) or ``superseded``.
    """

    provider_code = models.CharField(max_length=9, blank=True, default="")
    data_set = models.CharField(max_length=16)
    sheet = models.CharField(max_length=200, blank=True, default="")
    version = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=32, db_index=True)
    headers = models.JSONField()
    columns = models.JSONField()
    constants = models.JSONField(default=dict)
    status = models.CharField(max_length=16, default="inferred")
    submission_id = models.CharField(max_length=17, blank=True, default="")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)
    reason = models.TextField(blank=True, default="")

    class Meta:
        """A provider's layouts of a data set are numbered from 1."""

        app_label = "intake"
        constraints = (
            models.UniqueConstraint(
                fields=("provider_code", "data_set", "version"), name="layout_version"
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider_code or 'any'} {self.data_set} v{self.version}"


class Correction(models.Model):
    """What a person decided that values in quarantine mean; the original bytes stay as they are.

    A rule (``row`` is empty) reads every quarantined value of a column that equals ``from_text``
    as ``to_text``; by hand, one cell is read so. ``for_provider`` rules hold for every file of
    the provider and data set, the others for one submission. ``status`` is ``in force``,
    ``superseded`` or ``withdrawn``.
    """

    submission_id = models.CharField(max_length=17, db_index=True)
    provider_code = models.CharField(max_length=9, blank=True, default="")
    data_set = models.CharField(max_length=16)
    for_provider = models.BooleanField(default=False)
    sheet = models.CharField(max_length=200, blank=True, default="")
    part = models.PositiveIntegerField(null=True)
    row = models.PositiveBigIntegerField(null=True)
    column = models.TextField()
    element = models.CharField(max_length=100)
    from_text = models.TextField(blank=True, default="")
    to_text = models.TextField()
    status = models.CharField(max_length=16, default="in force")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)
    reason = models.TextField()

    class Meta:
        """Corrections are numbered as they are made."""

        app_label = "intake"
        ordering = ("id",)

    def __str__(self) -> str:
        return f"correction {self.pk}"
