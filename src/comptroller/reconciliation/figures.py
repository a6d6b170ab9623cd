"""The sums that every tie-out starts from, taken once from the payable lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import duckdb

from comptroller.reconciliation.model import NOTHING
from comptroller.vocabulary import pod_group

FINANCIAL_PODS = frozenset({"ADJUSTMENT", "BLOCK", "CQUIN", "NAOTHER"})
DRUG, DEVICE = "DRUG", "DEVICE"
CONTRACT_SETS = ("ACM", "PLCM", "DrPLCM", "DePLCM")
SUS_SETS = ("SUS_APC", "SUS_OP", "SUS_EC")


class SliceMonth(NamedTuple):
    """What the data sets of one provider, commissioner and month are tied on."""

    provider_code: str
    commissioner_code: str
    financial_year: str
    month: int


@dataclass
class PodSum:
    """Sums of one data set, slice and point of delivery, nationally priced lines apart."""

    cost: Decimal = NOTHING
    rows: int = 0
    national_cost: Decimal = NOTHING
    national_market_forces: Decimal = NOTHING
    national_units: Decimal = NOTHING
    national_rows_without_market_forces: int = 0
    national_rows: int = 0
    index_like_rows: int = 0


@dataclass
class Figures:
    """Every slice received on the payable track with its sums by point of delivery.

    A nil slice is received and has no sums. `sus_beside_local_prices` is what SUS priced for
    records whose contract line is priced locally.
    """

    received: set[tuple[str, SliceMonth]] = field(default_factory=set)
    sums: dict[tuple[str, SliceMonth], dict[str, PodSum]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    sus_beside_local_prices: dict[tuple[str, SliceMonth], Decimal] = field(default_factory=dict)

    def slices(self, data_sets: Iterable[str]) -> list[SliceMonth]:
        """Return the slices received in any of some data sets, in order."""
        wanted = set(data_sets)
        return sorted({place for data_set, place in self.received if data_set in wanted})

    def has(self, data_set: str, place: SliceMonth) -> bool:
        """Return whether a slice was received."""
        return (data_set, place) in self.received

    def pods(self, data_set: str, place: SliceMonth) -> Mapping[str, PodSum]:
        """Return the sums of a slice by point of delivery."""
        return self.sums.get((data_set, place), {})

    def cost(self, data_set: str, place: SliceMonth, pods: Iterable[str] | None = None) -> Decimal:
        """Return the pounds of a slice, of some points of delivery or all."""
        found = self.pods(data_set, place)
        chosen = found if pods is None else {pod: found[pod] for pod in pods if pod in found}
        return sum((item.cost for item in chosen.values()), NOTHING)

    def rows(self, data_set: str, place: SliceMonth, pods: Iterable[str]) -> int:
        """Return the lines of a slice at some points of delivery."""
        found = self.pods(data_set, place)
        return sum(found[pod].rows for pod in pods if pod in found)

    def by_group(self, data_set: str, place: SliceMonth) -> dict[str, Decimal]:
        """Return the pounds of a slice by reporting group."""
        groups: dict[str, Decimal] = defaultdict(Decimal)
        for pod, item in self.pods(data_set, place).items():
            groups[pod_group(pod)] += item.cost
        return dict(groups)


def read_figures(con: duckdb.DuckDBPyConnection) -> Figures:
    """Return the sums of all payable lines; needs the slice views on the connection."""
    figures = Figures()
    for row in con.execute(_RECEIVED).fetchall():
        figures.received.add((row[0], SliceMonth(*row[1:])))
    for row in con.execute(_SUMS).fetchall():
        data_set, place, pod = row[0], SliceMonth(*row[1:5]), row[5]
        figures.sums[data_set, place][pod] = PodSum(*row[6:])
    for row in con.execute(_SUS_BESIDE_LOCAL).fetchall():
        figures.sus_beside_local_prices[row[0], SliceMonth(*row[1:5])] = row[5]
    return figures


# SUS prices records that the contract prices locally: they have no place in a comparison.
_SUS_BESIDE_LOCAL = """
WITH locally_priced AS (
  SELECT DISTINCT provider_code, cds_unique_identifier FROM payable_lines
  WHERE data_set = 'PLCM' AND cds_unique_identifier IS NOT NULL
    AND national_tariff_indicator IS DISTINCT FROM 'Y'
)
SELECT s.data_set, s.provider_code, s.commissioner_code, s.financial_year, s.month,
       sum(coalesce(s.activity_cost, 0))
FROM payable_lines s JOIN locally_priced USING (provider_code, cds_unique_identifier)
WHERE s.data_set IN ('SUS_APC', 'SUS_OP', 'SUS_EC')
GROUP BY ALL ORDER BY ALL
"""

_RECEIVED = """
SELECT DISTINCT data_set, provider_code, commissioner_code, financial_year, month
FROM slice_state WHERE track = 'payable' ORDER BY ALL
"""

# A factor typed where pounds belong lies between 0.9 and 1.5 beside a price of many pounds.
_SUMS = """
SELECT data_set, provider_code, commissioner_code, financial_year, month,
       coalesce(pod_code, '') AS pod,
       sum(coalesce(activity_cost, 0)) AS cost,
       count(*) AS row_count,
       coalesce(sum(activity_cost) FILTER (national_tariff_indicator = 'Y'), 0),
       coalesce(sum(market_forces_cost) FILTER (national_tariff_indicator = 'Y'), 0),
       coalesce(sum(abs(activity_count)) FILTER (national_tariff_indicator = 'Y'), 0),
       count(*) FILTER (national_tariff_indicator = 'Y' AND market_forces_cost IS NULL),
       count(*) FILTER (national_tariff_indicator = 'Y'),
       count(*) FILTER (national_tariff_indicator = 'Y' AND activity_cost > 100
                        AND market_forces_cost BETWEEN 0.9 AND 1.5)
FROM payable_lines
GROUP BY data_set, provider_code, commissioner_code, financial_year, month, pod
ORDER BY data_set, provider_code, commissioner_code, financial_year, month, pod
"""
