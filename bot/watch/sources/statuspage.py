"""The official status page, where it is Atlassian's Statuspage or speaks its `summary.json` as incident.io's pages do.

Format: https://www.atlassian.com/software/statuspage (API v2, "summary"). incident.io's look-alike has no `incidents`.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from bot.contracts import Net, Trouble
from bot.model import Health, Role, Word, length

NAME = "Official status page"
CAP = 1024 * 1024  # bytes
LONGEST_HEADLINE = 140  # characters
LONGEST_LINK = 500
REDIRECTS = 5
LONGEST_TIMEOUT = timedelta(seconds=30)

_SUMMARY = "/api/v2/summary.json"
_OVER = frozenset({"resolved", "postmortem", "completed"})
_UNDER_WAY = frozenset({"in_progress", "verifying"})
_MAINTENANCE = "under_maintenance"
_INDICATED = {  # of the page, and the impact of an incident
    "none": Health.UP,
    "maintenance": Health.UP,  # what was announced is no outage
    "minor": Health.DEGRADED,
    "major": Health.DEGRADED,
    "critical": Health.DOWN,
}
_COMPONENT = {
    "operational": Health.UP,
    _MAINTENANCE: Health.UP,
    "degraded_performance": Health.DEGRADED,
    "partial_outage": Health.DEGRADED,
    "major_outage": Health.DOWN,
    "full_outage": Health.DOWN,  # incident.io's own word
}
_TAG = re.compile(r"<!--.*?-->|<[/!?@#]*[A-Za-z][^<>]*>", re.DOTALL)


def _as_length(value: Any) -> Any:
    return length(value) if isinstance(value, str) else value


_Length = Annotated[timedelta, BeforeValidator(_as_length, json_schema_input_type=str)]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)  # strict: where a word became a number, nothing is understood

    @model_validator(mode="before")
    @classmethod
    def _null_is_absence(cls, data: Any) -> Any:
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data


class _Status(_Wire):
    indicator: str
    description: str = ""


class _Component(_Wire):
    name: str
    status: str
    group: bool = False

    @property
    def health(self) -> Health | None:
        return _COMPONENT.get(self.status)


class _Incident(_Wire):
    name: str
    status: str
    impact: str = "none"
    shortlink: Any = None  # not worth a page's whole word
    created_at: Any = None
    components: list[_Component] = []

    @property
    def created(self) -> datetime:
        try:
            instant = datetime.fromisoformat(self.created_at)
        except (TypeError, ValueError):
            return datetime.min.replace(tzinfo=UTC)
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


class _Home(_Wire):
    url: Any = None


class _Summary(_Wire):
    status: _Status
    page: _Home = _Home()
    components: list[_Component] = []
    incidents: list[_Incident] = []
    scheduled_maintenances: list[_Incident] = []

    @property
    def open(self) -> list[_Incident]:
        """Newest first."""
        unresolved = [one for one in self.incidents if one.status not in _OVER and one.impact != "maintenance"]
        return sorted(unresolved, key=lambda one: one.created, reverse=True)

    @property
    def in_maintenance(self) -> bool:
        announced = any(one.status in _UNDER_WAY for one in self.scheduled_maintenances)
        return announced or any(one.status == _MAINTENANCE for one in self.components)


class StatuspageSource(BaseModel):
    """`url`: the page's address, or that of its summary. `components`: the names to care for; none: the whole page."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    role: ClassVar[Role] = Role.OFFICIAL

    kind: Literal["statuspage"] = "statuspage"
    url: str
    components: tuple[str, ...] = ()
    timeout: Annotated[_Length, Field(gt=timedelta(0), le=LONGEST_TIMEOUT)] = timedelta(seconds=10)

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        if not _link(url):
            raise ValueError("expected the address of a status page, such as https://status.example.org/")
        return url

    @property
    def summary(self) -> str:
        """Where the page says it to machines."""
        parts = urlsplit(self.url)
        if parts.path.endswith(".json"):
            return self.url
        return parts._replace(path=parts.path.rstrip("/") + _SUMMARY, query="", fragment="").geturl()

    async def read(self, net: Net, now: datetime) -> Word:
        try:
            request = net.prepare("GET", self.summary, {"accept": "application/json"})
        except ValueError:
            return _silence(now)
        answer = await net.fetch(request, timeout=self.timeout, cap=CAP, redirects=REDIRECTS, fresh=False)
        if isinstance(answer, Trouble) or answer.status != 200 or answer.cut:
            return _silence(now)
        return parse(answer.body, self.url, self.components, now)


