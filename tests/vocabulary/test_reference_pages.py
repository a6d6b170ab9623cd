"""The pages in docs/reference are those that the declarations make."""

from pathlib import Path

from comptroller.vocabulary import DATA_SETS
from comptroller.vocabulary.reference_pages import pages, write

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"


def test_the_pages_in_the_tree_are_up_to_date() -> None:
    remedy = "run: python -m comptroller.vocabulary.reference_pages"
    for name, text in pages().items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, f"{name}: {remedy}"


def test_there_is_no_page_of_a_data_set_that_is_no_more() -> None:
    stems = {path.stem for path in (DOCS / "data-sets").glob("*.md")}
    assert stems == {*DATA_SETS, "index"}


def test_no_cell_breaks_its_table(tmp_path: Path) -> None:
    for path in write(tmp_path):
        width = 0
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("|"):
                cells = line.count("|")
                assert width in (0, cells), line
                width = cells
            else:
                width = 0
