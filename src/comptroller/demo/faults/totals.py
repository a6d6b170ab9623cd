"""Faults of totals: sets that do not add up, plans that differ, feeds that fall, invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

from comptroller.demo.faults.book import Book, Row
from comptroller.demo.lines import EVER
from comptroller.demo.schedule import rounds

_FALL = ("ZN2", 9)


def plant_totals(book: Book) -> None:
    """Plant differences between ACM and the patient level, between plans, and falling counts."""
    book.reserve(*_FALL)
    for turn in range(min(3, book.instances)):
        _dearer_in_acm(book, "REC-005", "pod LIKE 'OPFUP%'", Decimal("1234.56"), turn)
        _dearer_in_acm(book, "REC-003", "pod = 'DRUG'", Decimal("987.65"), turn)
        _dearer_in_acm(book, "REC-004", "pod = 'DEVICE'", Decimal("4310.00"), turn)
        _more_in_acm(book)
        _acm_row_twice(book)
    _counts_fall(book)


def _host_month(book: Book, ds: str = "PLCM") -> tuple[str, str, int]:
    """Return a provider, its host and a month that no other fault uses."""
    for provider in reversed(book.world.providers):
        if (
            provider.layout == "local_workbook"
            or provider.kind in ("independent", "community")
            or provider.legacy_until_month
        ):
            continue
        if (ds == "DrPLCM" and not provider.drugs) or (ds == "DePLCM" and not provider.devices):
            continue
        try:
            return provider.code, provider.shares[0][0], book.free_month(provider.code)
        except LookupError:
            continue
    raise LookupError("no provider has a month free of faults")


def _group(book: Book, prov: str, comm: str, month: int, where: str) -> Row:
    """Return what a provider charged most often; LookupError where a small economy has none."""
    names = ("csc", "svc", "pod", "tfc", "tariff", "nti", "lpod")
    found = book.con.execute(
        f"""SELECT {", ".join(names)} FROM lines WHERE prov = ? AND comm = ? AND month = ?
            AND {where} AND case_no = 0 AND csc = '12' AND seen_to = {EVER}
        GROUP BY ALL ORDER BY count(*) DESC, pod, tfc, tariff, lpod LIMIT 1""",
        [prov, comm, month],
    ).fetchall()
    if not found:
        raise LookupError("no line of the kind in that month")
    row: Row = dict(zip(names, found[0], strict=True))
    if row["pod"] in ("DRUG", "DEVICE"):
        row["tfc"] = None
    return row


def _delta(prov: str, comm: str, month: int, group: Row, **values: Any) -> Row:
    return {
        "prov": prov, "comm": comm, "month": month, "act": 0, "cost": Decimal(0),
        "mff_cost": Decimal(0), "seen_from": month, "seen_to": EVER, "own_row": 0,
        "lpod_text": None, **group, **values,
    }  # fmt: skip


def _dearer_in_acm(book: Book, check: str, where: str, pounds: Decimal, turn: int) -> None:
    ds = {"REC-003": "DrPLCM", "REC-004": "DePLCM"}.get(check, "PLCM")
    try:
        prov, comm, month = _host_month(book, ds)
        group = _group(book, prov, comm, month, where)
    except LookupError:
        return
    variant = "threshold" if turn == 2 else "plain"
    amount = Decimal("1.01") if turn == 2 else pounds
    book.deltas.append(_delta(prov, comm, month, group, cost=amount))
    fault = book.fault(check)
    about: dict[str, Any] = {"provider_code": prov, "commissioner_code": comm, "month": month}
    note = f"ACM charges {amount} pounds that no patient's line explains"
    book.answer(fault, check, variant, note=note, **about)
    book.answer(book.fault("REC-002"), "REC-002", variant, note=note, **about)
    book.answer(fault, "PRC-049", "consequence", **about)


def _more_in_acm(book: Book) -> None:
    prov, comm, month = _host_month(book)
    try:
        group = _group(book, prov, comm, month, "pod IN ('OPFASPCL', 'OPFUPSPCL')")
    except LookupError:
        return
    book.deltas.append(_delta(prov, comm, month, group, act=3))
    fault = book.fault("REC-006")
    about: dict[str, Any] = {"provider_code": prov, "commissioner_code": comm, "month": month}
    book.answer(fault, "REC-006", "plain", note="three attendances more in ACM", **about)
    book.answer(fault, "PRC-049", "consequence", **about)


def _acm_row_twice(book: Book) -> None:
    prov, comm, month = _host_month(book)
    amount = Decimal(4000 + 10 * month)
    group: Row = {
        "csc": "12", "svc": None, "pod": "ADJUSTMENT", "tfc": None, "tariff": None, "nti": "N",
        "lpod": f"MAN{month:02d}",
    }  # fmt: skip
    words = "Manual adjustment for the walk-in contract"
    book.deltas.append(_delta(prov, comm, month, group, cost=amount, own_row=1, lpod_text=words))
    book.con.execute(
        f"""INSERT INTO lines BY NAME SELECT 'PLCM' AS ds, 0 AS case_no, {month} AS seen_from,
            {EVER} AS seen_to, '{prov}' AS prov, {month} AS month, '{comm}' AS comm,
            '{comm}' AS gp_resp, 'V81998' AS practice, '12' AS csc, 'N' AS nti, 'N' AS unbundled,
            0 AS act, 0 AS uprice, 0 AS mff_cost, 'K{prov}MAN{month:02d}' AS non_cds_id,
            first_day AS start_date, last_day AS end_date, 'ADJUSTMENT' AS pod,
            'MAN{month:02d}' AS lpod, '{words}' AS lpod_text,
            {amount} AS cost FROM months WHERE month = {month}"""
    )
    fault = book.fault("DUP-001")
    about: dict[str, Any] = {"provider_code": prov, "commissioner_code": comm, "month": month}
    book.answer(fault, "DUP-001", "plain", data_set="ACM", pod_code="ADJUSTMENT",
                note="one adjustment entered twice", **about)  # fmt: skip
    for check in ("REC-002", "REC-005", "DUP-032", "DUP-007"):
        book.answer(fault, check, "consequence", **about)


def _counts_fall(book: Book) -> None:
    """Take half of a provider's month away, from the patient-level set and from SUS alike."""
    provider, month = _FALL
    gone = (
        "case_no = 0 AND event_no IS NOT NULL AND prov = ? AND month = ?"
        " AND (event_no // 256) % 2 = 0 AND ds NOT IN ('DrPLCM', 'DePLCM')"
        " AND event_no // 256 NOT IN (SELECT pid FROM patients WHERE btype = 'anchor')"
    )
    for table in ("lines", "sus"):
        book.con.execute(f"DELETE FROM {table} WHERE {gone}", [provider, month])
    fault = book.fault("REC-024")
    about: dict[str, Any] = {"provider_code": provider, "month": month}
    book.answer(
        fault, "REC-024", "plain", data_set="PLCM", note="half of the lines are missing", **about
    )
    for check in ("REC-024", "HCD-023"):
        book.answer(fault, check, "consequence", **about)


