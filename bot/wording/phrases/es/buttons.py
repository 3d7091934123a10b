"""Spanish for what stands on buttons."""

from __future__ import annotations

from bot.wording.phrases.shape.buttons import ButtonsPhrases

BUTTONS = ButtonsPhrases(
    down="A mí tampoco me va",
    works="A mí me funciona",
    ack="Me ocupo yo",
    mute="Silenciar 1 h",
    details="Detalles",
)
