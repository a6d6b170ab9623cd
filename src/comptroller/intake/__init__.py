"""A provider's file becomes lines: recognise, map, normalise, quarantine, hold, promote.

In: received files of any layout (delimited text, workbooks, archives) with the day they arrived.
Out: lines, typed and pseudonymised, in slices with versions; what could not be read in quarantine
with its reason and pounds; a report per file that ties to the penny. The lower half (``reading``,
``table_finder``, ``aggregates``) finds tables; the upper half turns them into lines. It owns the
tables ``lines``, ``submissions``, ``slice_versions``, ``slice_decisions``, ``quarantine`` and
``aggregates``, and the people's decisions about layouts and about values in quarantine in
``comptroller.db``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comptroller.intake.loading import load
    from comptroller.intake.report import FileReport
    from comptroller.intake.slices import create_slice_views

__all__ = ["FileReport", "create_slice_views", "load"]


def __getattr__(name: str) -> object:
    """Import the doors of this room when they are first used: Django must not load them early."""
    import importlib

    homes = {"load": "loading", "FileReport": "report", "create_slice_views": "slices"}
    if name not in homes:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"comptroller.intake.{homes[name]}"), name)
