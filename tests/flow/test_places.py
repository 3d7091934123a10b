"""Three places with a quorum of two: the server and its witnesses are processes, the sites fail for some of them."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx
import pytest

from bot.store import open_store
from tests.fakes.mail import free_ports
from tests.flow.house import eventually
from tests.flow.places import HOME, LONDON, SYDNEY, places, token_of

pytestmark = pytest.mark.long


async def test_down_by_two_of_three_places_and_partly_by_one(tmp_path):
    async with places(tmp_path, "london", "sydney") as town:
        town.site.failing = {LONDON}
        told = await town.told("partly down")
        assert "(only from London)" in told["title"]
        assert told["lines"][0].startswith("Not reachable from London (HTTP 503); fine from Madrid and Sydney.")

        town.site.failing = {LONDON, SYDNEY}
        told = await town.told("X: down since")
        assert "Not reachable from London and Sydney (2 of 3); fine from Madrid." in told["text"]

        town.site.failing = {LONDON, SYDNEY, HOME}
        town.site.failing = set()
        assert "restored" in (await town.told("restored"))["title"]
        posts = [m.raw["title"].split(" since")[0] for m in town.hook.applied if m.raw["act"] == "post"]
        assert posts == ["🟠 X: partly down", "🔴 X: down", "🟢 X: down"]
        assert "tocsin_witness_age_seconds" in (await town.get("/metrics")).text


async def test_from_everywhere_it_is_down_and_all_places_are_named(tmp_path):
    async with places(tmp_path, "london", "sydney") as town:
        town.site.failing = {HOME, LONDON, SYDNEY}
        told = await town.told("X: down since")
        assert "Not reachable from Madrid, London and Sydney (3 of 3)." in told["text"]
        assert not [m for m in town.hook.applied if "partly" in m.raw["title"]]
        routes = (await eventually(town.incident))["routes"]
        assert routes == [
            {
                "route": "web",
                "why": "HTTP 503",
                "bad_from": ["Madrid", "London", "Sydney"],
                "fine_from": [],
                "places": 3,
            }
        ]


async def test_one_place_alone_is_never_down_though_it_is_ours(tmp_path):
    async with places(tmp_path, "london", "sydney") as town:
        town.site.failing = {HOME}
        told = await town.told("partly down")
        assert "Not reachable from Madrid (HTTP 503); fine from London and Sydney." in told["text"]
        await asyncio.sleep(2)
        assert not [m for m in town.hook.applied if "X: down" in m.raw["title"]]


async def test_a_blind_witness_does_not_vote_and_says_so(tmp_path):
    async with places(tmp_path, "london", "sydney") as town:
        town.site.failing = town.canary.failing = {SYDNEY}
        await eventually(lambda: "blind" in town.log("sydney"))
        await asyncio.sleep(2)
        assert town.hook.applied == []
        town.site.failing = {SYDNEY, LONDON, HOME}
        assert "Not reachable from Madrid and London (2 of 2)." in (await town.told("X: down since"))["text"]
        town.canary.failing = set()
        await eventually(lambda: "sees again" in town.log("sydney"))


async def test_a_late_witness_does_not_vote_and_its_readings_are_history(tmp_path):
    async with places(tmp_path, "london", "sydney") as town:
        late = town.running["sydney"]
        town.site.failing = {SYDNEY}
        await town.told("partly down")
        late.send_signal(signal.SIGSTOP)  # its last readings stay bad, and grow old
        assert "restored" in (await town.told("restored"))["title"]
        town.site.failing = set()
        late.send_signal(signal.SIGCONT)  # what it had not sent yet is sent now, and is late
        await asyncio.sleep(2)
        assert (await town.incident()) is None


async def test_a_liar_is_refused(tmp_path):
    async with places(tmp_path, "london") as town:
        liar = await town.witness("sydney", token="not-the-token-of-sydney")
        assert await liar.wait() == 2
        assert "the server knows no witness with this token" in town.log("sydney")

        async def post(token, service, outcome="failed", **more):
            one = {"service": service, "age": 0.1, "readings": [{"route": "web", "outcome": outcome}]}
            body = {"version": 1, "session": "s", "sent": 5.0, "rounds": [one]} | more
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(trust_env=False, verify=False) as web:
                return (await web.post(f"{town.url}/witness/readings", json=body, headers=headers)).status_code

        assert await post("none", "x") == await post("not-the-token-of-sydney", "x") == 401
        assert await post(token_of("sydney"), "x", surprise=1) == 400
        assert await post(token_of("sydney"), "y") == 200
        await eventually(lambda: "reports what it was not given" in town.log("server"))
        assert 'tocsin_witness_readings_total{what="refused",witness="sydney"} 1.0' in (await town.get("/metrics")).text
        await asyncio.sleep(1)
        assert town.hook.applied == []


async def test_readings_wait_while_the_server_is_away(tmp_path):
    async with places(tmp_path, "london", "sydney") as town:
        server = town.running["server"]
        server.send_signal(signal.SIGTERM)
        await server.wait()
        await eventually(lambda: "does not take readings" in town.log("london"))
        await town.server()
        await eventually(lambda: "answers again" in town.log("london"), within=12)
        await asyncio.sleep(1.5)
    async with open_store(town.config["database"], create=False) as store:
        rows = await store.results.results("x@london", datetime.now(UTC) - timedelta(minutes=5))
    at = [at for at, _ in rows]
    gaps = [later - earlier for earlier, later in pairwise(sorted(at))]
    assert max(gaps) < timedelta(seconds=2.5), "what it saw meanwhile is history"


async def test_two_nodes_judge_by_what_either_of_them_hears(tmp_path, postgres):
    with postgres.database() as url:
        async with places(tmp_path, "london", database=url) as town:
            [other] = free_ports(1)
            await town.another("second", other)
            await town.witness("sydney", server=f"http://127.0.0.1:{other}")
            await eventually(lambda: SYDNEY in town.site.callers)
            town.site.failing = {LONDON, SYDNEY}
            told = await town.told("X: down since", within=25)
            assert "Not reachable from London and Sydney (2 of 3); fine from Madrid." in told["text"]
            assert len([m for m in town.hook.applied if "X: down since" in m.raw["title"] and m.raw["fresh"]]) == 1
