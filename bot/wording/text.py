"""Strings: foreign text made harmless, sentences ended once, titles cut to fit a lock screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from bot.model import visible
from bot.wording.catalog import Catalog, Section

TITLE: Final = 80  # characters: what a lock screen shows whole
NAME: Final = "\0"  # stands for the service's name in a title until it is known how much room there is
ENOUGH: Final = 20  # characters of a name by which it is still known
ITEMS: Final = 5  # names in a list before the rest is counted
JOINER: Final = "\u2060"  # of no width: the eye sees no difference, and no program an address
# Where an address is known by: "http://", the dots of a name and of four numbers.
LINKED: Final = re.compile(r":(?=//)|(?<=\w)[.。．｡](?=[^\W\d_]{2}|\d+\.\d)")


def clean(text: str, most: int = 200) -> str:
    """Foreign text in one line of at most `most` characters, without control, bidi or invisible characters."""
    # Far longer than ever shown is cut first: the rest of a huge body is not worth looking at.
    shown = visible(text[: 8 * most])
    return shorten(re.sub(r"[.…]{2,}", "…", " ".join(shown.split())), most)


def foreign(text: str, most: int = 200) -> str:
    """`clean`, of what others say."""
    return unlinked(clean(text, most))


def unlinked(text: str) -> str:
    """The same to the eye; chats and mail programs, which make links of addresses, find none in it."""
    return LINKED.sub(lambda found: f"{found[0]}{JOINER}", text)


def shorten(text: str, most: int) -> str:
    """At most `most` characters; an ellipsis where something was cut."""
    return text if len(text) <= most else text[: max(most - 1, 0)].rstrip(" .,;:…\u200c\u200d\ufe0f") + "…"[:most]


def stop(sentence: str) -> str:
    """With a full stop, unless it has an end: a time in English brings one ("2:01 p.m.")."""
    return sentence if sentence.endswith((".", "!", "?", "…", ":")) else f"{sentence}."


def sentences(*parts: str) -> str:
    return " ".join(stop(p) for p in parts if p)


def capital(text: str) -> str:
    """At the start of a sentence. A name such as "iOS" keeps its own letters."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]


def quoted(text: str, say: Catalog) -> str:
    inner = text.rstrip(". ").replace('"', "'").replace("«", "'").replace("»", "'")
    return say.lists.quoted.format(text=inner)


def listed(names: Sequence[str], say: Catalog, most: int = ITEMS) -> str:
    """ "web, app and TweetDeck"; beyond `most` names "web, app and 4 more". Empty for none."""
    if len(names) > most:
        return say.lists.more.format(head=say.lists.comma.join(names[:most]), count=len(names) - most)
    return _joined(names, say, say.lists.and_last, say.and_before)


def choice(names: Sequence[str], say: Catalog) -> str:
    """ "web, app or TweetDeck". Empty for none."""
    return _joined(names, say, say.lists.or_last, say.or_before)


def _joined(names: Sequence[str], say: Catalog, form: str, before: Section) -> str:
    """With `form`, or another one where the last name begins with a sound before which the language joins otherwise."""
    *head, last = names or ("",)
    if not head:
        return last
    fitting = next((before[sound] for sound in before if re.match(sound, last)), form)
    return fitting.format(head=say.lists.comma.join(head), last=last)


def reason(why: str, say: Catalog, most: int = 80) -> str:
    """Why a check failed, in the reader's language as far as its catalogue knows the words."""
    why = clean(why, most).rstrip(".")
    for english, said in _longest_first(say.reasons):
        why = why.replace(english, said)
    return why


@cache
def _longest_first(reasons: Section) -> tuple[tuple[str, str], ...]:
    return tuple((english, reasons[english]) for english in sorted(reasons, key=len, reverse=True))


def fit(name: str, *forms: str) -> str:
    """The first form, with `name` for NAME, that leaves room for it in a title; else the last, with the name cut."""
    for form in forms:
        room = TITLE - len(form.replace(NAME, ""))
        if room >= (min(len(name), ENOUGH) if NAME in form else 0):
            break
    return shorten(form.replace(NAME, shorten(name, max(room, 1))), TITLE)
