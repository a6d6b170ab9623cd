"""Function calls of the expression language."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from sqlglot import exp

from comptroller.checks.definition import ParameterValue
from comptroller.checks.expressions import (
    ExpressionError,
    Parameter,
    Scope,
    Typed,
    literal_sql,
    named,
    spark_text,
)
from comptroller.checks.macros import AGGREGATES, MACROS, NUMBERS, Macro, Type
from comptroller.warehouse import quote_literals

Node = exp.Expr

# sqlglot knows some functions by classes of its own; these are the names they are written by.
FUNCTION_CLASSES: Mapping[type[Node], str] = MappingProxyType(
    {
        exp.Upper: "upper",
        exp.Lower: "lower",
        exp.Trim: "trim",
        exp.Length: "length",
        exp.Left: "left",
        exp.Substring: "substring",
        exp.StartsWith: "starts_with",
        exp.Contains: "contains",
        exp.RegexpLike: "regexp_matches",
        exp.Year: "year",
        exp.Abs: "abs",
        exp.Nullif: "nullif",
        exp.Coalesce: "coalesce",
        exp.Greatest: "greatest",
        exp.Least: "least",
        exp.Concat: "concat",
        exp.Count: "count",
        exp.Sum: "sum",
        exp.Min: "min",
        exp.Max: "max",
    }
)
_SAFE_PATTERN = re.compile(r"\(\?|\\[1-9pPbBAzZkGQEKRXCu]")


class Typing:
    """What both halves of the writer share: the scope, what was used, and comparing types."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope
        self.columns: set[str] = set()
        self.parameters: set[str] = set()

    def write(self, node: Node) -> Typed:
        """Return a node as SQL; the whole writer knows how."""
        raise NotImplementedError

    def refuse(self, node: Node, text: str) -> ExpressionError:
        """Return a refusal that points at the first name inside ``node``."""
        starts = [
            int(part.meta["start"])
            for part in node.walk()
            if part is not None and "start" in part.meta
        ]
        return ExpressionError(text, min(starts, default=0))

    def parameter(self, node: Node) -> Parameter:
        """Return the parameter that a ``:name`` means, and note its use."""
        name = str(node.this) if node.this else ""
        if name not in self.scope.parameters:
            known = ", ".join(f":{key}" for key in sorted(self.scope.parameters)) or "none"
            raise self.refuse(node, f"there is no parameter ':{name}' (declared: {known})")
        self.parameters.add(name)
        return self.scope.parameters[name]

    # -- types -----------------------------------------------------------------------------

    def alike(self, node: Node, left: Typed, right: Typed) -> None:
        """Refuse two values of different types; whole numbers and decimals are alike."""
        if left.type == right.type and left.type != "null":
            return
        if left.type in NUMBERS and right.type in NUMBERS:
            return
        if "null" in (left.type, right.type):
            raise self.refuse(node, "nothing equals NULL; write ... IS NULL")
        remedy = ""
        if {left.type, right.type} == {"date", "text"}:
            remedy = "; write a date as DATE '2025-04-01'"
        raise self.refuse(
            node, f"{named(left.type)} cannot be compared with {named(right.type)}{remedy}"
        )

    def common(self, node: Node, values: list[Typed]) -> Type:
        """Return the one type of several values, or refuse them."""
        kinds = {value.type for value in values} - {"null"}
        if len(kinds) == 1:
            return kinds.pop()
        if kinds and kinds <= set(NUMBERS):
            return "decimal"
        names = ", ".join(sorted(named(kind) for kind in kinds)) or "NULL alone"
        raise self.refuse(node, f"the values have different types: {names}")

    def nearest(self, word: str) -> str:
        """Return "; did you mean ...?" for a misspelt column, or nothing."""
        found = difflib.get_close_matches(word, list(self.scope.columns), n=1, cutoff=0.75)
        return f"; did you mean '{found[0]}'?" if found else ""


