"""Rulebook files become checks: every fault of every file is found and told at once.

What comes in: TOML files in the grammar of `comptroller.checks.definition`. What goes out: a
`Rulebook`. Grammar faults (unknown key, wrong type, missing example ...) are found here; faults of
meaning (unknown column, wrong type in an expression ...) by `comptroller.checks.compiler`, in the
same list.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from comptroller.checks.definition import (
    BASIS_STATUS,
    CATEGORIES,
    COMPONENTS,
    KEEP,
    ON_MISSING,
    PAID,
    PRECEDENCE,
    QUESTIONS,
    REVIEWS,
    TYPES,
    VALUES,
    Basis,
    Check,
    Example,
    Exclusion,
    ParameterValue,
    Place,
    Scalar,
)
from comptroller.checks.positions import Positions, Spot
from comptroller.errors import ComptrollerError

TYPES_FILE = "types.toml"
_ID = re.compile(r"[A-Z]{3}-[0-9]{3}[A-Z]?")
_OWN_ID = re.compile(r"[A-Z][A-Z0-9]{1,9}-[0-9]{3}[A-Z]?")
_NAME = re.compile(r"[a-z][a-z0-9_]*")

_REQUIRED = (
    *("title", "question", "precedence", "type", "data_sets", "wrong_when", "on_missing"),
    *("value", "confidence", "message", "action", "evidence", "next_review"),
)
_OPTIONAL = (
    *("scope", "exclusions", "group_by", "aggregates", "keep", "keep_by", "finding"),
    *("value_expression", "component", "shift_to", "related_lines", "counterparty", "needs"),
    *("paid", "parameters", "tolerance", "minimum_value", "review", "checked_by"),
    *("basis", "examples", "example_defaults"),
)
_GROUP_ONLY = ("group_by", "aggregates", "keep", "keep_by", "finding")


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a rulebook file."""

    place: Place
    subject: str
    text: str

    def __str__(self) -> str:
        place = f"{self.place}, column {self.place.column}" if self.place.column > 1 else self.place
        return f"{place}: {self.subject}: {self.text}" if self.subject else f"{place}: {self.text}"


