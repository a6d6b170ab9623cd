"""Faults against what was agreed: contract, plan, payment terms, local prices, registers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import duckdb

from comptroller.demo.faults.book import Book, Event, month_start
from comptroller.demo.faults.cases import Case, Change, charge, make_birth, tell
from comptroller.demo.faults.groups import answer_group
from comptroller.demo.finance import NON_ACTIVITY, agreements
from comptroller.demo.lines import EVER
from comptroller.demo.presets import HUB, Preset
from comptroller.demo.prices import local_schedule
from comptroller.demo.registers import (
    BLOCK_SERVICE,
    BLOCK_THERAPY,
    CLOSED_SERVICE,
    FIXED_DRUG,
    FIXED_FROM_MONTH,
    LAST_PLAN_MONTH,
    NEW_CODE,
    NEW_CODE_MONTH,
    subcontracted,
)

_STEP_MONTH = 8
_WRITTEN = ("national", "national_v3")


def plan_ahead(con: duckdb.DuckDBPyConnection, world: Preset) -> None:
    """Let a service end in the middle of the year: its money moves into the block."""
    for provider in acute_hosts(world):
        con.execute(
            f"""INSERT INTO plan BY NAME SELECT p.* REPLACE ('OPFUPSPCL' AS pod,
                '{CLOSED_SERVICE}' AS tfc, NULL AS tariff, 'Y' AS nti, 'OPFUPSPCL' AS lpod,
                1 AS planned_act, 100 AS planned_cost, 0 AS planned_mff)
            FROM plan p WHERE prov = '{provider}' AND pod = 'BLOCK' AND lpod = 'BLK'
                AND month <= {LAST_PLAN_MONTH};
            UPDATE plan SET planned_cost = planned_cost + 100 WHERE prov = '{provider}'
                AND pod = 'BLOCK' AND lpod = 'BLK' AND month > {LAST_PLAN_MONTH}"""
        )


def acute_hosts(world: Preset) -> list[str]:
    """Return the acute providers that charge one code for their host all year, in national form."""
    return [
        p.code for p in world.providers
        if p.kind in ("acute", "tertiary") and not p.legacy_until_month and p.layout in _WRITTEN
        and not p.changes
    ]  # fmt: skip


def _paid_by_elements(world: Preset) -> list[str]:
    api = {prov for prov, _, _, _, role, basis in agreements(world) if basis == "api"}
    return [code for code in acute_hosts(world) if code in api]


def plant_agreed(book: Book) -> None:
    """Plant every fault of lines against what was agreed."""
    plants: tuple[Callable[[Book], None], ...] = (
        _outside_the_plan, _paid_otherwise, _noticed, _local_prices, _sub_contracted,
        _non_contracted, _other_settings,
    )  # fmt: skip
    for _ in range(max(1, book.instances // 2)):
        for plant in plants:
            with suppress(LookupError):
                plant(book)
    _adjustments(book)
    _price_steps(book)
    _phasing(book)
    _counts(book)


def _plant(
    book: Book,
    kind: str,
    case: Case,
    allowed: Sequence[str],
    **when: Any,
) -> None:
    if not allowed:
        return
    event = book.take(kind, allowed=allowed, **when)
    case.change(book, event)
    tell(book, event, case, book.fault(case.check), case.variant)


def _function(code: str) -> Change:
    return lambda _, event: event.both(tfc=code)


def _outside_the_plan(book: Book) -> None:
    hosts = acute_hosts(book.world)
    ended = _function(CLOSED_SERVICE)
    for month, variant, flagged in (
        (LAST_PLAN_MONTH + 3, "plain", True),
        (LAST_PLAN_MONTH + 1, "threshold", True),
        (LAST_PLAN_MONTH, "inside", False),
    ):
        case = Case("CON-003", variant, ended, flagged=flagged,
                    in_acm=("CON-003",) if flagged else ())  # fmt: skip
        _plant(book, "follow_up", case, hosts, month=month)
    _plant(book, "phone", Case("CON-003", "look_alike", ended, flagged=False, trips=("PRC-034",),
                               note="another point of delivery"), hosts,
           month=LAST_PLAN_MONTH + 2)  # fmt: skip
    unplanned = charge(pod="CRD", lpod="CRD")
    _plant(book, "direct", Case("CON-001", "plain", unplanned, in_acm=("CON-001",)), hosts)
    _plant(book, "contact", Case("CON-001", "look_alike", charge(lpod="COMM2"), flagged=False),
           [p.code for p in book.world.providers if p.kind == "community"])  # fmt: skip
    for tfc, variant, flagged in (
        ("710", "plain", True), ("700", "threshold", True), ("727", "threshold", True),
        ("656", "inside", False),
    ):  # fmt: skip
        case = Case("ATT-034", variant, _function(tfc), flagged=flagged,
                    in_acm=("ATT-034",) if flagged else ())  # fmt: skip
        _plant(book, "follow_up", case, hosts)
    _plant(book, "follow_up", Case("ATT-034", "missing", charge(tfc=None), flagged=False), hosts)


def _paid_otherwise(book: Book) -> None:
    hosts = acute_hosts(book.world)
    for check, tfc in (("CON-004", BLOCK_SERVICE), ("OPC-033", BLOCK_THERAPY)):
        acm = ("CON-004",) if check == "CON-004" else ()
        _plant(book, "follow_up", Case(check, "plain", _function(tfc), in_acm=acm), hosts)
        free = _and(_function(tfc), _free)
        _plant(book, "follow_up", Case(check, "inside", free, flagged=False,
                                       note="reported at nil"), hosts)  # fmt: skip
    with_elements = _paid_by_elements(book.world)
    heading = charge(lpod="FUPVAR", lpod_text="Follow-up, variable element")
    _plant(book, "follow_up", Case("CON-005", "plain", heading, in_acm=("CON-005",)),
           with_elements)  # fmt: skip
    _plant(
        book,
        "follow_up",
        Case(
            "CON-005",
            "look_alike",
            charge(lpod="FUPFIX", lpod_text="Follow-up, fixed element"),
            flagged=False,
        ),
        with_elements,
    )
    _plant(
        book,
        "day_case",
        Case(
            "CON-005",
            "look_alike",
            charge(lpod="DCVAR", lpod_text="Day case, variable element"),
            flagged=False,
        ),
        with_elements,
    )

    def birth(text: str) -> Change:
        def change(_: Book, event: Event) -> None:
            make_birth(event)
            event.charge(lpod="NELNE" + text[8:11].upper(), lpod_text=text)

        return change

    _plant(book, "admission", Case("MAT-011", "plain", birth("Births, variable element"),
                                   in_acm=("MAT-011",)), with_elements)  # fmt: skip
    _plant(book, "admission", Case("MAT-011", "look_alike", birth("Births, fixed element"),
                                   flagged=False), with_elements)  # fmt: skip

    def fixed(_: Book, event: Event) -> None:
        line, drug = event.line, FIXED_DRUG
        line.update(drug_code=drug.code, drug_name=drug.name, indication=drug.indication,
                    drug_unit=drug.unit, uprice=drug.price, cost=drug.price * line["qty"],
                    supplier_price=drug.price)  # fmt: skip

    first = month_start(book.world, FIXED_FROM_MONTH)
    drug_hosts = [code for code in hosts if code in book.offers("drug")]
    for days, variant, flagged in ((40, "plain", True), (0, "threshold", True),
                                   (-1, "inside", False)):  # fmt: skip
        _plant(book, "drug", Case("HCD-032", variant, fixed, flagged=flagged), drug_hosts,
               on=first + timedelta(days=days), days=0)  # fmt: skip


def _and(*changes: Change) -> Change:
    def change(book: Book, event: Event) -> None:
        for one in changes:
            one(book, event)

    return change


def _free(_: Book, event: Event) -> None:
    nothing = Decimal(0)
    event.charge(uprice=nothing, cost=nothing, mff_cost=nothing)


def _noticed(book: Book) -> None:
    hosts = acute_hosts(book.world)[:1]
    first = month_start(book.world, NEW_CODE_MONTH)
    new = charge(lpod=NEW_CODE)
    for days, variant, flagged in ((-60, "plain", True), (-1, "threshold", True),
                                   (0, "inside", False)):  # fmt: skip
        case = Case("CON-008", variant, new, flagged=flagged)
        _plant(book, "follow_up", case, hosts, on=first + timedelta(days=days))


def _dearer(pounds: str) -> Change:
    def change(_: Book, event: Event) -> None:
        line = event.line
        line["uprice"] += Decimal(pounds)
        line["cost"] = line["uprice"] * line["act"]

    return change


def _local_prices(book: Book) -> None:
    hosts = acute_hosts(book.world)
    for kind, pounds, variant in (
        ("phone", "7.50", "plain"), ("dialysis", "-12.00", "plain"), ("phone", "0.01", "threshold")
    ):  # fmt: skip
        _plant(book, kind, Case("PRC-033", variant, _dearer(pounds)), hosts)
    _plant(book, "phone", Case("PRC-033", "missing", charge(uprice=None), flagged=False,
                               trips=("DQV-023", "PRC-035")), hosts)  # fmt: skip
    local = {"pod": "DALAB", "lpod": "DALAB", "tfc": "822", "nti": "N", "mff_cost": Decimal(0)}
    price = {"uprice": Decimal(15), "cost": Decimal(15), "act": 1}
    _plant(
        book,
        "direct",
        Case(
            "PRC-034",
            "plain",
            charge(**local, **price, tariff="DAPX"),
            trips=("DQV-010",),
            in_acm=("DQV-010",),
        ),
        hosts,
    )
    _plant(
        book,
        "direct",
        Case("PRC-034", "inside", charge(**local, **price, tariff="DAPF"), flagged=False),
        hosts,
    )


def _sub_contracted(book: Book) -> None:
    host, sub, site = subcontracted(book.world)
    there: Change = lambda _, event: event.both(site=site)  # noqa: E731
    _plant(book, "day_case", Case("CON-017", "plain", _and(there, _dearer("150.00"))), [host])
    _plant(book, "day_case", Case("CON-017", "threshold", _and(there, _dearer("0.01"))), [host])
    _plant(book, "day_case", Case("CON-017", "inside", there, flagged=False), [host])
    if sub not in book.offers("procedure"):
        return
    for days, variant, flagged in ((0, "plain", True), (1, "threshold", True),
                                   (2, "inside", False)):  # fmt: skip
        one = book.take("procedure", provider=host)
        two = book.take("procedure", provider=sub, like=one,
                        on=one.line["start_date"] + timedelta(days=days))  # fmt: skip
        two.record["proc"] = one.record["proc"]
        book.answer(book.fault("DUP-029"), "DUP-029", variant, two.line, flagged=flagged)


def stranger(world: Preset) -> tuple[str, str]:
    """Return a provider and a commissioner that hold no contract with each other."""
    provider = next(p for p in world.providers if p.code == acute_hosts(world)[0])
    held = {payer for prov, _, payer, *_ in agreements(world) if prov == provider.code}
    others = [c for c in world.commissioners
              if c.practices and (c.parent or c.code) not in held]  # fmt: skip
    return provider.code, others[-1].code


def _non_contracted(book: Book) -> None:
    provider, code = stranger(book.world)

    def visitor(book: Book, event: Event) -> None:
        practice = book.practice_of(code)
        event.both(comm=code, practice=practice, pds_practice=practice, gp_resp=code,
                   res_resp=code, assigned_comm=code)  # fmt: skip

    for month in (4, 6, 8):
        _plant(book, "emergency", Case("NCA-005", "look_alike", visitor, flagged=False),
               [provider], month=month)  # fmt: skip
    _plant(book, "follow_up", Case("NCA-005", "plain", _and(visitor, charge(site=None))),
           [provider], month=4)  # fmt: skip
    _plant(book, "follow_up", Case("NCA-005", "plain", _and(visitor, charge(uprice=None)),
                                   trips=("DQV-023", "PRC-035")), [provider], month=6)  # fmt: skip
    _plant(book, "phone", Case("NCA-008", "plain", _and(visitor, _dearer("5.00"))),
           [provider], month=6)  # fmt: skip
    _plant(book, "phone", Case("NCA-008", "inside", visitor, flagged=False), [provider],
           month=8)  # fmt: skip


def _other_settings(book: Book) -> None:
    hosts = acute_hosts(book.world)
    day = timedelta(days=1)

    def run(step: int) -> list[Event]:
        one = book.take("day_case", allowed=hosts, month=5)
        events = [one]
        for turn in range(1, 4):
            again = book.take("day_case", provider=one.line["prov"], like=one,
                              on=one.line["start_date"] + turn * step * day)  # fmt: skip
            for mine, first in zip((again.line, again.record), (one.line, one.record), strict=True):
                for name in ("tariff", "tfc", "uprice", "cost", "mff_cost", "proc", "diag"):
                    if name in mine:
                        mine[name] = first[name]
            events.append(again)
        return events

    answer_group(book, "SPL-022", "plain", run(7))
    answer_group(book, "SPL-022", "threshold", run(11), note="33 days")
    answer_group(book, "SPL-022", "inside", run(12), flagged=False, note="36 days")

    def returns(days: int) -> list[Event]:
        one = book.take("admission", allowed=hosts, days=0)
        two = book.take("admission", provider=one.line["prov"], like=one, days=0,
                        on=one.line["start_date"] + days * day)  # fmt: skip
        two.record["diag"] = one.record["diag"]
        for event in (one, two):
            event.charge(pod="NELST", lpod="NELST")
        return [one, two]

    back = ("SPL-007",)
    answer_group(book, "SPL-015", "plain", returns(3), trips=back)
    answer_group(book, "SPL-015", "threshold", returns(7), trips=back)
    answer_group(book, "SPL-015", "inside", returns(8), flagged=False, trips=back)
    for change, variant, flagged in (
        ({"diag": "R55X", "proc": None}, "plain", True),
        ({"diag": "R55X", "proc": "X379"}, "inside", False),
    ):  # fmt: skip

        def visit(_: Book, event: Event, change: dict[str, Any] = change) -> None:
            event.both(tfc="300")
            event.record.update(change)

        trips = ("SPL-017",) if flagged else ()
        _plant(book, "day_case", Case("SPL-018", variant, visit, flagged=flagged, trips=trips),
               hosts)  # fmt: skip
    for days, variant, flagged in ((0, "plain", True), (1, "inside", False)):
        stay = book.take("admission", allowed=hosts, days=0)
        visit_there = book.take("emergency", provider=stay.line["prov"], like=stay,
                                on=stay.line["start_date"] - days * day)  # fmt: skip
        stay.charge(pod="NELST", lpod="NELST")
        visit_there.record["department"] = "05"
        visit_there.lines.clear()
        fault = book.fault("AED-020")
        book.answer(fault, "AED-020", variant, stay.line, flagged=flagged)
        book.also(fault, ("REC-008",), visit_there.record)
        book.also(fault, ("SPL-012",), stay.line)


def _counts(book: Book) -> None:
    """Leave a few charges of one month out that SUS has."""
    prov = acute_hosts(book.world)[-1]
    month = book.free_month(prov)
    gone = [event for (event,) in book.con.execute(
        """SELECT event_no FROM lines WHERE prov = ? AND month = ? AND case_no = 0
            AND pod IN ('OPFUPSPCL', 'OPFASPCL', 'OPFUPSPNCL') ORDER BY event_no""",
        [prov, month],
    ).fetchall()]  # fmt: skip
    gone = gone[: max(7, len(gone) // 12)]
    book.con.execute(
        f"DELETE FROM lines WHERE event_no IN ({', '.join(map(str, gone))}) AND prov = '{prov}'"
    )
    fault = book.fault("REC-009")
    book.answer(fault, "REC-009", "plain", data_set="PLCM", provider_code=prov, month=month,
                note=f"{len(gone)} attendances are not charged")  # fmt: skip
    book.answer(fault, "REC-008", "consequence", data_set="SUS_OP", provider_code=prov,
                month=month)  # fmt: skip


def _money_line(book: Book, prov: str, comm: str, month: int, code: str, text: str,
                pounds: Decimal) -> None:  # fmt: skip
    book.con.execute(
        f"""INSERT INTO lines BY NAME SELECT 'PLCM' AS ds, 0 AS case_no, {month} AS seen_from,
            {EVER} AS seen_to, '{prov}' AS prov, {month} AS month, '{comm}' AS comm,
            '{comm}' AS gp_resp, 'V81998' AS practice, '12' AS csc, 'N' AS nti, 'N' AS unbundled,
            0 AS act, 0 AS uprice, 0 AS mff_cost, 'K{prov}{code}{month:02d}' AS non_cds_id,
            first_day AS start_date, last_day AS end_date, 'ADJUSTMENT' AS pod, '{code}' AS lpod,
            '{text}' AS lpod_text, {pounds} AS cost FROM months WHERE month = {month}"""
    )


def _adjustments(book: Book) -> None:
    """Charge an adjustment that nobody agreed, one after its end; leave an agreed credit out."""
    world = book.world
    providers = acute_hosts(world)
    hosts = {p.code: p.shares[0][0] for p in world.providers}
    prov = providers[0]
    for code, month, variant, pounds in (
        ("ADHOC", 7, "plain", "5321.10"), ("TRANSIT", 6, "threshold", "2040.00"),
        ("TRANSIT", 5, "inside", "2035.00"),
    ):  # fmt: skip
        _money_line(book, prov, hosts[prov], month, code, f"{code.title()} support",
                    Decimal(pounds))  # fmt: skip
        book.answer(
            book.fault("CON-015"), "CON-015", variant, flagged=variant != "inside",
            provider_code=prov, commissioner_code=hosts[prov], month=month, pod_code="ADJUSTMENT",
            note="under a code that is not in the register" if code == "ADHOC" else "",
        )  # fmt: skip
    prov = providers[-1]
    for month in range(1, 13):
        less = {5: None, 8: Decimal("-1499.99"), 9: Decimal("-1500.00")}
        pounds_given = less.get(month, Decimal(-1500 - month))
        if pounds_given is not None:
            _money_line(book, prov, hosts[prov], month, "QIPP", "Agreed efficiency", pounds_given)
        if month in less:
            book.answer(
                book.fault("CON-016"), "CON-016",
                {5: "plain", 8: "threshold", 9: "inside"}[month], flagged=month != 9,
                provider_code=prov, commissioner_code=hosts[prov], month=month,
            )  # fmt: skip


def _price_steps(book: Book) -> None:
    """Raise one local price of one provider from a month on, without telling anybody."""
    found = book.con.execute(
        f"""SELECT prov, comm, pod, tariff, tfc FROM lines
        WHERE nti = 'N' AND pod IN ('DALAB', 'DAOTHER') AND case_no = 0 AND seen_to = {EVER}
            AND prov IN ({", ".join(f"'{p}'" for p in acute_hosts(book.world))})
            AND comm <> '{HUB}'
        GROUP BY ALL HAVING count(*) FILTER (month >= {_STEP_MONTH}) >= 4
            AND count(DISTINCT month) FILTER (month < {_STEP_MONTH}) >= 3
        ORDER BY count(*) DESC, prov, comm, pod, tariff, tfc LIMIT 1"""
    ).fetchall()
    for prov, comm, pod, tariff, tfc in found:
        where = (
            f"prov = '{prov}' AND comm = '{comm}' AND pod = '{pod}' AND tariff = '{tariff}'"
            f" AND tfc = '{tfc}' AND nti = 'N' AND case_no = 0 AND month >= {_STEP_MONTH}"
        )
        months = book.con.execute(f"SELECT DISTINCT month FROM lines WHERE {where} ORDER BY 1")
        fault = book.fault("CON-009")
        # Whoever is charged the old price, or the new one, the code has several.
        book.answer(fault, "PRC-043", "consequence", data_set="PLCM", provider_code=prov,
                    pod_code=pod, tariff_code=tariff)  # fmt: skip
        for (month,) in months.fetchall():
            book.answer(fault, "CON-009", "plain", data_set="PLCM", provider_code=prov,
                        commissioner_code=comm, pod_code=pod, tariff_code=tariff, month=month,
                        note="three pounds dearer from a month on")  # fmt: skip
        book.con.execute(
            f"UPDATE lines SET uprice = uprice + 3, cost = cost + 3 * act WHERE {where}"
        )


def _phasing(book: Book) -> None:
    """Move money of the plan from one month to another, in the signed plan and in ACM's."""
    for prov, percent, variant in zip(acute_hosts(book.world)[:2], (4, 1),
                                      ("plain", "inside"), strict=False):  # fmt: skip
        comm = next(p.shares[0][0] for p in book.world.providers if p.code == prov)
        total = book.con.execute(
            f"SELECT sum(planned_cost) FROM plan WHERE prov = '{prov}' AND comm = '{comm}'"
            " AND month = 8"
        ).fetchall()[0][0]
        more = (total * percent / 100).quantize(Decimal(1)) - 1
        for table in ("plan", "plan_in_acm"):
            for month, sign in ((8, 1), (9, -1)):
                book.con.execute(
                    f"UPDATE {table} SET planned_cost = planned_cost + {sign * more} WHERE"
                    f" prov = '{prov}' AND comm = '{comm}' AND month = {month} AND pod = 'BLOCK'"
                )
        fault = book.fault("REC-019")
        for month in (8, 9):
            book.answer(fault, "REC-019", variant, flagged=variant != "inside", month=month,
                        provider_code=prov, commissioner_code=comm)  # fmt: skip


