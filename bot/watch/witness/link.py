"""The witness's connection to its server: outbound requests only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from pydantic import ValidationError

from bot.contracts import Answer, Net, Trouble
from bot.model import Reason, ReasonCode
from bot.watch.witness.protocol import CONFIG, READINGS, Assignment, Instructions

TIMEOUT = timedelta(seconds=10)
LARGEST_CONFIG = 64 * 1024 * 1024  # bytes
SMALL = 256 * 1024  # bytes of the answer to readings


class TokenRefusedError(Exception):
    """The server knows no witness with this token."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The server could not be asked, or did not take it. `wait`: seconds that it asks us to wait."""

    why: Reason
    wait: float = 0.0
    unreadable: bool = False  # it will never take these readings


class Link:
    """`server`: its address, without a final slash."""

    def __init__(self, server: str, token: str, net: Net) -> None:
        self._server, self._net = server, net
        self._headers = {"Authorization": f"Bearer {token}"}

    async def config(self, etag: str = "") -> tuple[Assignment, str] | Failed | None:
        """What to check, and its mark; None if that is what we know. Raise TokenRefusedError."""
        headers = self._headers | ({"If-None-Match": etag} if etag else {})
        answer = await self._ask("GET", CONFIG, headers, None, LARGEST_CONFIG)
        if isinstance(answer, Failed):
            return answer
        if answer.status == HTTPStatus.NOT_MODIFIED:
            return None
        try:
            return Assignment.model_validate_json(answer.body), answer.headers.get("etag", "")
        except ValidationError:
            return Failed(Reason.of(ReasonCode.WITNESS_CONFIG_UNREADABLE))

    async def send(self, body: bytes) -> Instructions | Failed:
        """Send a `Report`. Raise TokenRefusedError."""
        headers = self._headers | {"Content-Type": "application/json"}
        answer = await self._ask("POST", READINGS, headers, body, SMALL)
        if isinstance(answer, Failed):
            return answer
        try:
            return Instructions.model_validate_json(answer.body)
        except ValidationError:
            return Failed(Reason.of(ReasonCode.WITNESS_CONFIG_UNREADABLE))

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], content: bytes | None, cap: int
    ) -> Answer | Failed:
        prepared = self._net.prepare(method, f"{self._server}{path}", headers, content)
        answer = await self._net.fetch(prepared, timeout=TIMEOUT, cap=cap)
        if isinstance(answer, Trouble):
            return Failed(answer.why)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise TokenRefusedError
        if answer.status not in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED} or answer.cut:
            unreadable = answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
            why = Reason.of(ReasonCode.HTTP_STATUS, status=answer.status)
            return Failed(why, _wait(answer), unreadable)
        return answer


def _wait(answer: Answer) -> float:
    said = answer.headers.get("retry-after", "")
    return min(float(said), 60.0) if said.isascii() and said.isdigit() and len(said) < 6 else 0.0
