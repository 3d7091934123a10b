"""Whether a job's heartbeat has failed or is overdue (pure).

Reasons are like `Reading.why`: short, without times of day, as readers are in different zones.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.model import Heartbeat, HeartbeatEvent


def told(job: Heartbeat, call: HeartbeatEvent, at: datetime, code: int | None = None) -> Heartbeat:
    """The job after a call. `code`: exit code of a failed run."""
    match call:
        case HeartbeatEvent.BEGUN:
            return replace(job, begun_at=at)
        case HeartbeatEvent.FAILED:
            return replace(job, begun_at=None, failed_at=at, code=code)
        case HeartbeatEvent.DONE:
            return replace(job, begun_at=None, failed_at=None, code=None, done_at=at)


def trouble(job: Heartbeat, every: timedelta, grace: timedelta, now: datetime) -> str:
    """The fault, or an empty string. A run that has begun has `grace` to end."""
    if job.failed_at is not None:
        return "reported a failure" if job.code is None else f"failed (exit code {job.code})"
    if job.begun_at is not None:
        late = now - max(job.begun_at, job.since) > grace
        return f"its run began {_length(now - job.begun_at)} ago and has not ended" if late else ""
    since = max(job.done_at or job.since, job.since)
    if now - since <= every + grace:
        return ""
    return "no sign yet" if job.done_at is None else f"no sign for {_length(now - since)}"


def excused(job: Heartbeat, every: timedelta, grace: timedelta, deaf: tuple[datetime, datetime]) -> Heartbeat:
    """The job after a period in which we could not receive calls: unless it was in trouble before, its wait starts
    anew.
    """
    began, ended = deaf
    if job.since >= ended or trouble(job, every, grace, began):
        return job
    return replace(job, since=ended)


def _length(past: timedelta) -> str:
    """A duration such as "50 min", "25 h" or "3 d"."""
    minutes = past // timedelta(minutes=1)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} d"
