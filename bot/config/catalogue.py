"""Completes a service in the config from the catalogue.

The catalogue is imported only if a config names a service of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from bot.contracts import Telling


def filled(said: Any) -> Any:
    """Add the keys of the catalogue's entry; the config's own keys replace them. An unknown service is returned
    unchanged.
    """
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
    """Raise Telling if the name is not in the catalogue."""
    from bot import catalogue  # noqa: PLC0415 # as above

    if catalogue.find(name) is None:
        near = _near(name)
        raise Telling(
            "is not in the catalogue; " + (f"did you mean {near}?" if near else "`tocsin services` lists what is")
        )
    return name
