"""``comptroller rulebook``: list, show, test and write checks."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from comptroller.checks.definition import CATEGORIES, PRECEDENCE, QUESTIONS, VALUES, Check
from comptroller.console import (
    EXIT_NEEDS_A_PERSON,
    EXIT_REFUSED,
    HERE,
    Format,
    FormatOption,
    WorkspaceOption,
    messages,
    open_workspace,
    print_json,
    print_rows,
)
from comptroller.errors import ComptrollerError, UsageError
from comptroller.workspace import SETTINGS_FILE, Workspace

rulebook = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="List, show, test and write checks.",
)


class Status(StrEnum):
    """Which checks to list."""

    RUNNING = "running"
    NEEDS = "needs"
    ALL = "all"


def _book(path: Path) -> tuple[Any, Workspace | None]:
    """Return the workspace's rulebook; outside a workspace, the product's."""
    from comptroller.checks.book import load_book, product_files, workspace_book

    if path == HERE and not (path / SETTINGS_FILE).exists():
        return load_book(product_files()), None
    ws = open_workspace(path)
    return workspace_book(ws), ws


@rulebook.command("list")
def list_checks(
    checks: Annotated[str, typer.Option("--checks", help="Ids or patterns: 'ATT-*'.")] = "*",
    status: Annotated[
        Status, typer.Option(help="running: in force; needs: waiting, and for what; all: both.")
    ] = Status.RUNNING,
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """List the checks in force: the product's and the workspace's own; or those that wait.

    Example: comptroller rulebook list --checks 'DUP-*' --format csv
    """
    book, _ = _book(workspace)
    if status is not Status.RUNNING:
        _list_by_status(book, checks, form, running=status is Status.ALL)
        return
    found = [rule.check for rule in book.select(checks)]
    columns = ["id", "title", "category", "question", "type", "data_sets", "value", "review"]
    rows: list[list[Any]] = [
        [
            item.id,
            item.title,
            CATEGORIES.get(item.category, item.category),
            item.question,
            item.type,
            " ".join(item.data_sets),
            item.value,
            item.review,
        ]
        for item in found
    ]
    if form is not Format.TABLE:
        columns += ["precedence", "on_missing", "confidence", "needs", "basis", "examples"]
        columns += ["next_review", "checked_by", "own", "fingerprint"]
        for row, item in zip(rows, found, strict=True):
            row += [
                item.precedence,
                item.on_missing,
                item.confidence,
                " ".join(item.needs),
                "; ".join(basis.document for basis in item.basis),
                len(item.examples),
                item.next_review,
                item.checked_by,
                item.own,
                book.rules[item.id].fingerprint,
            ]
    print_rows(columns, rows, form, title=f"{len(found)} checks")


def _list_by_status(book: Any, pattern: str, form: Format, *, running: bool) -> None:
    """Print id, title, category, status and what is wanting, in the order of ids."""
    from comptroller.checks.book import fits, patterns_in
    from comptroller.checks.waiting import not_running

    patterns = patterns_in(pattern)
    rows = [(item.id, item.title, "needs", item.needs) for item in not_running(book.checks)]
    if running:
        rows += [(item.id, item.title, "running", "") for item in book.checks.values()]
    found = [
        (name, title, CATEGORIES.get(name.split("-")[0], "Own check"), state, needs)
        for name, title, state, needs in sorted(rows)
        if fits(name, patterns)
    ]
    if not found:
        raise UsageError(
            f"no check is called '{pattern}'", remedy="See: comptroller rulebook list --status all"
        )
    columns = ["id", "title", "category", "status", "needs"]
    print_rows(columns, found, form, title=f"{len(found)} checks")


@rulebook.command("show")
def show(
    check_id: Annotated[str, typer.Argument(help="The check's id, such as DUP-003.")],
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show one check: its logic, the parameters in force and where they come from.

    Example: comptroller rulebook show DUP-003
    """
    from comptroller.checks.pages import page
    from comptroller.checks.waiting import waiting_checks

    book, ws = _book(workspace)
    waiting = waiting_checks().get(check_id)
    if waiting is not None:
        told = {"id": waiting.id, "title": waiting.title, "status": "needs", "needs": waiting.needs}
        if form is Format.JSON:
            print_json(told)
        else:
            typer.echo(f"{waiting.id} {waiting.title}\n\nIt does not run yet. {waiting.needs}")
        return
    try:
        (rule, *_) = book.select(check_id)
    except UsageError as unknown:
        # As everywhere, an id that is not there is refused: the command was used as it is meant.
        raise ComptrollerError(unknown.what, remedy=unknown.remedy) from None
    item: Check = rule.check
    if form is Format.JSON:
        print_json(_as_json(book, item))
        return
    typer.echo(page(item, book.exclusions))
    mine = [override for override in book.overrides if override.check_id == item.id]
    for override in mine:
        holds = " ".join(
            part
            for part in (
                f"contract {override.contract_id}" if override.contract_id else "",
                f"from {override.from_date}" if override.from_date else "",
                f"to {override.to_date}" if override.to_date else "",
            )
            if part
        )
        typer.echo(
            f"In this workspace {override.parameter} = {override.value} "
            f"({override.source}{', ' + holds if holds else ''})"
        )
    if item.parameters and not mine and ws is not None:
        typer.echo("Parameters in force: the check's own.")
    typer.echo(f"Written in {item.place}. Fingerprint {rule.fingerprint}.")


