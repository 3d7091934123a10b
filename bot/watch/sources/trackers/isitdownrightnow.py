"""IsItDownRightNow: whether a site answers it. It has no API: a fragment of its page is read, sparingly.

Format: `GET /check.php?domain=…` of https://www.isitdownrightnow.com.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from bot.contracts import Net, Source, SourceState, Trouble
from bot.model import Health, Role, SourceReport
from bot.offload.pool import SMALL, OverranError, offload
from bot.watch.sources.trackers import WebAddress, silence

NAME = "IsItDownRightNow"
TIMEOUT = timedelta(seconds=20)  # it tries the site before it answers
CAP = 16 * 1024  # bytes: the fragment has about 2,000
TAGS = 200  # the fragment has about 30; the parser takes seconds on tags alone
SELDOM = timedelta(minutes=1)  # between two requests for one domain
_ICONS = {"upicon": Health.UP, "downicon": Health.DOWN}
_WORDS = {"UP": Health.UP, "DOWN": Health.DOWN}
_DOMAIN = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,62}")
_UNSEEN = frozenset({"script", "style"})


def _domain(text: str) -> str:
    domain = text.lower().removeprefix("www.")
    if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
        raise ValueError('is no domain; expected one such as "x.com"')
    return domain


class IsItDownRightNowSettings(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
    url: WebAddress = "https://www.isitdownrightnow.com"


class IsItDownRightNowTracker(BaseModel):
    """`domain`: the site's, without www."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
    Settings: ClassVar[type[IsItDownRightNowSettings]] = IsItDownRightNowSettings
    in_doubt: ClassVar[bool] = True

    kind: Literal["isitdownrightnow"] = "isitdownrightnow"
    domain: Annotated[str, AfterValidator(_domain)]

    @classmethod
    def join(cls, said: Iterable[IsItDownRightNowTracker], settings: IsItDownRightNowSettings) -> Mapping[Any, Source]:
        """As in `base.Tracker`: services of one domain share its report."""
        return {one: IsItDownRightNow(settings.url, one.domain) for one in dict.fromkeys(said)}


@dataclass
class IsItDownRightNow:
    """The report on one domain."""

    url: str
    domain: str
    kind: str = "isitdownrightnow"
    _word: SourceReport | None = None
    _at: datetime | None = None  # when it was last asked
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self, net: Net, now: datetime, memory: SourceState) -> SourceReport:
        """As in `contracts.Source`; a report of the last minute is reused."""
        async with self._asking:
            if self._word is None or self._at is None or abs(now - self._at) >= SELDOM:
                self._word, self._at = silence(NAME, now), now
                self._word = SourceReport(Role.TRACKER, NAME, await self._ask(net), at=now)
            return self._word

    async def _ask(self, net: Net) -> Health | None:
        try:
            request = net.prepare("GET", f"{self.url}/check.php?domain={self.domain}", {"accept": "text/html"})
        except ValueError:
            return None
        answer = await net.fetch(request, timeout=TIMEOUT, cap=CAP)
        if isinstance(answer, Trouble) or answer.status != 200 or answer.cut:
            return None
        if len(answer.body) <= SMALL:
            return understood(answer.body.decode("utf-8", "replace"))
        try:
            return await offload(_decoded, answer.body, key=NAME)
        except OverranError:
            return None


def _decoded(body: bytes) -> Health | None:
    return understood(body.decode("utf-8", "replace"))


def understood(fragment: str) -> Health | None:
    """The health by its icon, else by its words; None without either, or if they contradict each other."""
    if fragment.count("<") > TAGS:
        return None
    page = _Fragment()
    try:
        page.feed(fragment)
        page.close()
    except AssertionError:  # the parser's, for an unknown declaration
        return None
    words = {_WORDS[word] for word in re.findall(r"\bis (UP|DOWN)\b", " ".join(" ".join(page.text).split()))}
    found = page.icons or words
    return found.pop() if len(found) == 1 else None


class _Fragment(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.icons: set[Health] = set()
        self.text: list[str] = []
        self._unseen = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen = tag if tag in _UNSEEN else ""
        classes = " ".join(value or "" for name, value in attrs if name == "class").split()
        self.icons |= {_ICONS[one] for one in classes if one in _ICONS}

    def handle_endtag(self, tag: str) -> None:
        self._unseen = ""

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.text.append(data)
