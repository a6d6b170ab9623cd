"""Where each key of a TOML file stands, so that a fault names its line and column.

``tomllib`` reads values but forgets places. This scanner reads no values: it follows strings,
comments and brackets just far enough to know where each ``key =`` of each table begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_KEY = re.compile(
    r'[ \t]*((?:[A-Za-z0-9_-]+|"[^"\n]*"|\'[^\'\n]*\')'
    r"(?:[ \t]*\.[ \t]*[A-Za-z0-9_-]+)*)[ \t]*=[ \t]*"
)
_HEADER = re.compile(r"[ \t]*(\[\[?)[ \t]*([^\]\n]+?)[ \t]*\]\]?")


@dataclass(frozen=True)
class Spot:
    """Line and column from 1, and how long the value's opening quotes are."""

    line: int
    column: int
    quote: int = 0


class Positions:
    """Places of tables and keys of one TOML text.

    Tables are named by their dotted header with the index of an array of tables behind it:
    ``("DUP-001.examples", 0)``; a plain table has index 0.
    """

    def __init__(self, text: str) -> None:
        self.tables: dict[tuple[str, int], Spot] = {}
        self.keys: dict[tuple[str, int, str], Spot] = {}
        self._scan(text)

    def key(self, table: str, index: int, key: str) -> Spot:
        """Return the place of a value, or of its table, or the file's beginning."""
        found = self.keys.get((table, index, key))
        return found or self.table(table, index)

    def table(self, table: str, index: int = 0) -> Spot:
        """Return the place of a table's header, or the file's beginning."""
        found = self.tables.get((table, index))
        if found is None and "." in table:
            # Keys that a named type brings are not in the file: the check itself is the place.
            return self.table(table.rsplit(".", 1)[0])
        return found or Spot(1, 1)

    def _scan(self, text: str) -> None:
        table, index = "", 0
        position, line = 0, 1
        line_start = 0
        while position < len(text):
            if header := _HEADER.match(text, position):
                table, index = self._header(header, line)
                position = header.end()
            elif key := _KEY.match(text, position):
                position = key.end()
                quote = _quote_length(text, position)
                name = key.group(1).strip().strip("\"'")
                self.keys[table, index, name] = Spot(line, position - line_start + 1, quote)
            end = _end_of_value(text, position)
            newlines = text.count("\n", position, end)
            if newlines:
                line += newlines
            position = end
            if position < len(text):  # at the newline that ends the statement
                position += 1
                line += 1
            line_start = position

    def _header(self, header: re.Match[str], line: int) -> tuple[str, int]:
        name = ".".join(part.strip().strip("\"'") for part in header.group(2).split("."))
        index = 0
        if header.group(1) == "[[":
            while (name, index) in self.tables:
                index += 1
        self.tables[name, index] = Spot(line, 1)
        return name, index


def _quote_length(text: str, position: int) -> int:
    """Return 3 or 1 when a string begins here, with the newline a long string may drop, else 0."""
    for quote in ('"""', "'''"):
        if text.startswith(quote, position):
            return 3
    return 1 if text[position : position + 1] in ('"', "'") else 0


def _end_of_value(text: str, position: int) -> int:
    """Return the position of the newline that ends the statement, past strings and brackets."""
    depth = 0
    while position < len(text):
        character = text[position]
        if character == "#":
            found = text.find("\n", position)
            position = len(text) if found < 0 else found
            continue
        if character in "\"'":
            position = _end_of_string(text, position)
            continue
        if character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character == "\n" and depth <= 0:
            return position
        position += 1
    return position


def _end_of_string(text: str, position: int) -> int:
    quote = text[position]
    if text.startswith(quote * 3, position):
        close = text.find(quote * 3, position + 3)
        return len(text) if close < 0 else close + 3
    position += 1
    while position < len(text) and text[position] not in (quote, "\n"):
        position += 2 if text[position] == "\\" and quote == '"' else 1
    return min(position + 1, len(text)) if text[position : position + 1] == quote else position
