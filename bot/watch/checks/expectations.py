"""The expectations on an HTTP response."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from bot.contracts import Answer
from bot.model import Outcome, Reason, ReasonCode
from bot.net import Network
from bot.offload.pool import OverranError, offload
from bot.watch.checks import body_text

SEARCHED = 1024 * 1024  # bytes of a page that are searched
READ = 256 * 1024  # bytes of a page that only has to arrive
STATUS = re.compile(r"[1-5][0-9]{2}(?:\s*-\s*[1-5][0-9]{2})?")


def listed(value: object) -> object:
    """One value or a list of them, as a list."""
    if value in ([], ()):
        raise ValueError("expected at least one")
    return value if isinstance(value, list | tuple) else (value,)


def _status(value: object) -> object:
    """A status such as 401, or a range such as "200-399"."""
    text = str(value).strip()
    low, _, high = text.partition("-")
    if not STATUS.fullmatch(text) or (high and int(low) > int(high)):
        raise ValueError("expected a status such as 200, or a range such as 200-399")
    return text


def _pattern(text: str) -> str:
    body_text.compiled(text)
    return text


Phrase = Annotated[str, StringConstraints(min_length=1)]
Phrases = Annotated[tuple[Phrase, ...], BeforeValidator(listed, json_schema_input_type=Phrase | list[Phrase])]
Patterns = Annotated[
    tuple[Annotated[Phrase, AfterValidator(_pattern)], ...],
    BeforeValidator(listed, json_schema_input_type=Phrase | list[Phrase]),
]
Statuses = Annotated[
    tuple[Annotated[str, BeforeValidator(_status)], ...],
    BeforeValidator(listed, json_schema_input_type=int | str | list[int | str]),
]
Claims = Annotated[
    Any, BeforeValidator(body_text.assertions, json_schema_input_type=Phrase | list[Phrase] | dict[Phrase, Any])
]


class Expect(BaseModel):
    """All of it must hold."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    status: Statuses = ("200-399",)
    contains: Phrases = ()
    not_contains: Phrases = ()
    matches: Patterns = ()  # in RE2's syntax, which takes no excessive time on a malicious page
    json_: Annotated[Claims, Field(alias="json")] = ()
    headers: dict[str, str] = {}  # name -> text that its value must contain, ignoring case
    final_url: str | None = None  # the beginning of the address after redirects

    @field_validator("final_url")
    @classmethod
    def _can_be_reached(cls, url: str | None) -> str | None:
        return url and _whole(str(Network.prepare("GET", url).url))

    @property
    def cap(self) -> int:
        """The number of bytes of the response that are needed."""
        return SEARCHED if self._wanted else READ

    async def judge(self, answer: Answer) -> body_text.Fault:
        """Compare a response with the expectations; return the reason if it differs. Long pages are searched outside
        the loop.
        """
        if found := self.settled(answer):
            return found
        page = _page(answer)
        if answer.unread or self._wanted.at_once(len(answer.body)):
            return body_text.judged(self._wanted, page)
        try:
            return await offload(body_text.judged, self._wanted, page)
        except OverranError:
            return Outcome.INCONCLUSIVE, Reason.of(ReasonCode.PAGE_TOO_SLOW)

    def settled(self, answer: Answer) -> body_text.Fault | None:
        """As `judge`, if that needs no look at the page; else None."""
        if fault := self._without_body(answer):
            return Outcome.FAILED, fault
        return None if self._wanted else body_text.FINE

    def fault(self, answer: Answer) -> Reason | None:
        """The first difference, None if there is none; runs in the loop, whatever the length."""
        why = self._without_body(answer)
        return why if why or not self._wanted else body_text.judged(self._wanted, _page(answer))[1]

    def lists(self, status: int) -> bool:
        """Whether this very status is listed, not only a range around it."""
        return str(status) in self.status

    def _without_body(self, answer: Answer) -> Reason | None:
        for low, high in self._ranges:
            if low <= answer.status <= high:
                break
        else:
            return Reason.of(ReasonCode.HTTP_STATUS, status=answer.status)
        for name, part in self.headers.items():
            if part.casefold() not in answer.headers.get(name.lower(), "").casefold():
                return Reason.of(ReasonCode.HEADER_DIFFERS, name=name, text=part)
        if self.final_url and not _whole(answer.url).startswith(self.final_url):
            host = urlsplit(answer.url).hostname or ""
            return Reason.of(ReasonCode.OTHER_PAGE if self._at(host) else ReasonCode.OTHER_HOST, host=host)
        return None

    @cached_property
    def _wanted(self) -> body_text.Wanted:
        return body_text.Wanted(self.contains, self.not_contains, self.matches, self.json_)

    @cached_property
    def _ranges(self) -> tuple[tuple[int, int], ...]:
        pairs = (status.partition("-") for status in self.status)
        return tuple((int(low), int(high or low)) for low, _, high in pairs)

    def _at(self, host: str | None) -> bool:
        return host == urlsplit(self.final_url or "").hostname


def _whole(url: str) -> str:
    """With a path: else "https://example.org" would also be the beginning of "https://example.org.evil.example/"."""
    return url if urlsplit(url).path else url + "/"


def _page(answer: Answer) -> body_text.Page:
    return body_text.Page(answer.body, answer.headers.get("content-type", ""), answer.cut, answer.unread)
