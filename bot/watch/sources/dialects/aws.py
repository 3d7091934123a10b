"""Amazon Web Services: the page of public events, and `data.json` of the older page.

Format: https://health.aws.amazon.com/public/currentevents: a JSON list in UTF-16; events stay for some hours after
their end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import ValidationError

from bot.model import Health, SourceReport
from bot.watch.sources.dialects.base import (
    EVENTS,
    LONGEST_TEXT,
    TOUCHED,
    Asked,
    Dialect,
    Event,
    Wire,
    loads,
    reported,
    understood,
    wanted,
)
from bot.watch.sources.dialects.dates import folded, instant
from bot.watch.sources.dialects.feed_stage import titled
from bot.watch.sources.dialects.stage_words import Label

_CAP = 8 * 1024 * 1024  # bytes, two per character: a large event has texts on 150 services
_EVENTS = "/public/currentevents"
_HOSTS = frozenset({"health.aws.amazon.com", "status.aws.amazon.com"})
_REGION = re.compile(r"-([a-z]{2}(?:-[a-z]{1,12}){1,3}-\d{1,3})")  # of "ec2-us-gov-west-1", at its end
_LONGEST_REGION = 40  # characters: the pattern is tried on no more
_MOST_IMPACTED = 500  # services of one event: a large one names 150
_WELL = "0"  # other statuses: 1 informational, 2 degraded, 3 disrupted


class _Place(NamedTuple):
    """A service in a region. `id` is AWS' name for both, "ec2-us-east-1"; a global service has no region."""

    id: str
    name: str
    region: str
    region_name: str

    @property
    def shown(self) -> str:
        """Such as "Amazon Elastic Compute Cloud (N. Virginia)"; on the older page the name includes the region."""
        return f"{self.name} ({self.region_name})" if self.region_name else self.name

    def among(self, cared: frozenset[str]) -> bool:
        own = _region(self.id)
        service = self.id.removesuffix(f"-{own}") if own else self.id
        called = (self.id, service, self.region, self.name, self.region_name, self.shown)
        return any(name.casefold() in cared for name in called if name)


class _Impacted(Wire):
    service_name: str
    current: str | int


class _Event(Wire):
    summary: str
    service: str
    service_name: str
    status: str | int
    date: Any = None
    end_time: Any = None
    region_name: str = ""
    arn: str = ""
    impacted_services: dict[str, Any] = {}

    @property
    def over(self) -> bool:
        return str(self.status) == _WELL or bool(self.end_time) or titled(folded(self.summary)) is Label.OVER

    @property
    def place(self) -> _Place:
        return self._place(self.service, self.service_name)

    def _place(self, service: str, name: str) -> _Place:
        region = _region(service) or (self.arn.split(":", 4) + [""] * 4)[3]
        return _Place(service, name, region, self.region_name)

    def about(self, cared: frozenset[str]) -> Event | None:
        """The event, None if it concerns no service in `cared`.

        Never `DOWN`: a disruption concerns one of hundreds of services, in one region, for some customers.
        """
        whole = self.place
        places = [whole] if not cared or whole.among(cared) else [one for one in self._impacted() if one.among(cared)]
        if not places:
            return None
        shown = tuple(one.shown for one in places[:TOUCHED])
        return Event(f"{whole.shown}: {self.summary}", Health.DEGRADED, instant(self.date), parts=shown)

    def _impacted(self) -> Iterator[_Place]:
        for service, said in islice(self.impacted_services.items(), _MOST_IMPACTED):
            if (one := _impacted(said)) is not None and str(one.current) != _WELL:
                yield self._place(service[:LONGEST_TEXT], one.service_name)


def where(url: str) -> tuple[str, ...]:
    """As in `base.Dialect`. There is one such page; other addresses must end like its own."""
    parts = urlsplit(url)
    if parts.path.endswith((_EVENTS, "/data.json")):
        return (url,)
    return (f"https://health.aws.amazon.com{_EVENTS}",) if parts.hostname in _HOSTS else ()


def parse(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`."""
    found = loads(bodies[0])
    listed = found.get("current") if isinstance(found, dict) else found
    if not isinstance(listed, list):
        raise ValueError("no list of events")  # noqa: TRY004 - invalid input is a ValueError
    cared = wanted(asked)
    events = understood(listed, _Event, EVENTS)
    return reported((one for event in events if not event.over and (one := event.about(cared))), asked)


def _region(service: str) -> str:
    """The region at the end of a service's id; "" if there is none."""
    tail = service[-_LONGEST_REGION:]
    found = next((own for at in range(len(tail)) if tail[at] == "-" and (own := _REGION.fullmatch(tail, at))), None)
    return found[1] if found else ""


def _impacted(said: object) -> _Impacted | None:
    try:
        return _Impacted.model_validate(said)
    except ValidationError:
        return None


DIALECT = Dialect("aws", where, parse, cap=_CAP)
