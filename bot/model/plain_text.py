"""Foreign text made plain: no invisible, text-reversing or unencodable characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Invisible letters and marks, with which a headline could hide or blank our text.
BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

APART: Final = "\u200c"  # zero-width non-joiner
# The joiner and the non-joiner are part of Persian, Hindi and composed emoji.
WRITTEN: Final = ("\u200d", APART)
VIRAMA: Final = 9  # combining class of the signs that join letters in the scripts of India
DRESS: Final = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"  # emoji style and skin tones
# Flags of regions, such as England.
FLAG: Final = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")

TURNS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def typed_text(text: str, most: int) -> str:
    """Text a person typed, with its line breaks, without control, bidi and unpaired surrogate characters."""
    return "".join(c for c in text[:most] if c in "\n\t" or _typed(c)).strip()


def _typed(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cs"} and char not in TURNS


def plain_text(text: str, most: int) -> str:
    """One line of at most `most` characters, without control, bidi, invisible and unpaired surrogate characters."""
    # Cut first: a huge text is not worth scanning to its end.
    return " ".join(visible(text[: 2 * most]).split())[:most].rstrip()


def visible(text: str) -> str:
    """The text without invisible characters, except joiners that words or emoji need; white space becomes spaces."""
    if text.isascii() and text.isprintable():
        return text
    flags = {number for flag in FLAG.finditer(text) for number in range(*flag.span())}
    return "".join(
        char if number in flags or (char in WRITTEN and _joins(text, number)) else _visible(char)
        for number, char in enumerate(text)
    )


def _joins(text: str, number: int) -> bool:
    """True if a joiner belongs to the word or emoji around it. Between other letters it only hides something."""
    before = text[max(number - 8, 0) : number].rstrip(DRESS)[-1:]
    after = text[number + 1 : number + 2]
    if text[number - 1 : number] in WRITTEN or not before:
        return False
    if VIRAMA in (unicodedata.combining(text[number - 1]), unicodedata.combining(after or " ")):
        return True  # Devanagari and its relatives
    arabic = [unicodedata.bidirectional(c) == "AL" for c in (before, after) if c]
    if text[number] == APART:
        return len(arabic) == 2 and all(arabic)
    return any(arabic) or (_pictures(before) and _pictures(after))


def _pictures(char: str) -> bool:
    return bool(char) and (unicodedata.category(char) == "So" or char in "\u2194\u2195")


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    return "" if unicodedata.category(char)[0] == "C" or char in BLANK else char
