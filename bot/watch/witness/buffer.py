"""Readings that wait to be sent, as JSON: bounded in age, number and size."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence

from pydantic import TypeAdapter

from bot.model import Reading
from bot.watch.witness.protocol import LARGEST, LONGEST_AGE, MOST, Report, SeenReading

KEPT = 20_000  # rounds: some megabytes
ROOM = LARGEST - 4096  # bytes for the rounds of one body
AROUND = 40  # bytes of a round besides its service and its readings

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
