"""The generated pages: one for each check and an index, from the rulebook and nothing else."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from comptroller.checks import definition
from comptroller.checks.definition import (
    CATEGORIES,
    COMPONENTS,
    KEEP,
    PRECEDENCE,
    QUESTIONS,
    VALUES,
    Basis,
    Check,
    Example,
    Exclusion,
    ParameterValue,
)
from comptroller.checks.macros import AGGREGATES, MACROS
from comptroller.checks.waiting import waiting_checks
from comptroller.vocabulary import elements

_WORD = re.compile(r"[a-z][a-z0-9_]+")
_MISSING = {
    "flag": "The line is a finding.",
    "pass": "The line passes.",
    "not_applicable": "The line is counted as unknown, and is no finding.",
    "never": "It cannot be unknown.",
}
_TYPES = {
    "row": "each line",
    "group": "groups of lines",
    "total": "each slice (data set, provider, commissioner, year, month)",
}


def pages(checks: Iterable[Check], exclusions: Mapping[str, Exclusion]) -> dict[str, str]:
    """Return file name to Markdown text: a page for each check and three about them all."""
    ordered = sorted(checks, key=lambda check: check.id)
    result = {"index.md": _index(ordered), "waiting.md": _waiting(), "grammar.md": grammar()}
    for check in ordered:
        result[f"{check.id}.md"] = page(check, exclusions)
    return result


def write_pages(
    folder: Path, checks: Iterable[Check], exclusions: Mapping[str, Exclusion]
) -> list[str]:
    """Write the pages into ``folder``, remove those of checks that are gone, return the names."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages(checks, exclusions)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.name not in made:
            path.unlink()
    return sorted(made)


def page(check: Check, exclusions: Mapping[str, Exclusion]) -> str:
    """Return one check's page: what is wrong, why, what it is worth, what to ask."""
    parts = [
        f"# {check.id} {check.title}",
        f"*{CATEGORIES.get(check.category, 'Own check')}. {QUESTIONS[check.question]}*",
        "## What is wrong",
        f"It looks at {_TYPES[check.type]} of {', '.join(check.data_sets)}"
        + (" where:" if check.scope else "."),
    ]
    if check.scope:
        parts.append(_code(check.scope))
    if check.exclusions:
        named = [
            f"- {exclusions[name].title}: `{exclusions[name].predicate}`"
            for name in check.exclusions
            if name in exclusions
        ]
        parts += ["Left out:", "\n".join(named)]
    if check.type == "group":
        parts.append(f"Lines are grouped by {_names(check.group_by)}.")
        if check.aggregates:
            parts.append(
                "\n".join(f"- `{name}` = `{text}`" for name, text in check.aggregates.items())
            )
        parts.append(f"Kept as right: {KEEP[check.keep]}.")
    parts += ["It is wrong when:", _code(check.wrong_when)]
    missing = _MISSING[check.on_missing]
    if check.type == "total":
        missing = missing.replace("The line", "The slice")
    parts.append(f"Where what it needs is missing: {missing}")
    words = _words(check, exclusions)
    if words:
        parts += ["## What the words mean", words]
    if check.parameters:
        listed = "\n".join(f"- `{n}` = {_value(v)}" for n, v in check.parameters.items())
        parts += ["Parameters, which a workspace or a contract may set otherwise:", listed]
    if check.needs:
        parts.append(f"It needs: {', '.join(check.needs)}. Without them it could not run.")
    parts += ["## Why", _basis(check.basis), "## What it is worth", _worth(check)]
    parts += ["## What to do", check.action, "The finding reads:", f"> {check.message}"]
    if check.evidence:
        parts.append(f"Evidence: {_names(check.evidence)}.")
    parts += ["## Examples", *(_example(example) for example in check.examples)]
    parts += ["## Care", _care(check)]
    return "\n\n".join(parts) + "\n"


