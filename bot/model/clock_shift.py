"""Instants moved from one reckoning of the time to another: what a step of the wall clock makes of what is remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.model.observations import Reading, SourceReport

Moved = Callable[[datetime], datetime]
THEIRS = (Reading, SourceReport)  # speak of times of the world's, which no clock of ours changes
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def later(at: datetime, by: timedelta) -> datetime:
    """`at + by`, or the end of the calendar where there is no such day."""
    try:
        return at + by
    except OverflowError:
        return LAST if by > timedelta() else FIRST


def stepped(by: timedelta, born: datetime) -> Moved:
    """How instants move when the clock of a process that began at `born` steps. What is older was reckoned by another
    clock, and stays, but for that nothing of it may come after our own beginning: what came first stays first.
    """
    start = later(born, by)
    return lambda at: later(at, by) if at >= born else min(at, start)


def moved(value: Any, move: Moved) -> Any:
    """A frozen noun with every instant in it moved."""
    if isinstance(value, datetime):
        return move(value)
    if isinstance(value, tuple):
        new = tuple(moved(one, move) for one in value)
        return value if all(one is old for one, old in zip(new, value, strict=True)) else new
    if is_dataclass(value) and not isinstance(value, (type, *THEIRS)):
        changed = {
            field.name: new
            for field in fields(value)
            if field.init and (new := moved(old := getattr(value, field.name), move)) is not old
        }
        return replace(value, **changed) if changed else value
    return value


def move_inside(value: Any, move: Moved) -> None:
    """The same of something that changes: the instants right in its fields, and in the tables and nouns that they hold."""
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
