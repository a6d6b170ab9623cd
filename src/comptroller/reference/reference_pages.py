"""Write the generated pages of ``docs/reference`` about reference data.

``python -m comptroller.reference.reference_pages`` writes ``reference-tables.md`` from the declared
tables and ``sources.md`` from the attributed sources; tests keep both equal to what is declared.
"""

from __future__ import annotations

import json
from pathlib import Path

from comptroller.reference.pack_sources import NOT_SHIPPED, SOURCES
from comptroller.reference.shapes import Column, ReferenceTable
from comptroller.reference.tables import REFERENCE_TABLES
from comptroller.reference.views import pack_folder

_KINDS = {
    "code": "code, read in capitals",
    "codes": "codes, separated by ;",
    "text": "text",
    "date": "date",
    "integer": "whole number",
    "decimal": "number",
    "money": "pounds",
    "flag": "Y or N",
    "financial_year": "financial year",
    "month": "financial month, 1 to 13",
    "period": "month, day or year",
    "nhs_number": "NHS number",
}


def tables_page() -> str:
    """Return the page on the reference tables: every column with its kind, default and meaning."""
    manifest = json.loads((pack_folder() / "manifest.json").read_text(encoding="utf-8"))
    lines = [
        "# Reference tables",
        "",
        "This page is made from the declarations in `src/comptroller/reference` by "
        "`python -m comptroller.reference.reference_pages`. "
        "[How to load them](../how-to/load-reference-data.md) says what is accepted.",
        "",
        "A view has these columns, then `extra` (JSON text of columns that the file had beyond "
        "them), `source_file` (`starter pack` for what the product ships) and `loaded_at`. The "
        "key names a row: a later load of the same key wins.",
    ]
    for table in REFERENCE_TABLES.values():
        lines += _table(table, int(manifest["rows"].get(table.name, 0)))
    lines += _DERIVED.splitlines()
    return "\n".join(lines) + "\n"


_DERIVED = """
## Derived views

Intervals are closed on both sides, have no NULL dates, and never overlap for one code.

| view | columns | says |
| --- | --- | --- |
| `legal_payers` | org_code, from_date, to_date, legal_payer, basis, candidates | the \
statutory body behind a commissioner's code; NULL where a split leaves it open, with the \
bodies it may be, by `;` |
| `current_providers` | org_code, from_date, to_date, provider_code, basis, candidates | the \
provider behind a provider's or site's code |
| `practice_payers` | practice_code, from_date, to_date, commissioner_code, legal_payer | the \
body that pays for a practice's patients |

`basis`: `self` (the body itself), `succession` (it took over), `member` (the code is part of \
it), `predecessor` (the code is newer than the day asked about, and continues exactly one \
body), `split`. [Why](../why/successions-and-legal-payer.md)."""


def _table(table: ReferenceTable, pack_rows: int) -> list[str]:
    names = [table.name, *table.file_names]
    lines = [
        "",
        f"## {table.name}",
        "",
        f"{table.title}. Recognised in a file or sheet name by: "
        + ", ".join(f"`{name}`" for name in names)
        + ".",
        "",
        f"Key: {', '.join(table.key)}.",
    ]
    if pack_rows:
        hides = " and ".join(table.overlay)
        lines[-1] += (
            f" The starter pack has {pack_rows:,} rows; rows of the workspace hide all of the "
            f"pack's with the same {hides}."
        )
    if table.about_people:
        lines[-1] += (
            " A row needs patient_key or nhs_number. Rows are about patients: columns beyond these "
            "are not kept."
        )
    lines += ["", "| column | kind | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [_column(column) for column in table.columns]
    return lines


def _column(column: Column) -> str:
    name = f"**{column.name}**" if column.required else column.name
    kind = _KINDS[column.kind]
    if column.choices:
        kind = ", ".join(f"`{choice}`" for choice in column.choices)
    limits = [f"{word} {x}" for word, x in (("from", column.minimum), ("to", column.maximum)) if x]
    if limits:
        kind += f", {' '.join(limits)}"
    meaning = column.meaning
    if column.aliases:
        meaning += f". Also read as: {', '.join(column.aliases)}"
    return f"| {name} | {kind} | {column.default} | {meaning} |"


def sources_page() -> str:
    """Return the page on the sources of the starter pack, with licence, year and rows."""
    manifest = json.loads((pack_folder() / "manifest.json").read_text(encoding="utf-8"))
    lines = [
        "# Sources of the starter pack",
        "",
        "This page is made from `src/comptroller/reference/pack_sources.py` by "
        "`python -m comptroller.reference.reference_pages`. The pack itself is built by "
        "`python -m comptroller.reference.build_pack ../shared/data`, which refuses a source whose "
        "rows differ from those below.",
        "",
        "Contains public sector information licensed under the "
        "[Open Government Licence v3.0]"
        "(https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/). "
        "Copies marked MIT are used under the MIT licence of the repository named.",
        "",
        "## What is shipped",
        "",
        "| table | rows |",
        "| --- | ---: |",
    ]
    lines += [f"| {name} | {rows:,} |" for name, rows in manifest["rows"].items()]
    lines += [
        "",
        "## From where",
        "",
        "| file | what | publisher | year | rows | licence | copy taken from | used for |",
        "| --- | --- | --- | --- | ---: | --- | --- | --- |",
    ]
    lines += [
        f"| `{s.file}` | {s.title} | {s.publisher} | {s.year} | {s.rows:,} | {s.licence} | "
        f"{s.taken_from} | {', '.join(s.tables)} |"
        for s in SOURCES
    ]
    lines += ["", "## What is not, and why", "", NOT_SHIPPED.strip(), *_TRAPS.splitlines()]
    return "\n".join(lines) + "\n"


_TRAPS = """
## What the sources get wrong, and what we did

- ODS parents every commissioning hub of NHS England on the board of the town where it sits \
(Leeds: West Yorkshire). Hubs are parts of NHS England (X24) here.
- The list of April 2026 appends six new boards without members and still parents sub-ICB \
locations on abolished boards. Only the names are taken from it. Which location belongs to \
which board is taken from the practices, each of which names its board in the population list \
of 2026/27.
- That list still counts 109 practices of Surrey and of Frimley's Surrey part under the closed \
board QXU; the new board S9B9J is called Surrey and Sussex and has only Sussex's practices \
there. Here QXU is taken over by S9B9J on 1 April 2026.
- A split board (Frimley QNQ; Hertfordshire and West Essex QM7; Suffolk and North East Essex \
QJG) has several successors. Locations that moved whole have a step of their own; Frimley had \
one location (D4U1Y), so that only the practice tells.
- ODS gives a practice's present commissioner only: before the day on which that began, the \
pack does not say whose the practice was. Load your own `practices` for older years.
- The dated list of trust successions lacks the mergers of the last years. Four (RA3, RA4, RBA, \
RVY) come from the list of successors, dated by the closing day of ODS; four more (R1C, RAP, RRP, \
RY9) rest on public announcements and say so in their `extra`: confirm them in ODS."""


def write(folder: Path) -> None:
    """Write both pages into a folder."""
    (folder / "reference-tables.md").write_text(tables_page(), encoding="utf-8")
    (folder / "sources.md").write_text(sources_page(), encoding="utf-8")


if __name__ == "__main__":
    write(Path("docs/reference"))
