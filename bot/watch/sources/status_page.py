"""The official status page of a service, in any dialect.

The dialect is given, or found: the dialects of its kind are tried, or of all kinds.
"""

from __future__ import annotations

import asyncio
import html
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urljoin, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, field_validator, model_validator

from bot.contracts import Between, Length, Net, SourceState
from bot.model import Health, Role, SourceReport
from bot.offload.pool import SMALL, OverranError, offload
from bot.watch.sources.dialects.base import CAP, FORGOTTEN, LONGEST_LINK, Asked, Dialect, NotShownError, link, silence
from bot.watch.sources.http_cache import Got, PageRequest, fetch

AUTO = "auto"
HEAD = 256 * 1024  # bytes searched of a page's HTML
MOST_FEEDS = 3
_LINKS = 500  # links looked at

# Hosts of one vendor's pages, with all subdomains. Kinds that are not known are skipped.
HOSTS = {
    "statuspage.io": "statuspage",
    "instatus.com": "instatus",
    "betteruptime.com": "betterstack",
    "betterstack.com": "betterstack",
}
# Ends of addresses that are machine-readable, or typical of a vendor's pages.
FORMS = (
    (re.compile(r"/proxy/[^/]+/?$|/api/v1/summary/?$"), "incidentio"),
    (re.compile(r"\.(?:rss|xml)$|/(?:rss|feed)/?$"), "rss"),
    (re.compile(r"\.(?:atom|xml)$|/(?:atom|feed)/?$"), "atom"),
    (re.compile(r"/status/[^/]+/?$"), "uptimekuma"),
)

