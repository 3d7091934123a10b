"""What every dialect of a status page has in common: what it is asked for, what it says, and what that means."""

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

from bot.model import Health, Planned, Role, SourceReport, visible

NAME = "Official status page"
CAP = 1024 * 1024  # bytes of one answer
LONGEST_HEADLINE = 140  # characters
LONGEST_TEXT = 2000  # what follows is not even looked at
LONGEST_LINK = 500
LONGEST_KEY = 200
MOST_COMPONENTS = 12
MOST_PLANNED = 10
# Of what a page lists, so many are looked at: it may list what it likes, and each is compared with others.
PARTS = 1000
EVENTS = 200
TOUCHED = 100  # parts named by one event
YEARS = range(1990, 2200)  # of another no status page speaks, and what is far off cannot be reckoned with
SKEW = timedelta(minutes=5)  # a clock may be so far ahead of ours

_TAG = re.compile(r"<[/!?@#]*[A-Za-z][^<>]*>")
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted of a page: `components` are the names to care for; none: the whole page.

    `dated`: what bears no date does not count any more: it was there for too long.
    """

    url: str
    components: tuple[str, ...]
    now: datetime
    dated: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of status page speaks to machines.

    `where`: the addresses to be asked, from the page's own; none: this page cannot be of this dialect. `parse`: their
    answers, in that order, as a word. It raises ValueError or RecursionError, and nothing else, for what it does not
    understand: that is silence, never an outage.
    """

    kind: str
    where: Callable[[str], tuple[str, ...]]
    parse: Callable[[tuple[bytes, ...], Asked], SourceReport]
    accept: str = "application/json"
    cap: int = CAP


@dataclass(frozen=True, slots=True)
class Part:
    """A component of the page, and how it is; None: in a word that we do not know."""

    name: str
    health: Health | None
    state: str = ""  # in the page's own words ("degraded performance")


@dataclass(frozen=True, slots=True)
class Event:
    """An open incident of the page, which was not planned. Without `parts` it is about the page as a whole."""

    name: str
    health: Health
    since: datetime | None = None
    link: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What a page shows at one moment."""

    parts: tuple[Part, ...] = ()
    events: tuple[Event, ...] = ()
    overall: Health | None = None  # what it says of itself as a whole
    line: str = ""  # ... and in which words
    grave: bool = False  # it calls its trouble major: then one component that is down takes the service down
    planned: tuple[Planned, ...] = ()
    in_maintenance: bool = False  # announced work is under way: it accounts for what the page says as a whole
    home: str = ""


class NotShownError(ValueError):
    """It is understood, and shows none of the components that are cared for."""


class Wire(BaseModel):
    """What comes over the wire, checked. Strict: where a word became a number, nothing is understood."""

    model_config = ConfigDict(frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _as_far_as_it_counts(cls, data: Any) -> Any:
        """Only what is declared, no text at its full length, and null as if it were not there."""
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
    """Those of the first `most` that are understood: one that is garbled does not silence the others.

    Raise ValueError where it is no list, or none of several is understood.
    """
    if not isinstance(listed, list):
        raise ValueError("no list")  # noqa: TRY004 - what is not understood is a ValueError
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
    """To annotate a list with; see `understood`."""
    return BeforeValidator(lambda listed: understood(listed, model(), most))


def texts(most: int) -> BeforeValidator:
    """To annotate a list of texts with: those of the first `most` that are some."""

    def found(listed: Any) -> Any:
        if not isinstance(listed, list):
            return listed
        return [one[:LONGEST_TEXT] for one in listed[:most] if isinstance(one, str)]

    return BeforeValidator(found)


def named(listed: object) -> tuple[str, ...]:
    """The names of the things in a list, as far as it has any."""
    found = listed[:TOUCHED] if isinstance(listed, list) else []
    names = (one.get("name") if isinstance(one, dict) else None for one in found)
    return tuple(name[:LONGEST_TEXT] for name in names if isinstance(name, str))


def loads(body: bytes) -> Any:
    """JSON, in whichever UTF it is. Raise ValueError or RecursionError for what is none."""
    return json.loads(body)


def silence(now: datetime) -> SourceReport:
    return SourceReport(Role.OFFICIAL, NAME, None, at=now)


def word(page: Page, asked: Asked) -> SourceReport:
    """What the page means for those who care for `asked.components`. Raise NotShownError if it shows none of them."""
    cared = _cared_for(page, asked.components)
    narrowed = bool(asked.components)
    if narrowed and not cared:
        raise NotShownError("the page shows none of the components")
    known = {part.name for part in cared}
    events = sorted(
        (_of_the_past(event, asked.now) for event in page.events if not narrowed or _concerns(event, known)),
        key=lambda event: event.since or _EARLIEST,
        reverse=True,
    )
    says = _worst(page, cared, events, narrowed=narrowed)
    home = link(page.home) or link(asked.url)
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


def _of_the_past(event: Event, now: datetime) -> Event:
    """Nothing has begun that is still to come: then since when it is open is not known."""
    if event.since is None or event.since <= now:
        return event
    return replace(event, since=now if event.since - now <= SKEW else None)


def tempered(health: Health, parts: Iterable[Part]) -> Health:
    """What a page calls by its worst component, which is not the whole service while another one is known not to be down."""
    partly = any(part.health not in {None, Health.DOWN} for part in parts)
    return min(health, Health.DEGRADED) if partly else health


def _cared_for(page: Page, components: tuple[str, ...]) -> list[Part]:
    """Those whose state we understand; a name may stand in several groups."""
    wanted = {name.strip().casefold() for name in components}
    known = [part for part in page.parts if part.health is not None]
    return [part for part in known if part.name.strip().casefold() in wanted] if wanted else known


def _concerns(event: Event, known: set[str]) -> bool:
    return not event.parts or not known.isdisjoint(event.parts)


def _touches(work: Planned, page: Page, known: set[str], *, narrowed: bool) -> bool:
    """Is it about what is cared for? A page may announce work on one of a hundred places every night: where the whole
    page is cared for, what touches less than half of it is no maintenance of the service.
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
        troubled = Health.DEGRADED  # one component of a page that does not call it major is not the whole service
    return max([troubled, *levels])


