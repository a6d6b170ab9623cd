"""docs/map.md leads to places that exist, and leaves no room out."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAP = (ROOT / "docs" / "map.md").read_text(encoding="utf-8")
PATHS = re.findall(r"`((?:src|tests|docs|bench|\.ci)/[^`*]*)`", MAP)


def test_every_place_on_the_map_exists() -> None:
    assert PATHS
    assert [path for path in PATHS if not (ROOT / path).exists()] == []


def test_every_room_is_on_the_map() -> None:
    rooms = {path.parent.name for path in (ROOT / "src" / "comptroller").glob("*/__init__.py")}
    on_the_map = {path.split("/")[2] for path in PATHS if path.startswith("src/comptroller/")}
    assert rooms - on_the_map == set()


def test_every_room_opens_with_a_docstring() -> None:
    for file in (ROOT / "src" / "comptroller").glob("*/__init__.py"):
        assert file.read_text(encoding="utf-8").startswith('"""'), file


def test_no_module_is_too_long_to_read_in_one_sitting() -> None:
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines())
        for file in (ROOT / "src").rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 600} == {}


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text("utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert broken == []
