"""The pages as a browser gets them: what is down and since when, for everybody, and nothing of others' making."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import wording
from bot.model import (
    Confidence,
    Health,
    Incident,
    Outage,
    Overview,
    Reading,
    Role,
    Service,
    ServiceState,
    SourceReport,
    Streak,
    Style,
)
from bot.model.observations import Outcome
from bot.store import StoreUnavailable
from bot.web.app import HEADERS, STALE, Server
from bot.web.status_page import health, strip
from tests.cpu import allowed
from tests.reasons import quote
from tests.web.pages import EVERYTHING, NOW, QUIET, Stage, browsing
from tests.wording import hostile
from tests.wording.outages import DOWN, at

EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)>\'"&'
SPANISH = Style("es", "Europe/Madrid")


class Read(HTMLParser):
    """What a person reads, and what a browser would load or run."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.loads, self.inline, self.labels = [], [], [], [], []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        self.loads += [found[name] for name in ("src", "href") if name in found]
        self.inline += [name for name in found if name == "style" or name.startswith("on")]
        self.inline += [tag] if tag == "style" or (tag == "script" and "src" not in found) else []
        if found.get("role") == "img":
            self.labels.append(found["aria-label"])
        self._inside = tag

    def handle_data(self, data):
        if data.strip():
            self.words.append(" ".join(data.split()))


async def read(stage, **more):
    async with browsing(stage, **more) as web:
        answer = await web.get("/")
    assert answer.status_code == 200
    return Read(answer.text)


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_page_says_in_words_what_is_down_and_since_when():
    words = (await read(Stage())).words
    text = "\n".join(words)

    assert words[:3] == [
        "1 of 5 services is down, 1 in trouble – Example Daily status",
        "Example Daily status",
        "1 of 5 services is down, 1 in trouble",
    ]
    for line in (
        "X (Twitter): down since 2:00 p.m.",
        "Web, app and TweetDeck don't respond (HTTP 503). Our checks confirmed it at 2:01 p.m.",
        "Slack: partly down since 2:15 p.m. (TweetDeck)",
        "Our mail: may have been down since about 2:20 p.m. (not confirmed)",
        "Cloudflare: up since 11:38 a.m.",
        "Cloudflare: down 11:00–11:38 a.m. (38 min).",
        "Our own connection was down 8:00–8:30 a.m. (30 min).",
    ):
        assert line in text
    assert "Brand new" in text
    assert words[3] == "This page refreshes by itself. Updated 2:21 p.m. Time zone: Europe/Madrid (UTC+2)."
    assert words[-2] == "status.json"


async def test_the_worst_stands_first_and_the_rest_as_the_config_has_them():
    words = (await read(Stage())).words
    order = [next(i for i, word in enumerate(words) if word.startswith(name)) for name in ("X (", "Slack", "Our mail")]
    assert order == sorted(order)
    assert order[-1] < words.index("Cloudflare: up since 11:38 a.m.")


async def test_the_strip_says_in_words_how_much_of_the_week_it_was_up():
    labels = (await read(Stage())).labels
    assert len(labels) == 5
    assert labels[0] == "X (Twitter), last 7 days: 99.79%"


async def test_a_quiet_week_is_said_in_one_line():
    words = (await read(Stage(QUIET))).words
    assert "No incidents in the last 7 days." in words
    assert "Cloudflare: up since 11:38 a.m. July 1" in words


async def test_the_page_speaks_spanish():
    async with browsing(Stage(), style=SPANISH) as web:
        answer = await web.get("/")
    words = Read(answer.text).words
    assert '<html lang="es">' in answer.text
    assert "X (Twitter) no funciona desde las 14:00" in words
    assert "Últimos 7 días" in words
    assert "Se refresca sola. Actualizada a las 14:21. Zona horaria: Europe/Madrid (UTC+2)." in words


async def test_while_we_are_blind_the_page_says_so_and_calls_nothing_up():
    words = (await read(Stage(replace(EVERYTHING, offline_since=at(14, 10))))).words
    assert "2:10 p.m." in words[2]
    assert "is down" not in words[2]


