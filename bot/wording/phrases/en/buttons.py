"""English for what stands on buttons."""

from __future__ import annotations

from bot.wording.phrases.shape.buttons import ButtonsPhrases

BUTTONS = ButtonsPhrases(
    down="Down for me too",
    works="Works for me",
    ack="Acknowledge",
    mute="Mute 1 h",
    details="Details",
)
