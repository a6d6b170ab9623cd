"""Faults of documents and limits: invoices nobody may send, tax, credits, caps that are passed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb

from comptroller.demo.faults.agreed import acute_hosts, stranger
from comptroller.demo.faults.book import Book
from comptroller.demo.registers import LIMIT_VARIANTS, cap_choices, limit_choices
from comptroller.demo.schedule import month_end, month_start

_UNKNOWN, _HELD_ELSEWHERE = "ZQ9", "ZQ1"


def plant_document_faults(con: duckdb.DuckDBPyConnection, book: Book) -> None:
    """Change and add payments after they were made to add up; answer for limits and caps."""
    _non_contracted(con, book)
    _late_and_twice(con, book)
    _tax_and_credits(con, book)
    _low_volume(con, book)
    _limits(con, book)


def _invoice(con: duckdb.DuckDBPyConnection, book: Book, prov: str, comm: str, month: int,
             number: str, pounds: str, dated: date | None = None) -> None:  # fmt: skip
    first, last = month_start(book.world, month), month_end(book.world, month)
    dated = dated or last + timedelta(days=60)
    con.execute(
        f"""INSERT INTO payments BY NAME SELECT '{number}' AS document_number, 'nca' AS kind,
            '{prov}' AS provider_code, '{comm}' AS commissioner_code,
            DATE '{first}' AS period_from, DATE '{last}' AS period_to, {pounds} AS amount,
            DATE '{dated}' AS due_date, DATE '{dated}' AS paid_date,
            DATE '{dated}' AS document_date"""
    )


def _answer(book: Book, check: str, variant: str, prov: str, comm: str, month: int | None = None,
            *, trips: tuple[str, ...] = (), too_much: str = "", flagged: bool = True,
            ) -> None:  # fmt: skip
    """Answer for a slice; pounds paid beyond what was due are seen by the bridge of invoices."""
    about: dict[str, Any] = {"provider_code": prov, "commissioner_code": comm, "month": month}
    fault = book.fault(check)
    book.answer(fault, check, variant, flagged=flagged, **about)
    for other in trips:
        book.answer(fault, other, "consequence", provider_code=prov)
    if too_much:
        told: dict[str, Any] = {"provider_code": prov, "note": f"paid {too_much} pounds too much"}
        if variant == "inside":
            book.answer(book.fault("REC-001"), "REC-001", "inside", flagged=False, **told)
        else:
            book.answer(fault, "REC-001", "consequence", **told)


def _non_contracted(con: duckdb.DuckDBPyConnection, book: Book) -> None:
    low = con.execute(
        "SELECT prov, comm FROM agreements WHERE basis = 'lva' ORDER BY ALL LIMIT 1"
    ).fetchall()
    for prov, comm in low:
        _invoice(con, book, prov, comm, 6, f"NCA-{prov}-{comm}-X6", "840.00")
        _answer(book, "NCA-001", "plain", prov, comm, 6, too_much="840.00")
    prov = acute_hosts(book.world)[-1]
    comm = next(p.shares[1][0] for p in book.world.providers if p.code == prov)
    _invoice(con, book, prov, comm, 5, f"NCA-{prov}-{comm}-X5", "1260.50")
    _answer(book, "NCA-002", "plain", prov, comm, 5, too_much="1260.50")
    host = book.world.providers[0].shares[0][0]
    for code, flagged in ((_UNKNOWN, True), (_HELD_ELSEWHERE, False)):
        _invoice(con, book, code, host, 7, f"NCA-{code}-{host}-07", "655.25")
        _answer(book, "NCA-003", "plain" if flagged else "look_alike", code, host, 7,
                trips=("TIM-012",), too_much="655.25", flagged=flagged)  # fmt: skip


def _late_and_twice(con: duckdb.DuckDBPyConnection, book: Book) -> None:
    prov, comm = stranger(book.world)
    found = con.execute(
        """SELECT document_number, (month(period_to) + 8) % 12 + 1, amount FROM payments
        WHERE kind = 'nca' AND provider_code = ? AND commissioner_code = ? ORDER BY 2""",
        [prov, comm],
    ).fetchall()
    for (number, month, _), (days, variant) in zip(
        found, ((200, "plain"), (184, "threshold"), (183, "inside")), strict=False
    ):
        dated = month_end(book.world, month) + timedelta(days=days)
        con.execute(
            f"""UPDATE payments SET document_date = DATE '{dated}', due_date = DATE '{dated}',
                paid_date = DATE '{dated}' WHERE document_number = '{number}'"""
        )
        _answer(book, "NCA-007", variant, prov, comm, month, flagged=variant != "inside")
    for number, month, amount in found[:1]:
        _invoice(con, book, prov, comm, month, number + "B", str(amount))
        _answer(book, "NCA-009", "plain", prov, comm, month, too_much=str(amount))


def _tax_and_credits(con: duckdb.DuckDBPyConnection, book: Book) -> None:
    found = con.execute(
        """SELECT document_number, provider_code, commissioner_code,
            (month(period_to) + 8) % 12 + 1, kind FROM payments
        WHERE kind IN ('reconciliation', 'credit_note') AND contract_id LIKE 'CT-%'
            AND period_from <> period_to
        QUALIFY row_number() OVER (PARTITION BY kind ORDER BY document_number DESC) <= 2
        ORDER BY kind, document_number"""
    ).fetchall()
    for turn, (number, prov, comm, month, kind) in enumerate(found):
        changed = "vat = 512.40" if kind == "reconciliation" else "credits_document = 'LOST'"
        if kind == "credit_note" and turn:
            changed = "credits_document = NULL"
        con.execute(f"UPDATE payments SET {changed} WHERE document_number = '{number}'")
        _answer(book, "CON-021", "plain", prov, comm, month)


def _low_volume(con: duckdb.DuckDBPyConnection, book: Book) -> None:
    found = con.execute(
        """SELECT provider_code, commissioner_code, max(document_number) FROM payments
        JOIN agreements ON prov = provider_code AND comm = commissioner_code
        WHERE basis = 'lva' AND kind = 'on_account' GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    for (prov, comm, number), (more, variant) in zip(
        found, (("2500.00", "plain"), ("1.01", "threshold"), ("1.00", "inside")), strict=False
    ):
        con.execute(
            f"UPDATE payments SET amount = amount + {more} WHERE document_number = '{number}'"
        )
        _answer(book, "CON-022", variant, prov, comm, too_much=more, flagged=variant != "inside")


def _limits(con: duckdb.DuckDBPyConnection, book: Book) -> None:
    for check, pod in (("CON-010", "DC"), ("CON-011", "NEL")):
        chosen = [row for row in limit_choices(con) if row[1] == pod]
        for (contract, *_), variant in zip(chosen, LIMIT_VARIANTS, strict=False):
            book.answer(book.fault(check), check, variant, flagged=variant != "inside",
                        data_set="ACM", provider_code=contract.split("-")[1],
                        pod_code=pod)  # fmt: skip
    for (prov, *_), variant in zip(cap_choices(con), LIMIT_VARIANTS, strict=False):
        book.answer(book.fault("OPC-005"), "OPC-005", variant, flagged=variant != "inside",
                    data_set="PLCM", provider_code=prov)  # fmt: skip