def explain_agreements(book: Book) -> None:
    """Write which charges stand outside plan or schedule, whatever fault brought them there."""
    con = book.con
    columns = "pod VARCHAR, tariff VARCHAR, tfc VARCHAR, price DECIMAL(18,2)"
    con.execute(f"CREATE OR REPLACE TEMP TABLE schedule ({columns})")
    con.executemany(
        "INSERT INTO schedule VALUES (?, ?, ?, ?)",
        [(pod, code, tfc, price) for pod, code, tfc, _, price in local_schedule(book.world)],
    )
    listed = ", ".join(f"'{pod}'" for pod in NON_ACTIVITY)
    outside = f"""
        WITH planned AS (
            SELECT DISTINCT contract_id, pod, tfc, split_part(tariff, '/', 1) AS tariff, svc,
                CASE WHEN lpod <> pod THEN lpod END AS lpod FROM plan
        ), cells AS (
            SELECT DISTINCT prov, comm, month, contract_id, pod, tfc, tariff, svc, lpod
            FROM lines JOIN agreements USING (prov, comm) WHERE basis <> 'lva' AND cost > 0
                AND (pod NOT IN ({listed}) OR pod IN ('DRUG', 'DEVICE'))
        )
        SELECT 'CON-001', NULL, prov, comm, month, pod, tariff, NULL FROM cells c WHERE NOT EXISTS (
            FROM planned p WHERE p.contract_id = c.contract_id AND p.pod = c.pod
                AND (p.tfc IS NULL OR p.tfc = c.tfc) AND (p.svc IS NULL OR p.svc = c.svc)
                AND (p.tariff IS NULL OR p.tariff = split_part(c.tariff, '/', 1))
                AND (p.lpod IS NULL OR p.lpod = c.lpod))
        UNION ALL
        SELECT CASE WHEN s.price IS NULL THEN 'PRC-034' ELSE 'PRC-033' END, 'PLCM', l.prov, l.comm,
            l.month, l.pod, l.tariff, l.lpid
        FROM lines l LEFT JOIN schedule s ON s.pod = l.pod
            AND s.tariff = split_part(l.tariff, '/', 1) AND (s.tfc IS NULL OR s.tfc = l.tfc)
        WHERE l.ds = 'PLCM' AND l.nti = 'N' AND l.pod NOT IN ({listed})
            AND l.uprice IS DISTINCT FROM s.price
        ORDER BY ALL"""
    for check, data_set, prov, comm, month, pod, tariff, lpid in con.execute(outside).fetchall():
        book.answer(
            f"{check}/{prov}", check, "consequence", data_set=data_set, provider_code=prov,
            commissioner_code=comm, month=month, pod_code=pod, tariff_code=tariff,
            local_patient_identifier=lpid,
        )  # fmt: skip
