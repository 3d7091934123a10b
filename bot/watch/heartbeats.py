"""The last calls of the jobs with a heartbeat check, kept in the store across restarts."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from secrets import token_urlsafe

from bot.model import Heartbeat, HeartbeatEvent, Reason
from bot.model.clock_shift import Moved, moved
from bot.store import Store
from bot.watch.checks import heartbeat
from bot.watch.checks.heartbeat import HeartbeatCheck

SHORT = timedelta(minutes=1)  # a restart that `curl --retry` outlasts, so no job gets a new deadline

Key = tuple[str, str]  # service and route


class HeartbeatRegistry:
    """`checks` by service and route. `blind`: since when we are offline and may miss calls; None: we are not."""

    def __init__(
        self,
        checks: Mapping[Key, HeartbeatCheck],
        store: Store,
        clock: Callable[[], datetime],
        blind: Callable[[], datetime | None],
    ) -> None:
        self._checks = checks
        self._store = store
        self._clock = clock
        self._blind = blind
        self._jobs: dict[Key, Heartbeat] = {}
        self._tokens: dict[bytes, tuple[str, Key]] = {}  # by their digests
        self._unwritten: set[Key] = set()
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Load the stored calls.

        A job that is new, has a new rhythm, or was well when we stopped gets a new deadline from now: we missed its
        calls since then.
        """
        now, known = self._clock(), {job.key: job for job in await self._store.heartbeats.all()}
        stopped = await self._store.results.last_alive() if known else None
        for key, check in self._checks.items():
            # The clock may have stepped while we were stopped: nothing stored lies in the future.
            job: Heartbeat = moved(known.get(key) or Heartbeat(*key, "", "", now), lambda at: min(at, now))
            if job.rhythm != _rhythm(check):
                job = Heartbeat(*key, job.token, _rhythm(check), now)
            elif stopped is None or now - stopped > SHORT:
                job = heartbeat.excused(job, check.every, check.grace, (stopped or job.since, now))
            if check.token is None and not job.token:
                job = replace(job, token=token_urlsafe(16))
            self._put(job, changed=job != known.get(key))
            token = check.token.get_secret_value() if check.token else job.token
            self._tokens[_digest(token)] = token, key
        gone = [replace(job, rhythm="") for key, job in known.items() if key not in self._checks and job.rhythm]
        await self._store.heartbeats.keep(gone)
        await self.write()

    async def change(self, checks: Mapping[Key, HeartbeatCheck]) -> None:
        """Hear these jobs from now on; for those that were known nothing changes. May raise StoreUnavailable."""
        await self.write()
        after = HeartbeatRegistry(checks, self._store, self._clock, self._blind)
        await after.load()
        heard = {key: self._jobs[key] for key in self._unwritten}  # since then
        same = {key: job for key, job in heard.items() if key in checks and job.rhythm == after._jobs[key].rhythm}
        self._unwritten = after._unwritten | same.keys()
        self._jobs, self._checks, self._tokens = after._jobs | same, checks, after._tokens

    async def refresh(self) -> None:
        """Take over what other nodes have heard. May raise StoreUnavailable."""
        for job in await self._store.heartbeats.all():
            mine = self._jobs.get(job.key)
            if mine is None or job.rhythm != mine.rhythm:
                continue
            self._jobs[job.key] = heartbeat.merged(mine, job)
            if job.token and job.token != mine.token:  # two nodes made one at once, and the other's was first
                self._tokens = {digest: found for digest, found in self._tokens.items() if found[0] != mine.token}
                self._tokens[_digest(job.token)] = job.token, job.key

    def whose(self, token: str) -> Key | None:
        """The job of a token, None if there is none. Looked up by digest, so that the time taken reveals nothing of
        the token.
        """
        found = self._tokens.get(_digest(token))
        return found[1] if found and hmac.compare_digest(_bytes(token), _bytes(found[0])) else None

    def heard(self, key: Key, call: HeartbeatEvent, code: int | None = None) -> bool:
        """Take a call, to be stored by `write`. True if it changes whether the job is well."""
        before = self.trouble(key)
        self._put(heartbeat.told(self._jobs[key], call, self._clock(), code), changed=True)
        return before != self.trouble(key)

    def trouble(self, key: Key) -> Reason | None:
        """The job's fault; None if there is none."""
        check, job, now = self._checks[key], self._jobs[key], self._clock()
        if since := self._blind():
            job = heartbeat.excused(job, check.every, check.grace, (since, now))
            self._put(job, changed=job is not self._jobs[key])
        return heartbeat.trouble(job, check.every, check.grace, now)

    def step(self, move: Moved) -> None:
        """Shift all times after the clock has stepped; the stored ones are shifted already."""
        self._jobs = {key: moved(job, move) for key, job in self._jobs.items()}

    async def write(self) -> None:
        """Store what changed, one write at a time, so that nothing newer is overwritten.

        May raise StoreUnavailable: what is not stored then is stored the next time.
        """
        async with self._writing:
            told = [self._jobs[key] for key in self._unwritten]
            await self._store.heartbeats.keep(told)
            self._unwritten -= {job.key for job in told if self._jobs[job.key] is job}

    def _put(self, job: Heartbeat, *, changed: bool) -> None:
        self._jobs[job.key] = job
        if changed:
            self._unwritten.add(job.key)


def _rhythm(check: HeartbeatCheck) -> str:
    return f"{check.every.total_seconds():g}+{check.grace.total_seconds():g}"


def _digest(token: str) -> bytes:
    return blake2b(_bytes(token), digest_size=16).digest()


def _bytes(token: str) -> bytes:
    return token.encode(errors="replace")
