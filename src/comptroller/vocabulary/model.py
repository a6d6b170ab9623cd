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


def normalise_header(text: str) -> str:
    """The header in the form in which headers are compared: `TOTAL COST ` becomes `total cost`.

    Case, underscores, punctuation, currency signs, invisible characters and repeated blanks do
    not count; `&` reads as `and`, and `DM+D` as `dmd`.
    """
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).lower()
    plain = plain.replace("dm+d", "dmd").replace("&", " and ").replace("'", "")
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
        """The element of this name; KeyError with the data set's id when it has none."""
        try:
            return self._by_name[name]
        except KeyError:
            raise KeyError(f"{self.id} has no element {name}") from None

    def has(self, name: str) -> bool:
        """Whether the data set has an element of this name."""
        return name in self._by_name

    def headers(self) -> dict[str, Element]:
        """Every known header, normalised, with its element: national names, v1 to v3, local."""
        return dict(self._headers)

    def match_header(self, header: str) -> Element | None:
        """The element a header names exactly (blanks and case aside), or None."""
        normal = normalise_header(header)
        return self._headers.get(normal) or self._compact.get(normal.replace(" ", ""))

    def mandatory(self) -> tuple[Element, ...]:
        """The elements that every row must carry."""
        return tuple(e for e in self.elements if e.mandation.get(self.id) == "M")


def header_table(data_set: str, elements: tuple[Element, ...]) -> dict[str, Element]:
    """Normalised header to element; ValueError where one header would name two elements.

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
        """The code, or None where the list has none such."""
        return self.rows.get(code)

    def codes(self) -> tuple[str, ...]:
        """Every code, in the list's order."""
        return tuple(self.rows)
