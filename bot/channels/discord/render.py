"""Notices on Discord: the title as content, which a lock screen shows, and the lines in an embed."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

import discord

from bot.model import Button, Delivery, DeliveryAction, Link, Text, Tone, marked

# https://discord.com/developers/docs/resources/message#embed-object-embed-limits
CONTENT = 2_000
DESCRIPTION = 4_096
LABEL, CUSTOM_ID = 80, 100  # of a button: https://discord.com/developers/docs/components/reference#button
TAG = 256  # a footer may have 2,048 characters, an embed 6,000 in all

COLOURS = {
    Tone.DOWN: 0xD92D20,
    Tone.DEGRADED: 0xF79009,
    Tone.POSSIBLE: 0xFDD835,
    Tone.INFO: 0x2E90FA,
    Tone.UP: 0x12B76A,
    Tone.CORRECTION: 0x98A2B3,
    Tone.UNSEEN: 0x344054,
    Tone.TEST: 0x7A5AF8,
}

_MARKS = re.compile(
    r"(?P<url>https?://[^\s<>\[\]|*`~\\]+)"  # an escape would break an address
    r"|(?P<mark>[\\*_~`|\[<])"  # "<" begins mentions, times and emoji; "[" a link with a misleading text
    r"|(?P<start>^\s*(?:>|#|-|\d+(?=\.)))",  # quotes, headings, small print and lists at the beginning of a line
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered message. `text` is the whole of it, as far as it fits, for places that refuse embeds."""

    content: str
    embeds: list[discord.Embed]
    text: str
    view: discord.ui.View | None = None  # the buttons


def escaped(text: str) -> str:
    """Escape all markup."""
    return _MARKS.sub(_escape, text)


def _escape(mark: re.Match[str]) -> str:
    if mark["url"]:
        return mark["url"]
    if mark["mark"]:
        return f"\\{mark['mark']}"
    start = mark["start"]
    return f"{start}\\" if start[-1].isdigit() else f"{start[:-1]}\\{start[-1]}"


def fitted(lines: tuple[str, ...], room: int) -> str:
    """Escape the lines and keep as many whole ones as fit into `room` characters; a first line that is too long is
    cut.
    """
    kept: list[str] = []
    for line in map(escaped, lines):
        if len(line) + 2 > room:  # 2 for the line's end and the ellipsis
            kept.append("…" if kept else line[: room - 1].rstrip("\\") + "…")
            break
        kept.append(line)
        room -= len(line) + 1
    return "\n".join(kept)


def tag(delivery: Delivery) -> str:
    """The footer by which a post is found again: its key.

    For an edit it is the thread, so that the first message is not taken for a later post.
    """
    return (delivery.notice.thread if delivery.action is DeliveryAction.EDIT else delivery.notice.key)[:TAG]


def nonce(delivery: Delivery) -> str:
    """A nonce of 25 characters, the most that Discord takes; a repeated delivery has the same one and is shown once."""
    return base64.b32encode(hashlib.sha256(delivery.key.encode()).digest()).decode()[:25]


def written(delivery: Delivery) -> Message:
    notice = delivery.notice
    words = notice.root or notice.words if delivery.action is DeliveryAction.EDIT else notice.words
    description = _described(words, notice.links)
    embed = discord.Embed(description=description or None, colour=COLOURS[notice.tone], timestamp=notice.at)
    embed.set_footer(text=tag(delivery))
    plain = "".join(f"\n{escaped(link.label)}: <{marked(link.url)}>" for link in notice.links)
    small = f"{plain}\n-# {escaped(tag(delivery))}"
    text = fitted((words.title, *words.lines), CONTENT - len(small)) + small
    return Message(fitted((words.title,), CONTENT), [embed], text, pressed(delivery.buttons))


def _described(words: Text, links: tuple[Link, ...]) -> str:
    """The lines with the links: where the text names the vendor's page, else below."""
    room = DESCRIPTION - sum(len(escaped(link.label)) + len(marked(link.url)) + 8 for link in links)
    text, rest = fitted(words.lines, room), []
    for link in links:
        if found := link.split(text):
            text = f"{found[0]}[{found[1]}]({marked(link.url)}){found[2]}"
        else:
            rest.append(f"[{escaped(link.label)}]({marked(link.url)})")
    return "\n".join(part for part in (text, " · ".join(rest)) if part)


def pressed(buttons: tuple[Button, ...]) -> discord.ui.View | None:
    """The buttons. Each carries its command, so that it works after a restart.

    The view is stopped, as the library would otherwise keep it, with its message, for ever.
    """
    view = discord.ui.View(timeout=None)
    for button in buttons:
        if len(button.command) <= CUSTOM_ID:
            view.add_item(discord.ui.Button(label=button.label[:LABEL], custom_id=button.command))
    view.stop()
    return view if view.children else None


def answered(words: Text) -> Message:
    """The reply to a command."""
    embeds = [discord.Embed(description=fitted(words.lines, DESCRIPTION))] if words.lines else []
    return Message(fitted((words.title,), CONTENT), embeds, fitted((words.title, *words.lines), CONTENT))
