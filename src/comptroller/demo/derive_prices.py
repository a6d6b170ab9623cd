"""How ``data/demonstration_prices.csv`` was made: run by a developer, never by the product.

Demonstration prices are derived numbers: the published national prices of 2018/19 rounded to ten
pounds, with trim points, per diem prices and short-stay percentages of our own making. They show
how the product works and price nothing real.

    python -m comptroller.demo.derive_prices ../shared/data/tariff/ntps_annexA....csv OUT.csv
"""

from __future__ import annotations

import csv
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

# Treatment function, HRG sub-chapters it mostly meets, how many HRGs of each to take.
SPECIALTIES: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("100", ("FZ", "GA"), 5),
    ("101", ("LB",), 8),
    ("104", ("FZ",), 6),
    ("107", ("YQ",), 5),
    ("110", ("HN", "HT", "HE"), 6),
    ("120", ("CA", "CB"), 5),
    ("130", ("BZ",), 8),
    ("140", ("CD",), 4),
    ("150", ("AA", "HC"), 4),
    ("160", ("JC",), 5),
    ("300", ("DZ", "EB", "WH", "LA", "WJ"), 4),
    ("301", ("FZ", "GB", "GC"), 4),
    ("302", ("KA", "KB"), 4),
    ("303", ("SA",), 7),
    ("320", ("EB", "EY"), 5),
    ("330", ("JD", "JC"), 3),
    ("340", ("DZ",), 8),
    ("361", ("LA",), 6),
    ("400", ("AA",), 6),
    ("410", ("HD",), 5),
    ("420", ("PD", "PF", "PW", "PX"), 4),
    ("430", ("WH", "DZ", "EB"), 4),
    ("502", ("MA", "MB"), 5),
)
YEAR = "2018/19"


def _pounds(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal(0)


def _round_to(value: Decimal, step: int) -> int:
    return int((value / step).quantize(Decimal(1), ROUND_HALF_UP)) * step


def derive(source: Path, target: Path) -> int:
    """Write the demonstration prices from the published workbook's extract; return the rows."""
    with source.open(encoding="utf-8-sig", newline="") as handle:
        published = [row for row in csv.DictReader(handle) if row["year"] == YEAR]
    out: list[dict[str, object]] = []
    for treatment_function, subchapters, take in SPECIALTIES:
        for subchapter in subchapters:
            usable = [
                row
                for row in published
                if row["hrg"].startswith(subchapter)
                and _pounds(row["non_elective"]) > 300
                and max(_pounds(row["combined_daycase_elective"]), _pounds(row["day_case"])) > 100
            ]
            step = max(1, len(usable) // take)
            for row in usable[::step][:take]:
                out.append(_demonstration_row(row, treatment_function))
    out.sort(key=lambda row: (str(row["treatment_function"]), str(row["price_code"])))
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(out[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(out)
    return len(out)


def _demonstration_row(row: dict[str, str], treatment_function: str) -> dict[str, object]:
    elective = max(_pounds(row["combined_daycase_elective"]), _pounds(row["day_case"]))
    emergency = _pounds(row["non_elective"])
    percent = 70 if emergency < 1500 else 45 if emergency < 3500 else 25
    return {
        "treatment_function": treatment_function,
        "price_code": row["hrg"],
        "elective": _round_to(elective, 10),
        "non_elective": _round_to(emergency, 10),
        "outpatient_procedure": _round_to(_pounds(row["outpatient_procedure"]), 5),
        "trim_point_days": min(14, max(5, int(emergency) // 450)),
        "per_diem": 210 + 10 * (sum(map(ord, row["hrg"])) % 12),
        "short_stay_percent": percent,
    }


if __name__ == "__main__":
    sys.stdout.write(f"{derive(Path(sys.argv[1]), Path(sys.argv[2]))} rows\n")
