"""What is many for one place is told in one message, and what becomes of it is what becomes of that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import ChangeKind, DeliveryAction, DeliveryStatus, Destination, Phase
from bot.notify.storms import EDIT_GAP, FEW, GATHER, JOINS, NEXT_GAP, WINDOW
from bot.store.deliveries import batch
from tests.reasons import quote
from tests.store.made import MAIL, NOW, SECOND, SLACK, delivery, settle, take, together

MINUTE = timedelta(minutes=1)


def news(name="x", kind=ChangeKind.CONFIRMED, step=1, to=SLACK, causes=(), **more):
    made = delivery(step, to, f"{name}#1")
    since = NOW + ord(name[0]) * SECOND
    notice = replace(made.notice, kind=kind, line=f"{name} {kind}", since=since, causes=causes)
    return replace(made, notice=notice, **more)


def edit(name, step=2, to=SLACK):
    made = delivery(step, to, f"{name}#1", DeliveryAction.EDIT)
    return replace(made, notice=replace(made.notice, root=made.notice.words))


async def claim(store, now=NOW, kind="slack", **more):
    return await take(store, kind, now, **more)


async def fail(store, now=NOW, **more):
    """Everything that is due is handed over in vain."""
    claimed = await claim(store, now)
    for one in claimed:
        await settle(store, one, DeliveryStatus.PENDING, now, due=now + 30 * SECOND, **more)
    return claimed


async def sent(store, now=NOW, kind="slack", ref="r"):
    claimed = await claim(store, now, kind)
    for number, one in enumerate(claimed):
        assert await settle(
            store,
            one,
            DeliveryStatus.SENT,
            now,
            ref=one.root if one.action is DeliveryAction.EDIT else f"{ref}{number}",
        )
    return claimed


async def statuses(store, *names):
    return [str(row.status) for name in names for row in await store.deliveries.of_incident(f"{name}#1")]


def lines(one):
    return one.notice.words.lines


# ── a place that comes back ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_place_that_comes_back_gets_one_message_with_each_outage_once_the_oldest_first(store):
    await store.deliveries.add([news("x"), news("y")], NOW)
    await fail(store)
    await store.deliveries.add([news("z"), news("x", ChangeKind.RESTORED, 2), edit("x")], NOW + SECOND)

    [one] = await claim(store, NOW + MINUTE)
    assert lines(one) == ("x restored", "y confirmed", "z confirmed")
    assert (one.root, one.unsure, one.action) == (None, False, DeliveryAction.POST)
    assert await settle(store, one, DeliveryStatus.SENT, NOW + MINUTE, ref="m")
    assert await statuses(store, "x", "y", "z") == ["superseded", "merged", "superseded", "merged", "merged"]
    assert await store.deliveries.backlog() == {}


async def test_what_comes_later_answers_the_message_that_told_of_it_and_refreshes_it(store):
    await store.deliveries.add([news("x"), news("y")], NOW)
    await fail(store)
    await sent(store, NOW + MINUTE)
    await store.deliveries.add([news("y", ChangeKind.RESTORED, 2), edit("y")], NOW + 2 * MINUTE)

    [answer] = await sent(store, NOW + 2 * MINUTE)
    assert (answer.notice.key, answer.root) == ("y#1/2", "r0")
    [refreshed] = await sent(store, NOW + 2 * MINUTE)
    assert (refreshed.action, refreshed.root, refreshed.notice.root.lines) == (
        DeliveryAction.EDIT,
        "r0",
        ("x confirmed", "y restored"),
    )
    assert await statuses(store, "y") == ["merged", "sent", "merged"]


async def test_while_the_place_stays_away_the_message_takes_in_what_else_happens(store):
    await store.deliveries.add([news("x"), news("y")], NOW)
    await fail(store)
    [first] = await fail(store, NOW + MINUTE)
    await store.deliveries.add([news("z"), news("y", ChangeKind.RESTORED, 2)], NOW + 2 * MINUTE)

    [again] = await sent(store, NOW + 2 * MINUTE)
    assert again.key == first.key
    assert lines(again) == ("x confirmed", "y restored", "z confirmed")
    assert set(await statuses(store, "x", "y", "z")) == {"merged", "superseded"}


async def test_what_else_happens_does_not_wait_until_the_message_is_tried_again(store):
    await store.deliveries.add([news("x"), news("y")], NOW)
    await fail(store)
    [first] = await fail(store, NOW + MINUTE)  # due again in half a minute
    await store.deliveries.add([news("z")], NOW + MINUTE + SECOND)

    [again] = await sent(store, NOW + MINUTE + SECOND)
    assert (again.key, lines(again)) == (first.key, ("x confirmed", "y confirmed", "z confirmed"))


async def test_a_plan_about_what_has_changed_meanwhile_is_not_written(store):
    async def changed_while_the_text_is_made(plan):
        found = await real(plan)
        [row] = await store.deliveries.of_incident("x#1")
        if not seen:
            await store.deliveries.expire_deadlines("slack", NOW + SECOND)
        seen.append(row.status)
        return found

    seen, real = [], store.deliveries.contents
    store.deliveries.contents = changed_while_the_text_is_made
    rows = [news(name, ladders=("desk",), within=MINUTE) for name in "wxyz"]
    await store.deliveries.add(rows, NOW)

    [one] = await claim(store)
    assert one.notice.thread.startswith("#many#")
    assert seen == ["pending", "pending"]  # decided anew, and nothing was written before
    assert await store.deliveries.next_deadline() == NOW + SECOND


async def test_a_message_that_may_have_arrived_is_not_reworded(store):
    await store.deliveries.add([news("x"), news("y")], NOW)
    await fail(store)
    [first] = await fail(store, NOW + MINUTE, unsure=True)
    await store.deliveries.add([news("z")], NOW + MINUTE)

    assert await claim(store, NOW + MINUTE) == ()
    assert await store.deliveries.next_due("slack") > NOW + MINUTE  # nobody asks for it again and again meanwhile
    [again] = await claim(store, NOW + 2 * MINUTE, looks=True)
    assert (again.unsure, lines(again)) == (True, lines(first))
    await settle(store, again, DeliveryStatus.SENT, NOW + 2 * MINUTE, ref="m")
    [after] = await sent(store, NOW + 2 * MINUTE)
    assert after.notice.key == "z#1/1"


async def test_where_nobody_can_look_for_it_it_is_told_again_with_all_that_waits(store):
    await store.deliveries.add([news("x"), news("y")], NOW)
    await fail(store)
    [first] = await fail(store, NOW + MINUTE, unsure=True)
    await store.deliveries.add([news("z")], NOW + MINUTE)

    assert await claim(store, NOW + MINUTE) == ()
    [again] = await sent(store, NOW + 2 * MINUTE)
    assert (again.key, again.unsure, lines(again)) == (first.key, True, (*lines(first), "z confirmed"))
    assert await store.deliveries.backlog() == {}


async def test_a_refused_message_is_refused_for_all_that_it_tells_and_the_next_rungs_get_them_at_once(store):
    on_ladder = {"ladders": ("desk",), "within": MINUTE}
    await store.deliveries.add([news("x", **on_ladder), news("y", **on_ladder)], NOW)
    await fail(store)
    assert await store.deliveries.next_deadline() == NOW + MINUTE
    [one] = await claim(store, NOW + 40 * SECOND)
    await settle(store, one, DeliveryStatus.REFUSED, NOW + 41 * SECOND, why=quote("is_archived"))

    assert await statuses(store, "x", "y") == ["refused", "refused"]
    assert await store.deliveries.next_deadline() == NOW + 41 * SECOND


async def test_who_is_told_in_a_message_of_many_counts_as_told(store):
    from tests.store.made import further

    await store.incidents.apply("x", further(SLACK), NOW)
    await store.incidents.apply("y", further(SLACK), NOW)
    await store.deliveries.add([news("x", step=2), news("y", step=2)], NOW)
    await fail(store)
    await sent(store, NOW + MINUTE)
    seen = []
    await store.incidents.apply("x", seen.append, NOW)
    assert (seen[0].told, seen[0].heard) == ({SLACK}, {SLACK})


async def test_a_retraction_of_what_was_never_said_is_left_out(store):
    await store.deliveries.add([news("x"), news("y"), news("z")], NOW)
    await fail(store)
    await store.deliveries.add([news("x", ChangeKind.RETRACTED, 2)], NOW)
    [one] = await claim(store, NOW + MINUTE)
    assert lines(one) == ("y confirmed", "z confirmed")
    assert await statuses(store, "x") == ["superseded", "superseded"]


@pytest.mark.parametrize("to", [SLACK, MAIL], ids=lambda to: to.kind)
async def test_a_retraction_of_what_was_refused_while_it_waited_is_left_out(store, to):
    await store.deliveries.add([news("x", to=to)], NOW)
    [one] = await claim(store, NOW, to.kind)
    await store.deliveries.add([news("x", ChangeKind.RETRACTED, 2, to), edit("x", 2, to)], NOW)
    await settle(store, one, DeliveryStatus.REFUSED, NOW)
    assert await claim(store, NOW + MINUTE, to.kind) == ()
    assert await statuses(store, "x") == ["refused", "superseded", "superseded"]


@pytest.mark.parametrize("unsure", [False, True])
async def test_a_retraction_of_what_was_or_may_have_been_told_is_told(store, unsure):
    await store.deliveries.add([news("x")], NOW)
    [one] = await claim(store)
    status = DeliveryStatus.REFUSED if unsure else DeliveryStatus.SENT
    await settle(store, one, status, NOW, unsure=unsure, ref=None if unsure else "r")
    await store.deliveries.add([news("x", ChangeKind.RETRACTED, 2)], NOW + WINDOW)
    [told] = await claim(store, NOW + WINDOW)
    assert told.notice.key == "x#1/2"


async def test_what_is_not_of_an_incident_goes_alone(store):
    digest = delivery(1, thread="digest comms")
    await store.deliveries.add([news("x"), digest, news("y")], NOW)
    await fail(store)
    claimed = await claim(store, NOW + MINUTE)
    assert {one.notice.thread.partition("#")[0] for one in claimed} == {"", "digest comms"}


async def test_what_is_kept_back_for_quiet_hours_is_told_in_one_when_they_end(store):
    morning = NOW + 7 * timedelta(hours=1)
    await store.deliveries.add([news("x", due=morning), news("y", due=morning)], NOW)
    await store.deliveries.add([news("x", ChangeKind.RESTORED, 2, due=morning)], NOW + MINUTE)
    assert await claim(store, morning - SECOND) == ()
    [one] = await claim(store, morning)
    assert lines(one) == ("x restored", "y confirmed")


async def test_a_reminder_that_newer_word_has_overtaken_is_dropped(store):
    await store.deliveries.add([news("x")], NOW)
    await sent(store)
    await store.deliveries.add([news("x", ChangeKind.REMINDED, 2), news("x", ChangeKind.RESTORED, 3)], NOW + MINUTE)
    assert await claim(store, NOW + MINUTE) == ()
    [one] = await claim(store, NOW + MINUTE)
    assert one.notice.key == "x#1/3"
    assert await statuses(store, "x") == ["sent", "superseded", "sending"]


# ── storms ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_few_are_told_one_by_one_and_more_in_one(store):
    await store.deliveries.add([news(name) for name in "abc"], NOW)
    assert len(await sent(store)) == FEW
    await store.deliveries.add([news(name, to=MAIL) for name in "abcd"], NOW)
    [one] = await sent(store, kind="email")
    assert lines(one) == ("a confirmed", "b confirmed", "c confirmed", "d confirmed")


async def test_a_storm_that_trickles_in_is_gathered_and_then_grows_by_rewriting(store):
    for number, name in enumerate("abcde"):
        await store.deliveries.add([news(name)], NOW + number * SECOND)
        await sent(store, NOW + number * SECOND, ref=name)
    assert await statuses(store, *"abcde") == ["sent"] * 3 + ["pending"] * 2
    assert await store.deliveries.next_due("slack") == NOW + 3 * SECOND + GATHER

    at = NOW + 3 * SECOND + GATHER
    [storm] = await sent(store, at, ref="storm")
    assert lines(storm) == ("d confirmed", "e confirmed")
    await store.deliveries.add([news("f")], at + SECOND)
    assert await claim(store, at + SECOND) == ()
    [grown] = await sent(store, at + EDIT_GAP)
    assert (grown.action, grown.root) == (DeliveryAction.EDIT, "storm0")
    assert grown.notice.root.lines == ("d confirmed", "e confirmed", "f confirmed")
    assert await statuses(store, *"def") == ["merged"] * 3


@pytest.mark.hardened("C-storm", "a storm while a late message of many is on its way", "gathered, not one by one")
async def test_what_a_message_on_its_way_tells_is_of_the_storm(store):
    await store.deliveries.add([news("a"), news("b")], NOW)
    await fail(store)
    [_] = await claim(store, NOW + MINUTE)
    await store.deliveries.add([news("c"), news("d")], NOW + MINUTE)
    assert await claim(store, NOW + MINUTE) == ()
    assert await store.deliveries.next_due("slack") == NOW + MINUTE + GATHER
    [one] = await claim(store, NOW + MINUTE + GATHER)
    assert lines(one) == ("c confirmed", "d confirmed")


@pytest.mark.hardened(
    "C-storm", "outages 45 s apart, each over before the next", "each told at once: to be gathered is for a storm"
)
async def test_one_outage_after_the_other_is_no_storm(store):
    at = NOW
    for name in "abcdef":
        for kind, step in ((ChangeKind.CONFIRMED, 1), (ChangeKind.RESTORED, 2)):
            await store.deliveries.add([news(name, kind, step)], at)
            assert [one.notice.key for one in await sent(store, at, ref=name)] == [f"{name}#1/{step}"]
            at += 20 * SECOND if step == 1 else 25 * SECOND


async def test_endings_of_a_storm_are_gathered_from_the_first_on(store):
    await store.deliveries.add([news(name) for name in "abcd"], NOW)
    await sent(store)
    await store.deliveries.add([news("a", ChangeKind.RESTORED, 2)], NOW + MINUTE)
    assert await claim(store, NOW + MINUTE) == ()
    assert await store.deliveries.next_due("slack") == NOW + MINUTE + GATHER


async def test_after_a_while_a_storm_gets_a_new_message(store):
    await store.deliveries.add([news(name) for name in "abcd"], NOW)
    await sent(store)
    later = NOW + WINDOW + SECOND
    await store.deliveries.add([news(name) for name in "efgh"], later)
    [one] = await sent(store, later)
    assert (one.action, lines(one)[0]) == (DeliveryAction.POST, "e confirmed")


async def test_what_is_restored_is_never_told_by_rewriting_alone(store):
    await store.deliveries.add([news(name) for name in "abcd"], NOW)
    await sent(store, ref="down")
    await store.deliveries.add([news(name, ChangeKind.RESTORED, 2) for name in "abcd"], NOW + MINUTE)
    [one] = await sent(store, NOW + MINUTE, ref="up")
    assert (one.action, one.root, lines(one)) == (DeliveryAction.POST, None, tuple(f"{n} restored" for n in "abcd"))


async def test_how_a_service_ended_that_is_no_longer_watched_is_not_known(store):
    await store.deliveries.add([news(name) for name in "abcd"], NOW)
    await sent(store)
    endings = [news("a", ChangeKind.UNWATCHED, 2), *(news(name, ChangeKind.RESTORED, 2) for name in "bcd")]
    await store.deliveries.add(endings, NOW + MINUTE)
    batches = []
    await take(store, now=NOW + MINUTE, word=lambda many: batches.append(many) or together(many))
    assert [one.well for one in batches[-1].items] == [False, True, True, True]


async def test_a_storm_message_that_is_gone_is_not_waited_for(store):
    await store.deliveries.add([news(name) for name in "abcd"], NOW)
    await sent(store)
    await store.deliveries.add([news("e")], NOW + SECOND)
    assert await claim(store, NOW + SECOND) == ()
    [grown] = await claim(store, NOW + EDIT_GAP)
    await settle(store, grown, DeliveryStatus.REFUSED, NOW + EDIT_GAP, why=quote("message_not_found"))
    [alone] = await sent(store, NOW + NEXT_GAP)
    assert (alone.action, alone.notice.key) == (DeliveryAction.POST, "e#1/1")


async def test_where_nothing_can_be_rewritten_a_storm_goes_on_in_further_messages(store):
    await store.deliveries.add([news(name, to=MAIL) for name in "abcd"], NOW)
    [_] = await claim_sent_without_edits(store, NOW)
    await store.deliveries.add([news(name, to=MAIL) for name in "ef"], NOW + SECOND)
    assert [one.notice.key for one in await claim_sent_without_edits(store, NOW + SECOND)] == ["e#1/1", "f#1/1"]
    await store.deliveries.add([news(name, to=MAIL) for name in "gh"], NOW + 2 * SECOND)
    assert await claim_sent_without_edits(store, NOW + 2 * SECOND) == ()
    [one] = await claim_sent_without_edits(store, NOW + NEXT_GAP)
    assert (one.action, lines(one)) == (DeliveryAction.POST, ("g confirmed", "h confirmed"))


# ── what is no part of a storm ───────────────────────────────────────────────────────────────────────────────────────


def work(number, **more):
    """A notice of maintenance that begins."""
    made = news("mail", **more)
    thread = f"mail#m{number}"
    notice = replace(made.notice, key=f"{thread}/1", thread=thread, line=f"mail {number}", kind=Phase.BEGUN)
    return replace(made, key=f"{notice.key}@{made.destination}", notice=notice)


async def test_planned_work_never_opens_fills_or_lends_its_message_to_a_storm(store):
    await store.deliveries.add([work(n) for n in range(6)], NOW)
    [planned] = await sent(store, ref="planned")
    assert len(lines(planned)) == 6
    await store.deliveries.add([news("x")], NOW + 5 * SECOND)
    [alone] = await sent(store, NOW + 5 * SECOND, ref="x")
    assert (alone.action, alone.notice.key) == (DeliveryAction.POST, "x#1/1")
    await store.deliveries.add([*(news(name) for name in "abcd"), work(7)], NOW + 9 * SECOND)
    told = await sent(store, NOW + 9 * SECOND + GATHER, ref="r")
    assert [lines(one) for one in told if one.notice.thread.startswith("#many")] == [
        ("a confirmed", "b confirmed", "c confirmed", "d confirmed")
    ]
    assert "mail#m7/1" in {one.notice.key for one in told}


@pytest.mark.parametrize(("after", "posted"), [(JOINS, False), (JOINS + SECOND, True), (50 * SECOND, True)])
async def test_what_fails_later_than_ten_seconds_after_a_storms_message_gets_one_of_its_own(store, after, posted):
    await store.deliveries.add([news(name) for name in "abcde"], NOW)
    await sent(store, ref="storm")
    await store.deliveries.add([news("x")], NOW + after)
    [one] = await sent(store, NOW + after, ref="x")
    assert (one.action is DeliveryAction.POST) is posted
    assert (one.notice.key == "x#1/1") is posted


async def test_what_fails_after_a_storms_message_that_was_in_doubt_gets_one_of_its_own(store):
    await store.deliveries.add([news(name) for name in "abcde"], NOW)
    [storm] = await claim(store)
    await settle(store, storm, DeliveryStatus.PENDING, NOW, due=NOW + 30 * SECOND, unsure=True)
    await sent(store, NOW + 30 * SECOND, ref="storm")  # it was found: it may have been there all the time
    await store.deliveries.add([news("x")], NOW + 35 * SECOND)
    [one] = await sent(store, NOW + 35 * SECOND, ref="x")
    assert (one.action, one.notice.key) == (DeliveryAction.POST, "x#1/1")


async def test_another_cause_gets_its_own_message_though_it_comes_with_the_storm(store):
    shared = [news(name, causes=("at:Cloudflare",)) for name in "abcd"]
    await store.deliveries.add([*shared, news("x")], NOW)
    told = await sent(store, ref="r")
    assert sorted(len(lines(one)) for one in told if one.notice.thread.startswith("#many")) == [4]
    assert [one.notice.key for one in told if not one.notice.thread.startswith("#many")] == ["x#1/1"]
    await store.deliveries.add([news("y"), news("z", causes=("at:Cloudflare",))], NOW + 5 * SECOND)
    later = await sent(store, NOW + 5 * SECOND, ref="s")
    assert {(one.action, one.notice.key == "y#1/1") for one in later} == {
        (DeliveryAction.POST, True),
        (DeliveryAction.EDIT, False),
    }


async def claim_sent_without_edits(store, now):
    claimed = await claim(store, now, "email", edits=False)
    for one in claimed:
        await settle(store, one, DeliveryStatus.SENT, now, ref="r")
    return claimed


@pytest.mark.parametrize("count", [5, 2500])
async def test_thousands_at_once_are_one_message_for_each_place(store, count, monkeypatch):
    monkeypatch.setattr(batch, "PART", 1000)  # more values than one statement takes
    places = [Destination("slack", f"C{n}") for n in range(2)]
    await store.deliveries.add([news(f"s{n}", to=place) for n in range(count) for place in places], NOW)
    claimed = await claim(store)
    assert {str(one.destination) for one in claimed} <= {"slack:C0", "slack:C1"}
    while more := await claim(store):
        claimed += more
    assert len(claimed) == 2
    assert all(len(lines(one)) == count for one in claimed)


async def test_where_one_goes_at_a_time_what_is_new_goes_before_what_brings_old_messages_up_to_it(store):
    await store.deliveries.add([news(name) for name in "abcd"], NOW)
    await sent(store, ref="down")
    ends = [row for name in "abcd" for row in (news(name, ChangeKind.RESTORED, 2), edit(name, 3))]
    await store.deliveries.add(ends, NOW + MINUTE)
    await sent(store, NOW + MINUTE, ref="up")
    await store.deliveries.add([news(name) for name in "efgh"], NOW + 2 * MINUTE)
    told = [(await claim(store, NOW + 2 * MINUTE, one_each=True))[0] for _ in range(2)]
    assert [one.action for one in told] == [DeliveryAction.POST, DeliveryAction.EDIT]
    assert [lines(one)[0] for one in told] == ["e confirmed", "a restored"]


# ── threads that begin anew ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_thread_goes_on_from_the_message_that_was_written_anew(store):
    await store.deliveries.add([news("x")], NOW)
    await sent(store, ref="gone")
    await store.deliveries.add([news("x", ChangeKind.WORSENED, 2)], NOW)
    [two] = await claim(store)
    await settle(store, two, DeliveryStatus.SENT, NOW, ref="anew", anew=True)
    await store.deliveries.add([edit("x", 3)], NOW)
    [three] = await claim(store)
    assert (two.root, three.root) == ("gone0", "anew")


@pytest.mark.parametrize("answered", [True, False])
async def test_when_the_first_message_is_gone_the_newest_one_takes_its_place(store, answered):
    await store.deliveries.add([news("x")], NOW)
    await sent(store, ref="gone")
    if answered:
        await store.deliveries.add([news("x", ChangeKind.WORSENED, 2)], NOW)
        await sent(store, ref="answer")
        [answer] = [r for r in await store.deliveries.of_incident("x#1") if r.key.startswith("x#1/2")]
        assert answer.status is DeliveryStatus.SENT
    await store.deliveries.add([edit("x", 3)], NOW)
    [lost] = await claim(store)
    await settle(store, lost, DeliveryStatus.SUPERSEDED, NOW)
    await store.deliveries.new_root(lost, NOW)

    posted = await sent(store, ref="fresh")
    assert [one.action for one in posted] == [DeliveryAction.EDIT if answered else DeliveryAction.POST]
    await store.deliveries.add([news("x", ChangeKind.RESTORED, 4)], NOW)
    [ending] = await claim(store)
    assert ending.root == ("answer0" if answered else "fresh0")


@pytest.mark.parametrize("answered", [True, False])
async def test_a_message_that_is_gone_is_not_replaced_by_older_word_than_waits(store, answered):
    await store.deliveries.add([news("x")], NOW)
    await sent(store, ref="gone")
    if answered:
        await store.deliveries.add([news("x", ChangeKind.WORSENED, 2)], NOW)
        await sent(store, ref="answer")
    await store.deliveries.add([edit("x", 3)], NOW)
    [lost] = await claim(store)
    await store.deliveries.add([news("x", ChangeKind.RESTORED, 4), edit("x", 4)], NOW)
    await settle(store, lost, DeliveryStatus.SUPERSEDED, NOW)
    await store.deliveries.new_root(lost, NOW)

    told = [one for _ in range(3) for one in await sent(store, ref="end")]
    assert [one.key for one in told] == ["x#1/4@slack:C012", "x#1/4@slack:C012;edit"]


@pytest.mark.parametrize("others", [(), ("e",), ("e", "f", "g")])
async def test_a_batch_message_that_is_written_anew_is_sent_though_it_was_not_taken_at_once(store, others):
    await store.deliveries.add([news(name) for name in "abcd"], NOW)
    then = NOW + 60 * MINUTE
    await sent(store, ref="gone")
    await store.deliveries.add([news("a", ChangeKind.RESTORED, 2), edit("a")], then)
    await sent(store, then, ref="end")
    [lost] = await claim(store, then)
    assert (lost.action, lost.root) == (DeliveryAction.EDIT, "gone0")
    await settle(store, lost, DeliveryStatus.SUPERSEDED, then)
    await store.deliveries.new_root(lost, then)
    [anew] = await fail(store, then)
    assert anew.action is DeliveryAction.POST
    await store.deliveries.add([news(name) for name in others], then + MINUTE)

    told = [one for after in range(3) for one in await sent(store, then + (1 + after) * MINUTE, ref=f"m{after}")]
    [again] = [one for one in told if one.key == anew.key]
    assert lines(again) == ("a restored", "b confirmed", "c confirmed", "d confirmed")
    assert set(await statuses(store, *others)) <= {"sent", "merged"}


# ── one at a time ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_place_gets_one_at_a_time_and_no_other_place_waits_for_it(store):
    rows = [delivery(1, thread=f"t{n}#1") for n in range(30)]
    await store.deliveries.add([*rows, delivery(1, Destination("slack", "C2"))], NOW)
    claimed = await claim(store, limit=5, one_each=True)
    assert sorted(one.destination.place for one in claimed) == ["C012", "C2"]
    assert await claim(store, one_each=True, busy=("C012", "C2")) == ()
    assert await store.deliveries.next_due("slack", ("C012", "C2")) is None


async def test_a_providers_wish_to_wait_holds_for_all_that_goes_to_the_place(store):
    await store.deliveries.add([delivery(1), delivery(1, thread="y#1"), delivery(1, Destination("slack", "C2"))], NOW)
    one, *_ = await claim(store, limit=1)
    await settle(store, one, DeliveryStatus.PENDING, NOW, due=NOW + 30 * SECOND, rest=True)
    assert [str(d.destination) for d in await claim(store)] == ["slack:C2"]
    assert await store.deliveries.next_due("slack", ("C2",)) == NOW + 30 * SECOND


async def test_programs_get_each_incident_by_itself(store):
    await store.deliveries.add([news(name) for name in "abcde"], NOW)
    claimed = await claim(store, gathers=False)
    assert len(claimed) == 5
    for one in claimed:
        await settle(store, one, DeliveryStatus.PENDING, NOW)
    await store.deliveries.add([news("a", ChangeKind.RESTORED, 2)], NOW)
    again = await claim(store, NOW + MINUTE, gathers=False)
    assert sorted(one.notice.key for one in again) == ["a#1/2", "b#1/1", "c#1/1", "d#1/1", "e#1/1"]
