"""How long an answer asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = 86_400  # s: who asks for more is left alone for a day


def retry_after(value: str) -> timedelta | None:
    """Seconds or an HTTP date (RFC 9110 §10.2.3). What cannot be read is None."""
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:9]), LONGEST))
    try:
        wait = parsedate_to_datetime(value) - datetime.now(UTC)
    except (
        ValueError,
        TypeError,
        OverflowError,
    ):  # TypeError: a date without a zone; OverflowError: at the end of time
        return None
    return min(max(wait, timedelta()), timedelta(seconds=LONGEST))
