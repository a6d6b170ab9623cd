"""Every command has help with an example, and the page of commands says the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import typer

from comptroller.cli import DOORS, app
from tests.command import run

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.parametrize("name", DOORS)
def test_every_command_explains_itself(name: str) -> None:
    command = typer.main.get_command(app).get_command(None, name)  # type: ignore[attr-defined]
    children = list(getattr(command, "commands", {}).values()) or [command]
    for child in children:
        assert child.help, child.name
        assert "Example: comptroller" in " ".join(child.help.split()), f"{name} {child.name}"
        for parameter in child.params:
            assert getattr(parameter, "help", ""), f"{name} {child.name} {parameter.name}"


def test_help_and_version_import_no_room() -> None:
    assert run("--help").code == 0
    assert run("--version").out.startswith("comptroller ")


def test_an_unknown_command_is_wrong_usage() -> None:
    assert run("chek").code == 2


def test_the_page_of_commands_is_current() -> None:
    sys.path.insert(0, str(DOCS))
    from commands_page import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"
