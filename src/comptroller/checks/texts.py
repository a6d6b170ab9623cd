"""Messages and evidence: templates of a check written out as SQL, so that no row meets Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from comptroller.checks.expressions import ExpressionError, Parameter, literal_sql
from comptroller.checks.macros import Type
from comptroller.warehouse import quote_identifier, quote_literal

_FIELD = re.compile(r"\{([^{}]*)\}")
ABSENT = "not given"


@dataclass(frozen=True)
class Names:
    """What a template may name.

    Attributes:
        columns: Column, aggregate or key to type.
        parameters: The check's parameters.
        money: Names that hold pounds.
    """

    columns: Mapping[str, Type]
    parameters: Mapping[str, Parameter]
    money: frozenset[str] = frozenset()


def fields(template: str) -> tuple[str, ...]:
    """Return the names between braces, in order."""
    return tuple(match.group(1) for match in _FIELD.finditer(template))


def message_sql(template: str, names: Names) -> str:
    """Return DuckDB text that fills a template; a missing value reads "not given".

    Raises:
        ExpressionError: A name between braces is unknown, or a brace stands alone.
    """
    parts, position = [], 0
    for match in _FIELD.finditer(template):
        parts.append(template[position : match.start()])
        parts.append(match.group(1))
        position = match.end()
    parts.append(template[position:])
    pieces = []
    for number, part in enumerate(parts):
        if number % 2 == 0:
            if "{" in part or "}" in part:
                raise ExpressionError("a brace in the message stands alone")
            if part:
                pieces.append(quote_literal(part))
        else:
            pieces.append(f"coalesce({_reading_sql(part, names)}, {quote_literal(ABSENT)})")
    if not pieces:
        return "''"
    return f"concat({', '.join(pieces)})"


def evidence_sql(items: Iterable[str], names: Names) -> str:
    """Return DuckDB text for the evidence: a JSON array of [name, text] pairs in order.

    Dates are ISO, numbers plain without trailing zeros, a missing value is null.
    """
    pairs = []
    for name in items:
        if name in names.parameters and name not in names.columns:
            value = literal_text(names.parameters[name])
        else:
            value = _plain_sql(name, _type(name, names))
        pairs.append(f"[{quote_literal(name)}, {value}]")
    if not pairs:
        return "'[]'"
    return f"CAST(to_json([{', '.join(pairs)}]) AS VARCHAR)"


def literal_text(parameter: Parameter) -> str:
    """Return a parameter's default as quoted text; a list reads "A, B"."""
    value = parameter.default
    if isinstance(value, tuple):
        return quote_literal(", ".join(str(item) for item in value))
    if isinstance(value, bool):
        return quote_literal("yes" if value else "no")
    return quote_literal(str(value))


def _type(name: str, names: Names) -> Type:
    if name not in names.columns:
        raise ExpressionError(f"there is no column '{name}'")
    return names.columns[name]


def _reading_sql(field: str, names: Names) -> str:
    """Return a value as a person reads it: 12 May 2025, £1,234.50, yes."""
    name = field.strip()
    if name in names.parameters and name not in names.columns:
        parameter = names.parameters[name]
        if not parameter.overrides or isinstance(parameter.default, tuple):
            return literal_text(parameter)
        cases = " ".join(
            f"WHEN {condition} THEN CAST({literal_sql(value).duckdb} AS VARCHAR)"
            for condition, value in parameter.overrides
        )
        return f"CASE {cases} ELSE {literal_text(parameter)} END"
    kind = _type(name, names)
    column = quote_identifier(name)
    if kind == "date":
        return f"strftime({column}, '%-d %B %Y')"
    if kind == "timestamp":
        return f"strftime({column}, '%-d %B %Y %H:%M')"
    if name in names.money:
        return money_sql(column)
    if kind == "decimal":
        return _trimmed(f"CAST(CAST({column} AS DECIMAL(26,3)) AS VARCHAR)")
    return _plain_sql(name, kind)


def money_sql(column: str) -> str:
    """Return a decimal as pounds: £1,234.50 or -£0.05, rounded half away from zero."""
    rounded = f"CAST(CAST(abs({column}) AS DECIMAL(26,2)) AS VARCHAR)"
    pounds = f"format('{{:,}}', CAST(split_part({rounded}, '.', 1) AS BIGINT))"
    sign = f"CASE WHEN {column} < 0 THEN '-£' ELSE '£' END"
    whole = f"concat({sign}, {pounds}, right({rounded}, 3))"
    return f"CASE WHEN {column} IS NOT NULL THEN {whole} END"


def _plain_sql(name: str, kind: Type) -> str:
    column = quote_identifier(name)
    if kind == "boolean":
        return f"CASE {column} WHEN TRUE THEN 'yes' WHEN FALSE THEN 'no' END"
    if kind == "decimal":
        return _trimmed(f"CAST({column} AS VARCHAR)")
    return f"CAST({column} AS VARCHAR)"


def _trimmed(text: str) -> str:
    """Return a number's text without trailing zeros."""
    return f"CASE WHEN contains({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"
