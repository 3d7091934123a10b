"""How an exception of our own is named in a log."""

from __future__ import annotations

import traceback
from pathlib import Path


def fault(error: BaseException) -> str:
    """Its kind and where it was raised ("ValueError at http.py:42 in look"), never its message: that may quote a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    kind = type(error).__name__
    return f"{kind} at {Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else kind