class RulebookError(ComptrollerError):
    """The rulebook was refused; ``faults`` holds every reason with its place."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(
            sorted(faults, key=lambda f: (str(f.place.path), f.place.line, f.place.column, f.text))
        )
        many = len(self.faults)
        super().__init__(
            f"{many} fault{'s' if many != 1 else ''} in the rulebook: "
            + "; ".join(str(fault) for fault in self.faults)
        )


@dataclass
class Rulebook:
    """Checks by id, exclusions and named types by name; checks in the order of their ids."""

    checks: dict[str, Check] = field(default_factory=dict)
    types: dict[str, dict[str, Any]] = field(default_factory=dict)
    exclusions: dict[str, Exclusion] = field(default_factory=dict)


def read_rulebook(
    files: Iterable[Path], own: Iterable[Path] = (), instead: Path | None = None
) -> tuple[Rulebook, list[Fault]]:
    """Return the checks of ``files`` and every grammar fault found on the way.

    Args:
        files: Rulebook files of the product; one named ``exclusions.toml`` declares shared sets,
            one named ``types.toml`` the named check types.
        own: Files of the workspace's ``rules`` folder; their ids may have any prefix.
        instead: A file whose checks take the place of those with the same ids.
    """
    rulebook, faults = Rulebook(), list[Fault]()
    # Types first: the checks of the other files are of them.
    product = sorted(files, key=lambda path: (path.name != TYPES_FILE, path))
    for path, is_own in [*((p, False) for p in product), *((p, True) for p in sorted(own))]:
        _read_file(path, is_own, rulebook, faults)
    if instead is not None:
        tried = Rulebook()
        _read_file(instead, True, tried, faults)
        rulebook.checks |= tried.checks
    for check in rulebook.checks.values():
        for name in check.exclusions:
            if name not in rulebook.exclusions:
                known = ", ".join(sorted(rulebook.exclusions)) or "none is declared"
                faults.append(
                    Fault(
                        check.place_of("exclusions"),
                        check.id,
                        f"no exclusion is called '{name}' ({known})",
                    )
                )
    rulebook.checks = dict(sorted(rulebook.checks.items()))
    return rulebook, faults


def _read_file(path: Path, own: bool, rulebook: Rulebook, faults: list[Fault]) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Fault(Place(path, 1), "", f"the file cannot be read: {error}"))
        return
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(found.group(1)), int(found.group(2))) if found else (1, 1)
        reason = re.sub(r" \(at .*\)$", "", str(error))
        faults.append(Fault(Place(path, line, column), "", f"not valid TOML: {reason}"))
        return
    positions = Positions(text)
    for name, table in content.items():
        reader = _Reader(path, positions, name, faults)
        if not isinstance(table, dict):
            reader.fault(name, "a rulebook file holds tables only")
        elif path.name == "exclusions.toml":
            _read_exclusion(reader, table, rulebook)
        elif path.name == TYPES_FILE and not own:
            rulebook.types[name] = table
        else:
            _read_check(reader, table, own, rulebook)


class _Reader:
    """Reads typed values out of one table and notes what is wrong with them."""

    def __init__(self, path: Path, positions: Positions, name: str, faults: list[Fault]) -> None:
        self.path, self.positions, self.name, self.faults = path, positions, name, faults
        self.table, self.index = name, 0

    def place(self, key: str = "") -> Place:
        spots = self.positions
        spot: Spot = spots.key(self.table, self.index, key)
        return Place(self.path, spot.line, spot.column + (spot.quote if key else 0))

    def fault(self, key: str, text: str) -> None:
        self.faults.append(Fault(self.place(key), self.name, text))

    def sub(self, table: str, index: int) -> _Reader:
        reader = _Reader(self.path, self.positions, self.name, self.faults)
        reader.table, reader.index = f"{self.name}.{table}", index
        return reader

    def unknown(self, table: Mapping[str, Any], known: Iterable[str]) -> None:
        known = list(known)
        for key in table:
            if key not in known:
                self.fault(key, f"unknown key '{key}'{_nearest(key, known)}")

    def text(self, table: Mapping[str, Any], key: str, default: str = "") -> str:
        value = table.get(key, default)
        if not isinstance(value, str):
            self.fault(key, f"'{key}' must be text")
            return default
        return value.strip()

    def choice(
        self, table: Mapping[str, Any], key: str, choices: Iterable[str], default: str
    ) -> str:
        value = self.text(table, key, default)
        choices = list(choices)
        if value not in choices:
            self.fault(key, f"'{key}' is '{value}'; it must be one of {', '.join(choices)}")
            return default
        return value

    def texts(self, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fault(key, f"'{key}' must be a list of texts")
            return ()
        return tuple(value)

    def money(self, table: Mapping[str, Any], key: str) -> Decimal:
        value = table.get(key, "0")
        number = _decimal(value)
        if number is None:
            self.fault(key, f"'{key}' must be a number, as in \"0.50\"")
            return Decimal(0)
        if number < 0:
            self.fault(key, f"'{key}' must not be negative")
        return number

    def date(self, table: Mapping[str, Any], key: str) -> dt.date | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        try:
            return dt.date.fromisoformat(str(value))
        except ValueError:
            self.fault(key, f"'{key}' must be a date, as in \"2026-04-01\"")
            return None

    def tables(self, table: Mapping[str, Any], key: str) -> list[tuple[_Reader, dict[str, Any]]]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fault(key, f"'{key}' must be written as [[{self.name}.{key}]]")
            return []
        return [(self.sub(key, number), item) for number, item in enumerate(value)]


def _read_exclusion(reader: _Reader, table: dict[str, Any], rulebook: Rulebook) -> None:
    name = reader.name
    reader.unknown(table, ("title", "predicate", "needs", "basis"))
    if not _NAME.fullmatch(name):
        reader.fault("", "an exclusion's name has small letters, digits and _ only")
    for key in ("title", "predicate"):
        if not reader.text(table, key):
            reader.fault(key, f"'{key}' is missing")
    if name in rulebook.exclusions:
        reader.fault("", f"already declared in {rulebook.exclusions[name].place}")
        return
    rulebook.exclusions[name] = Exclusion(
        name=name,
        title=reader.text(table, "title"),
        predicate=reader.text(table, "predicate"),
        place=reader.place("predicate"),
        needs=reader.texts(table, "needs"),
        basis=_read_basis(reader, table),
    )


def _read_check(reader: _Reader, table: dict[str, Any], own: bool, rulebook: Rulebook) -> None:
    check_id = reader.name
    table = _of_type(table, rulebook.types, check_id)
    before = len(reader.faults)
    reader.unknown(table, [*_REQUIRED, *_OPTIONAL])
    pattern, shape = (_OWN_ID, "OWN-001") if own else (_ID, "DUP-001")
    if not pattern.fullmatch(check_id):
        reader.fault("", f"'{check_id}' is not a check's id, as in {shape}")
    elif not own and check_id.split("-")[0] not in CATEGORIES:
        reader.fault("", f"'{check_id[:3]}' is no category ({', '.join(CATEGORIES)})")
    for key in _REQUIRED:
        if key not in table:
            reader.fault("", f"'{key}' is missing")
    if check_id in rulebook.checks:
        reader.fault("", f"the id is already used in {rulebook.checks[check_id].place}")
        return
    check = _build(reader, table, own)
    _consistent(reader, check, table)
    if len(reader.faults) == before:
        rulebook.checks[check_id] = check


def _of_type(
    table: dict[str, Any], types: Mapping[str, dict[str, Any]], check_id: str
) -> dict[str, Any]:
    """Return a check's table with what its named type says besides, ``$id`` being its own id."""
    shape = types.get(str(table.get("type")))
    if shape is None:
        return table
    return {**_filled(shape, check_id), **table, "type": shape["type"]}


