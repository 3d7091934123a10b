"""What a receipt says of its channel, and what only of the message or of the place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.judge.channel_health import STALE, FailureCount, after, refused, trouble
from bot.model import Later, Reason, ReasonCode, RefusalScope, Refused, Sent, Unsure
from tests.reasons import english, quote

NOON = datetime(2022, 7, 14, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DEAD, LOST = Later(quote("cannot be reached")), Unsure(quote("no answer"))
REVOKED = Refused(quote("the token is not valid any more"), RefusalScope.ACCOUNT)
WELL = {
    "sent": Sent("ref"),
    "asked to wait": Later(quote("slow down"), 7 * SECOND),
    "not there": Later(Reason.of(ReasonCode.NOT_ARRIVED), absent=True),
    "a full mailbox": Later(quote("452 over quota"), local=True),
    "this message": Refused(quote("too long"), RefusalScope.MESSAGE),
    "this place": Refused(quote("not_in_channel"), RefusalScope.DESTINATION),
}


def count(*receipts):
    found = FailureCount()
    for number, receipt in enumerate(receipts):
        found = after(found, receipt, NOON + number * SECOND)
    return found


@pytest.mark.parametrize(
    ("receipts", "why"),
    [
        ((), None),
        ((DEAD, LOST), None),
        ((DEAD, DEAD, LOST), "no answer"),
        ((REVOKED,), "the token is not valid any more"),
        ((REVOKED, DEAD), None),
        ((DEAD, DEAD, REVOKED), "the token is not valid any more"),
    ],
)
def test_three_failures_in_a_row_or_one_word_about_the_account_are_trouble(receipts, why):
    assert (english(trouble(count(*receipts), NOON + 9 * SECOND)) or None) == why


@pytest.mark.parametrize("receipt", WELL.values(), ids=WELL)
def test_whatever_shows_that_the_provider_is_well_begins_anew(receipt):
    assert count(DEAD, DEAD, DEAD, receipt) == FailureCount()
    assert trouble(count(DEAD, DEAD, receipt, DEAD), NOON) is None


def test_a_wait_asked_of_all_that_was_kept_in_vain_is_a_failure_and_a_burst_of_them_is_one():
    limited = Later(quote("Slack asks to wait"), 2 * SECOND, whole=True)
    burst = count(limited, limited, limited)
    assert trouble(burst, NOON + 9 * SECOND) is None
    assert count(DEAD, DEAD, limited).failures == 2  # says nothing of those before either
    found = FailureCount()
    for number in range(4):
        found = after(found, limited, NOON + number * 2 * SECOND)
    assert (found.failures, found.since) == (3, NOON + 2 * SECOND)
    assert english(trouble(found, NOON + 9 * SECOND)) == "Slack asks to wait"
    assert after(found, Sent("ref"), NOON) == FailureCount()


def test_an_old_failure_says_nothing_of_now():
    revoked = count(REVOKED)
    assert trouble(revoked, NOON + STALE) == REVOKED.why
    assert trouble(revoked, NOON + STALE + SECOND) is None
    assert trouble(None, NOON) is None


def test_an_account_that_is_not_accepted_is_known_to_be_dead_since_the_first_failure():
    found = {"slack": count(DEAD, REVOKED), "telegram": count(DEAD, DEAD, DEAD), "email": FailureCount()}
    assert refused(found) == {"slack": NOON}
    assert found["slack"] == FailureCount(2, True, NOON, NOON + SECOND, REVOKED.why)
