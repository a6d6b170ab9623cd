"""The reference files that go with the economy: who, where, at what price, agreed how."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from comptroller.demo.finance import BLENDED, BLENDED_RATE, VARIABLE, agreements
from comptroller.demo.listed import DEVICE_TERMS, DRUG_TERMS, listed_devices, listed_drugs
from comptroller.demo.policies import (
    APPROVED_DEVICES,
    APPROVED_DRUGS,
    POLICY_COLUMNS,
    policies,
)
from comptroller.demo.presets import Preset
from comptroller.demo.prices import (
    DEVICES,
    DRUGS,
    GENERAL_PRICES,
    GUIDE_ONLY,
    IMAGING,
    RETAINED_DEVICE,
    local_schedule,
    menu,
)
from comptroller.demo.registers import BLOCK_SERVICE, BLOCK_THERAPY, FIXED_DRUG, registers
from comptroller.demo.schedule import calendar_rows
from comptroller.demo.stage import register
from comptroller.warehouse import quote_literals


class Librarian:
    """Writes reference files with exactly the columns that the product names."""

    def __init__(self, con: duckdb.DuckDBPyConnection, preset: Preset, directory: Path) -> None:
        self.con = con
        self.preset = preset
        self.directory = directory
        self.files: list[str] = []

    def write(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Write one reference file from Python rows, in the order given."""
        if not rows:
            return
        register(
            self.con, "reference_rows", ("place", *columns), [(i, *r) for i, r in enumerate(rows)]
        )
        self.query(name, f"SELECT {', '.join(columns)} FROM reference_rows ORDER BY place")

    def query(self, name: str, sql: str) -> None:
        """Write one reference file from a query."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.con.execute(f"COPY ({sql}) TO '{self.directory / name}.csv' (FORMAT csv, HEADER)")
        self.files.append(name)

    def write_all(self) -> None:
        """Write every reference file."""
        self._organisations()
        self._prices()
        self._contracts()
        self._plan_and_payments()
        self._people()
        self._drugs_and_devices()
        for name, headings, kept in registers(self.con, self.preset):
            self.write(name, headings, kept)
        columns = (
            "financial_year", "month", "flex_date", "freeze_date", "submission_due",
            "flex_challenge_due", "flex_response_due", "freeze_challenge_due",
            "freeze_response_due", "contest_due",
        )  # fmt: skip
        self.write("calendar", columns, calendar_rows(self.preset))

    def _organisations(self) -> None:
        p = self.preset
        opened = "2013-04-01"
        rows: list[tuple[Any, ...]] = []
        successors = {c.former: c.parent for c in p.commissioners if c.former}
        for c in p.commissioners:
            closed = str(p.merged_on) if c.kind == "former" and p.merged_on else None
            taken_over = successors.get(c.code)
            last_day = _day_before(closed)
            rows.append(
                (c.code, c.name, "commissioner", c.parent or None, opened, last_day, taken_over)
            )
        for v in p.providers:
            rows.append((v.code, v.name, "provider", None, opened, None, None))
            sites = ("01", "02") if len(v.code) == 3 else ("01",)
            for site in sites:
                name = f"{v.name} - {'Main' if site == '01' else 'Park'} Site"
                rows.append((v.code + site, name, "site", v.code, opened, None, None))
        listed = self.con.execute("SELECT practice, owner FROM practice_list ORDER BY 1").fetchall()
        rows += [
            (code, f"Practice {code}", "practice", owner, opened, None, None)
            for code, owner in listed
        ]
        rows += self.con.execute("SELECT * FROM extra_organisations ORDER BY 1").fetchall()
        columns = (
            "org_code",
            "name",
            "role",
            "parent_code",
            "open_date",
            "close_date",
            "successor_code",
        )
        self.write("organisations", columns, rows)
        merged = [(old, new, str(p.merged_on), "merge") for old, new in sorted(successors.items())]
        self.write("successions", ("from_code", "to_code", "date", "kind"), merged)
        self.query(
            "practices",
            "SELECT practice AS practice_code, owner AS commissioner_code,"
            " owner || ' locality' AS locality, practice_group, network AS pcn_code,"
            " NULL AS from_date, NULL AS to_date FROM practice_list"
            " UNION ALL SELECT * FROM extra_practices ORDER BY practice_code, from_date",
        )
        self.query(
            "populations",
            f"SELECT practice AS practice_code, '{p.start:%Y-%m}' AS period,"
            " 4200 + place * 731 + length(owner) * 100 AS list_size FROM practice_list"
            " ORDER BY practice_code",
        )

    def _prices(self) -> None:
        p = self.preset
        seen: dict[tuple[str, str], tuple[Any, ...]] = {}
        for dish in menu(p):
            if dish.local:
                continue
            setting = "OPFA" if dish.setting == "OPFAMP" else dish.setting
            by_clinic = dish.kind in ("OPF", "OPU")
            code = dish.treatment_function if by_clinic else dish.price_code
            who = {"OPFAMP": "multi", "OPFA": "single", "OPFUP": "single"}.get(dish.setting)
            seen[(code, dish.setting)] = (
                p.scheme, p.financial_year, code, setting, dish.price,
                dish.trim_point_days or None, dish.per_diem or None, dish.short_stay_price or None,
                dish.short_stay_percent or None, "unit", who, "demonstration 1", str(p.start),
                str(p.start),
            )  # fmt: skip
        seen[GUIDE_ONLY[0], "GUIDE"] = (
            p.scheme, p.financial_year, GUIDE_ONLY[0], GUIDE_ONLY[1], GUIDE_ONLY[2], None, None,
            None, None, "guide", None, "demonstration 1", str(p.start), str(p.start),
        )  # fmt: skip
        seen[IMAGING[1], IMAGING[0]] = (
            p.scheme, p.financial_year, IMAGING[1], "UNBRAD", IMAGING[2], None, None, None, None,
            "unit", None, "demonstration 1", str(p.start), str(p.start),
        )  # fmt: skip
        columns = (
            "scheme", "financial_year", "price_code", "setting", "price", "trim_point_days",
            "per_diem_price", "short_stay_price", "short_stay_percent", "basis", "professional",
            "version", "published_on", "from_date",
        )  # fmt: skip
        self.write("prices", columns, [seen[key] for key in sorted(seen)])
        mff = [(p.financial_year, v.code, v.mff) for v in p.providers]
        self.write("market_forces", ("financial_year", "provider_code", "mff"), mff)
        pairs = [(prov, comm, contract) for prov, comm, _, contract, _, _ in agreements(p)]
        rows = [
            (
                prov,
                comm,
                f"{code}/{tfc or code}",
                pod,
                unit,
                price,
                contract,
                "Y",
                None if code in GENERAL_PRICES else code,
                tfc,
            )
            for prov, comm, contract in pairs
            for pod, code, tfc, unit, price in local_schedule(p)
        ]
        headings = (
            "provider_code", "commissioner_code", "local_code", "pod_code", "unit", "price",
            "contract_id", "includes_mff", "tariff_code", "activity_treatment_function_code",
        )  # fmt: skip
        self.write("local_prices", headings, rows)

    def _contracts(self) -> None:
        p = self.preset
        merged = sorted({(c.former,) for c in p.commissioners if c.former}) or [("",)]
        register(self.con, "formers", ("former",), merged)
        register(self.con, "contract_hosts", ("contract_id", "host"), _hosts(p))
        self.query(
            "contracts",
            f"""SELECT a.contract_id, a.prov AS provider_code,
                CASE WHEN a.comm IN (SELECT former FROM formers) THEN a.comm ELSE a.payer END
                    AS commissioner_code,
                '{p.financial_year}' AS financial_year,
                any_value(CASE WHEN a.role = 'associate' THEN h.host END)
                    AS coordinating_commissioner_code,
                a.role, CASE WHEN a.contract_id LIKE 'SP-%' THEN 'specialised' ELSE 'acute' END
                    AS service_category,
                coalesce(sum(v.value), 0) + coalesce(any_value(e.more), 0) AS value,
                'twelfths' AS payment_profile,
                DATE '{p.start}' AS from_date
            FROM agreements a JOIN contract_hosts h USING (contract_id)
            LEFT JOIN (SELECT prov, comm, sum(planned_cost) AS value
                FROM plan GROUP BY ALL) v USING (prov, comm)
            LEFT JOIN extra_contracts e ON e.contract_id = a.contract_id AND e.payer = a.payer
            GROUP BY ALL ORDER BY contract_id, commissioner_code""",
        )
        rows: list[tuple[Any, ...]] = []
        for contract, basis in sorted({(c, b) for *_, c, _, b in agreements(p)}):
            rows += _terms(contract, basis)
        columns = ("contract_id", "element", "pod_code", "marginal_rate", "from_date",
                   "activity_treatment_function_code")  # fmt: skip
        terms = [(*row, str(p.start), None) for row in rows]
        for contract in sorted({row[0] for row in rows if row[0].startswith("CT-")}):
            for tfc in (BLOCK_SERVICE, BLOCK_THERAPY):
                terms += [(contract, "block", pod, "0", str(p.start), tfc)
                          for pod in ("OPFUPSPCL", "OPFUPSPNCL")]  # fmt: skip
        self.write("payment_terms", columns, terms)
        self.query(
            "budgets",
            f"""SELECT a.payer AS commissioner_code, '{p.financial_year}' AS financial_year,
                round(sum(planned_cost) * 1.01, -3) AS value, a.prov AS provider_code
            FROM plan p JOIN agreements a USING (prov, comm) GROUP BY ALL
            ORDER BY commissioner_code, provider_code""",
        )

    def _plan_and_payments(self) -> None:
        self.query(
            "plan",
            f"""SELECT contract_id, month, pod_code, sum(planned_activity) AS planned_activity,
                sum(planned_cost) AS planned_cost, '{self.preset.financial_year}' AS financial_year,
                commissioner_code, 'agreed' AS stage, activity_treatment_function_code, tariff_code,
                service_code, local_code
            FROM (SELECT contract_id, month, pod AS pod_code, planned_act AS planned_activity,
                planned_cost,
                CASE WHEN comm IN (SELECT former FROM formers) THEN comm ELSE payer END
                    AS commissioner_code, tfc AS activity_treatment_function_code,
                tariff AS tariff_code, svc AS service_code,
                CASE WHEN lpod <> pod THEN lpod END AS local_code
                FROM plan JOIN agreements USING (prov, comm, contract_id))
            GROUP BY ALL
            ORDER BY contract_id, commissioner_code, month, pod_code,
                activity_treatment_function_code, tariff_code, service_code, local_code""",
        )
        self.query(
            "payments",
            "SELECT * FROM payments ORDER BY provider_code, commissioner_code, period_from,"
            " period_to, kind, document_number",
        )

    def _people(self) -> None:
        self.query(
            "registrations",
            """SELECT nhs AS nhs_number, practice_code, from_date, to_date FROM (
                SELECT nhs, practice_one AS practice_code, DATE '2014-06-01' AS from_date,
                    CASE WHEN practice_one <> practice_two THEN moved_on - 1 END AS to_date
                FROM patients WHERE owner IN (SELECT owner FROM owners) AND btype <> 'newborn'
                UNION ALL
                SELECT nhs, practice_two, moved_on, NULL FROM patients
                WHERE practice_one <> practice_two AND moved_on IS NOT NULL AND btype <> 'newborn'
                UNION ALL SELECT nhs, practice_code, from_date, to_date FROM extra_registrations)
            WHERE nhs IS NOT NULL ORDER BY nhs_number, from_date""",
        )

        drugs = quote_literals(sorted(APPROVED_DRUGS))
        devices = quote_literals(sorted(APPROVED_DEVICES))
        # Whoever gets such a drug or device has an approval, but for the planted cases without.
        self.query(
            "approvals",
            f"""SELECT approval_id, policy_id, nhs AS nhs_number, provider_code, status, valid_from,
                valid_to, kind, procedure_code, decided_on, drug_code, device_code, quantity,
                indication
            FROM extra_approvals
            UNION ALL BY NAME
            SELECT 'FA' || lpad(CAST(row_number() OVER (ORDER BY nhs, prov, item) AS VARCHAR), 7,
                    '0') AS approval_id,
                'Funding form' AS policy_id, nhs AS nhs_number, prov AS provider_code,
                'approved' AS status, begun - 30 AS valid_from, ended + 200 AS valid_to,
                'initiation' AS kind, begun - 30 AS decided_on,
                CASE WHEN ds = 'DrPLCM' THEN item END AS drug_code,
                CASE WHEN ds = 'DePLCM' THEN item END AS device_code
            FROM (SELECT nhs, prov, ds, CASE ds WHEN 'DrPLCM' THEN drug_code ELSE dev_code END
                    AS item, min(start_date) AS begun, max(start_date) AS ended
                FROM lines WHERE drug_code IN ({drugs}) OR dev_code IN ({devices}) GROUP BY ALL)
            WHERE nhs IN (SELECT nhs FROM nhs_numbers) AND begun IS NOT NULL
                AND nhs NOT IN (SELECT nhs FROM extra_unapproved)
            ORDER BY approval_id""",
        )
        self.write("policies", POLICY_COLUMNS, policies(self.preset))

    def _drugs_and_devices(self) -> None:
        drugs = [
            (d.code, d.name, d.funded_by, d.indication, d.code, d.service_code or None,
             d.price * 2, d.unit, "N", "Y" if d.code in APPROVED_DRUGS else "N",
              *[None] * len(DRUG_TERMS))
            for d in (*DRUGS, FIXED_DRUG)
        ]  # fmt: skip
        drugs += [
            (d.code, d.name, d.funded_by, d.indication, d.code, None, d.price * 2, d.unit, "N", "N",
             *[_told(d.terms.get(term)) for term in DRUG_TERMS])
            for d in listed_drugs(self.preset).values()
        ]  # fmt: skip
        columns = (
            "drug_code", "name", "funded_by", "indication", "dmd_code", "service_code",
            "maximum_price", "price_unit", "confidential", "approval_required", *DRUG_TERMS,
        )  # fmt: skip
        self.write("drugs", columns, drugs)
        no_terms = [None] * len(DEVICE_TERMS)
        devices = [
            (d.code, d.category, "ICB", d.price, "Y" if d.code in APPROVED_DEVICES else "N",
             *no_terms)
            for d in DEVICES
        ]  # fmt: skip
        retained = RETAINED_DEVICE
        devices.append((retained.code, retained.category, "NHSE", retained.price, "N", *no_terms))
        devices += [
            (d.code, d.category, "ICB", d.price, "N",
             *[_told(d.terms.get(term)) for term in DEVICE_TERMS])
            for d in listed_devices(self.preset).values()
        ]  # fmt: skip
        named = ("device_code", "category", "funded_by", "list_price", "approval_required")
        self.write("devices", (*named, *DEVICE_TERMS), devices)
        codes = self.con.execute(
            "SELECT DISTINCT tariff, 'Local currency ' || tariff FROM lines WHERE case_no = 0"
            " AND (tariff LIKE 'DA%' OR tariff LIKE 'CN%') ORDER BY 1"
        ).fetchall()
        self.write("hrgs", ("code", "name"), codes)


def _told(term: Any) -> str | None:
    return None if term is None else str(term)


def _hosts(preset: Preset) -> list[tuple[str, str]]:
    hosts: dict[str, str] = {}
    for _, _, payer, contract, _, _ in agreements(preset):
        hosts.setdefault(contract, payer)
    return sorted(hosts.items())


def _terms(contract: str, basis: str) -> list[tuple[Any, ...]]:
    """Return element, point of delivery and marginal rate of a contract's payment terms."""
    passed = [(contract, "pass_through", pod, "1") for pod in ("DRUG", "DEVICE")]
    if basis == "tariff":
        return [(contract, "variable", None, "1"), (contract, "block", "BLOCK", "0"), *passed]
    if basis == "activity":
        return [(contract, "activity", None, "1"), *passed]
    if basis == "lva":
        return [(contract, "lva", None, "0")]
    return [
        (contract, "fixed", None, "0"),
        *[(contract, "variable", pod, "1") for pod in VARIABLE],
        *[(contract, "blended", pod, BLENDED_RATE) for pod in BLENDED],
        (contract, "block", "BLOCK", "0"),
        *passed,
    ]


def _day_before(day: str | None) -> str | None:
    from datetime import date, timedelta

    return (date.fromisoformat(day) - timedelta(days=1)).isoformat() if day else None