def _filled(value: Any, check_id: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, check_id) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, check_id) for item in value]
    return value.replace("$id", check_id) if isinstance(value, str) else value


def _build(reader: _Reader, table: dict[str, Any], own: bool) -> Check:
    value = reader.choice(table, "value", VALUES, "V-NIL")
    parameters = _read_parameters(reader, table)
    return Check(
        id=reader.name,
        title=reader.text(table, "title"),
        question=reader.choice(table, "question", QUESTIONS, "as_agreed"),
        precedence=_precedence(reader, table),
        type=reader.choice(table, "type", TYPES, "row"),  # type: ignore[arg-type]
        data_sets=reader.texts(table, "data_sets"),
        wrong_when=reader.text(table, "wrong_when"),
        on_missing=reader.choice(table, "on_missing", ON_MISSING, "not_applicable"),  # type: ignore[arg-type]
        value=value,
        confidence=_confidence(reader, table),
        message=reader.text(table, "message"),
        action=reader.text(table, "action"),
        evidence=reader.texts(table, "evidence"),
        next_review=reader.date(table, "next_review") or dt.date.min,
        place=reader.place(),
        places={key: reader.place(key) for key in table},
        scope=reader.text(table, "scope"),
        exclusions=reader.texts(table, "exclusions"),
        group_by=reader.texts(table, "group_by"),
        aggregates=_read_aggregates(reader, table),
        keep=reader.choice(table, "keep", KEEP, "dearest"),
        keep_by=reader.text(table, "keep_by"),
        finding=reader.choice(table, "finding", ("line", "group"), "line"),  # type: ignore[arg-type]
        value_expression=reader.text(table, "value_expression"),
        component=reader.choice(table, "component", COMPONENTS, VALUES[value].component),
        paid=reader.choice(table, "paid", PAID, "terms"),
        shift_to=reader.text(table, "shift_to"),
        related_lines=reader.texts(table, "related_lines"),
        counterparty=reader.text(table, "counterparty"),
        needs=reader.texts(table, "needs"),
        parameters=parameters,
        tolerance=reader.money(table, "tolerance"),
        minimum_value=reader.money(table, "minimum_value"),
        review=reader.choice(table, "review", REVIEWS, "automated"),
        checked_by=reader.text(table, "checked_by"),
        basis=_read_basis(reader, table),
        examples=_read_examples(reader, table, parameters),
        own=own,
    )


