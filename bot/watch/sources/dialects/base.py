"""The common part of all dialects: the query, the page's contents, and turning them into a report.

Components may be nested: a container of a component, a product of a zone.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from bot.model import Health, Planned, Role, SourceReport, bare_address, visible

NAME = "Official status page"
CAP = 1024 * 1024  # bytes of one answer
LONGEST_HEADLINE = 140  # characters
LONGEST_TEXT = 2000  # longer text is cut before anything else
LONGEST_LINK = 500
LONGEST_KEY = 200
MOST_COMPONENTS = 12
MOST_PLANNED = 10
# How many entries of a page's lists are looked at: lists may be endless, and entries are compared with each other.
PARTS = 1000
EVENTS = 200
TOUCHED = 100  # components named by one event
UPDATES = 10  # of one event, at either end of their list: the newest stands first or last
FORGOTTEN = timedelta(days=14)  # open and silent for so long: its page forgot to close it, as many do
SKEW = timedelta(minutes=5)  # a page's clock may be this far ahead of ours ...
WRONG_ZONE = timedelta(hours=14)  # ... and this far if it writes times in a zone that it does not name

_TAG = re.compile(r"<[/!?@#]*[A-Za-z][^<>]*>")
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query to a page. `components`: the names to look at; none: the whole page.

    `dated`: events without a date are ignored, having been there for too long.
    """

    url: str
    components: tuple[str, ...]
    now: datetime
    dated: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """The machine-readable format of one kind of status page.

    `where`: the addresses to fetch, given the page's own; none: the page cannot be of this dialect. `parse`: turns
    their bodies, in that order, into a report. It raises only ValueError or RecursionError, for input that it does not
    understand: that is silence, never an outage.
    """

    kind: str
    where: Callable[[str], tuple[str, ...]]
    parse: Callable[[tuple[bytes, ...], Asked], SourceReport]
    accept: str = "application/json"
    cap: int = CAP


@dataclass(frozen=True, slots=True)
class Part:
    """A component of the page and its health; None: its state is unknown to us."""

    name: str
    health: Health | None
    state: str = ""  # in the page's own words ("degraded performance")


@dataclass(frozen=True, slots=True)
class Event:
    """An open, unplanned incident of the page. Without `parts` it concerns the whole page."""

    name: str
    health: Health
    since: datetime | None = None
    link: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """The contents of a page at one moment."""

    parts: tuple[Part, ...] = ()
    events: tuple[Event, ...] = ()
    overall: Health | None = None  # the page's own overall state
    line: str = ""  # ... and its text
    grave: bool = False  # the page calls its trouble major: then one component that is down takes the service down
    planned: tuple[Planned, ...] = ()
    in_maintenance: bool = False  # announced work is under way and explains the overall state
    home: str = ""


class NotShownError(ValueError):
    """The page is understood, but shows none of the wanted components."""