class Calls(Typing):
    """The half of the writer that knows functions."""

    in_aggregate = False

    # -- functions -------------------------------------------------------------------------

    def call(self, node: Node) -> Typed:
        """Return a function call as SQL."""
        name, arguments = _called(node)
        if name in ("coalesce", "greatest", "least", "concat"):
            return self._variadic(node, name, arguments)
        if name in ("in_list", "in_code_list"):
            return self._in_list(node, name, arguments)
        if name in AGGREGATES:
            return self._aggregate(node, name, arguments)
        macro = MACROS.get(name)
        if macro is None:
            raise self.refuse(node, f"there is no function '{name}'")
        return self._macro(node, macro, arguments)

    def _macro(self, node: Node, macro: Macro, arguments: list[Node]) -> Typed:
        if len(arguments) != len(macro.arguments):
            wanted = ", ".join(macro.arguments)
            raise self.refuse(node, f"{macro.name} takes ({wanted})")
        values = [self.write(argument) for argument in arguments]
        for number, (value, wanted) in enumerate(zip(values, macro.arguments, strict=True)):
            if number >= macro.literal_from and not value.literal:
                raise self.refuse(node, f"{macro.name}: argument {number + 1} must be a constant")
            fits = value.type == wanted or (wanted == "number" and value.type in NUMBERS)
            if not fits and wanted != "any":
                raise self.refuse(
                    node,
                    f"{macro.name}: argument {number + 1} is {named(value.type)}, not {wanted}",
                )
        result = macro.result
        if macro.name == "nullif":
            self.alike(node, values[0], values[1])
            result = values[0].type
        if macro.name == "abs":
            result = values[0].type
        if macro.name == "regexp_matches" and _SAFE_PATTERN.search(values[1].duckdb):
            raise self.refuse(node, "this pattern means different things to different engines")
        if macro.name == "round_money" and int(values[2].duckdb) > 8:
            raise self.refuse(node, "round_money: at most 8 places")
        return Typed(
            result,
            macro.duckdb(*(value.duckdb for value in values)),
            macro.spark(*(value.spark for value in values)),
            not macro.partial and all(value.never_null for value in values),
        )

    def _variadic(self, node: Node, name: str, arguments: list[Node]) -> Typed:
        values = [self.write(argument) for argument in arguments]
        if len(values) < 2:
            raise self.refuse(node, f"{name} takes two values or more")
        result = self.common(node, values)
        if name == "concat" and result != "text":
            raise self.refuse(node, "concat joins texts")
        nulls = [value.never_null for value in values]
        duckdb = f"{name}({', '.join(value.duckdb for value in values)})"
        spark = f"{name}({', '.join(value.spark for value in values)})"
        if name != "coalesce":
            # The engines disagree about NULL among the values: here it makes the whole NULL.
            anything = [value for value in values if not value.never_null]
            if anything:
                d = " OR ".join(f"{value.duckdb} IS NULL" for value in anything)
                s = " OR ".join(f"{value.spark} IS NULL" for value in anything)
                duckdb = f"CASE WHEN {d} THEN NULL ELSE {duckdb} END"
                spark = f"CASE WHEN {s} THEN NULL ELSE {spark} END"
        return Typed(result, duckdb, spark, any(nulls) if name == "coalesce" else all(nulls))

    def _in_list(self, node: Node, name: str, arguments: list[Node]) -> Typed:
        if len(arguments) != 2:
            second = "'list name'" if name == "in_code_list" else ":list_parameter"
            raise self.refuse(node, f"{name} takes (value, {second})")
        value = self.write(arguments[0])
        if name == "in_code_list":
            return self._in_codes(node, value, arguments[1])
        if not isinstance(arguments[1], exp.Placeholder):
            raise self.refuse(node, "in_list takes (value, :list_parameter)")
        parameter = self.parameter(arguments[1])

        def test(items: ParameterValue) -> Typed:
            if not isinstance(items, tuple):
                raise self.refuse(node, f"the parameter :{arguments[1].name} is not a list")
            constants = [literal_sql(item) for item in items]
            for constant in constants:
                self.alike(node, value, constant)
            return Typed(
                "boolean",
                f"({value.duckdb} IN ({', '.join(c.duckdb for c in constants)}))",
                f"({value.spark} IN ({', '.join(c.spark for c in constants)}))",
                value.never_null,
            )

        result = test(parameter.default)
        for condition, items in reversed(parameter.overrides):
            other = test(items)
            result = replace(
                result,
                duckdb=f"CASE WHEN {condition} THEN {other.duckdb} ELSE {result.duckdb} END",
                spark=f"CASE WHEN {condition} THEN {other.spark} ELSE {result.spark} END",
            )
        return result

    def _in_codes(self, node: Node, value: Typed, name: Node) -> Typed:
        if not (isinstance(name, exp.Literal) and name.is_string) or value.type != "text":
            raise self.refuse(node, "in_code_list takes (text, 'list name')")
        codes = self.scope.code_lists(str(name.this))
        if codes is None:
            raise self.refuse(node, f"there is no code list '{name.this}'")
        return Typed(
            "boolean",
            f"({value.duckdb} IN ({quote_literals(codes)}))",
            f"({value.spark} IN ({', '.join(spark_text(code) for code in codes)}))",
            value.never_null,
        )

    def _aggregate(self, node: Node, name: str, arguments: list[Node]) -> Typed:
        if not self.scope.aggregates:
            raise self.refuse(node, f"{name} belongs into 'aggregates'")
        if self.in_aggregate:
            raise self.refuse(node, "an aggregate may not hold another")
        if len(arguments) != 1:
            raise self.refuse(node, f"{name} takes one value")
        if isinstance(arguments[0], exp.Star) and name == "count":
            return Typed("integer", "count(*)", "count(*)", True)
        self.in_aggregate = True
        value = self.write(arguments[0])
        self.in_aggregate = False
        if name == "sum" and value.type not in NUMBERS:
            raise self.refuse(node, f"sum takes a number, not {named(value.type)}")
        counted = name.startswith("count")
        form = "count(DISTINCT {})" if name == "count_distinct" else f"{name}({{}})"
        duckdb = form.format(value.duckdb)
        if name == "sum" and value.type == "integer":
            duckdb = f"CAST({duckdb} AS BIGINT)"
        return Typed(
            "integer" if counted else value.type,
            duckdb,
            form.format(value.spark),
            counted,
        )


def _called(node: Node) -> tuple[str, list[Node]]:
    """Return a function call's name and arguments; a modifier we do not know is refused."""
    if isinstance(node, exp.Anonymous):
        name, arguments = str(node.this).lower(), list(node.expressions)
    else:
        name, arguments = FUNCTION_CLASSES[type(node)], list(_given(node))
    if name == "count" and arguments and isinstance(arguments[0], exp.Distinct):
        raise ExpressionError("write count_distinct(column)")
    return name, arguments


def _given(node: Node) -> Iterator[Node]:
    for key in node.arg_types:
        value = node.args.get(key)
        if isinstance(value, list):
            yield from value
        elif isinstance(value, Node):
            yield value
