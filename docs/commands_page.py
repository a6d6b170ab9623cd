"""Write ``docs/reference/commands.md`` from the commands' own help; ``make docs`` runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from comptroller.cli import DOORS, app

PAGE = Path(__file__).parent / "reference" / "commands.md"


def page() -> str:
    """Return the page: every command and sub-command with its help, options and defaults."""
    root = typer.main.get_command(app)
    parts = [
        "# Commands",
        "",
        "Generated from the commands' own help by `make docs`. Every command takes `--help`.",
        "",
        "Exit codes: 0 done; 1 something was refused or failed; 2 wrong usage; 3 done, but "
        "something needs a person.",
    ]
    for name in DOORS:
        command = root.get_command(None, name)  # type: ignore[attr-defined]
        parts += _section(command, f"comptroller {name}", 2)
    return "\n".join(parts) + "\n"


def _section(command: Any, path: str, level: int) -> list[str]:
    paragraphs = [" ".join(part.split()) for part in (command.help or "").split("\n\n")]
    lines = ["", f"{'#' * level} {path}"]
    for paragraph in paragraphs:
        example = paragraph.removeprefix("Example: ")
        lines += ["", f"    {example}" if example != paragraph else paragraph]
    rows = [row for row in (_parameter(p) for p in command.params) if row]
    if rows:
        lines += ["", "| argument or option | meaning |", "| --- | --- |", *rows]
    for name, child in getattr(command, "commands", {}).items():
        lines += _section(child, f"{path} {name}", level + 1)
    return lines


def _parameter(parameter: Any) -> str:
    if parameter.name == "help":
        return ""
    is_option = parameter.param_type_name == "option"
    name = ", ".join(parameter.opts) if is_option else (parameter.name or "").upper()
    meaning = " ".join((getattr(parameter, "help", None) or "").split()).replace("|", "\\|")
    return f"| `{name}` | {meaning} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
