"""Validation of the database URL: what passes can be opened, or fails with a plain error."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from urllib.parse import parse_qsl, unquote

EXPECTED = "expected sqlite:///file.db or postgresql://user:password@host:5432/name"
ESCAPED = "in a user or password @ is written %40, / is %2F, : is %3A, ? is %3F, % is %25"
LONGEST = 2000  # characters
SSL = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
SESSIONS = frozenset({"any", "primary", "standby", "read-write", "read-only", "prefer-standby"})
SERVER = re.compile(
    r"(?:([^:/@?]*(?::[^@?]*)?)@)?(\[[^\]/?@]*\]|[^:/?@\[\]]*)(?::([^/?@]*))?(?:/([^?]*))?(?:\?(.*))?", re.DOTALL
)


def database_url(url: str) -> str:
    """The URL, unchanged. Raise ValueError, with a message that quotes none of it, if it names no database."""
    if len(url) > LONGEST or not url.isprintable():
        raise ValueError(f"is no address of a database; {EXPECTED}")
    scheme, slashes, rest = url.partition("://")
    if slashes and scheme == "sqlite":
        _check_file(rest)
    elif slashes and scheme == "postgresql":
        _check_server(rest)
    else:
        raise ValueError(f"is no address of a database; {EXPECTED}")
    return url


def _check_file(rest: str) -> None:
    path = rest.removeprefix("/")
    if path == rest or not path or path == ":memory:" or path.endswith("/"):
        raise ValueError("names no file; expected sqlite:///file.db, or sqlite:////var/lib/tocsin/file.db")
    if "?" in path:
        raise ValueError("a file takes no ?options; expected sqlite:///file.db")
    if not unquote(path).isprintable():
        raise ValueError("holds a character that cannot be shown")
    if re.search(":.*@", path):  # a path is shown in messages, and this one may hold a password
        raise ValueError(f"is of a file, and names an account; {EXPECTED}")


def _check_server(rest: str) -> None:
    found = SERVER.fullmatch(rest)
    if found is None:
        raise ValueError(f"is no address of a server; {EXPECTED} ({ESCAPED})")
    port = found[3]
    account, host, name, options = (found[number] or "" for number in (1, 2, 4, 5))
    given = _options(options)
    if not (host or given.get("host")):
        raise ValueError(f"names no server; {EXPECTED}")
    for one, its_port in _servers(host, port):
        if its_port is not None:
            _check_port(its_port)
        if one:
            _check_host(one)
    # An unescaped / in a password ends it there, and the rest would be shown with the name.
    if not set("@:/").isdisjoint(name):
        raise ValueError(f"has no right name of a database; expected one such as tocsin ({ESCAPED})")
    if any(not unquote(part).isprintable() for part in (account, name, *given.values())):
        raise ValueError("holds a character that cannot be shown")


def _servers(host: str, port: str | None) -> list[tuple[str, str | None]]:
    """Each server of `a:5432,b:5432` with its port: a pair of them, of which one at a time takes writes."""
    if host.startswith("[") or "," not in host + (port or ""):
        return [(host, port)]
    parts = (host if port is None else f"{host}:{port}").split(",")
    if not all(parts):
        raise ValueError(f"names a server without a name; {EXPECTED}")
    return [(name, number if colon else None) for name, colon, number in (part.partition(":") for part in parts)]


def _check_port(port: str) -> None:
    if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise ValueError(f"has no right port; expected a number from 1 to 65535, such as 5432 ({ESCAPED})")


def _check_host(host: str) -> None:
    try:
        if host.startswith("["):
            right = bool(IPv6Address(host[1:-1]))
        else:
            right = bool(re.fullmatch(r"[\w.-]{1,253}", host) and host.encode("idna"))
    except ValueError:
        right = False
    if not right:
        raise ValueError(f"has no right host name; {EXPECTED} ({ESCAPED})")


def _options(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=20) if text else []
    except ValueError:
        raise ValueError("has options that cannot be read; expected ?sslmode=require") from None
    given = dict(pairs)
    if len(given) < len(pairs):
        raise ValueError("gives an option twice")
    if "port" in given and "host" not in given:
        raise ValueError("has the option port without the option host")
    for key, value in pairs:
        _check_option(key, value)
    return given


def _check_option(key: str, value: str) -> None:
    match key:
        case "sslmode" | "ssl":
            right = value in SSL
        case "target_session_attrs":
            right = value in SESSIONS
        case "port":
            _check_port(value)
            right = True
        case "host":
            if not value.startswith("/"):
                _check_host(value)
            right = True
        case "prepared_statement_cache_size":
            right = bool(re.fullmatch("[0-9]{1,5}", value))
        case "user" | "password":
            right = bool(value)
        case _:
            raise ValueError(
                "has an option that it does not take; expected sslmode, target_session_attrs, user, password, host, "
                "port or prepared_statement_cache_size"
            )
    if not right:
        raise ValueError(f"has no right {key}")
