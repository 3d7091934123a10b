"""The checks. To add one, write a file here and name it in `AnyCheck`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.watch.checks.heartbeat import HeartbeatCheck
from bot.watch.checks.http import HttpCheck
from bot.watch.checks.network import DnsCheck, GreetingCheck, PingCheck, TcpCheck, TlsCheck
from bot.watch.checks.websocket import WebsocketCheck

__all__ = ["AnyCheck", "HeartbeatCheck", "HttpCheck", "TcpCheck"]

AnyCheck = Annotated[
    HttpCheck | TcpCheck | TlsCheck | DnsCheck | GreetingCheck | WebsocketCheck | PingCheck | HeartbeatCheck,
    Field(discriminator="kind"),
]