def _headline(page: Page, cared: list[Part], events: list[Event], says: Health) -> str:
    """Their newest incident, else the worst component, else the page's own line; empty when nothing is reported."""
    if events:
        return clean(events[0].name) or clean(page.line)
    if says is Health.UP:
        return ""
    worst = max(cared, key=lambda part: part.health or Health.UP, default=None)
    if worst is not None and worst.health is not Health.UP:
        return clean(f"{worst.name}: {worst.state}" if worst.state else worst.name)
    return clean(page.line)


def _affected(cared: list[Part], events: list[Event]) -> tuple[str, ...]:
    """What is not well by its own state, else what the incidents name."""
    troubled = [part.name for part in cared if part.health is not Health.UP]
    return names(troubled or [name for event in events for name in event.parts])


def names(found: Iterable[str]) -> tuple[str, ...]:
    """Each once, cleaned, not too many."""
    shown: dict[str, None] = {}
    for name in dict.fromkeys(found):
        if text := clean(name):
            shown[text] = None
        if len(shown) == MOST_COMPONENTS:
            break
    return tuple(shown)


def clean(text: str) -> str:
    """Plain text of one line: no tags, no control, invisible or direction-changing characters, at most 140 characters."""
    bare = _TAG.sub("", _without_comments(html.unescape(text[:LONGEST_TEXT])))
    line = " ".join(visible(bare).split())
    return line if len(line) <= LONGEST_HEADLINE else line[: LONGEST_HEADLINE - 1].rstrip() + "…"


def _without_comments(text: str) -> str:
    """By a search: a pattern tries the rest of the text anew from each "<!--" that has no end."""
    kept, at = [], 0
    while (begins := text.find("<!--", at)) >= 0 and (ends := text.find("-->", begins + 4)) >= 0:
        kept.append(text[at:begins])
        at = ends + 3
    return "".join((*kept, text[at:]))


def link(url: object) -> str:
    """The address itself if it can be shown to people, else nothing. One with a password in it cannot."""
    if not isinstance(url, str) or len(url) > LONGEST_LINK or " " in url or visible(url) != url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc else ""


def key(value: object) -> str:
    """What something is called by on the page: text or a number."""
    right = isinstance(value, str | int) and not isinstance(value, bool)
    return text if right and 0 < len(text := str(value)) <= LONGEST_KEY and value else ""


def instant(value: object) -> datetime | None:
    """An ISO 8601 date of the page's, in UTC where it names no zone; or seconds or milliseconds since 1970."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return of_seconds(value)
    try:
        found = datetime.fromisoformat(value)  # type: ignore[arg-type] # what is no string is a TypeError
        at = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return at if at.year in YEARS else None


def of_seconds(value: float) -> datetime | None:
    """Seconds since 1970, or milliseconds, which are a thousand times as many."""
    try:
        at = datetime.fromtimestamp(value / 1000 if value > 10**11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.year in YEARS else None
