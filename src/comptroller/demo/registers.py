"""The registers that the commissioner of the economy keeps: adjustments, notices, limits, caps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

import duckdb

from comptroller.demo.finance import agreements
from comptroller.demo.presets import Preset
from comptroller.demo.prices import Drug
from comptroller.demo.schedule import month_end, month_start

CLOSED_SERVICE = "191"
"""Treatment function (pain management) whose plan ends after `LAST_PLAN_MONTH`."""
LAST_PLAN_MONTH = 6
BLOCK_SERVICE, BLOCK_THERAPY = "315", "654"
"""Treatment functions that the contracts pay as a block: palliative medicine, dietetics."""
NEW_CODE, NEW_CODE_MONTH, OLD_PRICE = "VIDEO", 7, Decimal("60.00")
"""A local code of which notice was given, the month from which it holds, the price before."""
FIXED_DRUG = Drug(
    "9990000001011109", "Tocilizumab 162mg pre-filled pen", "9990000101", Decimal("228.00"), "pen",
    "410", "ICB",
)  # fmt: skip
FIXED_FROM_MONTH = 7
_UNAGREED = "ADHOC"
_ENDED, _ENDED_MONTH = "TRANSIT", 5
_FROZEN = "seen_from <= month + 1 AND seen_to >= month + 1"

Row = tuple[Any, ...]
Register = tuple[str, Sequence[str], Sequence[Row]]


def subcontracted(world: Preset) -> tuple[str, str, str]:
    """Return who sub-contracts care to whom, and at which site it is given."""
    host = next(p.code for p in world.providers if p.kind == "tertiary")
    sub = next(p.code for p in world.providers if p.kind == "independent")
    return host, sub, f"{sub}01"


def registers(con: duckdb.DuckDBPyConnection, world: Preset) -> list[Register]:
    """Return each register as name, columns and rows."""
    host, sub, site = subcontracted(world)
    noticed = next(
        p.code for p in world.providers if p.kind in ("acute", "tertiary") and not p.changes
    )
    contracts = sorted({contract for *_, contract, _, _ in agreements(world)})
    first = month_start(world, NEW_CODE_MONTH)
    known = [(p, world.financial_year, "QX1", "acute") for p in ("ZQ1", "ZQ2")]
    return [
        ("adjustments", ("adjustment_id", "provider_code", "commissioner_code", "local_code",
                         "kind", "monthly_value", "description", "to_date"),
         _adjustments(con, world)),
        ("notices", ("notice_id", "provider_code", "effective_date", "pod_code", "local_code",
                     "status", "noticed_on", "previous_price", "description"),
         [("CCN-1", noticed, first, "OPFUPSPCL", NEW_CODE, "agreed", first - timedelta(days=180),
           OLD_PRICE, "Video clinics under a code of their own")]),
        ("activity_limits", ("contract_id", "kind", "financial_year", "pod_code", "activity",
                             "month_from", "month_to"), _limits(con, world)),
        ("follow_up_caps", ("provider_code", "financial_year", "activity_treatment_function_code",
                            "ratio"), _caps(con, world)),
        ("subcontracts", ("subcontract_id", "provider_code", "subcontractor_code", "site_code"),
         [(f"SC-{host}-1", host, sub, site)]),
        ("host_contracts", ("provider_code", "financial_year", "host_commissioner_code",
                            "service_category"), known),
        ("fixed_items", ("contract_id", "item_code", "name", "from_date"),
         [(contract, FIXED_DRUG.code, FIXED_DRUG.name, month_start(world, FIXED_FROM_MONTH))
          for contract in contracts if contract.startswith("CT-")]),
    ]  # fmt: skip


def _adjustments(con: duckdb.DuckDBPyConnection, world: Preset) -> list[Row]:
    found = con.execute(
        f"""SELECT DISTINCT prov, comm, lpod FROM (
            SELECT prov, comm, lpod, pod FROM lines UNION ALL
            SELECT prov, comm, lpod, pod FROM acm_deltas)
        WHERE pod IN ('ADJUSTMENT', 'NAOTHER') AND lpod <> '{_UNAGREED}' ORDER BY ALL"""
    ).fetchall()
    ended = month_end(world, _ENDED_MONTH)
    return [
        (
            f"ADJ-{number:03d}", prov, comm, code, "credit" if code == "QIPP" else "adjustment",
            "-1500.00" if code == "QIPP" else None, f"Agreed under code {code}",
            ended if code == _ENDED else None,
        )
        for number, (prov, comm, code) in enumerate(found, start=1)
    ]  # fmt: skip


def limit_choices(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Return contract, point of delivery, months and units charged of the contracts with limits."""
    return con.execute(
        f"""WITH charged AS (
            SELECT contract_id, pod, month, sum(act) AS act
            FROM acm JOIN agreements USING (prov, comm)
            WHERE {_FROZEN} AND month <= 12 AND pod IN ('DC', 'OPFASPCL', 'NEL')
                AND contract_id LIKE 'CT-%' AND basis <> 'lva'
            GROUP BY ALL)
        SELECT contract_id, pod, CASE pod WHEN 'NEL' THEN 7 ELSE 1 END AS month_from,
            CASE pod WHEN 'NEL' THEN 9 ELSE 12 END AS month_to,
            sum(act) FILTER (month BETWEEN CASE pod WHEN 'NEL' THEN 7 ELSE 1 END
                AND CASE pod WHEN 'NEL' THEN 9 ELSE 12 END) AS act
        FROM charged GROUP BY ALL HAVING act >= 20 ORDER BY ALL"""
    ).fetchall()


