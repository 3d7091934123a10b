"""What a reader of Discord sees of a message: markup rendered away, whom it calls, what it made clickable."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_SHIELD = 0xF0000  # private use: an escaped character stands there until all else is rendered
_LAST = 0x3000  # marks are far below
_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")
_LINK = re.compile(r"\[([^\[\]\n]+)\]\(<?(https?://[^\s)>]+)>?\)")
_ADDRESS = re.compile(r"https?://[^\s<>]+")
_CALL = re.compile(r"@everyone|@here|<@&?!?\d+>")
_OBJECT = re.compile(r"<(?:@[&!]?|#|t:|a?:\w+:|/[\w ]+:)[\w:]+>")
_START = re.compile(r"^(?:-# |#{1,3} |>>> |> )", re.MULTILINE)
_STYLE = re.compile(r"(\*\*\*|\*\*|\*|___|__|_|~~|\|\||```|``|`)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)


def shield(text: str) -> str:
    return "".join(chr(_SHIELD + ord(letter)) if ord(letter) < _LAST else letter for letter in text)


def unshield(text: str) -> str:
    return "".join(
        chr(ord(letter) - _SHIELD) if _SHIELD <= ord(letter) < _SHIELD + _LAST else letter for letter in text
    )


def rendered(text: str) -> tuple[str, list[str]]:
    """Return what the eye meets, and where its links lead."""
    links: list[str] = []

    def click(link: re.Match[str]) -> str:
        links.append(unshield(link[2]))
        return link[1]

    text = _LINK.sub(click, _ESCAPED.sub(lambda escaped: shield(escaped[1]), text))
    text = _ADDRESS.sub(lambda address: shield(address[0]), text)
    for pattern, by in ((_OBJECT, "(rendered)"), (_START, ""), (_STYLE, r"\2"), (_STYLE, r"\2")):
        text = pattern.sub(by, text)
    return unshield(text), links


@dataclass(frozen=True)
class Seen:
    text: str
    mentions: tuple[str, ...]
    links: tuple[str, ...]

    @classmethod
    def of(cls, body: dict[str, Any]) -> Seen:
        """Embeds call nobody; a content calls whom `allowed_mentions` lets it, and everybody where that is missing."""
        content = body.get("content") or ""
        parts = [content]
        for embed in body.get("embeds") or []:
            parts += [embed.get("title", ""), embed.get("description", ""), embed.get("footer", {}).get("text", "")]
        seen = [rendered(part) for part in parts if part]
        allowed = body.get("allowed_mentions")
        may_call = allowed is None or allowed.get("parse")
        called = _CALL.findall(_ESCAPED.sub("", content)) if may_call else []
        links = tuple(link for _, found in seen for link in found)
        return cls("\n".join(text for text, _ in seen), tuple(called), links)
