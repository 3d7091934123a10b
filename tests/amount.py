"""How much is tried: `make test` takes some of many values alike, each kind of them at least once; `make test-all` takes all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

ALL = os.environ.get("EXAMPLES") == "many"
Value = TypeVar("Value")


def some(values: Sequence[Value], turn: int, of: int) -> Sequence[Value]:
    """Each `of`-th, from the `turn`-th on, so that `of` turns have had them all; everything where all is tried."""
    return values if ALL else values[turn % of :: of]
