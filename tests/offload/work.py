"""Work for another process: in a file of its own, as the process imports what it needs, and starts quickly with little."""

from __future__ import annotations

import gc
import os
import signal
from typing import TYPE_CHECKING

from bot.offload import worker

if TYPE_CHECKING:
    from bot.model import SourceReport


def spin(_what: object = None) -> None:
    while True:
        pass


def word() -> SourceReport:
    from bot.model import Health, Role, SourceReport  # most work is done without it

    return SourceReport(Role.OFFICIAL, "x", Health.DOWN, components=("a",))


def refuse(kind: str) -> None:
    from bot.watch.sources.dialects.base import NotShownError  # as above

    raise {"ours": NotShownError, "usual": ValueError, "deep": RecursionError}[kind]("because")


def unicode_error() -> None:
    b"\xff".decode()


def mine() -> int:
    return os.getpid()


def collects() -> bool:
    return gc.isenabled()


def cycles() -> int:
    """Rubbish that only the collector frees, and how much memory is held before it."""
    held = worker.resident()
    for _ in range(20_000):
        one: list[object] = [bytes(1000)]
        one.append(one)
    return held


def ours() -> object:
    return os.system


def end() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def grow() -> int:
    return len(b" " * 2**33)


def large() -> bytes:
    return b" " * 8_000_000


def secrets() -> list[str]:
    return sorted(name for name in os.environ if "TOKEN" in name)
