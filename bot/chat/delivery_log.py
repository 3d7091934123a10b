"""What is asked about incidents that were, and whether they were told: pure. Which one is meant, and drills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot import wording
from bot.model import (
    DRILL,
    OURSELVES,
    Audience,
    Delivery,
    DeliveryAction,
    Destination,
    NotNotifiedReason,
    Overview,
    Trail,
)
from bot.notify import routing

RECENT = timedelta(days=30)
FAR = 366  # days
OF_AN_INCIDENT = frozenset({"delivery", "why"})


def back(text: str) -> timedelta:
    """How far an ask looks back: "history x 90" says so itself."""
    name, *words = text.split() or [""]
    return days(tuple(words))[1] if name.casefold() == "history" else RECENT


def days(words: Sequence[str]) -> tuple[tuple[str, ...], timedelta]:
    """What is left of the words without a number of days at their end, and that."""
    *rest, last = words or ("",)
    if last.isascii() and last.isdigit() and int(last[:9]):
        return tuple(rest), timedelta(days=min(int(last[:9]), FAR))
    return tuple(words), RECENT


def looked_back_at(text: str, overview: Overview) -> str:
    """The service that an ask for history is about; empty for none."""
    name, *words = text.split() or [""]
    said = " ".join(days(tuple(words))[0]).casefold()
    known = (s for s, _ in overview.services) if name.casefold() == "history" else ()
    return next((s.id for s in known if said in {s.id.casefold(), s.name.casefold()}), "")


def incident(text: str, overview: Overview) -> str:
    """The incident that an ask is about, as the store knows it: "x#17", a service's key for its newest, or the newest of
    all; empty for an ask about none.
    """
    name, *words = text.split() or [""]
    if name.casefold() not in OF_AN_INCIDENT:
        return ""
    said = " ".join(words)
    if not said:
        return next((i.id for i in overview.recent if i.service != OURSELVES), "")
    key, mark, number = said.casefold().partition("#")
    found = next((s.id for s, _ in overview.services if key.strip() in {s.id.casefold(), s.name.casefold()}), key)
    return f"{found}{mark}{number}"


def reasons(trail: Trail, place: Destination, overview: Overview) -> tuple[tuple[Audience, NotNotifiedReason], ...]:
    """Why no message of an incident was meant for `place`."""
    about = trail.incident
    if about is None:
        return ()
    held = next((s for s in overview.subscriptions if s.destination == place), None)
    mute = next((state.mute for service, state in overview.services if service.id == about.service), None)
    muted = mute is not None and mute.at <= (about.until or overview.at) and mute.until > about.since
    until = about.until or overview.at
    planned = any(w.concerns(about.service) and w.since <= until and not w.over(about.since) for w in overview.windows)
    return routing.unheard(about, place, trail.readers, held, muted=muted, planned=planned)


def drill(audiences: Sequence[Audience], at: datetime) -> tuple[Delivery, ...]:
    """A marked test notice to every place of these audiences, each once, every rung."""
    thread = f"{DRILL}#{at:%Y%m%dT%H%M%S}"
    found: dict[Destination, Delivery] = {}
    for audience in audiences:
        notice = wording.test_notice(audience.name, audience.filter.style, at)
        notice = replace(notice, thread=thread, key=f"{thread}/1")
        for place in audience.destinations:
            found.setdefault(
                place, Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, audience.name)
            )
    return tuple(found.values())
