"""Three people say that it is down for them; a job that should call does not. Both through the whole house."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.app import open_app
from bot.config import Config
from bot.model import Health
from bot.scheduler import jobs
from tests.fakes.hook import FakeHook
from tests.fakes.mail import free_ports
from tests.fakes.site import WELL, Site
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.flow.house import eventually
from tests.test_daemon import living

pytestmark = pytest.mark.long

GROUP, NERVOUS = -100123, -100777
HOURS = timedelta(hours=1)
SECRET = "the-backups-own-token"


def told(telegram, place):
    return [m.text.splitlines() for m in telegram.messages if m.place == str(place) and not m.edited]


def quick(folder, **more):
    return {
        "database": f"sqlite:///{folder}/tocsin.db",
        "web": {"listen": f"127.0.0.1:{free_ports(1)[0]}"},
        "defaults": {"every": "0.2s", "confirm_every": "0.2s", "timeout": "1s"},
    } | more


async def test_three_people_are_a_possible_incident_for_those_who_wish_it_and_no_more(tmp_path):
    async with AsyncExitStack() as stack:
        telegram, site = [await stack.enter_async_context(fake) for fake in (FakeTelegram(), Site(keep=True))]
        site.paths["/web"] = WELL
        made = quick(
            tmp_path,
            services={"x": {"name": "X (Twitter)", "routes": {"web": {"kind": "http", "url": site.url("/web")}}}},
            channels={"telegram": {"token": TOKEN, "api_url": telegram.url}},
            rooms="anyone",
            audiences={
                "desk": {"broadcast": [f"telegram:{GROUP}"]},
                "nervous": {"broadcast": [f"telegram:{NERVOUS}"], "confidence": "possible"},
            },
        )
        home = await stack.enter_async_context(open_app(Config.model_validate(made)))
        await stack.enter_async_context(living(home))
        await eventually(lambda: home.recorder.states.get("x") and home.recorder.states["x"].up_since)

        for person in (1, 1, 2, 1):  # two of them, however often
            before = len(told(telegram, person))
            telegram.say(person, "/report x login fails", user=person)
            await telegram.until(lambda p=person, n=before: len(told(telegram, p)) > n)
        looked = home.rounds.counts.rounds
        await eventually(lambda: home.rounds.counts.rounds > looked + 2)
        assert home.recorder.states["x"].incident is None

        telegram.say(3, "/report x", user=3)
        await telegram.until(lambda: told(telegram, NERVOUS))
        assert told(telegram, 3)[0][:2] == [
            "✅ Thanks, noted: X (Twitter) doesn't work for you",
            "2 other people reported it in the last hour.",
        ]
        [first] = told(telegram, NERVOUS)
        assert first[0].startswith("🟡 X (Twitter): may have had trouble since about ")
        assert first[1:] == ["Our own checks find nothing wrong.", "Reports here: 3 in the last hour, usually none."]

        for person in (1, 2):  # it works again for them
            telegram.say(person, "/report x works", user=person)
        await telegram.until(lambda: len(told(telegram, NERVOUS)) == 2)
        assert "was not confirmed" in told(telegram, NERVOUS)[1][0]
        assert told(telegram, GROUP) == []
        async with httpx.AsyncClient(trust_env=False, verify=False) as web:
            metrics = (await web.get(f"http://127.0.0.1:{home.config.web.address[1]}/metrics")).text
        assert 'tocsin_reports_total{says="down",service="x"} 3.0' in metrics
        assert 'tocsin_reports_total{says="works",service="x"} 2.0' in metrics


async def test_a_job_that_is_silent_is_told_and_a_restart_forgets_no_call(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "PULSE", timedelta(seconds=0.05))
    late = [timedelta()]

    def clock():
        return datetime.now(UTC) + late[0]

    async with FakeHook() as hook:
        job = {"kind": "heartbeat", "every": "24h", "grace": "1h", "token": SECRET}
        made = quick(
            tmp_path,
            services={"backup": {"name": "Nightly backup", "routes": {"job": job}}},
            channels={"webhook": {}},
            audiences={"desk": {"broadcast": [f"webhook:{hook.place}"]}},
        )
        config = Config.model_validate(made)

        async def call(path=""):
            async with httpx.AsyncClient(trust_env=False, verify=False) as web:
                url = f"http://127.0.0.1:{config.web.address[1]}/heartbeat/{SECRET}{path}"
                assert (await web.get(url)).text == "OK"

        def health(home):
            incident = home.recorder.states["backup"].incident
            return incident.health if incident else Health.UP

        async with open_app(config, clock) as home, living(home):
            await eventually(lambda: home.recorder.states.get("backup"))
            await call()
            late[0] = 24 * HOURS
            await eventually(home.store.results.last_alive)
            looked = home.rounds.counts.rounds
            await eventually(lambda: home.rounds.counts.rounds > looked + 3)
            assert health(home) is Health.UP
            late[0] = 24.5 * HOURS
            alive = clock()

            async def pulsed():
                return await home.store.results.last_alive() > alive

            await eventually(pulsed)

        async with open_app(config, clock) as home, living(home):  # at once again: it goes on from where it was
            late[0] = 25.5 * HOURS
            await eventually(lambda: hook.applied)
            assert hook.applied[0].text.splitlines()[1].startswith("Job: no sign for 25 h.")
            await call()
            await eventually(lambda: health(home) is Health.UP)
            await call("/3")
            await eventually(lambda: len([m for m in hook.applied if "exit code 3" in m.text]) == 1)
