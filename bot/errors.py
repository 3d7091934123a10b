"""Logging of our own errors, without repetition and without secrets."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from time import monotonic

SAID_EVERY = 60.0  # seconds between two lines about the same error

_said: dict[str, tuple[str, float]] = {}


def say_once(log: logging.Logger, what: str, line: str) -> None:
    """Log an error, and repeat it only after a while or when the text changes, so that a long fault does not flood the
    log.
    """
    said, at = _said.get(what, ("", 0.0))
    if said != line or monotonic() - at >= SAID_EVERY:
        _said[what] = line, monotonic()
        log.error("%s", line)


def is_over(what: str) -> None:
    """Forget the last line about `what`, so that its next error is logged at once."""
    _said.pop(what, None)


def fault(error: BaseException) -> str:
    """The error's type and place ("ValueError at http.py:42 in look"), never its message, which may quote a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    kind = type(error).__name__
    return f"{kind} at {Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else kind
