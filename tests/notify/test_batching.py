"""What waits for a place is one message or several, decided on plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.model import DeliveryStatus, Destination, Style
from bot.notify.batching import FEW, Claim, Contents, Message, batch, decide
from bot.notify.place_queue import Lane, PlaceQueue, Queued

NOW = datetime(2022, 7, 14, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SLACK = Destination("slack", "C012")


def queued(number, thread="x#1", **more):
    known = {
        "id": number, "key": f"{thread}/{number}@{SLACK}", "thread": thread, "action": "post", "status": "pending", "due": NOW,
        "lease": 0, "attempts": 0, "unsure": False, "queued_at": NOW, "ends": None, "deadline": None, "deferred": False,
        "told_in": None, "reminder": False, "line": f"{thread} is down", "detail": "", "causes": None, "began": NOW, "happened": NOW,
        "settled_at": None,
    }  # fmt: skip
    return Queued(**known | more)


def queue(*rows, **more):
    lanes = {}
    for row in rows:
        lanes.setdefault(row.thread, []).append(row)
    return PlaceQueue(SLACK, [Lane(thread, own) for thread, own in lanes.items()], **more)


def plan(*rows, now=NOW, **more):
    return decide(
        queue(*rows), [row.id for row in rows], Claim("slack", now, 32, now + 60 * SECOND, **more), whole=True
    )


def news(count, **more):
    return [queued(number, f"s{number}#1", **more) for number in range(1, count + 1)]


def test_a_few_are_claimed_as_they_are():
    assert plan(*news(FEW)).take == [1, 2, 3]


def test_more_are_one_message_that_the_wording_gets_with_the_oldest_first():
    rows = news(FEW + 1)
    rows[0] = rows[0]._replace(began=NOW + SECOND)
    made = plan(*rows)
    [message] = made.take
    assert isinstance(message, Message)
    assert (message.thread, message.joins, message.late) == ("#many#1", [1, 2, 3, 4], False)
    worded = batch(message, Contents(message.rows, Style(), "desk"), made)
    assert [item.thread for item in worded.items] == ["s2#1", "s3#1", "s4#1", "s1#1"]
    assert set(made.changed) == {1, 2, 3, 4}


def test_where_one_message_cannot_carry_several_each_goes_alone():
    assert plan(*news(FEW + 1), gathers=False).take == [1, 2, 3, 4]


def test_what_was_tried_in_vain_takes_along_what_waits_and_drops_what_is_overtaken():
    tried = queued(1, attempts=1, deadline=NOW + SECOND)
    made = plan(tried, queued(2, "y#1"), queued(3, "x#1", ends="restored", line="x is back"))
    [message] = made.take
    assert (message.joins, message.late, made.supersede, made.deadlines[3]) == ([3, 2], True, [1], NOW + SECOND)


def test_a_retraction_of_what_nobody_heard_is_not_sent():
    made = plan(queued(1, attempts=1), queued(2, "x#1", ends="retracted"))
    assert (made.take, sorted(set(made.supersede))) == ([], [1, 2])


def test_what_ends_in_a_storm_of_news_is_no_part_of_its_message():
    rows = [*news(FEW + 1), queued(9, "t#1", ends="restored")]
    made = plan(*rows)
    assert [message.joins for message in made.messages] == [[1, 2, 3, 4]]
    assert 9 in made.take + made.wait


def test_what_may_have_arrived_is_looked_for_first():
    unsure = queued(1, "#many#7", unsure=True, status=DeliveryStatus.PENDING)
    assert plan(unsure, *news(FEW)[1:], looks=True).take == [1]
    later = unsure._replace(due=NOW + SECOND)
    held = plan(later, *news(FEW)[1:], looks=True)
    assert (held.take, held.wait, held.until) == ([], [1, 2, 3], NOW + SECOND)
