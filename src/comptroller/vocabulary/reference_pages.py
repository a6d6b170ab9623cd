"""Writes the reference pages of the data sets and code lists from the declarations.

Run `python -m comptroller.vocabulary.reference_pages` from the project folder; a test keeps the
pages in `docs/reference` equal to what this module makes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from comptroller.vocabulary import CODE_LISTS, DATA_SETS, MANDATIONS, CodeList, DataSet, Element

_LONGEST_LISTED = 120


def pages() -> dict[str, str]:
    """Return every page: path below `docs/reference` to its text."""
    made = {f"data-sets/{item.id}.md": data_set_page(item) for item in DATA_SETS.values()}
    made["data-sets/index.md"] = _index()
    made["code-lists.md"] = code_lists_page()
    return made


def data_set_page(item: DataSet) -> str:
    """Return the page of one data set, in Markdown."""
    lines = [
        f"# {item.title} (`{item.id}`)",
        "",
        f"{item.meaning} Standard: {item.standard}.",
        "",
        _made_by(),
        "",
        "## Elements",
        "",
        "Mandation: "
        + "; ".join(f"{letter} {meaning}" for letter, meaning in MANDATIONS.items())
        + ".",
        "",
    ]
    lines += ["| element | Dictionary name | mandation | kind | format | meaning | codes |"]
    lines += ["| --- | --- | --- | --- | --- | --- | --- |"]
    lines += [_element_row(item, element) for element in item.elements]
    if item.measures:
        lines += ["", "## Measures", ""]
        lines += ["| measure | unit | fixed by the column | headers | meaning |"]
        lines += ["| --- | --- | --- | --- | --- |"]
        for measure in item.measures:
            fixed = ", ".join(f"{key} = {value}" for key, value in measure.dimension.items())
            headers = "; ".join(measure.headers)
            if measure.header_pattern:
                headers = f"`{measure.header_pattern.pattern}`"
            row = (f"`{measure.name}`", measure.unit, fixed, headers, measure.meaning)
            lines.append("| " + " | ".join(row) + " |")
    if item.group_values:
        lines += ["", f"## Values of `{item.group_dimension}`, from the header row above", ""]
        lines += [f"- `{value}`: {'; '.join(names)}" for value, names in item.group_values.items()]
    lines += ["", "## Headers understood", ""]
    lines += ["Case, underscores, punctuation and blanks do not count.", ""]
    by_element: dict[str, list[str]] = {}
    for header, element in item.headers().items():
        by_element.setdefault(element.name, []).append(header)
    lines += [f"- `{name}`: {', '.join(sorted(headers))}" for name, headers in by_element.items()]
    return "\n".join(lines) + "\n"


def code_lists_page() -> str:
    """Return the page of all code lists; of the long ones only the size is told."""
    lines = ["# Code lists", "", _made_by(), ""]
    for item in sorted(CODE_LISTS.values(), key=lambda found: found.name):
        lines += [f"## {item.title} (`{item.name}`)", "", f"Source: {item.source}.", ""]
        lines += _code_rows(item)
    return "\n".join(lines).rstrip() + "\n"


def _made_by() -> str:
    return (
        "This page is made from the declarations in `src/comptroller/vocabulary` by"
        " `python -m comptroller.vocabulary.reference_pages`."
    )


def _index() -> str:
    lines = ["# Data sets", "", _made_by(), ""]
    lines += ["| data set | title | standard | elements |", "| --- | --- | --- | --- |"]
    lines += [
        f"| [{item.id}]({item.id}.md) | {item.title} | {item.standard} | {len(item.elements)} |"
        for item in DATA_SETS.values()
    ]
    return "\n".join(lines) + "\n"


def _element_row(item: DataSet, element: Element) -> str:
    becomes = ""
    if element.columns != (element.name,):
        becomes = f" Stored as {', '.join(f'`{column}`' for column in element.columns)}."
    codes = ""
    if element.code_list:
        codes = f"[{element.code_list}](../code-lists.md#{_anchor(element.code_list)})"
    row = (
        f"`{element.name}`",
        element.dictionary_name,
        element.mandation[item.id],
        element.kind,
        element.format,
        element.meaning + becomes,
        codes,
    )
    return "| " + " | ".join(row) + " |"


def _anchor(name: str) -> str:
    title = f"{CODE_LISTS[name].title} ({name})"
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def _code_rows(item: CodeList) -> list[str]:
    if len(item.rows) > _LONGEST_LISTED:
        return [f"{len(item.rows)} codes, in `code_lists/{item.name}.csv`.", ""]
    attributes = list(next(iter(item.rows.values())).attributes)
    lines = ["| " + " | ".join(["code", "name", *attributes]) + " |"]
    lines += ["|" + " --- |" * (2 + len(attributes))]
    lines += [
        "| " + " | ".join([f"`{row.code}`", row.name, *row.attributes.values()]) + " |"
        for row in item.rows.values()
    ]
    return [*lines, ""]


def write(folder: Path) -> list[Path]:
    """Write every page below a `docs/reference` folder; return the paths written."""
    written = []
    for name, text in pages().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/reference")
    sys.stdout.write("".join(f"{path}\n" for path in write(target)))
