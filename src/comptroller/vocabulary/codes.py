"""Code lists shipped with the package, and what the points of delivery mean."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from comptroller.vocabulary.model import Code, CodeList


@cache
def _declared() -> Mapping[str, Mapping[str, str]]:
    text = files("comptroller.vocabulary").joinpath("code_lists/lists.toml").read_text("utf-8")
    declared: Mapping[str, Mapping[str, str]] = tomllib.loads(text)
    return declared


@cache
def code_list(name: str) -> CodeList:
    """Return the code list of this name, or raise KeyError naming the lists there are."""
    declared = _declared()
    if name not in declared:
        raise KeyError(f"no code list {name}; there are: {', '.join(declared)}")
    about = declared[name]
    path = files("comptroller.vocabulary").joinpath("code_lists", f"{name}.csv")
    rows: dict[str, Code] = {}
    for record in csv.DictReader(path.read_text("utf-8").splitlines()):
        code = record.pop("code")
        label = record.pop("name")
        if code in rows:
            raise ValueError(f"code list {name} holds {code} twice")
        rows[code] = Code(code=code, name=label, attributes=record)
    return CodeList(name=name, title=about["title"], source=about["source"], rows=rows)


class _CodeLists(Mapping[str, CodeList]):
    """Every code list by name, read when first asked for."""

    def __getitem__(self, name: str) -> CodeList:
        return code_list(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_declared())

    def __len__(self) -> int:
        return len(_declared())


CODE_LISTS: Mapping[str, CodeList] = _CodeLists()


def pod_group(code: str) -> str:
    """Return the reporting group of a national point of delivery, `Other` for an unknown code."""
    known = code_list("point_of_delivery").get(code)
    return known.attributes["group"] if known else "Other"


def pod_measure(code: str) -> str:
    """Return what a unit of the point of delivery is (`spell`, `attendance`, `test` ...)."""
    known = code_list("point_of_delivery").get(code)
    return known.attributes["measure"] if known else ""


def is_non_activity(code: str) -> bool:
    """Return whether the point of delivery carries money only (the national six)."""
    known = code_list("point_of_delivery").get(code)
    return bool(known and known.attributes["non_activity"] == "Y")


@cache
def _repairs() -> Mapping[str, str]:
    return {code: row.name for code, row in code_list("point_of_delivery_repair").rows.items()}


def repair_pod(text: str) -> str | None:
    """Return the national point of delivery meant by a code as typed, or None if open.

    A national code (blanks and case aside) is itself; a known variant or typing error is repaired
    by the list `point_of_delivery_repair`; a code whose meaning is open stays None.
    """
    typed = " ".join(text.upper().split())
    if typed in code_list("point_of_delivery"):
        return typed
    return _repairs().get(typed) or None
