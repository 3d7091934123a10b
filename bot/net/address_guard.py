"""The address guard: addresses that a stranger's URL must not reach.

It judges the address about to be connected to, so that no spelling of an address, no name that resolves to an internal
one, no rebinding and no redirect gets round it.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from bot.contracts import Answer, Connected, Echoed, Family, Found, Net, Record, Starttls, Trouble
from bot.model import Reason, ReasonCode

INNER = Reason.of(ReasonCode.INNER_ADDRESS)
UNICAST = IPv6Network("2000::/3")  # all that IANA has assigned for the public internet
# 64:ff9b::/96 is NAT64 (RFC 6052), ::ffff:0:0:0/96 SIIT (RFC 7915), ::/96 the old "compatible" form: all end in an IPv4
# address, and Python calls them global whatever that address is.
CARRIERS = (IPv6Network("64:ff9b::/96"), IPv6Network("::ffff:0:0:0/96"), IPv6Network("::/96"))
# Refused, though `is_global` of some Python version accepts them.
INNER4 = (
    IPv4Network("100.64.0.0/10"),  # carrier-grade NAT
    IPv4Network("168.63.129.16/32"),  # Azure's host
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
)
INNER6 = (IPv6Network("2001::/23"), IPv6Network("3fff::/20"))  # protocol assignments with Teredo; documentation
FOREIGN = {4: "198.51.100.1", 6: "2001:db8::1"}  # for documentation: no machine has them
CAP = 256 * 1024


def inner(address: str) -> bool:
    """Whether it belongs to us, this machine, its link or cloud, or a multicast group. Raise ValueError if it is no
    address.
    """
    ip = ip_address(address)
    return _by_number(ip) or _own(_carried(ip) or ip)


@lru_cache(maxsize=4096)
def _by_number(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv6Address):
        carried = _carried(ip)
        if carried is None:
            return ip not in UNICAST or not ip.is_global or any(ip in net for net in INNER6)
        ip = carried
    return not ip.is_global or ip.is_multicast or any(ip in net for net in INNER4)


def _carried(ip: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address embedded in an IPv6 one. (Teredo's lies within 2001::/23, which is refused as a whole.)"""
    if isinstance(ip, IPv4Address):
        return None
    if any(ip in net for net in CARRIERS):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


def _own(ip: IPv4Address | IPv6Address) -> bool:
    """Whether this machine has the address: whoever trusts the machine's own address would trust us.

    Checked anew each time, since addresses come and go; no packet is sent.
    """
    return _bound(str(ip), ip.version) and not _binds_anything(ip.version)


@lru_cache(maxsize=2)
def _binds_anything(version: int) -> bool:
    """Whether Linux allows binding to any address (`ip_nonlocal_bind`), which makes the check useless."""
    return _bound(FOREIGN[version], version)


def _bound(address: str, version: int) -> bool:
    """Whether we can bind to the address, normally possible for its owner only."""
    try:
        with socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.bind((address, 0))
    except OSError:
        return False
    return True


class Guarded:
    """A `Net` that never connects to an internal address."""

    def __init__(self, net: Net) -> None:
        self._net = net

    def prepare(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        *,
        family: Family | None = None,
    ) -> object:
        return self._net.prepare(method, url, headers, content, family=family)

    async def fetch(
        self,
        prepared: object,
        *,
        timeout: timedelta,
        cap: int = CAP,
        redirects: int = 0,
        fresh: bool = False,
        guarded: bool = True,
        inward: bool = False,
    ) -> Answer | Trouble:
        return await self._net.fetch(prepared, timeout=timeout, cap=cap, redirects=redirects, fresh=fresh, guarded=True)

    async def connect(self, host: str, port: int, *, timeout: timedelta, guarded: bool = True) -> Connected | Trouble:
        return await self._net.connect(host, port, timeout=timeout, guarded=True)

    async def handshake(
        self,
        host: str,
        port: int,
        *,
        timeout: timedelta,
        name: str = "",
        starttls: Starttls | None = None,
        guarded: bool = True,
    ) -> Connected | Trouble:
        return await self._net.handshake(host, port, timeout=timeout, name=name, starttls=starttls, guarded=True)

    async def greet(
        self, host: str, port: int, *, timeout: timedelta, secure: bool = False, guarded: bool = True
    ) -> Connected | Trouble:
        return await self._net.greet(host, port, timeout=timeout, secure=secure, guarded=True)

    async def query(
        self, name: str, kind: Record, *, timeout: timedelta, server: str = "", guarded: bool = True
    ) -> Found | Trouble:
        return await self._net.query(name, kind, timeout=timeout, server=server, guarded=True)

    async def ping(self, host: str, *, timeout: timedelta, packets: int = 3, guarded: bool = True) -> Echoed | Trouble:
        return await self._net.ping(host, timeout=timeout, packets=packets, guarded=True)
