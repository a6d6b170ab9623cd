"""The quick way for national layouts: headings that we know in the first row, and data below."""

from __future__ import annotations

from functools import lru_cache

from comptroller.intake.in_turn import is_measure_column
from comptroller.intake.reading import RawSheet
from comptroller.intake.source import SourceTable
from comptroller.intake.table_totals import WORDS_OF_ALL
from comptroller.vocabulary import DATA_SETS, LINE_DATA_SETS
from comptroller.warehouse import quote_literals


def plain_table(sheet: RawSheet) -> SourceTable | None:
    """Return the table of a sheet that is headings we know in its first row and data below.

    The quick way for national layouts: the headings name elements exactly, and every row below
    has a provider, which a total, a note or a blank row would not have. Anything else is for the
    table finder, and None is returned.
    """
    if not sheet.width or sheet.row_count < 2 or any(top < end for top, _, end, _ in sheet.merged):
        return None
    top = sheet.sample()
    headers = tuple(cell.strip() for cell in top[0])
    elements = _national(headers)
    if elements.count("provider_code") != 1:
        return None
    provider = f"c{elements.index('provider_code')}"
    labels = [
        f"c{index}"
        for index, name in enumerate(elements)
        if name in ("provider_code", "commissioner_code", "month", "financial_year", "pod_code")
    ]
    words = " OR ".join(f"{cell} ILIKE '%total%'" for cell in labels)
    # A label between the rows may stand in the provider's column, with nothing beside it.
    others = [f"{cell} IS NULL" for cell in labels if cell != provider]
    if others:
        words += f" OR ({' AND '.join(others)})"
    kinds = [
        f"{cell} ILIKE '%total' OR {cell} IN ({quote_literals(WORDS_OF_ALL)})"
        for index, name in enumerate(elements)
        if name in ("tariff_code", "activity_treatment_function_code", "local_pod_code")
        for cell in [f"c{index}"]
    ]
    words += "".join(f" OR {one}" for one in kinds)
    if "activity_start_date" not in elements and "activity_end_date" not in elements:
        # Of sums a row without the kind of activity may be a subtotal.
        words += "".join(
            f" OR c{index} IS NULL"
            for index, name in enumerate(elements)
            if name in ("pod_code", "tariff_code", "activity_treatment_function_code")
        )
    unknown = [index for index, name in enumerate(elements) if not name]
    if any(is_measure_column([row[index] for row in top[1:]]) for index in unknown):
        return None
    figures = [
        f"c{index} BETWEEN 'A' AND 'zz'"
        for index, name in enumerate(elements)
        if name in ("activity_cost", "activity_count", "activity_unit_price")
    ]
    if len(figures) > 1:
        # Words over every figure: headings of another table, further down.
        words += f" OR ({' AND '.join(figures)})"
    found = sheet.con.execute(
        f"SELECT 1 FROM {sheet.relation} WHERE row > {sheet.first_row} "
        f"AND (coalesce(trim({provider}), '') = '' OR {words}) LIMIT 1"
    ).fetchone()
    if found is not None:
        return None
    return SourceTable(
        part=sheet.part,
        member=sheet.member,
        sheet=sheet.sheet,
        rows=f"(SELECT * FROM {sheet.relation} WHERE row > {sheet.first_row})",
        headers=headers,
        titles=(),
        rows_read=sheet.row_count,
        data_rows=sheet.row_count - 1,
        hidden=sheet.hidden,
        top=top[1:],
    )


@lru_cache(maxsize=512)
def _national(headers: tuple[str, ...]) -> list[str]:
    """Return the element of each heading ('' for the few unknown ones), or nothing."""
    for identifier in LINE_DATA_SETS:
        chosen = DATA_SETS[identifier]
        found = [chosen.match_header(header) for header in headers]
        names = [element.name if element else "" for element in found]
        unknown = names.count("")
        if len(names) >= 6 and unknown * 10 <= len(names) and "provider_code" in names:
            return names
    return []
