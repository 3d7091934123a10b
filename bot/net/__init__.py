"""Every outgoing HTTP request and probe, and which addresses are allowed."""

from __future__ import annotations

from bot.net.address_guard import Guarded
from bot.net.client import Network
from bot.net.dns import DnsClient
from bot.net.head import network
from bot.net.request import Prepared

__all__ = ["DnsClient", "Guarded", "Network", "Prepared", "network"]
