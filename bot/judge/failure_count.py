"""How hand-overs fare, by kind of channel: what of it speaks of the channel itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model import Later, Receipt, RefusalScope, Refused, Unsure

ENOUGH = 3  # failures in a row: one may be chance, or the message's own
LONG = timedelta(minutes=15)  # nobody is left alone for longer, whatever they ask for
STALE = timedelta(minutes=10)  # a failure as old as this says nothing of now


@dataclass(frozen=True, slots=True)
class FailureCount:
    """Of one kind of channel, since it last took or answered anything as it should."""

    failures: int = 0  # in a row
    account: bool = False  # the latest is its word that it does not take our account
    since: datetime | None = None  # the first of them
    at: datetime | None = None  # the latest of them ...
    why: str = ""  # ... and its reason
    waits: datetime | None = None  # until when it asked all of us to wait


def after(fortune: FailureCount, receipt: Receipt, now: datetime) -> FailureCount:
    """One receipt further. Whatever shows that the provider is well and knows us begins anew."""
    match receipt:
        case Refused(why, RefusalScope.ACCOUNT):
            return _failed(fortune, why, now, account=True)
        case Later(why, timedelta() as wait, whole=True):
            # To be asked once is a matter of pace. To be asked again, when the wait was kept and nothing taken, is none.
            # And who wants us to wait for longer than any reader does is dead to them at once.
            kept = fortune.waits is not None and now >= fortune.waits
            failed = _failed(fortune, why, now) if kept or wait > LONG else fortune
            failures = max(failed.failures, ENOUGH) if wait > LONG else failed.failures
            return replace(failed, failures=failures, waits=now + min(max(wait, timedelta()), LONG))
        case Unsure(why) | Later(why, None, local=False, absent=False):
            return _failed(fortune, why, now)
        case _:
            return FailureCount()


def _failed(fortune: FailureCount, why: str, now: datetime, *, account: bool = False) -> FailureCount:
    return FailureCount(fortune.failures + 1, account, fortune.since or now, now, why, fortune.waits)


def trouble(fortune: FailureCount | None, now: datetime) -> str | None:
    """Why nothing can be handed over, or None."""
    if fortune is None or fortune.at is None or now - max(fortune.at, fortune.waits or fortune.at) > STALE:
        return None
    return fortune.why if fortune.account or fortune.failures >= ENOUGH else None


def refused(fortunes: Mapping[str, FailureCount]) -> dict[str, datetime]:
    """The kinds of channel that do not take our account, and since when: no round has to confirm their own word."""
    return {kind: fortune.since for kind, fortune in fortunes.items() if fortune.account and fortune.since}
