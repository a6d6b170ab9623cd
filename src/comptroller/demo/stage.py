"""The stage on which the economy plays: organisations, practices, menus and strata as tables.

Everything random is a hash of the seed, a number and a stream, computed in SQL, so that the same
seed gives the same economy whatever the size of the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from comptroller.demo.presets import HUB, Commissioner, Preset, Provider
from comptroller.demo.prices import DELEGATED_SERVICES, RETAINED_SERVICES, Dish, menu

NHS_NUMBERS = 850_000  # patients that the valid numbers beginning 999 are enough for
MAX_EVENTS = 12

# Share of events by kind of provider; the keys are kinds of dishes or compound events.
_KINDS: dict[str, dict[str, float]] = {
    "acute": {"OPF": 14, "OPU": 24, "OPP": 6, "OPN": 4, "AE": 19, "NEL": 11, "SDEC": 2, "DC": 8,
              "EL": 3, "DA": 5, "DRUG": 4, "DEV": 0.4},
    "specialist": {"OPF": 22, "OPU": 34, "OPP": 8, "OPN": 5, "DC": 17, "EL": 7, "DRUG": 4,
                   "DEV": 1.5},
    "community": {"COMM": 70, "DA": 12, "OPU": 18},
    "independent": {"OPF": 26, "OPU": 30, "OPP": 8, "DC": 22, "EL": 5, "DA": 9},
    "hub": {"OPF": 22, "OPU": 38, "DC": 16, "EL": 12, "DRUG": 12},
    "child": {"OPF": 22, "OPU": 34, "AE": 30, "NEL": 12, "DC": 2},
    "maternity": {"OPU": 100},
}  # fmt: skip
_KINDS["tertiary"] = _KINDS["acute"] | {"EL": 5, "DC": 10, "DRUG": 5, "DEV": 1.0}
_SHORT = frozenset({"OPF", "OPU", "OPP", "OPN", "AE", "DA", "DRUG", "COMM"})
_ONLY = {"ZN9": {"110"}, "ZNA": {"130"}}
_INDEPENDENT = {"110", "130", "100", "101", "502", "301", "812", "822", "320"}
_NOT_EVERYWHERE = {"150", "107"}  # treatment functions that only a tertiary provider has

MACROS = """
CREATE OR REPLACE MACRO mix(x) AS (xor(x, x >> 15) * 73244475) & 2147483647;
CREATE OR REPLACE MACRO fold(x) AS xor(x, x >> 13);
CREATE OR REPLACE MACRO rnd(i, k) AS
    fold(mix(mix((i * 7919 + k * 15485863 + {seed}) & 2147483647) + k)) / 2147483648.0;
CREATE OR REPLACE MACRO month_of(d) AS CAST((month(d) + 8) % 12 + 1 AS INTEGER);
"""


@dataclass(frozen=True)
class Stratum:
    """Patients of one provider charged to one commissioner."""

    number: int
    provider: Provider
    commissioner: str
    owners: tuple[str, ...]
    responsible: str
    is_hub: bool
    blocks: int


def make_macros(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Create the SQL macros that draw pseudo-random numbers from the seed."""
    con.execute(MACROS.format(seed=(seed * 1_000_003) % 2_147_483_647))


