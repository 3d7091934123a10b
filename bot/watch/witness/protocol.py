"""What witness and server say to each other, as JSON: the checks to run, and the readings.

A witness sends ages, not times of day, so that its clock need not be right.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, field_validator

from bot.contracts import Check
from bot.model import Outcome, Reading, Reason
from bot.model.reasons import LONGEST
from bot.watch.checks import AnyCheck

CONFIG, READINGS = "/witness/config", "/witness/readings"
VERSION = 1
LARGEST = 256 * 1024  # bytes of a body with readings
MOST = 2_000  # rounds in one body
LONGEST_AGE = 300.0  # seconds that readings are kept for a server that is away
EVERY = 1.0  # seconds between two bodies
PULL = 30.0  # seconds between two looks at the config, if the server names no change

DEEPEST, FACTS, HIGHEST = 4, 8, 1e12  # of a reason from outside

Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e9, le=1e9)]
ShortText = Annotated[str, StringConstraints(max_length=100)]


class Strict(BaseModel):
    """Refuses what it does not know, without quoting it."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)


def sound(why: Reason, depth: int = 0) -> Reason:
    """A reason from outside, with its text cut and without advice. Raise ValueError if it cannot be worded."""
    if depth > DEEPEST or len(why.facts) > FACTS:
        raise ValueError("has too many facts")
    facts: list[tuple[str, str | int | float | Reason]] = []
    for name, fact in why.facts:
        if isinstance(fact, Reason):
            facts.append((name, sound(fact, depth + 1)))
        elif isinstance(fact, str):
            facts.append((name, fact[:LONGEST]))
        elif abs(fact) < HIGHEST:  # which NaN is not
            facts.append((name, fact))
        else:
            raise ValueError("has a fact that is no number")
    return Reason(why.code, tuple(facts))


class SeenReading(Strict):
    """A `Reading`; `took` in seconds."""

    route: ShortText
    outcome: Outcome
    why: Reason | None = None
    took: Annotated[Finite, Field(ge=0)] | None = None
    reused: bool = False
    answered_by: ShortText = ""
    until: AwareDatetime | None = None

    @field_validator("why")
    @classmethod
    def _can_be_worded(cls, why: Reason | None) -> Reason | None:
        return why and sound(why)

    @classmethod
    def of(cls, reading: Reading) -> SeenReading:
        took = None if reading.took is None else round(reading.took.total_seconds(), 6)
        return cls(
            route=reading.route,
            outcome=reading.outcome,
            why=reading.why,
            took=took,
            reused=reading.reused,
            answered_by=reading.answered_by[:100],
            until=reading.until,
        )

    def reading(self) -> Reading:
        took = None if self.took is None else timedelta(seconds=self.took)
        until: datetime | None = self.until
        return Reading(self.route, self.outcome, self.why, took, self.reused, self.answered_by, until)


class SeenRound(Strict):
    """A round of a service that began `age` seconds before the body was sent."""

    service: ShortText
    age: Finite
    readings: Annotated[tuple[SeenReading, ...], Field(min_length=1, max_length=200)]


class Report(Strict):
    """One body. `session`: one run of the witness; `sent`: seconds of its steady clock; `blind`: its own canaries do
    not answer; `etag`: the config that it checks by.
    """

    version: Literal[1] = 1
    session: ShortText
    sent: Finite
    blind: bool = False
    etag: ShortText = ""
    rounds: Annotated[tuple[SeenRound, ...], Field(max_length=MOST)] = ()


class Instructions(BaseModel):
    """The server's answer. `etag`: of the config to check by; `checks`: services to check now."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    etag: ShortText = ""
    checks: Annotated[tuple[ShortText, ...], Field(max_length=MOST)] = ()


class Task(BaseModel):
    """A service to check; times in seconds. The routes are checks as plain values, by name."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    id: ShortText
    every: Annotated[Finite, Field(gt=0)]
    timeout: Annotated[Finite, Field(gt=0)]
    slow_after: Annotated[Finite, Field(gt=0)]
    routes: dict[ShortText, dict[str, Any]]


class Assignment(BaseModel):
    """All that a witness is to check. It ignores what it does not know, so that servers may be newer."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    version: int = VERSION
    name: ShortText
    canaries: tuple[dict[str, Any], ...] = ()
    services: tuple[Task, ...] = ()


@cache
def _checks() -> TypeAdapter[Any]:
    return TypeAdapter(AnyCheck, config=None)


def understood(values: Mapping[str, Any]) -> Check:
    """The check of plain values. Raise ValueError for one that this version does not know."""
    found: Check = _checks().validate_python(dict(values))
    return found
