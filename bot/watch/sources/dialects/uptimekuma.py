"""Uptime Kuma: the monitors of a page, and their heartbeats.

Format: https://github.com/louislam/uptime-kuma/wiki/Internal-API. People write nothing on such a page but pinned
notices; its state follows from the last heartbeats, one monitor of many being "partly" down, as on the page itself.
"""

from __future__ import annotations

import re
from datetime import datetime
from itertools import islice
from typing import Annotated, Any
from urllib.parse import urlsplit

from bot.model import Health, Planned, SourceReport
from bot.watch.sources.dialects.base import (
    EVENTS,
    Asked,
    Dialect,
    Event,
    Page,
    Part,
    Wire,
    clean,
    key,
    loads,
    several,
    understood,
    word,
)
from bot.watch.sources.dialects.dates import folded, instant
from bot.watch.sources.dialects.feed_stage import titled
from bot.watch.sources.dialects.stage_words import Label

_SLUG = re.compile(r"(?P<base>.*?)/(?:status|api/status-page)/(?P<slug>[^/]+)/?")
_DEFAULT = "default"  # the slug of a page at the root
_MONITORS, _BEATS = 500, 100  # limits: monitors, and heartbeats of each
_SLOTS = 10  # of one maintenance: the first counts
_DOWN, _UP, _PENDING, _MAINTENANCE = 0, 1, 2, 3
_LEVELS = {
    _DOWN: (Health.DOWN, "down"),
    _UP: (Health.UP, "up"),
    _PENDING: (Health.DEGRADED, "pending"),
    _MAINTENANCE: (Health.UP, "maintenance"),
}
_ALARMING = frozenset({"danger", "warning"})  # styles of a notice


class _Monitor(Wire):
    id: Any = None
    name: str


class _Group(Wire):
    monitorList: Annotated[list[_Monitor], several(lambda: _Monitor, _MONITORS)] = []  # noqa: N815 - theirs


class _Notice(Wire):
    title: str = ""
    style: str = ""
    createdDate: Any = None  # noqa: N815 - theirs

    @property
    def over(self) -> bool:
        """A notice has no state: people write it into the title, and leave it pinned."""
        return titled(folded(self.title)) is Label.OVER

    def event(self) -> Event:
        health = Health.DEGRADED if self.style in _ALARMING else Health.UP
        return Event(self.title, health, instant(self.createdDate))


class _Slot(Wire):
    startDate: Any = None  # noqa: N815 - theirs
    endDate: Any = None  # noqa: N815 - theirs


class _Maintenance(Wire):
    id: Any = None
    title: str = ""
    status: str = ""
    timezoneOffset: Any = None  # noqa: N815 - theirs
    timeslotList: Annotated[list[_Slot], several(lambda: _Slot, _SLOTS)] = []  # noqa: N815 - theirs

    def planned(self) -> Planned | None:
        slot = next((one for one in self.timeslotList if one.startDate), _Slot())
        begins, ends = self._moment(slot.startDate), self._moment(slot.endDate)
        if begins is None or (ends is not None and ends <= begins):
            return None
        return Planned(clean(self.title), begins, ends, "", key(self.id))

    def _moment(self, stamp: object) -> datetime | None:
        """An instant; dates without a zone are in the page's own ("+02:00")."""
        offset = self.timezoneOffset if isinstance(self.timezoneOffset, str) else ""
        return (instant(f"{stamp}{offset}") if isinstance(stamp, str) else None) or instant(stamp)


class _Page(Wire):
    publicGroupList: Annotated[list[_Group], several(lambda: _Group, _MONITORS)]  # noqa: N815 - theirs
    incident: _Notice | None = None  # in version 1 ...
    incidents: Annotated[list[_Notice], several(lambda: _Notice, EVENTS)] = []  # ... in version 2
    maintenanceList: Annotated[list[_Maintenance], several(lambda: _Maintenance, EVENTS)] = []  # noqa: N815 - theirs


class _Beat(Wire):
    status: int
    time: Any = None


class _Beats(Wire):
    heartbeatList: dict[str, Any]  # noqa: N815 - theirs

    def of(self, monitor: _Monitor) -> list[_Beat]:
        """The newest heartbeats, the newest last, as they usually stand; 0 fills gaps."""
        listed = self.heartbeatList.get(key(monitor.id))
        if not isinstance(listed, list):
            return []
        first, last = (
            instant(one.get("time")) if isinstance(one, dict) else None for one in (listed[:1] + listed[-1:] or [0, 0])
        )
        newest = listed[:_BEATS][::-1] if first and last and first > last else listed[-_BEATS:]
        return understood([one for one in newest if isinstance(one, dict)], _Beat, _BEATS)


def where(url: str) -> tuple[str, ...]:
    """.../status/<slug>, or the root of a page on a domain of its own; none for other addresses."""
    address = urlsplit(url)
    found = _SLUG.fullmatch(address.path)
    if found is None and address.path.strip("/"):
        return ()
    base, slug = (found["base"], found["slug"]) if found else ("", _DEFAULT)
    paths = (f"{base}/api/status-page/{slug}", f"{base}/api/status-page/heartbeat/{slug}")
    return tuple(address._replace(path=path, query="", fragment="").geturl() for path in paths)


def parse(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`."""
    shown = _Page.model_validate(loads(bodies[0]))
    beats = _Beats.model_validate(loads(bodies[1]))
    listed = islice((one for group in shown.publicGroupList for one in group.monitorList), _MONITORS)
    once = {key(one.id) or n: one for n, one in enumerate(listed)}.values()
    monitors = [(one, beats.of(one)) for one in once]
    parts = tuple(_part(monitor, of) for monitor, of in monitors)
    pinned = (*shown.incidents, *((shown.incident,) if shown.incident else ()))
    notices = [notice.event() for notice in pinned if not notice.over]
    outages = [outage for monitor, of in monitors if (outage := _outage(monitor, of))]
    if not any(part.health is not None for part in parts) and not pinned:
        raise ValueError("it says nothing of any monitor")
    page = Page(
        parts=parts,
        events=(*notices, *outages),
        planned=tuple(found for one in shown.maintenanceList if (found := one.planned())),
        in_maintenance=any(one.status == "under-maintenance" for one in shown.maintenanceList),
        home=_home(asked.url),
    )
    return word(page, asked)


def _part(monitor: _Monitor, beats: list[_Beat]) -> Part:
    health, state = _LEVELS.get(beats[-1].status, (None, "")) if beats else (None, "")
    return Part(monitor.name, health, state)


def _outage(monitor: _Monitor, beats: list[_Beat]) -> Event | None:
    """A monitor's outage, with its start; None if it is up, or down for longer than the heartbeats reach back."""
    first = next((n for n in range(len(beats), 0, -1) if beats[n - 1].status != _DOWN), len(beats))
    if first == len(beats):
        return None
    # Its part tells that it is down: one of many is not the whole service.
    return Event(f"{monitor.name}: down", Health.DEGRADED, instant(beats[first].time), "", (monitor.name,))


def _home(url: str) -> str:
    """The address for people, not the machine-readable one."""
    return url.replace("/api/status-page/", "/status/")


DIALECT = Dialect("uptimekuma", where, parse)
