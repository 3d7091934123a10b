"""What nodes tell each other of the witnesses."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.observations import Reading

MARK = "@"  # in no name of a service


def series(service: str, witness: str) -> str:
    """The name under which the history keeps what a witness sees of a service."""
    return f"{service}{MARK}{witness}"


def of_witness(name: str) -> bool:
    """True for such a name: it is written by the node that the witness reports to, whoever owns the service."""
    return MARK in name


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
