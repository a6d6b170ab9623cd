"""Who sends which layout when; what the page of layouts lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from comptroller.demo.local_layouts import PATIENT_LEVEL, SUMMARY, Layout
from comptroller.demo.presets import Preset, Provider
from comptroller.demo.schedule import ROUNDS


@dataclass(frozen=True)
class Sending:
    """A layout with those who send it: provider and the first month in which it comes so."""

    data_set: str
    layout: Layout
    senders: tuple[tuple[str, int], ...]

    @property
    def is_drift(self) -> bool:
        """Whether a provider came to it in the middle of the year."""
        return any(since > 1 for _, since in self.senders)


def layout_of(provider: Provider, data_set: str, number: int) -> Layout:
    """Return the layout in which a provider sends a data set in a round."""
    chosen = PATIENT_LEVEL[provider.layout][data_set]
    for since, name in provider.changes:
        if since <= number:
            known = SUMMARY if data_set == "ACM" else PATIENT_LEVEL.get(name, {})
            chosen = known.get(name if data_set == "ACM" else data_set, chosen)
    return chosen


def sendings(preset: Preset) -> Iterator[Sending]:
    """Yield the layouts of a preset's providers, each once, in the order of data sets."""
    for data_set in ("ACM", "PLCM", "DrPLCM", "DePLCM"):
        found: dict[str, tuple[Layout, dict[str, int]]] = {}
        for provider in preset.providers:
            if (data_set == "DrPLCM" and not provider.drugs) or (
                data_set == "DePLCM" and not provider.devices
            ):
                continue
            for number in range(1, ROUNDS + 1):
                layout = layout_of(provider, data_set, number)
                _, senders = found.setdefault(layout.name, (layout, {}))
                senders.setdefault(provider.code, number)
        for layout, senders in found.values():
            yield Sending(data_set, layout, tuple(senders.items()))
