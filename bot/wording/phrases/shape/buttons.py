"""The shape of what stands on buttons."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonsPhrases:
    """Labels: a phone shows about 20 characters of one."""

    down: str
    works: str
    ack: str
    mute: str
    details: str
