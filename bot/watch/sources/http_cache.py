"""A shared HTTP cache for status pages, with conditional requests and back-off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from bot.contracts import Answer, CachedResponse, HttpCache, Net, SourceState, Trouble
from bot.contracts.retry_after import retry_after

SHARED = timedelta(seconds=20)  # services with the same page read it in one beat and share one request
LONGEST_WAIT = timedelta(hours=1)  # a page that asks for a longer wait is asked all the same
# The wait after a 429 without Retry-After: the first, and the longest, as each refusal doubles it.
USUAL_WAIT, MOST_USUAL = timedelta(minutes=2), timedelta(minutes=15)
# a cache may say "not modified" for ever: after this time the whole page is fetched
BELIEVED = timedelta(hours=1)
LONGEST_VALIDATOR = 500  # characters
REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Got:
    """A response. `body` is None if there is none; `answered` False: nothing may be there at all."""

    body: bytes | None
    answered: bool = True


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request. `guarded`: the address comes from a stranger, so it must not lead to an internal one."""

    url: str
    accept: str
    timeout: timedelta
    cap: int
    guarded: bool = False


async def fetch(net: Net, memory: SourceState, wish: PageRequest, now: datetime) -> Got:
    """Fetch a page, or return the copy of another reading at the same moment."""
    _sweep(memory.shelf, now)
    copy = memory.shelf.copies.setdefault((wish.url, wish.accept), CachedResponse())
    async with copy.busy:
        if not _new_enough(copy, memory, now):
            if _must_wait(memory, wish.url, now):
                return Got(None, answered=False)
            await _ask(net, memory, wish, copy, now)
        return Got(copy.body if copy.good else None, copy.answered)


def _sweep(shelf: HttpCache, now: datetime) -> None:
    """Drop copies that nobody asks for any more: failed attempts, pages that have moved."""
    if shelf.swept_at is None or abs(now - shelf.swept_at) >= BELIEVED:
        shelf.swept_at = now
        old = [key for key, copy in shelf.copies.items() if not (copy.busy.locked() or _asked_lately(copy, now))]
        for key in old:
            del shelf.copies[key]


def _asked_lately(copy: CachedResponse, now: datetime) -> bool:
    return copy.asked_at is None or abs(now - copy.asked_at) < BELIEVED


def _new_enough(copy: CachedResponse, memory: SourceState, now: datetime) -> bool:
    if copy.asked_at is None or (memory.news_at is not None and copy.asked_at < memory.news_at):
        return False
    return abs(now - copy.asked_at) < SHARED


def _must_wait(memory: SourceState, url: str, now: datetime) -> bool:
    until = memory.shelf.waits.get(urlsplit(url).netloc)
    # a longer one dates from before the clock was set back
    return until is not None and now < until <= now + LONGEST_WAIT


async def _ask(net: Net, memory: SourceState, wish: PageRequest, copy: CachedResponse, now: datetime) -> None:
    copy.asked_at, copy.answered, copy.good = now, False, False
    known = _validators(copy, now)
    try:
        request = net.prepare("GET", wish.url, {"accept": wish.accept} | known)
    except ValueError:
        return
    answer = await net.fetch(
        request, timeout=wish.timeout, cap=wish.cap, redirects=REDIRECTS, fresh=False, guarded=wish.guarded
    )
    if isinstance(answer, Trouble):
        return
    copy.answered = True
    if answer.status != 429:
        memory.shelf.guesses.pop(urlsplit(wish.url).netloc, None)
    if answer.status in {429, 503}:
        _rest(memory, wish.url, answer, now)
    elif answer.status == 304 and known:
        copy.good = True
    elif answer.status == 200 and not answer.cut:
        copy.good, copy.body, copy.got_at = True, answer.body, now
        copy.etag = _validator(answer.headers, "etag")
        copy.modified = _validator(answer.headers, "last-modified")


def _validators(copy: CachedResponse, now: datetime) -> dict[str, str]:
    if copy.got_at is None or abs(now - copy.got_at) >= BELIEVED:
        return {}
    found = {"if-none-match": copy.etag, "if-modified-since": copy.modified}
    return {name: value for name, value in found.items() if value}


def _validator(headers: Mapping[str, str], name: str) -> str:
    """A validator that can be sent back as it came, else ""."""
    value = headers.get(name, "").strip()
    return value if value.isascii() and value.isprintable() and len(value) <= LONGEST_VALIDATOR else ""


def _rest(memory: SourceState, url: str, answer: Answer, now: datetime) -> None:
    host, shelf = urlsplit(url).netloc, memory.shelf
    wait = retry_after(answer.headers.get("retry-after", ""))
    if not wait and answer.status == 429 and not _must_wait(memory, url, now):  # two pages on one host are one refusal
        known = shelf.guesses.get(host)
        wait = shelf.guesses[host] = min(2 * known, MOST_USUAL) if known else USUAL_WAIT
    if wait:
        shelf.waits[host] = now + min(wait, LONGEST_WAIT)
