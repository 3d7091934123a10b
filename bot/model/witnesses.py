"""What nodes tell each other of the witnesses."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.observations import Reading


@dataclass(frozen=True, slots=True)
class SharedReading:
    """A witness's reading of a route, from a check that began `age` seconds ago."""

    service: str
    route: str
    witness: str
    age: float
    reading: Reading


@dataclass(frozen=True, slots=True)
class SharedWord:
    """The last word of a witness, `age` seconds ago."""

    witness: str
    age: float
    blind: bool


@dataclass(frozen=True, slots=True)
class WitnessNews:
    """What was shared since the last look. `requests`: services to look at. `mark`: for the next look."""

    readings: tuple[SharedReading, ...]
    words: tuple[SharedWord, ...]
    requests: tuple[str, ...]
    mark: float
