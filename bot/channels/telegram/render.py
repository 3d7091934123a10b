"""Messages and places of Telegram. Pure: no SDK, no network."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from bot.model import Button, Delivery, Link, Text, marked

LIMIT = 4096  # after removing the markup
SHORT = 2000  # if Telegram counts differently from us
COMMAND = 64  # bytes of a button's command: core.telegram.org/bots/api#inlinekeyboardbutton
ROW = 2  # buttons side by side: more would have cut labels on a phone
GENERAL = 1  # a forum's General topic, whose number Telegram rejects with "thread not found"; it has to be left out
_CALL = re.compile(r"(?P<url>https?://\S+)|(?<!\w)(?P<mark>[@#$])(?=\w)|(?<![\w/:])(?P<slash>/)(?P<command>\w+)")
JOINER = "\u2060"  # invisible
_PLACE = re.compile(r"(-?[1-9][0-9]{0,15}|@[A-Za-z][A-Za-z0-9_]{3,31})(?:/([0-9]{1,15}))?")
LONGEST_ID = 16  # digits: an id has at most 52 bits
WRONG = (
    "is no place in Telegram; expected a chat id such as -1001234567890, one with a topic such as "
    "-1001234567890/45, or a public name such as @ourchannel"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be sent."""

    chat: int | str
    words: Text
    topic: int | None = None
    root: int | None = None  # the message it replies to
    anew: bool = False  # the message it should reply to is gone, or is in another chat
    quiet: bool = False
    marked: bool = True  # False: without bold, if Telegram rejects our markup
    limit: int = LIMIT
    buttons: tuple[Button, ...] = ()
    commands: frozenset[str] = frozenset()  # our own, which a reply may offer for tapping
    links: tuple[Link, ...] = ()
    plans: tuple[str, ...] = ()  # the operators' own texts, which may call whom they name

    @property
    def text(self) -> str:
        """The text, cut before escaping, so that no tag or entity is split."""
        words, below = _calling_nobody(self.words, self.commands, self.plans), self._below()
        title, *lines = cut(words, self.limit - sum(_size(line) + 1 for line in below))
        if not self.marked:
            return "\n".join((title, *lines, *below))
        rows = _rows(lines, self.links)
        if rest := self._rest():
            rows.append(" · ".join(_linked(link, link.label) for link in rest))
        return "\n".join((f"<b>{html.escape(title, quote=False)}</b>", *rows))

    def _rest(self) -> tuple[Link, ...]:
        """The links that no line names."""
        return tuple(link for link in self.links if not any(map(link.split, self.words.lines)))

    def _below(self) -> tuple[str, ...]:
        """The lines of links below the text, as they count; if Telegram takes no markup, of all."""
        if not self.marked:
            return tuple(link.text for link in self.links)
        return (" · ".join(link.label for link in rest),) if (rest := self._rest()) else ()


def _rows(lines: list[str], links: tuple[Link, ...]) -> list[str]:
    """The lines in markup; the first one that names the vendor's page links to it."""
    rows, left = [], list(links)
    for line in lines:
        link = next((one for one in left if one.split(line)), None)
        if link and (found := link.split(line)):
            left.remove(link)
            before, after = (html.escape(text, quote=False) for text in (found[0], found[2]))
            rows.append(f"{before}{_linked(link, found[1])}{after}")
        else:
            rows.append(html.escape(line, quote=False))
    return rows


def _linked(link: Link, label: str) -> str:
    return f'<a href="{html.escape(marked(link.url))}">{html.escape(label, quote=False)}</a>'


def fitting(buttons: tuple[Button, ...]) -> list[tuple[Button, ...]]:
    """The buttons in rows, without those whose command is too long."""
    kept = tuple(button for button in buttons if len(button.command.encode()) <= COMMAND)
    return [kept[at : at + ROW] for at in range(0, len(kept), ROW)]


def where(place: str) -> tuple[int | str, int | None]:
    """Chat and topic of "-100123", "-100123/45" or "@ourchannel". Raise ValueError, with examples, for anything else."""
    found = _PLACE.fullmatch(place)
    if not found:
        raise ValueError(f'"{place}" {WRONG}')
    chat, topic = found.groups()
    number = int(topic) if topic and int(topic) > GENERAL else None
    return (chat if chat.startswith("@") else int(chat)), number


def root(delivery: Delivery) -> int | None:
    """The message id in the thread's ref "chat/message".

    None if it is in another chat: a group that became a supergroup numbers its messages anew, so the old id would be
    another message's.
    """
    chat, _, message = (delivery.root or "").partition("/")
    now = delivery.destination.place.partition("/")[0]
    return int(message) if message.isdecimal() and (now.startswith("@") or chat == now) else None


def _calling_nobody(words: Text, commands: frozenset[str], plans: tuple[str, ...] = ()) -> Text:
    """Break up "@name" and "/command" in text, but for commands of ours and in the operators' own `plans`.

    Telegram makes a mention of the one, in plain text too, and of the other a link by which an admin sends the command;
    a status page could contain both.
    """

    def joined(found: re.Match[str]) -> str:
        if found["url"] or found["command"] in commands:
            return found[0]  # an address with a joiner leads nowhere
        return f"{found['mark'] or found['slash']}{JOINER}{found['command'] or ''}"

    def broken(line: str) -> str:
        own = max((plan for plan in plans if plan in line), key=len, default="")
        before, own, after = line.rpartition(own) if own else (line, "", "")
        return f"{_CALL.sub(joined, before)}{own}{_CALL.sub(joined, after)}"

    return Text(broken(words.title), tuple(map(broken, words.lines)))


def cut(words: Text, limit: int) -> tuple[str, ...]:
    """The title and as many whole lines as fit; an ellipsis marks what is left out."""
    title = _head(words.title, limit)
    if words.lines and _size(words.text) > limit:
        kept, room = [title], limit - _size(title) - 2  # a line feed and the ellipsis
        for line in words.lines:
            room -= _size(line) + 1
            if room < 0:
                break
            kept.append(line)
        if len(kept) > 1:
            return (*kept, "…")
        # one line longer than a message: its beginning is better than nothing
        space = limit - _size(title) - 1
        return (title, _head(words.lines[0], space)) if space > 1 else (title,)
    return (title, *words.lines)


def _head(text: str, limit: int) -> str:
    if _size(text) <= limit:
        return text
    return text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def _size(text: str) -> int:
    """The length in UTF-16 code units, as Telegram counts: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2