async def test_what_others_wrote_is_text_and_never_markup():
    incident = replace(DOWN, readings=(Reading("web", Outcome.FAILED, quote(EVIL)),))
    service = Service("x", EVIL, ("web",), plan=EVIL)
    overview = Overview(NOW, ((service, ServiceState("x", incident=incident)),), (incident,))
    seen = await read(Stage(overview), title=EVIL)

    assert "img" not in seen.tags
    assert seen.tags.count("script") == 1
    assert seen.inline == []
    assert any("<script>alert" in word for word in seen.words)


async def test_what_an_enemy_wrote_has_no_address_and_hides_nothing():
    words = tuple(
        SourceReport(role, hostile.HOSTILE, Health.DOWN, hostile.HOSTILE) for role in (Role.OFFICIAL, Role.TRACKER)
    )
    incident = replace(
        DOWN,
        reports=words,
        readings=(Reading("web", Outcome.FAILED, quote(hostile.HOSTILE)),),
        acked_by=hostile.HOSTILE,
    )
    service = Service("x", hostile.HOSTILE, ("web",))
    seen = await read(Stage(Overview(NOW, ((service, ServiceState("x", incident=incident)),), (incident,))))

    own = {"service/x", "incident/x/17"}  # links to our own pages
    assert seen.inline == []
    assert set(seen.loads) <= {*(await read(Stage())).loads, *own}
    assert set(seen.tags) <= set((await read(Stage())).tags)
    shown = "\n".join(seen.words)
    assert hostile.found(shown) == []
    assert not set("".join(seen.labels)) & set(hostile.UNSEEN)  # a label is read aloud, and is no place for links
    assert "<!channel> @everyone" in shown


async def test_nothing_is_inline_and_nothing_comes_from_elsewhere():
    async with browsing(Stage()) as web:
        answer = await web.get("/")
        seen = Read(answer.text)
        assert seen.inline == []
        assert not [place for place in seen.loads if "//" in place]
        for place in seen.loads:
            found = await web.get(f"/{place}")
            assert (found.status_code, bool(found.content)) == (200, True), place

    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert {policy[f"{kind}-src"] for kind in ("script", "style", "img", "connect")} == {"'self'"}


@pytest.mark.parametrize("path", ["/", "/status.json", "/healthz", "/metrics", "/static/style.css", "/nowhere"])
async def test_every_answer_has_the_headers_that_guard_its_reader(path):
    async with browsing(Stage()) as web:
        answer = await web.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


async def test_every_state_has_a_mark_of_its_own_shape():
    async with browsing(Stage()) as web:
        text = (await web.get("/")).text
        shapes = set(re.findall(r'<svg class="mark \w+".*?<path d="([^"]+)"', text))
        icons = {
            (await web.get(f"/static/{health}.svg")).text
            for health in ("up", "down", "degraded", "possible", "unknown")
        }
    assert len(shapes) == len(icons) == 5


# ── for programs ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_status_json_has_stable_names_and_times_in_utc():
    async with browsing(Stage()) as web:
        answer = await web.get("/status.json")
        body = answer.json()

    assert answer.headers["content-type"] == "application/json"
    assert (body["at"], body["status"], body["blind_since"]) == ("2022-07-14T12:21:00+00:00", "down", None)
    statuses = {service["id"]: service["status"] for service in body["services"]}
    assert statuses == {"cf": "up", "mail": "possible", "new": "unknown", "slack": "degraded", "x": "down"}
    assert body["services"][4] == {
        "id": "x",
        "name": "X (Twitter)",
        "status": "down",
        "up_since": None,
        "answering_since": None,
        "maintenance_until": None,
        "incident": {
            "id": "x#17",
            "service": "x",
            "health": "down",
            "confidence": "confirmed",
            "since": "2022-07-14T12:00:00+00:00",
            "confirmed_at": "2022-07-14T12:01:00+00:00",
            "until": None,
            "acknowledged_by": None,
            "routes": [{"route": route, "why": "HTTP 503"} for route in ("web", "app", "TweetDeck")],
        },
        "uptime": {
            "days": 7,
            "share": 1 - timedelta(minutes=21) / timedelta(days=7, minutes=-30),
            "unknown_seconds": 1800,
            "seen_since": None,
        },
    }
    assert [incident["id"] for incident in body["incidents"]] == ["slack#4", "x#17", "cf#3", "tocsin#1"]


