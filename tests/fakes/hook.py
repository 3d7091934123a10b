"""The far side of a webhook: a receiver that keeps what it was told, does an Idempotency-Key once, and shows every fault."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from tests.fakes.faults import Fault, FaultyServer, Message

TOKEN = "hook-token-5c1e"  # many receivers are known by a secret in their URL
KEYS = {"version", "key", "thread", "service", "act", "root", "fresh", "tone", "title", "lines", "text", "at"}
ANSWERS = {Fault.FAILED: 500, Fault.TOO_LONG: 413, Fault.GONE: 410, Fault.MOVED: 308, Fault.REVOKED: 401}


class FakeHook(FaultyServer):
    """`heard` are the bodies in order, repeats included; `applied` are the messages, each Idempotency-Key once."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets = [TOKEN]
        self.heard: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.app.router.add_post(f"/hook/{TOKEN}", self._hear)

    @property
    def place(self) -> str:
        return f"{self.url}hook/{TOKEN}"

    async def faulty(self, fault: Fault, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=ANSWERS[fault], headers={"Location": "/elsewhere"} if fault is Fault.MOVED else {})

    async def _hear(self, request: web.Request) -> web.Response:
        told = json.loads(await request.read())
        headers = {name.lower(): value for name, value in request.headers.items()}
        again = any(earlier["idempotency-key"] == headers["idempotency-key"] for earlier in self.headers)
        self.heard.append(told)
        self.headers.append(headers)
        self.broken += [rule for rule, kept in rules(told, headers).items() if not kept]
        if not again:
            edits = told["act"] == "edit"
            self.apply(
                Message(
                    ref=told["root"] if edits else told["key"],
                    place=str(request.url),
                    text=told["text"],
                    thread=None if edits else told["root"],
                    edited=edits,
                    loud=told["fresh"],
                    raw=told,
                )
            )
        return web.Response(status=204)


def rules(told: dict[str, Any], headers: dict[str, str]) -> dict[str, bool]:
    return {
        "all the keys, and no others": told.keys() - {"links"} == KEYS and told.get("links") != [],
        "the text is the title and the lines": told["text"] == "\n".join([told["title"], *told["lines"]]),
        "no secret where it may be logged": TOKEN not in json.dumps(told) + str(headers),
        "JSON, and said so": headers["content-type"] == "application/json",
        "our name": headers["user-agent"].lower().startswith("tocsin/"),
    }
