"""Independent trackers, one file each, and their common part: their config, and making a source of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Protocol, Self

from pydantic import AfterValidator, BaseModel

from bot.contracts import Source
from bot.model import Role, SourceReport
from bot.watch.sources.dialects.base import link


class Tracker(Protocol):
    """An entry in a service's `trackers`: a frozen pydantic model of its YAML.

    `Settings` is the section of the same name in the config's global `trackers`.
    """

    Settings: ClassVar[type[BaseModel]]
    in_doubt: ClassVar[bool]  # read only while its service is not up, or on request

    @property
    def kind(self) -> str: ...

    @classmethod
    def join(cls, said: Iterable[Self], settings: Any) -> Mapping[Any, Source]:
        """A source for each entry of this kind in the whole config. Shared state lives in the sources."""


def silence(name: str, at: datetime) -> SourceReport:
    return SourceReport(Role.TRACKER, name, None, at=at)


def _address(url: str) -> str:
    if not link(url):
        raise ValueError("expected an address such as https://gateway.example.org/")
    return url.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_address)]