def _consistent(reader: _Reader, check: Check, table: Mapping[str, Any]) -> None:
    """Note keys that do not go together."""
    for key in ("title", "wrong_when", "message", "action", "data_sets"):
        if key in table and not getattr(check, key):
            reader.fault(key, f"'{key}' is empty")
    if check.type == "group":
        if not check.group_by:
            reader.fault("group_by", "a group check needs 'group_by'")
        if (check.keep == "majority") != bool(check.keep_by):
            reader.fault("keep_by", "'keep_by' goes with keep = \"majority\", and only with it")
    else:
        for key in _GROUP_ONLY:
            if key in table:
                reader.fault(key, f"'{key}' is for group checks only")
    rule = VALUES[check.value].expression
    if rule == "required" and not check.value_expression:
        reader.fault("value", f"{check.value} needs a 'value_expression' (pounds)")
    if rule == "none" and check.value_expression:
        reader.fault("value_expression", f"{check.value} takes no 'value_expression'")
    if check.type == "total" and check.value in ("V-FULL", "V-KEEP1", "V-SHIFT", "V-MRG"):
        reader.fault("value", f"{check.value} needs lines; a total check has none")
    if check.shift_to and check.value != "V-SHIFT":
        reader.fault("shift_to", "'shift_to' goes with value = \"V-SHIFT\"")
    kinds = {example.kind for example in check.examples}
    wanted = ["wrong", "right"] + (["missing"] if check.on_missing != "never" else [])
    for kind in wanted:
        if kind not in kinds:
            reader.fault("examples", f"an example of kind '{kind}' is missing")


def _precedence(reader: _Reader, table: Mapping[str, Any]) -> int:
    value = table.get("precedence", 1)
    if isinstance(value, bool) or not isinstance(value, int) or value not in PRECEDENCE:
        reader.fault("precedence", "'precedence' must be a whole number from 1 to 6")
        return 6
    return value


def _confidence(reader: _Reader, table: Mapping[str, Any]) -> Decimal:
    value = _decimal(table.get("confidence", 0))
    if value is None or not 0 <= value <= 1:
        reader.fault("confidence", "'confidence' must be a number from 0 to 1")
        return Decimal(0)
    return value


def _read_parameters(
    reader: _Reader, table: Mapping[str, Any], key: str = "parameters"
) -> dict[str, ParameterValue]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        reader.fault(key, f"'{key}' must be a table, as in {{ p_days = 3 }}")
        return {}
    result: dict[str, ParameterValue] = {}
    for name, item in value.items():
        if not _NAME.fullmatch(name):
            reader.fault(key, f"the parameter's name '{name}' has small letters, digits and _ only")
        parsed = parameter_value(item)
        if parsed is None:
            reader.fault(key, f"the parameter '{name}' must be a text, number, date, true or false")
            continue
        result[name] = parsed
    return result


def parameter_value(item: object) -> ParameterValue | None:
    """Return a TOML value as a parameter, or None where it cannot be one."""
    if isinstance(item, dt.datetime | dt.time | dict):
        return None
    if isinstance(item, bool | str | int | Decimal | dt.date):
        return item
    if isinstance(item, list) and item:
        if all(isinstance(each, str) for each in item):
            return tuple(item)
        if all(isinstance(each, int | Decimal) and not isinstance(each, bool) for each in item):
            return tuple(Decimal(each) for each in item)
    return None


