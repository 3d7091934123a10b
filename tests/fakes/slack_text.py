"""What Slack makes of a message: its limits, and what a reader sees of its markup."""

from __future__ import annotations

import html
import json
import re
from typing import Any

LIMITS = {"header": 150, "section": 3_000}  # characters of a block's text
_MARKED = re.compile(r"<([^<>]*)>")
_STYLED = re.compile(r"(?<!\w)([*_~`])(?=\S)(.+?)(?<=\S)\1(?!\w)")


def faults_of(sent: dict[str, Any]) -> list[tuple[str, str]]:
    """Return Slack's error and the reason for each rule that a message breaks."""
    text, made = sent.get("text") or "", sent.get("blocks") or []
    found = []
    if not text and not made:
        found.append(("no_text", "neither text nor blocks"))
    if len(text) > 40_000:
        found.append(("msg_too_long", f"{len(text)} characters of text"))
    if len(made) > 50:
        found.append(("invalid_blocks", f"{len(made)} blocks"))
    if len("".join(_texts(made))) > 13_000:
        found.append(("msg_blocks_too_long", "too much text in all blocks"))
    for block in made:
        found.extend(("invalid_blocks", why) for why in _faults_of_block(block))
    if len(json.dumps(sent.get("metadata") or {})) > 8_000:
        found.append(("metadata_too_large", "8,000 characters"))
    return found


def _faults_of_block(block: dict[str, Any]) -> list[str]:
    kind = block.get("type")
    if kind == "context":
        return [] if 1 <= len(block["elements"]) <= 10 else ["a context of no, or too many, elements"]
    if kind == "actions":
        return _faults_of_buttons(block["elements"])
    if kind not in LIMITS:
        return [f"a block of type {kind}"]
    length = len(block["text"]["text"])
    faults = [] if 1 <= length <= LIMITS[kind] else [f"{length} characters in a {kind}"]
    if kind == "header" and block["text"]["type"] != "plain_text":
        faults.append("a header that is not plain_text")
    return faults


def _faults_of_buttons(elements: list[dict[str, Any]]) -> list[str]:
    """docs.slack.dev/reference/block-kit/block-elements/button-element"""
    faults = [] if 1 <= len(elements) <= 25 else [f"{len(elements)} buttons"]
    if len({element["action_id"] for element in elements}) < len(elements):
        faults.append("two buttons of one action_id")
    for element in elements:
        if element["type"] != "button" or element["text"]["type"] != "plain_text":
            faults.append(f"no button: {element}")
        if not 1 <= len(element["text"]["text"]) <= 75 or not 1 <= len(element["action_id"]) <= 255:
            faults.append(f"a button's label or action_id: {element}")
        if len(element["value"]) > 2_000:
            faults.append("2,000 characters in a button's value")
    return faults


def buttons(sent: dict[str, Any]) -> dict[str, str]:
    """What may be pressed: label and value."""
    rows = [block["elements"] for block in sent.get("blocks") or [] if block["type"] == "actions"]
    return {element["text"]["text"]: element["value"] for row in rows for element in row}


def drawn(sent: dict[str, Any]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return the text as it is seen, who is called by it, and the links in it."""
    texts = [sent.get("text") or ""]
    seen = []
    for block in _prose(sent.get("blocks") or []):
        for part in block.get("elements") or [block["text"]]:
            if part["type"] == "mrkdwn":
                texts.append(part["text"])
                seen.append(_rendered(part["text"]))
            else:
                seen.append(part["text"])
    marks = [mark for text in texts for mark in _MARKED.findall(text) if not mark.startswith("!date")]
    mentions = tuple(mark for mark in marks if mark[:1] in {"!", "@", "#"})
    links = tuple(mark for mark in marks if mark[:1] not in {"!", "@", "#"})
    # The notification shows `text`, with its markup unless `mrkdwn` is off.
    shown = _rendered(texts[0], styled=sent.get("mrkdwn", True) not in {False, "0", "false"})
    return "\n".join(seen) or shown, mentions, links


def _rendered(text: str, *, styled: bool = True) -> str:
    bare = _MARKED.sub(lambda mark: mark[1].rpartition("|")[2], text)
    return html.unescape(_STYLED.sub(r"\2", bare) if styled else bare)


def _texts(made: list[dict[str, Any]]) -> list[str]:
    return [
        part["text"] for block in _prose(made) for part in block.get("elements") or [block.get("text", {"text": ""})]
    ]


def _prose(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [block for block in made if block.get("type") != "actions"]