LIMIT_VARIANTS = ("plain", "threshold", "inside")


def _limits(con: duckdb.DuckDBPyConnection, world: Preset) -> list[Row]:
    rows = []
    for kind, pod in (("iap", "DC"), ("amp", "NEL")):
        chosen = [row for row in limit_choices(con) if row[1] == pod]
        for (contract, _, first, last, act), variant in zip(chosen, LIMIT_VARIANTS, strict=False):
            limit = Decimal(act)
            if variant == "plain":
                limit = (limit * 85 / 100).quantize(Decimal(1))
            elif variant == "threshold":
                limit = limit - 1 if kind == "amp" else (limit * 100 / 103).quantize(Decimal(1))
            rows.append((contract, kind, world.financial_year, pod, limit, first, last))
    return rows


def cap_choices(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Return provider, treatment function, first and follow-up attendances where caps are set."""
    return con.execute(
        f"""SELECT prov, tfc,
            sum(act) FILTER (starts_with(pod, 'OPFA') OR pod = 'NF2FFA') AS firsts,
            sum(act) FILTER (starts_with(pod, 'OPFUP') OR pod = 'NF2FFUP') AS follow_ups
        FROM lines WHERE ds = 'PLCM' AND {_FROZEN} AND tfc IN ('110', '130', '320', '301')
        GROUP BY prov, tfc HAVING firsts >= 5 AND follow_ups >= 5
        QUALIFY row_number() OVER (PARTITION BY prov ORDER BY follow_ups DESC, tfc) = 1
        ORDER BY prov"""
    ).fetchall()


def _caps(con: duckdb.DuckDBPyConnection, world: Preset) -> list[Row]:
    rows = []
    cent = Decimal("0.01")
    for (prov, tfc, firsts, follow_ups), variant in zip(
        cap_choices(con), LIMIT_VARIANTS, strict=False
    ):
        ratio = (Decimal(follow_ups) / Decimal(firsts)).quantize(cent, ROUND_CEILING)
        if variant == "plain":
            ratio = (ratio * 8 / 10).quantize(cent)
        elif variant == "threshold":
            ratio -= cent
        rows.append((prov, world.financial_year, tfc, ratio))
    return rows
