"""The casebook: lives an event of the economy again for a new patient, and keeps the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb
import pyarrow as pa

from comptroller.demo.lines import EVER, LINE_COLUMNS, SUS_COLUMNS
from comptroller.demo.people import FIRST_CASE
from comptroller.demo.presets import HUB, Preset, Provider
from comptroller.demo.schedule import month_end, month_start

Row = dict[str, Any]
KEY_COLUMNS = (
    "fault_id", "check_id", "variant", "expected", "data_set", "provider_code",
    "commissioner_code", "financial_year", "month", "local_patient_identifier",
    "hospital_provider_spell_identifier", "attendance_identifier", "cds_unique_identifier",
    "activity_start_date", "pod_code", "tariff_code", "note",
)  # fmt: skip

# What a template of each kind looks like among the base economy's lines.
_KINDS = {
    "follow_up": "pod = 'OPFUPSPCL' AND n_lines = 1",
    "first": "pod = 'OPFASPCL' AND n_lines = 1",
    "procedure": "pod LIKE 'OPPROC%' AND n_lines = 1",
    "phone": "pod = 'NF2FFUP' AND n_lines = 1",
    "emergency": "pod = 'AE' AND lpod = 'AE' AND n_lines = 1",
    "admission": "pod = 'NEL' AND n_lines = 1 AND end_date - start_date BETWEEN 2 AND 6",
    "day_case": "pod = 'DC' AND n_lines = 1",
    "elective": "pod = 'EL' AND n_lines = 1 AND end_date - start_date BETWEEN 1 AND 6",
    "scan": "pod = 'DAIMG' AND tariff LIKE 'RD%' AND n_lines = 1",
    "direct": "pod LIKE 'DA%' AND n_lines = 1",
    "contact": "pod = 'COMM' AND n_lines = 1",
    "drug": "ds = 'DrPLCM' AND home_charge = 0",
    "device": "ds = 'DePLCM'",
    "long_stay": "pod IN ('NELXBD', 'ELXBD') AND n_lines = 2",
    "critical": "pod = 'UNBACC' AND n_lines = 2",
    "dialysis": "pod = 'RADAY' AND n_lines = 1",
}
_CASE_EVENTS = 70_000_000_000


@dataclass
class Event:
    """One event lived again: its charged lines, its SUS records, the month it is reported in."""

    lines: list[Row]
    sus: list[Row]

    @property
    def line(self) -> Row:
        """Return the line that a fault is about: the drug or device, else the event's own."""
        for line in self.lines:
            if line["ds"] != "PLCM":
                return line
        return next((r for r in self.lines if not _is_extra(r)), self.lines[0])

    @property
    def extra(self) -> Row:
        """Return the line of excess bed days or critical care."""
        return next(r for r in self.lines if _is_extra(r))

    @property
    def record(self) -> Row:
        """Return the SUS record."""
        return self.sus[0]

    @property
    def rows(self) -> list[Row]:
        """Return lines and records together."""
        return [*self.lines, *self.sus]

    def both(self, **values: Any) -> None:
        """Set values on every line and record that has such a column."""
        for row in self.rows:
            for name, value in values.items():
                if name in row:
                    row[name] = value

    def charge(self, **values: Any) -> None:
        """Set values on the charged lines only."""
        for row in self.lines:
            for name, value in values.items():
                if name in row:
                    row[name] = value


def _is_extra(row: Row) -> bool:
    return str(row["pod"]).endswith("XBD") or row["unbundled"] == "Y"


