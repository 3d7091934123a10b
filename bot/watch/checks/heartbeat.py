"""The heartbeat check, for jobs that call us: whether a job has failed or is overdue. It sends nothing: the calls are
in `bot.watch.heartbeats`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

from bot.contracts import Check, Length, Net, between
from bot.model import Heartbeat, HeartbeatEvent, Outcome, Reading, Reason, ReasonCode

SHORTEST = 12  # characters of a token: whoever guesses it can report the job as well
SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~")
MINUTE = timedelta(minutes=1)
NEVER = datetime(1, 1, 1, tzinfo=UTC)


def _safe(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if len(text) < SHORTEST or not SAFE.issuperset(text):
        raise ValueError(
            f"expected {SHORTEST} or more letters, digits, dots, - and _, such as `openssl rand -hex 16` gives"
        )
    return token


Silence = Annotated[Length, between("1s", "400d")]


class HeartbeatCheck(BaseModel):
    """Good while the job calls at least every `every`, and its runs succeed; `grace` allows for delays and long runs."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["heartbeat"] = "heartbeat"
    every: Silence
    grace: Silence = timedelta(hours=1)
    token: Annotated[SecretStr, AfterValidator(_safe)] | None = None  # of its address; None: one is made and stored

    def bound(self, trouble: Callable[[], Reason | None]) -> Check:
        """The check itself. `trouble` returns the job's fault, None if there is none."""
        return _Bound(trouble)


@dataclass(frozen=True)
class _Bound:
    trouble: Callable[[], Reason | None]
    kind: str = "heartbeat"

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`; sends nothing."""
        why = self.trouble()
        return Reading(route, Outcome.FAILED if why else Outcome.OK, why)


def told(job: Heartbeat, call: HeartbeatEvent, at: datetime, code: int | None = None) -> Heartbeat:
    """The job after a call. `code`: exit code of a failed run."""
    match call:
        case HeartbeatEvent.BEGUN:
            return replace(job, begun_at=at)
        case HeartbeatEvent.FAILED:
            return replace(job, begun_at=None, failed_at=at, code=code)
        case HeartbeatEvent.DONE:
            return replace(job, begun_at=None, failed_at=None, code=None, done_at=at)


def merged(mine: Heartbeat, theirs: Heartbeat) -> Heartbeat:
    """The job as two nodes know it: the later call counts."""
    if mine.rhythm != theirs.rhythm:
        return mine
    newest = max(mine, theirs, key=_called_at)
    return replace(newest, since=max(mine.since, theirs.since), token=theirs.token or mine.token)


def _called_at(job: Heartbeat) -> datetime:
    return max(at for at in (NEVER, job.done_at, job.begun_at, job.failed_at) if at is not None)


def trouble(job: Heartbeat, every: timedelta, grace: timedelta, now: datetime) -> Reason | None:
    """The fault, or None. A run that has begun has `grace` to end."""
    if job.failed_at is not None:
        if job.code is None:
            return Reason.of(ReasonCode.JOB_FAILED)
        return Reason.of(ReasonCode.JOB_EXIT_CODE, exit_code=job.code)
    if job.begun_at is not None:
        late = now - max(job.begun_at, job.since) > grace
        return Reason.of(ReasonCode.JOB_NOT_ENDED, length=(now - job.begun_at) // MINUTE) if late else None
    since = max(job.done_at or job.since, job.since)
    if now - since <= every + grace:
        return None
    if job.done_at is None:
        return Reason.of(ReasonCode.NO_SIGN_YET)
    return Reason.of(ReasonCode.NO_SIGN_FOR, length=(now - since) // MINUTE)


def excused(job: Heartbeat, every: timedelta, grace: timedelta, deaf: tuple[datetime, datetime]) -> Heartbeat:
    """The job after a period in which we could not receive calls: unless it was in trouble before, its wait starts
    anew.
    """
    began, ended = deaf
    if job.since >= ended or trouble(job, every, grace, began):
        return job
    return replace(job, since=ended)
