"""The shape of what is said of quiet hours, escalations and corrections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WishesPhrases:
    """Format strings with named placeholders, as in `Phrases`."""
