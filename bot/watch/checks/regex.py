"""Regular expressions from the config, by RE2: their time and memory are bounded, whatever the page."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

MEMORY = 8 << 20  # bytes for one expression
LONGEST = 1000  # characters
UNKNOWN = "in RE2's syntax: neither look-around, such as (?=...), nor back-references, such as \\1"


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """Compile an expression. Raise ValueError, with the reason, if RE2 does not take it."""
    try:
        import re2  # noqa: PLC0415 - an extra, and only for those who use it
    except ImportError:
        raise ValueError('needs the extra "re2": pip install "tocsin[re2]"') from None
    if len(pattern) > LONGEST:
        raise ValueError(f"is too long; expected at most {LONGEST} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0].decode("utf-8", "replace") if error.args else "no reason given"
        raise ValueError(f"is no pattern ({why.partition(':')[0]}); expected one {UNKNOWN}") from None
