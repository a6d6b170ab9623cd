"""The ``comptroller`` command: every door of the house, each room imported only when it is used."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperGroup

from comptroller import __version__
from comptroller.errors import ComptrollerError


@dataclass(frozen=True)
class Door:
    """One command or group of commands: where it lives and what its one-line help says."""

    module: str
    attribute: str
    help: str


DOORS: dict[str, Door] = {
    "init": Door("upkeep.commands", "init", "Make a workspace: one folder with settings."),
    "demo": Door("demo.commands", "demo", "Build a fictional economy and run a month on it."),
    "reference": Door("reference.commands", "app", "Load and show reference data."),
    "load": Door("intake.commands", "load", "Load providers' files: any layout, any data set."),
    "submissions": Door("intake.commands", "submissions", "What was received, held and promoted."),
    "quarantine": Door(
        "intake.quarantine_commands", "app", "Rows that could not be loaded, and how to mend them."
    ),
    "layouts": Door("intake.commands", "layouts", "How each provider arranges its files."),
    "reconcile": Door(
        "reconciliation.commands", "reconcile", "Tie invoice, ACM, patient level, SUS."
    ),
    "links": Door(
        "reconciliation.link_commands", "app", "Link charged lines to SUS, versions to the next."
    ),
    "check": Door("checks.commands", "check", "Run the rulebook over what is loaded."),
    "results": Door("checks.commands", "results", "Outcome of each check on each slice."),
    "findings": Door("checks.commands", "findings", "List or export what the checks found."),
    "rulebook": Door("checks.commands", "rulebook", "List, show, test and write checks."),
    "challenges": Door("challenges.commands", "app", "Write the challenge workbook of a provider."),
    "position": Door("position.commands", "position", "Actual against plan, to the penny."),
    "report": Door("reports.commands", "report", "Write a report as a page, workbook or PDF."),
    "verify": Door("upkeep.commands", "verify", "Recount rows and pounds from file to finding."),
    "backup": Door("upkeep.commands", "backup", "Keep a copy of the workspace in one file."),
    "restore": Door("upkeep.commands", "restore", "Bring a workspace back from a backup."),
    "upgrade": Door("upkeep.commands", "upgrade", "Bring an older workspace up to date."),
}


class LazyGroup(TyperGroup):
    """A group that imports a room when one of its commands is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, in the order of a month's work."""
        return list(DOORS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return one command, or None when there is none of that name."""
        door = DOORS.get(cmd_name)
        if door is None:
            return None
        target = getattr(importlib.import_module(f"comptroller.{door.module}"), door.attribute)
        if not isinstance(target, typer.Typer):
            single = typer.Typer(add_completion=False)
            single.command(cmd_name)(target)
            target = single
        command = typer.main.get_command(target)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands from their one-line helps, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, door.help) for name, door in DOORS.items()])


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"comptroller {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the release."
    ),
) -> None:
    """Commissioning and contracting for the NHS: load, reconcile, check, challenge, report.

    Begin with: comptroller demo. Exit codes: 0 done; 1 refused or failed; 2 wrong usage;
    3 done, but something needs a person.
    """


def main() -> None:
    """Run the command line; a ComptrollerError is one line on stderr and its exit code."""
    try:
        app()
    except ComptrollerError as problem:
        sys.stderr.write(f"comptroller: {problem}\n")
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        # The reader of our output has gone, as `| head` does; that is no fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as problem:
        what = (problem.strerror or str(problem)).lower()
        sys.stderr.write(f"comptroller: {problem.filename or 'the system'}: {what}\n")
        sys.exit(1)
    except Exception as problem:
        from comptroller.refusals import refusal_for

        refusal = refusal_for(problem)
        if refusal is None:
            raise
        sys.stderr.write(f"comptroller: {refusal}\n")
        sys.exit(refusal.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("comptroller: stopped; what was committed stands, nothing is half-done\n")
        sys.exit(130)
