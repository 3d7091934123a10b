"""Somebody else's word about a service: one file a dialect, `AnySource` the union of them.

A second dialect makes it `Annotated[StatuspageSource | FeedSource, Field(discriminator="kind")]`.
"""

from __future__ import annotations

from bot.watch.sources.statuspage import StatuspageSource

AnySource = StatuspageSource

__all__ = ["AnySource", "StatuspageSource"]
