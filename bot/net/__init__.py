"""Every outgoing HTTP request and probe connection: one transport, the address guard, body caps, true causes."""

from __future__ import annotations

from bot.net.guarded import Guarded
from bot.net.network import Network
from bot.net.request import Prepared
from bot.net.resolve import Names
from bot.net.serving import network
from bot.net.waiting import retry_after

__all__ = ["Guarded", "Names", "Network", "Prepared", "network", "retry_after"]
