"""The running daemon's own health, fetched from its /healthz."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.config import Config
    from bot.contracts import Answer, Trouble


async def asked_how_it_is(config: Config, within: timedelta = timedelta(seconds=5)) -> tuple[str, Answer | Trouble]:
    """The URL of /healthz and its response."""
    from bot.net import Network  # noqa: PLC0415 # the other commands start quickly without it

    host, port = config.web.address
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/healthz"
    async with Network() as net:
        return url, await net.fetch(net.prepare("GET", url), timeout=within)


def troubles(answer: Answer | Trouble) -> tuple[str, ...]:
    """The troubles that the daemon reports; none if nobody answers."""
    from bot.contracts import Answer  # noqa: PLC0415 # as above

    if not isinstance(answer, Answer) or answer.status != 503:
        return ()
    try:
        said = json.loads(answer.body)["troubles"]
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(one for one in said if isinstance(one, str)) if isinstance(said, list) else ()


def as_data(said: tuple[str, ...]) -> list[dict[str, str]]:
    """The same for programs: "database: it is locked (since 2026-11-29T08:00:00+00:00)" as its parts."""
    rows = []
    for line in said:
        part, _, rest = line.partition(": ")
        why, known, since = rest.removesuffix(")").rpartition(" (since ")
        rows.append({"part": part, "why": why, "since": since} if known else {"part": part, "why": rest})
    return rows
