"""Keeping the bot's token, which is in every address, out of logs and receipts."""

from __future__ import annotations

import logging

from bot.channels.masking import masked


def quieten() -> None:
    """Silence libraries' loggers that write addresses with the token, or answers that may quote it."""
    for name, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("telegram", logging.CRITICAL)):
        logger = logging.getLogger(name)
        logger.setLevel(max(level, logger.level))


def redact(text: str, token: str) -> str:
    """Mask the secret half of "number:secret", ignoring case, which the SDK changes."""
    secret = token.partition(":")[2] or token
    return masked(text, secret, mask="<token>")
