"""What an expression of a check is made of: types, scope, constants and refusals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from comptroller.checks.definition import ParameterValue
from comptroller.checks.macros import Type
from comptroller.warehouse import quote_literal


class ExpressionError(Exception):
    """An expression was refused; ``offset`` is where in its text, in characters."""

    def __init__(self, text: str, offset: int = 0) -> None:
        super().__init__(text)
        self.offset = offset


@dataclass(frozen=True)
class Parameter:
    """A parameter's value: the default and what overrides it under which condition.

    ``overrides`` holds pairs of a condition (SQL, the same on both engines) and a value; the first
    condition that is true wins.
    """

    default: ParameterValue
    overrides: tuple[tuple[str, ParameterValue], ...] = ()


@dataclass(frozen=True)
class Typed:
    """A compiled expression.

    Attributes:
        type: Its type.
        duckdb: Its DuckDB text.
        spark: Its Spark text.
        never_null: It is proven never to be NULL.
        literal: It is a constant.
    """

    type: Type
    duckdb: str
    spark: str
    never_null: bool = False
    literal: bool = False


@dataclass(frozen=True)
class Compiled(Typed):
    """A whole expression with what it refers to."""

    columns: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Scope:
    """What an expression may refer to.

    Attributes:
        columns: Column name to type.
        never_null: Columns that always hold a value.
        parameters: Parameter name to value.
        code_lists: Name to codes, for ``in_code_list``.
        aggregates: Whether count, sum, min ... are allowed.
    """

    columns: Mapping[str, Type]
    never_null: frozenset[str] = frozenset()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    code_lists: Callable[[str], tuple[str, ...] | None] = lambda _: None
    aggregates: bool = False


def type_of(duckdb_type: str) -> Type:
    """Return the language's type for a DuckDB column type; KeyError for others."""
    upper = duckdb_type.upper()
    if upper.startswith("DECIMAL"):
        return "decimal"
    if upper.startswith("ENUM"):
        return "text"
    names: dict[str, Type] = {
        "VARCHAR": "text",
        "INTEGER": "integer",
        "BIGINT": "integer",
        "SMALLINT": "integer",
        "DATE": "date",
        "TIMESTAMP": "timestamp",
        "BOOLEAN": "boolean",
    }
    return names[upper]


def literal_sql(value: ParameterValue) -> Typed:
    """Return a parameter's or example's scalar value as a typed constant."""
    if isinstance(value, bool):
        text = "TRUE" if value else "FALSE"
        return Typed("boolean", text, text, True, True)
    if isinstance(value, int):
        return Typed("integer", str(value), str(value), True, True)
    if isinstance(value, Decimal):
        text = f"CAST('{value:f}' AS DECIMAL(26,8))"
        return Typed("decimal", text, text, True, True)
    if isinstance(value, dt.date):
        text = f"DATE '{value.isoformat()}'"
        return Typed("date", text, text, True, True)
    if isinstance(value, tuple):
        raise ExpressionError("a list parameter is used with in_list(value, :name)")
    return Typed("text", quote_literal(value), spark_text(value), True, True)


def named(kind: str) -> str:
    """Return a type in words."""
    return {
        "text": "a text",
        "integer": "a whole number",
        "decimal": "a number",
        "date": "a date",
        "timestamp": "a time",
        "boolean": "a condition",
        "null": "NULL",
    }[kind]


def spark_text(value: str) -> str:
    """Return a text constant for Spark, which reads a backslash as an escape."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
