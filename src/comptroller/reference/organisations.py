"""What an organisation was on a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb

from comptroller.reference.asking import first_row

State = Literal["not yet open", "open", "closed"]


@dataclass(frozen=True)
class OrganisationOn:
    """An organisation as it was on one day.

    Args:
        org_code: Its code.
        name: Its name.
        role: commissioner, provider, practice or site.
        on: The day asked about.
        state: Whether it lived on that day.
        parent_code: What it was part of: the legal payer of a commissioner, the provider of a
            site, the commissioner of a practice; None for a body of its own.
        body_code: The legal body behind it: legal payer, provider, or for a practice the legal
            payer for its patients; None where a split leaves it open.
        candidates: The bodies it may be, where a split leaves it open.
        basis: How the body was found: self, succession, member, predecessor or split.
    """

    org_code: str
    name: str
    role: str
    on: date
    state: State
    parent_code: str | None
    body_code: str | None
    candidates: tuple[str, ...]
    basis: str


def organisation_on(con: duckdb.DuckDBPyConnection, code: str, on: date) -> OrganisationOn | None:
    """Return what an organisation was on a date, or None when nobody has heard of the code.

    Args:
        con: A connection with the reference views.
        code: Any ODS code.
        on: The day.
    """
    row = first_row(
        con,
        "SELECT name, role, parent_code, open_date, close_date FROM organisations "
        "WHERE org_code = ?",
        [code],
    )
    if row is None:
        return None
    name, role, parent, opened, closed = row
    state: State = "open"
    if opened and on < opened:
        state = "not yet open"
    elif closed and on > closed:
        state = "closed"
    if role == "practice":
        return _practice_on(con, code, str(name), on, state, parent)
    view, column = ("legal_payers", "legal_payer")
    if role in ("provider", "site"):
        view, column = ("current_providers", "provider_code")
    found = first_row(
        con,
        f"SELECT {column}, basis, candidates FROM {view} "
        "WHERE org_code = ? AND ? BETWEEN from_date AND to_date",
        [code, on],
    )
    body, basis, candidates = found if found else (code, "self", code)
    return OrganisationOn(
        code,
        str(name),
        str(role),
        on,
        state,
        body if body != code else None,
        body,
        tuple(str(candidates).split(";")),
        str(basis),
    )


def _practice_on(
    con: duckdb.DuckDBPyConnection,
    code: str,
    name: str,
    on: date,
    state: State,
    parent: str | None,
) -> OrganisationOn:
    found = first_row(
        con,
        "SELECT commissioner_code, legal_payer FROM practice_payers "
        "WHERE practice_code = ? AND ? BETWEEN from_date AND to_date",
        [code, on],
    )
    commissioner, payer = found if found else (parent, None)
    candidates = (payer,) if payer else ()
    return OrganisationOn(
        code, name, "practice", on, state, commissioner, payer, candidates, "member"
    )