class Wire(BaseModel):
    """Base of validated input. Strict: a type that has changed is not understood."""

    model_config = ConfigDict(defer_build=True, frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _as_far_as_it_counts(cls, data: Any) -> Any:
        """Keep declared fields only, cut long texts, and drop nulls."""
        if not isinstance(data, dict):
            return data
        said = ((name, data.get(name)) for name in _declared(cls))
        return {
            name: value[:LONGEST_TEXT] if isinstance(value, str) else value for name, value in said if value is not None
        }


@cache
def _declared(model: type[Wire]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


Item = TypeVar("Item", bound=Wire)


def understood(listed: object, model: type[Item], most: int) -> list[Item]:
    """The valid ones among the first `most`: a garbled entry does not silence the others.

    Raise ValueError if it is not a list, or if all of several are invalid.
    """
    if not isinstance(listed, list):
        raise ValueError("no list")  # noqa: TRY004 - invalid input is a ValueError
    found = []
    for one in listed[:most]:
        try:
            found.append(model.model_validate(one))
        except ValidationError:
            continue
    if not found and len(listed) > 1:
        raise ValueError("nothing in the list is understood")
    return found


def several(model: Callable[[], type[Wire]], most: int) -> BeforeValidator:
    """A validator to annotate a list with; see `understood`."""
    return BeforeValidator(lambda listed: understood(listed, model(), most))


def either_end(model: Callable[[], type[Wire]]) -> BeforeValidator:
    """A validator to annotate the updates of an event with: keeps the valid ones among those at either end."""

    def found(listed: object) -> list[Wire]:
        many = isinstance(listed, list) and len(listed) > 2 * UPDATES
        return understood([*listed[:UPDATES], *listed[-UPDATES:]] if many else listed, model(), 2 * UPDATES)  # type: ignore[index]

    return BeforeValidator(found)


def texts(most: int) -> BeforeValidator:
    """A validator to annotate a list of texts with: keeps the texts among the first `most`."""

    def found(listed: Any) -> Any:
        if not isinstance(listed, list):
            return listed
        return [one[:LONGEST_TEXT] for one in listed[:most] if isinstance(one, str)]

    return BeforeValidator(found)


def named(listed: object) -> tuple[str, ...]:
    """The names of the objects in a list; those without one are skipped."""
    found = listed[:TOUCHED] if isinstance(listed, list) else []
    names = (one.get("name") if isinstance(one, dict) else None for one in found)
    return tuple(name[:LONGEST_TEXT] for name in names if isinstance(name, str))


def loads(body: bytes) -> Any:
    """Parse JSON in any UTF encoding. Raise ValueError or RecursionError if it is none."""
    return json.loads(body)


def silence(now: datetime) -> SourceReport:
    return SourceReport(Role.OFFICIAL, NAME, None, at=now)


def word(page: Page, asked: Asked) -> SourceReport:
    """The report for the wanted `asked.components`. Raise NotShownError if the page shows none of them."""
    cared = _cared_for(page, asked.components)
    narrowed = bool(asked.components)
    if narrowed and not cared:
        raise NotShownError("the page shows none of the components")
    known = {part.name for part in cared}
    events = sorted(
        (
            found
            for event in page.events
            if (found := _of_the_past(event, asked.now)) and (not narrowed or _concerns(found, known))
        ),
        key=lambda event: event.since or _EARLIEST,
        reverse=True,
    )
    says = _worst(page, cared, events, narrowed=narrowed)
    home = link(page.home) or link(bare_address(asked.url))
    return SourceReport(
        Role.OFFICIAL,
        NAME,
        says,
        _headline(page, cared, events, says),
        (link(events[0].link) if events else "") or home,
        asked.now,
        since=events[0].since if events else None,
        components=() if says is Health.UP else _affected(cared, events),
        planned=tuple(one for one in page.planned if _touches(one, page, known, narrowed=narrowed))[:MOST_PLANNED],
    )


def _of_the_past(event: Event, now: datetime) -> Event | None:
    """Correct a start in the future: within `SKEW` it becomes now, within `WRONG_ZONE` unknown. What begins later than
    that has not begun: None.
    """
    if event.since is None or event.since <= now:
        return event
    if event.since - now > WRONG_ZONE:
        return None
    return replace(event, since=now if event.since - now <= SKEW else None)


def tempered(health: Health, parts: Iterable[Part]) -> Health:
    """At most DEGRADED while some component is known not to be down: a page goes by its worst one."""
    partly = any(part.health not in {None, Health.DOWN} for part in parts)
    return min(health, Health.DEGRADED) if partly else health


def _cared_for(page: Page, components: tuple[str, ...]) -> list[Part]:
    """The wanted components whose state is known; a name may occur in several groups."""
    wanted = {name.strip().casefold() for name in components}
    known = [part for part in page.parts if part.health is not None]
    return [part for part in known if part.name.strip().casefold() in wanted] if wanted else known


def _concerns(event: Event, known: set[str]) -> bool:
    return not event.parts or not known.isdisjoint(event.parts)


def _touches(work: Planned, page: Page, known: set[str], *, narrowed: bool) -> bool:
    """Whether maintenance concerns the wanted components.

    A page may announce work on one of a hundred locations every night: if the whole page is wanted, work on less than
    half of it is not maintenance of the service.
    """
    if not work.parts or not page.parts:
        return True
    if narrowed:
        return not known.isdisjoint(work.parts)
    return 2 * len(set(work.parts)) >= len(known)


def _worst(page: Page, cared: list[Part], events: list[Event], *, narrowed: bool) -> Health:
    levels = [event.health for event in events]
    troubled = max((part.health or Health.UP for part in cared), default=Health.UP)
    planned = page.in_maintenance and not events and troubled is Health.UP
    if page.overall is not None and not narrowed and not planned:  # a page may count announced work as trouble
        levels.append(page.overall)
    partly = any(part.health is not Health.DOWN for part in cared)
    if troubled is Health.DOWN and partly and not narrowed and not page.grave:
        # one component that is down, on a page that does not call it major, is not the whole service
        troubled = Health.DEGRADED
    return max([troubled, *levels])


def _headline(page: Page, cared: list[Part], events: list[Event], says: Health) -> str:
    """The newest incident, else the worst component, else the page's own line; "" if nothing is reported."""
    if events:
        return clean(events[0].name) or clean(page.line)
    if says is Health.UP:
        return ""
    worst = max(cared, key=lambda part: part.health or Health.UP, default=None)
    if worst is not None and worst.health is not Health.UP:
        return clean(f"{worst.name}: {worst.state}" if worst.state else worst.name)
    return clean(page.line)


def _affected(cared: list[Part], events: list[Event]) -> tuple[str, ...]:
    """The components with a bad state of their own, else those that the incidents name."""
    troubled = [part.name for part in cared if part.health is not Health.UP]
    return names(troubled or [name for event in events for name in event.parts])


def names(found: Iterable[str]) -> tuple[str, ...]:
    """Each name once, cleaned, up to `MOST_COMPONENTS`."""
    shown: dict[str, None] = {}
    for name in dict.fromkeys(found):
        if text := clean(name):
            shown[text] = None
        if len(shown) == MOST_COMPONENTS:
            break
    return tuple(shown)


def clean(text: str) -> str:
    """One line of plain text: no tags, no control, invisible or direction-changing characters, at most 140 characters."""
    bare = _TAG.sub("", _without_comments(html.unescape(text[:LONGEST_TEXT])))
    line = " ".join(visible(bare).split())
    return line if len(line) <= LONGEST_HEADLINE else line[: LONGEST_HEADLINE - 1].rstrip() + "…"


def _without_comments(text: str) -> str:
    """Remove comments by searching: a pattern would rescan the text for each "<!--" without an end."""
    kept, at = [], 0
    while (begins := text.find("<!--", at)) >= 0 and (ends := text.find("-->", begins + 4)) >= 0:
        kept.append(text[at:begins])
        at = ends + 3
    return "".join((*kept, text[at:]))


def link(url: object) -> str:
    """The address, or "" if it cannot be shown to people, such as one with a password."""
    if not isinstance(url, str) or len(url) > LONGEST_LINK or " " in url or visible(url) != url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc else ""


def key(value: object) -> str:
    """An id on the page, from text or a number; "" for anything else."""
    right = isinstance(value, str | int) and not isinstance(value, bool)
    return text if right and 0 < len(text := str(value)) <= LONGEST_KEY and value else ""


def reported(events: Iterable[Event], asked: Asked, home: str = "", planned: Iterable[Planned] = ()) -> SourceReport:
    """The report for these events, which have been filtered already."""
    page = Page(events=tuple(events), planned=tuple(planned), home=home)
    return word(page, replace(asked, components=()))  # no component can be missing


def wanted(asked: Asked) -> frozenset[str]:
    """The wanted names, folded for comparison."""
    return frozenset(name.strip().casefold() for name in asked.components)


def concerning(event: Event, cared: frozenset[str]) -> Event | None:
    """The event with its wanted parts only; None if it names only others."""
    if not cared or not event.parts:
        return event
    parts = tuple(part for part in event.parts if part.strip().casefold() in cared)
    return replace(event, parts=parts) if parts else None


@dataclass(frozen=True, slots=True)
class Node:
    """One component; `above` is the name of its parent. `shown`: it counts even if nobody asked for it."""

    name: str
    health: Health | None
    state: str = ""
    above: str = ""
    shown: bool = True

    def names(self, asked: Asked) -> tuple[str, ...]:
        """Its names: "Zone: Product"; if components are picked, also "Product" alone."""
        full = f"{self.above}: {self.name}" if self.above else self.name
        return tuple(dict.fromkeys((self.name, full))) if asked.components else (full,)


def parts(nodes: Iterable[Node], asked: Asked) -> tuple[Part, ...]:
    return tuple(
        Part(name, node.health, node.state)
        for node in nodes
        if node.name and (node.shown or asked.components)
        for name in node.names(asked)
    )
