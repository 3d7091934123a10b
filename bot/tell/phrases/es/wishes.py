"""Spanish for quiet hours, escalations and corrections."""

from __future__ import annotations

from bot.tell.phrases.shape.wishes import WishesPhrases

WISHES = WishesPhrases()
