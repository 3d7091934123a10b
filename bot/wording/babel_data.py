"""Babel's data about all languages and countries, without what nobody here asks for: nearly all of 2 MB."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, cast

from babel.core import get_global

UNUSED = ("territory_currencies", "territory_languages")


def keep_only(languages: Container[str]) -> None:
    """Drop which currencies and languages a country has, and the likely forms of other languages than these."""
    for name in UNUSED:
        _table(name).clear()
    likely = _table("likely_subtags")
    kept = {tag: whole for tag, whole in likely.items() if tag.partition("_")[0] in languages}
    likely.clear()
    likely.update(kept)


def _table(name: Any) -> dict[str, Any]:
    """Babel's own table, not a copy."""
    return cast("dict[str, Any]", get_global(name))
