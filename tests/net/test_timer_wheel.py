"""Time limits on the timer wheel: never early, at most a tick late, and cancelled as `asyncio.timeout` is."""

from __future__ import annotations

import asyncio

import pytest

from bot.net.timer_wheel import TICK, TimerWheel


class Loop:
    """A clock that the test moves, in place of a loop's; timers run when their time has come."""

    def __init__(self):
        self.now = 100.0
        self.timers = []

    def time(self):
        return self.now

    def call_at(self, when, work, *what):
        timer = Timer(when, work, what)
        self.timers.append(timer)
        return timer

    def go(self, seconds):
        until = self.now + seconds
        while due := sorted(
            (one for one in self.timers if not one.cancelled and one.when <= until), key=lambda t: t.when
        ):
            self.timers.remove(due[0])
            self.now = max(self.now, due[0].when)
            due[0].work(*due[0].what)
        self.now = until


class Timer:
    def __init__(self, when, work, what):
        self.when, self.work, self.what, self.cancelled = when, work, what, False

    def cancel(self):
        self.cancelled = True


class Limit:
    """Stands for a `TimeLimit`: notes when it is over."""

    def __init__(self, loop):
        self.loop, self.ended = loop, None

    def end(self):
        self.ended = self.loop.now


@pytest.fixture
def loop(monkeypatch):
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def test_each_ends_within_a_tick_after_its_time(loop):
    wheel, lengths = TimerWheel(), [10.0, 0.01, 3.33, 0.0, 10.0, 7.77, 0.5]
    limits = []
    for length in lengths:
        limits.append((loop.now + length, one := Limit(loop)))
        wheel.add(one, length)
        loop.go(0.013)
    loop.go(20)
    for due, one in limits:
        assert due <= one.ended + 1e-9, "early"
        assert one.ended <= due + TICK + 1e-9, "late"
    assert all(timer.cancelled for timer in loop.timers)


def test_what_is_over_in_time_is_never_ended(loop):
    wheel, one, other = TimerWheel(), Limit(loop), Limit(loop)
    slot = wheel.add(one, 1.0)
    wheel.add(other, 1.0)
    wheel.remove(one, slot)
    loop.go(5)
    assert one.ended is None
    assert other.ended is not None


def test_many_limits_cost_few_timers(loop):
    wheel = TimerWheel()
    for _ in range(1000):
        one = Limit(loop)
        wheel.remove(one, wheel.add(one, 10.0))
        loop.go(0.02)
    assert sum(not timer.cancelled for timer in loop.timers) <= 1
    loop.go(30)
    assert all(timer.cancelled for timer in loop.timers)


def test_a_loop_that_got_no_time_ends_all_that_is_over_at_once(loop):
    wheel, limits = TimerWheel(), [Limit(loop) for _ in range(5)]
    for number, one in enumerate(limits):
        wheel.add(one, 1.0 + number)
    loop.now += 3.5  # a hold: the timer runs late
    loop.go(0)
    assert [one.ended is not None for one in limits] == [True, True, True, False, False]
    loop.go(5)
    assert all(one.ended is not None for one in limits)


async def test_it_raises_a_timeout_error_and_says_that_it_was_the_limit():
    wheel = TimerWheel()
    limit = wheel.limit(0.01)
    with pytest.raises(TimeoutError), limit:
        await asyncio.sleep(30)
    assert limit.expired
    assert asyncio.current_task().cancelling() == 0
    with wheel.limit(30) as limit:
        await asyncio.sleep(0)
    assert not limit.expired


async def test_another_timeout_error_is_not_its_own():
    limit = TimerWheel().limit(30)
    with pytest.raises(TimeoutError), limit:
        raise TimeoutError
    assert not limit.expired


async def test_an_inner_limit_leaves_the_outer_one_alone():
    wheel = TimerWheel()
    with wheel.limit(30) as outer:
        with pytest.raises(TimeoutError), wheel.limit(0.01):
            await asyncio.sleep(30)
        await asyncio.sleep(0)
    assert not outer.expired


async def test_a_cancelled_task_is_cancelled_even_if_its_time_is_over_too():
    wheel = TimerWheel()

    async def work():
        with wheel.limit(0.0):
            await asyncio.sleep(30)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(TICK)
    with pytest.raises(asyncio.CancelledError):
        await task
