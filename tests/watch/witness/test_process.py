"""The witness itself, in virtual time: what it sends, what it keeps, and when it asks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta

import pytest

from bot.model import Outcome, Reading, Round
from bot.watch.witness import process
from bot.watch.witness.link import KEPT, Buffer, Failed, Link, TokenRefusedError
from bot.watch.witness.process import Witness
from bot.watch.witness.protocol import LARGEST, MOST, Assignment, Instructions, Report, Task
from tests.reasons import HTTP_503, TIMED_OUT
from tests.watch.clock import Hands

OK = (Reading("web", Outcome.OK, took=timedelta(seconds=0.2)),)
BAD = (Reading("web", Outcome.FAILED, HTTP_503),)
TASK = Assignment(
    name="London",
    services=(
        Task(
            id="x", every=30, timeout=10, slow_after=5, routes={"web": {"kind": "tcp", "host": "127.0.0.1", "port": 9}}
        ),
        Task(id="y", every=30, timeout=10, slow_after=5, routes={"web": {"kind": "quic"}}),
    ),
)


class Server:
    """The link of a witness, as a test wants it to be."""

    def __init__(self):
        self.reports, self.pulls = [], 0
        self.config_answer, self.answer = (TASK, '"1"'), Instructions(etag='"1"')

    async def config(self, etag=""):
        self.pulls += 1
        if isinstance(self.config_answer, Exception):
            raise self.config_answer
        if isinstance(self.config_answer, tuple) and etag == self.config_answer[1]:
            return None
        return self.config_answer

    async def send(self, body):
        self.reports.append(Report.model_validate_json(body))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Place:
    """A witness whose seconds a test counts. Its rounds do not run by themselves."""

    def __init__(self, monkeypatch):
        self.server, self.hands = Server(), Hands()
        self.witness = Witness(self.server, None, clock=self.hands, session="s")
        self.made = made = []

        class Still:
            def __init__(self, watched, canaries, net, *, seen, clock):
                self.watched, self.canaries, self.seen, self.asked = watched, canaries, seen, []
                self.sees, self.drained = True, 0
                made.append(self)

            async def run(self, stop):
                await stop.wait()

            async def online(self):
                return self.sees

            async def once(self, service):
                self.asked.append(service)
                return Round(service, place.hands.utcnow(), BAD)

            def drain(self):
                return []

        place = self
        monkeypatch.setattr(process, "Rounds", Still)

    async def second(self, count=1):
        for _ in range(count):
            await self.witness.turn(self.hands.now)
            for _ in range(5):
                await asyncio.sleep(0)  # for what was begun
            self.hands.now += 1

    async def see(self, readings=OK, **more):
        await self.made[-1].seen(Round("x", self.hands.utcnow(), readings, **more))

    @property
    def last(self):
        return self.server.reports[-1]


@pytest.fixture
async def place(monkeypatch):
    place = Place(monkeypatch)
    yield place
    await place.witness._end_rounds()


async def test_it_sends_a_body_a_second_with_ages_and_without_times(place):
    await place.second()
    await place.see()
    await place.second(2)
    assert len(place.server.reports) == 3
    (round_,) = place.server.reports[1].rounds
    assert (round_.service, round_.age, round_.readings[0].reading()) == ("x", 0.0, OK[0])
    assert place.last.rounds == ()
    assert (place.last.session, place.last.etag, place.last.blind) == ("s", '"1"', False)


async def test_what_it_does_not_understand_is_left_out(place, caplog):
    await place.second()
    assert [one.service.id for one in place.made[0].watched] == ["x"]
    assert "y/web is not checked here: this version does not know how" in caplog.text


async def test_the_config_is_pulled_each_half_minute_and_when_the_server_names_another(place):
    await place.second(31)
    assert place.server.pulls == 2
    assert len(place.made) == 1
    place.server.answer = Instructions(etag='"2"')
    place.server.config_answer = (TASK, '"2"')
    await place.second(2)
    assert place.server.pulls == 3
    assert len(place.made) == 2
    assert place.last.etag == '"2"'


async def test_what_the_server_asks_for_is_looked_at_at_once(place):
    place.server.answer = Instructions(etag='"1"', checks=("x", "x"))
    await place.second()
    place.server.answer = Instructions(etag='"1"')
    await place.second(2)
    assert place.made[0].asked == ["x"]
    assert place.server.reports[1].rounds[0].readings[0].outcome is Outcome.FAILED


async def test_a_storm_of_requests_is_looked_at_in_turns_and_not_after_its_time(place, monkeypatch):
    monkeypatch.setattr(process, "AT_ONCE", 5)
    place.server.answer = Instructions(etag='"1"', checks=tuple(f"s{number}" for number in range(50)))
    await place.second()
    place.server.answer = Instructions(etag='"1"')
    await place.second(4)
    assert place.made[0].asked == [f"s{number}" for number in range(50)]

    free = asyncio.Event()

    async def slow(service):
        place.made[0].asked.append(service)
        await free.wait()

    place.made[0].once, place.made[0].asked = slow, []
    place.server.answer = Instructions(etag='"1"', checks=tuple(f"s{number}" for number in range(50)))
    await place.second()
    place.server.answer = Instructions(etag='"1"')
    await place.second(int(process.WAITS) + 1)
    free.set()
    await place.second(2)
    assert len(place.made[0].asked) == 5


async def test_readings_wait_while_the_server_is_away_and_are_no_older_than_five_minutes(place, caplog):
    caplog.set_level("INFO")
    await place.second()
    place.server.answer = Failed(TIMED_OUT)
    for _ in range(400):
        await place.see()
        await place.second()
    tries = len(place.server.reports)
    assert tries < 40, "it does not knock each second"
    place.server.answer = Instructions(etag='"1"')
    await place.second(int(process.SLOWEST) + 1)
    sent = [round_ for report in place.server.reports[tries:] for round_ in report.rounds]
    assert len(sent) >= 280
    assert max(round_.age for round_ in sent) <= 300 + 1
    assert caplog.text.count("does not take readings") == caplog.text.count("the server answers again") == 1


async def test_the_newest_are_sent_first_and_nothing_twice(place):
    await place.second()
    place.server.answer = Failed(TIMED_OUT)
    for _ in range(3):
        await place.see()
        await place.second()
    assert len({round_.age for round_ in place.last.rounds}) == len(place.last.rounds)
    place.hands.now += 20
    place.server.answer = Instructions(etag='"1"')
    await place.second(2)
    assert [len(report.rounds) for report in place.server.reports[-2:]] == [3, 0]


async def test_what_the_server_cannot_read_is_dropped(place):
    await place.second()
    await place.see()
    place.server.answer = Failed(HTTP_503, unreadable=True)
    await place.second()
    place.server.answer = Instructions(etag='"1"')
    await place.second(3)
    assert place.last.rounds == ()


async def test_a_blind_witness_says_so_and_its_failures_are_inconclusive(place, caplog):
    caplog.set_level("INFO")
    await place.second()
    place.made[0].sees = False
    await place.see(BAD, online=False)
    await place.second()
    assert place.last.blind
    assert place.last.rounds[0].readings[0].outcome is Outcome.INCONCLUSIVE
    await place.second(5)
    assert place.last.blind
    place.made[0].sees = True
    await place.second(3)
    assert not place.last.blind
    assert caplog.text.count("blind, so no reading counts") == caplog.text.count("sees again") == 1


async def test_an_error_of_our_own_ends_nothing(place, caplog):
    await place.second()
    place.server.answer = ZeroDivisionError()
    stop = asyncio.Event()
    running = asyncio.create_task(place.witness.run(stop))
    await asyncio.sleep(0.01)
    assert "an error of our own: ZeroDivisionError" in caplog.text
    stop.set()
    place.server.answer = Instructions(etag='"1"')
    await running


async def test_checks_that_end_by_themselves_begin_anew(place, caplog):
    await place.second()
    place.witness._running.cancel()
    place.witness._running = asyncio.create_task(broken())
    await place.second(20)
    assert len(place.made) == 2
    assert "the checks ended by themselves, and begin anew: ZeroDivisionError" in caplog.text


async def broken():
    raise ZeroDivisionError


async def test_a_token_that_is_refused_ends_it(place):
    place.server.config_answer = TokenRefusedError()
    with pytest.raises(TokenRefusedError):
        await place.second()


async def test_a_server_that_is_away_at_the_start_is_asked_again(place):
    place.server.config_answer = Failed(TIMED_OUT)
    await place.second(20)
    assert 3 < place.server.pulls < 8
    assert place.server.reports == []
    place.server.config_answer = (TASK, '"1"')
    await place.second(16)
    assert place.server.reports


# ── the buffer ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_body_is_bounded_and_the_rest_follows():
    buffer, total = Buffer(), 5000
    for number in range(total):
        buffer.add(float(number) / 100, f"service-{number}", BAD)
    sent = []
    while len(buffer):
        body = buffer.body(60.0, session="s", blind=False, etag="e")
        assert len(body) <= LARGEST
        report = Report.model_validate_json(body)
        assert 0 < len(report.rounds) <= MOST
        assert buffer.sent() == len(report.rounds)
        sent += report.rounds
    assert len({one.service for one in sent}) == total


def test_beyond_its_bound_the_oldest_go():
    buffer = Buffer()
    for number in range(KEPT + 10):
        buffer.add(float(number), "x", OK)
    assert (len(buffer), buffer.dropped) == (KEPT, 10)
    buffer.expire(KEPT + 10.0 + 290)
    assert len(buffer) < 20


def test_a_round_that_fits_no_body_holds_up_nothing():
    buffer = Buffer()
    buffer.add(1.0, "x", OK)
    buffer.add(2.0, "y", BAD * 5000)
    buffer.add(3.0, "z", OK)
    sent = Report.model_validate_json(buffer.body(4.0, session="s", blind=False, etag="e"))
    assert [one.service for one in sent.rounds] == ["x", "z"]
    assert buffer.dropped == 1


def test_the_address_has_no_final_slash_in_requests():
    asked = []

    class Net:
        def prepare(self, method, url, headers, content):
            asked.append((method, url, headers["Authorization"]))
            raise StopIteration

    with pytest.raises(RuntimeError):
        Link("https://status.example.org", "t", Net()).config().send(None)
    assert asked == [("GET", "https://status.example.org/witness/config", "Bearer t")]


def test_it_imports_neither_the_database_nor_the_config():
    code = "import bot.cli.witness, bot.watch.witness.process, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sqlalchemy", "fastapi", "jinja2", "apscheduler", "bot.store", "bot.config", "bot.web"} & set(loaded)
