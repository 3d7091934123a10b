"""TLS settings that trust the system's authorities. Each copy of these takes 0.8 MB, and 20 ms to read."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path


@cache
def shared() -> ssl.SSLContext:
    """The settings of all who ask over HTTP."""
    return trusting(None)


def trusting(ca_file: str | Path | None) -> ssl.SSLContext:
    """New settings. `ca_file` is trusted besides the system's authorities."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context
