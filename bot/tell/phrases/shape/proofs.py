"""The shape of what is said of drills, and who got what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofsPhrases:
    """Format strings with named placeholders, as in `Phrases`."""
