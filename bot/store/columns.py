"""Column types: instants that cannot be naive, and dataclasses of `bot.model` as JSON."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from json import dumps
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError
from sqlalchemy import BigInteger, DateTime, Dialect, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

from bot.model import Reason

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# In JSON, a time without a zone, or a text that looks like one.
ZONELESS = re.compile(r'"-?\d{4,}-\d\d-\d\dT\d\d:\d\d[\d:.]*"')


class Utc(TypeDecorator[datetime]):
    """An instant: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite, which would return naive times.

    Raises ValueError for a time without a zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        refuse_naive(value)
        return (value - EPOCH) // MICROSECOND if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return EPOCH + timedelta(microseconds=value) if dialect.name == "sqlite" else value.astimezone(UTC)


class Said(TypeDecorator[str]):
    """Text from outside, without the characters that databases reject (NUL, half a surrogate pair): an odd answer of a
    provider must not keep its receipt from being stored.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _clean(value).replace("\0", "")


class Json(TypeDecorator[Any]):
    """A frozen dataclass of `bot.model`.

    Reading ignores unknown keys and fills missing ones with their default, so that newer and older versions can read
    it. Raises ValueError for a time without a zone.
    """

    impl = Text
    cache_ok = True

    def __init__(self, noun: type) -> None:
        super().__init__()
        self.noun = noun
        _adapter(noun)  # built now, to save the time during the first outage

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        adapter = _adapter(self.noun)
        try:
            text = adapter.dump_json(value).decode()
        except PydanticSerializationError:  # half a surrogate pair, as in a foreign headline
            text = _clean(dumps(adapter.dump_python(value, mode="json"), ensure_ascii=False))
        # Searching the text is much quicker than looking at every value, of which none may be at fault.
        if ZONELESS.search(text):
            refuse_naive(value)
        return text

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else _adapter(self.noun).validate_json(value)


class Why(TypeDecorator[Reason]):
    """A `Reason` as short JSON, or an empty text for None, as the column may not be null."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Reason | None, dialect: Dialect) -> str:
        if value is None:
            return ""
        adapter = _adapter(Reason)
        try:
            return adapter.dump_json(value, exclude_defaults=True).decode()
        except PydanticSerializationError:  # half a surrogate pair
            return _clean(dumps(adapter.dump_python(value, mode="json", exclude_defaults=True), ensure_ascii=False))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Reason | None:
        found: Reason | None = _adapter(Reason).validate_json(value) if value else None
        return found


def refuse_naive(value: object) -> None:
    """Raise ValueError if `value` is or contains a time without a zone: it would be read back as another time."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value}")
    elif isinstance(value, tuple):
        for item in value:
            refuse_naive(item)
    elif is_dataclass(value):
        for field in fields(value):
            refuse_naive(getattr(value, field.name))


def _clean(text: str) -> str:
    return text.encode(errors="replace").decode()


@cache
def _adapter(noun: type) -> TypeAdapter[Any]:
    return TypeAdapter(noun)