def note_mergers(book: Book) -> None:
    """Note that ACM has fewer rows from the month in which two commissioners are charged as one."""
    for provider in book.world.providers:
        if provider.legacy_until_month:
            for month in range(provider.legacy_until_month + 1, 11):
                book.answer(
                    f"REC-024/{provider.code}", "REC-024", "consequence", data_set="ACM",
                    provider_code=provider.code, month=month,
                    note="two commissioners have become one",
                )  # fmt: skip


def plant_plan_faults(book: Book) -> None:
    """Let ACM state another plan than the one that was signed."""
    found = book.con.execute(
        """SELECT prov, comm, pod, tfc, tariff, lpod FROM plan
        WHERE pod IN ('DC', 'OPFASPCL') AND tariff IS NOT NULL AND csc = '12'
        GROUP BY prov, comm, pod, tfc, tariff, lpod HAVING count(*) = 12
        QUALIFY row_number() OVER (
            PARTITION BY prov ORDER BY sum(planned_cost) DESC, tfc, tariff) = 1
        ORDER BY prov LIMIT 3"""
    ).fetchall()
    for prov, comm, pod, tfc, tariff, lpod in found[: book.instances]:
        book.con.execute(
            """UPDATE plan_in_acm SET planned_cost = planned_cost + 500
            WHERE prov = ? AND comm = ? AND pod = ? AND tfc = ? AND tariff = ? AND lpod = ?
                AND month >= 7""",
            [prov, comm, pod, tfc, tariff, lpod],
        )
        fault = book.fault("REC-017")
        about: dict[str, Any] = {"provider_code": prov, "commissioner_code": comm}
        for month in range(7, 13):
            book.answer(
                fault, "REC-017", "plain", data_set="ACM", month=month, pod_code=pod,
                tariff_code=tariff, note="500 pounds above the signed plan", **about,
            )  # fmt: skip
        book.answer(fault, "REC-020", "consequence", **about)


