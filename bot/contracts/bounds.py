"""Bounds and types shared by the settings of plugins and the rest of the config, with plain error messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from bot.model import length, spelled


class Telling(ValueError):
    """An error in a value that cannot be a secret (a length, a time, a zone, a known word), so it may be quoted."""


@dataclass(frozen=True, slots=True)
class Between:
    """Inclusive bounds of a duration or a number."""

    least: Any
    most: Any

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler(schema)
        made["description"] = f"between {_words(self.least)} and {_words(self.most)}"
        if "number" in (made.get("type") or ()):
            made |= {"minimum": self.least, "maximum": self.most}
        return made

    def check(self, value: Any) -> Any:
        # Written so that it rejects NaN too, which compares false with everything.
        if not self.least <= value <= self.most:
            raise Telling(f"is out of bounds; expected {_words(self.least)} to {_words(self.most)}")
        return value


def between(least: str, most: str) -> Between:
    """Bounds of a duration, such as "1s" and "10m"."""
    return Between(length(least), length(most))


def _words(bound: Any) -> str:
    return spelled(bound) if isinstance(bound, timedelta) else f"{bound:g}"


def _token(secret: SecretStr) -> SecretStr:
    """Validate a provider's token: printable ASCII without spaces. Surrounding white space is a copying error and
    removed.
    """
    text = secret.get_secret_value().strip()
    if not text or not all("!" <= letter <= "~" for letter in text):
        raise ValueError(
            "is no token; expected one line of letters, digits and signs, without spaces, as the provider shows it"
        )
    return SecretStr(text)


Token = Annotated[SecretStr, Field(max_length=4096), AfterValidator(_token)]
"""A provider's token, which goes into a header or an address."""