async def test_healthz_is_well_while_the_rounds_go_on():
    async with browsing(Stage()) as web:
        answer = await web.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["well"] is True
    assert answer.json()["waiting"] == {"slack": 3}


async def test_a_dead_channel_is_said_and_is_no_illness_of_ours():
    stage = Stage()
    stage.vitals = replace(stage.vitals, channels={"slack": at(13, 55), "email": None})
    async with browsing(stage) as web:
        health, metrics = await web.get("/healthz"), await web.get("/metrics")
    assert health.status_code == 200
    assert health.json()["channels"] == {"slack": "down since 2022-07-14T11:55:00+00:00", "email": "up"}
    assert 'tocsin_channel_up{channel="slack"} 0.0' in metrics.text
    assert 'tocsin_channel_up{channel="email"} 1.0' in metrics.text


async def test_the_channels_stand_apart_from_the_services():
    ways = [wording.channel_service(kind, ("API", "messages"), "en") for kind in ("slack", "email")]
    up = [ServiceState(way.id, up_since=at(9)) for way in ways]
    calm = replace(QUIET, channels=tuple(zip(ways, up, strict=True)))
    words = (await read(Stage(calm))).words
    assert words[2] == "The service we watch is up."
    assert words[words.index("Channels") + 1] == "All notification channels are working."

    dead = replace(DOWN, service="slack-delivery", since=at(13, 55))
    states = (ServiceState("slack-delivery", incident=dead), up[1])
    trouble = replace(calm, channels=tuple(zip(ways, states, strict=True)), down={"slack": at(13, 55)})
    words = (await read(Stage(trouble))).words
    assert words[2] == "The service we watch is up."
    assert words[words.index("Channels") + 1] == "Slack delivery: down since 1:55 p.m."
    async with browsing(Stage(trouble)) as web:
        listed = (await web.get("/status.json")).json()
    assert listed["status"] == "up"
    assert listed["channels"] == [
        {"channel": "slack", "status": "down", "down_since": "2022-07-14T11:55:00+00:00"},
        {"channel": "email", "status": "up", "down_since": None},
    ]


@pytest.mark.parametrize("looked_at", [None, NOW - STALE - timedelta(seconds=1)])
async def test_healthz_is_not_well_when_the_rounds_stand_still(looked_at):
    stage = Stage()
    stage.vitals = replace(stage.vitals, looked_at=looked_at)
    async with browsing(stage) as web:
        answer = await web.get("/healthz")
    assert (answer.status_code, answer.json()["well"]) == (503, False)


async def test_healthz_gives_a_daemon_that_has_just_started_time_for_its_first_round():
    stage = Stage()
    stage.vitals = replace(stage.vitals, looked_at=None, started_at=NOW - timedelta(seconds=5))
    async with browsing(stage) as web:
        assert (await web.get("/healthz")).status_code == 200


async def test_metrics_are_what_prometheus_reads():
    stage = Stage(replace(EVERYTHING, offline_since=at(14, 10)))
    stage.vitals = replace(
        stage.vitals, told={("slack", "sent"): 7, ("slack", "later"): 1}, rounds={"rounds": 40, "bad": 3}
    )
    async with browsing(stage) as web:
        answer = await web.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")

    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    healths = ("down", "degraded", "possible", "unknown", "up", "maintenance")
    for key in ("x", "cf", "mail"):  # while we are offline
        now = [word for word in healths if samples.get(("tocsin_service", *sorted((key, word))))]
        assert now == ["unknown"]
    assert samples["tocsin_blind",] == 1
    assert samples["tocsin_deliveries_waiting", "slack"] == 3
    assert samples["tocsin_handovers_total", "sent", "slack"] == 7
    assert samples["tocsin_rounds_total", "rounds"] == 40


