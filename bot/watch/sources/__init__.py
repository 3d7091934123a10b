"""Somebody else's word about a service: one file a kind, `AnySource` the union of them."""

from __future__ import annotations

from bot.watch.sources.official import OfficialPage

AnySource = OfficialPage

__all__ = ["AnySource", "OfficialPage"]
