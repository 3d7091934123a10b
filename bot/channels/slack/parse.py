"""Socket Mode's envelopes as questions: `/tocsin status`, `@tocsin status`, a button and, in a direct message, plain
`status`.

No field of a frame is relied on; a missing one proves nothing.
"""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.channels.slack.render import ACTION
from bot.model import Ask, Destination, Reply

UNKNOWN = "?"  # the workspace of a person, if Slack did not tell it; matches no admin's id
_MENTION = re.compile(r"<@[UW][A-Z0-9]*(\|[^>]*)?>")
_MARKED = re.compile(r"<(?:([#@!])[^|>]*\|)?([^|>]*)(?:\|[^>]*)?>")


@dataclass(frozen=True, slots=True)
class Heard:
    """A question and the way of its answer: to a `url` of Slack's for that one person, or under the `thread`.

    `channel`: the name of the channel, as far as Slack told it.
    """

    ask: Ask
    url: str | None = None
    thread: str | None = None
    channel: str = ""


def heard(envelope: dict[str, Any], at: datetime, team: str = "") -> Heard | None:
    """The question in an envelope; None if it is not for us. `team`: our own workspace, by the bot's token; "":
    unknown.
    """
    payload, key = _part(envelope, "payload"), _text(envelope, "envelope_id")
    match envelope.get("type"):
        case "slash_commands":
            return _command(payload, key, at, team)
        case "events_api":
            return _event(payload, key, at, team)
        case "interactive" if payload.get("type") == "block_actions":
            return _press(payload, key, at, team)
        case _:
            return None


def _press(payload: dict[str, Any], key: str, at: datetime, own: str) -> Heard | None:
    """A press of a button of ours, whose value is the command."""
    pressed, container = _pressed(payload), _part(payload, "container")
    person, message = _part(payload, "user"), _text(container, "message_ts")
    place = _text(_part(payload, "channel"), "id") or _text(container, "channel_id")
    if not pressed or not place or not _text(person, "id"):
        return None
    # The person's: in a shared channel `team` is the channel's.
    team, pressed_at = _text(person, "team_id") or UNKNOWN, _text(pressed, "action_ts")
    who = f"slack:{team}/{_text(person, 'id')}"
    ask = Ask(
        text=_text(pressed, "value"),
        who=who,
        name=_text(person, "name") or _text(person, "username"),
        where=Destination("slack", place),
        at=_moment(pressed_at) or at,
        # The time of the press, if given: a repeat comes in another envelope.
        key=f"{who} {pressed_at or key}",
        reply=Reply.ALONE,
        home=bool(own) and team == own,
        under=_moment(message),
    )
    named = _text(_part(payload, "channel"), "name")
    return Heard(ask, url=_text(payload, "response_url") or None, thread=message or None, channel=named)


def _pressed(payload: dict[str, Any]) -> dict[str, Any] | None:
    actions = payload.get("actions")
    ours = (
        action
        for action in (actions if isinstance(actions, list) else ())
        if isinstance(action, dict) and _text(action, "action_id").startswith(ACTION) and _text(action, "value")
    )
    return next(ours, None)


def _command(payload: dict[str, Any], key: str, at: datetime, own: str) -> Heard | None:
    """A slash command. It has no time, but Slack takes no answer after seconds, so it is never old."""
    team, person, place = _text(payload, "team_id") or UNKNOWN, _text(payload, "user_id"), _text(payload, "channel_id")
    if not person or not place:
        return None
    who, text = f"slack:{team}/{person}", unmarked(_text(payload, "text"))
    # A command has one trigger, in however many envelopes it comes.
    trigger = _text(payload, "trigger_id")
    ask = Ask(
        text=text,
        who=who,
        name=_text(payload, "user_name"),
        where=Destination("slack", place),
        at=at,
        key=key,
        reply=Reply.ALONE,
        home=bool(own) and team == own,
        once=f"{who} {trigger} {text}" if trigger else "",
    )
    return Heard(ask, url=_text(payload, "response_url") or None, channel=_text(payload, "channel_name"))


def _event(payload: dict[str, Any], key: str, at: datetime, own: str) -> Heard | None:
    event = _part(payload, "event")
    direct = event.get("type") == "message" and event.get("channel_type") == "im"
    person, place, said_at = _text(event, "user"), _text(event, "channel"), _text(event, "ts")
    if not (direct or event.get("type") == "app_mention") or not person or not place:
        return None
    if event.get("bot_id") or event.get("subtype"):
        return None  # our own messages, edits, deletions: answering these would make two bots talk for ever
    team = _team(payload, event)
    # The event's own id, if given: a repeat comes in another envelope.
    ask = Ask(
        text=unmarked(_MENTION.sub("", _text(event, "text"), count=1)),
        who=f"slack:{team}/{person}",
        name="",
        where=Destination("slack", place),
        at=_moment(said_at) or at,
        key=_text(payload, "event_id") or key,
        # Only two take part in a direct message with a bot.
        may_manage=direct and bool(own) and team == own,
        reply=Reply.PRIVATE if direct else Reply.THREAD,
        home=bool(own) and team == own,
        once=f"{place} {said_at}" if said_at else "",
    )
    return Heard(ask, thread=_text(event, "thread_ts") or (None if direct else said_at or None))


def _team(payload: dict[str, Any], event: dict[str, Any]) -> str:
    """The workspace of the sender.

    In a shared channel it may be another one, whose people have no rights here: any foreign one that is named counts,
    and without a name it is unknown.
    """
    here = _text(payload, "team_id")
    theirs = [_text(event, name) for name in ("user_team", "source_team")]
    theirs = [team for team in (*theirs, _text(_part(event, "user_profile"), "team")) if team]
    named = [team for team in (*theirs, _text(event, "team")) if team]
    foreign = [team for team in named if team != here]
    if foreign:
        return foreign[0]
    context = _text(payload, "context_team_id")
    shared = payload.get("is_ext_shared_channel") or event.get("is_ext_shared_channel") or (context and context != here)
    return here if here and (theirs or not shared) else UNKNOWN


def _part(of: dict[str, Any], name: str) -> dict[str, Any]:
    part = of.get(name)
    return part if isinstance(part, dict) else {}


def _text(of: dict[str, Any], name: str) -> str:
    text = of.get(name)
    return text if isinstance(text, str) else ""


def _moment(ts: str) -> datetime | None:
    """A message's "1503435956.000247" as an instant; None if it is none."""
    try:
        seconds = float(ts)
        return datetime.fromtimestamp(seconds, UTC) if math.isfinite(seconds) else None
    except (ValueError, OverflowError, OSError):
        return None


def unmarked(text: str) -> str:
    """Undo Slack's markup: `<https://x.com|x.com>` is the URL, `<#C1|general>` is #general, `&amp;` is &."""
    bare = _MARKED.sub(lambda found: (found[1] or "").replace("!", "@") + found[2], text)
    return html.unescape(bare).strip()
