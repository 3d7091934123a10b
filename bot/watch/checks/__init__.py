"""The checks, one file per kind. To add one, write a file here and name it in `AnyCheck`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.watch.checks.dns import DnsCheck
from bot.watch.checks.greeting import GreetingCheck
from bot.watch.checks.heartbeat import HeartbeatCheck
from bot.watch.checks.http import HttpCheck
from bot.watch.checks.ping import PingCheck
from bot.watch.checks.tcp import TcpCheck
from bot.watch.checks.tls import TlsCheck
from bot.watch.checks.websocket import WebsocketCheck

__all__ = ["AnyCheck", "HeartbeatCheck", "HttpCheck", "TcpCheck"]

AnyCheck = Annotated[
    HttpCheck | TcpCheck | TlsCheck | DnsCheck | GreetingCheck | WebsocketCheck | PingCheck | HeartbeatCheck,
    Field(discriminator="kind"),
]
