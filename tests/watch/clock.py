"""A clock that a test turns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)


class Hands:
    """Like `watch.clock.Clock`; `now` is in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def steady(self):
        return self.now

    def utcnow(self):
        return START + timedelta(seconds=self.now - 1000.0)
