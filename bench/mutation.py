"""Spoil the predicates of checks one place at a time, and count who notices.

Run with ``python -m bench.mutation``, or ``make mutate``. Each mutant is a check with one
comparison turned, one bound moved by one, AND made OR, or one part left out or negated, in its
``wrong_when`` or ``scope``. It is caught when an example of the check no longer comes out as
written, or when it flags other lines of a demonstration than the check itself, which finds there
exactly what the answer key says. The table has one row per kind of change; ``--list`` prints the
mutants that nobody noticed.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from comptroller.checks.book import Book, load_book, product_files, workspace_book
from comptroller.checks.compiler import Rule, compile_rules
from comptroller.checks.definition import Check
from comptroller.checks.examples import run_examples
from comptroller.checks.expressions import Parameter
from comptroller.checks.language import atoms, parse
from comptroller.checks.runner import Clock, Scope, hit
from comptroller.checks.schema import product_schema
from comptroller.demo.month import run_month
from comptroller.workspace import Workspace

TARGET = Decimal("0.95")
Tree = exp.Expr
Change = Callable[[Any], Tree]
_TURNED: Mapping[type[Tree], type[Tree]] = {
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
}


@dataclass(frozen=True)
class Mutant:
    """One spoiled check: which one, what was changed where, and the check as it is then."""

    check_id: str
    kind: str
    place: str
    text: str
    check: Check


def mutants(check: Check) -> Iterator[Mutant]:
    """Yield every spoiled form of a check's ``wrong_when`` and ``scope``."""
    numbers = {
        name
        for name, value in check.parameters.items()
        if isinstance(value, int | Decimal) and not isinstance(value, bool)
    }
    for place in ("wrong_when", "scope"):
        text = getattr(check, place)
        if not text:
            continue
        seen = {parse(text).sql(dialect="duckdb")}
        for kind, changed in _spoiled(parse(text), numbers):
            if changed not in seen:
                seen.add(changed)
                yield Mutant(check.id, kind, place, changed, _with(check, place, changed))


def _with(check: Check, place: str, text: str) -> Check:
    if place == "scope":
        return replace(check, scope=text)
    return replace(check, wrong_when=text)


def _spoiled(tree: Tree, numbers: set[str]) -> Iterator[tuple[str, str]]:
    parts = [id(part) for part in atoms(tree)]
    for at, node in enumerate(tree.walk()):
        for kind, change in _changes(node, numbers, id(node) in parts):
            copy = tree.copy()
            target = list(copy.walk())[at]
            made = change(target)
            if target is copy:
                copy = made
            else:
                target.replace(made)
            yield kind, copy.sql(dialect="duckdb")


def _changes(node: Tree, numbers: set[str], is_part: bool) -> Iterator[tuple[str, Change]]:
    """Yield what may be done to one node of a predicate."""
    turned = _TURNED.get(type(node))
    if turned is not None:
        yield "comparison turned", _as(turned)
    elif is_part:
        yield "part negated", _negated
    if isinstance(node, exp.And | exp.Or):
        yield "AND for OR, OR for AND", _as(exp.Or if isinstance(node, exp.And) else exp.And)
        yield "part left out", _left
        yield "part left out", _right
    if not isinstance(node.parent, (*_TURNED, exp.Between)):
        return
    is_parameter = isinstance(node, exp.Placeholder) and node.name in numbers
    if is_parameter or (isinstance(node, exp.Literal) and node.is_int):
        yield "bound moved", _by(exp.Add)
        yield "bound moved", _by(exp.Sub)


def _as(kind: type[Tree]) -> Change:
    """Return a change that makes another operation of the same two sides."""

    def change(node: Any) -> Tree:
        return exp.paren(kind(this=exp.paren(node.this), expression=exp.paren(node.expression)))

    return change


def _by(step: type[Tree]) -> Change:
    """Return a change that adds or takes one."""

    def change(node: Any) -> Tree:
        return exp.paren(step(this=node.copy(), expression=exp.Literal.number(1)))

    return change


def _negated(node: Any) -> Tree:
    return exp.Not(this=exp.paren(node.copy()))


def _left(node: Any) -> Tree:
    return exp.paren(node.this)


def _right(node: Any) -> Tree:
    return exp.paren(node.expression)


def caught_by_examples(mutant: Mutant, book: Book) -> bool | None:
    """Tell whether an example notices; None where the mutant is no predicate at all."""
    schema = product_schema()
    plain = {name: Parameter(value) for name, value in mutant.check.parameters.items()}
    _, faults = compile_rules([mutant.check], book.exclusions, schema, {mutant.check_id: plain})
    if faults:
        return None
    return bool(run_examples([mutant.check], book.exclusions, schema))


