"""The shape of what is said of channels that have failed, and places that refuse."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DyingPhrases:
    """Format strings with named placeholders, as in `Phrases`."""
