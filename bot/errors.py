"""How an error of our own is named in the log."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from time import monotonic

SAID_EVERY = 60.0  # seconds between two lines about the same trouble

_said: dict[str, tuple[str, float]] = {}


def say_once(log: logging.Logger, what: str, line: str) -> None:
    """Log an error, and again after a while, or when it is another one: an hour of it is no reason for a thousand lines."""
    said, at = _said.get(what, ("", 0.0))
    if said != line or monotonic() - at >= SAID_EVERY:
        _said[what] = line, monotonic()
        log.error("%s", line)


def is_over(what: str) -> None:
    """What is wrong with it next is said at once."""
    _said.pop(what, None)


def fault(error: BaseException) -> str:
    """Its kind and where it was raised ("ValueError at http.py:42 in look"), never its message: that may quote a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    kind = type(error).__name__
    return f"{kind} at {Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else kind
