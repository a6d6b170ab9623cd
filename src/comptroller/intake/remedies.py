"""What a person may do about a held file: the very commands, with the columns in question."""

from __future__ import annotations

from comptroller.intake.incoming import IncomingFile, IncomingPart, missing
from comptroller.intake.layouts import CONSTANTS
from comptroller.intake.mapping import SURE
from comptroller.intake.report import HELD
from comptroller.intake.source import UNTOLD_FIGURES
from comptroller.reference import REFERENCE_TABLES
from comptroller.reference.files import recognise
from comptroller.reference.shapes import ReferenceTable, normalise

_ELEMENTS = {
    "provider": ("provider_code", "CODE"),
    "commissioner": ("commissioner_code", "CODE"),
    "month": ("month", "5"),
    "financial year": ("financial_year", "2026/27"),
    "point of delivery": ("pod_code", "EL"),
    "cost": ("activity_cost", ""),
}
"""What `missing` calls it, to the element and an example of a value that holds for all rows."""


def may_be_promoted(file: IncomingFile) -> bool:
    """Tell whether a person's decision could make lines of a held file, before it is settled."""
    return not any(part.report.status == HELD or part.unit < 0 for part in file.parts) and any(
        part.report.rows_loaded for part in file.parts
    )


def remedy_of(file: IncomingFile, *, promotable: bool) -> str:
    """Return what may be done about a held file, in a sentence with the commands.

    Args:
        file: The file.
        promotable: Whether there are lines that a person could let in as they are.
    """
    name = file.report.submission_id
    ways = ["Have it sent again"]
    table = _reference_table(file)
    if table:
        ways = [
            f"Load it as the reference table {table}, which it looks like "
            "(comptroller reference load FILE)",
            "have it sent again",
        ]
    said = next((options for part in file.parts if (options := _options(file, part))), "")
    if said:
        ways.append(
            f"say what its columns are (comptroller layouts confirm {name} {said} --reason ...; "
            f"the columns: comptroller submissions show {name})"
        )
    if promotable:
        ways.append(f"promote it as it is (comptroller submissions promote {name} --reason ...)")
    elif not said and file.parts:
        ways.append(f"see why each row waits (comptroller quarantine show {name})")
    return f"nothing of it counts yet. {', or '.join(ways)}"


def _reference_table(file: IncomingFile) -> str:
    """Return the reference table that an unknown file's name or headings are of, or nothing."""
    unknown = [part for part in file.parts if not part.recognised.data_set]
    if len(unknown) < len(file.parts) or not unknown:
        return ""
    named = recognise(file.path.stem)
    if named:
        return named.name
    for part in unknown:
        headings = {normalise(c.header) for c in part.recognised.mapping.columns}
        fitting = [t for t in REFERENCE_TABLES.values() if _has_all(headings, t)]
        if fitting:
            return max(fitting, key=lambda t: _shared(headings, t)).name
    return ""


def _shared(headings: set[str], table: ReferenceTable) -> int:
    """Count the columns of a table that are among headings."""
    return sum(normalise(column.name) in headings for column in table.columns)


def _has_all(headings: set[str], table: ReferenceTable) -> bool:
    """Tell whether every column that a table requires is there; one alone proves nothing."""
    required = {normalise(column.name) for column in table.columns if column.required}
    return len(required) > 1 and required <= headings


def _options(file: IncomingFile, part: IncomingPart) -> str:
    """Return the options of ``layouts confirm`` that say what a table lacks or is not sure of."""
    recognised = part.recognised
    columns = recognised.mapping.columns
    if not recognised.data_set:
        return "--data-set ACM (totals) or PLCM (patients) --set 'HEADER=ELEMENT'"
    told = []
    for word in missing(recognised):
        element, example = _ELEMENTS[word]
        likely = [
            c.header
            for c in columns
            if not c.element and c.header and element in (c.runner_up or "").split()
        ]
        if element == "activity_cost":
            likely += [c.header for c in columns if c.header == UNTOLD_FIGURES]
        header = likely[0] if likely else "HEADER"
        constant = f" or --constant {element}={example}" if element in CONSTANTS else ""
        told.append(f"--set '{header}={element}'{constant}")
    told += [
        f"--set '{c.header}={c.element}'"
        for c in columns
        if c.element in dict(_ELEMENTS.values()) and c.confidence < SURE
    ]
    # What no column and no name gives: the message names the element, for want of a heading.
    told += [
        f"--constant {m.column}={example}"
        for m in part.report.messages
        for element, example in _ELEMENTS.values()
        if m.column == element in CONSTANTS and not any(f" {element}=" in one for one in told)
    ]
    if told and part.table.sheet and len(file.parts) > 1:
        told.append(f"--sheet '{part.table.sheet}'")
    return " ".join(dict.fromkeys(told))