def plant_invoice_faults(con: duckdb.DuckDBPyConnection, book: Book) -> None:
    """Change invoices after they were made to add up: too much, too early."""
    world = book.world
    arrivals = {r.number: r.arrives for r in rounds(world, cumulative=book.cumulative)}
    found = con.execute(
        """SELECT provider_code, commissioner_code, min(document_number), any_value(basis)
        FROM payments JOIN agreements a ON a.prov = provider_code AND a.comm = commissioner_code
        WHERE kind = 'reconciliation' AND period_from <> period_to
            AND payments.contract_id LIKE 'CT-%'
        GROUP BY ALL HAVING count(*) >= 2 ORDER BY provider_code, commissioner_code"""
    ).fetchall()
    # Where every pound is paid nothing but an error explains a difference of one.
    exact = [row[:3] for row in found if row[3] in ("activity", "tariff")][-2:]
    pairs = [row[:3] for row in found if row[:3] not in exact]
    step = max(1, len(pairs) // 8)
    chosen = pairs[::step]
    wrong = (("plain", "2500.00"), ("plain", "18250.75"), ("plain", "777.77"))
    edges = (("threshold", "1.01"), ("inside", "0.99"))
    for (prov, comm, document), (variant, least) in (
        *zip(chosen, wrong, strict=False),
        *zip(exact, edges, strict=False),
    ):
        more = Decimal(least)
        if variant == "plain":
            more += _below_plan(con, prov, comm, int(document[-2:]))
        con.execute(
            f"UPDATE payments SET amount = amount + {more} WHERE document_number = ?", [document]
        )
        book.answer(
            book.fault("REC-001"), "REC-001", variant, flagged=variant != "inside",
            provider_code=prov, commissioner_code=comm, note=f"invoiced {more} pounds too much",
        )  # fmt: skip
    for (prov, comm, document), (variant, days) in zip(
        chosen[3:], (("plain", 30), ("plain", 12), ("threshold", 1), ("inside", 0)), strict=False
    ):
        month = int(document[-2:])
        con.execute(
            f"""UPDATE payments SET document_date = DATE '{arrivals[month]}' - {days},
                due_date = DATE '{arrivals[month]}' - {days},
                paid_date = DATE '{arrivals[month]}' - {days}
            WHERE document_number = ?""",
            [document],
        )
        book.answer(
            book.fault("TIM-012"), "TIM-012", variant, flagged=variant != "inside", month=month,
            provider_code=prov, commissioner_code=comm,
            note=f"dated {days} days before its ACM file came",
        )  # fmt: skip


def _below_plan(con: duckdb.DuckDBPyConnection, prov: str, comm: str, month: int) -> Decimal:
    """Return the most that a contract which pays the plan may owe above a month's activity."""
    found = con.execute(
        f"""WITH codes AS (
            SELECT comm FROM agreements WHERE prov = '{prov}' AND payer IN (
                SELECT payer FROM agreements WHERE prov = '{prov}' AND comm = '{comm}')
        ), pods AS (
            SELECT comm, pod, planned_cost AS short FROM plan
            WHERE prov = '{prov}' AND month = {month}
            UNION ALL
            SELECT comm, pod, -cost FROM acm WHERE prov = '{prov}' AND month = {month}
                AND seen_from <= {month + 1} AND seen_to >= {month + 1}
        )
        SELECT coalesce(sum(short), 0) FROM (
            SELECT greatest(sum(short), 0) AS short FROM pods JOIN codes USING (comm)
            GROUP BY comm, pod)"""
    ).fetchall()
    return Decimal(found[0][0])


def plant_contract_faults(book: Book) -> None:
    """Let one contract's value differ from the sum of its plan."""
    found = book.con.execute(
        """SELECT contract_id, prov, payer FROM agreements WHERE contract_id LIKE 'CT-%'
        AND role = 'host' ORDER BY contract_id, prov, payer LIMIT 1"""
    ).fetchall()
    for contract, prov, payer in found:
        book.contract_errors.append((contract, payer, Decimal("12500.00")))
        book.answer(book.fault("REC-018"), "REC-018", "plain", provider_code=prov,
                    note="the contract's value is 12,500 pounds above its plan")  # fmt: skip