def caught_by_demonstration(ws: Workspace, survivors: Sequence[Mutant]) -> set[int]:
    """Return which mutants flag other lines of a demonstration than their checks do."""
    book = workspace_book(ws)
    originals = {m.check_id: book.checks[m.check_id] for m in survivors}
    named = {f"MUT-{number:05d}": mutant for number, mutant in enumerate(survivors)}
    checks = originals | {name: replace(mutant.check, id=name) for name, mutant in named.items()}
    parameters = {
        name: {key: Parameter(value) for key, value in check.parameters.items()}
        for name, check in checks.items()
    }
    rules, _ = compile_rules(checks.values(), book.exclusions, product_schema(), parameters)
    spoiled = Book(checks, book.exclusions, rules, parameters=parameters)
    ordered = [rules[name] for name in checks if name in rules]
    with ws.connect() as con:
        hit(ws, con, spoiled, ordered, Scope(), "payable", Clock(None, len(ordered)))
        flagged = _flagged(con, ordered)
    nothing = (0, None)
    return {
        number
        for number, (name, mutant) in enumerate(named.items())
        if flagged.get(name, nothing) != flagged.get(mutant.check_id, nothing)
    }


def _flagged(con: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> dict[str, Any]:
    """Return for each check a count and digest of the lines and pounds that it flags."""
    rows = con.execute(
        "SELECT check_no, count(*), sum(CAST(hash(line_no, gross) AS HUGEINT)) FROM hits "
        "GROUP BY check_no"
    ).fetchall()
    return {rules[number - 1].check.id: (count, digest) for number, count, digest in rows}


def _demonstration(folder: Path, lines: int) -> Workspace:
    """Build and load a demonstration; the rulebook itself need not run on it."""
    run_month(folder, "2026/27", lines, 2026, lambda _: None, check=_with_checks)
    return Workspace.open(folder)


def _with_checks(ws: Workspace) -> tuple[int, int]:
    from comptroller.checks import run_checks

    done = run_checks(ws)
    return done.checks, done.lines


def main() -> None:
    """Spoil, run, count, print a Markdown table; exit 1 when too few were noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--checks", default="*", help="ids or patterns, joined by commas")
    parser.add_argument("--lines", type=int, default=40_000, help="of the demonstration")
    parser.add_argument("--workspace", type=Path, help="a loaded demonstration to take instead")
    parser.add_argument("--list", action="store_true", help="print the mutants nobody noticed")
    options = parser.parse_args()
    book = load_book(product_files())
    made, examples, survivors = Counter[str](), Counter[str](), list[Mutant]()
    for rule in book.select(options.checks):
        for mutant in mutants(rule.check):
            caught = caught_by_examples(mutant, book)
            if caught is None:
                continue
            made[mutant.kind] += 1
            examples[mutant.kind] += caught
            if not caught:
                survivors.append(mutant)
    noticed = _in_demonstration(options, survivors)
    left = [mutant for number, mutant in enumerate(survivors) if number not in noticed]
    demonstration = Counter(survivors[number].kind for number in noticed)
    print("| change | mutants | caught by examples | by the demonstration | by nobody |")
    print("| --- | ---: | ---: | ---: | ---: |")
    kinds = [*sorted(made), "all"]
    for counts in (made, examples, demonstration):
        counts["all"] = sum(counts.values())
    for kind in kinds:
        rest = made[kind] - examples[kind] - demonstration[kind]
        print(f"| {kind} | {made[kind]} | {examples[kind]} | {demonstration[kind]} | {rest} |")
    total = made["all"]
    share = Decimal(total - len(left)) / Decimal(total) if total else Decimal(1)
    print(f"\nCaught: {share:.3f} of {total} mutants of {len(book.select(options.checks))} checks.")
    if options.list:
        for mutant in left:
            print(f"{mutant.check_id} {mutant.place}: {mutant.kind}: {mutant.text}")
    if share < TARGET:
        raise SystemExit(1)


def _in_demonstration(options: argparse.Namespace, survivors: Sequence[Mutant]) -> set[int]:
    if not survivors:
        return set()
    if options.workspace:
        return caught_by_demonstration(Workspace.open(options.workspace), survivors)
    folder = Path(tempfile.mkdtemp(prefix="comptroller-mutation-"))
    try:
        return caught_by_demonstration(_demonstration(folder / "demo", options.lines), survivors)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
