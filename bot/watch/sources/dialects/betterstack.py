"""Better Stack (Better Uptime): a page's `index.json`, in the form of JSON:API.

Format: https://betterstack.com/docs/uptime/status-pages/subscribing-to-status-updates/subscribing-to-api/. A report
that is over often has no `ends_at`: its state, its last update and the page's own state decide.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import model_validator

from bot.model import Health, Planned, SourceReport
from bot.watch.sources.dialects.base import (
    EVENTS,
    PARTS,
    TOUCHED,
    Asked,
    Dialect,
    Event,
    Page,
    Part,
    Wire,
    clean,
    either_end,
    key,
    link,
    loads,
    several,
    tempered,
    understood,
    word,
)
from bot.watch.sources.dialects.dates import instant
from bot.watch.sources.dialects.stage_words import Label, stage

_PATH = "/index.json"
_LEVELS = {  # of the page, of a resource, of a report, and of a resource in a report
    "operational": Health.UP,
    "resolved": Health.UP,
    "maintenance": Health.UP,
    "degraded": Health.DEGRADED,
    "downtime": Health.DOWN,
}
_MOST = {"status_page_resource": PARTS, "status_report": EVENTS, "status_update": PARTS}
_MAINTENANCE = "maintenance"
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class _About(Wire):
    aggregate_state: str
    custom_domain: Any = None


class _Whole(Wire):
    attributes: _About


class _Affected(Wire):
    status_page_resource_id: Any = None
    status: str = ""


class _Reference(Wire):
    id: Any = None


class _References(Wire):
    data: Annotated[list[_Reference], either_end(lambda: _Reference)] = []


class _Relationships(Wire):
    status_updates: _References = _References()


class _Attributes(Wire):
    """The fields of a resource, a report or an update."""

    public_name: str = ""
    status: str = ""
    title: str = ""
    report_type: str = ""
    aggregate_state: str = ""
    starts_at: Any = None
    ends_at: Any = None
    published_at: Any = None
    affected_resources: Annotated[list[_Affected], several(lambda: _Affected, TOUCHED)] = []


class _Item(Wire):
    id: Any = None
    type: str = ""
    attributes: _Attributes = _Attributes()
    relationships: _Relationships = _Relationships()

    def affected(self, known: dict[str, _Item]) -> list[_Affected]:
        """The resources named by the newest update that names any, else by the report itself."""
        own = [known[id_] for one in self.relationships.status_updates.data if (id_ := key(one.id)) in known]
        told = [one for one in own if one.attributes.affected_resources]
        newest = max(told, key=lambda one: instant(one.attributes.published_at) or _EARLIEST, default=self)
        return newest.attributes.affected_resources

    def health(self, affected: list[_Affected]) -> Health:
        said = [_LEVELS.get(one.status, Health.DEGRADED) for one in affected]
        return max(said) if said else _LEVELS.get(self.attributes.aggregate_state, Health.DEGRADED)

    def planned(self, page: str) -> Planned | None:
        begins, ends = instant(self.attributes.starts_at), instant(self.attributes.ends_at)
        if begins is None or (ends is not None and ends <= begins):
            return None
        return Planned(clean(self.attributes.title), begins, ends, page, key(self.id))


class _Index(Wire):
    data: _Whole
    included: list[Any] = []

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, data: Any) -> Any:
        """Some pages have everything in one list, and no overall state: that becomes the state of the worst open
        report.
        """
        if not isinstance(data, dict) or not isinstance(listed := data.get("data"), list):
            return data
        items = [one for one in listed if isinstance(one, dict) and isinstance(one.get("attributes"), dict)]
        if not any(one.get("type") == "status_page_resource" for one in items):
            return data  # a list of another vendor
        said = [one["attributes"] for one in items if one.get("type") == "status_report"]
        states = [str(one.get("aggregate_state")) for one in said if not one.get("ends_at")]
        worst = max(
            (state for state in states if state in _LEVELS), key=lambda state: _LEVELS[state], default="operational"
        )
        return {"data": {"attributes": {"aggregate_state": worst}}, "included": listed}

    def of(self, kind: str) -> dict[str, _Item]:
        """The included items of one kind by id, up to a limit."""
        items = (one for one in self.included if isinstance(one, dict) and one.get("type") == kind)
        return {key(one.id): one for one in understood(list(islice(items, _MOST[kind])), _Item, PARTS)}


def where(url: str) -> tuple[str, ...]:
    """The page's address with index.json, unless it is there already."""
    address = urlsplit(url)
    if address.path.endswith(".json"):
        return (url,)
    return (address._replace(path=address.path.rstrip("/") + _PATH, query="", fragment="").geturl(),)


