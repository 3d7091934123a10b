"""The official status page of a service, in whichever dialect it speaks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from bot.contracts import Net, Trouble
from bot.model import Role, Word, length
from bot.watch.sources import (
    aws,
    betterstack,
    cachet,
    feed,
    googlecloud,
    instatus,
    slack,
    statusio,
    statuspage,
    statuspal,
    uptimekuma,
)
from bot.watch.sources.dialect import Asked, Dialect, link, silence

REDIRECTS = 5
LONGEST_TIMEOUT = timedelta(seconds=30)
DIALECTS: dict[str, Dialect] = {
    dialect.kind: dialect
    for dialect in (
        statuspage.DIALECT,
        slack.DIALECT,
        aws.DIALECT,
        googlecloud.DIALECT,
        feed.AZURE,
        feed.ATOM,
        feed.RSS,
        instatus.DIALECTS[0],
        betterstack.DIALECT,
        statusio.DIALECT,
        cachet.DIALECTS[0],
        uptimekuma.DIALECT,
        statuspal.DIALECT,
    )
} | {"auto": statuspage.DIALECT}


def _as_length(value: Any) -> Any:
    return length(value) if isinstance(value, str) else value


_Length = Annotated[timedelta, BeforeValidator(_as_length, json_schema_input_type=str)]


class OfficialPage(BaseModel):
    """`url`: the page's address, or that of what it says to machines. `components`: the names to care for; none: all."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    role: ClassVar[Role] = Role.OFFICIAL

    kind: Literal[
        "auto",
        "statuspage",
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
    ] = "statuspage"
    url: str
    components: tuple[str, ...] = ()
    timeout: Annotated[_Length, Field(gt=timedelta(0), le=LONGEST_TIMEOUT)] = timedelta(seconds=10)

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        if not link(url):
            raise ValueError("expected the address of a status page, such as https://status.example.org/")
        return url

    async def read(self, net: Net, now: datetime) -> Word:
        """As in `contracts.Source`."""
        dialect, asked = DIALECTS[self.kind], Asked(self.url, self.components, now)
        bodies = [await self._fetch(net, url, dialect) for url in dialect.where(self.url)]
        found = tuple(body for body in bodies if body is not None)
        if not bodies or len(found) < len(bodies):
            return silence(now)
        try:
            return dialect.parse(found, asked)
        except (ValueError, RecursionError):  # pydantic's, json's and the codecs' errors are ValueErrors
            return silence(now)

    async def _fetch(self, net: Net, url: str, dialect: Dialect) -> bytes | None:
        try:
            request = net.prepare("GET", url, {"accept": dialect.accept})
        except ValueError:
            return None
        answer = await net.fetch(request, timeout=self.timeout, cap=dialect.cap, redirects=REDIRECTS, fresh=False)
        if isinstance(answer, Trouble) or answer.status != 200 or answer.cut:
            return None
        return answer.body
