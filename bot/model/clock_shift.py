"""Correction of remembered instants after a step of the wall clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from bot.model.observations import Reading, SourceReport

Moved = Callable[[datetime], datetime]
THEIRS = (Reading, SourceReport)  # hold times of the outside world, which a step of our clock does not affect
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def later(at: datetime, by: timedelta) -> datetime:
    """`at + by`, clamped to the range of `datetime`."""
    try:
        return at + by
    except OverflowError:
        return LAST if by > timedelta() else FIRST


def stepped(by: timedelta, born: datetime) -> Moved:
    """A function that corrects instants after a clock step, for a process that started at `born`. Older instants came
    from another clock and stay, but are capped at the corrected start, so that the order of events is kept.
    """
    start = later(born, by)
    return lambda at: later(at, by) if at >= born else min(at, start)


def moved(value: Any, move: Moved) -> Any:
    """A copy of a frozen dataclass with every instant in it moved; `value` itself if nothing changes."""
    if isinstance(value, datetime):
        return move(value)
    if isinstance(value, tuple):
        new = tuple(moved(one, move) for one in value)
        return value if all(one is old for one, old in zip(new, value, strict=True)) else new
    kind: type = type(value)
    changed = {name: new for name in _fields(kind) if (new := moved(old := getattr(value, name), move)) is not old}
    return replace(value, **changed) if changed else value


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """The fields of a frozen dataclass that may hold instants of ours."""
    if not is_dataclass(kind) or issubclass(kind, THEIRS):
        return ()
    return tuple(field.name for field in fields(kind) if field.init)


def move_inside(value: Any, move: Moved) -> None:
    """Move instants of a mutable dataclass in place: in its fields, and in the dicts and dataclasses they hold."""
    for field in fields(value):
        held = getattr(value, field.name)
        if isinstance(held, datetime):
            setattr(value, field.name, move(held))
        elif isinstance(held, dict):
            for key, one in held.items():
                if isinstance(one, datetime):
                    held[key] = move(one)
                elif is_dataclass(one) and not isinstance(one, type):
                    move_inside(one, move)
        elif is_dataclass(held) and not isinstance(held, type):
            move_inside(held, move)