def parse(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`."""
    index = _Index.model_validate(loads(bodies[0]))
    stated = index.data.attributes.aggregate_state
    if stated not in _LEVELS:
        raise ValueError("a vocabulary we do not know")
    resources, written = index.of("status_page_resource"), index.of("status_update")
    parts = {id_: _part(one) for id_, one in resources.items()}
    home = link(_home(index.data.attributes.custom_domain, asked.url))
    events, planned, working = [], [], stated == _MAINTENANCE
    for report in index.of("status_report").values():
        affected = report.affected(written)
        if _over(report, affected, asked.now):
            continue
        if report.attributes.report_type == _MAINTENANCE:
            planned += [found] if (found := report.planned(home)) else []
            working = working or (instant(report.attributes.starts_at) or asked.now) <= asked.now
        elif _open(stated, affected, parts):
            parts |= _worsened(parts, affected)
            events.append(_event(report, affected, parts))
    shown = tuple(parts.values())
    page = Page(
        parts=shown,
        events=tuple(events),
        overall=tempered(_LEVELS[stated], shown),
        planned=tuple(planned),
        in_maintenance=working,
        home=home,
    )
    return word(page, asked)


def _part(resource: _Item) -> Part:
    state = resource.attributes.status
    return Part(resource.attributes.public_name, _LEVELS.get(state), state.replace("_", " "))


def _over(report: _Item, affected: list[_Affected], now: datetime) -> bool:
    ends = instant(report.attributes.ends_at)
    last, state = {one.status for one in affected}, report.attributes.aggregate_state
    return (
        (state != "operational" and stage(state) is Label.OVER)
        or last == {"resolved"}
        or (ends is not None and ends <= now)
    )


def _open(stated: str, affected: list[_Affected], parts: dict[str, Part]) -> bool:
    """Whether a report is open: not if the page and all its resources are operational, as then somebody forgot to
    close it.
    """
    named = [parts[id_].health for one in affected if (id_ := key(one.status_page_resource_id)) in parts]
    return stated != "operational" or any(health is not Health.UP for health in named)


def _worsened(parts: dict[str, Part], affected: list[_Affected]) -> dict[str, Part]:
    """The components whose state in the report is worse than their own."""
    found = {}
    for one in affected:
        part, health = parts.get(key(one.status_page_resource_id)), _LEVELS.get(one.status, Health.UP)
        if part is not None and health > (part.health or Health.UP):
            found[key(one.status_page_resource_id)] = Part(part.name, health, one.status)
    return found


def _event(report: _Item, affected: list[_Affected], parts: dict[str, Part]) -> Event:
    names = tuple(parts[id_].name for one in affected if (id_ := key(one.status_page_resource_id)) in parts)
    health = report.health(affected)
    if names:
        health = min(health, Health.DEGRADED)  # their own state tells whether they are down
    return Event(report.attributes.title, health, instant(report.attributes.starts_at), "", names)


def _home(domain: object, url: str) -> str:
    """The address for people, not the machine-readable one."""
    return f"https://{domain}/" if isinstance(domain, str) and domain else url.removesuffix(_PATH.removeprefix("/"))


DIALECT = Dialect("betterstack", where, parse)
