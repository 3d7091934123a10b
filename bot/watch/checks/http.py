"""Does a page or an API answer, and with what it should?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints, field_validator

from bot.contracts import Answer, Cause, Net, Trouble
from bot.model import Outcome, Reading
from bot.net import Network, network

# They tell of us, not of the service.
BLIND = frozenset({Cause.RESOLVER, Cause.OURS, Cause.GUARDED})
SEARCHED = 1024 * 1024  # bytes of a page in which words are looked for
READ = 256 * 1024  # bytes of a page of which we only want to see that it comes
CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
STATUS = re.compile(r"[1-5][0-9]{2}(?:\s*-\s*[1-5][0-9]{2})?")


def _listed(value: object) -> object:
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


Phrase = Annotated[str, StringConstraints(min_length=1)]
Phrases = Annotated[tuple[Phrase, ...], BeforeValidator(_listed, json_schema_input_type=Phrase | list[Phrase])]
Statuses = Annotated[
    tuple[Annotated[str, BeforeValidator(_status)], ...],
    BeforeValidator(_listed, json_schema_input_type=int | str | list[int | str]),
]


class Expect(BaseModel):
    """What a good answer is. All of it must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Statuses = ("200-399",)
    contains: Phrases = ()
    not_contains: Phrases = ()
    headers: dict[str, str] = {}  # name -> what its value must contain, large and small letters alike

    def fault(self, answer: Answer) -> str:
        """What is wrong with it, in plain words; empty when nothing is."""
        if not any(low <= answer.status <= high for low, high in self._ranges):
            return f"HTTP {answer.status}"
        for name, part in self.headers.items():
            if part.casefold() not in answer.headers.get(name.lower(), "").casefold():
                return f'header {name} does not say "{part}"'
        return self._misworded(answer) if self.contains or self.not_contains else ""

    @cached_property
    def _ranges(self) -> tuple[tuple[int, int], ...]:
        pairs = (status.partition("-") for status in self.status)
        return tuple((int(low), int(high or low)) for low, _, high in pairs)

    def _misworded(self, answer: Answer) -> str:
        for word in self.not_contains:
            if _encoded(word, answer.headers) in answer.body:
                return f'"{word}" is on the page'
        for word in self.contains:
            if _encoded(word, answer.headers) not in answer.body:
                where = "in the first megabyte of the page" if answer.cut else "on the page"
                return f'"{word}" is not {where}'
        return ""


class HttpCheck(BaseModel):
    """Good when the answer is as expected."""

    # A mistake in the file is reported without what stands there: a URL or a header may hold a token.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["http"] = "http"
    url: Annotated[str, Field(repr=False)]
    method: Literal["GET", "HEAD", "POST", "OPTIONS"] = "GET"
    headers: dict[str, SecretStr] = {}
    expect: Expect = Expect()
    redirects: Annotated[int, Field(ge=0, le=20)] = 5

    async def look(self, route: str, net: Net, timeout: timedelta, *, doubt: bool) -> Reading:
        """As in `contracts.Check`."""
        seen = await net.fetch(
            net.prepare(self.method, self.url, _plain(self.headers)),
            timeout=timeout,
            cap=SEARCHED if self.expect.contains or self.expect.not_contains else READ,
            redirects=self.redirects,
            fresh=doubt,
        )
        if isinstance(seen, Trouble):
            outcome = Outcome.BLIND if seen.cause in BLIND else Outcome.BAD
            return Reading(route, outcome, seen.why, seen.took)
        return self._read(route, seen)

    @field_validator("url")
    @classmethod
    def _can_be_asked(cls, url: str) -> str:
        Network.prepare("GET", url)
        return url

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        Network.prepare("GET", "http://localhost/", _plain(headers))
        return headers

    def _read(self, route: str, answer: Answer) -> Reading:
        if "cf-mitigated" in answer.headers:
            why = "Cloudflare asks whether we are human: what people see is not known"
            return Reading(route, Outcome.BLIND, why, answer.took, answer.reused)
        fault = self.expect.fault(answer)
        if not fault:
            return Reading(route, Outcome.GOOD, took=answer.took, reused=answer.reused)
        return Reading(route, Outcome.BAD, fault, answer.took, answer.reused, network(answer.headers))


def _plain(headers: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in headers.items()}


def _encoded(word: str, headers: Mapping[str, str]) -> bytes:
    """`word` as the page writes it."""
    declared = CHARSET.search(headers.get("content-type", ""))
    try:
        return word.encode(declared[1] if declared else "utf-8")
    except (LookupError, UnicodeError):
        return word.encode()
