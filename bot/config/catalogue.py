"""A service that the catalogue knows: what a config does not say of it the catalogue does.

The catalogue is imported where a config names it, and costs nothing elsewhere.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from bot.contracts import Telling


def filled(said: Any) -> Any:
    """A service's keys with those that its entry adds; own keys win whole. One that nothing is known of stays as it is."""
    if not isinstance(said, dict) or not isinstance(said.get("service"), str):
        return said
    from bot import catalogue  # noqa: PLC0415 # see above

    entry = catalogue.find(said["service"])
    return entry.keys | said if entry else said


@lru_cache(maxsize=256)
def _near(name: str) -> str:
    from bot import catalogue  # noqa: PLC0415 # as above

    return " or ".join(f'"{one}"' for one in catalogue.near(name))


def known(name: str) -> str:
    """Raise ValueError, in words, for what the catalogue has not."""
    from bot import catalogue  # noqa: PLC0415 # as above

    if catalogue.find(name) is None:
        near = _near(name)
        raise Telling(
            "is not in the catalogue; " + (f"did you mean {near}?" if near else "`tocsin services` lists what is")
        )
    return name
