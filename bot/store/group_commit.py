"""Group commit: writes asked for at the same time share one transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Generic, TypeVar

from bot.contracts import StoreUnavailable
from bot.store.engine import Database

Job = TypeVar("Job")
Result = TypeVar("Result")
SIZE = 200  # a transaction: with more, everybody else waits long for the database


class Again(Enum):
    """The answer to a job that has to wait for the next transaction."""

    AGAIN = "again"


class Group(Generic[Job, Result]):
    """Hands waiting jobs to `commit`, which runs them in one transaction.

    `commit` answers each with its result, with the exception for its caller, or with AGAIN. A storm of 1,000 thus syncs
    the disk some times, not 1,000 times.
    """

    def __init__(
        self, database: Database, commit: Callable[[Sequence[Job]], Awaitable[Sequence[Result | Exception | Again]]]
    ) -> None:
        self._database = database
        self._commit = commit
        self._waiting: deque[tuple[Job, asyncio.Future[Result]]] = deque()
        self._busy = False

    async def join(self, job: Job) -> Result:
        """Return once `job` is written. If the caller is cancelled, it is written all the same."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, done))
        if not self._busy:
            self._busy = True
            self._database.spawn(self._drain())
        return await done

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._settle([self._waiting.popleft() for _ in range(min(SIZE, len(self._waiting)))])
        finally:
            self._busy = False

    async def _settle(self, batch: list[tuple[Job, asyncio.Future[Result]]]) -> None:
        results: Sequence[Result | Exception | Again]
        try:
            results = await self._commit([job for job, _ in batch])
        except StoreUnavailable as error:
            results = [StoreUnavailable(*error.args) for _ in batch]
        except Exception as error:  # noqa: BLE001 - goes to its own caller only
            if len(batch) > 1:  # rolled back: find out whose error it is
                for one in batch:
                    await self._settle([one])
                return
            results = [error]
        again = [one for one, result in zip(batch, results, strict=True) if not _tell(one[1], result)]
        self._waiting.extendleft(reversed(again))


def _tell(done: asyncio.Future[Result], result: Result | Exception | Again) -> bool:
    if isinstance(result, Again):
        return False
    if done.done():  # its caller was cancelled
        return True
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)
    return True
