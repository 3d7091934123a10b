"""One memory of compiled statements for all engines of a kind: nearly every test opens a store, and would compile all anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine


class Compiled(dict[Any, Any]):
    """By statement, whichever engine's dialect asks: those of one kind are set up alike."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        super().__setitem__(key[1:], value)


_COMPILED: defaultdict[str, Compiled] = defaultdict(Compiled)


def shared(make: Callable[..., AsyncEngine]) -> Callable[..., AsyncEngine]:
    """`make`, but that each engine has the memory of its kind."""

    def made(*arguments: Any, **more: Any) -> AsyncEngine:
        engine = make(*arguments, **more)
        engine.sync_engine._compiled_cache = _COMPILED[engine.dialect.name]
        return engine

    return made
