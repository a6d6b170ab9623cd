"""The expression language of checks: parsed with sqlglot, typed, and written out as SQL.

A check's predicates and values are SQL from outside, so nothing of their text reaches an engine:
the text is parsed, every node must be one that is listed here, every column must be one that the
caller declares with its type, and the SQL is written anew from the tree, in a DuckDB and a Spark
form. There is no implicit cast; everything else is refused with line and column.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from comptroller.checks.calls import FUNCTION_CLASSES, Calls, Node
from comptroller.checks.definition import Place
from comptroller.checks.expressions import (
    Compiled,
    ExpressionError,
    Scope,
    Typed,
    literal_sql,
    named,
)
from comptroller.checks.macros import NUMBERS, Type
from comptroller.warehouse import quote_identifier

_COMPARISONS: Mapping[type[Node], str] = MappingProxyType(
    {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
)
_ARITHMETIC: Mapping[type[Node], tuple[str, str]] = MappingProxyType(
    {
        exp.Add: ("+", "try_add"),
        exp.Sub: ("-", "try_subtract"),
        exp.Mul: ("*", "try_multiply"),
    }
)
_DIVISION = "'/' is not allowed; use safe_ratio(a, b) or round_money(a, b, places)"


def parse(text: str) -> Node:
    """Return the tree of one expression, or raise ExpressionError."""
    try:
        trees = sqlglot.parse(text, dialect="duckdb")
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        line, column = int(first.get("line") or 1), int(first.get("col") or 1)
        highlight = str(first.get("highlight") or "")
        offset = _offset(text, line, column) - len(highlight)
        reason = str(first.get("description") or error).rstrip(".")
        raise ExpressionError(f"this is not an expression: {reason}", max(offset, 0)) from None
    except TokenError:
        raise ExpressionError("this is not an expression: a quote or bracket stays open") from None
    if len(trees) != 1 or trees[0] is None:
        raise ExpressionError("one expression is wanted")
    return trees[0]


def compile_expression(
    text: str,
    scope: Scope,
    wanted: tuple[Type, ...] = ("boolean",),
    *,
    negate: int | None = None,
) -> Compiled:
    """Return ``text`` as SQL for both engines, with its type and what it refers to.

    Args:
        text: The expression as written in the rulebook.
        scope: The columns, parameters and functions it may use.
        wanted: The types that fit the place.
        negate: Number of the atom (see `atoms`) to write with NOT before it, for lint.

    Raises:
        ExpressionError: With the offset of what is wrong.
    """
    tree = parse(text)
    flipped = atoms(tree)[negate] if negate is not None else None
    writer = _Writer(text, scope, flipped)
    result = writer.write(tree)
    if result.type not in wanted:
        raise ExpressionError(
            f"this is {named(result.type)}; {' or '.join(named(t) for t in wanted)} is wanted"
        )
    return Compiled(
        result.type,
        result.duckdb,
        result.spark,
        result.never_null,
        result.literal,
        frozenset(writer.columns),
        frozenset(writer.parameters),
    )


def atoms(tree: Node) -> list[Node]:
    """Return the parts of a predicate that AND, OR and NOT join, in the order of writing."""
    if isinstance(tree, exp.And | exp.Or):
        return [*atoms(tree.left), *atoms(tree.right)]
    if isinstance(tree, exp.Paren | exp.Not):
        return atoms(tree.this)
    return [tree]


def place_in(place: Place, text: str, offset: int) -> Place:
    """Return the place of a character of an expression whose text begins at ``place``."""
    before = text[:offset]
    newlines = before.count("\n")
    if newlines:
        return replace(place, line=place.line + newlines, column=len(before) - before.rfind("\n"))
    return replace(place, column=place.column + offset)


class _Writer(Calls):
    """Writes SQL from a tree, node by node; what it does not know it refuses."""

    def __init__(self, text: str, scope: Scope, flipped: Node | None) -> None:
        super().__init__(text, scope)
        self.flipped = flipped

    def write(self, node: Node) -> Typed:
        result = self._write(node)
        if node is self.flipped:
            return replace(
                result, duckdb=f"(NOT ({result.duckdb}))", spark=f"(NOT ({result.spark}))"
            )
        return result

    def _write(self, node: Node) -> Typed:
        kind = type(node)
        if kind in _COMPARISONS:
            return self._comparison(node, _COMPARISONS[kind])
        if kind in _ARITHMETIC:
            return self._arithmetic(node, *_ARITHMETIC[kind])
        method = _WRITERS.get(kind)
        if method is not None:
            return method(self, node)
        if kind is exp.Anonymous or kind in FUNCTION_CLASSES:
            return self.call(node)
        if isinstance(node, exp.Div | exp.IntDiv | exp.Mod):
            raise self.refuse(node, _DIVISION)
        raise self.refuse(node, f"'{node.sql(dialect='duckdb')}' is not part of the language")

    # -- leaves ----------------------------------------------------------------------------

    def column(self, node: Node) -> Typed:
        name = node.name
        if node.args.get("table") is not None or name not in self.scope.columns:
            raise self.refuse(node, f"there is no column '{node.sql()}'{self.nearest(name)}")
        self.columns.add(name)
        quoted = quote_identifier(name)
        return Typed(
            self.scope.columns[name],
            quoted,
            f"`{name}`",
            name in self.scope.never_null,
        )

    def literal(self, node: Node) -> Typed:
        if node.args.get("is_string"):
            return literal_sql(str(node.this))
        number = str(node.this)
        if re.fullmatch(r"\d{1,18}", number):
            return Typed("integer", number, number, True, True)
        if re.fullmatch(r"\d{0,18}\.\d{1,8}", number):
            return Typed("decimal", number, number, True, True)
        raise self.refuse(node, f"the number {number} is too long; 18 digits and 8 places fit")

    def date_literal(self, node: Node) -> Typed:
        to = node.args["to"]
        inner = node.this
        if isinstance(inner, exp.Literal) and inner.is_string and to.this == exp.DType.DATE:
            try:
                return literal_sql(dt.date.fromisoformat(str(inner.this)))
            except ValueError:
                raise self.refuse(node, f"'{inner.this}' is not a date") from None
        raise self.refuse(node, "a cast is not allowed; only DATE '2025-04-01' makes a date")

    def null(self, node: Node) -> Typed:
        return Typed("null", "NULL", "NULL", False, True)

    def boolean(self, node: Node) -> Typed:
        return literal_sql(bool(node.this))

    def placeholder(self, node: Node) -> Typed:
        parameter = self.parameter(node)
        try:
            result = literal_sql(parameter.default)
            for condition, value in reversed(parameter.overrides):
                other = literal_sql(value)
                if other.type != result.type and {other.type, result.type} != set(NUMBERS):
                    raise self.refuse(node, f"an override of :{node.name} has another type")
                result = Typed(
                    "decimal" if {other.type, result.type} == set(NUMBERS) else result.type,
                    f"CASE WHEN {condition} THEN {other.duckdb} ELSE {result.duckdb} END",
                    f"CASE WHEN {condition} THEN {other.spark} ELSE {result.spark} END",
                    True,
                )
        except ExpressionError as error:
            raise self.refuse(node, str(error)) from None
        return result

    # -- logic -----------------------------------------------------------------------------

    def paren(self, node: Node) -> Typed:
        inner = self.write(node.this)
        return replace(inner, duckdb=f"({inner.duckdb})", spark=f"({inner.spark})")

    def junction(self, node: Node) -> Typed:
        word = "AND" if isinstance(node, exp.And) else "OR"
        left, right = self._predicate(node.this), self._predicate(node.expression)
        return Typed(
            "boolean",
            f"({left.duckdb} {word} {right.duckdb})",
            f"({left.spark} {word} {right.spark})",
            left.never_null and right.never_null,
        )

    def negation(self, node: Node) -> Typed:
        inner = self._predicate(node.this)
        return Typed("boolean", f"(NOT {inner.duckdb})", f"(NOT {inner.spark})", inner.never_null)

    def _predicate(self, node: Node) -> Typed:
        result = self.write(node)
        if result.type != "boolean":
            raise self.refuse(node, f"AND, OR and NOT join conditions, not {named(result.type)}")
        return result

    def is_(self, node: Node) -> Typed:
        left, right = self.write(node.this), node.expression
        if isinstance(right, exp.Null):
            word = "NULL"
        elif isinstance(right, exp.Boolean) and left.type == "boolean":
            word = "TRUE" if right.this else "FALSE"
        else:
            raise self.refuse(node, "IS takes NULL, or TRUE and FALSE after a condition")
        return Typed("boolean", f"({left.duckdb} IS {word})", f"({left.spark} IS {word})", True)

    def _comparison(self, node: Node, sign: str) -> Typed:
        left, right = self.write(node.this), self.write(node.expression)
        self.alike(node, left, right)
        if left.type == "boolean" and sign not in ("=", "<>"):
            raise self.refuse(node, "conditions are not greater or smaller than each other")
        return Typed(
            "boolean",
            f"({left.duckdb} {sign} {right.duckdb})",
            f"({left.spark} {sign} {right.spark})",
            left.never_null and right.never_null,
        )

    def distinct(self, node: Node) -> Typed:
        left, right = self.write(node.this), self.write(node.expression)
        self.alike(node, left, right)
        same = isinstance(node, exp.NullSafeEQ)
        word = "IS NOT DISTINCT FROM" if same else "IS DISTINCT FROM"
        spark = f"({left.spark} <=> {right.spark})"
        return Typed(
            "boolean",
            f"({left.duckdb} {word} {right.duckdb})",
            spark if same else f"(NOT {spark})",
            True,
        )

    def between(self, node: Node) -> Typed:
        if node.args.get("symmetric"):
            raise self.refuse(node, "BETWEEN SYMMETRIC is not part of the language")
        value, low, high = (self.write(node.args[key]) for key in ("this", "low", "high"))
        self.alike(node, value, low)
        self.alike(node, value, high)
        return Typed(
            "boolean",
            f"({value.duckdb} BETWEEN {low.duckdb} AND {high.duckdb})",
            f"({value.spark} BETWEEN {low.spark} AND {high.spark})",
            value.never_null and low.never_null and high.never_null,
        )

    def in_(self, node: Node) -> Typed:
        value = self.write(node.this)
        items = [self.write(item) for item in node.args.get("expressions") or []]
        if not items or not all(item.literal for item in items):
            raise self.refuse(node, "IN takes a list of constants, as in code IN ('A', 'B')")
        if any(item.type == "null" for item in items):
            raise self.refuse(node, "a list of IN may not hold NULL; write ... IS NULL")
        for item in items:
            self.alike(node, value, item)
        return Typed(
            "boolean",
            f"({value.duckdb} IN ({', '.join(item.duckdb for item in items)}))",
            f"({value.spark} IN ({', '.join(item.spark for item in items)}))",
            value.never_null,
        )

    def like(self, node: Node) -> Typed:
        value, pattern = self.write(node.this), self.write(node.expression)
        if (value.type, pattern.type) != ("text", "text") or not pattern.literal:
            raise self.refuse(node, "LIKE compares a text with a constant pattern")
        return Typed(
            "boolean",
            f"({value.duckdb} LIKE {pattern.duckdb})",
            f"({value.spark} LIKE {pattern.spark})",
            value.never_null,
        )

    def case(self, node: Node) -> Typed:
        if node.args.get("this") is not None:
            raise self.refuse(node, "write CASE WHEN condition THEN value, not CASE column WHEN")
        branches = [(self._predicate(b.this), self.write(b.args["true"])) for b in node.args["ifs"]]
        default = node.args.get("default")
        other = self.write(default) if default is not None else Typed("null", "NULL", "NULL")
        results = [*(value for _, value in branches), other]
        result = self.common(node, results)

        def text(form: str) -> str:
            parts = [f"WHEN {getattr(c, form)} THEN {getattr(v, form)}" for c, v in branches]
            return f"CASE {' '.join(parts)} ELSE {getattr(other, form)} END"

        never_null = all(value.never_null for value in results)
        return Typed(result, text("duckdb"), text("spark"), never_null)

    # -- numbers ---------------------------------------------------------------------------

    def _arithmetic(self, node: Node, sign: str, spark: str) -> Typed:
        left, right = self.write(node.this), self.write(node.expression)
        for side in (left, right):
            if side.type not in NUMBERS:
                remedy = "; use add_days or days_between" if side.type == "date" else ""
                raise self.refuse(node, f"'{sign}' takes numbers, not {named(side.type)}{remedy}")
        both = left.type == right.type == "integer"
        first = f"CAST({left.duckdb} AS BIGINT)" if both else left.duckdb
        return Typed(
            "integer" if both else "decimal",
            f"TRY({first} {sign} {right.duckdb})",
            f"{spark}({left.spark}, {right.spark})",
            False,
        )

    def negative(self, node: Node) -> Typed:
        inner = self.write(node.this)
        if inner.type not in NUMBERS:
            raise self.refuse(node, f"'-' takes a number, not {named(inner.type)}")
        return replace(inner, duckdb=f"(-{inner.duckdb})", spark=f"(-{inner.spark})")


_WRITERS: dict[type[Node], Callable[[_Writer, Node], Typed]] = {
    exp.Column: _Writer.column,
    exp.Literal: _Writer.literal,
    exp.Cast: _Writer.date_literal,
    exp.Null: _Writer.null,
    exp.Boolean: _Writer.boolean,
    exp.Placeholder: _Writer.placeholder,
    exp.Paren: _Writer.paren,
    exp.And: _Writer.junction,
    exp.Or: _Writer.junction,
    exp.Not: _Writer.negation,
    exp.Is: _Writer.is_,
    exp.NullSafeEQ: _Writer.distinct,
    exp.NullSafeNEQ: _Writer.distinct,
    exp.Between: _Writer.between,
    exp.In: _Writer.in_,
    exp.Like: _Writer.like,
    exp.Case: _Writer.case,
    exp.Neg: _Writer.negative,
}


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    return sum(len(part) + 1 for part in lines[: line - 1]) + max(column - 1, 0)
