"""The two fictional health economies: organisations, market forces, shares and payment rules.

Names and codes are invented and belong to no organisation of the NHS; a test compares the codes
with the real ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from comptroller.errors import UsageError

HUB = "Z3R"  # national commissioner of retained specialised services
PRIVATE = "VPP00"


@dataclass(frozen=True)
class Commissioner:
    """One commissioner: who it is, who it belongs to, how many practices it has."""

    code: str
    name: str
    kind: str  # icb, sub_icb, ccg, hub, former
    parent: str = ""
    practices: int = 0
    former: str = ""  # the commissioner that ended when this one's body was merged


@dataclass(frozen=True)
class Provider:
    """One provider: its kind of care, its market forces, its file layout, who it treats."""

    code: str
    name: str
    kind: str  # acute, tertiary, community, independent
    mff: Decimal
    layout: str = "national"  # of its patient-level files in the first month; see `sending`
    size: int = 10
    drugs: bool = True
    devices: bool = False
    emergency: bool = True
    shares: tuple[tuple[str, int], ...] = ()  # commissioner charged, per cent of patients
    legacy_until_month: int = 0  # months in which it still charged the commissioners merged away
    changes: tuple[tuple[int, str], ...] = ()  # from which round another layout of what it names
    open_months: bool = False  # its files carry only the months still open, not the year so far


@dataclass(frozen=True)
class Preset:
    """One health economy."""

    name: str
    financial_year: str
    start: date
    scheme: str
    price_factor: Decimal
    host: str
    commissioners: tuple[Commissioner, ...]
    providers: tuple[Provider, ...]
    merged_on: date | None = None
    payment: str = "tariff"  # tariff: every pound moves; blended: fixed, variable and blended
    same_day_emergency_from_month: int = 0  # 0: stays admitted care
    delegated: bool = False
    low_volume: frozenset[str] = field(default_factory=frozenset)

    @property
    def contract_suffix(self) -> str:
        """Return the year as contract names carry it, such as 2526."""
        return self.financial_year[2:4] + self.financial_year[5:7]


def _mff(text: str) -> Decimal:
    return Decimal(text)


_MAIN = "Z5H2K"
_SUB = (
    ("Z1A", "Northmere", "QZ1"),
    ("Z1B", "Aldersby Vale", "QZ1"),
    ("Z1C", "Tarn Valley", "QZ1"),
    ("Z1D", "Eastholme", "QZ2"),
    ("Z1E", "Fenwick Bay", "QZ2"),
    ("Z1F", "Carrowdale", "QZ2"),
)
_NEAR, _FAR = ("QZ5", "QZ6"), ("QZ7", "QZ8")

_COMMISSIONERS_2026 = (
    Commissioner(_MAIN, "NHS Northmere and Eastholme Integrated Care Board", "icb"),
    *(
        Commissioner(code, f"NHS Northmere and Eastholme ICB - {name}", "sub_icb", _MAIN, 8, former)
        for code, name, former in _SUB
    ),
    Commissioner("QZ1", "NHS Northmere Integrated Care Board", "former"),
    Commissioner("QZ2", "NHS Eastholme and Carrowdale Integrated Care Board", "former"),
    Commissioner("QZ5", "NHS Wyvern Marches Integrated Care Board", "icb", "", 8),
    Commissioner("QZ6", "NHS Saltfleet and Holmby Integrated Care Board", "icb", "", 8),
    Commissioner("QZ7", "NHS Upper Lethen Integrated Care Board", "icb", "", 6),
    Commissioner("QZ8", "NHS Orrest and Mardale Integrated Care Board", "icb", "", 6),
    Commissioner(HUB, "Northern Reach Specialised Commissioning Hub", "hub"),
)

_TYPICAL = ((_MAIN, 76), ("QZ5", 10), ("QZ6", 6), ("QZ7", 3), (HUB, 5))
_PLAIN = ((_MAIN, 84), ("QZ5", 8), ("QZ6", 8))

_PROVIDERS = (
    Provider("ZN1", "Northmere University Hospitals NHS Trust", "tertiary", _mff("1.061204"),
             size=20, devices=True,
             shares=((_MAIN, 70), ("QZ5", 11), ("QZ6", 7), ("QZ7", 3), (HUB, 9))),
    Provider("ZN2", "Aldersby General Hospital NHS Trust", "acute", _mff("1.032118"),
             changes=((1, "general"), (8, "general_new")),
             size=12, devices=True, shares=_TYPICAL),
    Provider("ZN3", "Eastholme District Hospitals NHS Trust", "acute", _mff("1.024907"),
             layout="national_v3", size=12, shares=_TYPICAL),
    Provider("ZN4", "Carrowdale and Fenwick NHS Trust", "acute", _mff("1.018350"),
             layout="local_inpatient_words",
             changes=((1, "fixed"), (7, "changed_words"), (14, "general")), size=9, shares=_PLAIN,
             open_months=True),
    Provider("ZN5", "Wyvern Vale Hospitals NHS Trust", "acute", _mff("1.045512"),
             size=9, shares=((_MAIN, 40), ("QZ5", 46), ("QZ6", 9), ("QZ8", 5)),
             open_months=True),
    Provider("ZN6", "St Brannock's Hospital NHS Trust", "acute", _mff("1.093377"),
             size=8, shares=_TYPICAL,
             open_months=True),
    Provider("ZN7", "Saltfleet Royal Infirmary NHS Trust", "acute", _mff("1.039640"),
             layout="local_workbook", changes=((1, "web"),),
             size=4, drugs=True, shares=((_MAIN, 46), ("QZ6", 54)),
             open_months=True),
    Provider("ZN8", "Holmby Park NHS Trust", "acute", _mff("1.012776"),
             changes=((1, "semicolons"),),
             size=8, drugs=False, shares=_PLAIN, legacy_until_month=3),
    Provider("ZN9", "Larkhill Orthopaedic Hospital NHS Trust", "specialist", _mff("1.050019"),
             size=6, drugs=False, devices=True, emergency=False,
             shares=((_MAIN, 62), ("QZ5", 20), ("QZ6", 18)),
             open_months=True),
    Provider("ZNA", "Amberley Eye Hospital NHS Trust", "specialist", _mff("1.071253"),
             layout="local_pipe", changes=((1, "banded"),),
             size=5, drugs=False, emergency=False,
             shares=((_MAIN, 78), ("QZ5", 8), ("QZ6", 8), ("QZ8", 6)),
             open_months=True),
    Provider("ZNB", "Tarn Valley Community Health NHS Trust", "community", _mff("1.020561"),
             layout="local_month_words", changes=((1, "paper"), (2, "across")),
             size=6, drugs=False, emergency=False,
             shares=((_MAIN, 92), ("QZ5", 8)),
             open_months=True),
    Provider("ZNC", "Upper Lethen Hospitals NHS Trust", "acute", _mff("1.007390"),
             size=4, drugs=False, shares=(("QZ7", 70), (_MAIN, 30)),
             open_months=True),
    Provider("ZND", "Mardale Hospitals NHS Trust", "acute", _mff("1.015873"),
             size=3, drugs=False, shares=(("QZ8", 72), (_MAIN, 28)),
             open_months=True),
    Provider("ZPX01", "Briarfield Clinic", "independent", _mff("1.032118"),
             changes=((1, "unicode"), (5, "clinic"), (9, "clinic_plus")),
             size=5, drugs=False, emergency=False, shares=(("Z1A", 30), ("Z1B", 36), ("Z1D", 34)),
             open_months=True),
    Provider("ZPX02", "Castlegate Surgical Centre", "independent", _mff("1.024907"),
             layout="local_zip", changes=((1, "open_document"),),
             size=4, drugs=False, emergency=False, shares=_PLAIN,
             open_months=True),
    Provider("ZPX03", "Orrest Diagnostics and Treatment", "independent", _mff("1.015873"),
             size=3, drugs=False, emergency=False, shares=((_MAIN, 60), ("QZ8", 40)),
             open_months=True),
)  # fmt: skip
# The merged board contracts with fewer: the others belong to the economy of 2018/19 alone.
_ELSEWHERE = frozenset({"ZN5", "ZN6", "ZN9", "ZNC", "ZND", "ZPX03"})
_PROVIDERS_2026 = tuple(p for p in _PROVIDERS if p.code not in _ELSEWHERE)

_CCG_NAMES = (
    "Northmere", "Aldersby", "Tarn Valley", "Eastholme", "Fenwick Bay", "Carrowdale", "Holmby",
    "Saltfleet", "Wyvern Vale", "Wyvern Coast", "Lethen North", "Lethen South", "Orrest", "Mardale",
    "Birkrigg", "Castlegate", "Greywell", "Thornmoor",
)  # fmt: skip
_CCG_LETTERS = "ABCDEFGHJKLMNPQRST"
_COMMISSIONERS_2018 = (
    *(
        Commissioner(f"Z2{letter}", f"NHS {name} CCG", "ccg", "", 6)
        for letter, name in zip(_CCG_LETTERS, _CCG_NAMES, strict=True)
    ),
    Commissioner(HUB, "Northern Reach Specialised Commissioning Hub", "hub"),
)


def _old_provider(index: int, provider: Provider) -> Provider:
    codes = [f"Z2{letter}" for letter in _CCG_LETTERS]
    near = [codes[(index + step) % len(codes)] for step in (0, 1, 2, 5)]
    shares = tuple(zip(near, (58, 22, 14, 6), strict=True))
    if provider.kind == "tertiary":
        shares = (*((code, share - 2) for code, share in shares), (HUB, 8))
    return Provider(
        provider.code, provider.name, provider.kind, provider.mff, provider.layout, provider.size,
        provider.drugs, provider.devices, provider.emergency, shares,
        changes=provider.changes, open_months=provider.open_months,
    )  # fmt: skip


PRESETS = {
    "2026/27": Preset(
        name="2026/27",
        financial_year="2025/26",
        start=date(2025, 4, 1),
        scheme="NHSPS",
        price_factor=Decimal("1.31"),
        host=_MAIN,
        commissioners=_COMMISSIONERS_2026,
        providers=_PROVIDERS_2026,
        merged_on=date(2025, 4, 1),
        payment="blended",
        same_day_emergency_from_month=4,
        delegated=True,
        low_volume=frozenset(_FAR),
    ),
    "2018/19": Preset(
        name="2018/19",
        financial_year="2018/19",
        start=date(2018, 4, 1),
        scheme="NTPS",
        price_factor=Decimal("1.00"),
        host="Z2A",
        commissioners=_COMMISSIONERS_2018,
        providers=tuple(_old_provider(i, p) for i, p in enumerate(_PROVIDERS)),
    ),
}


def preset(name: str) -> Preset:
    """Return a preset by name.

    Raises:
        ComptrollerError: There is no preset of that name.
    """
    try:
        return PRESETS[name]
    except KeyError:
        known = ", ".join(sorted(PRESETS))
        raise UsageError(
            f"no demonstration economy is called {name}", remedy=f"Choose one of: {known}"
        ) from None