def parse(body: bytes, url: str, components: tuple[str, ...], now: datetime) -> Word:
    """What a `summary.json` means for those who care for `components`. What is not understood says None; raises nothing."""
    if len(body) > CAP:
        return _silence(now)
    try:
        summary = _Summary.model_validate(json.loads(body))
    except (ValueError, RecursionError):  # pydantic's, json's and the codecs' errors are ValueErrors
        return _silence(now)
    cared = _cared_for(summary, components)
    if summary.status.indicator not in _INDICATED or (components and not cared):
        return _silence(now)  # a vocabulary we do not know, or components that the page no longer shows
    incidents = [one for one in summary.open if _concerns(one, cared, narrowed=bool(components))]
    says = _worst(summary, cared, incidents, narrowed=bool(components))
    home = _link(summary.page.url) or _link(url)
    link = (_link(incidents[0].shortlink) if incidents else "") or home
    return Word(Role.OFFICIAL, NAME, says, _headline(summary, cared, incidents, says), link, now)


def _silence(now: datetime) -> Word:
    return Word(Role.OFFICIAL, NAME, None, at=now)


def _cared_for(summary: _Summary, components: tuple[str, ...]) -> list[_Component]:
    """Those whose state we understand; a name may stand in several groups."""
    wanted = {name.strip().casefold() for name in components}
    known = [one for one in summary.components if one.health is not None]
    return [one for one in known if one.name.strip().casefold() in wanted] if wanted else known


def _concerns(incident: _Incident, cared: list[_Component], *, narrowed: bool) -> bool:
    """An incident that names no component is about the page as a whole."""
    names = {one.name for one in cared}
    return not narrowed or not incident.components or any(one.name in names for one in incident.components)


def _worst(summary: _Summary, cared: list[_Component], incidents: list[_Incident], *, narrowed: bool) -> Health:
    levels = [one.impact for one in incidents]
    troubled = max((one.health or Health.UP for one in cared), default=Health.UP)
    planned = summary.in_maintenance and not incidents and troubled is Health.UP
    if not narrowed and not planned:  # the page's indicator counts announced work as trouble
        levels.append(summary.status.indicator)
    if troubled is Health.DOWN and not narrowed and "major" not in levels:
        troubled = Health.DEGRADED  # one component of a page that does not call it major is not the whole service
    return max([troubled, *(_INDICATED.get(level, Health.DEGRADED) for level in levels)])


def _headline(summary: _Summary, cared: list[_Component], incidents: list[_Incident], says: Health) -> str:
    """Their newest incident, else the worst component, else the page's own line; empty when nothing is reported."""
    if incidents:
        return _clean(incidents[0].name) or _clean(summary.status.description)
    if says is Health.UP:
        return ""
    worst = max(cared, key=lambda one: one.health or Health.UP, default=None)
    if worst is not None and worst.health is not Health.UP:
        return _clean(f"{worst.name}: {worst.status.replace('_', ' ')}")
    return _clean(summary.status.description)


def _clean(text: str) -> str:
    """Plain text of one line: no tags, no control, invisible or direction-changing characters, at most 140 characters."""
    bare = _TAG.sub("", html.unescape(text))
    seen = "".join(" " if char.isspace() else char for char in bare if char.isspace() or _visible(char))
    line = " ".join(seen.split())
    return line if len(line) <= LONGEST_HEADLINE else line[: LONGEST_HEADLINE - 1].rstrip() + "…"


def _visible(char: str) -> bool:
    return unicodedata.category(char)[0] != "C"


def _link(url: object) -> str:
    """The address itself if it can be shown to people, else nothing. One with a password in it cannot."""
    if not isinstance(url, str) or len(url) > LONGEST_LINK or not all(_visible(char) and char != " " for char in url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc else ""
