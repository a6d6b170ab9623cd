"""Faults that only figures over many lines show: a provider unlike its peers, or unlike before.

Most are made by taking care away that would have kept the provider alike: who is left without stays
of one night has many of two. They grow with the economy, so they show at any size
that has enough such care; where there is too little, none is planted.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import isqrt, sqrt

from comptroller.demo.faults.book import Book
from comptroller.demo.faults.cases import record
from comptroller.demo.lines import EVER
from comptroller.demo.presets import Provider

_DAY = timedelta(days=1)
_NIGHTS = "end_date - start_date"
_EMERGENCY = "pod IN ('NEL', 'NELST')"
_LATEST = "month BETWEEN 10 AND 12"
_DEVIATIONS = 6


@dataclass(frozen=True)
class Loss:
    """Care that goes: at which provider, which lines, how many of a hundred, what must remain.

    ``kept`` are the lines that stand out when the others go.
    """

    check: str
    provider: str
    gone: str
    kept: str
    percent: int = 90
    trips: tuple[str, ...] = ()


_LOSSES = (
    Loss("ANO-010", "ZN1", f"{_EMERGENCY} AND {_NIGHTS} = 1", f"{_EMERGENCY} AND {_NIGHTS} = 2",
         percent=97),
    Loss("AED-019", "ZN1", f"pod = 'AE' AND {_LATEST} AND tariff >= 'VB05Z'",
         f"pod = 'AE' AND {_LATEST} AND tariff < 'VB05Z'", percent=85),
    Loss("ANO-001", "ZNA", f"pod IN ('DC', 'EL') AND {_LATEST} AND uprice < 1500",
         f"pod IN ('DC', 'EL') AND {_LATEST} AND uprice >= 1500"),
)  # fmt: skip


def plant_statistics(book: Book) -> None:
    """Plant every fault of this module; the economy's own lines change, and before the totals."""
    for loss in _LOSSES:
        _lose(book, loss)
    for plant in (_readmitted, _come_often, _much_drug, _round_pounds, _undercharged):
        # A small economy may lack a kind of care that a fault needs: then it is not planted.
        with suppress(LookupError):
            plant(book)


def _lose(book: Book, loss: Loss) -> None:
    """Take care away; not the attendance through which an emergency was admitted."""
    base = (
        f"prov = '{loss.provider}' AND ds = 'PLCM' AND case_no = 0 AND seen_to = {EVER}"
        " AND event_no IS NOT NULL"
    )
    kept, gone = book.con.execute(
        f"""SELECT count(*) FILTER ({loss.kept}), count(*) FILTER ({loss.gone})
        FROM lines WHERE {base}"""
    ).fetchall()[0]
    if not _stands_out(kept, gone, loss.percent):
        return
    book.con.execute(
        f"""CREATE OR REPLACE TEMP TABLE lost AS SELECT DISTINCT event_no FROM lines
        WHERE {base} AND ({loss.gone}) AND rnd(event_no, 61) * 100 < {loss.percent}
            AND event_no NOT IN (SELECT event_no FROM lines WHERE ds <> 'PLCM'
                AND event_no IS NOT NULL)
            AND NOT (pod = 'AE' AND EXISTS (SELECT 1 FROM lines s WHERE s.prov = lines.prov
                AND s.nhs = lines.nhs AND s.pod IN ('NEL', 'NELST')
                AND s.start_date - lines.start_date BETWEEN 0 AND 1))"""
    )
    for table in ("lines", "sus"):
        book.con.execute(
            f"DELETE FROM {table} WHERE case_no = 0 AND event_no IN (SELECT event_no FROM lost)"
        )
    fault = book.fault(loss.check)
    book.answer(fault, loss.check, "plain", provider_code=loss.provider, data_set="PLCM",
                note=f"{loss.percent} in a hundred of its other care were taken away")  # fmt: skip
    for check in (*loss.trips, "REC-024"):
        book.answer(fault, check, "consequence", provider_code=loss.provider)


def _stands_out(kept: int, gone: int, percent: int) -> bool:
    """Tell whether a share rises by so many standard deviations that nobody can call it chance."""
    if not kept or not gone:
        return False
    left = kept + gone * (100 - percent) / 100
    share = kept / (kept + gone)
    return kept - left * share > _DEVIATIONS * sqrt(left * share * (1 - share))


def explain_volumes(book: Book) -> None:
    """Say that planted care, which comes in the months 2 to 10, leaves less in the two after."""
    for provider in book.world.providers:
        for month in (11, 12):
            book.answer("REC-024/volumes", "REC-024", "consequence", provider_code=provider.code,
                        data_set="SUS_APC", month=month)  # fmt: skip


