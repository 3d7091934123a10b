"""Strings: sanitised foreign text, sentence endings, lists, and titles that fit a lock screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from bot.model import Service, Text, visible
from bot.wording.catalog import Catalog, Section, fold, input_words

TITLE: Final = 80  # characters shown on a lock screen
STAND_IN: Final = "\ufffc"  # "object replacement character": takes the place of a name that is put in later
NAME: Final = "\0"  # placeholder for the service's name in a title, until the space left for it is known
ENOUGH: Final = 20  # characters that keep a name recognisable
ITEMS: Final = 5  # names in a list; the rest is counted
NAMED: Final = 12  # names in a line of their own
JOINER: Final = "\u2060"  # word joiner, invisible: breaks up addresses so that no program links them
LETTER: Final = re.compile(r"[^\W\d_]\d*")
DOTS: Final = re.compile(r"[.…]{2,}")
# Characters that make a link: "http://", and the dots of host names and IPv4 addresses.
LINKED: Final = re.compile(r":(?=//)|(?<=\w)[.。．｡](?=[^\W\d_]{2}|\d+\.\d)")


def clean(text: str, most: int = 200) -> str:
    """Foreign text in one line of at most `most` characters, without control, bidi or invisible characters."""
    # Cut first: a huge body is not worth scanning to its end.
    shown = visible(text[: 8 * most])
    line = " ".join(shown.split())
    return shorten(DOTS.sub("…", line) if "." in line or "…" in line else line, most)


def foreign(text: str, most: int = 200) -> str:
    """`clean`, and without links: for text written by others."""
    return unlinked(clean(text, most))


def unlinked(text: str) -> str:
    """The text with invisible joiners, so that chats and mail programs do not turn addresses into links."""
    if text.isascii() and "." not in text and ":" not in text:
        return text
    return LINKED.sub(lambda found: f"{found[0]}{JOINER}", text)


def shorten(text: str, most: int) -> str:
    """Cut to `most` characters, with an ellipsis if anything was cut."""
    return text if len(text) <= most else text[: max(most - 1, 0)].rstrip(" .,;:…\u200c\u200d\ufe0f") + "…"[:most]


def stop(sentence: str) -> str:
    """Add a full stop unless the sentence has an end: English times bring their own ("2:01 p.m.")."""
    return sentence if sentence.endswith((".", "!", "?", "…", ":")) else f"{sentence}."


def sentences(*parts: str) -> str:
    return " ".join(stop(p) for p in parts if p)


def titled(title: str, lines: Iterable[str] = ()) -> Text:
    """A text whose title, if cut for a lock screen, is repeated in full below. Empty lines are left out."""
    whole = stop(title)
    cut = shorten(whole, TITLE)
    return Text(cut, (*((whole,) if cut != whole else ()), *(line for line in lines if line)))


def capital(text: str) -> str:
    """Capitalise the first letter, except in a name such as "iOS"."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]


def begins(name: str) -> bool:
    """True if a route's name may begin a sentence: it has a capital, or can get one, as a plain word ("web") or a letter
    with a number ("r2") can; not "api" or "smtp", which would look wrong.
    """
    if not name[:1].islower() or name[1:2].isupper():
        return True
    return LETTER.fullmatch(name) is not None or fold(name.split(maxsplit=1)[0]) in input_words("routes")


def opening(names: Sequence[str], text: str) -> str:
    """The list `text` of these names at a beginning: with a capital only if its first name may have one."""
    return capital(text) if names and begins(names[0]) else text


def quoted(text: str, say: Catalog) -> str:
    inner = text.rstrip(". ").replace('"', "'").replace("«", "'").replace("»", "'")
    return say.lists.quoted.format(text=inner)


def listed(names: Sequence[str], say: Catalog, most: int = ITEMS) -> str:
    """A list such as "web, app and TweetDeck"; beyond `most` names "web, app and 4 more". Empty for none."""
    if len(names) > most:
        return say.lists.more.format(head=say.lists.comma.join(names[:most]), count=len(names) - most)
    return _joined(names, say, say.lists.and_last, say.and_before)


def services(names: Sequence[str], say: Catalog) -> str:
    """The names of services in a line of their own."""
    return listed([foreign(name, 60) for name in names], say, NAMED)


def choice(names: Sequence[str], say: Catalog) -> str:
    """Alternatives such as "web, app or TweetDeck". Empty for none."""
    return _joined(names, say, say.lists.or_last, say.or_before)


def _joined(names: Sequence[str], say: Catalog, form: str, before: Section) -> str:
    """Join with `form`, or with the form that the language uses before the first sound of the last name."""
    *head, last = names or ("",)
    if not head:
        return last
    fitting = next((before[sound] for sound in before if re.match(sound, last)), form)
    return fitting.format(head=say.lists.comma.join(head), last=last)


def counted(count: int, noun: str) -> str:
    """A number of things in English, for the operator's log and shell: "1 service", "3 services"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def channel_name(channel: str, say: Catalog) -> str:
    """The name of a kind of channel as used within a sentence."""
    return say.channel_names.get(channel, channel)


def fit(name: str, *forms: str) -> str:
    """The first form with room for `name` in place of NAME; else the last one, with the name cut."""
    for form in forms:
        room = TITLE - len(form.replace(NAME, ""))
        if room >= (min(len(name), ENOUGH) if NAME in form else 0):
            break
    return shorten(form.replace(NAME, shorten(name, max(room, 1))), TITLE)


def uncut(made: Callable[[Service], Text], service: Service) -> Text:
    """The text about `service`, whose name is not cut for a lock screen: titles are fitted without it."""
    name, words = whole_name(service), made(replace(service, name=STAND_IN))
    return Text(words.title.replace(STAND_IN, name), tuple(line.replace(STAND_IN, name) for line in words.lines))


def whole_name(service: Service) -> str:
    """The service's name, not cut for a lock screen."""
    return foreign(service.name) or service.id


def bare(title: str) -> str:
    """The title without its coloured mark."""
    mark, _, rest = title.partition(" ")
    return title if mark[:1].isalnum() else rest
