"""CPU seconds that a piece of work takes as the offload worker does it, and how many it may take on this machine as it is now."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable

QUIET = 0.0125  # seconds that the yardstick takes where the bounds were set, nobody else being at work
_PAGE = json.dumps([{"id": n, "name": f"n{n}", "list": [n, n]} for n in range(4000)]).encode()


def cpu(work: Callable[[], object], enough: float = 0.1) -> float:
    """The least of three, as others share the machine; `enough`: what takes no longer is not done again."""
    least = float("inf")
    for _ in range(3):
        least = min(least, _once(work))
        if least <= enough:
            break
    return least


def allowed(seconds: float, taken: float = float("inf")) -> float:
    """So many seconds of a quiet machine, in those of this one now: fixed work of the same sort is its yardstick.

    It is not needed where no more than these seconds were `taken`.
    """
    return seconds if taken < seconds else seconds * max(1.0, cpu(_yardstick, enough=0.0) / QUIET)


def _once(work: Callable[[], object]) -> float:
    """Without the cyclic collector, as in the worker: here it would walk through all that the tests hold."""
    collects = gc.isenabled()
    gc.disable()
    began = time.process_time()
    try:
        work()
        return time.process_time() - began
    finally:
        if collects:
            gc.enable()


def _yardstick() -> None:
    for _ in range(3):
        total: dict[str, int] = {}
        for one in json.loads(_PAGE):
            total[one["name"]] = total.get(one["name"], 0) + int(one["id"])
