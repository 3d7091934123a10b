"""What a config says of a service: how it is reached, who else speaks of it, how it is watched."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, model_validator

from bot.config.catalogued import filled, known
from bot.config.reading import duration
from bot.config.values import Duration, Strict
from bot.model import Rules
from bot.watch.checks import AnyCheck
from bot.watch.sources import AnySource, AnyTracker


class Defaults(BaseModel):
    """How services are watched; each key may stand in a service too."""

    model_config = Strict
    every: Duration = duration("30s")
    timeout: Duration = duration("10s")
    confirm_every: Duration = duration("10s")
    confirm_rounds: Annotated[int, Field(ge=1, le=100)] = 2
    restore_rounds: Annotated[int, Field(ge=1, le=100)] = 2
    slow_after: Duration = duration("5s")
    remind_every: tuple[Duration, ...] = (duration("30m"), duration("2h"), duration("6h"))

    def rules(self) -> Rules:
        return Rules(self.confirm_rounds, self.restore_rounds, self.remind_every)


class ServiceConfig(BaseModel):
    """`service`: its name in the catalogue, which gives the keys that are not here."""

    model_config = Strict | {"json_schema_extra": {"anyOf": [{"required": ["routes"]}, {"required": ["service"]}]}}
    service: Annotated[str, AfterValidator(known)] | None = None
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    routes: Annotated[dict[str, AnyCheck], Field(min_length=1)] = {}
    official: AnySource | None = None
    trackers: tuple[AnyTracker, ...] = ()
    plan: str = ""
    depends_on: tuple[str, ...] = ()
    every: Duration = None
    timeout: Duration = None
    confirm_every: Duration = None
    confirm_rounds: Annotated[int, Field(ge=1, le=100)] | None = None
    restore_rounds: Annotated[int, Field(ge=1, le=100)] | None = None
    slow_after: Duration = None
    remind_every: tuple[Duration, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, said: Any) -> Any:
        return filled(said)

    @model_validator(mode="after")
    def _looked_at(self) -> ServiceConfig:
        if not self.routes:
            raise ValueError("needs routes, or service: a name of the catalogue (`tocsin services` lists them)")
        return self

    def watching(self, defaults: Defaults) -> Defaults:
        """The defaults with what this service says otherwise."""
        own = {k: v for k in Defaults.model_fields if (v := getattr(self, k)) is not None}
        return defaults.model_copy(update=own)
