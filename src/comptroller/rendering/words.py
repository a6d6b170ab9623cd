"""Words with a little markup, parsed once for every renderer: paragraphs, lists, bold, code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_SPAN = re.compile(r"\*\*(?P<bold>[^*]+)\*\*|`(?P<code>[^`]+)`")


@dataclass(frozen=True)
class Span:
    """A run of words in one style."""

    text: str
    style: Literal["plain", "bold", "code"] = "plain"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, or the items of a list: each a run of spans."""

    items: tuple[tuple[Span, ...], ...]
    is_list: bool = False


def spans(text: str) -> tuple[Span, ...]:
    """Return one line's runs of plain, bold and code words."""
    found: list[Span] = []
    at = 0
    for match in _SPAN.finditer(text):
        if match.start() > at:
            found.append(Span(text[at : match.start()]))
        style: Literal["bold", "code"] = "bold" if match["bold"] is not None else "code"
        found.append(Span(match[style], style))
        at = match.end()
    if at < len(text):
        found.append(Span(text[at:]))
    return tuple(found)


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Return the paragraphs and lists of a text; a blank line parts them."""
    result: list[Paragraph] = []
    for chunk in re.split(r"\n\s*\n", text.strip()):
        words: list[str] = []
        items: list[str] = []
        for line in (line.strip() for line in chunk.splitlines()):
            if line.startswith("- "):
                items.append(line[2:])
            elif items:
                items[-1] += " " + line
            elif line:
                words.append(line)
        if words:
            result.append(Paragraph((spans(" ".join(words)),)))
        if items:
            result.append(Paragraph(tuple(spans(item) for item in items), is_list=True))
    return tuple(result)


def plain(text: str) -> str:
    """Return the words without markup, lists with a bullet, for a cell of a workbook."""
    lines = [
        ("• " if paragraph.is_list else "") + "".join(span.text for span in item)
        for paragraph in paragraphs(text)
        for item in paragraph.items
    ]
    return "\n".join(lines)
