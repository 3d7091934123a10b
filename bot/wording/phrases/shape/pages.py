"""The shape of what is said of official status pages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    unread_since: str
