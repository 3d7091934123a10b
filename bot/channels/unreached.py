"""Reasons of connections that aiohttp could not make."""

from __future__ import annotations

import aiohttp

from bot.model import Reason, ReasonCode


def unreached(channel: str, error: aiohttp.ClientConnectorError) -> Reason:
    """The reason why a provider cannot be reached: its name, TLS or the connection."""
    return Reason.of(ReasonCode.NOT_REACHED, channel=channel, cause=Reason.of(_cause(error), host=error.host))


def _cause(error: aiohttp.ClientConnectorError) -> ReasonCode:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ReasonCode.NAME_NOT_FOUND
    if isinstance(error, aiohttp.ClientSSLError):
        return ReasonCode.NO_TRUSTED_TLS
    return ReasonCode.NO_CONNECTIONS_ACCEPTED
