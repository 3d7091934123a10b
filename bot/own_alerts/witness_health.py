"""Reports a witness that has not been heard of for minutes, and when it is heard again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from bot.model import Reason, ReasonCode
from bot.own_health import OwnHealth, Part
from bot.watch.witness.registry import WitnessRegistry

log = logging.getLogger(__name__)

EVERY = 5.0  # seconds between two looks


@dataclass
class WitnessHealth:
    """Verdicts go on without the witness, so this is noted and told once, but not unhealthy."""

    registry: WitnessRegistry
    own_health: OwnHealth
    tells: Callable[[], bool] = lambda: True  # whether it is this node that tells, not another one
    _silent: dict[str, str] = field(default_factory=dict)  # names by key, as reported

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await stop.wait()

    def look(self) -> None:
        """Report who is silent, and clear who is not any more."""
        tells = self.tells()
        silent = self.registry.silent() if tells else {}
        for key, (name, seconds) in silent.items():
            if key not in self._silent:
                log.warning("the witness %s has not been heard of for %.0f minutes", key, seconds / 60)
                self._silent[key] = name
            why = Reason.of(ReasonCode.WITNESS_SILENT, place=name, length=seconds // 60)
            self.own_health.report(Part.WITNESSES, why, key)
        for key in self._silent.keys() - silent.keys():
            if tells:
                log.info("the witness %s is heard again", key)
            del self._silent[key]
            self.own_health.clear(Part.WITNESSES, key)
