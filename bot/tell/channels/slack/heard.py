"""Socket Mode's envelopes as questions: `/tocsin status`, `@tocsin status`, a pressed button and, in a direct message, plain
`status`.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.model import Ask, Destination
from bot.tell.channels.slack.blocks import ACTION

_MENTION = re.compile(r"<@[UW][A-Z0-9]*(\|[^>]*)?>")
_MARKED = re.compile(r"<(?:([#@!])[^|>]*\|)?([^|>]*)(?:\|[^>]*)?>")


@dataclass(frozen=True, slots=True)
class Heard:
    """A question, and where its answer goes: to a `url` of Slack's for that one person, or under the `thread`."""

    ask: Ask
    url: str | None = None
    thread: str | None = None


def heard(envelope: dict[str, Any], at: datetime) -> Heard | None:
    """Return None for what is not said to us."""
    payload = envelope.get("payload") or {}
    match envelope.get("type"):
        case "slash_commands":
            return _command(payload, envelope["envelope_id"], at)
        case "events_api":
            return _event(payload, envelope["envelope_id"], at)
        case "interactive" if payload.get("type") == "block_actions":
            return _press(payload, at)
        case _:
            return None


def _press(payload: dict[str, Any], at: datetime) -> Heard | None:
    """A button of ours bears what it stands for as its value."""
    pressed = next((a for a in payload.get("actions") or [] if str(a.get("action_id")).startswith(ACTION)), None)
    if pressed is None or not pressed.get("value"):
        return None
    person, place = payload["user"], payload.get("channel") or payload["container"]
    team = person.get("team_id") or payload["team"]["id"]  # of the person: in a shared channel it may be another one
    who, name = f"slack:{team}/{person['id']}", person.get("name") or person.get("username") or person["id"]
    where = Destination("slack", place.get("id") or place["channel_id"])
    # The press's own time, where it is told: a repeat comes in an envelope of its own.
    ask = Ask(pressed["value"], who, name, where, at, f"{who} {pressed['action_ts']}")
    return Heard(ask, url=payload.get("response_url"), thread=payload["container"].get("message_ts"))


def _command(payload: dict[str, Any], key: str, at: datetime) -> Heard:
    who = f"slack:{payload['team_id']}/{payload['user_id']}"
    where = Destination("slack", payload["channel_id"])
    text = unmarked(payload.get("text") or "")
    name = payload.get("user_name") or payload["user_id"]
    return Heard(Ask(text, who, name, where, at, key), url=payload.get("response_url"))


def _event(payload: dict[str, Any], key: str, at: datetime) -> Heard | None:
    event = payload.get("event") or {}
    direct = event.get("type") == "message" and event.get("channel_type") == "im"
    if not (direct or event.get("type") == "app_mention"):
        return None
    if event.get("bot_id") or event.get("subtype") or not event.get("user"):
        return None  # our own words, an edit, a deletion: answering these would make two bots talk for ever
    # In a shared channel the person may be of another workspace: the same rights are not theirs.
    team = event.get("user_team") or event.get("team") or payload.get("team_id")
    text = unmarked(_MENTION.sub("", event.get("text") or "", count=1))
    where = Destination("slack", event["channel"])
    thread = event.get("thread_ts") or (None if direct else event["ts"])
    # The event's own id, where there is one: a repeat comes in an envelope of its own.
    ask = Ask(text, f"slack:{team}/{event['user']}", event["user"], where, at, payload.get("event_id") or key)
    return Heard(ask, thread=thread)


def unmarked(text: str) -> str:
    """Undo Slack's markup: `<https://x.com|x.com>` is the URL, `<#C1|general>` is #general, `&amp;` is &."""
    bare = _MARKED.sub(lambda found: (found[1] or "").replace("!", "@") + found[2], text)
    return html.unescape(bare).strip()
