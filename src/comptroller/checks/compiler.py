"""A check becomes a rule: its expressions as SQL, its columns, its needs, its fingerprint.

Three-valued on purpose. For every line of the check's data sets that no exclusion takes out, the
verdict is ``scope AND wrong_when`` in SQL's logic: TRUE is a finding, FALSE a pass (or out of
scope, where the scope is FALSE), NULL is unknown, is counted and takes ``on_missing``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from comptroller.checks.definition import Check, Exclusion, Place, fingerprint
from comptroller.checks.expressions import Compiled, ExpressionError, Parameter, Scope
from comptroller.checks.language import compile_expression, place_in
from comptroller.checks.loader import Fault
from comptroller.checks.macros import Type
from comptroller.checks.schema import ALWAYS_PRESENT, Schema
from comptroller.checks.texts import Names, evidence_sql, fields, message_sql
from comptroller.warehouse import quote_identifier

_TRUE = Compiled("boolean", "TRUE", "TRUE", True, True)
_NUMBER: tuple[Type, ...] = ("decimal", "integer")
# Columns that overrides of parameters and the choice of the kept line read.
ORDER_COLUMNS = ("financial_year", "month", "activity_start_date", "row", "line_id")
OVERRIDE_COLUMNS = ("provider_code", "commissioner_code", "financial_year", "month")
CHARGED_PAYER, RESPONSIBLE_PAYER = "charged_payer", "responsible_payer"
MONEY = "DECIMAL(26,8)"


@dataclass(frozen=True)
class Rule:
    """A compiled check.

    Attributes:
        check: The check.
        relation: ``checked`` or ``slice_facts``.
        scope: The scope; the constant TRUE where the check has none.
        excluded: DuckDB text, TRUE for a line that an exclusion takes out, never NULL.
        excluded_spark: The same for Spark.
        wrong: ``wrong_when``; of a group check over keys, aggregates and parameters.
        aggregates: Name to compiled aggregate.
        gross: DuckDB text of a finding's pounds before overlap, whole pence, never NULL.
        message: DuckDB text.
        evidence: DuckDB text.
        counterparty: DuckDB text.
        columns: Columns of the relation that the rule reads.
        needs: Names without which the rule cannot run; each may join alternatives with ``|``.
        present: Columns known to hold a value in every row that the rule looks at.
        fingerprint: Over everything that can change the findings.
    """

    check: Check
    relation: str
    scope: Compiled
    excluded: str
    excluded_spark: str
    wrong: Compiled
    gross: str
    message: str
    evidence: str
    counterparty: str
    fingerprint: str
    aggregates: Mapping[str, Compiled] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    present: frozenset[str] = ALWAYS_PRESENT

    @property
    def verdict(self) -> str:
        """The verdict of one line as DuckDB text; for row and total checks."""
        if self.scope.literal:
            return self.wrong.duckdb
        return f"({self.scope.duckdb} AND {self.wrong.duckdb})"


def compile_rules(
    checks: Iterable[Check],
    exclusions: Mapping[str, Exclusion],
    schema: Schema,
    parameters: Mapping[str, Mapping[str, Parameter]] | None = None,
    *,
    negate: int | None = None,
    present: Mapping[str, frozenset[str]] | None = None,
) -> tuple[dict[str, Rule], list[Fault]]:
    """Return the rules by check id, and every fault of meaning with its place.

    Args:
        checks: The checks to compile.
        exclusions: Shared sets by name.
        schema: The columns there are.
        parameters: Check id to parameters in force, where they differ from the defaults.
        negate: Number of the atom of ``wrong_when`` to turn round, for lint.
        present: Check id to columns that hold a value in every row it looks at.
    """
    rules: dict[str, Rule] = {}
    faults: list[Fault] = []
    for check in checks:
        compiler = _Compiler(check, exclusions, schema, (parameters or {}).get(check.id))
        compiler.negate = negate
        compiler.present |= (present or {}).get(check.id, frozenset())
        rule = compiler.compile()
        faults.extend(compiler.faults)
        if rule is not None and not compiler.faults:
            rules[check.id] = rule
    return rules, faults


class _Compiler:
    """Compiles one check and collects what is wrong with it."""

    def __init__(
        self,
        check: Check,
        exclusions: Mapping[str, Exclusion],
        schema: Schema,
        parameters: Mapping[str, Parameter] | None,
    ) -> None:
        self.check, self.exclusions, self.schema = check, exclusions, schema
        defaults = {name: Parameter(value) for name, value in check.parameters.items()}
        self.parameters = {**defaults, **(parameters or {})}
        self.columns = schema.columns(check.type)
        self.faults: list[Fault] = []
        self.aggregates: dict[str, Compiled] = {}
        self.negate: int | None = None
        self.present = ALWAYS_PRESENT
        self.used: set[str] = set()
        self.used_parameters: set[str] = set()

    def compile(self) -> Rule | None:
        check = self.check
        scope = self._expression("scope", check.scope) if check.scope else _TRUE
        excluded, excluded_spark = self._excluded()
        aggregates = self.aggregates = self._aggregates()
        self._known("group_by", check.group_by)
        wrong = self._wrong(aggregates)
        gross = self._gross(aggregates)
        names = self._names(aggregates)
        message = self._message(names)
        evidence = self._evidence(names)
        self._other_columns()
        if scope is None or wrong is None or gross is None or self.faults:
            return None
        self._never(scope, wrong)
        for name in self.check.parameters:
            if name not in self.used_parameters:
                self._fault("parameters", f"the parameter ':{name}' is not used")
        return Rule(
            check=check,
            relation="slice_facts" if check.type == "total" else "checked",
            scope=scope,
            excluded=excluded,
            excluded_spark=excluded_spark,
            wrong=wrong,
            gross=gross,
            message=message,
            evidence=evidence,
            counterparty=quote_identifier(check.counterparty or "provider_code"),
            fingerprint=fingerprint(check, self.exclusions, self._in_force()),
            aggregates=aggregates,
            columns=frozenset(self.used),
            needs=self._needs(wrong),
        )

    # -- parts -----------------------------------------------------------------------------

    def _wrong(self, aggregates: Mapping[str, Compiled]) -> Compiled | None:
        check = self.check
        if check.type != "group":
            return self._expression("wrong_when", check.wrong_when)
        types: dict[str, Type] = {
            **{key: self.columns[key] for key in check.group_by if key in self.columns},
            **{name: item.type for name, item in aggregates.items()},
        }
        present = frozenset(
            {*check.group_by, *(name for name, item in aggregates.items() if item.never_null)}
        )
        return self._expression("wrong_when", check.wrong_when, types, present)

    def _excluded(self) -> tuple[str, str]:
        duckdb, spark = [], []
        for name in self.check.exclusions:
            exclusion = self.exclusions.get(name)
            if exclusion is None:
                continue
            compiled = self._expression("exclusions", exclusion.predicate, at=exclusion.place)
            if compiled is not None:
                duckdb.append(f"coalesce({compiled.duckdb}, FALSE)")
                spark.append(f"coalesce({compiled.spark}, FALSE)")
        if not duckdb:
            return "FALSE", "FALSE"
        return f"({' OR '.join(duckdb)})", f"({' OR '.join(spark)})"

    def _aggregates(self) -> dict[str, Compiled]:
        result = {}
        for name, text in self.check.aggregates.items():
            if name in self.columns:
                self._fault("aggregates", f"'{name}' is a column; call the aggregate otherwise")
                continue
            compiled = self._expression(
                "aggregates",
                text,
                wanted=("integer", "decimal", "text", "date", "boolean", "timestamp"),
                aggregates=True,
            )
            if compiled is None:
                continue
            if not any(f"{word}(" in compiled.duckdb for word in ("count", "sum", "min", "max")):
                self._fault("aggregates", f"'{name}' is no aggregate; use count, sum, min or max")
            result[name] = compiled
        return result

    def _gross(self, aggregates: Mapping[str, Compiled]) -> str | None:
        check = self.check
        if check.value_expression:
            types: dict[str, Type] = {name: item.type for name, item in aggregates.items()}
            if check.finding == "group":
                types |= {key: self.columns[key] for key in check.group_by if key in self.columns}
            else:
                types |= dict(self.columns)
            compiled = self._expression(
                "value_expression", check.value_expression, types, wanted=_NUMBER
            )
            return None if compiled is None else _money(compiled.duckdb)
        if check.value == "V-NIL":
            return _money("0")
        if "activity_cost" not in self.columns:
            self._fault("value", f"{check.value} needs the column activity_cost")
            return None
        self.used.add("activity_cost")
        if check.value == "V-SHIFT":
            return self._shift()
        return _money('"activity_cost"')

    def _shift(self) -> str:
        target = self.check.shift_to or RESPONSIBLE_PAYER
        if target in self.columns and CHARGED_PAYER in self.columns:
            self.used |= {target, CHARGED_PAYER}
            same = f"{quote_identifier(target)} = {quote_identifier(CHARGED_PAYER)}"
            cost = _money('"activity_cost"')
            return f"CASE WHEN {same} THEN {_money('0')} ELSE {cost} END"
        if self.check.shift_to:
            self._fault("shift_to", f"there is no column '{target}' or '{CHARGED_PAYER}'")
        return _money('"activity_cost"')

    def _names(self, aggregates: Mapping[str, Compiled]) -> Names:
        types: dict[str, Type] = {
            **self.columns,
            **{name: item.type for name, item in aggregates.items()},
        }
        money = set(self.schema.money)
        for name, item in aggregates.items():
            if item.type == "decimal" and item.columns & self.schema.money:
                money.add(name)
        return Names(types, self.parameters, frozenset(money))

    def _message(self, names: Names) -> str:
        try:
            text = message_sql(self.check.message, names)
        except ExpressionError as error:
            self._fault("message", str(error))
            return "''"
        for name in fields(self.check.message):
            self._use(name.strip())
        return text

    def _evidence(self, names: Names) -> str:
        try:
            text = evidence_sql(self.check.evidence, names)
        except ExpressionError as error:
            self._fault("evidence", str(error))
            return "'[]'"
        for name in self.check.evidence:
            self._use(name)
        return text

    def _other_columns(self) -> None:
        check = self.check
        self._known("related_lines", check.related_lines)
        self._known("keep_by", (check.keep_by,) if check.keep_by else ())
        self._known("counterparty", (check.counterparty,) if check.counterparty else ())
        for need in check.needs:
            for name in need.split("|"):
                table = name.strip().removesuffix(f".{check.id}")
                if self.schema.known_needs and table not in self.schema.known_needs:
                    self._fault("needs", f"'{name.strip()}' is no reference table or data set")

    # -- help ------------------------------------------------------------------------------

    def _expression(
        self,
        key: str,
        text: str,
        columns: Mapping[str, Type] | None = None,
        present: frozenset[str] | None = None,
        *,
        wanted: tuple[Type, ...] = ("boolean",),
        aggregates: bool = False,
        at: Place | None = None,
    ) -> Compiled | None:
        scope = Scope(
            self.columns if columns is None else columns,
            self.present if present is None else present,
            self.parameters,
            self.schema.code_lists,
            aggregates,
        )
        try:
            negate = self.negate if key == "wrong_when" else None
            compiled = compile_expression(text, scope, wanted, negate=negate)
        except ExpressionError as error:
            place = at or self.check.place_of(key)
            self.faults.append(
                Fault(place_in(place, text, error.offset), self.check.id, f"{key}: {error}")
            )
            return None
        self.used |= {name for name in compiled.columns if name in self.columns}
        self.used_parameters |= compiled.parameters
        if any(self.parameters[name].overrides for name in compiled.parameters):
            self.used |= {n for n in OVERRIDE_COLUMNS if n in self.columns}
        return compiled

    def _use(self, name: str) -> None:
        if name in self.columns and name not in self.check.aggregates:
            self.used.add(name)
        if name in self.check.parameters:
            self.used_parameters.add(name)

    def _known(self, key: str, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.columns:
                self._fault(key, f"there is no column '{name}'")
            self.used.add(name)

    def _fault(self, key: str, text: str) -> None:
        self.faults.append(Fault(self.check.place_of(key), self.check.id, f"{key}: {text}"))

    def _never(self, scope: Compiled, wrong: Compiled) -> None:
        if self.check.on_missing != "never":
            return
        for key, compiled in (("scope", scope), ("wrong_when", wrong)):
            if not compiled.never_null:
                self._fault(key, "on_missing is never, but this can be unknown (NULL)")
        for key in self.check.group_by:
            if key not in ALWAYS_PRESENT:
                self._fault("group_by", f"on_missing is never, but '{key}' can be missing")

    def _needs(self, wrong: Compiled) -> tuple[str, ...]:
        """Return the needs of the check, of its exclusions and of the facts it cannot do without.

        Without what an exclusion needs nobody is excluded, and innocent lines would be flagged.
        """
        found = list(self.check.needs)
        for name in self.check.exclusions:
            if name in self.exclusions:
                found += self.exclusions[name].needs
        if not wrong.never_null:
            declared = self.schema.needs_of(self.check.type)
            decisive = {*wrong.columns, *self.check.group_by}
            for item in self.aggregates.values():
                decisive |= item.columns
            for name in sorted(decisive):
                found.extend(declared.get(name, ()))
        return tuple(dict.fromkeys(found))

    def _in_force(self) -> dict[str, object]:
        return {
            name: {
                "value": parameter.default,
                "overrides": [list(override) for override in parameter.overrides],
            }
            for name, parameter in sorted(self.parameters.items())
        }


def to_the_penny(text: str) -> str:
    """Return pounds rounded to the penny, half a penny away from nil, as DuckDB text.

    Every finding is whole pence, so that printed figures add up to the totals printed below them.
    """
    return f"CAST(round({text}, 2) AS {MONEY})"


def _money(text: str) -> str:
    """Return a number as pounds to the penny, nil where it is not known or does not fit."""
    return to_the_penny(f"coalesce(TRY_CAST({text} AS {MONEY}), CAST(0 AS {MONEY}))")


def knowing(
    rules: Iterable[Rule],
    present: Mapping[str, frozenset[str]],
    exclusions: Mapping[str, Exclusion],
    schema: Schema,
    parameters: Mapping[str, Mapping[str, Parameter]],
) -> list[Rule]:
    """Return the rules compiled anew, knowing which columns hold a value in every row.

    What a rule says does not change; but where nothing it reads can be missing, its verdict is
    proven to be known, and nobody needs to count the unknown.
    """
    listed = list(rules)
    again, _ = compile_rules(
        [rule.check for rule in listed], exclusions, schema, parameters, present=present
    )
    return [
        replace(
            rule,
            scope=again[rule.check.id].scope,
            wrong=again[rule.check.id].wrong,
            present=rule.present | present.get(rule.check.id, frozenset()),
        )
        for rule in listed
    ]
