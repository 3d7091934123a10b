"""The door of the witnesses: /witness/config says what to check, /witness/readings takes what they see."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from time import monotonic

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.delivery.rate_limit import RateLimit
from bot.watch.witness.assignment import Given
from bot.watch.witness.protocol import CONFIG, LARGEST, READINGS, Report
from bot.watch.witness.registry import WitnessRegistry
from bot.web.connections import BodyFault, Complaints, read_body

log = logging.getLogger(__name__)

EACH, PER = 20, 5.0  # requests of each kind that a witness may send, in so many seconds
SHOWN = 10  # services in one line
SECRET = {"Cache-Control": "no-store"}


@dataclass
class Witnesses:
    """`tokens` and `tasks` by the witness's key."""

    tokens: Mapping[str, str] = field(repr=False)
    tasks: Mapping[str, Given] = field(repr=False)
    registry: WitnessRegistry
    _limit: RateLimit[tuple[str, str], float] = field(default_factory=lambda: RateLimit(EACH))
    _complaints: Complaints = field(default_factory=lambda: Complaints("refused on the door of the witnesses"))
    _refused: set[str] = field(default_factory=set)  # witnesses whose refused readings were logged

    def __post_init__(self) -> None:
        self._keys = {_digest(token): key for key, token in self.tokens.items()}
        for key, task in self.tasks.items():
            if task.withheld:
                listed = ", ".join(task.withheld[:SHOWN]) + (" …" if len(task.withheld) > SHOWN else "")
                log.info("the witness %s does not check %s: private, so only if its services name them", key, listed)

    def routes(self) -> list[BaseRoute]:
        return [Route(CONFIG, self.config, methods=["GET"]), Route(READINGS, self.readings, methods=["POST"])]

    async def config(self, request: Request) -> Response:
        """What the witness is to check; 304 if it knows that already."""
        key = self._whose(request)
        if isinstance(key, Response):
            return key
        task = self.tasks[key]
        headers = SECRET | {"ETag": task.etag}
        if request.headers.get("if-none-match") == task.etag:
            return Response(status_code=304, headers=headers)
        return Response(task.text, media_type="application/json", headers=headers)

    async def readings(self, request: Request) -> Response:
        """Take a body of readings; answer with the mark of the config in force, and what to check now."""
        key = self._whose(request)
        if isinstance(key, Response):
            return key
        body = await read_body(request, LARGEST)
        if isinstance(body, BodyFault):
            return PlainTextResponse("The readings are too long, or came too slowly.\n", 413)
        try:
            report = Report.model_validate_json(body)
        except (ValidationError, ValueError, RecursionError):
            self._complaints.note(f"readings of {key} that cannot be read")
            return PlainTextResponse("These readings cannot be read; is the witness of another version?\n", 400)
        requested = self.registry.take(key, report)
        self._note_refused(key)
        return Response(
            json.dumps({"etag": self.tasks[key].etag, "checks": requested}),
            media_type="application/json",
            headers=SECRET,
        )

    def _whose(self, request: Request) -> str | Response:
        """The witness that calls; or the refusal, which is the same for all wrong tokens."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        key = self._keys.get(_digest(token.strip())) if scheme.lower() == "bearer" else None
        # The look-up is by digest, so that the time it takes reveals nothing of a token.
        if key is None or not hmac.compare_digest(_bytes(token.strip()), _bytes(self.tokens[key])):
            self._complaints.note("a wrong token")
            return PlainTextResponse("No witness has this token.\n", 401, {"WWW-Authenticate": "Bearer"})
        now = monotonic()
        if not self._limit.take((key, request.url.path), now, now + PER):
            self._complaints.note(f"too many requests of {key}")
            return PlainTextResponse("Too many requests.\n", 429, {"Retry-After": str(int(PER))})
        return key

    def _note_refused(self, key: str) -> None:
        if self.registry.tallies[key].refused and key not in self._refused:
            self._refused.add(key)
            log.warning("the witness %s reports what it was not given to check: those readings are refused", key)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _digest(token: str) -> bytes:
    return blake2b(_bytes(token), digest_size=16).digest()
