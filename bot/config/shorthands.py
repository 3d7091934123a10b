"""Shorthands that people write: one value for a list, an address for a route, a catalogue's name for a service (pure)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from bot.contracts import Telling

EXPECTED = "expected an address such as https://example.org, or settings with a kind of check"
SCHEMES = {"http": "http", "https": "http", "ws": "websocket", "wss": "websocket"}  # scheme -> kind of check


def one_or_many(value: Any) -> Any:
    """A single value as a list of it; nothing as an empty list."""
    if value is None:
        return ()
    return value if isinstance(value, list | tuple | set | frozenset) else (value,)


def some(value: Any) -> Any:
    """Likewise for names of services, of which "all" is none."""
    return value if value == "all" else one_or_many(value)


def services(value: Any) -> Any:
    """`github`, `[github, slack]` and `github:` with nothing behind it name services of the catalogue."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: {"service": name} for name in value}
    if isinstance(value, dict):
        return {key: {"service": key} if said is None else said for key, said in value.items()}
    return value


def service(value: Any) -> Any:
    """A service given as the address of its web site, or as its name in the catalogue."""
    if not isinstance(value, str):
        return value
    return {"routes": {"web": value}} if "://" in value else {"service": value}


def route(value: Any) -> Any:
    """A route given as its address, or without the kind of check that its address implies."""
    if isinstance(value, BaseModel):
        return value
    if isinstance(value, dict):
        if "kind" in value or not isinstance(value.get("url"), str):
            return value
        return {"kind": SCHEMES.get(value["url"].partition("://")[0].lower(), "http"), **value}
    if not isinstance(value, str):
        raise Telling(EXPECTED)
    scheme, _, rest = value.strip().partition("://")
    if kind := SCHEMES.get(scheme.lower()):
        return {"kind": kind, "url": value.strip()}
    host, _, port = rest.rpartition(":")
    if scheme.lower() == "tcp" and host and port.isdigit():
        return {"kind": "tcp", "host": host.strip("[]"), "port": int(port)}
    raise Telling(EXPECTED)
