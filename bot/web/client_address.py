"""Whom an address stands for: the one that is counted when little is taken from each."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network


def network(address: str) -> str:
    """Of IPv6 the part that one household has: it may take any address in it."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)


def inner(address: str) -> bool:
    """An address of this machine or of a private network, where a proxy of ours stands."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.is_loopback or found.is_private
