"""What a good answer over HTTP is."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from bot.contracts import Answer
from bot.model import Outcome
from bot.net import Network
from bot.offload.pool import OverranError, offload
from bot.watch.checks import body_text, json_assertions, regex

SEARCHED = 1024 * 1024  # bytes of a page that are looked at
READ = 256 * 1024  # bytes of a page of which we only want to see that it comes
STATUS = re.compile(r"[1-5][0-9]{2}(?:\s*-\s*[1-5][0-9]{2})?")


def listed(value: object) -> object:
    """One, or a list of them."""
    if value in ([], ()):
        raise ValueError("expected at least one")
    return value if isinstance(value, list | tuple) else (value,)


def _status(value: object) -> object:
    """401 and "200-399"."""
    text = str(value).strip()
    low, _, high = text.partition("-")
    if not STATUS.fullmatch(text) or (high and int(low) > int(high)):
        raise ValueError("expected a status such as 200, or a range such as 200-399")
    return text


def _pattern(text: str) -> str:
    regex.compiled(text)
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
    Any, BeforeValidator(json_assertions.read, json_schema_input_type=Phrase | list[Phrase] | dict[Phrase, Any])
]


class Expect(BaseModel):
    """All of it must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Statuses = ("200-399",)
    contains: Phrases = ()
    not_contains: Phrases = ()
    matches: Patterns = ()  # in RE2's syntax: it takes no time that grows with the page's malice
    json_: Annotated[Claims, Field(alias="json")] = ()
    headers: dict[str, str] = {}  # name -> what its value must contain, large and small letters alike
    final_url: str | None = None  # what the address must begin with, after redirects

    @field_validator("final_url")
    @classmethod
    def _can_be_reached(cls, url: str | None) -> str | None:
        return url and _whole(str(Network.prepare("GET", url).url))

    @property
    def cap(self) -> int:
        """How many bytes of the answer are needed."""
        return SEARCHED if self._wanted else READ

    async def judge(self, answer: Answer) -> tuple[Outcome, str]:
        """Is it as expected, and what is wrong with it, in plain words? A long page is looked through away from the loop."""
        if (fault := self._without_body(answer)) or not self._wanted:
            return (Outcome.FAILED, fault) if fault else body_text.FINE
        page = _page(answer)
        if answer.unread or self._wanted.at_once(len(answer.body)):
            return body_text.judged(self._wanted, page)
        try:
            return await offload(body_text.judged, self._wanted, page)
        except OverranError:
            return Outcome.INCONCLUSIVE, "its page takes too long to look through"

    def fault(self, answer: Answer) -> str:
        """The same at once, whatever its length: what is wrong with it; empty when nothing is."""
        why = self._without_body(answer)
        return why if why or not self._wanted else body_text.judged(self._wanted, _page(answer))[1]

    def lists(self, status: int) -> bool:
        """Is this very status named, not only a range that has it?"""
        return str(status) in self.status

    def _without_body(self, answer: Answer) -> str:
        if not any(low <= answer.status <= high for low, high in self._ranges):
            return f"HTTP {answer.status}"
        for name, part in self.headers.items():
            if part.casefold() not in answer.headers.get(name.lower(), "").casefold():
                return f'header {name} does not say "{part}"'
        if self.final_url and not _whole(answer.url).startswith(self.final_url):
            host = urlsplit(answer.url).hostname
            return f"leads elsewhere than it should: to {'another page of ' * self._at(host)}{host}"
        return ""

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
    """With a path: else "https://example.org" would be the beginning of "https://example.org.evil.example/"."""
    return url if urlsplit(url).path else url + "/"


def _page(answer: Answer) -> body_text.Page:
    return body_text.Page(answer.body, answer.headers.get("content-type", ""), answer.cut, answer.unread)
