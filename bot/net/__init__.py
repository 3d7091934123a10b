"""Every outgoing HTTP request and probe connection: one transport, the address guard, body caps, true causes."""

from __future__ import annotations

from bot.net.guarded import Guarded
from bot.net.network import Network
from bot.net.request import Prepared
from bot.net.resolve import Names
from bot.net.serving import network

__all__ = ["Guarded", "Names", "Network", "Prepared", "network"]