@dataclass
class Book:
    """Everything planted: events to insert, the answer key, and changes to totals and deliveries.

    ``instances`` says how many plain cases each kind of fault gets.
    """

    con: duckdb.DuckDBPyConnection
    world: Preset
    instances: int
    cumulative: bool
    events: list[Event] = field(default_factory=list)
    key: list[tuple[Any, ...]] = field(default_factory=list)
    deltas: list[Row] = field(default_factory=list)
    organisations: list[tuple[Any, ...]] = field(default_factory=list)
    practices: list[tuple[Any, ...]] = field(default_factory=list)
    registrations: list[tuple[Any, ...]] = field(default_factory=list)
    approvals: list[tuple[Any, ...]] = field(default_factory=list)
    unapproved: list[tuple[str]] = field(default_factory=list)
    late: dict[tuple[str, str, int], date] = field(default_factory=dict)
    contract_errors: list[tuple[Any, ...]] = field(default_factory=list)
    _templates: dict[str, list[Event]] = field(default_factory=dict)
    _turns: Counter[str] = field(default_factory=Counter)
    _people: list[str] = field(default_factory=list)
    _used_slices: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Fetch the templates and the case patients' NHS numbers."""
        rows = self.con.execute(
            f"SELECT nhs FROM nhs_numbers WHERE person >= {FIRST_CASE} ORDER BY person DESC"
        ).fetchall()
        self._people = [nhs for (nhs,) in rows]
        self._fetch_templates()
        self.owners = self._practice_owners()

    def _practice_owners(self) -> dict[str, list[str]]:
        out: dict[str, list[str]] = {}
        for practice, owner in self.con.execute(
            "SELECT practice, owner FROM practice_list ORDER BY practice"
        ).fetchall():
            out.setdefault(owner, []).append(practice)
            parent = next(c.parent for c in self.world.commissioners if c.code == owner)
            if parent:
                out.setdefault(parent, []).append(practice)
        return out

    def _fetch_templates(self) -> None:
        hosts = ", ".join(f"('{p.code}', '{p.shares[0][0]}')" for p in self.world.providers)
        cases = " ".join(f"WHEN {test} THEN '{kind}'" for kind, test in _KINDS.items())
        self.con.execute(
            f"""CREATE OR REPLACE TEMP TABLE chosen AS
            WITH usable AS (
                SELECT *, count(*) FILTER (ds = 'PLCM') OVER (PARTITION BY event_no) AS n_lines,
                    count(*) OVER (PARTITION BY event_no) AS n_all
                FROM lines
                WHERE seen_to = {EVER} AND seen_from = month AND month BETWEEN 4 AND 12
                    AND csc = '12' AND svc IS NULL AND withheld IS NULL AND nhs IS NOT NULL
                    AND age BETWEEN 20 AND 89 AND event_no IS NOT NULL
                    AND coalesce(tfc, '') <> '502' AND coalesce(tariff, '') NOT LIKE 'LB%'
                    AND (prov, comm) IN (SELECT * FROM (VALUES {hosts}))
            ), kinds AS (
                SELECT event_no, prov, CASE {cases} END AS kind FROM usable
                WHERE ds <> 'PLCM' OR n_all = n_lines
            )
            SELECT kind, prov, event_no FROM kinds WHERE kind IS NOT NULL
                AND event_no NOT IN (SELECT event_no FROM sus WHERE died_on IS NOT NULL)
            QUALIFY row_number() OVER (PARTITION BY prov, kind ORDER BY event_no) <= 4"""
        )
        kinds = self.con.execute("FROM chosen ORDER BY kind, event_no, prov").fetchall()
        lines = self._rows("lines", LINE_COLUMNS)
        sus = self._rows("sus", SUS_COLUMNS)
        for kind, _, event_no in kinds:
            event = Event(lines.get(event_no, []), sus.get(event_no, []))
            self._templates.setdefault(kind, []).append(event)

    def _rows(self, table: str, columns: dict[str, str]) -> dict[int, list[Row]]:
        names = list(columns)
        last = "pod, non_cds_id" if table == "lines" else "cds_id"
        out: dict[int, list[Row]] = {}
        for values in self.con.execute(
            f"SELECT {', '.join(names)} FROM {table} WHERE seen_to = {EVER}"
            f" AND event_no IN (SELECT event_no FROM chosen) ORDER BY event_no, ds, {last}"
        ).fetchall():
            row = dict(zip(names, values, strict=True))
            out.setdefault(row["event_no"], []).append(row)
        return out

    # ---- living events again ----

    def take(
        self,
        kind: str,
        *,
        provider: str | None = None,
        month: int | None = None,
        like: Event | None = None,
        on: date | None = None,
        days: int | None = None,
        allowed: Iterable[str] | None = None,
    ) -> Event:
        """Return a clean event of a kind for a new patient, or for the patient of ``like``.

        Args:
            kind: One of the kinds of templates.
            provider: Where; by default providers take turns.
            month: The financial month in which it ends; by default months take turns.
            like: An event of the patient who lives this one too.
            on: The day it starts; by default one in the middle of the month.
            days: Length of stay; by default the template's.
            allowed: Providers that may be chosen.
        """
        template = self._template(kind, provider, allowed)
        event = Event([dict(r) for r in template.lines], [dict(r) for r in template.sus])
        number = len(self.events) + 1
        legacy = next(p for p in self.world.providers if p.code == event.line["prov"])
        if on is None:
            turn = self._turns["month"]
            self._turns["month"] += 1
            month = month or 2 + turn % 9
            if month <= legacy.legacy_until_month:
                month += 3
            length = (event.line["end_date"] - event.line["start_date"]).days
            on = month_start(self.world, month) + timedelta(days=8 + turn % 9)
            on -= timedelta(days=max(0, length - 6))
        self._identify(event, number, like)
        self.move(event, on, days)
        self.events.append(event)
        return event

    def _template(self, kind: str, provider: str | None, allowed: Iterable[str] | None) -> Event:
        everywhere = self._templates.get(kind, [])
        choices = everywhere
        some = {provider} if provider else set(allowed) if allowed is not None else None
        if some is not None:
            choices = [e for e in everywhere if e.line["prov"] in some]
        if not choices and everywhere and some:
            # A small economy may not have such care there: it is moved from elsewhere.
            homes = sorted(some)
            return self._rehouse(
                everywhere[self._turns[kind] % len(everywhere)],
                homes[self._turns[kind] % len(homes)],
            )
        if not choices:
            raise LookupError(f"no {kind} to copy at {provider or allowed or 'any provider'}")
        if provider is None:
            providers = sorted({e.line["prov"] for e in choices})
            chosen = providers[self._turns[kind] % len(providers)]
            choices = [e for e in choices if e.line["prov"] == chosen]
        self._turns[kind] += 1
        return choices[self._turns[kind] % len(choices)]

    def _rehouse(self, template: Event, code: str) -> Event:
        """Return the event as if another provider had given the care, at its market forces."""
        self._turns[template.line["pod"]] += 1
        home = next(p for p in self.world.providers if p.code == code)
        host = home.shares[0][0]
        practice = self.practice_of(host)
        event = Event([dict(r) for r in template.lines], [dict(r) for r in template.sus])
        for row in event.rows:
            row |= {"prov": code, "site": f"{code}01", "comm": host, "practice": practice}
            for name, value in (("gp_resp", host), ("res_resp", host), ("assigned_comm", host),
                                ("pds_practice", practice), ("mff", home.mff)):  # fmt: skip
                if name in row:
                    row[name] = value
            if row.get("nti") == "Y" and row["act"]:
                base = row["uprice"] - row["mff_cost"] / row["act"]
                row["uprice"] = (base * home.mff).quantize(Decimal("0.01"), ROUND_HALF_UP)
                row["cost"] = row["uprice"] * row["act"]
                row["mff_cost"] = row["cost"] - base * row["act"]
        for record in event.sus:
            record["cost"] = sum(
                line["cost"] for line in event.lines
                if line["ds"] == "PLCM" and line["unbundled"] == "N"
            )  # fmt: skip
        return event

    def reserve(self, provider: str, month: int) -> None:
        """Keep a provider's month for one fault of totals."""
        self._used_slices.add((provider, month))

    def offers(self, kind: str) -> list[str]:
        """Return the providers that a kind of event can be had from."""
        return sorted({e.line["prov"] for e in self._templates.get(kind, [])})

    def _identify(self, event: Event, number: int, like: Event | None) -> None:
        case = _CASE_EVENTS + number
        for row in event.rows:
            prov = row["prov"]
            row |= {"case_no": number, "event_no": case, "seen_to": EVER}
            row["nhs"] = self._people[number - 1]
            row["lpid"] = f"{prov}{9_000_000 + number}"
            for name, letter in (("spell_id", "S"), ("att_id", "A"), ("ec_id", "E")):
                if row[name]:
                    row[name] = f"{letter}{case:011d}"
            if row["cds_id"]:
                row["cds_id"] = f"B{prov}{case:014d}"
            if row.get("pathway"):
                row["pathway"] = f"P{case:014d}"
            if row.get("admission_method") == "21":
                # The attendance that led to the stay is not lived again: a practice sent this one.
                row["admission_method"] = "22"
            if row.get("non_cds_id"):
                row["non_cds_id"] = f"{row['non_cds_id'][0]}{prov}{case:014d}"
            if row.get("dev_serial"):
                row["dev_serial"] = f"SN{number:010d}"
            if like:
                self._same_person(row, like)

    def _same_person(self, row: Row, like: Event) -> None:
        other = like.rows[0]
        row |= {name: other[name] for name in ("nhs", "dob", "sex", "postcode", "ethnic")}
        if row["prov"] == other["prov"]:
            row["lpid"] = other["lpid"]
        row["practice"] = other["practice"]
        if self.payer(row["comm"]) != self.payer(other["comm"]):
            # Whoever treats the patient charges the patient's own commissioner.
            for name in ("comm", "gp_resp", "res_resp", "assigned_comm"):
                if name in row:
                    row[name] = other["comm"]
        if "pds_practice" in row:
            row["pds_practice"] = other["practice"]

    def move(self, event: Event, start: date, days: int | None = None) -> None:
        """Let an event start on another day, and last so many days; months and ages follow."""
        for row in event.rows:
            old = row["start_date"]
            length = (row["end_date"] - old).days if days is None else days
            if days is not None or not _is_drug(row):
                row["start_date"], row["end_date"] = start, start + timedelta(days=length)
            if row.get("arrived"):
                shift = start - row["arrived"].date()
                for name in ("arrived", "departed", "seen_at"):
                    row[name] += shift
            if row.get("admitted_at"):
                row["proc_on"] = row["proc_on"] and start
                row["decided_on"] += start - old
                row["ready_on"] = row["ready_on"] and row["end_date"]
                row["admitted_at"] += start - row["admitted_at"].date()
                row["left_at"] += row["end_date"] - row["left_at"].date()
            if row.get("referred_on"):
                row["referred_on"] = start - timedelta(days=40)
        main = next(
            (r for r in event.lines if not _is_drug(r) and not _is_extra(r)), event.lines[0]
        )
        for row in event.rows:
            if _is_drug(row):
                row["start_date"] = row["end_date"] = main["end_date"]
            elif "unbundled" in row and row["unbundled"] == "Y":
                row["end_date"] = main["end_date"]
                row["start_date"] = main["end_date"] - timedelta(days=int(row["act"] or 0))
            elif "pod" in row and str(row["pod"]).endswith("XBD"):
                row["start_date"], row["end_date"] = main["start_date"], main["end_date"]
            row["month"] = row["seen_from"] = (row["end_date"].month + 8) % 12 + 1
            row["age"] = _age(row["dob"], row["end_date"])
            if "los" in row and row["los"] is not None:
                row["los"] = (row["end_date"] - row["start_date"]).days
            if row.get("adj_los") is not None and days is not None:
                row["adj_los"] = days

    def another(self, code: str, provider: str) -> str:
        """Return another commissioner that a provider treats patients of, of another body."""
        own = self.payer(code)
        here: Provider = next(p for p in self.world.providers if p.code == provider)
        for choice, _ in here.shares:
            if choice != HUB and self.payer(choice) != own:
                return choice
        return next(c.code for c in self.world.commissioners if c.practices and c.code != own
                    and self.payer(c.code) != own)  # fmt: skip

    def payer(self, code: str) -> str:
        """Return the body that a commissioner's code belongs to."""
        for c in self.world.commissioners:
            if c.code == code:
                return c.parent or c.code
            if c.former == code:
                return c.parent
        return code

    def practice_of(self, code: str) -> str:
        """Return a practice of a commissioner; practices take turns."""
        choices = self.owners[code]
        self._turns["practice"] += 1
        return choices[self._turns["practice"] % len(choices)]

    def free_month(self, provider: str, *, last: int = 10) -> int:
        """Return a month of a provider's that no other fault of totals or versions uses."""
        for month in range(4, last + 1):
            if (provider, month) not in self._used_slices:
                self._used_slices.add((provider, month))
                return month
        raise LookupError(f"every month of {provider} has a fault already")

    # ---- the answers ----

    def fault(self, check: str) -> str:
        """Return a new fault's name, such as ``ATT-001/03``."""
        self._turns[check] += 1
        return f"{check}/{self._turns[check]:02d}"

    def answer(
        self,
        fault: str,
        check: str,
        variant: str,
        row: Row | None = None,
        *,
        flagged: bool = True,
        only: Sequence[str] | None = None,
        note: str = "",
        **values: Any,
    ) -> None:
        """Write one row of the answer key.

        Args:
            fault: The fault's name; several rows may belong to one fault.
            check: The catalogue's id of the check in question.
            variant: plain, threshold, inside, missing, combined, look_alike or consequence.
            row: The line or record that shows it; none for a fault of a slice.
            flagged: Whether the check is expected to find it.
            only: The columns of ``row`` that identify it; by default all.
            note: What was planted, in words.
            values: Identifying values that replace those of the row; None takes one out.
        """
        found = {
            "data_set": row["ds"] if row else None,
            "provider_code": row["prov"] if row else None,
            "commissioner_code": row["comm"] if row else None,
            "month": row["month"] if row else None,
            "local_patient_identifier": row["lpid"] if row else None,
            "hospital_provider_spell_identifier": row["spell_id"] if row else None,
            "attendance_identifier": (row["att_id"] or row["ec_id"]) if row else None,
            "cds_unique_identifier": row["cds_id"] if row else None,
            "activity_start_date": row["start_date"] if row else None,
            "pod_code": row.get("pod") if row else None,
            "tariff_code": row["tariff"] if row else None,
        }
        if only is not None:
            found = {name: value for name, value in found.items() if name in only}
        found |= values
        found |= {
            "fault_id": fault,
            "check_id": check,
            "variant": variant,
            "expected": "flagged" if flagged else "clear",
            "financial_year": self.world.financial_year,
            "note": note,
        }
        self.key.append(tuple(found.get(name) for name in KEY_COLUMNS))

    def also(self, fault: str, checks: Iterable[str], row: Row, **values: Any) -> None:
        """Write that a fault necessarily trips other checks on the same patient of a provider."""
        for check in checks:
            self.answer(
                fault, check, "consequence", row, only=("provider_code",),
                **{"local_patient_identifier": row["lpid"], **values},
            )  # fmt: skip

    def explain_prices(self) -> None:
        """Write where planted charges differ from what SUS says of them, slice by slice."""
        for event in self.events:
            # Excess bed days that have lost their spell are not seen as part of its price.
            charged = [
                r
                for r in event.lines
                if r["ds"] == "PLCM" and r["unbundled"] != "Y"
                and (not _is_extra(r) or r["spell_id"] == event.line["spell_id"])
            ]  # fmt: skip
            if not charged or not event.sus:
                continue
            for row in charged:
                if not _is_extra(row) and row["cost"] != event.record["cost"]:
                    self.also(f"PRC-050/{row['case_no']}", ("PRC-050",), row)
            if sum(r["cost"] or 0 for r in charged) != sum(r["cost"] or 0 for r in event.sus):
                for row in (*charged, *event.sus):
                    self.answer(
                        f"REC-010/{event.lines[0]['case_no']}", "REC-010", "consequence", row,
                        only=("provider_code", "commissioner_code", "month"),
                    )  # fmt: skip

    # ---- into the tables ----

    def insert(self) -> None:
        """Append every case's lines and records to the economy."""
        for table, columns, rows in (
            ("lines", LINE_COLUMNS, [r for e in self.events for r in e.lines]),
            ("sus", SUS_COLUMNS, [r for e in self.events for r in e.sus]),
        ):
            if not rows:
                continue
            # As text, because a corrupted column may hold anything that a file may hold.
            cells = {
                name: [None if r[name] is None else str(r[name]) for r in rows] for name in columns
            }
            self.con.register("cases", pa.table(cells))
            casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in columns.items())
            self.con.execute(f"INSERT INTO {table} BY NAME SELECT {casts} FROM cases")
            self.con.unregister("cases")


def _is_drug(row: Row) -> bool:
    return row["ds"] in ("DrPLCM", "DePLCM")


def _age(born: date | None, on: date) -> int | None:
    if born is None:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


__all__ = ["KEY_COLUMNS", "Book", "Event", "Row", "month_end", "month_start"]
