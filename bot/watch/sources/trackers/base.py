"""What every independent tracker has in common: how a service names it, and how it becomes a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Protocol, Self

from pydantic import AfterValidator, BaseModel

from bot.contracts import Source
from bot.model import Role, SourceReport
from bot.watch.sources.dialects.base import link


class Tracker(Protocol):
    """An entry of a service's `trackers`: a frozen pydantic model whose fields are its YAML, with the kind's `Settings`,
    the section of the same name in the whole's `trackers`.
    """

    Settings: ClassVar[type[BaseModel]]
    in_doubt: ClassVar[bool]  # asked only while its service is not up, or when somebody wants to know

    @property
    def kind(self) -> str: ...

    @classmethod
    def join(cls, said: Iterable[Self], settings: Any) -> Mapping[Any, Source]:
        """A source for each entry of this kind in the whole config: what they share is shared by the sources, which alone
        remember anything.
        """


def silence(name: str, at: datetime) -> SourceReport:
    return SourceReport(Role.TRACKER, name, None, at=at)


def _address(url: str) -> str:
    if not link(url):
        raise ValueError("expected an address such as https://gateway.example.org/")
    return url.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_address)]