def grammar() -> str:
    """Return the page on how a check is written: its keys, values and functions."""
    text = (definition.__doc__ or "").replace("``", "`").replace("::\n", ":\n")
    parts = ["# How a check is written", text.split("\n", 1)[1].strip()]
    parts.append("## Values")
    parts.append(
        "\n".join(
            ["| Value | Meaning | value_expression |", "|---|---|---|"]
            + [f"| {v.code} | {v.meaning} | {v.expression} |" for v in VALUES.values()]
        )
    )
    for title, table in (("Components", COMPONENTS), ("The line that is kept", KEEP)):
        rows = "\n".join(f"- `{name}`: {meaning}" for name, meaning in table.items())
        parts += [f"## {title}", rows]
    parts += ["## The expression language", _LANGUAGE, "### Functions"]
    functions = ["| Function | Result | Meaning |", "|---|---|---|"]
    functions += [
        f"| `{m.name}({', '.join(m.arguments)})` | {m.result if m.result != 'null' else 'any'} "
        f"| {m.meaning} |"
        for m in MACROS.values()
    ]
    parts += ["\n".join(functions), "### Aggregates"]
    parts.append("\n".join(f"- `{name}`: {meaning}" for name, meaning in AGGREGATES.items()))
    return "\n\n".join(parts) + "\n"


_LANGUAGE = """Comparisons `= <> < <= > >=`, `AND OR NOT`, `IS NULL`, `IS TRUE`,
`IS DISTINCT FROM`, `BETWEEN`, `IN ('A', 'B')`, `LIKE`, `CASE WHEN ... THEN ... ELSE ... END`,
`+ - *` on numbers, `DATE '2025-04-01'`, parameters as `:p_days`, columns of the lines and facts,
`coalesce`, `greatest`, `least`, `concat`, `in_list(value, :p_codes)` with a parameter that is a
list, and `in_code_list(value, 'treatment_function')` with a code list of the vocabulary. There is
no division: `safe_ratio` and `round_money` take its place. Types are never converted by
themselves: a text is not a date. Anything else is refused, with its line and column. One bad row
makes an unknown value (NULL), never an error."""


def _index(checks: list[Check]) -> str:
    lines = [
        "# The checks",
        f"{len(checks)} checks. This page and those behind it are made from the rulebook; "
        "`comptroller rulebook list` prints the same. "
        f"[{len(waiting_checks())} more](waiting.md) of the catalogue do not run yet, each with "
        "what it waits for.",
    ]
    for category in [*CATEGORIES, *sorted({c.category for c in checks} - set(CATEGORIES))]:
        mine = [check for check in checks if check.category == category]
        if not mine:
            continue
        rows = ["| Check | Wrong | Question | Value | Confidence |", "|---|---|---|---|---|"]
        rows += [
            f"| [{c.id}]({c.id}.md) | {c.title} | {QUESTIONS[c.question]} | {c.value} "
            f"| {c.confidence} |"
            for c in mine
        ]
        lines += [f"## {CATEGORIES.get(category, category)}", "\n".join(rows)]
    return "\n\n".join(lines) + "\n"


def _waiting() -> str:
    entries = [waiting_checks()[name] for name in sorted(waiting_checks())]
    lines = [
        "# The checks that do not run yet",
        f"{len(entries)} checks of the catalogue, each with what it waits for: a feed or field "
        "that is not loaded, a table that holds no such thing, a fact that is not computed, or "
        "the check or the step that does its work. `comptroller rulebook list --status needs` "
        "prints the same.",
    ]
    for category, title in CATEGORIES.items():
        mine = [entry for entry in entries if entry.category == category]
        if mine:
            rows = ["| Check | Wrong | It needs |", "|---|---|---|"]
            rows += [f"| {e.id} | {e.title} | {e.needs} |" for e in mine]
            lines += [f"## {title}", "\n".join(rows)]
    return "\n\n".join(lines) + "\n"


