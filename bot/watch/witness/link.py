"""The witness's connection to its server, by outbound requests only, and the readings that wait to be sent."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from pydantic import TypeAdapter, ValidationError

from bot.contracts import Answer, Net, Trouble
from bot.model import Reading, Reason, ReasonCode
from bot.watch.witness.protocol import (
    CONFIG,
    LARGEST,
    LONGEST_AGE,
    MOST,
    READINGS,
    Assignment,
    Instructions,
    Report,
    SeenReading,
)

TIMEOUT = timedelta(seconds=10)
LARGEST_CONFIG = 64 * 1024 * 1024  # bytes
SMALL = 256 * 1024  # bytes of the answer to readings
KEPT = 20_000  # rounds: some megabytes
ROOM = LARGEST - 4096  # bytes for the rounds of one body
AROUND = 40  # bytes of a round besides its service and its readings


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


Kept = tuple[float, bytes, bytes]  # when a round began; its service and its readings, as JSON

_READINGS = TypeAdapter(tuple[SeenReading, ...])


class Buffer:
    """All instants are seconds of one steady clock. The newest rounds are sent first: they are what verdicts need."""

    def __init__(self) -> None:
        self._waiting: deque[Kept] = deque()
        self._taken: list[Kept] = []
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._taken)

    def add(self, began: float, service: str, readings: Sequence[Reading]) -> None:
        """Keep a round; drop the oldest beyond the limit."""
        known = _READINGS.dump_json(tuple(map(SeenReading.of, readings)), exclude_defaults=True)
        one = began, json.dumps(service).encode(), known
        if _size(one) > ROOM:  # it would never fit, and hold up all others
            self.dropped += 1
            return
        self._waiting.append(one)
        if len(self._waiting) > KEPT:
            self._waiting.popleft()
            self.dropped += 1

    def expire(self, now: float) -> None:
        """Drop what is older than the server takes."""
        while self._waiting and now - self._waiting[0][0] > LONGEST_AGE:
            self._waiting.popleft()
            self.dropped += 1

    def body(self, now: float, *, session: str, blind: bool, etag: str) -> bytes:
        """The next body, of the newest rounds. They are gone after `sent`, and wait again after `failed`."""
        size = sum(map(_size, self._taken))
        while self._waiting and len(self._taken) < MOST and (size := size + _size(self._waiting[-1])) <= ROOM:
            self._taken.append(self._waiting.pop())
        report = Report(session=session, sent=round(now, 3), blind=blind, etag=etag)
        head = report.model_dump_json(exclude={"rounds"}).encode()
        return head[:-1] + b',"rounds":[' + b",".join(_round(one, now) for one in reversed(self._taken)) + b"]}"

    def sent(self) -> int:
        """Forget the rounds of the last body. Return their number."""
        number = len(self._taken)
        self._taken.clear()
        return number

    def failed(self) -> None:
        """Put the rounds of the last body back."""
        self._waiting = deque(sorted((*self._waiting, *self._taken), key=lambda one: one[0]))
        self._taken.clear()


def _size(one: Kept) -> int:
    return len(one[1]) + len(one[2]) + AROUND


def _round(one: Kept, now: float) -> bytes:
    began, service, readings = one
    return b'{"service":%b,"age":%.3f,"readings":%b}' % (service, now - began, readings)
