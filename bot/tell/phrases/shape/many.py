"""The shape of what is said of a message that tells of many incidents."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyPhrases:
    """Format strings with named placeholders, as in `Phrases`."""