def _as_json(book: Any, item: Check) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "category": CATEGORIES.get(item.category, item.category),
        "question": QUESTIONS[item.question],
        "precedence": PRECEDENCE[item.precedence],
        "type": item.type,
        "data_sets": list(item.data_sets),
        "scope": item.scope,
        "exclusions": {n: book.exclusions[n].predicate for n in item.exclusions},
        "group_by": list(item.group_by),
        "aggregates": dict(item.aggregates),
        "wrong_when": item.wrong_when,
        "on_missing": item.on_missing,
        "value": item.value,
        "value_meaning": VALUES[item.value].meaning,
        "value_expression": item.value_expression,
        "tolerance": item.tolerance,
        "minimum_value": item.minimum_value,
        "parameters": {
            name: {
                "default": value,
                "overrides": [
                    {
                        "value": o.value,
                        "source": o.source,
                        "contract_id": o.contract_id,
                        "from": o.from_date,
                        "to": o.to_date,
                        "reason": o.reason,
                    }
                    for o in book.overrides
                    if o.check_id == item.id and o.parameter == name
                ],
            }
            for name, value in item.parameters.items()
        },
        "needs": list(book.rules[item.id].needs),
        "message": item.message,
        "action": item.action,
        "evidence": list(item.evidence),
        "basis": [basis.__dict__ for basis in item.basis],
        "review": item.review,
        "confidence": item.confidence,
        "next_review": item.next_review,
        "checked_by": item.checked_by,
        "own": item.own,
        "fingerprint": book.rules[item.id].fingerprint,
    }


@rulebook.command("test")
def run_tests(
    check_id: Annotated[str, typer.Argument(help="One check or pattern; all by default.")] = "*",
    workspace: WorkspaceOption = HERE,
    form: FormatOption = Format.TABLE,
) -> None:
    """Run the examples of checks on their real predicates, and say what is poor about them.

    Exit code 1 when an example fails, 3 when something is poor: no basis, past review, a part of a
    predicate that no example hangs on, two checks that find the same.

    Example: comptroller rulebook test 'DUP-*'
    """
    import datetime as dt

    from comptroller.checks.examples import run_examples
    from comptroller.checks.lint import lint
    from comptroller.checks.schema import product_schema

    book, ws = _book(workspace)
    found = [rule.check for rule in book.select(check_id)]
    schema = product_schema()
    failures = run_examples(found, book.exclusions, schema)
    today = ws.now().date() if ws is not None else dt.datetime.now(dt.UTC).date()
    poor = lint(found, book.exclusions, schema, today)
    rows = [("fails", item.check_id, item.place, item.text) for item in failures]
    rows += [("poor", item.check_id, item.place, item.text) for item in poor]
    print_rows(["kind", "check_id", "place", "text"], rows, form, title="Rulebook test")
    examples = sum(len(item.examples) for item in found)
    messages.print(
        f"{len(found)} checks, {examples} examples: {len(failures)} fail, {len(poor)} remarks"
    )
    if failures:
        raise typer.Exit(EXIT_REFUSED)
    if poor:
        raise typer.Exit(EXIT_NEEDS_A_PERSON)


_SCAFFOLD = """# One check of this workspace. Run its examples: comptroller rulebook test {id}
# Every key is explained in docs/reference/checks/grammar.md.

[{id}]
title = "Cost of a line above a limit"
question = "as_agreed"       # our_patient | care_given | paid_already | someone_else_pays ...
precedence = 5               # 1 not ours ... 6 statistical
type = "row"                 # row | group | total
data_sets = ["PLCM"]
scope = "pod_code = 'OPFASPCL'"
wrong_when = "activity_cost > :p_limit"
on_missing = "not_applicable"   # flag | pass | not_applicable | never
value = "V-DIFF"
value_expression = "activity_cost - :p_limit"
parameters = {{ p_limit = 1000 }}
confidence = 0.5
message = "{{activity_cost}} charged on {{activity_start_date}}, above £{{p_limit}}"
action = "Ask why the price is above the limit"
evidence = ["activity_cost", "tariff_code", "p_limit"]
next_review = "{review}"

[[{id}.basis]]
document = "Local rule"
status = "judgement"

[[{id}.examples]]
wrong = {{ pod_code = "OPFASPCL", activity_cost = "1200.00" }}
value = "200.00"

[[{id}.examples]]
right = {{ pod_code = "OPFASPCL", activity_cost = "1000.00" }}

[[{id}.examples]]
missing = {{ pod_code = "OPFASPCL" }}
"""


@rulebook.command("new")
def new(
    check_id: Annotated[str, typer.Argument(help="The new check's id, such as LOCAL-001.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write a new check of the workspace's own, ready to be changed, into its rules folder.

    Example: comptroller rulebook new LOCAL-001
    """
    import re

    ws = open_workspace(workspace)
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,9}-[0-9]{3}[A-Z]?", check_id):
        raise UsageError(f"'{check_id}' is not a check's id", remedy="Write it like LOCAL-001")
    book, _ = _book(ws.path)
    path = ws.rules / f"{check_id.lower()}.toml"
    if check_id in book.checks or path.exists():
        raise ComptrollerError(
            f"there is a check {check_id} already", remedy="Choose another number"
        )
    review = ws.now().date() + timedelta(days=365)
    ws.rules.mkdir(exist_ok=True)
    path.write_text(_SCAFFOLD.format(id=check_id, review=review), encoding="utf-8")
    messages.print(
        f"Written: {path}\nChange it, then: comptroller rulebook test {check_id}", markup=False
    )


@rulebook.command("pages", hidden=True)
def write(folder: Annotated[Path, typer.Argument(help="Where the pages go.")]) -> None:
    """Write the page of each check and the index: docs/reference/checks is made by this.

    Example: comptroller rulebook pages docs/reference/checks
    """
    from comptroller.checks.book import load_book, product_files
    from comptroller.checks.pages import write_pages

    book = load_book(product_files())
    names = write_pages(folder, book.checks.values(), book.exclusions)
    messages.print(f"{len(names)} pages written to {folder}", markup=False)
