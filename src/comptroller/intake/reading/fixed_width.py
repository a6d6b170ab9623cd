"""Text whose columns are told by their place in the line: reports of older systems."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

FEWEST_LINES, FEWEST_COLUMNS = 8, 3
"""Fewer lines or columns than these prove nothing."""

_OUTLIERS = 0.05
_MOST_LINES = 2000
_HEADINGS_WITHIN = 30
_WORDS = 0.7
_OTHER_LINES = 5
_END = 1 << 30
_MARK = "\ufeff"
_RULE = " -=_+|"
_RUN = re.compile("[-=_]{2,}")

Spans = tuple[tuple[int, int], ...]


def find_spans(head: str) -> Spans | None:
    """Return where each column begins and ends in the lines of a text, or None.

    A gap between two columns is blank in the headings and in every line below but a few; the
    headings are the line, mostly of words, that divides the most columns so. Titles above them
    need not keep to the columns. Columns that touch cannot be told apart.

    Args:
        head: The beginning of the text; its last line may be cut.
    """
    lines = [line.rstrip("\r") for line in head.split("\n")[:_MOST_LINES] if line.strip()]
    if "\t" in head or len(lines) < FEWEST_LINES:
        return None
    filled = [0] * max(len(line) for line in lines)
    for line in lines:
        _count(line, filled, 1)
    best: Spans = ()
    for place, line in enumerate(lines[: min(_HEADINGS_WITHIN, len(lines) - FEWEST_LINES + 2)]):
        _count(line, filled, -1)
        words = sum(1 for word in line.split() if not any(letter.isdigit() for letter in word))
        if words < (len(best) + 1) * _WORDS:
            continue
        below = lines[place + 1 :]
        spans = _between_gaps(line, filled, max(1, int(len(below) * _OUTLIERS)))
        spans = _with_values(line, below, _without_words(line, below, spans))
        if len(spans) > len(best) and _is_headed(line, below, spans):
            best = spans
    return best if len(best) >= FEWEST_COLUMNS else None


def ruled_spans(head: str) -> Spans | None:
    """Return the columns that runs of dashes under the headings mark, None where none do.

    They say it by themselves, however few lines follow.

    Args:
        head: The beginning of the text; its last line may be cut.
    """
    lines = [line.rstrip("\r") for line in head.split("\n")[:_MOST_LINES] if line.strip()]
    for place, line in enumerate(lines[1 : _HEADINGS_WITHIN + 1], start=1):
        runs = [match.start() for match in _RUN.finditer(line)]
        if len(runs) < FEWEST_COLUMNS or line.strip(_RULE):
            continue
        spans = tuple(zip([0, *runs[1:]], [*runs[1:], _END], strict=True))
        heading, below = lines[place - 1], lines[place + 1 :]
        names = [heading[slice(*span)].strip() for span in spans]
        if below and all(names) and all(keeps_to(one, spans) for one in (heading, *below)):
            return spans
    return None


def _count(line: str, filled: list[int], step: int) -> None:
    for place, letter in enumerate(line):
        if letter != " ":
            filled[place] += step


def _between_gaps(heading: str, filled: Sequence[int], most: int) -> Spans:
    """Return the columns between the places that neither the heading nor many lines fill.

    Of a gap that a long value reaches into, the emptiest places divide its two columns.
    """
    begins: list[int] = []
    gap: list[int] = []
    for place, count in enumerate(filled):
        if count <= most and heading[place : place + 1] in ("", " "):
            gap.append(place)
            continue
        if not begins:
            begins.append(0)
        elif gap:
            least = min(filled[at] for at in gap)
            begins.append(max(at for at in gap if filled[at] == least) + 1)
        gap = []
    return tuple(zip(begins, [*begins[1:], _END], strict=True)) if begins else ()


def _without_words(heading: str, below: Sequence[str], spans: Spans) -> Spans:
    """Give words of a description back to it, where only few rows have one.

    A column without a heading is none where a word stands within a blank of it; one with a heading
    is none where half of the rows that hold anything there run across its beginning.
    """
    kept: list[int] = []
    for begin, end in spans:
        if kept:
            after = [line for line in below if line[begin : begin + 1].strip()]
            close = sum(1 for line in after if line[begin - 2 : begin].strip())
            across = sum(1 for line in after if line[begin - 1].strip())
            holding = sum(1 for line in below if line[kept[-1] : end].strip())
            if (across and across * 2 >= holding) or (close and not heading[begin:end].strip()):
                continue
        kept.append(begin)
    return tuple(zip(kept, [*kept[1:], _END], strict=True))


def _with_values(heading: str, below: Sequence[str], spans: Spans) -> Spans:
    """Give the second word of a heading, with nothing below it, back to the word it belongs to."""
    kept: list[int] = []
    waiting: int | None = None
    for place, (start, end) in enumerate(spans):
        begin, waiting = start if waiting is None else waiting, None
        has_values = sum(1 for line in below if line[begin:end].strip()) > _OTHER_LINES
        before = len(heading[:begin]) - len(heading[:begin].rstrip())
        after = len(heading[begin:end]) - len(heading[begin:end].rstrip())
        if has_values or place == 0:
            kept.append(begin)
        elif after < before and end != _END:
            # The first word of the next heading: that column begins here.
            waiting = begin
    return tuple(zip(kept, [*kept[1:], _END], strict=True))


def _is_headed(heading: str, below: Sequence[str], spans: Spans) -> bool:
    """Tell whether a line names the columns and the lines below keep to them."""
    names = [heading[slice(*span)].strip() for span in spans]
    words = [name for name in names if name and not any(letter.isdigit() for letter in name)]
    if len(words) < len(spans) * _WORDS:
        return False
    fits = [line for line in below if keeps_to(line, spans)]
    cells = sum(1 for line in fits for span in spans if line[slice(*span)].strip())
    return (
        len(fits) >= len(below) * (1 - _OUTLIERS) - _OTHER_LINES
        and len(fits) > len(below) / 2
        and cells >= len(fits) * FEWEST_COLUMNS
    )


def keeps_to(line: str, spans: Spans) -> bool:
    """Tell whether a line has a blank, or nothing, before each column but the first."""
    return all(line[begin - 1 : begin] in ("", " ") for begin, _ in spans[1:])


def rewrite(source: Path, target: Path, spans: Spans) -> int:
    """Copy a UTF-8 text as CSV, one record per line; return how many lines left their columns.

    Such a line stands whole in its first cell, where a person can read it.
    """
    astray = 0

    def records() -> Iterator[list[str]]:
        nonlocal astray
        with source.open("r", encoding="utf-8", errors="replace", newline="") as stream:
            for number, text in enumerate(stream):
                line = text.rstrip("\r\n")
                if number == 0:
                    line = line.removeprefix(_MARK)
                if not line.strip(_RULE):
                    # A line drawn under the headings or above a total holds nothing.
                    yield ["" for _ in spans]
                elif keeps_to(line, spans):
                    yield [line[slice(*span)].strip() for span in spans]
                else:
                    astray += 1
                    yield [line.strip(), *("" for _ in spans[1:])]

    with target.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(records())
    return astray
