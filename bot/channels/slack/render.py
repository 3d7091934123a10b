"""Text as Slack's blocks. Foreign text goes into `plain_text`, or is escaped, so that it cannot mention people."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bot.model import Button, Link, Text, marked

HEADER = 150  # characters, docs.slack.dev/reference/block-kit/blocks/header-block
SECTION = 2_900  # characters; 3,000 by docs.slack.dev/reference/block-kit/blocks/section-block, less a margin for emoji
SECTIONS = 3  # nobody reads more than a screen, and Slack refuses long messages with "msg_blocks_too_long"
LABEL = 75  # characters of a button's label, and of its value: docs.slack.dev/reference/block-kit/block-elements/button-element
VALUE = 2_000
PLAIN = 3_900  # characters before escaping; Slack advises 4,000, docs.slack.dev/reference/methods/chat.postMessage

ACTION = "tocsin-"  # prefix of our buttons' names

# An address, without the punctuation after it.
ADDRESS = re.compile(r"(https?://[^\s<>|\u2060]*[^\s<>|\u2060.,;:!?()'\"»“”])")
# What Slack would take for markup in a text with links: styles, quotes, emoji.
MARKS = re.compile(r"[*_~`]|^\s*>|:[\w+-]+:", re.MULTILINE)

Block = dict[str, Any]


def escape(text: str) -> str:
    """Escape Slack's three control characters, and thus `<!channel>`, `<@U1>` and links."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain(words: Text) -> str:
    """All of it as escaped text: for a phone's notification, and if Slack refuses blocks."""
    return escape(cut(words.text, PLAIN))


def blocks(
    words: Text, at: datetime | None = None, buttons: tuple[Button, ...] = (), links: tuple[Link, ...] = ()
) -> list[Block]:
    """Title, lines, the time in the reader's zone and the links, and the buttons."""
    title = {"type": "plain_text", "text": cut(words.title, HEADER), "emoji": False}
    made: list[Block] = [{"type": "header", "text": title}]
    left = list(links)
    made.extend({"type": "section", "text": _prose(text, left)} for text in _sections(words.lines))
    below = [date(at)] if at else []
    if left:
        below.append(" · ".join(_link(link, link.label) for link in left))
    if below:
        made.append({"type": "context", "elements": [{"type": "mrkdwn", "text": text} for text in below]})
    pressed = [_button(number, button) for number, button in enumerate(buttons) if len(button.command) <= VALUE]
    return [*made, {"type": "actions", "elements": pressed}] if pressed else made


def _link(link: Link, label: str) -> str:
    return f"<{escape(marked(link.url))}|{escape(label)}>"


def _prose(text: str, left: list[Link]) -> Block:
    """A section's text. Its whole addresses become links, and what names the vendor's page, whose link is taken out of
    `left`; not if something in it would become markup. Addresses that others wrote are broken up already.
    """
    parts, linked, used = ADDRESS.split(text), "", list[Link]()
    for number, part in enumerate(parts):
        link = next((one for one in left if one not in used and one.split(part)), None)
        if number % 2:
            linked += f"<{escape(part)}>"
        elif link and (found := link.split(part)):
            linked += f"{escape(found[0])}{_link(link, found[1])}{escape(found[2])}"
            used.append(link)
        else:
            linked += escape(part)
    if linked == escape(text) or len(linked) > SECTION or any(map(MARKS.search, parts[::2])):
        return {"type": "plain_text", "text": text, "emoji": False}
    left[:] = [one for one in left if one not in used]
    return {"type": "mrkdwn", "text": linked, "verbatim": True}


def _button(number: int, button: Button) -> Block:
    label = {"type": "plain_text", "text": cut(button.label, LABEL), "emoji": False}
    return {"type": "button", "action_id": f"{ACTION}{number}", "text": label, "value": button.command}


def date(at: datetime) -> str:
    """An instant that Slack shows in the reader's zone, with a fallback."""
    return f"<!date^{math.floor(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>"


def _sections(lines: tuple[str, ...]) -> Iterator[str]:
    """Pack whole lines into few sections; an ellipsis ends what is too long."""
    packed: list[str] = []
    for line in (cut(line, SECTION) for line in lines if line.strip()):
        if packed and len(packed[-1]) + 1 + len(line) <= SECTION:
            packed[-1] += "\n" + line
        else:
            packed.append(line)
    yield from packed[: SECTIONS - 1]
    if rest := packed[SECTIONS - 1 :]:
        yield rest[0] if len(rest) == 1 else rest[0][: SECTION - 2] + "\n…"
