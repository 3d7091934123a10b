"""Keeps the bot's token out of logs and receipts: Telegram has it in every address."""

from __future__ import annotations

import logging

from bot.channels.masking import masked


def quieten() -> None:
    """Stop other people's loggers from writing addresses, which hold the token, or answers, which may quote them."""
    for name, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("telegram", logging.CRITICAL)):
        logger = logging.getLogger(name)
        logger.setLevel(max(level, logger.level))


def redact(text: str, token: str) -> str:
    """Take out the secret half of "number:secret", in any case: the SDK turns what Telegram says into small letters."""
    secret = token.partition(":")[2] or token
    return masked(text, secret, mask="<token>")
