"""The generated pages say what is declared."""

from __future__ import annotations

from pathlib import Path

from comptroller.reference import reference_pages

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"


def test_the_pages_are_as_generated() -> None:
    for name, page in (
        ("reference-tables.md", reference_pages.tables_page()),
        ("sources.md", reference_pages.sources_page()),
    ):
        assert (DOCS / name).read_text(encoding="utf-8") == page, (
            f"run: python -m comptroller.reference.reference_pages ({name})"
        )