def register(
    con: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Create a table from Python rows; the types follow the values."""
    cells = list(zip(*rows, strict=True)) or [() for _ in columns]
    table = pa.table({name: list(cell) for name, cell in zip(columns, cells, strict=True)})
    con.register("incoming", table)
    con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming")
    con.unregister("incoming")


def practices(preset: Preset) -> list[tuple[str, str, int, str, str]]:
    """Return the practices: code, commissioner, number within it, practice group, network."""
    out: list[tuple[str, str, int, str, str]] = []
    for position, owner in enumerate(owner for owner in preset.commissioners if owner.practices):
        for index in range(owner.practices):
            code = f"T{81000 + position * 100 + index + 1}"
            network = f"UZ{9000 + position * 10 + index // 3}"
            out.append((code, owner.code, index, f"{owner.code} group {index // 4 + 1}", network))
    return out


def strata(preset: Preset, patients: int) -> list[Stratum]:
    """Return who treats whom: patients come in blocks of twelve, one for each month's turn."""
    by_code = {c.code: c for c in preset.commissioners}
    total = sum(provider.size for provider in preset.providers)
    out: list[Stratum] = []
    for provider in preset.providers:
        shares = sum(share for _, share in provider.shares)
        for code, share in provider.shares:
            wanted = patients * provider.size / total * share / shares / 12
            home = by_code[preset.host] if code == HUB else by_code[code]
            owners = _owners(preset, home)
            out.append(
                Stratum(
                    number=len(out),
                    provider=provider,
                    commissioner=code,
                    owners=owners,
                    responsible=home.code,
                    is_hub=code == HUB,
                    blocks=max(1, round(wanted)),
                )
            )
    return out


def _owners(preset: Preset, home: Commissioner) -> tuple[str, ...]:
    if home.practices:
        return (home.code,)
    return tuple(c.code for c in preset.commissioners if c.parent == home.code)


def dishes_of(preset: Preset, provider: Provider, group: str) -> list[Dish]:
    """Return what a provider offers to a group of patients (general, hub, child, maternity)."""
    offered = menu(preset)
    if group == "hub":
        return [d for d in offered if d.treatment_function in RETAINED_SERVICES]
    if group == "child":
        allowed = {"420", "180"}
    elif group == "maternity":
        allowed = {"502"}
    elif provider.code in _ONLY:
        allowed = _ONLY[provider.code]
    elif provider.kind == "independent":
        allowed = _INDEPENDENT
    else:
        allowed = {d.treatment_function for d in offered} - {"420"}
        if provider.kind != "tertiary":
            allowed -= _NOT_EVERYWHERE
    chosen = [d for d in offered if d.treatment_function in allowed]
    if provider.kind == "community":
        chosen = [d for d in chosen if d.pod_code not in ("OPFUPSPCL", "OPFASPCL", "OPFAMPCL")]
    return chosen


def _menu_rows(preset: Preset) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for place, provider in enumerate(preset.providers):
        groups = ["general"]
        if provider.kind in ("acute", "tertiary"):
            groups += ["hub", "child", "maternity"]
        for group in groups:
            by_kind: dict[str, list[Dish]] = {}
            for dish in dishes_of(preset, provider, group):
                by_kind.setdefault(dish.kind, []).append(dish)
            for kind, dishes in by_kind.items():
                turn = place * 7 % len(dishes)
                for index, dish in enumerate(dishes[turn:] + dishes[:turn]):
                    service = _service(preset, provider, group, dish)
                    rows.append(
                        (provider.code, group, kind, index, len(dishes), *_cells(dish), service)
                    )
    return rows


def _service(preset: Preset, provider: Provider, group: str, dish: Dish) -> str:
    if group == "hub":
        return RETAINED_SERVICES[dish.treatment_function]
    if preset.delegated and provider.kind == "tertiary" and dish.kind in ("DC", "EL"):
        return DELEGATED_SERVICES.get(dish.treatment_function, "")
    return ""


def _cells(dish: Dish) -> tuple[Any, ...]:
    return (
        dish.treatment_function,
        dish.price_code,
        dish.pod_code,
        dish.price,
        dish.trim_point_days,
        dish.per_diem,
        dish.short_stay_price,
        dish.main_specialty,
        dish.diagnosis,
        dish.procedure,
        dish.local,
        dish.label,
    )


MENU_COLUMNS = (
    "prov", "grp", "kind", "idx", "n_kind", "tfc", "code", "menu_pod", "price", "trim", "per_diem",
    "short_price", "main_spec", "diag", "proc", "is_local", "label", "dish_svc",
)  # fmt: skip


PRACTICE_COLUMNS = ("practice", "owner", "place", "practice_group", "network")


def _kind_rows(preset: Preset) -> list[tuple[str, str, str, str, float, float]]:
    rows: list[tuple[str, str, str, str, float, float]] = []
    for provider in preset.providers:
        groups = {"general": provider.kind}
        if provider.kind in ("acute", "tertiary"):
            groups |= {"hub": "hub", "child": "child", "maternity": "maternity"}
        for group, key in groups.items():
            weights = dict(_KINDS[key])
            if not provider.drugs:
                weights.pop("DRUG", None)
            if not provider.devices or group == "hub":
                weights.pop("DEV", None)
            for mode in ("any", "short"):
                usable = {k: w for k, w in weights.items() if mode == "any" or k in _SHORT}
                total, low = sum(usable.values()), 0.0
                for kind, weight in usable.items():
                    rows.append((provider.code, group, mode, kind, low, low + weight / total))
                    low += weight / total
    return rows


def set_stage(con: duckdb.DuckDBPyConnection, preset: Preset, all_strata: list[Stratum]) -> None:
    """Create the small tables that the simulation joins to."""
    register(con, "menu", MENU_COLUMNS, _menu_rows(preset))
    register(con, "kinds", ("prov", "grp", "mode", "kind", "low", "high"), _kind_rows(preset))
    register(con, "practice_list", PRACTICE_COLUMNS, practices(preset))
    former = {c.code: c.former for c in preset.commissioners}
    first, rows = 0, []
    for s in all_strata:
        rows.append(
            (
                s.number, s.provider.code, s.provider.kind, s.provider.mff, s.provider.drugs,
                s.provider.devices, s.provider.emergency, s.provider.legacy_until_month,
                s.commissioner, s.responsible, s.is_hub, s.blocks, first,
            )
        )  # fmt: skip
        first += s.blocks * 12
    columns = (
        "stratum", "prov", "prov_kind", "mff", "has_drugs", "has_devices", "has_emergency",
        "legacy_until", "comm", "responsible", "is_hub", "blocks", "first_pid",
    )  # fmt: skip
    register(con, "strata", columns, rows)
    owners = [
        (s.number, code, index, len(s.owners), former.get(code, ""))
        for s in all_strata
        for index, code in enumerate(s.owners)
    ]
    register(con, "owners", ("stratum", "owner", "owner_place", "n_owners", "former"), owners)