async def test_a_label_that_could_break_the_metrics_is_escaped():
    service = Service('x"}\n# evil 1', "X")
    async with browsing(Stage(Overview(NOW, ((service, ServiceState(service.id)),)))) as web:
        text = (await web.get("/metrics")).text
    names = {family.name for family in text_string_to_metric_families(text)}
    assert all(name.startswith("tocsin_") for name in names)


# ── under a crowd, and in trouble ────────────────────────────────────────────────────────────────────────────────────


async def test_a_crowd_that_reloads_costs_one_making_of_the_page():
    stage = Stage()
    async with browsing(stage) as web:
        answers = await asyncio.gather(*(web.get("/") for _ in range(50)))
        assert len({answer.text for answer in answers}) == 1
        assert stage.asked == 1
        await asyncio.gather(*(web.get("/status.json") for _ in range(50)))
        assert stage.asked == 1


async def test_a_thousand_services_are_drawn_in_a_second():
    services = tuple((Service(f"s{n}", f"Service {n}"), ServiceState(f"s{n}", up_since=at(1))) for n in range(1000))
    past = tuple(replace(DOWN, service=f"s{n}", until=at(14, 5)) for n in range(0, 1000, 5))
    async with browsing(Stage(Overview(NOW, services, past))) as web:
        began = time.process_time()
        answer = await web.get("/")
        took = time.process_time() - began

    assert answer.text.count("<li") >= 1000
    assert took < allowed(1, took)


@pytest.mark.parametrize("path", ["/", "/status.json", "/healthz", "/metrics"])
async def test_without_its_database_the_page_says_so_and_names_nothing(path, caplog):
    stage = Stage(trouble=StoreUnavailable("cannot use the database postgresql://ana@db.inner/tocsin: gone"))
    async with browsing(stage) as web:
        answer = await web.get(path)
        assert (answer.status_code, answer.text) == (503, "Tocsin cannot read its database just now.\n")
        assert "db.inner" not in answer.text + caplog.text
        stage.trouble = None
        assert (await web.get(path)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/static/../web.py", "/static/%2e%2e/web.py", "/static/..%2fweb.py", "/docs", "/openapi.json"]
)
async def test_nothing_else_is_to_be_had(path):
    async with browsing(Stage()) as web:
        assert (await web.get(path)).status_code == 404
        assert (await web.post("/")).status_code == 405


async def test_over_a_real_socket_it_answers_keeps_its_name_to_itself_and_ends_when_told():
    door = socket.create_server(("127.0.0.1", 0))
    stage = Stage()
    server = Server(stage.site(), door)
    serving = asyncio.create_task(server.serve())
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    async with httpx.AsyncClient(trust_env=False, verify=False) as web:
        answer = await web.get(url)
        assert "X (Twitter): down since 2:00 p.m." in answer.text
        assert "server" not in answer.headers
        head = await web.head(url)
        assert (head.status_code, head.content) == (200, b"")
        server.should_exit = True
        async with asyncio.timeout(5):
            await serving
    door.close()


def test_an_unstable_service_that_responds_is_degraded_and_not_down():
    incident = Incident(
        "x",
        3,
        at(14, 30),
        Health.DOWN,
        Confidence.CONFIRMED,
        (Reading("web", Outcome.FAILED),),
        unstable_since=at(14),
    )
    state = ServiceState("x", Streak(good=2, good_since=at(14, 45)), incident=incident)
    assert health(state) == "degraded"
    assert health(replace(state, streak=Streak(bad=1))) == "down"


def test_the_strip_shows_each_outage_of_the_week_however_many_there_were_elsewhere():
    """Of all services together, the newest 200 are listed; the figures and the strips know all."""
    mine = [
        Outage("x", n, NOW - timedelta(hours=6 * n), NOW - timedelta(hours=6 * n - 1), Health.DOWN)
        for n in range(1, 27)
    ]
    seen = Overview(NOW, ((Service("x", "X"), ServiceState("x", up_since=NOW)),), outages=tuple(mine))
    assert len([part for part in strip(*seen.services[0], seen) if part.health == "down"]) == 26
