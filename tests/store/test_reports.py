from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.model import Heartbeat, Report
from tests.store.made import NOW, SECOND

HOUR = timedelta(hours=1)
DOWN = Report("x", NOW, "a", "telegram", "login fails")
WORKS = replace(DOWN, works=True)


async def test_a_person_has_one_word_an_hour_the_newest(store):
    for report in (DOWN, replace(WORKS, at=NOW + SECOND), replace(DOWN, who="b"), replace(DOWN, service="y")):
        await store.reports.add(report)
    await store.reports.add(replace(DOWN, at=NOW + HOUR))

    kept = await store.reports.since(NOW - SECOND)
    assert [report.at for report in kept] == sorted(report.at for report in kept)
    assert set(kept) == {
        replace(WORKS, at=NOW + SECOND),
        replace(DOWN, who="b"),
        replace(DOWN, service="y"),
        replace(DOWN, at=NOW + HOUR),
    }
    assert await store.reports.since(NOW + SECOND) == (replace(DOWN, at=NOW + HOUR),)


async def test_hours_that_are_over_are_counted_however_often_and_the_words_forgotten_after_two_days(store):
    for who in "abc":
        await store.reports.add(replace(DOWN, who=who))
    await store.reports.add(replace(WORKS, who="d"))
    await store.reports.add(replace(DOWN, at=NOW + HOUR))

    for _ in range(2):
        await store.reports.tidy(NOW + HOUR)
        assert await store.reports.hours("x") == {NOW: 3}
        assert await store.reports.hours("y") == {}
    await store.reports.tidy(NOW + 48 * HOUR + SECOND)

    assert await store.reports.since(NOW - HOUR) == (replace(DOWN, at=NOW + HOUR),)
    assert await store.reports.hours("x") == {NOW: 3, NOW + HOUR: 1}
    await store.reports.tidy(NOW + timedelta(weeks=52) + SECOND)
    assert await store.reports.since(NOW - HOUR) == ()
    assert await store.reports.hours("x") == {NOW + HOUR: 1}


async def test_what_people_write_cannot_break_it(store):
    odd = replace(DOWN, what="\0 '); DROP TABLE reports; -- \ud83d")
    await store.reports.add(odd)
    [kept] = await store.reports.since(NOW - SECOND)
    assert kept.what == " '); DROP TABLE reports; -- ?"


async def test_a_job_comes_back_as_it_was_and_shows_its_token_to_no_log(store):
    job = Heartbeat("backup", "job", "made-token-1234", "86400+3600", NOW, NOW, NOW + SECOND, NOW - SECOND, 3)
    await store.heartbeats.keep([replace(job, code=None), replace(job, route="other")])
    await store.heartbeats.keep([job])
    await store.heartbeats.keep([])

    assert set(await store.heartbeats.all()) == {job, replace(job, route="other")}
    assert "made-token" not in repr(job)
