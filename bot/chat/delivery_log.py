"""The commands about past incidents and who was notified of them: which incident, for how long, why not. Pure."""

from __future__ import annotations

from datetime import timedelta

from bot.chat import times
from bot.chat.context import RECENT, CommandContext
from bot.model import (
    Audience,
    Destination,
    NotNotifiedReason,
    Overview,
    Trail,
)
from bot.notify import routing

MOST_DAYS = 366
DAY = timedelta(days=1)


def days(words: tuple[str, ...]) -> tuple[tuple[str, ...], timedelta]:
    """Split a number of days, or another length of time ("7d", "2 days"), off the end of the words: the words left, and
    the period in whole days.
    """
    *rest, last = words or ("",)
    if last.isascii() and last.isdigit():
        return tuple(rest), _whole(timedelta(days=int(last[:9])))
    for count in (2, 1):
        found = times.taken(words[-count:]) if len(words) >= count else None
        if found and not found[1]:
            return words[:-count], _whole(found[0])
    return words, RECENT


def _whole(span: timedelta) -> timedelta:
    return timedelta(days=min(max(-(-span // DAY), 1), MOST_DAYS))


def incident(context: CommandContext) -> str:
    """The incident that is asked about, as the store finds it: "x#17", or "x" for a service's newest. Empty where none is
    named: the newest of all.
    """
    key, mark, number = context.phrase.casefold().partition("#")
    services = (s for s, _ in context.overview.services)
    found = next((s.id for s in services if key.strip() in {s.id.casefold(), s.name.casefold()}), key)
    return f"{found}{mark}{number}"


def reasons(trail: Trail, place: Destination, overview: Overview) -> tuple[tuple[Audience, NotNotifiedReason], ...]:
    """Why no message of an incident was meant for `place`, by audience; empty for a drill."""
    about = trail.incident
    if about is None:
        return ()
    subscription = next((s for s in overview.subscriptions if s.destination == place), None)
    mute = next((state.mute for service, state in overview.services if service.id == about.service), None)
    muted = mute is not None and mute.at <= (about.until or overview.at) and mute.until > about.since
    until = about.until or overview.at
    planned = any(w.concerns(about.service) and w.since <= until and not w.over(about.since) for w in overview.windows)
    return routing.unheard(about, place, trail.readers, subscription, muted=muted, planned=planned)
