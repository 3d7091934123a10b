"""How a notice looks on Discord: its title as content, which a lock screen shows, and its lines in an embed."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

import discord

from bot.model import Button, Delivery, DeliveryAction, Text, Tone

# https://discord.com/developers/docs/resources/message#embed-object-embed-limits
CONTENT = 2_000
DESCRIPTION = 4_096
LABEL, CUSTOM_ID = 80, 100  # of a button: https://discord.com/developers/docs/components/reference#button
TAG = 256  # a footer may have 2,048, all of an embed 6,000

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
    r"(?P<url>https?://[^\s<>\[\]|*`~\\]+)"  # an escape within an address would break it
    r"|(?P<mark>[\\*_~`|\[<])"  # "<" begins mentions, times and emoji; "[" a link that says where it does not lead
    r"|(?P<start>^\s*(?:>|#|-|\d+(?=\.)))",  # quotes, headings, small print and lists begin a line
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is for where embeds are refused: all of it, as far as it fits."""

    content: str
    embeds: list[discord.Embed]
    text: str
    view: discord.ui.View | None = None  # the buttons


def escaped(text: str) -> str:
    """Take the meaning from every mark, in our words and in those of others."""
    return _MARKS.sub(_escape, text)


def _escape(mark: re.Match[str]) -> str:
    if mark["url"]:
        return mark["url"]
    if mark["mark"]:
        return f"\\{mark['mark']}"
    start = mark["start"]
    return f"{start}\\" if start[-1].isdigit() else f"{start[:-1]}\\{start[-1]}"


def fitted(lines: tuple[str, ...], room: int) -> str:
    """Escape the lines and keep as many whole ones as `room` characters hold; a first one that is too long is cut."""
    kept: list[str] = []
    for line in map(escaped, lines):
        if len(line) + 2 > room:  # 2: the line's end, and the sign that something is missing
            kept.append("…" if kept else line[: room - 1].rstrip("\\") + "…")
            break
        kept.append(line)
        room -= len(line) + 1
    return "\n".join(kept)


def tag(delivery: Delivery) -> str:
    """What the footer says, to know a post again by: its key.

    An edit must not bear it, or the first message of the thread would be taken for a later post.
    """
    return (delivery.notice.thread if delivery.action is DeliveryAction.EDIT else delivery.notice.key)[:TAG]


def nonce(delivery: Delivery) -> str:
    """Return the same 25 characters, the most Discord takes, for the same delivery: it then shows a repeat once."""
    return base64.b32encode(hashlib.sha256(delivery.key.encode()).digest()).decode()[:25]


def written(delivery: Delivery) -> Message:
    notice = delivery.notice
    words = notice.root or notice.words if delivery.action is DeliveryAction.EDIT else notice.words
    embed = discord.Embed(
        description=fitted(words.lines, DESCRIPTION) or None, colour=COLOURS[notice.tone], timestamp=notice.at
    )
    embed.set_footer(text=tag(delivery))
    small = f"\n-# {escaped(tag(delivery))}"
    text = fitted((words.title, *words.lines), CONTENT - len(small)) + small
    return Message(fitted((words.title,), CONTENT), [embed], text, pressed(delivery.buttons))


def pressed(buttons: tuple[Button, ...]) -> discord.ui.View | None:
    """Each bears the command that it stands for, so that it works for whoever hears it, after any restart. The view itself
    is stopped: else the library would keep it, with its message, for ever.
    """
    view = discord.ui.View(timeout=None)
    for button in buttons:
        if len(button.command) <= CUSTOM_ID:
            view.add_item(discord.ui.Button(label=button.label[:LABEL], custom_id=button.command))
    view.stop()
    return view if view.children else None


def answered(words: Text) -> Message:
    """Write the reply to a command."""
    embeds = [discord.Embed(description=fitted(words.lines, DESCRIPTION))] if words.lines else []
    return Message(fitted((words.title,), CONTENT), embeds, fitted((words.title, *words.lines), CONTENT))
