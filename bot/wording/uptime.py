"""Uptime: the share of observed time in which a service was not down, as all screens show it. Unobserved time never
counts as up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from bot.model import Availability, Overview, Service, Span, availability_of, blind_spans, calm, total
from bot.wording.times import MINUTE, Reader
from bot.wording.titles import name_of

LITTLE = 1000  # less than this fraction (one thousandth) of a period is not mentioned


class Uptime(NamedTuple):
    """Uptime of one service in a period."""

    service: str
    name: str
    share: float | None = None  # share of the observed time, from 0.0 to 1.0; None: never observed
    unknown: timedelta = timedelta()  # unobserved time since the first observation ...
    alone: timedelta = timedelta()  # ... and the part of it in which other services were observed
    since: datetime | None = None  # first observation, if later than the start of the period
    text: str = ""  # "99.87%"; empty if unknown
    whole: str = ""  # with the unknown part: "99.87% of the time we saw; 14 min unknown"
    brief: str = ""  # with the time it covers, if shorter than the period: "99.87% since 3:06 a.m."


def uptimes(overview: Overview, since: datetime, services: Sequence[str] = (), perfect: str = "") -> tuple[Uptime, ...]:
    """Uptime of these services, or all, without text. `perfect`: the text of those that were up all the time, as most."""
    period = since, overview.at
    blind = blind_spans(overview, period)
    chosen = [(service, state) for service, state in overview.services if not services or service.id in services]
    return tuple(
        _perfect(one[0].id, name_of(one[0]), perfect)
        if not blind and calm(*one, overview) and since < overview.at
        else figure(one[0], availability_of(*one, overview, period, blind))
        for one in chosen
    )


@lru_cache(maxsize=65536)
def _perfect(service: str, name: str, text: str) -> Uptime:
    return Uptime(service, name, 1.0, text=text, whole=text, brief=text)


def worded(found: Uptime, period: Span, to: Reader) -> Uptime:
    """Add the text, unless it has it. Time in which nothing was observed is mentioned elsewhere, once for all services."""
    if found.share is None or found.text:
        return found
    say, little, text = to.say.history, max((period[1] - period[0]) / LITTLE, MINUTE), to.percent(found.share)
    late = found.since is not None and found.since - period[0] >= little
    facts = {
        "percent": text,
        "since": to.since(found.since)[-1] if found.since else "",
        "length": to.duration(found.alone),
    }
    if found.alone >= little:
        whole = (say.of_time_seen_since if late else say.of_time_seen).format(**facts)
    else:
        whole = say.since.format(**facts) if late else text
    return found._replace(text=text, whole=whole, brief=say.since.format(**facts) if late else text)


def figure(service: Service, seen: Availability) -> Uptime:
    """Uptime without text. Only confirmed outages count, and only in observed time."""
    if seen.share is None:
        return Uptime(service.id, name_of(service))
    return Uptime(service.id, name_of(service), seen.share, total(seen.unknown), total(seen.alone), seen.first)
