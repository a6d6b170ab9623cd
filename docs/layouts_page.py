"""Write ``docs/reference/demonstration-layouts.md`` from the generator; ``make docs`` runs it."""

from __future__ import annotations

from pathlib import Path

from comptroller.demo.presets import preset
from comptroller.demo.sending import Sending, sendings

PAGE = Path(__file__).parent / "reference" / "demonstration-layouts.md"
PRESET = "2026/27"


def page() -> str:
    """Return the page: each layout of the demonstration with its headings and who sends it."""
    listed = list(sendings(preset(PRESET)))
    changed = sum(sending.is_drift for sending in listed)
    parts = [
        "# Layouts of the demonstration",
        "",
        f"The files of `comptroller demo` (preset {PRESET}) come in {len(listed)} layouts of "
        f"contract-monitoring data; {changed} of them are one that a provider changed to in the "
        "middle of the year. SUS sends three more. A test loads the files and compares the columns "
        "that were found with those that the generator knows. Written by `make docs`.",
        "",
        "| data set | layout | sent by | columns | first headings |",
        "| --- | --- | --- | --- | --- |",
        *(_row(sending) for sending in listed),
    ]
    return "\n".join(parts) + "\n"


def _row(sending: Sending) -> str:
    senders = ", ".join(
        code if since == 1 else f"{code} from month {since}" for code, since in sending.senders
    )
    headings = [heading for heading, _ in sending.layout.headings]
    first = ", ".join(headings[:4])
    return f"| {sending.data_set} | {sending.layout.name} | {senders} | {len(headings)} | {first} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
