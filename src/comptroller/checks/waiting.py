"""Checks of the catalogue that do not run yet, each with what it waits for.

In: ``rulebook/waiting.csv``. Out: one entry per check, so that a check that is not there is told
and not silently absent. The reason begins with what is wanting: a feed, a table, a field, a fact;
or it names what does the work in its place.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from comptroller.checks.definition import CATEGORIES
from comptroller.errors import ComptrollerError

FILE = "waiting.csv"
_ID = re.compile(r"[A-Z]{3}-[0-9]{3}[A-Z]?")


@dataclass(frozen=True, slots=True)
class WaitingCheck:
    """One check that does not run.

    Args:
        id: Its id in the catalogue.
        title: What it would say is wrong.
        needs: Why it does not run.
    """

    id: str
    title: str
    needs: str

    @property
    def category(self) -> str:
        """The category's code, the part of the id before the dash."""
        return self.id.split("-", 1)[0]


@cache
def waiting_checks() -> dict[str, WaitingCheck]:
    """Return the checks that do not run, by id, in the order of the file.

    Raises:
        ComptrollerError: An entry is not well formed, or its id is there twice.
    """
    text = files("comptroller.checks").joinpath("rulebook").joinpath(FILE).read_text("utf-8")
    return read_waiting(text)


def read_waiting(text: str) -> dict[str, WaitingCheck]:
    """Return the entries of a file's text by id; see `waiting_checks`."""
    found: dict[str, WaitingCheck] = {}
    for line, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        entry = WaitingCheck(*((row.get(name) or "").strip() for name in ("id", "title", "needs")))
        fault = ""
        if not _ID.fullmatch(entry.id) or entry.category not in CATEGORIES:
            fault = f"'{entry.id}' is not a check's id"
        elif not entry.title or not entry.needs:
            fault = f"{entry.id} lacks its title or what it needs"
        elif entry.id in found:
            fault = f"{entry.id} is there twice"
        if fault:
            raise ComptrollerError(fault, where=f"{FILE}, line {line}", remedy="Correct the entry")
        found[entry.id] = entry
    return found


def not_running(running: Collection[str]) -> list[WaitingCheck]:
    """Return the entries in the order of their ids.

    Args:
        running: Ids of the product's checks that run.

    Raises:
        ComptrollerError: A check is said to wait though it runs.
    """
    both = sorted(set(running) & set(waiting_checks()))
    if both:
        raise ComptrollerError(
            f"said to wait though they run: {', '.join(both)}",
            where=FILE,
            remedy="Take their entries out",
        )
    return [waiting_checks()[name] for name in sorted(waiting_checks())]
