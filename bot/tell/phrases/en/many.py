"""English for a message that tells of many incidents."""

from __future__ import annotations

from bot.tell.phrases.shape.many import ManyPhrases

MANY = ManyPhrases()
