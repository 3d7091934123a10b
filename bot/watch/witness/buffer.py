"""Readings that wait to be sent: bounded in age, number and size."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from bot.model import Reading
from bot.watch.witness.protocol import LARGEST, LONGEST_AGE, MOST, Report, SeenReading, SeenRound

KEPT = 20_000  # rounds: some ten megabytes
ROOM = LARGEST - 4096  # bytes for the rounds of one body


class Buffer:
    """All instants are seconds of one steady clock. The newest rounds are sent first: they are what verdicts need."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, str, tuple[SeenReading, ...], int]] = deque()
        self._taken: list[tuple[float, str, tuple[SeenReading, ...], int]] = []
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._taken)

    def add(self, began: float, service: str, readings: Sequence[Reading]) -> None:
        """Keep a round; drop the oldest beyond the limit."""
        known = tuple(map(SeenReading.of, readings))
        size = len(SeenRound(service=service, age=0.0, readings=known).model_dump_json(exclude_defaults=True)) + 24
        self._waiting.append((began, service, known, size))
        if len(self._waiting) > KEPT:
            self._waiting.popleft()
            self.dropped += 1

    def expire(self, now: float) -> None:
        """Drop what is older than the server takes."""
        while self._waiting and now - self._waiting[0][0] > LONGEST_AGE:
            self._waiting.popleft()
            self.dropped += 1

    def report(self, now: float, *, session: str, blind: bool, etag: str) -> Report:
        """The next body, of the newest rounds. They are gone after `sent`, and wait again after `failed`."""
        size = 0
        while self._waiting and len(self._taken) < MOST and size + self._waiting[-1][3] <= ROOM:
            one = self._waiting.pop()
            size += one[3]
            self._taken.append(one)
        rounds = tuple(
            SeenRound(service=service, age=round(now - began, 3), readings=readings)
            for began, service, readings, _ in reversed(self._taken)
        )
        return Report(session=session, sent=round(now, 3), blind=blind, etag=etag, rounds=rounds)

    def sent(self) -> int:
        """Forget the rounds of the last body. Return their number."""
        number = len(self._taken)
        self._taken.clear()
        return number

    def failed(self) -> None:
        """Put the rounds of the last body back."""
        self._waiting.extend(reversed(self._taken))
        self._waiting = deque(sorted(self._waiting, key=lambda one: one[0]))
        self._taken.clear()
