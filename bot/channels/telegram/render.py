"""What is written to Telegram, and where. Pure: no SDK, no network."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from bot.model import Button, Delivery, Text

LIMIT = 4096  # after the markup is taken away
SHORT = 2000  # when Telegram counts differently from us
COMMAND = 64  # bytes of what a button stands for: core.telegram.org/bots/api#inlinekeyboardbutton
ROW = 2  # buttons side by side: more would cut their labels on a phone
GENERAL = 1  # a forum's General topic: Telegram wants it left out, and answers "thread not found" to its number
_CALL = re.compile(r"(?<!\w)[@#$](?=\w)|(?<![\w/:])/(?=\w)")
_JOINED = "\\g<0>\u2060"  # a joiner of no width: the eye sees no difference
_PLACE = re.compile(r"(-?[1-9][0-9]{0,15}|@[A-Za-z][A-Za-z0-9_]{3,31})(?:/([0-9]{1,15}))?")
LONGEST_ID = 16  # digits: an id has 52 bits at most
WRONG = (
    "is no place in Telegram; expected a chat id such as -1001234567890, one with a topic such as "
    "-1001234567890/45, or a public name such as @ourchannel"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be written."""

    chat: int | str
    words: Text
    topic: int | None = None
    root: int | None = None  # the message it answers
    anew: bool = False  # the message it was to answer is gone, or was left in another chat
    quiet: bool = False
    marked: bool = True  # False: without bold, should Telegram not understand our markup
    limit: int = LIMIT
    buttons: tuple[Button, ...] = ()

    @property
    def text(self) -> str:
        """Cut first and escaped afterwards, so that no cut goes through a tag or an entity."""
        title, *lines = cut(_calling_nobody(self.words), self.limit)
        if not self.marked:
            return "\n".join((title, *lines))
        return "\n".join((f"<b>{html.escape(title, quote=False)}</b>", *(html.escape(s, quote=False) for s in lines)))


def fitting(buttons: tuple[Button, ...]) -> list[tuple[Button, ...]]:
    """Rows of those whose command Telegram carries."""
    kept = tuple(button for button in buttons if len(button.command.encode()) <= COMMAND)
    return [kept[at : at + ROW] for at in range(0, len(kept), ROW)]


def where(place: str) -> tuple[int | str, int | None]:
    """Chat and topic of "-100123", "-100123/45" or "@ourchannel". Raise ValueError, in words, for anything else."""
    found = _PLACE.fullmatch(place)
    if not found:
        raise ValueError(f'"{place}" {WRONG}')
    chat, topic = found.groups()
    number = int(topic) if topic and int(topic) > GENERAL else None
    return (chat if chat.startswith("@") else int(chat)), number


def root(delivery: Delivery) -> int | None:
    """The message the delivery belongs to, out of its ref "chat/message".

    None when that was written in another chat: a group that became a supergroup counts its messages anew, so the
    old number would name a stranger's message.
    """
    chat, _, message = (delivery.root or "").partition("/")
    now = delivery.destination.place.partition("/")[0]
    return int(message) if message.isdecimal() and (now.startswith("@") or chat == now) else None


def _calling_nobody(words: Text) -> Text:
    """Telegram makes a call to a person of every "@name", in plain text too, and of "/ack" what an admin's touch would
    send: a status page could do both.
    """
    return Text(_CALL.sub(_JOINED, words.title), tuple(_CALL.sub(_JOINED, line) for line in words.lines))


def cut(words: Text, limit: int) -> tuple[str, ...]:
    """The title and as many whole lines as fit; what is left out shows as "…"."""
    title = _head(words.title, limit)
    if words.lines and _size(words.text) > limit:
        kept, room = [title], limit - _size(title) - 2  # a line feed and "…"
        for line in words.lines:
            room -= _size(line) + 1
            if room < 0:
                break
            kept.append(line)
        if len(kept) > 1:
            return (*kept, "…")
        # one line longer than a message: the beginning of it says more than nothing
        space = limit - _size(title) - 1
        return (title, _head(words.lines[0], space)) if space > 1 else (title,)
    return (title, *words.lines)


def _head(text: str, limit: int) -> str:
    if _size(text) <= limit:
        return text
    return text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def _size(text: str) -> int:
    """Telegram counts UTF-16 code units: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2
