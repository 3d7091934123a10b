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
    """The troubles that the daemon reports, a line each; none if nobody answers."""
    return tuple(one for one in _reported(answer, "troubles") if isinstance(one, str))


def as_data(answer: Answer | Trouble) -> list[dict[str, str]]:
    """The same for programs: the part, why, and since when."""
    parts = (one for one in _reported(answer, "parts") if isinstance(one, dict))
    return [{str(key): str(value) for key, value in part.items()} for part in parts]


def _reported(answer: Answer | Trouble, key: str) -> list[object]:
    from bot.contracts import Answer  # noqa: PLC0415 # as above

    if not isinstance(answer, Answer) or answer.status != 503:
        return []
    try:
        said = json.loads(answer.body)[key]
    except (ValueError, KeyError, TypeError):
        return []
    return said if isinstance(said, list) else []
