"""The checks that each witness is given, as plain values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from bot.contracts import Check
from bot.watch.checks import HeartbeatCheck
from bot.watch.checks.body_text import TRUE
from bot.watch.rounds import Watched
from bot.watch.witness.protocol import Assignment, Task

INNER_NAMES = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".test")


@dataclass(frozen=True, slots=True)
class WitnessSettings:
    """A witness as the config names it. `services` None: all that may be given to everybody."""

    key: str
    name: str
    token: str = field(repr=False)
    services: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What a witness gets: the text of its config, its mark, and the routes that it may report, by service.

    `withheld`: services that are given only if they are named.
    """

    text: bytes = field(repr=False)
    etag: str
    routes: Mapping[str, frozenset[str]]
    withheld: tuple[str, ...] = ()


def given(settings: WitnessSettings, watched: Sequence[Watched], canaries: Sequence[Check]) -> Given:
    """The checks for one witness. Heartbeats are not among them: jobs call only us."""
    tasks, withheld = [], []
    for one in watched:
        routes = {route: check for route, check in one.checks.items() if _can_run(check)}
        if not routes or (settings.services is not None and one.service.id not in settings.services):
            continue
        if settings.services is None and any(private(check) for check in routes.values()):
            withheld.append(one.service.id)
            continue
        tasks.append(_task(one, routes))
    whole = Assignment(name=settings.name, canaries=tuple(map(plain, canaries)), services=tuple(tasks))
    text = whole.model_dump_json().encode()
    routes_of = {task.id: frozenset(task.routes) for task in tasks}
    return Given(text, f'"{hashlib.sha256(text).hexdigest()[:32]}"', routes_of, tuple(withheld))


def _can_run(check: Check) -> bool:
    return isinstance(check, BaseModel) and not isinstance(check, HeartbeatCheck)


def _task(one: Watched, routes: Mapping[str, Check]) -> Task:
    every, timeout, slow = (length.total_seconds() for length in (one.every, one.timeout, one.slow_after))
    known = {route: plain(check) for route, check in routes.items()}
    return Task(id=one.service.id, every=every, timeout=timeout, slow_after=slow, routes=known)


def private(check: Check) -> bool:
    """True for a check with what may be a secret (headers, credentials, a body, an address with a user or a query), and
    for one of our own network, which means nothing elsewhere.
    """
    if any(getattr(check, name, None) for name in ("headers", "auth", "body")):
        return True
    url = urlsplit(getattr(check, "url", "") or "")
    if url.query or url.username or url.password:
        return True
    hosts = (url.hostname, getattr(check, "host", None), getattr(check, "server", None))
    return any(inner(host) for host in hosts if host)


def inner(host: str) -> bool:
    """True for a private address, and for a name that only an inner network knows."""
    name = host.strip("[]").rstrip(".").lower()
    try:
        return not ip_address(name.partition("%")[0]).is_global
    except ValueError:
        return "." not in name or name.endswith(INNER_NAMES)


def plain(check: Check) -> dict[str, Any]:
    """The fields of a check that differ from their defaults, with its secrets, as values of JSON."""
    if not isinstance(check, BaseModel):
        raise TypeError(f"a {check.kind} check has no fields to send")
    return {"kind": check.kind, **_fields(check)}


def _fields(model: BaseModel) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field_ in type(model).model_fields.items():
        value = getattr(model, name)
        if value != field_.get_default(call_default_factory=True):
            found[field_.alias or name] = _claims(value) if field_.alias == "json" else _plain(value)
    return found


def _claims(pairs: tuple[tuple[str, Any], ...]) -> Any:
    """Assertions on JSON in the form in which the config takes them."""
    if all(value is TRUE for _, value in pairs):
        return [expression for expression, _ in pairs]
    return dict(pairs)


def _plain(value: Any) -> Any:
    match value:
        case BaseModel():
            return _fields(value)
        case SecretStr():
            return value.get_secret_value()
        case timedelta():
            return value.total_seconds()
        case dict():
            return {key: _plain(part) for key, part in value.items()}
        case tuple() | list():
            return [_plain(part) for part in value]
        case _:
            return value
