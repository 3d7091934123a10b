"""What a good answer over HTTP is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from bot.contracts import Answer
from bot.net import Network
from bot.watch.checks import claims, patterns

SEARCHED = 1024 * 1024  # bytes of a page that are looked at
READ = 256 * 1024  # bytes of a page of which we only want to see that it comes
CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
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
    patterns.compiled(text)
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
Claims = Annotated[Any, BeforeValidator(claims.read, json_schema_input_type=Phrase | list[Phrase] | dict[Phrase, Any])]


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
        return SEARCHED if self.contains or self.not_contains or self.matches or self.json_ else READ

    def fault(self, answer: Answer) -> str:
        """What is wrong with it, in plain words; empty when nothing is."""
        if not any(low <= answer.status <= high for low, high in self._ranges):
            return f"HTTP {answer.status}"
        for name, part in self.headers.items():
            if part.casefold() not in answer.headers.get(name.lower(), "").casefold():
                return f'header {name} does not say "{part}"'
        if self.final_url and not _whole(answer.url).startswith(self.final_url):
            host = urlsplit(answer.url).hostname
            return f"leads elsewhere than it should: to {'another page of ' * self._at(host)}{host}"
        if self.contains or self.not_contains or self.matches or self.json_:
            return self._misworded(answer) or (claims.fault(self.json_, answer) if self.json_ else "")
        return ""

    @cached_property
    def _ranges(self) -> tuple[tuple[int, int], ...]:
        pairs = (status.partition("-") for status in self.status)
        return tuple((int(low), int(high or low)) for low, _, high in pairs)

    def _at(self, host: str | None) -> bool:
        return host == urlsplit(self.final_url or "").hostname

    def _misworded(self, answer: Answer) -> str:
        where = "in the first megabyte of the page" if answer.cut else "on the page"
        for word in self.not_contains:
            if _encoded(word, answer.headers) in answer.body:
                return f'"{word}" is on the page'
        for word in self.contains:
            if _encoded(word, answer.headers) not in answer.body:
                return f'"{word}" is not {where}'
        if self.matches:
            page = _decoded(answer.body, answer.headers)
            for pattern in self.matches:
                if not patterns.compiled(pattern).search(page):
                    return f'nothing {where} is like "{pattern}"'
        return ""


def _whole(url: str) -> str:
    """With a path: else "https://example.org" would be the beginning of "https://example.org.evil.example/"."""
    return url if urlsplit(url).path else url + "/"


def _charset(headers: Mapping[str, str]) -> str:
    declared = CHARSET.search(headers.get("content-type", ""))
    return declared[1] if declared else "utf-8"


def _encoded(word: str, headers: Mapping[str, str]) -> bytes:
    """`word` as the page writes it."""
    try:
        return word.encode(_charset(headers))
    except (LookupError, UnicodeError):
        return word.encode()


def _decoded(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The page in UTF-8, which is what RE2 reads fastest."""
    try:
        return body.decode(_charset(headers), "replace").encode("utf-8", "replace")
    except (LookupError, ValueError):  # a charset that there is not, or that is none of text
        return body
