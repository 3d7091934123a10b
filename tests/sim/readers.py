"""Who is told in a run, and what the operator makes of them while it goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from bot.config import ADMINS
from bot.model import (
    Audience,
    Confidence,
    Destination,
    Escalation,
    PlaceSettings,
    Quiet,
    Style,
    SubscriptionFilter,
    Topic,
    delivering,
)
from tests.sim.script import KINDS, Script


def place(text: str) -> Destination:
    return Destination.parse(text)


def readers(script: Script, at: float = 0.0) -> tuple[Audience, ...]:
    """As the config has them by then."""
    found = _readers(script)
    for what in script.version(at):
        found = CHANGES.get(what, partial(_without, what))(found)
    return found


def opened(script: Script, at: float) -> tuple[str, ...]:
    return tuple(kind for kind in KINDS if kind not in script.version(at))


def _rename(found: tuple[Audience, ...]) -> tuple[Audience, ...]:
    return (replace(found[0], name=f"{found[0].name}-renamed"), *found[1:])


def _split(found: tuple[Audience, ...]) -> tuple[Audience, ...]:
    """The last one that has two places, be they rungs."""
    one = next((one for one in reversed(found) if len(one.destinations) > 1), None)
    if one is None:
        return found
    first = replace(one, destinations=one.destinations[:1])
    rest = replace(one, name=f"{one.name}-rest", destinations=one.destinations[1:])
    return (*(first if other is one else other for other in found), rest)


def _reorder(found: tuple[Audience, ...]) -> tuple[Audience, ...]:
    return tuple(replace(one, destinations=one.destinations[::-1]) if one.ladder else one for one in found)


def _without(kind: str, found: tuple[Audience, ...]) -> tuple[Audience, ...]:
    left = []
    for one in found:
        steps = [replace(s, to=to) for s in one.escalations if (to := _spare(s.to, kind))]
        left.append(replace(one, destinations=_spare(one.destinations, kind), escalations=tuple(steps)))
    return tuple(one for one in left if one.destinations)


def _spare(places: tuple[Destination, ...], kind: str) -> tuple[Destination, ...]:
    return tuple(one for one in places if one.kind != kind)


CHANGES = {"rename": _rename, "split": _split, "reorder": _reorder}


def _readers(script: Script) -> tuple[Audience, ...]:
    """Ladders and lists, in several languages and zones, sure and less sure, patient and asleep."""
    until = script.utc(script.faults_end / 2).astimezone(ZoneInfo("Europe/Madrid"))
    quiet = Quiet.parse(f"{until - timedelta(hours=2):%H:%M}-{until:%H:%M}")
    found = (
        Audience(
            "desk",
            (place("slack:one"), place("telegram:one"), place("email:one")),
            SubscriptionFilter(),
            ladder=True,
            style=Style("es", "Europe/Madrid"),
        ),
        Audience(
            "night",
            (place("telegram:two"), place("slack:one"), place("webhook:two")),
            SubscriptionFilter(("s0", "s1")),
            ladder=True,
            within=timedelta(seconds=30),
            style=Style("en", "America/New_York", "12h"),
        ),
        Audience("everyone", (place("slack:all"), place("telegram:all"), place("webhook:all"))),
        Audience("nervous", (place("discord:one"),), SubscriptionFilter(confidence=Confidence.POSSIBLE)),
        Audience(
            "calm",
            (place("email:two"),),
            SubscriptionFilter(
                confidence=Confidence.LIKELY, topics=frozenset({Topic.DOWN, Topic.RESTORED, Topic.CORRECTION})
            ),
        ),
        Audience("patient", (place("webhook:one"),), SubscriptionFilter(for_at_least=timedelta(minutes=2))),
        Audience(
            "boss",
            (place("discord:two"),),
            escalations=(Escalation(timedelta(minutes=3), (place("telegram:all"), place("email:boss"))),),
        ),
        Audience(
            "sleeper", (place("slack:two"),), SubscriptionFilter(), style=Style("en", "Europe/Madrid"), quiet=quiet
        ),
    )
    return tuple(one for one in found if one.name in script.readers)


def admins(script: Script, at: float = 0.0) -> Audience | None:
    wish = SubscriptionFilter(tuple(map(delivering, KINDS)), frozenset(Topic) - {Topic.CORRECTION})
    there = tuple(one for one in (place("email:admin"), place("telegram:admin")) if one.kind in opened(script, at))
    return Audience(ADMINS, there, wish) if there and "admins" in script.readers else None


CHAT = SubscriptionFilter(("s0",), confidence=Confidence.LIKELY)
CHAT_SETTINGS = PlaceSettings("es", "America/New_York")
