"""Faults that the SUS record of one event tells: times, dates, sex, status, what was coded twice.

Cases as in ``care``: only what is wrong differs.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from comptroller.demo.faults.book import Book, Event
from comptroller.demo.faults.cases import WRITTEN, Case, Change, all_of, charge, record

_DAY = timedelta(days=1)
_STAY = ("day_case", "elective", "admission")
_LEFT, _STREAMED, _DEAD = "1066301000000103", "1077031000000103", "63238001"


def _both(**values: Any) -> Change:
    return lambda _, event: event.both(**values)


def _lasting(days: int) -> Change:
    return lambda book, event: book.move(event, event.line["start_date"], days)


def _stayed(minutes: int) -> Change:
    """Let the patient be admitted and leave so many minutes later, without a procedure."""

    def change(book: Book, event: Event) -> None:
        book.move(event, event.line["start_date"], 0)
        event.record["left_at"] = event.record["admitted_at"] + timedelta(minutes=minutes)

    return change


def _on(name: str, days: int, *, of: str = "start_date") -> Change:
    """Set a date of the SUS record so many days after its start or end."""
    return lambda _, event: event.record.update({name: event.record[of] + days * _DAY})


def _repeated(before: str = "") -> Change:
    return lambda _, event: event.record.update(procs=before + event.record["proc"])


def _well_baby(hrg: str) -> Change:
    def change(_: Book, event: Event) -> None:
        event.both(tariff=hrg)
        event.extra["tariff"] = "XA05Z"

    return change


_seen = partial(Case, kinds=("emergency",))
_treated = _both(tariff="VB03Z")
_coded = partial(Case, kinds=("day_case",))
_admitted = partial(Case, kinds=("admission",))
_longer = partial(Case, kinds=("long_stay",), extra=True)
_first = partial(Case, kinds=("first",))
_UNCODED = ("COD-011",)

TOLD = (
    _admitted("SPL-011", "plain", _stayed(90)),
    _admitted("SPL-011", "threshold", _stayed(239)),
    _admitted("SPL-011", "inside", _stayed(240), flagged=False),
    _admitted("SPL-011", "missing", all_of(_stayed(90), record(left_at=None)), flagged=False),
    _admitted("SPL-026", "plain", record(admission_method="21")),
    _admitted("SPL-026", "inside", record(admission_method="22"), flagged=False,
              note="sent in by a practice"),
    _admitted("SPL-028", "plain", _on("decided_on", -12)),
    _admitted("SPL-028", "threshold", _on("decided_on", -2)),
    _admitted("SPL-028", "inside", _on("decided_on", -1), flagged=False),
    _admitted("SPL-028", "missing", record(decided_on=None), flagged=False),
    _longer("SPL-034", "plain", record(leave_days=2)),
    _longer("SPL-034", "threshold", record(leave_days=1)),
    _longer("SPL-034", "inside", record(leave_days=0), flagged=False),
    _longer("SPL-034", "missing", record(leave_days=None), flagged=False),
    _longer("PQL-005", "plain", _on("ready_on", -5, of="end_date")),
    _longer("PQL-005", "threshold", _on("ready_on", -2, of="end_date")),
    _longer("PQL-005", "inside", _on("ready_on", -1, of="end_date"), flagged=False),
    _longer("PQL-005", "missing", record(ready_on=None), flagged=False),
    _seen("AED-004", "plain", all_of(_treated, record(ec_status=_LEFT))),
    _seen("AED-004", "inside", all_of(_both(tariff="VB11Z"), record(ec_status=_LEFT)),
          flagged=False, note="the simplest attendance"),
    _seen("AED-004", "missing", all_of(_treated, record(ec_status=None)), flagged=False),
    _seen("AED-005", "plain", all_of(_treated, record(category="X"))),
    _seen("AED-005", "plain", all_of(_treated, record(ec_status=_DEAD))),
    _seen("AED-005", "inside", all_of(_both(tariff="VB99Z"), record(category="X")),
          flagged=False, note="charged as what it was"),
    _seen("AED-005", "missing", all_of(_treated, record(category=None)), flagged=False),
    _seen("AED-006", "plain", record(category="4")),
    _seen("AED-006", "inside", record(category="3"), flagged=False, note="it was not planned"),
    _seen("AED-006", "missing", record(category=None), flagged=False),
    _seen("AED-010", "plain", all_of(_treated, record(ec_status=_STREAMED))),
    _seen("AED-010", "inside", all_of(_both(tariff="VB11Z"), record(ec_status=_STREAMED)),
          flagged=False, note="the simplest attendance"),
    _seen("AED-010", "missing", all_of(_treated, record(ec_status=None)), flagged=False),
    _seen("AED-012", "plain", record(mechanism="02")),
    _seen("AED-012", "missing", record(mechanism=None), flagged=False),
    _seen("AED-022", "plain", record(complaint=None)),
    _coded("COD-006", "plain", all_of(_both(sex="1"), _both(tariff="MA22Z")), layouts=WRITTEN),
    _coded("COD-006", "inside", all_of(_both(sex="2"), _both(tariff="MA22Z")), flagged=False,
           layouts=WRITTEN),
    _coded("COD-008", "plain", all_of(_both(sex="1"), record(proc="Q181"))),
    _coded("COD-008", "plain", all_of(_both(sex="2"), record(proc="M653"))),
    _coded("COD-008", "inside", all_of(_both(sex="2"), record(proc="Q181")), flagged=False),
    _coded("COD-008", "missing", record(sex=None, proc="Q181"), flagged=False),
    _coded("COD-009", "plain", all_of(_both(sex="2"), record(diag="N40X"))),
    _coded("COD-009", "plain", all_of(_both(sex="1"), record(diag="N832"))),
    _coded("COD-009", "inside", all_of(_both(sex="1"), record(diag="N40X")), flagged=False),
    _coded("COD-009", "missing", record(sex=None, diag="N40X"), flagged=False),
    Case("COD-011", "plain", record(diag=None), kinds=_STAY),
    Case("COD-011", "inside", record(diag="K573"), flagged=False, kinds=_STAY),
    _admitted("COD-013", "plain", all_of(record(diag="R074"), _lasting(5))),
    _admitted("COD-013", "threshold", all_of(record(diag="R074"), _lasting(2))),
    _admitted("COD-013", "inside", all_of(record(diag="R074"), _lasting(1)), flagged=False),
    _admitted("COD-013", "missing", all_of(record(diag=None), _lasting(5)), flagged=False,
              trips=_UNCODED),
    _coded("COD-019", "plain", record(diag="T814")),
    _coded("COD-019", "inside", record(diag="T793"), flagged=False, note="not of care"),
    _coded("COD-019", "missing", record(diag=None), flagged=False, trips=_UNCODED),
    _coded("COD-022", "plain", _on("proc_on", -6)),
    _coded("COD-022", "threshold", _on("proc_on", -1)),
    _coded("COD-022", "threshold", _on("proc_on", 1)),
    _coded("COD-022", "inside", _on("proc_on", 0), flagged=False),
    _coded("COD-022", "missing", record(proc_on=None), flagged=False),
    _coded("COD-024", "plain", _repeated()),
    _coded("COD-024", "inside", _repeated("Z942|"), flagged=False, note="with its side"),
    _coded("COD-031", "plain", record(diag="S720", diags="I10X")),
    _coded("COD-031", "inside", record(diag="S720", diags="I10X|W190"), flagged=False),
    _coded("COD-031", "missing", record(diag="S720", diags=None), flagged=False),
    Case("COD-035", "plain", record(cleaned=True), kinds=("long_stay",)),
    Case("COD-035", "missing", record(cleaned=None), flagged=False, kinds=("long_stay",)),
    Case("DQV-003", "plain", record(nhs_status="03")),
    Case("DQV-003", "inside", record(nhs_status="07"), flagged=False, note="none is needed"),
    Case("DQV-003", "missing", record(nhs_status=None), flagged=False),
    Case("DQV-030", "plain", record(dq_error=True), kinds=("first", "day_case")),
    Case("DQV-030", "missing", record(dq_error=None), flagged=False),
    _first("OPC-014", "plain", all_of(charge(pod="OPFAMPCL", lpod="OPFAMPCL"),
                                      record(multi="1"))),
    _first("OPC-014", "inside", all_of(charge(pod="OPFAMPCL", lpod="OPFAMPCL"),
                                       record(multi="2")), flagged=False),
    _first("OPC-014", "missing", all_of(charge(pod="OPFAMPCL", lpod="OPFAMPCL"),
                                        record(multi=None)), flagged=False),
    Case("PQL-006", "plain", all_of(_lasting(5), _on("proc_on", 1)), kinds=("elective",)),
    Case("PQL-006", "threshold", all_of(_lasting(5), _on("proc_on", 2)), kinds=("elective",)),
    Case("PQL-006", "inside", all_of(_lasting(5), _on("proc_on", 3)), flagged=False,
         kinds=("elective",)),
    Case("PQL-006", "missing", all_of(_lasting(5), record(proc_on=None)), flagged=False,
         kinds=("elective",)),
    Case("PQL-009", "plain", all_of(_lasting(0), record(discharge_method="2", proc=None)),
         kinds=("elective",)),
    Case("PQL-009", "threshold", all_of(_lasting(0), record(
        discharge_method="4", discharge_to="79", proc=None)), kinds=("elective",), note="died"),
    Case("PQL-009", "inside", all_of(_lasting(0), record(discharge_method="2")), flagged=False,
         kinds=("elective",), note="operated on"),
    Case("PQL-009", "missing", all_of(_lasting(0), record(discharge_method=None, proc=None)),
         flagged=False, kinds=("elective",)),
    _first("PQL-013", "plain", charge(lpod_text="Two week wait clinic"), layouts=WRITTEN),
    _first("PQL-013", "inside", all_of(charge(lpod_text="Two week wait clinic"),
                                       record(priority="3")), flagged=False, layouts=WRITTEN),
    _first("PQL-013", "missing", all_of(charge(lpod_text="Two week wait clinic"),
                                        record(priority=None)), flagged=False, layouts=WRITTEN),
    Case("CRC-010", "plain", _well_baby("PB03Z"), kinds=("critical",), extra=True,
         trips=("PRC-038", "COD-007")),
    Case("CRC-010", "inside", _well_baby("PB02Z"), flagged=False, kinds=("critical",), extra=True,
         trips=("PRC-038", "COD-007")),
)  # fmt: skip
