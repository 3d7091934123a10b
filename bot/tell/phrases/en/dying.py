"""English for channels that have failed, and places that refuse."""

from __future__ import annotations

from bot.tell.phrases.shape.dying import DyingPhrases

DYING = DyingPhrases()
