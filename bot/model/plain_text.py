"""What others write, as plain text: nothing that shows nothing, turns the line round or no program can encode."""

from __future__ import annotations

import unicodedata
from typing import Final

# Letters and marks that show nothing: whoever writes a headline could hide or blank our words with them.
BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

TURNS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def typed_text(text: str, most: int) -> str:
    """What somebody typed, in its lines: without control, bidi and unpaired surrogate characters."""
    return "".join(c for c in text[:most] if c in "\n\t" or _typed(c)).strip()


def _typed(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cs"} and char not in TURNS


def plain_text(text: str, most: int) -> str:
    """One line of at most `most` characters, without control, bidi, invisible and unpaired surrogate characters."""
    # Far longer than ever used is cut first: the rest of a huge text is not worth looking at.
    return " ".join("".join(visible(c) for c in text[: 2 * most]).split())[:most].rstrip()


def visible(char: str) -> str:
    """The character, a space for any white space, or nothing."""
    if char.isspace():
        return " "
    return "" if unicodedata.category(char)[0] == "C" or char in BLANK else char
