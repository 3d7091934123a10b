"""Spanish for official status pages."""

from __future__ import annotations

from bot.wording.phrases.shape.pages import PagesPhrases

PAGES = PagesPhrases(unread_since="{source}: no se puede leer desde {at}")
