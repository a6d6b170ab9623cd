"""How old the patient of a line can be: fewest and most completed years, from the birth month."""

from __future__ import annotations

# Admissions are judged by the age at discharge, other care by the age on the day.
_AGE_DATE = """CASE WHEN b.pod_role IN ('spell', 'regular')
    THEN coalesce(b.activity_end_date, b.activity_start_date) ELSE b.activity_start_date END"""


def _years(born: str, on: str) -> str:
    return (
        f"CAST(year({on}) - year({born}) - CASE WHEN (month({on}), day({on})) < "
        f"(month({born}), day({born})) THEN 1 ELSE 0 END AS INTEGER)"
    )


LEAST_AGE = _years("last_day(b.person_birth_month)", f"({_AGE_DATE})")
"""SQL over ``b`` (a row of ``facts_base``) for the fewest years the patient can be."""
GREATEST_AGE = _years("b.person_birth_month", f"({_AGE_DATE})")
"""SQL over ``b`` for the most years the patient can be."""
