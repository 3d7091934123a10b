"""Keeps the collection of garbage short.

A full collection looks through every object of the process, and nothing else can happen meanwhile. The libraries alone
take it a tenth of a second.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OF_PYTHON = 1000  # objects that Python may have exempted itself: 3.12 starts with some hundreds


@contextmanager
def unsearched() -> Iterator[None]:
    """Collect garbage only among what is made from now on.

    What stands by now is still freed as soon as nothing refers to it; only cycles of it wait for the end. Change nothing
    if part of the process is exempt already: whoever did that will undo it.
    """
    if gc.get_freeze_count() > OF_PYTHON:
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
