"""aiohttp with our TLS settings, for the SDKs that are built on it.

By itself it makes the same settings when it is imported, and a copy that holds the authorities although it verifies nothing.
"""

from __future__ import annotations

import ssl

from aiohttp import connector

from bot.net import transport


def share() -> None:
    """Have all sessions use our settings. There is no public way: an SDK makes its sessions itself."""
    connector._SSL_CONTEXT_VERIFIED = transport.shared_tls()  # noqa: SLF001
    connector._SSL_CONTEXT_UNVERIFIED = _unverified()  # noqa: SLF001


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