def _size(book: Book, provider: str, where: str) -> int:
    found = book.con.execute(
        f"SELECT count(*) FROM lines WHERE prov = '{provider}' AND case_no = 0 AND {where}"
    ).fetchall()
    return int(found[0][0])


def _home(book: Book, kind: str, *choices: str) -> Provider:
    offers = book.offers(kind)
    for code in choices:
        if code in offers:
            return next(p for p in book.world.providers if p.code == code)
    raise LookupError(f"none of {choices} offers {kind}")


def _readmitted(book: Book) -> None:
    home = _home(book, "admission", "ZN8", "ZN3")
    pairs = 12 + 2 * isqrt(_size(book, home.code, "pod IN ('EL', 'NEL', 'NELST')"))
    fault = book.fault("ANO-008")
    for turn in range(pairs):
        one = book.take("admission", provider=home.code, days=3)
        on = one.line["end_date"] + (9 + turn % 12) * _DAY
        two = book.take("admission", provider=home.code, like=one, on=on, days=3)
        two.both(tfc=one.line["tfc"])
        book.also(fault, ("SPL-006", "SPL-007", "SPL-009", "SPL-028"), one.line)
    book.answer(fault, "ANO-008", "plain", provider_code=home.code, data_set="PLCM",
                note=f"{pairs} patients came back within three weeks")  # fmt: skip


def _come_often(book: Book) -> None:
    home = _home(book, "emergency", "ZN4", "ZN2")
    people = 6 + isqrt(_size(book, home.code, "pod = 'AE'")) // 6
    fault = book.fault("AED-018")
    for _ in range(people):
        one = book.take("emergency", provider=home.code, month=2)
        for step in range(1, 8):
            again = book.take("emergency", provider=home.code, like=one,
                              on=one.line["start_date"] + 13 * step * _DAY)  # fmt: skip
            again.both(tfc=one.line["tfc"])
        book.also(fault, ("AED-007",), one.line)
    book.answer(fault, "AED-018", "plain", provider_code=home.code, data_set="PLCM",
                note=f"{people} people came eight times each")  # fmt: skip


def _much_drug(book: Book) -> None:
    home = _home(book, "drug", "ZN3", "ZN1")
    fault = book.fault("HCD-031")
    for _ in range(12):
        event = book.take("drug", provider=home.code)
        line = event.line
        line.update(qty=Decimal(36), cost=line["uprice"] * 36 + (line["home_charge"] or 0))
    book.answer(fault, "HCD-031", "plain", provider_code=home.code, data_set="PLCM",
                note="twelve patients were given thirty-six units each")  # fmt: skip


def _round_pounds(book: Book) -> None:
    for variant, code, odd in (("plain", "ZNA", 0), ("inside", "ZNB", 3)):
        comm = next(p.shares[0][0] for p in book.world.providers if p.code == code)
        for month in range(2, 8):
            amount = Decimal(1100 + 300 * month) + (Decimal("17.35") if month - 2 < odd else 0)
            book.con.execute(
                f"""INSERT INTO lines BY NAME SELECT 'PLCM' AS ds, 0 AS case_no,
                {month} AS seen_from, {EVER} AS seen_to, '{code}' AS prov, {month} AS month,
                '{comm}' AS comm, '{comm}' AS gp_resp, 'V81998' AS practice, '12' AS csc,
                'N' AS nti, 'N' AS unbundled, 0 AS act, 0 AS uprice, 0 AS mff_cost,
                'K{code}RND{month:02d}' AS non_cds_id, first_day AS start_date,
                last_day AS end_date, 'ADJUSTMENT' AS pod, 'RND{month:02d}' AS lpod,
                'Transition support, part {month}' AS lpod_text, {amount} AS cost
                FROM months WHERE month = {month}"""
            )
        book.answer(book.fault("ANO-016"), "ANO-016", variant, provider_code=code,
                    data_set="ACM", flagged=variant == "plain",
                    note=f"six adjustments, {6 - odd} of them whole hundreds")  # fmt: skip


def _undercharged(book: Book) -> None:
    for variant, charges, choices in (("plain", 11, ("ZN8", "ZN2")), ("inside", 6, ("ZPX01",))):
        home = _home(book, "first", *choices)
        for _ in range(charges):
            event = book.take("first", provider=home.code)
            record(cost=event.record["cost"] + Decimal("20.00"))(book, event)
        pod = event.line["pod"]
        book.answer(book.fault("ANO-018"), "ANO-018", variant, provider_code=home.code,
                    data_set="PLCM", pod_code=pod, flagged=variant == "plain",
                    note=f"{charges} attendances are charged 20 pounds too little")  # fmt: skip
