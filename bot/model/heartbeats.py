"""What a job that calls us has told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class HeartbeatEvent(StrEnum):
    """What a job may call to say."""

    DONE = "done"
    BEGUN = "begun"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A route that is not looked at, but calls: when it did so last."""

    service: str
    route: str
    token: str = field(repr=False)  # of the address that it calls; empty: it stands in the config
    rhythm: str  # how often it is to call; when that is changed it is waited for anew
    since: datetime  # its silence counts from here on, for before we did not listen
    done_at: datetime | None = None
    begun_at: datetime | None = None  # of a run that has not ended
    failed_at: datetime | None = None  # of the last run, if it failed
    code: int | None = None  # with which it failed

    @property
    def key(self) -> tuple[str, str]:
        return self.service, self.route
