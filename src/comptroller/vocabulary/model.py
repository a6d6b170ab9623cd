"""The types of the vocabulary: elements, data sets, codes and code lists."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

MONEY_TYPE = "DECIMAL(26,8)"

DUCKDB_TYPES: Mapping[str, str] = {
    "code": "VARCHAR",
    "text": "VARCHAR",
    "identifier": "VARCHAR",
    "flag": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "integer": "INTEGER",
    "decimal": MONEY_TYPE,
    "money": MONEY_TYPE,
    "nhs_number": "VARCHAR",
    "postcode": "VARCHAR",
    "birth_date": "DATE",
    "financial_year": "VARCHAR",
    "financial_month": "INTEGER",
}

MANDATIONS: Mapping[str, str] = {
    "M": "mandatory",
    "R": "required where it applies",
    "O": "optional",
    "L": "local: met in providers' own files, not in the national table",
}

_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")
_NOT_WORD = re.compile(r"[^0-9a-z]+")


_SIGNS = (
    ("dm+d", "dmd"),
    ("&", " and "),
    ("<", " less than "),
    (">", " more than "),
    ("'", ""),
)


def normalise_header(text: str) -> str:
    """Return a header in the form in which headers are compared: `TOTAL COST ` is `total cost`.

    Case, underscores, punctuation, currency signs, invisible characters and repeated blanks do
    not count; `&` reads as `and`, and `DM+D` as `dmd`.
    """
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).lower()
    for sign, word in _SIGNS:
        plain = plain.replace(sign, word)
    return _NOT_WORD.sub(" ", plain).strip()


@dataclass(frozen=True, slots=True)
class Element:
    """One data element: its names, kind, format and meaning, declared once.

    `columns` are the columns of `lines` that it fills: itself as a rule; an NHS number becomes a
    pseudonym, its domain and a status; a birth date keeps its month only.
    `mandation` maps a data set's id to M, R, O or L (see `MANDATIONS`); `positions` maps it to the
    place in the published version 2 table.
    """

    name: str
    dictionary_name: str
    kind: str
    mandation: Mapping[str, str] = field(default_factory=dict)
    format: str = ""
    meaning: str = ""
    aliases: tuple[str, ...] = ()
    code_list: str | None = None
    columns: tuple[str, ...] = ()
    positions: Mapping[str, int] = field(default_factory=dict)
    duckdb_type: str = "VARCHAR"


@dataclass(frozen=True)
class Measure:
    """A measured column, or family of columns, of a published activity table.

    `dimension` is what the column fixes (`{"department_type": "1"}`); `headers` its names,
    normalised; `groups` the labels it may stand under in a header row above; `occurrence` which of
    several equal headers it is (from 1) where that row is missing. A `header_pattern` names a
    family of columns and its named groups become dimensions. `unit`: count, £ or percent; a
    percentage and a unit cost are never added up (`additive` is False).
    """

    name: str
    unit: str
    meaning: str
    headers: tuple[str, ...] = ()
    dimension: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    occurrence: int = 0
    header_pattern: re.Pattern[str] | None = None

    @property
    def additive(self) -> bool:
        """Return whether values of several organisations or periods may be added up."""
        return self.unit != "percent" and not self.name.startswith("unit_")


@dataclass(frozen=True)
class MeasureMatch:
    """A header recognised as a measure, with the whole dimension it fixes."""

    measure: Measure
    dimension: Mapping[str, str]


@dataclass(frozen=True)
class DataSet:
    """One data set with its elements in published order."""

    id: str
    title: str
    standard: str
    family: str
    level: str
    meaning: str
    elements: tuple[Element, ...]
    national_name_patterns: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    dimensions: tuple[str, ...] = ()
    period_kind: str = ""
    group_dimension: str = ""
    group_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def _by_name(self) -> dict[str, Element]:
        return {element.name: element for element in self.elements}

    @cached_property
    def _headers(self) -> dict[str, Element]:
        return header_table(self.id, self.elements)

    @cached_property
    def _compact(self) -> dict[str, Element | None]:
        compact: dict[str, Element | None] = {}
        for header, element in self._headers.items():
            key = header.replace(" ", "")
            known = compact.get(key, element)
            compact[key] = element if known is element else None
        return compact

    def element(self, name: str) -> Element:
        """Return the element of this name; KeyError with the data set's id when it has none."""
        try:
            return self._by_name[name]
        except KeyError:
            raise KeyError(f"{self.id} has no element {name}") from None

    def has(self, name: str) -> bool:
        """Return whether the data set has an element of this name."""
        return name in self._by_name

    def headers(self) -> dict[str, Element]:
        """Return every known header, normalised, with its element: national and local names."""
        return dict(self._headers)

    def match_header(self, header: str) -> Element | None:
        """Return the element a header names exactly (blanks and case aside), or None."""
        normal = normalise_header(header)
        return self._headers.get(normal) or self._compact.get(normal.replace(" ", ""))

    def match_measure(
        self, header: str, *, group: str = "", occurrence: int = 1
    ) -> MeasureMatch | None:
        """Return the measure a column holds, or None; for published activity tables.

        Args:
            header: The column's own header.
            group: The label of the header row above, filled to the right; empty where none.
            occurrence: Which of the columns with this same header it is, from 1.
        """
        normal, label = normalise_header(header), normalise_header(group)
        setting: dict[str, str] = {}
        if self.group_dimension:
            value = self._group_value(label)
            if value is None:
                return None
            setting = {self.group_dimension: value}
        for measure in self.measures:
            if measure.header_pattern:
                found = measure.header_pattern.fullmatch(normal)
                if found:
                    return MeasureMatch(measure, {**measure.dimension, **found.groupdict()})
                continue
            if normal not in measure.headers:
                continue
            if measure.groups and label and label not in measure.groups:
                continue
            if measure.groups and not label and measure.occurrence != occurrence:
                continue
            return MeasureMatch(measure, {**measure.dimension, **setting})
        return None

    def _group_value(self, label: str) -> str | None:
        if not label:
            return "all"
        return next((value for value, names in self.group_values.items() if label in names), None)

    def mandatory(self) -> tuple[Element, ...]:
        """Return the elements that every row must carry."""
        return tuple(e for e in self.elements if e.mandation.get(self.id) == "M")


def header_table(data_set: str, elements: tuple[Element, ...]) -> dict[str, Element]:
    """Return the elements by normalised header; ValueError where one header names two.

    An element's own Dictionary name and canonical name win over another element's alias.
    """
    strong: dict[str, Element] = {}
    for element in elements:
        for name in (element.dictionary_name, element.name):
            key = normalise_header(name)
            other = strong.setdefault(key, element)
            if other is not element and name == element.name:
                raise ValueError(f"{data_set}: {other.name} and {element.name} share {key!r}")
    table = dict(strong)
    for element in elements:
        for alias in element.aliases:
            key = normalise_header(alias)
            if key in strong:
                continue
            other = table.setdefault(key, element)
            if other is not element:
                raise ValueError(f"{data_set}: {other.name} and {element.name} share {key!r}")
    return table


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a list with its name and attributes (text, as the list's file has them)."""

    code: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CodeList:
    """A list of codes with its title, source and rows by code."""

    name: str
    title: str
    source: str
    rows: Mapping[str, Code]
    complete: bool = True

    def __contains__(self, code: object) -> bool:
        return code in self.rows

    def get(self, code: str) -> Code | None:
        """Return the code, or None where the list has none such."""
        return self.rows.get(code)

    def codes(self) -> tuple[str, ...]:
        """Return every code, in the list's order."""
        return tuple(self.rows)
