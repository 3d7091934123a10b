"""Requests to Telegram: what is sent goes through our own transport, for the SDK's takes ten times as long."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from telegram.error import NetworkError, TimedOut
from telegram.request import HTTPXRequest, RequestData

from bot import wording
from bot.channels.telegram.parse import trim
from bot.contracts import Cause, Net, Trouble, retry_after
from bot.net import authorities

EARLY = 0.2  # seconds, or a half, before the time is over: then it is known whether the request had left
FORM = "application/x-www-form-urlencoded"


class NeverLeftError(Exception):
    """The cause of a failure before the first byte was sent."""


class Request(HTTPXRequest):
    """`timeout`: seconds for one request. Polling and uploads, and whatever has to go through a proxy of the environment, are
    left to the SDK.
    """

    def __init__(self, net: Net, timeout: float) -> None:
        # half of it for connecting: a blocked address must show as "never left", not as a time-out of the whole
        half = timeout / 2
        super().__init__(
            read_timeout=timeout,
            write_timeout=timeout,
            connect_timeout=half,
            pool_timeout=half,
            httpx_kwargs={"verify": authorities.shared()},
        )
        self._net = net
        self._within = timedelta(seconds=max(timeout - EARLY, half))

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **how: Any
    ) -> tuple[int, bytes]:
        files = request_data is not None and request_data.contains_files
        if method != "POST" or files or url.endswith("/getUpdates") or proxied(url):
            return await super().do_request(url, method, request_data, *args, **how)
        form = urlencode(request_data.json_parameters if request_data else {}).encode()
        headers = {"Content-Type": FORM, "User-Agent": self.USER_AGENT}
        try:
            prepared = self._net.prepare("POST", url, headers, form)
        except ValueError as error:
            raise NetworkError(str(error)) from NeverLeftError()
        answer = await self._net.fetch(prepared, timeout=self._within)
        if isinstance(answer, Trouble):
            raise _failure(answer)
        return answer.status, answer.body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Keep only the fields we read: one message that the SDK misreads would fail the whole poll."""
        said: Any = HTTPXRequest.parse_json_payload(payload)
        if not isinstance(said, dict):
            return {}
        if isinstance(said.get("result"), list):
            said["result"] = trim(said["result"])
        return sane(said)


def proxied(url: str) -> bool:
    """Whether the environment names a proxy for it."""
    parts = urlsplit(url)
    proxies = getproxies()
    return bool(proxies.get(parts.scheme) or proxies.get("all")) and not proxy_bypass(parts.hostname or "")


def _failure(trouble: Trouble) -> NetworkError:
    text = wording.english(trouble.why)
    failure = TimedOut(text) if trouble.cause is Cause.TIMEOUT else NetworkError(text)
    if not trouble.left:
        failure.__cause__ = NeverLeftError()
    return failure


def sane(said: dict[str, Any]) -> dict[str, Any]:
    """Remove from an answer the invalid numbers and texts of a refusal, on which the SDK would fail."""
    if not isinstance(said.get("description", ""), str):
        del said["description"]
    asked = said.pop("parameters", None)
    if not isinstance(asked, dict):
        return said
    wait, chat = retry_after.seconds(asked.get("retry_after")), asked.get("migrate_to_chat_id")
    kept = {} if wait is None else {"retry_after": ceil(wait)}
    if isinstance(chat, int) and 0 < abs(chat) < 1 << 63:
        kept["migrate_to_chat_id"] = chat
    return said | ({"parameters": kept} if kept else {})