@cache
def _meanings(check_type: str) -> Mapping[str, str]:
    """Return what each column of a check's relation says."""
    from comptroller.checks.facts import fact_columns, slice_fact_columns

    if check_type == "total":
        return {name: fact.meaning for name, fact in slice_fact_columns().items()}
    lines = {name: element.meaning for name, element in elements().items()}
    return lines | {name: fact.meaning for name, fact in fact_columns().items()}


def _words(check: Check, exclusions: Mapping[str, Exclusion]) -> str:
    """Return the meanings of the columns in a check's conditions and value, in their order."""
    left_out = [exclusions[name].predicate for name in check.exclusions if name in exclusions]
    text = " ".join(
        [
            check.scope,
            *check.group_by,
            *check.aggregates.values(),
            check.wrong_when,
            check.value_expression,
            check.shift_to,
            *left_out,
        ]
    )
    known = _meanings(check.type)
    found = [word for word in dict.fromkeys(_WORD.findall(text)) if known.get(word)]
    told = {word: known[word].replace("; never NULL", "") for word in found}
    return "\n".join(f"- `{word}`: {meaning}" for word, meaning in told.items())


def _worth(check: Check) -> str:
    value = VALUES[check.value]
    text = f"{check.value}: {value.meaning}."
    if check.value_expression:
        text += f" In pounds: `{check.value_expression}`."
    if check.component != "whole" and check.type != "total":
        text += f" It claims {COMPONENTS[check.component]}."
    if check.paid == "in_full":
        text += " It was charged beside the payment terms: all of it is cash."
    if check.tolerance:
        text += f" A difference up to £{check.tolerance} is no finding."
    if check.minimum_value:
        text += f" A finding of less than £{check.minimum_value} is not raised."
    return (
        f"{text}\n\nIn the order of grounds it is number {check.precedence} "
        f"({PRECEDENCE[check.precedence]}): an earlier ground on the same line comes first."
    )


def _basis(items: Iterable[Basis]) -> str:
    rows = []
    for basis in items:
        edition = f", {basis.edition}" if basis.edition else ""
        paragraph = f", paragraph {basis.paragraph}" if basis.paragraph else ""
        dates = " ".join(
            part
            for part in (
                f"from {_day(basis.from_date)}" if basis.from_date else "",
                f"to {_day(basis.to_date)}" if basis.to_date else "",
            )
            if part
        )
        status = f" ({basis.status}{'; ' + dates if dates else ''})"
        link = f" <{basis.url}>" if basis.url else ""
        rows.append(f"- {basis.document}{edition}{paragraph}{status}{link}")
    return "\n".join(rows) or "No basis is cited."


def _example(example: Example) -> str:
    names = list(dict.fromkeys(name for row in example.rows for name in row))
    title = {"wrong": "Wrong", "right": "Right", "missing": "Something is missing"}[example.kind]
    if example.note:
        title += f": {example.note}"
    if not names:
        rows = len(example.rows)
        return f"**{title}**: {rows} row{'s' if rows > 1 else ''} with nothing in them."
    table = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    table += [
        f"| {' | '.join(_value(row[name]) if name in row else '' for name in names)} |"
        for row in example.rows
    ]
    return f"**{title}**\n\n" + "\n".join(table)


def _care(check: Check) -> str:
    review = (
        "It can be raised without a look at each case."
        if check.review == "automated"
        else ("Look at each case before it is raised.")
    )
    by = (
        f" Checked by {check.checked_by}."
        if check.checked_by
        else " No person has approved it yet."
    )
    return (
        f"{review} Expected acceptance, as a prior: {check.confidence}. "
        f"Next review: {_day(check.next_review)}.{by}"
    )


def _day(date: dt.date) -> str:
    return f"{date.day} {date:%B %Y}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _code(text: str) -> str:
    return f"```sql\n{text}\n```"


def _value(value: ParameterValue | dt.datetime) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
