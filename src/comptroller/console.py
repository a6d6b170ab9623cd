"""What every command shares on a terminal: options, tables in four formats, progress, refusals.

Data goes to stdout, alone; progress and messages go to stderr.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from comptroller.errors import ComptrollerError
from comptroller.workspace import Workspace

# Whole lines: a program that reads them, or a search, finds each message in one piece.
messages = Console(stderr=True, soft_wrap=True)

EXIT_DONE, EXIT_REFUSED, EXIT_USAGE, EXIT_NEEDS_A_PERSON = 0, 1, 2, 3


class Format(StrEnum):
    """How a command prints its data."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        envvar="COMPTROLLER_WORKSPACE",
        help="The workspace folder; by default the current one.",
        show_default=False,
    ),
]
FormatOption = Annotated[
    Format, typer.Option("--format", "-f", help="How to print: table, json, csv or parquet.")
]
HERE = Path()


def open_workspace(path: Path) -> Workspace:
    """Open the workspace that a command names."""
    return Workspace.open(path)


def print_rows(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    form: Format = Format.TABLE,
    *,
    title: str = "",
) -> None:
    """Print rows to stdout: a table for people, or JSON, CSV or Parquet for programs.

    Decimals keep their digits, without the noughts behind the pence that the warehouse adds (JSON
    carries them as text); dates are ISO, missing is empty.
    """
    if form is Format.JSON:
        data = [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]
        print_json(data)
    elif form is Format.CSV:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([["" if cell is None else _plain(cell) for cell in row] for row in rows])
        sys.stdout.write(out.getvalue())
    elif form is Format.PARQUET:
        _print_parquet(columns, rows)
    else:
        _print_table(columns, rows, title)


def print_json(data: Any) -> None:
    """Print JSON alone to stdout."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _figure(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value


def _figure(value: Decimal) -> str:
    """Return all digits of a decimal that say something: 1500.25, not 1500.25000000."""
    text = f"{value:f}"
    whole, _, places = text.partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}" if len(places) > 2 else text


def _print_parquet(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if sys.stdout.isatty():
        raise ComptrollerError(
            "Parquet is not for a screen",
            remedy="Send it to a file: ... --format parquet > rows.parquet",
        )
    cells = list(zip(*rows, strict=True)) if rows else [() for _ in columns]
    table = pa.table({name: list(cell) for name, cell in zip(columns, cells, strict=True)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    sys.stdout.buffer.write(sink.getvalue().to_pybytes())


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str) -> None:
    if not rows:
        messages.print(f"{title}: nothing to show." if title else "Nothing to show.")
        return
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for index, name in enumerate(columns):
        number = any(isinstance(row[index], (int, Decimal)) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if number else "left")
    for row in rows:
        table.add_row(*[_cell(cell) for cell in row])
    out = Console()
    if not sys.stdout.isatty():
        # A table in a file is not cut to a screen's width.
        out = Console(width=10_000 if len(columns) > 1 else 200)
        table.expand = False
    out.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(_plain(value)).replace("[", "\\[")


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[ProgressBar]:
    """Show a progress bar on stderr while long work runs; silent when stderr is no screen."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=messages,
        transient=True,
        disable=not messages.is_terminal,
    )
    with bar:
        yield ProgressBar(bar, description, total)


class ProgressBar:
    """One line of progress: ``advance`` it, ``describe`` what it does now."""

    def __init__(self, bar: Progress, description: str, total: int | None) -> None:
        self._bar = bar
        self._task = bar.add_task(description, total=total)

    def advance(self, steps: int = 1) -> None:
        """Move on by so many steps."""
        self._bar.advance(self._task, steps)

    def describe(self, description: str, *, total: int | None = None) -> None:
        """Say what is being done now, and how many steps it has when that is known."""
        if total is None:
            self._bar.update(self._task, description=description)
        else:
            self._bar.update(self._task, description=description, total=total, completed=0)
