"""The one font that pages, PDFs and charts are set in, shipped with the package.

Open Sans 1.10, cut down to Latin and Greek; docs/reference/fonts.md says where it is from and
under which licence.
"""

from __future__ import annotations

import base64
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

FAMILY: Final = "Open Sans"
DIRECTORY: Final = Path(__file__).parent


@cache
def register_chart_fonts() -> None:
    """Let vl-convert measure words in our font; done once in a process."""
    import vl_convert

    vl_convert.register_font_directory(str(DIRECTORY))


@cache
def font_faces() -> str:
    """Return the CSS that carries the font inside a page, so that nothing is fetched."""
    faces = []
    for file, weight in (("OpenSans-Regular.woff2", 400), ("OpenSans-Bold.woff2", 700)):
        data = base64.b64encode((DIRECTORY / file).read_bytes()).decode("ascii")
        faces.append(
            f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};font-style:normal;'
            f'src:url("data:font/woff2;base64,{data}") format("woff2")}}'
        )
    return "\n".join(faces)


_NEAREST: Final = {"\u2010": "-", "\u2011": "-", "\u2043": "-", "\u200b": "", "\ufeff": ""}


@cache
def _covered() -> frozenset[int]:
    return frozenset(
        number
        for line in (DIRECTORY / "coverage.txt").read_text(encoding="ascii").split()
        for low, _, high in (line.partition("-"),)
        for number in range(int(low, 16), int(high or low, 16) + 1)
    )


def drawable(words: str) -> str:
    """Return the words with every letter that our font cannot draw replaced by a question mark.

    Accented letters outside the font lose their accent; PDF/UA refuses a letter without a shape.
    """
    if words.isascii():
        return words
    return "".join(_shape(letter) for letter in words)


def _shape(letter: str) -> str:
    covered = _covered()
    letter = _NEAREST.get(letter, letter)
    if not letter or letter in "\n\r\t" or ord(letter) in covered:
        return letter
    bare = "".join(part for part in unicodedata.normalize("NFKD", letter) if ord(part) in covered)
    return bare or "?"
