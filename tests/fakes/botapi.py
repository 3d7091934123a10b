"""The Bot API's own rules: its published spec as the judge of every call, and its HTML as Telegram reads it."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

SPEC = json.loads((Path(__file__).parents[1] / "data" / "telegram-bot-api.json").read_text("utf-8"))
TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote", "span"}
_TOKEN = re.compile(r"<(/?)([a-z0-9-]+)((?:\s+[a-z-]+(?:=(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?)*)\s*>", re.IGNORECASE)
_MENTION = re.compile(r"(?<!\w)@([A-Za-z][A-Za-z0-9_]{2,31})\b")
_COMMAND = re.compile(r"/[a-z0-9_]{1,32}(@\w+)?(?=\s|$)", re.IGNORECASE)


def read(method: str, form: dict[str, str]) -> dict[str, Any]:
    """The parameters of a call, parsed. Raise ValueError for each kind of thing the spec does not allow."""
    return _fields(method, SPEC["methods"][method], form, wire=True)


def check(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """Give an object back that the spec's type `name` allows; raise ValueError for any other."""
    return _fields(name, SPEC["types"][name], value, wire=False)


def _fields(what: str, known: dict[str, Any], given: dict[str, Any], *, wire: bool) -> dict[str, Any]:
    missing = [name for name, field in known.items() if field["required"] and name not in given]
    unknown = [name for name in given if name not in known]
    if missing or unknown:
        raise ValueError(f"{what}: missing {missing}, unknown {unknown}")
    return {name: _any_of(f"{what}.{name}", known[name]["types"], value, wire=wire) for name, value in given.items()}


def _any_of(what: str, types: list[str], value: Any, *, wire: bool) -> Any:
    for kind in types:
        try:
            return _value(what, kind, value, wire=wire)
        except ValueError as exc:
            last = exc
    raise last


def _value(what: str, kind: str, value: Any, *, wire: bool) -> Any:
    """`wire`: a form's field, where everything is text and objects are JSON in it."""
    if kind == "String":
        return _of(what, value, str)
    if wire:
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError(f"{what}: {value!r} is no {kind}") from None
    if kind.startswith("Array of "):
        return [_value(what, kind.removeprefix("Array of "), item, wire=False) for item in _of(what, value, list)]
    if kind in {"Integer", "Boolean"}:
        return _of(what, value, int if kind == "Integer" else bool)
    return check(kind, _of(what, value, dict)) if kind in SPEC["types"] else _of(what, value, dict)


def _of(what: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{what}: {value!r} is no {kind.__name__}")
    return value


def render(text: str) -> tuple[str, tuple[str, ...]]:
    """What the eye meets, and what is clickable. Raise ValueError where Telegram cannot parse the entities."""
    shown, links, still_open, at = [], [], [], 0
    while at < len(text):
        if text[at] != "<":
            end = text.find("<", at)
            end = len(text) if end < 0 else end
            shown.append(html.unescape(text[at:end]))
            at = end
            continue
        tag = _TOKEN.match(text, at)
        if not tag or tag[2].lower() not in TAGS:
            raise ValueError(f"Unsupported start tag at byte offset {at}")
        if not tag[1]:
            still_open.append(tag[2])
            links += re.findall(r"href=[\"']?([^\"'\s>]+)", tag[3])
        elif not still_open or still_open.pop() != tag[2]:
            raise ValueError(f"Unexpected end tag at byte offset {at}")
        at = tag.end()
    if still_open:
        raise ValueError(f'Can\'t find end tag corresponding to start tag "{still_open[-1]}"')
    return "".join(shown), tuple(links)


def mentions(text: str) -> tuple[str, ...]:
    """Whom Telegram finds in plain text and calls."""
    return tuple(_MENTION.findall(text))


def entities(text: str) -> list[dict[str, Any]]:
    """The commands that a person's app finds in what was typed."""
    found = (match for match in _COMMAND.finditer(text) if match.start() == 0 or text[match.start() - 1].isspace())
    return [{"type": "bot_command", "offset": size(text[: match.start()]), "length": len(match[0])} for match in found]


def size(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