_LINK = re.compile(r"<link\b([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""(?<![a-z])([a-z]{1,20})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


logger = logging.getLogger(__name__)

PARSE_WITHIN = 2.0  # seconds
MOST_UNDATED = 20
SHORTEST_TOKEN = 16  # characters: whoever guesses it can cause any number of requests
LONGEST_TIMEOUT = timedelta(seconds=30)
SEEK_WITHIN = 40.0  # seconds for trying all candidates
GIVE_UP = 2  # unanswered addresses: one may be blocked, two mean that nothing is there
SEEK_AGAIN = timedelta(minutes=10)  # after a failed search: an unreadable page is not hammered
LOST_AFTER = timedelta(minutes=30)  # after this silence it may have changed its vendor
BELIEVED = timedelta(days=1)  # a better candidate may have been away for a moment, or be new


def dialects() -> tuple[Dialect, ...]:
    """All of them, in the order that `auto` tries. They take 2 MB, and only services with a status page need them."""
    from bot.watch.sources.dialects.known import DIALECTS  # noqa: PLC0415

    return DIALECTS


def _unguessable(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if len(text) < SHORTEST_TOKEN or not re.fullmatch(r"[\w.~-]+", text, re.ASCII):
        raise ValueError(
            f"expected {SHORTEST_TOKEN} or more letters, digits, dots, - and _, such as `openssl rand -hex 20` gives"
        )
    return token


class OfficialPage(BaseModel):
    """`url`: the page's address, or its machine-readable one. `components`: the names to look at; none: all.

    `webhook_token`: whoever knows it may report news.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
    role: ClassVar[Role] = Role.OFFICIAL

    kind: Literal[
        "auto",
        "statuspage",
        "incidentio",
        "instatus",
        "betterstack",
        "statusio",
        "cachet",
        "uptimekuma",
        "statuspal",
        "slack",
        "aws",
        "googlecloud",
        "azure",
        "atom",
        "rss",
    ] = "auto"
    url: str
    components: tuple[str, ...] = ()
    timeout: Annotated[Length, Between(timedelta(milliseconds=100), LONGEST_TIMEOUT)] = timedelta(seconds=10)
    webhook_token: Annotated[SecretStr, AfterValidator(_unguessable)] | None = None

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        if not link(url):
            raise ValueError("expected the address of a status page, such as https://status.example.org/")
        return url

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        if not any(way.addresses for way in ways(self.kind, self.url, dialects())):
            raise ValueError(f"a page of the kind {self.kind} has no such address")
        return self

    async def read(self, net: Net, now: datetime, memory: SourceState) -> SourceReport:
        """As in `contracts.Source`. Of several candidates, the right one is searched once."""
        tried = ways(self.kind, self.url, dialects())
        if self.kind != AUTO and len(tried) == 1:
            return (await self._hear(net, now, memory, tried[0]))[0] or silence(now)
        if _must_seek(memory, now):
            return await self._seek(net, now, memory, tried) or silence(now)
        if memory.found is None:
            return silence(now)
        word, _ = await self._hear(net, now, memory, memory.found)
        if word is not None:
            memory.heard_at = now
        return word or silence(now)

    async def _seek(
        self, net: Net, now: datetime, memory: SourceState, tried: tuple[Candidate, ...]
    ) -> SourceReport | None:
        """Try one candidate after the other; stop early if nobody answers, which does not count as a failed search."""
        lost = 0
        try:
            async with asyncio.timeout(SEEK_WITHIN):
                for way in tried:
                    word, got = await self._hear(net, now, memory, way)
                    if word is not None:
                        return _found(memory, way, now, word)
                    lost += not got.answered
                    if lost >= GIVE_UP:
                        return None
                for way in await self._named(net, now, memory) if self.kind == AUTO else ():
                    word, _ = await self._hear(net, now, memory, way)
                    if word is not None:
                        return _found(memory, way, now, word)
        except TimeoutError:
            pass
        memory.sought_at = now
        return None

    async def _hear(
        self, net: Net, now: datetime, memory: SourceState, way: Candidate
    ) -> tuple[SourceReport | None, Got]:
        """The report, None if it cannot be fetched or understood; and the last response.

        A page without the wanted components is understood: other candidates would only know less of them.
        """
        dialect, bodies, got = way.dialect, [], Got(None)
        wishes = [PageRequest(url, dialect.accept, self.timeout, dialect.cap, way.guarded) for url in way.addresses]
        for wish in wishes:
            got = await fetch(net, memory, wish, now)
            if got.body is None:
                return None, got
            bodies.append(got.body)
        if not bodies:
            return None, got
        try:
            word = await self._understood(way, tuple(bodies), now, memory)
        except NotShownError:
            word = silence(now)
        except OverranError as error:
            self._complain(memory, error)
            return None, got
        except (ValueError, RecursionError):  # errors of pydantic, json and the codecs are ValueErrors
            return None, got
        memory.unworkable = False
        return word, got

    async def _understood(
        self, way: Candidate, bodies: tuple[bytes, ...], now: datetime, memory: SourceState
    ) -> SourceReport:
        """The report. An undated incident counts as open for as long as a dated one may be silent."""
        asked = Asked(self.url, self.components, now)
        word = await _parsed(way, bodies, asked)
        if not reads_feeds(way.dialect) or word.says in {None, Health.UP} or word.since is not None:
            return word
        mark = f"{word.headline} {word.link}"
        first = memory.undated.pop(mark, now)
        memory.undated[mark] = min(first, now)  # the newest stand last
        while len(memory.undated) > MOST_UNDATED:
            del memory.undated[next(iter(memory.undated))]
        return word if now - first <= FORGOTTEN else await _parsed(way, bodies, replace(asked, dated=True))

    def _complain(self, memory: SourceState, error: OverranError) -> None:
        if not memory.unworkable:
            logger.warning("%s: what the status page says cannot be worked on: %s", _host(self.url), error)
        memory.unworkable = True

    async def _named(self, net: Net, now: datetime, memory: SourceState) -> list[Candidate]:
        """The feeds that the page links to. Those on other hosts may be anybody's choice."""
        wish = PageRequest(self.url, "text/html", self.timeout, CAP)
        got = await fetch(net, memory, wish, now)
        found = await _feeds(got.body or b"", self.url)
        readers = [one for one in dialects() if reads_feeds(one)]
        return [Candidate(one, url, guarded=_host(url) != _host(self.url)) for url in found for one in readers]


async def _parsed(way: Candidate, bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """Parse here if it is small, since no dialect takes more than linear time."""
    if sum(map(len, bodies)) <= SMALL:
        return way.dialect.parse(bodies, asked)
    return await offload(way.dialect.parse, bodies, asked, seconds=PARSE_WITHIN, key=_host(way.url))


async def _feeds(body: bytes, url: str) -> tuple[str, ...]:
    if len(body) <= SMALL:
        return feeds(body, url)
    try:
        return await offload(feeds, body[:HEAD], url, seconds=PARSE_WITHIN, key=_host(url))
    except OverranError:
        return ()


def _must_seek(memory: SourceState, now: datetime) -> bool:
    if memory.sought_at is not None and abs(now - memory.sought_at) < SEEK_AGAIN:
        return False
    if memory.found is None or memory.found_at is None or memory.heard_at is None:
        return True
    return abs(now - memory.found_at) >= BELIEVED or abs(now - memory.heard_at) >= LOST_AFTER


def _found(memory: SourceState, way: Candidate, now: datetime, word: SourceReport) -> SourceReport:
    memory.found, memory.found_at, memory.heard_at, memory.sought_at = way, now, now, None
    return word


def _host(url: str) -> str:
    return urlsplit(url).netloc


@dataclass(frozen=True, slots=True)
class Candidate:
    """A dialect and the address it starts from."""

    dialect: Dialect
    url: str
    guarded: bool = False  # the page named the address, not the config

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.dialect.where(self.url)


def ways(kind: str, url: str, dialects: Iterable[Dialect]) -> tuple[Candidate, ...]:
    """The candidates in the order to try; for AUTO those that the address suggests come first."""
    if kind != AUTO:
        return tuple(Candidate(one, url) for one in dialects if one.kind == kind)
    likely = set(_likely(url))
    found = [Candidate(one, url) for one in dialects]
    return tuple(_unlike(sorted(found, key=lambda way: not (way.dialect.kind in likely or _elsewhere(way)))))


def feeds(body: bytes, page: str) -> tuple[str, ...]:
    """The addresses of the feeds linked in a page's HTML."""
    found: list[str] = []
    for tag in islice(_LINK.finditer(body[:HEAD].decode("utf-8", "replace")), _LINKS):
        said = {name.lower(): html.unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(tag[1])}
        if "alternate" in said.get("rel", "").lower().split() and _is_feed(said.get("type", "")):
            url = _joined(page, said.get("href", ""))
            found += [url] if url and url not in found else []
        if len(found) == MOST_FEEDS:
            break
    return tuple(found)


def reads_feeds(dialect: Dialect) -> bool:
    return "xml" in dialect.accept


def _likely(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    yield from (kind for name, kind in HOSTS.items() if host == name or host.endswith(f".{name}"))
    yield from (kind for form, kind in FORMS if form.search(parts.path))


def _elsewhere(way: Candidate) -> bool:
    """Whether it fetches from another host, which a dialect does only for its vendor's pages."""
    return any(urlsplit(one).netloc != urlsplit(way.url).netloc for one in way.addresses)


def _unlike(found: Iterable[Candidate]) -> Iterator[Candidate]:
    """Drop candidates without addresses, and those with the same addresses and parser as an earlier one."""
    seen = set()
    for way in found:
        mark = (way.addresses, way.dialect.parse)
        if way.addresses and mark not in seen:
            seen.add(mark)
            yield way


def _is_feed(type_: str) -> bool:
    return type_.partition(";")[0].strip().lower() in {"application/rss+xml", "application/atom+xml"}


def _joined(page: str, href: str) -> str:
    try:
        return link(urljoin(page, href.strip())) if 0 < len(href.strip()) <= LONGEST_LINK else ""
    except ValueError:
        return ""
