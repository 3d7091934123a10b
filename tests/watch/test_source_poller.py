"""The newest word of every source, on a beat of its own."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.model import Health, Role, SourceReport
from bot.watch.source_poller import AT_ONCE, EVERY, EVERY_IN_DOUBT, FIRST_WITHIN, SourcePoller
from tests.watch.clock import Hands


class Page:
    kind = "statuspage"

    def __init__(self, says: Health | None = Health.UP) -> None:
        self.says, self.broken, self.reads, self.free = says, False, 0, asyncio.Event()
        self.free.set()

    async def read(self, net, now, memory):
        self.reads += 1
        self.memory = memory
        await self.free.wait()
        if self.broken:
            raise ValueError("https://user:secret@status.example.org")
        return SourceReport(
            Role.OFFICIAL, "Official status page", self.says, "Trouble" if self.says else "", "https://a.example", now
        )


async def rest():
    for _ in range(5):
        await asyncio.sleep(0)


async def pass_time(newest: SourcePoller, clock: Hands, seconds: float) -> None:
    for _ in range(round(seconds)):
        clock.now += 1.0
        newest.tick(clock.now)
        await rest()


async def test_sources_are_read_soon_after_a_start_and_then_every_two_minutes():
    clock, pages = Hands(), {f"s{n}": (Page(),) for n in range(20)}
    newest = SourcePoller(pages, None, clock)
    assert newest.of("s0") == ()
    assert not newest.tried("s0")
    await pass_time(newest, clock, FIRST_WITHIN)
    assert all(newest.tried(service) for service in pages)
    assert {page.reads for (page,) in pages.values()} == {1}
    await pass_time(newest, clock, 10 * EVERY)
    assert {page.reads for (page,) in pages.values()} == {11}


async def test_news_of_a_service_has_its_sources_read_at_once():
    clock, page, other = Hands(), Page(), Page()
    newest = SourcePoller({"x": (page,), "y": (other,)}, None, clock)
    await pass_time(newest, clock, 60)
    newest.again("x")
    await pass_time(newest, clock, 1)
    assert (page.reads, other.reads) == (2, 1)


async def test_while_a_service_is_not_up_its_sources_are_read_at_once_and_every_half_minute():
    clock, page, other = Hands(), Page(), Page()
    newest = SourcePoller({"x": (page,), "y": (other,)}, None, clock)
    await pass_time(newest, clock, 60)
    newest.doubt("x", doubtful=True)
    await pass_time(newest, clock, 1)
    assert (page.reads, other.reads) == (2, 1)
    await pass_time(newest, clock, 10 * EVERY_IN_DOUBT)
    assert page.reads == 12
    newest.doubt("x", doubtful=False)
    await pass_time(newest, clock, 4 * EVERY)
    assert 15 <= page.reads <= 17


async def test_doubt_right_after_a_reading_waits_for_half_a_minute():
    clock, page = Hands(), Page()
    newest = SourcePoller({"x": (page,)}, None, clock)
    await pass_time(newest, clock, FIRST_WITHIN)
    for _ in range(5):  # a service that wavers does not make us hammer its page
        newest.doubt("x", doubtful=True)
        newest.doubt("x", doubtful=False)
    newest.doubt("x", doubtful=True)
    await pass_time(newest, clock, 15)
    assert page.reads == 1


async def test_a_source_that_raises_is_silent_and_logged_once_a_stretch_without_its_secrets(caplog):
    caplog.set_level("INFO")
    clock, page = Hands(), Page()
    newest = SourcePoller({"x": (page,)}, None, clock)
    await pass_time(newest, clock, FIRST_WITHIN)
    page.broken = True
    await pass_time(newest, clock, 5 * EVERY)
    (word,) = newest.of("x")
    assert (word.role, word.source, word.says, word.headline) == (Role.OFFICIAL, "Official status page", None, "")
    page.broken = False
    await pass_time(newest, clock, EVERY)
    assert newest.of("x")[0].says is Health.UP
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert "ValueError at test_source_poller.py" in caplog.text
    assert "secret" not in caplog.text


async def test_a_source_that_never_ends_is_given_up_and_silent():
    clock, page = Hands(), Page()
    page.free.clear()
    newest = SourcePoller({"x": (page,)}, None, clock, longest=timedelta(milliseconds=5))
    clock.now += FIRST_WITHIN
    newest.tick(clock.now)
    await asyncio.gather(*newest._reading.values())
    assert newest.of("x")[0].says is None


async def test_a_page_that_hiccups_has_not_said_that_its_trouble_is_over():
    clock, page = Hands(), Page(Health.DEGRADED)
    newest = SourcePoller({"x": (page,)}, None, clock)
    await pass_time(newest, clock, FIRST_WITHIN)
    newest.doubt("x", doubtful=True)
    page.says = None
    await pass_time(newest, clock, 240)
    assert newest.of("x")[0].says is Health.DEGRADED
    await pass_time(newest, clock, 120)
    assert newest.of("x")[0].says is None


async def test_an_all_clear_does_not_outlive_the_silence_after_it():
    clock, page = Hands(), Page(Health.UP)
    newest = SourcePoller({"x": (page,)}, None, clock)
    await pass_time(newest, clock, FIRST_WITHIN)
    page.says = None
    await pass_time(newest, clock, EVERY)
    assert newest.of("x")[0].says is None


async def test_who_is_silent_is_so_since_the_first_vain_reading_after_which_nothing_came():
    clock, page = Hands(), Page(Health.UP)
    newest = SourcePoller({"x": (page,)}, None, clock)
    await pass_time(newest, clock, FIRST_WITHIN)
    page.says = None
    await pass_time(newest, clock, EVERY)
    first = newest.of("x")[0]
    assert first.silent_since == first.at
    await pass_time(newest, clock, 3 * EVERY)
    last = newest.of("x")[0]
    assert (last.says, last.silent_since) == (None, first.at)
    assert last.at == first.at + 3 * timedelta(seconds=EVERY)
    page.says = Health.UP
    await pass_time(newest, clock, EVERY)
    assert newest.of("x")[0].silent_since is None
    page.broken = True
    await pass_time(newest, clock, EVERY)
    assert newest.of("x")[0].silent_since == newest.of("x")[0].at > last.at


async def test_trouble_that_was_held_is_silent_since_before_it_was_let_go():
    clock, page = Hands(), Page(Health.DEGRADED)
    newest = SourcePoller({"x": (page,)}, None, clock)
    await pass_time(newest, clock, FIRST_WITHIN)
    page.says = None
    await pass_time(newest, clock, 4 * EVERY)
    word = newest.of("x")[0]
    assert word.says is None
    assert word.at - word.silent_since >= timedelta(seconds=2 * EVERY)


async def test_sources_share_what_they_fetch_and_each_keeps_what_it_found():
    clock, page, other = Hands(), Page(), Page()
    newest = SourcePoller({"x": (page,), "y": (other,)}, None, clock)
    await pass_time(newest, clock, FIRST_WITHIN)
    kept = page.memory
    await pass_time(newest, clock, EVERY)
    assert page.memory is kept is not other.memory
    assert page.memory.shelf is other.memory.shelf


async def test_news_that_come_during_a_reading_are_read_after_it():
    clock, page = Hands(), Page()
    newest = SourcePoller({"x": (page,)}, None, clock)
    await pass_time(newest, clock, FIRST_WITHIN)
    page.free.clear()
    newest.again("x", vouched=True)
    await pass_time(newest, clock, 2)
    newest.again("x", vouched=True)
    await pass_time(newest, clock, 1)
    assert page.reads == 2
    page.free.set()
    await pass_time(newest, clock, 3)
    assert page.reads == 3
    assert page.memory.news_at is not None
    await newest.close()


async def test_only_so_many_are_read_at_once_and_none_twice_over():
    clock, pages = Hands(), {f"s{n}": (Page(),) for n in range(AT_ONCE + 30)}
    newest = SourcePoller(pages, None, clock)
    for (page,) in pages.values():
        page.free.clear()
    await pass_time(newest, clock, 3 * EVERY)
    assert sum(page.reads for (page,) in pages.values()) == AT_ONCE
    for (page,) in pages.values():
        page.free.set()
    await pass_time(newest, clock, 2)
    assert all(newest.tried(service) for service in pages)
    await newest.close()


async def test_a_source_that_hangs_is_not_asked_again_meanwhile():
    clock, page = Hands(), Page()
    page.free.clear()
    newest = SourcePoller({"x": (page,)}, None, clock)
    await pass_time(newest, clock, 3 * EVERY)
    assert page.reads == 1
    await newest.close()


async def test_closing_ends_what_is_being_read():
    clock, page = Hands(), Page()
    page.free.clear()
    newest = SourcePoller({"x": (page,)}, None, clock)
    await pass_time(newest, clock, FIRST_WITHIN)
    await newest.close()
    assert page.reads == 1
    assert not newest._reading
