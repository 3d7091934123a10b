"""Every sentence in every language: one catalogue a language, all of one shape."""

from __future__ import annotations

from bot.wording.phrases.en import ENGLISH
from bot.wording.phrases.es import SPANISH
from bot.wording.phrases.shape import Phrases

__all__ = ["CATALOGUES", "Phrases", "phrases"]

CATALOGUES = {p.language: p for p in (ENGLISH, SPANISH)}


def phrases(language: str) -> Phrases:
    """The catalogue for "es", "es-MX" or "ES_mx"; English where there is none."""
    base = language.replace("_", "-").partition("-")[0].lower()
    return CATALOGUES.get(base, ENGLISH)
