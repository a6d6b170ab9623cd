"""Reads the declarations shipped with the package: elements, data sets."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from comptroller.vocabulary.model import (
    DUCKDB_TYPES,
    DataSet,
    Element,
    Measure,
    normalise_header,
)

_ELEMENT_KEYS = frozenset(
    {
        "dictionary_name",
        "kind",
        "type",
        "format",
        "meaning",
        "aliases",
        "aliases_in",
        "code_list",
        "columns",
        "use",
        "names",
    }
)


def _toml_files(folder: str) -> Iterator[Mapping[str, Any]]:
    root = files("comptroller.vocabulary").joinpath(folder)
    for entry in sorted(root.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            yield tomllib.loads(entry.read_text(encoding="utf-8"))


def _element(name: str, raw: Mapping[str, Any]) -> Element:
    unknown = set(raw) - _ELEMENT_KEYS
    if unknown:
        raise ValueError(f"element {name}: unknown keys {sorted(unknown)}")
    use: Mapping[str, str] = raw.get("use", {})
    positions: dict[str, int] = {}
    mandation: dict[str, str] = {}
    for data_set_id, text in use.items():
        position, letter = text.split()
        mandation[data_set_id] = letter
        if position != "-":
            positions[data_set_id] = int(position)
    return Element(
        name=name,
        dictionary_name=raw["dictionary_name"],
        kind=raw["kind"],
        mandation=mandation,
        format=raw["format"],
        meaning=raw["meaning"],
        aliases=tuple(raw.get("aliases", ())),
        code_list=raw.get("code_list"),
        columns=tuple(raw.get("columns", (name,))),
        positions=positions,
        duckdb_type=raw.get("type", DUCKDB_TYPES[raw["kind"]]),
    )


@cache
def _raw_elements() -> dict[str, Mapping[str, Any]]:
    raw: dict[str, Mapping[str, Any]] = {}
    for document in _toml_files("elements"):
        for name, table in document.items():
            if name in raw:
                raise ValueError(f"element {name} is declared twice")
            raw[name] = table
    return raw


@cache
def elements() -> dict[str, Element]:
    """Return every element of the line data sets, in the order of the columns of `lines`."""
    return {name: _element(name, raw) for name, raw in _raw_elements().items()}


def _elements_of(data_set_id: str) -> tuple[Element, ...]:
    chosen: list[tuple[int, int, Element]] = []
    for order, (name, element) in enumerate(elements().items()):
        if data_set_id not in element.mandation:
            continue
        raw = _raw_elements()[name]
        own_name = raw.get("names", {}).get(data_set_id, element.dictionary_name)
        extra = tuple(raw.get("aliases_in", {}).get(data_set_id, ()))
        local = replace(element, dictionary_name=own_name, aliases=element.aliases + extra)
        chosen.append((element.positions.get(data_set_id, 1000), order, local))
    return tuple(element for _, _, element in sorted(chosen, key=lambda item: item[:2]))


def _other_elements(raw: Mapping[str, Any], data_set_id: str) -> tuple[Element, ...]:
    made = []
    for name, table in raw.items():
        element = _element(
            name,
            {"use": {data_set_id: "- " + table["mandation"]}}
            | {key: value for key, value in table.items() if key != "mandation"},
        )
        made.append(element)
    return tuple(made)


def _normal(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(normalise_header(name) for name in names)


def _measure(raw: Mapping[str, Any]) -> Measure:
    pattern = raw.get("header_pattern")
    return Measure(
        name=raw["name"],
        unit=raw["unit"],
        meaning=raw["meaning"],
        headers=_normal(raw.get("headers", ())),
        dimension=dict(raw.get("dimension", {})),
        groups=_normal(raw.get("groups", ())),
        occurrence=raw.get("occurrence", 0),
        header_pattern=re.compile(pattern) if pattern else None,
    )


def _data_set(data_set_id: str, raw: Mapping[str, Any]) -> DataSet:
    own = raw.get("elements")
    group = raw.get("group_dimension", {"name": "", "values": {}})
    return DataSet(
        id=data_set_id,
        title=raw["title"],
        standard=raw["standard"],
        family=raw["family"],
        level=raw["level"],
        meaning=raw["meaning"],
        elements=_elements_of(data_set_id) if own is None else _other_elements(own, data_set_id),
        national_name_patterns=tuple(raw["national_name_patterns"]),
        measures=tuple(_measure(item) for item in raw.get("measures", ())),
        dimensions=tuple(raw.get("dimensions", ())),
        period_kind=raw.get("period_kind", ""),
        group_dimension=group["name"],
        group_values={value: _normal(names) for value, names in group["values"].items()},
    )


@cache
def data_sets() -> dict[str, DataSet]:
    """Return every data set by id: line sets first, then published activity, plan, payments."""
    root = files("comptroller.vocabulary")
    made: dict[str, DataSet] = {}
    for name in ("data_sets.toml", "other_data_sets.toml", "published_data_sets.toml"):
        for data_set_id, raw in tomllib.loads(root.joinpath(name).read_text("utf-8")).items():
            made[data_set_id] = _data_set(data_set_id, raw)
    return made
