"""Settings of the witnesses: processes in other places that run checks for us."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from bot.config.loader import Problem
from bot.config.types import Name, Some
from bot.watch.witness.assignment import WitnessSettings

if TYPE_CHECKING:
    from bot.config import Config

SHORTEST = 16  # characters of a token: whoever guesses it can report readings as well
SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~+/=")

PlaceName = Annotated[Name, StringConstraints(max_length=40)]
Quorum = Annotated[int, Field(ge=2, le=100)] | Literal["majority"]


def _unguessable(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if len(text) < SHORTEST or not SAFE.issuperset(text):
        raise ValueError(f"expected {SHORTEST} or more letters, digits and signs, such as `openssl rand -hex 24` gives")
    return token


class WitnessConfig(BaseModel):
    """A witness. `name`: its place as notices name it; without it, the key as people write it."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    token: Annotated[SecretStr, AfterValidator(_unguessable)]
    name: PlaceName | None = None
    services: Some = "all"

    def settings(self, key: str) -> WitnessSettings:
        """The witness in the form that `watch` takes."""
        services = None if self.services == "all" else frozenset(self.services)
        return WitnessSettings(key, self.name or place_name(key), self.token.get_secret_value(), services)


def place_name(key: str) -> str:
    """A key as people write a place: "new-york" is New York."""
    words = key.replace("-", " ").replace("_", " ").split()
    return " ".join(word[:1].upper() + word[1:] for word in words) or key


def witness_problems(config: Config) -> Iterator[Problem]:
    """Contradictions: shared tokens, places that people could not tell apart, a quorum that cannot be reached."""
    tokens: dict[str, str] = {}
    names: dict[str, str] = {}
    if config.location:
        names[config.location.casefold()] = "location"
    for key, witness in config.witnesses.items():
        settings, at = witness.settings(key), f"witnesses.{key}"
        if (first := tokens.setdefault(settings.token, at)) != at:
            yield Problem(("witnesses", key, "token"), f"is also that of {first}; each witness needs one of its own")
        if (first := names.setdefault(settings.name.casefold(), at)) != at:
            yield Problem(("witnesses", key), f"has the same name as {first}; give it another name")
    places = len(config.witnesses) + 1
    if config.quorum != "majority" and places < config.quorum and config.witnesses:
        yield Problem(("quorum",), f"is more than the places there are: {places}, with this one")
