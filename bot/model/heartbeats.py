"""Heartbeats: calls of jobs that report that they ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class HeartbeatEvent(StrEnum):
    """Kind of call that a job makes."""

    DONE = "done"
    BEGUN = "begun"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """State of a heartbeat route, which is not checked but called by a job."""

    service: str
    route: str
    token: str = field(repr=False)  # token in the address that it calls; empty: it is in the config
    rhythm: str  # the expected interval; the wait starts anew when this changes
    since: datetime  # start of the wait: before it we were not listening
    done_at: datetime | None = None
    begun_at: datetime | None = None  # start of the run in progress
    failed_at: datetime | None = None  # failure of the last run, if it failed
    code: int | None = None  # exit code of that failure

    @property
    def key(self) -> tuple[str, str]:
        return self.service, self.route