def _read_aggregates(reader: _Reader, table: Mapping[str, Any]) -> dict[str, str]:
    value = table.get("aggregates", {})
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        reader.fault("aggregates", "'aggregates' must be a table of name = \"expression\"")
        return {}
    for name in value:
        if not _NAME.fullmatch(name):
            reader.fault("aggregates", f"the name '{name}' has small letters, digits and _ only")
    return dict(value)


def _read_basis(reader: _Reader, table: Mapping[str, Any]) -> tuple[Basis, ...]:
    result = []
    for sub, item in reader.tables(table, "basis"):
        sub.unknown(item, ("document", "edition", "paragraph", "status", "from", "to", "url"))
        if not sub.text(item, "document"):
            sub.fault("document", "a basis needs its 'document'")
        result.append(
            Basis(
                document=sub.text(item, "document"),
                edition=sub.text(item, "edition"),
                paragraph=sub.text(item, "paragraph"),
                status=sub.choice(item, "status", BASIS_STATUS, "to confirm"),
                from_date=sub.date(item, "from"),
                to_date=sub.date(item, "to"),
                url=sub.text(item, "url"),
            )
        )
    return tuple(result)


def _read_examples(
    reader: _Reader, table: Mapping[str, Any], parameters: Mapping[str, ParameterValue]
) -> tuple[Example, ...]:
    common = table.get("example_defaults", {})
    if not isinstance(common, dict):
        reader.fault("example_defaults", "'example_defaults' must be a table of column = value")
        common = {}
    result = []
    for sub, item in reader.tables(table, "examples"):
        example = _read_example(sub, item, common, parameters)
        if example is not None:
            result.append(example)
    return tuple(result)


def _read_example(
    sub: _Reader,
    item: dict[str, Any],
    common: dict[str, Any],
    known: Mapping[str, ParameterValue],
) -> Example | None:
    kinds = ("wrong", "right", "missing")
    sub.unknown(item, (*kinds, "defaults", "flags", "value", "parameters", "note"))
    given = [kind for kind in kinds if kind in item]
    if len(given) != 1:
        sub.fault("", "an example holds exactly one of wrong, right and missing")
        return None
    kind = given[0]
    rows = item[kind] if isinstance(item[kind], list) else [item[kind]]
    defaults = item.get("defaults", {})
    if not rows or not all(isinstance(row, dict) for row in [*rows, defaults]):
        sub.fault(kind, f"'{kind}' must be a row (a table) or several (an array of tables)")
        return None
    parameters = _read_parameters(sub, item)
    for name in parameters:
        if name not in known:
            sub.fault("parameters", f"the check has no parameter '{name}'")
    flags = item.get("flags")
    if flags is not None and not (
        isinstance(flags, list) and all(isinstance(f, int) and 1 <= f <= len(rows) for f in flags)
    ):
        sub.fault("flags", f"'flags' must be a list of row numbers from 1 to {len(rows)}")
        flags = None
    value = _decimal(item["value"]) if "value" in item else None
    if "value" in item and value is None:
        sub.fault("value", "'value' must be a number, as in \"120.00\"")
    merged = tuple({**common, **defaults, **row} for row in rows)
    _check_scalars(sub, kind, merged)
    return Example(
        kind=kind,  # type: ignore[arg-type]
        rows=merged,
        place=sub.place(kind),
        flags=None if flags is None else tuple(flags),
        value=value,
        parameters=parameters,
        note=sub.text(item, "note"),
    )


def _check_scalars(sub: _Reader, kind: str, rows: Iterable[Mapping[str, object]]) -> None:
    is_scalar: Callable[[object], bool] = lambda value: isinstance(value, Scalar)  # noqa: E731
    for row in rows:
        for column, value in row.items():
            if not is_scalar(value):
                sub.fault(kind, f"the column '{column}' must hold one value")


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _nearest(word: str, known: Iterable[str]) -> str:
    """Return ", did you mean ...?" for a misspelt word, or nothing."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f"; did you mean '{found[0]}'?" if found else ""
